//! Writing documents down, and finding them again.

use headlesspro_shared::invoices::{Document, Kind, Series};
use headlesspro_shared::kernel::id::{InvoiceId, OrderId, RefundId};
use headlesspro_shared::kernel::page::{CursorPart, page};
use headlesspro_shared::payments::RefundState;

use super::drawing::{self, Order, Personal};
use super::settings::{Numbering, Settings, kept};
use super::store::{self, Kept, New};
use crate::app::Ctx;
use crate::catalog::guard_changed;
use crate::failure::{Failure, Unavailable};
use crate::identity::data_key;
use crate::journal::{self, Change, Claim};
use crate::port::sql::{Commit, Committed, Rows};
use crate::vault::WrappedKey;
use crate::{orders, payments};

/// A store's documents have one sort.
pub const OLDEST_FIRST: &str = "oldest";

/// Why nothing was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssueError {
    /// Nobody has said who sells.
    NoSettings,
    Exists(InvoiceId),
    /// The order is not decided yet, or called off.
    NotInvoiceable {
        state: String,
    },
    /// There is nothing to credit: the order has no invoice.
    NotInvoiced,
    NoSuchRefund,
    /// The refund is not through.
    NotGivenBack {
        state: &'static str,
    },
    NothingLeft,
    /// Others are writing down the same.
    Changing,
}

pub type Outcome<T> = Result<T, Failure<IssueError>>;

/// A document with whom it goes to.
pub struct Shown {
    pub kept: Kept,
    pub personal: Personal,
}

/// One that was asked for, or the same again.
pub struct Issued {
    pub shown: Shown,
    pub is_replay: bool,
}

/// What is to be written down of an order.
#[derive(Debug, Clone)]
pub enum Wanted {
    Invoice,
    CreditNote {
        /// `None`: of all that is left.
        refund: Option<RefundId>,
        reason: Option<String>,
    },
}

/// The documents of an order, the oldest first.
pub async fn of_order(ctx: &Ctx, order: OrderId) -> Outcome<Vec<Shown>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![store::of_order(tenant, order), orders::document(tenant, order)]).await?;
    orders::reached(ctx, order, rows.get(1)).await?;
    store::kept_of(rows.first())?.into_iter().map(|kept| shown(ctx, kept)).collect()
}

/// A page of the store's documents behind an id, and the cursor of the next one.
pub async fn list(ctx: &Ctx, after: &str, limit: i64) -> Outcome<(Vec<Shown>, Option<String>)> {
    let rows = ctx.read(vec![store::list(ctx.tenant(), after, limit.saturating_add(1))]).await?;
    let (found, next) =
        page(store::kept_of(rows.first())?, limit, OLDEST_FIRST, |last| vec![CursorPart::Text(last.id.to_string())]);
    Ok((found.into_iter().map(|kept| shown(ctx, kept)).collect::<Outcome<_>>()?, next))
}

pub async fn find(ctx: &Ctx, id: InvoiceId) -> Outcome<Shown> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_find(&ctx, id).await.map(Some)) {
            return settled;
        }
    }
    Err(Failure::NotFound)
}

async fn try_find(ctx: &Ctx, id: InvoiceId) -> Outcome<Shown> {
    use headlesspro_shared::identity::Resource;
    let rows = ctx.read(vec![store::find(ctx.tenant(), id)]).await?;
    let kept = store::kept_of(rows.first())?.pop().ok_or(Failure::NotFound)?;
    let resource = Resource::of_store(ctx.tenant().store).in_channels(kept.channel).record(kept.order);
    if ctx.reaches(&resource).await? { shown(ctx, kept) } else { Err(Failure::NotFound) }
}

fn shown(ctx: &Ctx, kept: Kept) -> Outcome<Shown> {
    let personal = Personal::open(ctx.app(), ctx.tenant(), &kept)?;
    Ok(Shown { kept, personal })
}

