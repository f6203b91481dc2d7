//! The table `order_tender`: what has paid for an order beside its payment.

use headlesspro_shared::kernel::id::{LedgerTransactionId, OrderId};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::ledger::Tender;
use serde_json::{Value, json};

use crate::app::Tenant;
use crate::port::sql::Statement;

/// A trigger refuses what the transaction has not moved, and cards that cannot be used.
const INSERT: &str = "-- ledger::insert_tenders
INSERT INTO order_tender (organization_id, order_id, position, kind, account_id, currency, amount_minor, transaction_id)
SELECT ?1, ?2, r.key, r.value ->> 'kind', r.value ->> 'account', r.value ->> 'currency', r.value ->> 'amount', ?3
FROM json_each(?4) r";

/// What paid for an order, back to where it came from; nothing where nothing has.
const GIVE_BACK: &str = "-- ledger::give_back
INSERT INTO ledger_transaction (organization_id, store_id, id, kind, entries, order_id, created_at)
SELECT ?1, ?2, ?3, 'refund', b.entries, ?4, ?5
FROM (SELECT count(*) AS parts,
  json_group_array(json_object('account', e.account, 'currency', e.currency, 'amount', e.amount)) AS entries
FROM (SELECT t.account_id AS account, t.currency AS currency, t.amount_minor AS amount FROM order_tender t
    WHERE t.organization_id = ?1 AND t.order_id = ?4
  UNION ALL SELECT 'sales', s.currency, -sum(s.amount_minor) FROM order_tender s
    WHERE s.organization_id = ?1 AND s.order_id = ?4 GROUP BY s.currency) e) b
WHERE 0 < b.parts";

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

/// Gives back all that has paid for an order beside its payment, in the commit that calls it off once.
pub fn give_back(tenant: Tenant, order: OrderId, transaction: LedgerTransactionId, now: Timestamp) -> Statement {
    tenant.statement(GIVE_BACK).bind(transaction.to_string()).bind(order.to_string()).bind(now.millis())
}
