//! Orders: what was bought is immutable once placed, and readable by the merchant and by whoever placed them.

mod http;
pub mod openapi;
mod personal;
mod reaching;
mod store;

pub use http::{OrderBody, OrderLineBody, PaymentBody, routes};
pub use openapi::order_example;
pub use personal::{MEMBERS as PERSONAL_MEMBERS, Of, Personal, whole};
pub use reaching::reached;
pub use store::{
    NewOrder, NewPayment, PaidBy, ProviderPayment, StoredOrder, by_checkout, channel_of, document, follow_payment,
    guard_first, insert, is_first, is_first_of, orders_of, products, products_of, turn,
};
