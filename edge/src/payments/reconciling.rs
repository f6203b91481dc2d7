//! A provider's report held against the ledger, and what only the provider knows posted from it.

use std::collections::BTreeMap;

use headlesspro_shared::kernel::id::{OrganizationId, PaymentProviderId};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::ledger::reconcile::{
    Movement, Posting, Reconciled, Side, ToPost, reconcile as compare, to_post,
};

use super::store::books::{self as store, StripeAccount};
use crate::failure::Unavailable;
use crate::port::sql::{Commit, Committed, Sql};

/// Entries read at a time.
const PAGE: i64 = 1_000;

/// Movements posted in one commit.
const AT_ONCE: usize = 500;

/// What a sum of postings is about.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    /// What the provider calls it.
    Reference(String),
    /// What has no reference is by itself: an order's, by the number of its posting.
    Itself(String, i64),
}

/// The accounts at Stripe of an organization's stores.
///
/// # Errors
/// [`Unavailable`] when the database does not answer or is not migrated.
pub async fn stripe_accounts(sql: &dyn Sql, organization: OrganizationId) -> Result<Vec<StripeAccount>, Unavailable> {
    let answers = sql.read(vec![store::accounts(organization)]).await?;
    let rows = answers.first().ok_or_else(unanswered)?;
    Ok(rows.iter().map(store::account_of).collect::<Result<_, _>>()?)
}

/// Compares a report of what moved a provider's balance with what the ledger has posted in the same time. For the operator,
/// who stands above tenants.
///
/// # Errors
/// As [`stripe_accounts`].
pub async fn reconcile(
    sql: &dyn Sql,
    organization: OrganizationId,
    provider: PaymentProviderId,
    movements: &[Movement],
    within: (Timestamp, Timestamp),
) -> Result<Reconciled, Unavailable> {
    // A payment captured in parts is one posting, as is a refund that came back.
    let mut sums: BTreeMap<(Side, Currency, Of), (i64, String)> = BTreeMap::new();
    let mut behind = None;
    loop {
        let answers = sql.read(vec![store::posted(organization, provider, behind, within, PAGE)]).await?;
        let rows = answers.first().ok_or_else(unanswered)?;
        for row in rows.iter() {
            let posted = store::posted_of(row)?;
            behind = Some((posted.currency, posted.number));
            let of = match posted.reference {
                Some(reference) => Of::Reference(reference),
                None => Of::Itself(posted.order.clone(), posted.number),
            };
            let (sum, _) = sums.entry((posted.side, posted.currency, of)).or_insert((0, posted.order));
            *sum = sum.saturating_add(posted.amount);
        }
        if i64::try_from(rows.len()).unwrap_or(PAGE) < PAGE {
            break;
        }
    }
    let posting = |((side, currency, of), (amount, order)): (_, (i64, String))| {
        let reference = match of {
            Of::Reference(reference) => reference,
            Of::Itself(..) => String::new(),
        };
        (amount != 0).then_some(Posting { side, reference, currency, amount, order })
    };
    let postings: Vec<Posting> = sums.into_iter().filter_map(posting).collect();
    Ok(compare(movements, &postings))
}

/// Posts a report's fees and payouts, each once however often the report is read; how many were new.
///
/// # Errors
/// As [`stripe_accounts`].
pub async fn post(
    sql: &dyn Sql,
    organization: OrganizationId,
    account: &StripeAccount,
    movements: &[Movement],
    now: Timestamp,
) -> Result<usize, Unavailable> {
    let mut new = 0_usize;
    let all: Vec<ToPost> = to_post(movements);
    for some in all.chunks(AT_ONCE) {
        let mut commit = Commit::new();
        for statement in store::post(organization, account, some, now) {
            commit.push(statement);
        }
        match sql.commit(&commit).await? {
            Committed::Done { rows, .. } => new = new.saturating_add(rows.last().map_or(0, |rows| rows.len())),
            Committed::Refused { refusal, .. } => {
                return Err(Unavailable::corrupt(format!("fees and payouts were refused: {refusal:?}")));
            }
        }
    }
    Ok(new)
}

fn unanswered() -> Unavailable {
    Unavailable::corrupt("the ledger gave no answer")
}
