//! Grants for a channel, or for one record: they open what they say, and nothing beside it.

use std::collections::BTreeSet;

use headlesspro_edge::port::sql::{Commit, Statement};
use headlesspro_edge::routes::Access;
use headlesspro_shared::identity::{RecordId, Role};
use serde_json::{Value, json};

use super::members::{Somebody, hire, tenant_of};
use super::permissions::paths::{TABLE, prefixes_of};
use crate::app::{Kind, Stage};
use crate::client::{Answer, Client};
use crate::stories::channels::{product, two_storefronts};
use crate::stories::sessions::{as_person, log_in};
use crate::world::World;

const SCOPES: &str = "catalog:read catalog:write orders:read customers:read";

pub fn grants(stage: &Stage, _: Kind) {
    stage.run(async {
        let world = stage.world();
        let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
        let clerk = hire(stage, &world, &world.ours, Role::Member, "clerk").await;
        let house = House { world: &world, owner, clerk };
        a_channel_is_its_clerks(stage, &house).await;
        one_record_is_one(stage, &house).await;
        a_location_is_its_clerks(&house).await;
        nobody_is_given_what_opens_nothing(&house).await;
    });
}

struct House<'a> {
    world: &'a World,
    owner: Client,
    clerk: Somebody,
}

impl House<'_> {
    /// The clerk, with grants for all of `to` and nothing else.
    async fn narrowed(&self, to: &[Value]) -> Client {
        let grants: Vec<Value> = to.iter().map(|to| json!({ "scopes": SCOPES, "to": to })).collect();
        self.grant(&json!(grants)).await.expect(200);
        self.log_in().await
    }

    async fn grant(&self, grants: &Value) -> Answer {
        let path = format!("/api/v1/members/{}", self.clerk.id);
        self.owner.patch(&path).json(&json!({ "grants": grants })).send().await
    }

    /// The clerk, with grants as they may have been kept before they were refused.
    async fn keep(&self, stage: &Stage, grants: &Value) {
        let mut commit = Commit::new();
        let update = Statement::new("UPDATE account SET grants = ?2 WHERE id = ?1");
        commit.push(update.bind(self.clerk.id.as_str()).bind(grants.to_string()));
        stage.sql().commit(&commit).await.unwrap();
    }

    async fn log_in(&self) -> Client {
        as_person(self.world, &log_in(&self.world.ours, &self.clerk.email).await.expect(200))
    }

    fn path(&self, product: &str) -> String {
        format!("/api/v1/products/{}", self.world.name(product))
    }

    fn admin_path(&self, product: &str) -> String {
        format!("/api/v1/admin/products/{}", self.world.name(product))
    }

    /// The titles of the products of this proof that a list has.
    async fn listed(&self, client: &Client, path: &str) -> Vec<String> {
        let (mut titles, mut target) = (Vec::new(), format!("{path}?limit=250"));
        loop {
            let page = client.get(&target).send().await.expect(200).json();
            let items = page["items"].as_array().unwrap().iter();
            let ours = items.filter(|item| item["handle"].as_str().unwrap().starts_with(&self.world.mark));
            titles.extend(ours.map(|item| item["title"].as_str().unwrap().to_owned()));
            let Some(next) = page["nextCursor"].as_str() else { break };
            target = format!("{path}?limit=250&cursor={next}");
        }
        titles.sort();
        titles
    }
}

