//! Adding and removing codes.

use std::collections::{BTreeMap, BTreeSet};

use headlesspro_shared::catalog::source::Fault;
use headlesspro_shared::kernel::id::{PromotionCodeId, PromotionId};
use headlesspro_shared::promotions::{Code, Trigger};
use serde_json::json;

use crate::app::Ctx;
use crate::failure::Failure;
use crate::journal::{self, Answered, Change, Claim};
use crate::port::sql::{Commit, Committed, Constraint, Refusal};
use crate::promotions::store::code::{self, PromotionCode};
use crate::promotions::usecase::{
    BY_CODE, Outcome, PromotionError, finish, location, page, read_with, rejected, unexplained,
};

/// Letters and digits that nobody takes for one another: five bits each.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// How often codes are made anew where the store has one of them.
const ATTEMPTS: usize = 3;

/// Which codes are added.
pub enum New {
    Given(Vec<Code>),
    Generated {
        count: usize,
        prefix: String,
        /// Of what comes behind the prefix.
        length: usize,
    },
}

/// A page of a promotion's codes after one, and the cursor of the next one.
pub async fn list(
    ctx: &Ctx,
    id: PromotionId,
    after: &str,
    limit: i64,
) -> Outcome<(Vec<PromotionCode>, Option<String>)> {
    let list = || vec![code::list(ctx.tenant(), id, after, limit.saturating_add(1))];
    let (_, rows) = read_with(ctx, id, &list).await?;
    let found = rows.first().map(code::codes_of).transpose()?.unwrap_or_default();
    Ok(page(found, limit, BY_CODE, |code| code.code.to_string()))
}

/// Adds codes with one limit, which `render` turns into the answer.
pub async fn add(
    ctx: &Ctx,
    id: PromotionId,
    new: &New,
    limit: Option<i64>,
    claim: Option<&Claim>,
    render: impl Fn(&[PromotionCode]) -> String,
) -> Outcome<Answered> {
    let tenant = ctx.tenant();
    let recorded = || claim.map(|claim| journal::idempotency_record(tenant, &claim.key)).into_iter().collect();
    let (promotion, rows) = read_with(ctx, id, &recorded).await?;
    if let Some(first) = journal::replay(claim, rows.first())? {
        return Ok(first.into());
    }
    if promotion.definition.trigger != Trigger::Code {
        return rejected(PromotionError::NotByCode);
    }
    for _ in 0..ATTEMPTS {
        let codes = codes_of(ctx, new)?;
        let mut commit = Commit::new();
        let added = code::add(&mut commit, tenant, id, &codes, limit, ctx.now);
        let change = Change::new("promotion.add-codes", id).after(json!({ "count": codes.len(), "limit": limit }));
        finish(ctx, &mut commit, id, "promotion.updated", change).await?;
        let made = |(id, code): (PromotionCodeId, Code)| PromotionCode {
            id,
            code,
            used: 0,
            limit,
            remaining: limit,
            created_at: ctx.now,
        };
        let made: Vec<PromotionCode> = codes.into_iter().map(made).collect();
        let answered = Answered::first(format!("{}/codes", location(id)), render(&made));
        if let Some(claim) = claim {
            commit.push(journal::record(tenant, claim, 201, &answered.location, &answered.body, ctx.now));
            commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
        }
        let (statement, refusal, diagnosis) = match ctx.commit(&commit).await? {
            Committed::Done { .. } => return Ok(answered),
            Committed::Refused { statement, refusal, diagnosis } => (statement, refusal, diagnosis),
        };
        if let Some(first) = journal::replay(claim, diagnosis.get(added.taken.saturating_add(1)))? {
            return Ok(first.into());
        }
        match (&refusal, new) {
            (Refusal::Constraint { constraint: Constraint::Check, .. }, _) if statement == added.count => {
                return rejected(PromotionError::TooManyCodes);
            }
            // The promotion is gone since it was read.
            (Refusal::Constraint { .. }, _) if statement == added.guard => return Err(Failure::NotFound),
            (Refusal::Constraint { constraint: Constraint::Unique, .. }, New::Given(codes))
                if statement == added.insert =>
            {
                let taken = diagnosis.get(added.taken).map(code::taken_of).transpose()?.unwrap_or_default();
                return rejected(PromotionError::Invalid(faults(codes, &taken.into_iter().collect())));
            }
            (Refusal::Constraint { constraint: Constraint::Unique, .. }, New::Generated { .. })
                if statement == added.insert => {}
            _ => return Err(unexplained(&refusal)),
        }
    }
    rejected(PromotionError::Changing)
}

/// Takes a code back. Orders that have it keep it.
pub async fn remove(ctx: &Ctx, id: PromotionId, code_id: PromotionCodeId) -> Outcome<()> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![code::find(tenant, id, code_id)]).await?;
    let found = rows.first().map(code::codes_of).transpose()?.unwrap_or_default().pop();
    let there = found.ok_or(Failure::NotFound)?;
    let mut commit = Commit::new();
    let guard = code::remove(&mut commit, tenant, id, code_id);
    let state = json!({ "code": there.code.as_str(), "used": there.used, "limit": there.limit });
    let change = Change::new("promotion.remove-code", id).before(state);
    finish(ctx, &mut commit, id, "promotion.updated", change).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(()),
        Committed::Refused { statement, .. } if statement == guard => Err(Failure::NotFound),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// The codes that are to be, each with an id.
fn codes_of(ctx: &Ctx, new: &New) -> Outcome<Vec<(PromotionCodeId, Code)>> {
    let codes = match new {
        New::Given(codes) => codes.clone(),
        New::Generated { count, prefix, length } => {
            let mut bytes = vec![0; count.saturating_mul(*length)];
            ctx.app().entropy.fill(&mut bytes)?;
            let letter = |byte: &u8| LETTERS.get(usize::from(byte & 31)).copied().map_or('A', char::from);
            let text = |bytes: &[u8]| prefix.chars().chain(bytes.iter().map(letter)).collect::<String>();
            let codes: BTreeSet<Code> =
                bytes.chunks((*length).max(1)).filter_map(|bytes| text(bytes).parse().ok()).collect();
            codes.into_iter().collect()
        }
    };
    codes.into_iter().map(|code| Ok((ctx.new_id()?, code))).collect()
}

/// What is wrong with codes of which the store has some.
fn faults(codes: &[Code], taken: &BTreeSet<Code>) -> Vec<Fault> {
    let of = codes.iter().enumerate().filter(|(_, code)| taken.contains(code));
    of.map(|(at, _)| Fault { path: format!("codes/{at}"), reason: "is a code of the store already".to_owned() })
        .collect()
}

/// The places of codes that stand before in the list.
pub fn repeated(codes: &[Code]) -> Vec<usize> {
    let mut first = BTreeMap::new();
    let places = codes.iter().enumerate();
    places.filter(|(at, code)| *first.entry(*code).or_insert(*at) != *at).map(|(at, _)| at).collect()
}
