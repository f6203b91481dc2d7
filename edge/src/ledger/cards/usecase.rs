//! Issuing gift cards and looking after them: read what is there, decide, commit.

use headlesspro_shared::kernel::id::{GiftCardId, LedgerTransactionId};
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::kernel::page::CursorPart;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::ledger::{Account, GiftCardCode, MOST_ISSUED, Transaction, TransactionKind};
use serde_json::{Value, json};

use super::http;
use crate::app::Ctx;
use crate::catalog::guard_changed;
use crate::failure::Failure;
use crate::identity::{Repeatable, repeat_reads};
use crate::journal::{Answered, Change, Claim};
use crate::ledger::store::card::{self, Card, Filter, Usable, state_name};
use crate::ledger::store::entry::{self, Moved, Page};
use crate::ledger::store::transaction::{Posting, post};
use crate::ledger::tenders::hash_of;
use crate::ledger::wire::{NEWEST, place_of};
use crate::ledger::writing::{
    self, Adjusting, Adjustment, Outcome, WriteError, adjusted, invalid, rejected, tell, unexplained, unposted,
};
use crate::port::sql::{Commit, Committed, Constraint, Refusal, Rows};
use crate::pricing::page;
use crate::wire::MoneyBody;

/// The list of cards has one sort.
pub const BY_AGE: &str = "newest";

/// How often a code is made anew where the store has it.
const ATTEMPTS: usize = 3;

/// A card to be issued.
pub struct NewCard {
    /// Above zero.
    pub amount: Money,
    /// `None`: one is made.
    pub code: Option<GiftCardCode>,
    pub expires_at: Option<Timestamp>,
    pub note: Option<Line<500>>,
}

/// A page of the store's cards, and the cursor of the next one.
pub async fn list(ctx: &Ctx, filter: &Filter) -> Outcome<(Vec<Card>, Option<String>)> {
    let rows = ctx.read(vec![card::list(ctx.tenant(), filter)]).await?;
    let found = rows.first().map(card::cards_of).transpose()?.unwrap_or_default();
    Ok(page(found, filter.limit, BY_AGE, |last| vec![CursorPart::Text(last.id.to_string())]))
}

/// One card.
pub async fn find(ctx: &Ctx, id: GiftCardId) -> Outcome<Card> {
    for ctx in ctx.attempts() {
        let rows = ctx.read(vec![card::find(ctx.tenant(), id)]).await?;
        if let Some(settled) = ctx.settles(only(rows.first()).map(Some)) {
            return settled;
        }
    }
    Err(Failure::NotFound)
}

fn only(rows: Option<&Rows>) -> Outcome<Card> {
    rows.map(card::cards_of).transpose()?.unwrap_or_default().pop().ok_or(Failure::NotFound)
}

/// A page of a card's history, and the cursor of the next one.
pub async fn entries(ctx: &Ctx, id: GiftCardId, wanted: &Page) -> Outcome<(Vec<Moved>, Option<String>)> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![card::find(tenant, id), entry::list(tenant, &id.to_string(), wanted)]).await?;
    only(rows.first())?;
    let found = rows.get(1).map(entry::entries_of).transpose()?.unwrap_or_default();
    Ok(page(found, wanted.limit, NEWEST, place_of))
}

/// What is on the card with this code, where it can be used: other stores' cards, those that are disabled or over and those
/// that there are not are not told apart.
pub async fn look_up(ctx: &Ctx, code: &GiftCardCode) -> Outcome<Usable> {
    let hash = hash_of(ctx, code);
    for ctx in ctx.attempts() {
        let rows = ctx.read(vec![card::by_code(ctx.tenant(), std::slice::from_ref(&hash), ctx.now)]).await?;
        let mut found = rows.first().map(card::usable_of).transpose()?.unwrap_or_default();
        if let Some(settled) = ctx.settles(found.remove(&hash).ok_or(Failure::NotFound).map(Some)) {
            return settled;
        }
    }
    Err(Failure::NotFound)
}