async fn a_channel_is_its_clerks(stage: &Stage, house: &House<'_>) {
    let world = house.world;
    let [(_, web), (shop, outlet)] = two_storefronts(world).await;
    let clerk = house.narrowed(&[json!({ "channel": outlet["id"] })]).await;
    let published = ["all-1", "all-2", "both", "outlet"];

    // What is published there is seen, as a storefront and as the merchant has it.
    assert_eq!(house.listed(&clerk, "/api/v1/products").await, published);
    assert_eq!(house.listed(&clerk, "/api/v1/admin/products").await, published);
    for product in published {
        clerk.get(&house.path(product)).send().await.expect(200);
        clerk.get(&house.admin_path(product)).send().await.expect(200);
    }
    for path in [house.path("web"), house.admin_path("web")] {
        clerk.get(&path).send().await.expect_problem(404, "not-found");
    }
    clerk.get("/api/v1/categories?limit=1").send().await.expect(200);

    // What is published nowhere else is changed, and stays there.
    let rename =
        async |product: &str| clerk.patch(&house.path(product)).json(&json!({ "vendor": "Clerk" })).send().await;
    assert_eq!(rename("outlet").await.expect(200).json()["vendor"], "Clerk");
    for product in ["both", "all-1"] {
        rename(product).await.expect_problem(403, "beyond-own-permissions");
        clerk.delete(&house.path(product)).send().await.expect_problem(403, "beyond-own-permissions");
    }
    rename("web").await.expect_problem(404, "not-found");
    clerk.delete(&house.path("web")).send().await.expect_problem(404, "not-found");
    let elsewhere = [json!(null), json!([world.name("web")]), json!([world.name("web"), world.name("outlet")])];
    for channels in &elsewhere {
        let moved = clerk.patch(&house.path("outlet")).json(&json!({ "channels": channels })).send().await;
        assert_eq!(moved.expect_problem(422, "invalid-request").places(), ["#/channels"], "{channels}");
        let made = clerk.post("/api/v1/products").json(&product(world, "beyond", channels.clone())).send().await;
        assert_eq!(made.expect_problem(422, "invalid-request").places(), ["#/channels"], "{channels}");
    }
    let own = product(world, "own", json!([world.name("outlet")]));
    clerk.post("/api/v1/products").json(&own).send().await.expect(201);
    clerk.delete(&house.path("own")).send().await.expect(204);

    // Its orders, the channel itself, and nothing of the store.
    let variant = clerk.get(&house.admin_path("outlet")).send().await.expect(200).json()["variants"][0]["id"].clone();
    for (shop, name, status) in [(&shop, "there", 200), (&world.ours, "elsewhere", 404)] {
        let checkout = shop.opened(&[(variant.as_str().unwrap(), 1)]).await;
        let order = shop.complete(&checkout, &world.name(name)).await.expect(201).json();
        let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
        clerk.get(&path).send().await.expect(status);
    }
    for (channel, status) in [(&outlet, 200), (&web, 404)] {
        let path = format!("/api/v1/admin/channels/{}", channel["id"].as_str().unwrap());
        clerk.get(&path).send().await.expect(status);
        clerk.patch(&path).json(&json!({ "name": "Renamed" })).send().await.expect(status);
    }
    for path in ["/api/v1/admin/channels", "/api/v1/admin/attributes", "/api/v1/files", "/api/v1/sitemaps"] {
        clerk.get(path).send().await.expect_problem(403, "missing-scope");
    }
    let category = json!({ "name": "Tents", "handle": world.name("tents") });
    clerk.post("/api/v1/categories").json(&category).send().await.expect_problem(403, "missing-scope");

    // Of two channels none is shown as a storefront; what is in both is changed by whoever has both.
    let both = house.narrowed(&[json!({ "channel": outlet["id"] }), json!({ "channel": web["id"] })]).await;
    assert_eq!(house.listed(&both, "/api/v1/admin/products").await, ["all-1", "all-2", "both", "outlet", "web"]);
    both.get("/api/v1/products").send().await.expect_problem(403, "missing-scope");
    both.patch(&house.path("both")).json(&json!({ "vendor": "Clerk" })).send().await.expect(200);
    both.patch(&house.path("all-1")).json(&json!({ "vendor": "x" })).send().await.expect(403);
    a_channel_is_one_of_its_store(stage, house, &outlet).await;
    what_is_refused_opens_nothing_that_was_kept_before(stage, house, &outlet).await;

    // It narrows nothing that others of the grants open.
    let checkout = world.ours.opened(&[(variant.as_str().unwrap(), 1)]).await;
    let grants = json!([
        { "scopes": "catalog:read", "to": { "channel": outlet["id"] } },
        { "scopes": "cart:write checkout:write" },
    ]);
    house.grant(&grants).await.expect(200);
    let clerk = house.log_in().await;
    assert_eq!(house.listed(&clerk, "/api/v1/products").await, published);
    clerk.get(&format!("/api/v1/checkouts/{checkout}")).send().await.expect(200);
}

