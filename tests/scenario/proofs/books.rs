//! What the database holds of one organization, and whether it adds up.

use headlesspro_edge::journal::verify;
use headlesspro_edge::port::sql::{Sql, Statement, Value};

/// Counts of an organization's rows.
#[derive(Debug, PartialEq, Eq)]
pub struct Books {
    pub orders: i64,
    pub order_lines: i64,
    pub payments: i64,
    pub placed_events: i64,
    /// First answers to the requests that placed orders.
    pub answers_kept: i64,
    pub audited: i64,
    pub completed_checkouts: i64,
    /// Of the orders; 0 where there are none.
    pub first_number: i64,
    pub last_number: i64,
}

const COUNTS: [&str; 9] = [
    "SELECT count(*) FROM orders WHERE organization_id = ?1",
    "SELECT count(*) FROM order_line WHERE organization_id = ?1",
    "SELECT count(*) FROM payment WHERE organization_id = ?1",
    "SELECT count(*) FROM outbox WHERE organization_id = ?1 AND type = 'order.placed'",
    "SELECT count(*) FROM idempotency_record WHERE organization_id = ?1 AND location LIKE '/api/v1/orders/%'",
    "SELECT count(*) FROM audit_log WHERE organization_id = ?1 AND action = 'order.place'",
    "SELECT count(*) FROM checkout WHERE organization_id = ?1 AND state = 'completed'",
    "SELECT coalesce(min(number), 0) FROM orders WHERE organization_id = ?1",
    "SELECT coalesce(max(number), 0) FROM orders WHERE organization_id = ?1",
];

/// Rows that ought not to be, each with what is wrong with them.
const WRONGS: [(&str, &str); 14] = [
    (
        "an order that its tenders and at most one payment do not pay, each in its part",
        "SELECT o.id FROM orders o WHERE o.organization_id = ?1 AND (o.total_minor <>
           (SELECT total(p.amount_minor) FROM payment p WHERE p.order_id = o.id AND p.amount_minor > 0)
           + (SELECT total(t.amount_minor) FROM order_tender t WHERE t.order_id = o.id)
         OR (SELECT count(*) FROM payment p WHERE p.order_id = o.id) > 1)",
    ),
    (
        "an order whose lines and deliveries do not add up",
        "SELECT o.id FROM orders o WHERE o.organization_id = ?1 AND o.total_minor <>
         coalesce((SELECT sum(l.gross_minor) FROM order_line l WHERE l.order_id = o.id), -1)
         + coalesce((SELECT sum(d.gross_minor) FROM order_delivery d WHERE d.order_id = o.id), 0)",
    ),
    (
        "an order without exactly one event",
        "SELECT o.id FROM orders o WHERE o.organization_id = ?1 AND
         (SELECT count(*) FROM outbox e WHERE e.aggregate_id = o.id AND e.type = 'order.placed') <> 1",
    ),
    (
        "an order without its first answer, byte for byte",
        "SELECT o.id FROM orders o WHERE o.organization_id = ?1 AND
         (SELECT count(*) FROM idempotency_record r
          WHERE r.location = '/api/v1/orders/' || o.id AND r.body = '' AND r.status = 201) <> 1",
    ),
    (
        "an order without exactly one audit row",
        "SELECT o.id FROM orders o WHERE o.organization_id = ?1 AND
         (SELECT count(*) FROM audit_log a WHERE a.subject = o.id AND a.action = 'order.place') <> 1",
    ),
    (
        "an order of a checkout that is not completed",
        "SELECT o.id FROM orders o JOIN checkout c ON c.id = o.checkout_id
         WHERE o.organization_id = ?1 AND c.state <> 'completed'",
    ),
    (
        "a completed checkout without an order",
        "SELECT c.id FROM checkout c WHERE c.organization_id = ?1 AND c.state = 'completed'
         AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.checkout_id = c.id)",
    ),
    (
        "a line, payment, event or answer without its order",
        "SELECT order_id FROM order_line WHERE organization_id = ?1 AND order_id NOT IN (SELECT id FROM orders)
         UNION ALL SELECT order_id FROM payment WHERE organization_id = ?1 AND order_id NOT IN (SELECT id FROM orders)
         UNION ALL SELECT aggregate_id FROM outbox WHERE organization_id = ?1 AND type = 'order.placed'
           AND aggregate_id NOT IN (SELECT id FROM orders)
         UNION ALL SELECT location FROM idempotency_record WHERE organization_id = ?1 AND location LIKE '/api/v1/orders/%'
           AND substr(location, 16) NOT IN (SELECT id FROM orders)",
    ),
    (
        "a document that says another number or total",
        "SELECT id FROM orders WHERE organization_id = ?1 AND (document ->> '$.number' <> number OR document ->> '$.id' <> id)",
    ),
    (
        "a stock below zero that is not sold on, or a copy of it that differs",
        "SELECT s.variant_id FROM stock s JOIN variant v ON v.id = s.variant_id
         WHERE s.organization_id = ?1 AND ((s.available < 0 AND s.tracked AND NOT s.continue_selling)
           OR v.available IS NOT iif(s.tracked, s.available, NULL))",
    ),
    (
        "a ledger that does not sum to zero",
        "SELECT e.currency FROM ledger_entry e WHERE e.organization_id = ?1 GROUP BY e.currency
         HAVING sum(e.amount_minor) <> 0
         UNION ALL SELECT e.transaction_id FROM ledger_entry e WHERE e.organization_id = ?1
         GROUP BY e.transaction_id, e.currency HAVING sum(e.amount_minor) <> 0",
    ),
    (
        "an account whose balance is not what its entries come to, or that is below zero",
        "SELECT a.id FROM ledger_account a WHERE a.organization_id = ?1 AND (
           a.kind IN ('gift-card', 'store-credit') AND a.balance_minor < 0
           OR a.balance_minor <> (SELECT coalesce(sum(e.amount_minor), 0) FROM ledger_entry e
             WHERE e.organization_id = ?1 AND e.account_id = a.id AND e.currency = a.currency)
           OR a.entry_count <> (SELECT count(*) FROM ledger_entry e
             WHERE e.organization_id = ?1 AND e.account_id = a.id AND e.currency = a.currency))",
    ),
    (
        "a tender that the ledger has not moved, or a redemption that is no tender",
        "SELECT t.order_id FROM order_tender t WHERE t.organization_id = ?1 AND NOT EXISTS (SELECT 1 FROM ledger_entry e
           WHERE e.transaction_id = t.transaction_id AND e.account_id = t.account_id AND e.amount_minor = -t.amount_minor)
         UNION ALL SELECT l.id FROM ledger_transaction l
         JOIN ledger_entry e ON e.transaction_id = l.id AND e.amount_minor < 0
         WHERE l.organization_id = ?1 AND l.kind = 'redeem' AND NOT EXISTS (SELECT 1 FROM order_tender t
           WHERE t.order_id = l.order_id AND t.account_id = e.account_id)",
    ),
    ("a violation that stayed", "SELECT what FROM violation WHERE ?1 = ?1"),
];