/// Issues a card; the answer is the only one that has its code.
pub async fn issue(ctx: &Ctx, new: &NewCard, claim: Option<&Claim>) -> Outcome<Answered> {
    let (repeatable, first) = Repeatable::read(ctx, claim).await?;
    if let Some(first) = first {
        return Ok(first);
    }
    if MOST_ISSUED < new.amount.minor() {
        let most = Money::new(MOST_ISSUED, new.amount.currency());
        return invalid("amount", &format!("must be {most} at most"));
    }
    if new.expires_at.is_some_and(|end| end <= ctx.now) {
        return invalid("expiresAt", "must be in the future");
    }
    for _ in 0..ATTEMPTS {
        let code = match &new.code {
            Some(code) => code.clone(),
            None => GiftCardCode::mint(ctx.random()?),
        };
        let made = Card {
            id: ctx.new_id()?,
            last_four: code.last_four().to_owned(),
            is_active: true,
            issued: new.amount,
            balance: new.amount,
            expires_at: new.expires_at,
            note: new.note.as_ref().map(ToString::to_string),
            version: 1,
            created_at: ctx.now,
            updated_at: ctx.now,
        };
        let account = Account::GiftCard(made.id);
        let transaction = Transaction::between(TransactionKind::Issue, account, Account::Issuance, new.amount);
        let transaction = transaction.map_err(unposted)?;
        let id: LedgerTransactionId = ctx.new_id()?;
        let mut commit = Commit::new();
        let posting = Posting { id, transaction: &transaction, order: None, reason: None };
        post(&mut commit, ctx.tenant(), &posting, ctx.now);
        let insert = commit.push(card::insert(ctx.tenant(), &made, &hash_of(ctx, &code)));
        let answered = Answered::first(location(made.id), http::render(&made, Some(&code)));
        repeatable.keep(ctx, &mut commit, &answered)?;
        let change = Change::new("gift-card.issue", made.id).after(state(&made)).redacted(&["note"]);
        let (amount, currency) = (new.amount.amount_text(), new.amount.currency().to_string());
        let payload = [("giftCardId", made.id.to_string()), ("amount", amount), ("currency", currency)];
        tell(ctx, &mut commit, "gift_card.issued", &payload, change).await?;
        match ctx.commit(&commit).await? {
            Committed::Done { .. } => return Ok(answered),
            Committed::Refused { statement, refusal, diagnosis } => {
                if let Some(first) = repeatable.answered(ctx, diagnosis.first())? {
                    return Ok(first);
                }
                match (is_unique(&refusal) && statement == insert, &new.code) {
                    (true, Some(_)) => return invalid("code", "is a code of the store already"),
                    (true, None) => {}
                    (false, _) => return Err(unexplained(&refusal)),
                }
            }
        }
    }
    rejected(WriteError::Changing)
}

/// Disables a card, or ends that; one that is in that state already stays in it.
pub async fn set_active(ctx: &Ctx, id: GiftCardId, is_active: bool, expected: Option<i64>) -> Outcome<Card> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_set_active(&ctx, id, is_active, expected).await) {
            return settled;
        }
    }
    rejected(WriteError::Changing)
}

/// `None`: somebody else was quicker.
async fn try_set_active(ctx: &Ctx, id: GiftCardId, is_active: bool, expected: Option<i64>) -> Outcome<Option<Card>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![card::find(tenant, id)]).await?;
    let was = only(rows.first())?;
    if expected.is_some_and(|version| version != was.version) {
        return rejected(WriteError::VersionMismatch { current: was.version });
    }
    if was.is_active == is_active {
        return Ok(Some(was).filter(|_| ctx.is_current()));
    }
    let mut commit = Commit::new();
    commit.push(card::set_state(tenant, id, was.version, is_active, ctx.now));
    let guard = commit.push(guard_changed());
    let (action, event) = match is_active {
        true => ("gift-card.enable", "gift_card.enabled"),
        false => ("gift-card.disable", "gift_card.disabled"),
    };
    let told = |is_active| json!({ "state": state_name(is_active) });
    let change = Change::new(action, id).before(told(was.is_active)).after(told(is_active));
    tell(ctx, &mut commit, event, &[("giftCardId", id.to_string())], change).await?;
    commit.push_after(card::find(tenant, id));
    match ctx.commit(&commit).await? {
        Committed::Done { after, .. } => only(after.first()).map(Some),
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// Adds to what is on a card, or takes off it.
pub async fn adjust(ctx: &Ctx, id: GiftCardId, adjustment: &Adjustment, claim: Option<&Claim>) -> Outcome<Answered> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_adjust(&ctx, id, adjustment, claim).await) {
            return settled;
        }
    }
    rejected(WriteError::Changing)
}

/// `None`: the balance is another than was read.
async fn try_adjust(
    ctx: &Ctx,
    id: GiftCardId,
    adjustment: &Adjustment,
    claim: Option<&Claim>,
) -> Outcome<Option<Answered>> {
    let tenant = ctx.tenant();
    let mut reads = vec![card::find(tenant, id)];
    reads.extend(repeat_reads(tenant, claim));
    let rows = ctx.read(reads).await?;
    let was = only(rows.first())?;
    let (repeatable, first) = Repeatable::of(ctx, claim, rows.get(1..))?;
    if let Some(first) = first {
        return Ok(Some(first));
    }
    if adjustment.amount.currency() != was.balance.currency() {
        return invalid("amount/currency", "must be the card's");
    }
    let is = Card { balance: adjusted(was.balance, adjustment.amount)?, ..was.clone() };
    let adjusting = Adjusting {
        account: Account::GiftCard(id),
        was: was.balance,
        by: adjustment,
        answered: Answered::first(location(id), http::render(&is, None)),
        event: "gift_card.adjusted",
        of: ("giftCardId", id.to_string()),
        change: Change::new("gift-card.adjust", id).before(state(&was)).after(state(&is)).redacted(&["note"]),
    };
    writing::adjust(ctx, &repeatable, adjusting).await
}

fn is_unique(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Constraint { constraint: Constraint::Unique, .. })
}

fn location(id: GiftCardId) -> String {
    format!("/api/v1/gift-cards/{id}")
}

/// What the audit log keeps.
fn state(card: &Card) -> Value {
    json!({
        "balance": MoneyBody::from(card.balance),
        "state": state_name(card.is_active),
        "lastFour": card.last_four,
        "expiresAt": card.expires_at.map(|at| at.to_string()),
        "note": card.note,
    })
}