/// Writes down what is wanted of an order, under the next number of its series.
pub async fn issue(ctx: &Ctx, order: OrderId, wanted: &Wanted, claim: &Claim) -> Outcome<Issued> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_issue(&ctx, order, wanted, claim).await) {
            return settled;
        }
    }
    Err(Failure::Rejected(IssueError::Changing))
}

/// `None`: somebody else was quicker.
async fn try_issue(ctx: &Ctx, order: OrderId, wanted: &Wanted, claim: &Claim) -> Outcome<Option<Issued>> {
    let tenant = ctx.tenant();
    let mut reads = vec![
        orders::document(tenant, order),
        store::settings(tenant),
        store::of_order(tenant, order),
        journal::idempotency_record(tenant, &claim.key),
    ];
    if let Wanted::CreditNote { refund: Some(refund), .. } = wanted {
        reads.push(payments::refunds(tenant, order, Some(*refund)));
    }
    let rows = ctx.read(reads).await?;
    orders::reached(ctx, order, rows.first()).await?;
    if let Some(issued) = replayed(ctx, claim, rows.get(3), rows.get(2))? {
        return Ok(Some(issued));
    }
    let settings = kept(rows.get(1))?.settings.ok_or(Failure::Rejected(IssueError::NoSettings))?;
    let there = store::kept_of(rows.get(2))?;
    let stored = rows.first().map(orders::orders_of).transpose()?.unwrap_or_default();
    let stored = stored.first().ok_or(Failure::NotFound)?;
    let whole = Order::read(&orders::whole(ctx.app(), tenant, stored)?)?;
    let drawn = match wanted {
        Wanted::Invoice => draw_invoice(ctx, &whole, &settings, &there)?,
        Wanted::CreditNote { refund, reason } => {
            draw_credit_note(ctx, (*refund, rows.get(4)), reason.clone(), (&settings, &there))?
        }
    };
    write(ctx, (order, &stored.key), &drawn, claim).await
}

/// One that is to be written down.
struct Drawn {
    document: Document,
    personal: Personal,
    credits: Option<(InvoiceId, usize)>,
    refund: Option<RefundId>,
    numbering: Numbering,
}

fn draw_invoice(ctx: &Ctx, order: &Order, settings: &Settings, there: &[Kept]) -> Outcome<Drawn> {
    if let Some(invoice) = there.iter().find(|kept| kept.kind == Kind::Invoice) {
        return Err(Failure::Rejected(IssueError::Exists(invoice.id)));
    }
    if matches!(order.state.as_str(), "pending" | "cancelled") {
        return Err(Failure::Rejected(IssueError::NotInvoiceable { state: order.state.clone() }));
    }
    Ok(Drawn {
        document: order.invoice(settings, ctx.now)?,
        personal: order.personal(),
        credits: None,
        refund: None,
        numbering: settings.invoices.clone(),
    })
}

fn draw_credit_note(
    ctx: &Ctx,
    (refund, rows): (Option<RefundId>, Option<&Rows>),
    reason: Option<String>,
    (settings, there): (&Settings, &[Kept]),
) -> Outcome<Drawn> {
    let invoice = there.iter().find(|kept| kept.kind == Kind::Invoice);
    let invoice = invoice.ok_or(Failure::Rejected(IssueError::NotInvoiced))?;
    let notes: Vec<&Kept> = there.iter().filter(|kept| kept.kind == Kind::CreditNote).collect();
    let given_back = match refund {
        None => None,
        Some(id) => {
            let found = rows.map(payments::refunds_of).transpose()?.unwrap_or_default().pop();
            let found = found.ok_or(Failure::Rejected(IssueError::NoSuchRefund))?;
            if found.state != RefundState::Succeeded {
                return Err(Failure::Rejected(IssueError::NotGivenBack { state: found.state.name() }));
            }
            if let Some(note) = notes.iter().find(|note| note.refund == Some(id)) {
                return Err(Failure::Rejected(IssueError::Exists(note.id)));
            }
            Some(found)
        }
    };
    let reason = reason.or_else(|| given_back.as_ref().and_then(|refund| refund.reason.clone()));
    let document = drawing::credit_note((invoice, &notes), given_back.as_ref(), (settings, reason), ctx.now)?;
    Ok(Drawn {
        document: document.ok_or(Failure::Rejected(IssueError::NothingLeft))?,
        personal: Personal::open(ctx.app(), ctx.tenant(), invoice)?,
        credits: Some((invoice.id, notes.len())),
        refund,
        numbering: settings.credit_notes.clone(),
    })
}

