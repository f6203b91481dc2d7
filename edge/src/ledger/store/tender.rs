//! The table `order_tender`: what has paid for an order beside its payment.

use headlesspro_shared::kernel::id::{LedgerTransactionId, OrderId};
use headlesspro_shared::ledger::Tender;
use serde_json::{Value, json};

use crate::app::Tenant;
use crate::port::sql::Statement;

/// A trigger refuses what the transaction has not moved, and cards that cannot be used.
const INSERT: &str = "-- ledger::insert_tenders
INSERT INTO order_tender (organization_id, order_id, position, kind, account_id, currency, amount_minor, transaction_id)
SELECT ?1, ?2, r.key, r.value ->> 'kind', r.value ->> 'account', r.value ->> 'currency', r.value ->> 'amount', ?3
FROM json_each(?4) r";

/// Adds an order's tenders, which the transaction before it has moved.
pub fn insert(tenant: Tenant, order: OrderId, transaction: LedgerTransactionId, tenders: &[Tender]) -> Statement {
    let row = |tender: &Tender| {
        json!({
            "kind": tender.account.kind(),
            "account": tender.account.to_string(),
            "currency": tender.amount.currency().code(),
            "amount": tender.amount.minor(),
        })
    };
    Statement::new(INSERT)
        .bind(tenant.organization.to_string())
        .bind(order.to_string())
        .bind(transaction.to_string())
        .bind(Value::from_iter(tenders.iter().map(row)).to_string())
}
