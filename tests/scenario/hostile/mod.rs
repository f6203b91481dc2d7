//! Whatever is sent, the answer is never a 5xx: it is a problem that says where the request is wrong.
//! That no answer is a 5xx and every problem is whole, the client checks of each of them.

mod bulk;
mod files;
mod headers;
mod json_bodies;
mod organizations;
mod people;
mod products;
mod queries;
mod sizes;
mod texts;
mod wire;

use serde_json::{Value, json};

use crate::stories::{Story, stories};
use crate::world::{World, order_form};

pub const STORIES: &[Story] = stories![
    json_bodies::what_is_no_json_object_is_refused,
    json_bodies::every_wrong_type_is_named_where_it_is,
    json_bodies::all_wrong_types_are_named_at_once,
    json_bodies::unknown_fields_are_refused_by_name,
    json_bodies::a_member_that_is_there_twice_is_refused_by_name,
    json_bodies::numbers_beyond_reason_are_refused,
    json_bodies::another_media_type_is_refused,
    sizes::ten_megabytes_are_413,
    sizes::a_deep_nesting_is_refused,
    sizes::overlong_texts_are_refused_by_name,
    texts::statements_in_texts_are_texts,
    texts::control_characters_are_refused_by_name,
    people::what_is_no_json_object_changes_nobody(Mailbox, Staff, Address),
    people::each_wrong_field_of_a_person_is_named(Mailbox, Staff, Address),
    people::hostile_texts_of_people_are_texts_or_refused_by_name(Mailbox, Staff, Address),
    organizations::what_is_no_object_opens_no_door(Staff),
    organizations::fields_that_are_wrong_or_unknown_are_named(Staff),
    organizations::texts_that_are_too_long_or_statements_do_no_harm(Staff),
    organizations::forms_that_are_wrong_are_errors_of_oauth,
    products::what_is_no_product_makes_and_changes_none,
    products::too_much_of_a_product_is_refused,
    products::texts_of_products_are_texts_or_refused_by_name,
    bulk::no_part_breaks_a_bulk_upsert,
    queries::every_wrong_parameter_is_named_at_once,
    queries::a_cursor_made_up_is_refused,
    queries::bad_percent_encoding_finds_nothing,
    headers::hostile_headers_are_refused_or_ignored,
    wire::broken_http_is_no_5xx,
    wire::a_body_that_breaks_off_changes_nothing,
    files::no_file_breaks_the_import,
    files::statements_in_cells_are_texts,
];

/// A request that is good, to be made bad.
#[derive(Clone)]
pub struct Good {
    pub method: http::Method,
    pub path: String,
    pub body: Value,
    /// JSON pointers of the body's fields, with the JSON type each has.
    pub fields: Vec<(&'static str, &'static str)>,
}

impl Good {
    pub async fn send_bytes(&self, world: &World, body: impl Into<Vec<u8>>) -> crate::client::Answer {
        self.call(world).body("application/json", body.into()).send().await
    }

    pub async fn send(&self, world: &World, body: &Value) -> crate::client::Answer {
        self.call(world).json(body).send().await
    }

    pub fn call(&self, world: &World) -> crate::client::Call {
        // Keys that are never used twice, so that no answer is a replay.
        static NUMBER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let key = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let call = world.ours.merchant.call(self.method.clone(), &self.path);
        if self.path.ends_with("/complete") {
            call.header("idempotency-key", format!("{}-{key}", world.mark))
        } else {
            call
        }
    }
}

/// One good request for every route that takes JSON on the way from an empty cart to an order. Those of people,
/// organizations and products have chapters of their own, and the proof `no_route_takes_a_body_that_is_none_of_its` asks
/// every route of the table.
pub async fn good_requests(world: &World) -> Vec<Good> {
    let sold = world.sell("good", "1", 1_000).await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 1)]).await;
    let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;
    let mut form = order_form(&cart);
    for (name, text) in
        [("company", "Analytical Engines"), ("line2", "2nd floor"), ("region", "London"), ("phone", "+44 20")]
    {
        form["shippingAddress"][name] = json!(text);
    }
    let good = |method, path: String, body, fields| Good { method, path, body, fields };
    vec![
        good(http::Method::POST, "/api/v1/cart".to_owned(), json!({}), vec![]),
        good(
            http::Method::POST,
            format!("/api/v1/cart/{cart}/items"),
            json!({ "variantId": sold.variant, "quantity": 1 }),
            vec![("/variantId", "string"), ("/quantity", "integer")],
        ),
        good(
            http::Method::PATCH,
            format!("/api/v1/cart/{cart}/items/{}", sold.variant),
            json!({ "quantity": 1 }),
            vec![("/quantity", "integer")],
        ),
        good(
            http::Method::POST,
            "/api/v1/checkouts".to_owned(),
            form,
            vec![
                ("/cartId", "string"),
                ("/email", "string"),
                ("/shippingAddress", "object"),
                ("/shippingAddress/name", "string"),
                ("/shippingAddress/company", "string"),
                ("/shippingAddress/line1", "string"),
                ("/shippingAddress/line2", "string"),
                ("/shippingAddress/city", "string"),
                ("/shippingAddress/region", "string"),
                ("/shippingAddress/postalCode", "string"),
                ("/shippingAddress/countryCode", "string"),
                ("/shippingAddress/phone", "string"),
            ],
        ),
        good(
            http::Method::POST,
            format!("/api/v1/checkouts/{checkout}/complete"),
            json!({ "payment": { "provider": "manual", "method": "on-account" } }),
            vec![("/payment", "object"), ("/payment/provider", "string"), ("/payment/method", "string")],
        ),
    ]
}

/// `body` with `value` at the JSON pointer `at`.
pub fn with(body: &Value, at: &str, value: Value) -> Value {
    let mut changed = body.clone();
    *changed.pointer_mut(at).unwrap() = value;
    changed
}