async fn write(
    ctx: &Ctx,
    (order, key): (OrderId, &WrappedKey),
    drawn: &Drawn,
    claim: &Claim,
) -> Outcome<Option<Issued>> {
    let (tenant, id) = (ctx.tenant(), ctx.new_id()?);
    let key = data_key(ctx.app(), tenant, key)?;
    let personal_sealed = drawn.personal.seal(ctx.app(), tenant, &key, id)?;
    let series = drawn.numbering.series.parse::<Series>();
    let series = series.map_err(|_| Unavailable::corrupt("a series of invoices"))?.at(ctx.now);
    let new = New {
        id,
        order,
        credits: drawn.credits,
        refund: drawn.refund,
        series: &series,
        numbering: &drawn.numbering,
        document: &drawn.document,
        personal_sealed: &personal_sealed,
    };
    let (event, action) = match drawn.document.kind {
        Kind::Invoice => ("invoice.issued", "invoice.issue"),
        Kind::CreditNote => ("credit_note.issued", "credit-note.issue"),
    };
    let mut commit = Commit::new();
    commit.push(store::insert(tenant, &new));
    let guard = commit.push(guard_changed());
    let change = Change::new(action, order)
        .has("invoiceId", id.to_string().into())
        .has("refundId", drawn.refund.map(|id| id.to_string()).into());
    let payload = [("invoiceId", id.to_string()), ("orderId", order.to_string())];
    journal::tell(ctx, &mut commit, event, &payload, change).await?;
    commit.push(journal::record(tenant, claim, 201, &location(id), &id.to_string(), ctx.now));
    commit.push_after(store::find(tenant, id));
    commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    commit.push_diagnosis(store::of_order(tenant, order));
    match ctx.commit(&commit).await? {
        Committed::Done { after, .. } => {
            let kept = store::kept_of(after.first())?.pop();
            let kept = kept.ok_or_else(|| Unavailable::corrupt("an invoice that was written down is gone"))?;
            Ok(Some(Issued { shown: shown(ctx, kept)?, is_replay: false }))
        }
        Committed::Refused { statement, refusal, diagnosis } => {
            if let Some(issued) = replayed(ctx, claim, diagnosis.first(), diagnosis.get(1))? {
                return Ok(Some(issued));
            }
            let is_others = statement == guard || statement == 0 || refusal.is_raised("CREDITED_BEYOND_INVOICE");
            if is_others { Ok(None) } else { Err(Unavailable::corrupt(format!("an invoice: {refusal:?}")).into()) }
        }
    }
}

/// What was written down for the same request.
fn replayed(ctx: &Ctx, claim: &Claim, recorded: Option<&Rows>, there: Option<&Rows>) -> Outcome<Option<Issued>> {
    let Some(first) = journal::replay(Some(claim), recorded)? else { return Ok(None) };
    let kept = store::kept_of(there)?.into_iter().find(|kept| kept.id.to_string() == first.body);
    let kept = kept.ok_or_else(|| Unavailable::corrupt("an invoice that was answered is not there"))?;
    Ok(Some(Issued { shown: shown(ctx, kept)?, is_replay: true }))
}

pub fn location(id: InvoiceId) -> String {
    format!("/api/v1/invoices/{id}")
}