async fn a_channel_is_one_of_its_store(stage: &Stage, house: &House<'_>, channel: &Value) {
    let world = house.world;
    let first = tenant_of(&world.ours).store.to_string();
    let second = json!({ "name": world.name("second") });
    let second = house.owner.post("/api/v1/stores").json(&second).send().await.expect(201).json()["id"].clone();
    let into = async |email: &str, store: &Value| {
        let login = log_in(&world.ours, email).await.expect(200).json();
        let body = json!({ "refreshToken": login["refreshToken"], "storeId": store });
        as_person(world, &world.ours.shopper.post("/api/v1/auth/refresh").json(&body).send().await.expect(200))
    };
    let owner_there = into("owner@example.com", &second).await;
    let mut there = Vec::new();
    for path in ["/api/v1/categories", "/api/v1/collections"] {
        let body = json!({ "name": "There", "handle": world.name("there") });
        let made = owner_there.post(path).json(&body).send().await.expect(201).json();
        there.push(format!("{path}/{}", made["id"].as_str().unwrap()));
    }
    let is_shut_out = async |clerk: &Client, one: u16| {
        for path in ["products", "categories", "collections", "admin/products"] {
            clerk.get(&format!("/api/v1/{path}?limit=1")).send().await.expect_problem(403, "missing-scope");
        }
        for path in &there {
            clerk.get(path).send().await.expect(one);
        }
    };
    // The grant is kept with the channel's store, and is for nothing in a second one that the clerk works in.
    let works_there = json!({ "scopes": "orders:read", "to": { "store": second } });
    let of_channel = |to: Value| json!({ "scopes": SCOPES, "to": to });
    let kept = house.grant(&json!([of_channel(json!({ "channel": channel["id"] })), works_there])).await.expect(200);
    let to = kept.json()["grants"][0]["to"].clone();
    assert_eq!(to, json!({ "channel": channel["id"], "store": first }));
    assert_eq!(house.grant(&json!([of_channel(to), works_there])).await.expect(200).json(), kept.json(), "the same");
    house.log_in().await.get("/api/v1/categories?limit=1").send().await.expect(200);
    is_shut_out(&into(&house.clerk.email, &second).await, 404).await;

    // One that was given without a store opens nothing anywhere.
    house.keep(stage, &json!([of_channel(json!({ "channel": channel["id"] })), works_there])).await;
    is_shut_out(&into(&house.clerk.email, &second).await, 403).await;

    // A channel of nobody's, of another organization's or of another store's is given to nobody.
    let theirs = json!({ "name": "Theirs", "handle": world.name("theirs") });
    let theirs = world.theirs.merchant.post("/api/v1/admin/channels").json(&theirs).send().await.expect(201).json();
    for to in [
        json!({ "channel": "chan_01h455vb4pex5vsknk084sn02q" }),
        json!({ "channel": theirs["id"] }),
        json!({ "channel": channel["id"], "store": second }),
    ] {
        let grants = json!([works_there, of_channel(to)]);
        let refused = house.grant(&grants).await.expect_problem(422, "invalid-request");
        assert_eq!(refused.places(), ["#/grants/1/to/channel"], "{grants}");
        let invited = json!({ "email": "new-clerk@example.com", "role": "member", "grants": grants });
        let refused = house.owner.post("/api/v1/invitations").json(&invited).send().await.expect(422);
        assert_eq!(refused.places(), ["#/grants/1/to/channel"], "{grants}");
    }
    let grants = json!([of_channel(json!({ "channel": channel["id"] }))]);
    let email = format!("{}@example.com", world.name("invited"));
    let invited = json!({ "email": email, "role": "member", "grants": grants });
    let invited = house.owner.post("/api/v1/invitations").json(&invited).send().await.expect(201).json();
    assert_eq!(invited["grants"][0]["to"]["store"], json!(first));
}

