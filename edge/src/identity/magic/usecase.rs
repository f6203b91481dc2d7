//! Trading a link for a session: one read, one commit.

use headlesspro_shared::identity::{Challenge, NotRedeemable, OneTimePurpose, OneTimeToken, PkceChallenge, redeem};
use serde_json::json;

use crate::app::Ctx;
use crate::failure::Failure;
use crate::identity::announced::verified;
use crate::identity::caller::hash_of;
use crate::identity::mailed::welcome;
use crate::identity::opening::{self, Opening, SUSPENDED, Tokens};
use crate::identity::second_factor::usecase::challenge;
use crate::identity::store::{account, keys, one_time};
use crate::identity::usecase::{data_key, email_of, unexplained};
use crate::journal::{self, Change};
use crate::notifications;
use crate::port::sql::{Commit, Committed, Rows};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExchangeError {
    Link(NotRedeemable),
    /// The link was good; the challenge stands for it.
    SecondFactor {
        challenge: Challenge,
    },
}

/// Opens a session for whoever has the link, and proves to have asked for it where it says so. Having read the mail
/// confirms the address; of what somebody chose who has not, nothing holds.
pub async fn exchange(
    ctx: &Ctx,
    token: &OneTimeToken,
    proof: Option<PkceChallenge>,
    device: &str,
) -> Result<Tokens, Failure<ExchangeError>> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    let purpose = OneTimePurpose::MagicLink;
    let gone = || Failure::Rejected(ExchangeError::Link(NotRedeemable::Gone));
    let hash = hash_of(token.as_str()).to_hex();
    let rows = ctx.read(vec![one_time::find(tenant, &hash, purpose), keys::signing_keys(ctx.now)]).await?;
    let row = rows.first().and_then(Rows::first).ok_or_else(gone)?;
    let row = one_time::token_of(row)?;
    redeem(&row.issued, proof, ctx.now).map_err(|error| Failure::Rejected(ExchangeError::Link(error)))?;
    let account = row.account;
    if !account.is_active {
        return Err(gone());
    }
    let mut commit = Commit::new();
    commit.push(one_time::use_up(tenant, &hash, purpose, ctx.now));
    let guard = commit.push(one_time::guard_used());
    if !account.is_verified {
        let key = data_key(app, tenant, &row.key)?;
        let email = email_of(tenant, &key, account.id, &row.email_sealed)?;
        commit.push(account::verify(tenant, account.id, None, None, ctx.now));
        commit.push(verified(ctx, account.id)?);
        let state = |is_verified, has_password| json!({ "isVerified": is_verified, "hasPassword": has_password });
        let change = Change::new("account.verify", account.id)
            .before(state(false, account.password.is_some()))
            .after(state(true, false));
        commit.push(journal::audit(ctx, ctx.new_id()?, &account.id.to_string(), change));
        commit.push(one_time::void(tenant, account.id, ctx.now));
        commit.push(welcome(ctx, &account, &email, None, &key)?);
    }
    if account.has_second_factor {
        let challenge = challenge(ctx, account.id, &mut commit)?;
        return match ctx.commit(&commit).await? {
            Committed::Done { .. } => Err(Failure::Rejected(ExchangeError::SecondFactor { challenge })),
            Committed::Refused { statement, .. } if statement == guard => Err(gone()),
            Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
        };
    }
    let opening = Opening { account: account.id, role: account.role, permissions: account.permissions, device };
    let opened = opening::open(ctx, rows.get(1), opening, &mut commit)?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {}
        // Another use of the same link was quicker.
        Committed::Refused { statement, .. } if statement == guard => return Err(gone()),
        Committed::Refused { refusal, .. } if refusal.is_raised(SUSPENDED) => return Err(gone()),
        Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
    }
    if !account.is_verified {
        notifications::deliver_later(ctx);
    }
    opened.tokens(ctx).await
}