/// Reads the books, and fails the test when something in them is half done.
pub async fn read(sql: &dyn Sql, organization: &str) -> Books {
    let statements = COUNTS.iter().chain(WRONGS.iter().map(|(_, text)| text));
    let statements = statements.map(|text| Statement::new(*text).bind(organization)).collect();
    let answers = sql.read(statements).await.unwrap();
    let (counts, wrongs) = answers.split_at(COUNTS.len());
    for ((what, _), rows) in WRONGS.iter().zip(wrongs) {
        let found: Vec<&Value> = rows.iter().map(|row| &row.values[0]).take(5).collect();
        assert!(found.is_empty(), "{what}: {found:?} and {} in all", rows.len());
    }
    let counts: Vec<i64> = counts
        .iter()
        .map(|rows| match rows.first().unwrap().values {
            [Value::Integer(count)] => *count,
            ref other => panic!("{other:?} is no count"),
        })
        .collect();
    let [orders, order_lines, payments, placed_events, answers_kept, audited, completed_checkouts, first, last] =
        counts.as_slice()
    else {
        panic!("{counts:?}");
    };
    let books = Books {
        orders: *orders,
        order_lines: *order_lines,
        payments: *payments,
        placed_events: *placed_events,
        answers_kept: *answers_kept,
        audited: *audited,
        completed_checkouts: *completed_checkouts,
        first_number: *first,
        last_number: *last,
    };
    let log = verify(sql, organization.parse().unwrap(), None).await.unwrap().report;
    assert!(log.is_unbroken() && books.audited < i64::try_from(log.rows).unwrap(), "{log:?}");
    // The numbers are distinct by the schema: without gaps, they span as many as there are.
    if 0 < books.orders {
        assert_eq!((books.first_number, books.last_number), (1_001, 1_000 + books.orders), "{books:?}");
    }
    books
}

impl Books {
    /// Those of `orders` orders with one line each.
    pub fn of(orders: i64) -> Books {
        Books {
            orders,
            order_lines: orders,
            payments: orders,
            placed_events: orders,
            answers_kept: orders,
            audited: orders,
            completed_checkouts: orders,
            first_number: 1_001,
            last_number: 1_000 + orders,
        }
    }
}