async fn what_is_refused_opens_nothing_that_was_kept_before(stage: &Stage, house: &House<'_>, channel: &Value) {
    let world = house.world;
    let (us, store) = (&world.ours.merchant, tenant_of(&world.ours).store.to_string());
    let id_of = async |name: &str| us.get(&house.admin_path(name)).send().await.expect(200).json()["id"].clone();
    let (outlet, web) = (id_of("outlet").await, id_of("web").await);
    let customer = hire(stage, world, &world.ours, Role::Customer, "seen").await.id;
    let of_store = json!({ "scopes": "orders:read", "to": { "store": store } });
    for to in [
        json!({ "location": "loc_01h455vb4pex5vsknk084sn02q", "channel": channel["id"], "store": store }),
        json!({ "location": "loc_01h455vb4pex5vsknk084sn02q", "record": outlet }),
        json!({ "record": "ses_01h455vb4pex5vsknk084sn02q" }),
        json!({ "record": outlet, "channel": channel["id"], "store": store }),
        json!({ "record": customer, "store": store }),
        json!({ "channel": channel["id"] }),
    ] {
        house.keep(stage, &json!([{ "scopes": SCOPES, "to": to }, of_store])).await;
        let clerk = house.log_in().await;
        let customer = format!("/api/v1/customers/{customer}");
        let paths = [house.path("outlet"), house.admin_path("outlet"), customer];
        let lists = ["products", "categories", "admin/products", "customers"].map(|list| format!("/api/v1/{list}"));
        for path in paths.iter().chain(&lists) {
            clerk.get(path).send().await.expect_problem(403, "missing-scope");
        }
    }
    // The catalog of a channel shows nothing but the channel, whatever stands beside it.
    let mut grants = [json!({ "channel": channel["id"], "store": store }), json!({ "record": web })]
        .map(|to| json!({ "scopes": "catalog:read", "to": to }));
    for _ in 0..2 {
        house.keep(stage, &json!(grants)).await;
        let clerk = house.log_in().await;
        assert_eq!(house.listed(&clerk, "/api/v1/products").await, ["all-1", "all-2", "both", "outlet"]);
        for path in [house.path("web"), format!("/api/v1/products/{}", web.as_str().unwrap())] {
            clerk.get(&path).send().await.expect_problem(404, "not-found");
        }
        clerk.get(&house.admin_path("web")).send().await.expect_problem(403, "missing-scope");
        grants.reverse();
    }
}

async fn one_record_is_one(stage: &Stage, house: &House<'_>) {
    let world = house.world;
    let us = &world.ours.merchant;
    let (mut to, mut pairs) = (Vec::new(), Vec::new());
    for path in ["/api/v1/categories", "/api/v1/collections", "/api/v1/admin/attributes"] {
        let mut made = Vec::new();
        for name in ["own", "other"] {
            let mut body = json!({ "name": name, "handle": world.name(name) });
            if path.ends_with("attributes") {
                body = json!({ "name": name, "key": world.name(name).to_lowercase(), "of": "product", "type": "text" });
            }
            made.push(us.post(path).json(&body).send().await.expect(201).json()["id"].as_str().unwrap().to_owned());
        }
        to.push(json!({ "record": made[0] }));
        pairs.push((path, made));
    }
    let customers = [
        hire(stage, world, &world.ours, Role::Customer, "own").await.id,
        hire(stage, world, &world.ours, Role::Customer, "other").await.id,
    ];
    to.push(json!({ "record": customers[0] }));
    let clerk = house.narrowed(&to).await;
    for (path, made) in &pairs {
        let one = |at: usize| format!("{path}/{}", made[at]);
        clerk.get(&one(0)).send().await.expect(200);
        let renamed = clerk.patch(&one(0)).json(&json!({ "name": "Renamed" })).send().await.expect(200).json();
        assert_eq!(renamed["name"], "Renamed");
        clerk.get(&one(1)).send().await.expect_problem(404, "not-found");
        clerk.patch(&one(1)).json(&json!({ "name": "Renamed" })).send().await.expect_problem(404, "not-found");
        clerk.delete(&one(1)).send().await.expect_problem(404, "not-found");
        clerk.get(path).send().await.expect_problem(403, "missing-scope");
        clerk.post(path).json(&json!({ "name": "More" })).send().await.expect_problem(403, "missing-scope");
        if !path.ends_with("attributes") {
            clerk.get(&format!("{}/products", one(0))).send().await.expect(200);
            clerk.get(&format!("{}/products", one(1))).send().await.expect_problem(404, "not-found");
        }
        clerk.delete(&one(0)).send().await.expect(204);
    }
    clerk.get(&format!("/api/v1/customers/{}", customers[0])).send().await.expect(200);
    clerk.get(&format!("/api/v1/customers/{}", customers[1])).send().await.expect_problem(404, "not-found");
    clerk.get("/api/v1/customers").send().await.expect_problem(403, "missing-scope");
}

