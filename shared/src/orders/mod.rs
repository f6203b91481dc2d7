//! Orders: three state machines, kept apart. An order can be confirmed and not yet paid, paid and not
//! yet fulfilled.

pub mod state;

pub use state::{
    FulfillmentAction, FulfillmentState, Machine, NotAllowed, OrderAction, OrderState, PaymentAction, PaymentState,
};
