//! Who may.

use headlesspro_shared::identity::{Role, Scope, Scopes};
use http::Method;
use serde_json::json;

use crate::proofs::paths::{TABLE, path_to_nothing};
use crate::world::World;

const ID: &str = "01h455vb4pex5vsknk084sn02q";

/// Every route of the table that wants a key, with ids that nothing has, and the scope that a publishable key lacks for
/// it, if any.
pub fn routes() -> Vec<(Method, String, Option<&'static str>)> {
    let guest = Role::Guest.scopes(Scopes::NONE);
    let wanted = TABLE.iter().filter_map(|route| Some((route, route.access.scope()?)));
    let lacking = |scope: Scope| (!guest.contains(scope)).then(|| scope.name());
    wanted.map(|(route, scope)| (route.method.clone(), path_to_nothing(route), lacking(scope))).collect()
}

pub async fn every_route_wants_a_good_key(world: World) {
    let good = world.ours.shopper.key().unwrap();
    // Of the right form and tenant, with another secret.
    let last = if good.ends_with('0') { '1' } else { '0' };
    let unknown = format!("{}{last}", &good[..good.len() - 1]);
    let authorizations: Vec<(Vec<u8>, &str)> = [
        format!("Bearer {unknown}"),
        format!("Bearer {}", good.replace("pk_", "sk_")),
        format!("Bearer {good}x"),
        format!("Bearer {}", &good[..good.len() - 1]),
        format!("Bearer {}", good.to_uppercase()),
        "Bearer pk_".to_owned(),
        "Bearer ' OR 1=1 --".to_owned(),
        "Bearer ".to_owned(),
        "Bearer".to_owned(),
        good.to_owned(),
        format!("Basic {good}"),
        format!("Bearer {}", "k".repeat(5_000)),
    ]
    .into_iter()
    .map(|text| (text.into_bytes(), "bad-credentials"))
    .chain([(b"Bearer \xff\xfe".to_vec(), "bad-credentials")])
    .collect();
    // Each is shown nothing, a key of nobody, and one of the others in its turn.
    let mut turns = authorizations.iter().skip(1).cycle();
    for (method, path, _) in routes() {
        let call = || {
            let call = world.nobody.call(method.clone(), &path);
            if path.ends_with("imports") { call.body("text/csv", "Handle,Title,Price\n") } else { call }
        };
        let without = call().send().await.expect_problem(401, "no-credentials");
        assert!(without.the("www-authenticate").starts_with("Bearer"), "{without}");
        for (authorization, code) in [&authorizations[0], turns.next().unwrap()] {
            let refused = call().header("authorization", authorization).send().await.expect_problem(401, code);
            assert!(refused.the("www-authenticate").starts_with("Bearer"), "{refused}");
        }
    }
    // Not even a product that is there is told from one that is not.
    let sold = world.sell("behind-a-key", "1", 1).await;
    let guess = world.nobody.with_key(&unknown);
    guess.get(&format!("/api/v1/products/{}", sold.product)).send().await.expect_problem(401, "bad-credentials");
    // Keys travel in a header and nowhere else.
    let in_query = world.nobody.get("/api/v1/products").query(&[("key", good), ("access_token", good)]).send().await;
    in_query.expect_problem(401, "no-credentials");
    // The scheme's case does not matter.
    let lower = world.nobody.get("/api/v1/categories").header("authorization", format!("bEARER {good}")).send().await;
    lower.expect(200);
}

pub async fn a_publishable_key_cannot_do_the_merchants_work(world: World) {
    for (method, path, scope) in routes() {
        let Some(scope) = scope else { continue };
        let call = world.ours.shopper.call(method, &path);
        let call = if path.ends_with("imports") { call.body("text/csv", "Handle,Title,Price\n") } else { call };
        let refused = call.send().await.expect_problem(403, "missing-scope");
        assert_eq!(refused.json()["scope"], scope, "{refused}");
        assert!(refused.json()["detail"].as_str().unwrap().contains(scope), "{refused}");
    }
}

pub async fn a_key_of_one_store_with_the_secret_of_another_is_no_key(world: World) {
    // pk_ + organization + store + secret, as the API documents it.
    let parts = |key: &str| (key[3..29].to_owned(), key[29..55].to_owned(), key[55..].to_owned());
    let (organization, store, secret) = parts(world.ours.merchant.key().unwrap());
    let (their_organization, their_store, _) = parts(world.theirs.merchant.key().unwrap());
    for (organization, store) in
        [(&their_organization, &their_store), (&organization, &their_store), (&their_organization, &store)]
    {
        let forged = world.nobody.with_key(&format!("sk_{organization}{store}{secret}"));
        forged.get("/api/v1/products").send().await.expect_problem(401, "bad-credentials");
        forged.post("/api/v1/cart").json(&json!({})).send().await.expect_problem(401, "bad-credentials");
        forged.get(&format!("/api/v1/orders/ord_{ID}")).send().await.expect_problem(401, "bad-credentials");
    }
}