async fn a_location_is_its_clerks(house: &House<'_>) {
    let (us, store) = (&house.world.ours.merchant, tenant_of(&house.world.ours).store.to_string());
    let mut made = Vec::new();
    for name in ["north", "south"] {
        let body = json!({ "name": house.world.name(name) });
        made.push(us.post("/api/v1/locations").json(&body).send().await.expect(201).json());
    }
    let path = |at: usize| format!("/api/v1/locations/{}", made[at]["id"].as_str().unwrap());
    for to in [json!({ "location": made[0]["id"] }), json!({ "location": made[0]["id"], "store": store })] {
        house.grant(&json!([{ "scopes": "inventory:read inventory:write catalog:read", "to": to }])).await.expect(200);
        let clerk = house.log_in().await;
        let listed = clerk.get("/api/v1/locations").send().await.expect(200).json();
        assert_eq!(listed["items"], json!([made[0]]), "the one alone");
        clerk.get(&path(0)).send().await.expect(200);
        clerk.get(&path(1)).send().await.expect_problem(404, "not-found");
        let body = json!({ "name": made[0]["name"], "offersPickup": false });
        clerk.put(&path(0)).json(&body).send().await.expect(200);
        clerk.put(&path(1)).json(&body).send().await.expect_problem(404, "not-found");
        clerk.delete(&path(1)).send().await.expect_problem(404, "not-found");
        let more = json!({ "name": house.world.name("more") });
        clerk.post("/api/v1/locations").json(&more).send().await.expect_problem(403, "missing-scope");
        clerk.get("/api/v1/products").send().await.expect_problem(403, "missing-scope");
    }
    house.grant(&json!([{ "scopes": "inventory:read", "to": { "location": made[1]["id"] } }])).await.expect(200);
    let clerk = house.log_in().await;
    clerk.get(&path(1)).send().await.expect(200);
    clerk.delete(&path(1)).send().await.expect_problem(403, "missing-scope");
}

async fn nobody_is_given_what_opens_nothing(house: &House<'_>) {
    let looks_at_a_record = TABLE.iter().filter(|route| matches!(route.access, Access::Record(_)));
    // An invoice is looked at by its order.
    let of = |route| if let "invc" = prefixes_of(route)[0] { "ord" } else { prefixes_of(route)[0] };
    let kinds: BTreeSet<&str> = looks_at_a_record.map(of).collect();
    assert_eq!(kinds, BTreeSet::from(RecordId::KINDS), "left: what routes look at; right: what grants may name");
    let store = tenant_of(&house.world.ours).store.to_string();
    let grant = |to: Value| json!({ "scopes": "orders:read", "to": to });
    let location = json!({ "location": "loc_01h455vb4pex5vsknk084sn02q", "record": store, "store": store });
    let location = grant(location);
    let session = grant(json!({ "record": "ses_01h455vb4pex5vsknk084sn02q" }));
    let body = json!({ "grants": [location, session] });
    let path = format!("/api/v1/members/{}", house.clerk.id);
    let refused = house.owner.patch(&path).json(&body).send().await.expect_problem(422, "invalid-request");
    assert_eq!(refused.places(), ["#/grants/0/to/location", "#/grants/1/to/record"]);
    let channel = "chan_01h455vb4pex5vsknk084sn02q";
    let product = "prod_01h455vb4pex5vsknk084sn02q";
    let customer = grant(json!({ "store": store, "record": "usr_01h455vb4pex5vsknk084sn02q" }));
    let both = grant(json!({ "channel": channel, "record": product }));
    let reads = |to: Value| json!({ "scopes": "catalog:read", "to": to });
    let (in_channel, beside) = (reads(json!({ "channel": channel })), reads(json!({ "record": product })));
    let refused = house.grant(&json!([customer, both, in_channel, beside])).await.expect(422);
    assert_eq!(refused.places(), ["#/grants/0/to/record", "#/grants/1/to/record", "#/grants/3/to/record"]);
    let invited = json!({ "email": "new-clerk@example.com", "role": "member", "grants": [location] });
    let refused = house.owner.post("/api/v1/invitations").json(&invited).send().await.expect(422);
    assert_eq!(refused.places(), ["#/grants/0/to/location"]);
}
