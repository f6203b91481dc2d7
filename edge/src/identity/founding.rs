//! The first owner of an organization that somebody founds: an account that waits for its address to be confirmed.

use headlesspro_shared::identity::{OneTimePurpose, Password, Role};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::AccountId;
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::locale::Locale;

use super::announced::registered;
use super::hashing;
use super::mailed::{founders_message, mint, requester};
use super::store::account::{self, NewAccount};
use super::store::one_time::{self, NewToken};
use super::usecase::hash_email;
use crate::app::Ctx;
use crate::limits::ClientAddress;
use crate::notifications::{self, NewMail};
use crate::port::entropy::NoEntropy;
use crate::port::sql::Commit;
use crate::vault::{DataKey, Place};

/// Who founds an organization.
pub struct FirstOwner<'a> {
    pub id: AccountId,
    pub email: &'a Email,
    /// It becomes the account's with the confirmation, by who reads the mail and knows it: anybody may have typed the
    /// address.
    pub password: &'a Password,
    pub name: Option<&'a Line<200>>,
    pub locale: &'a Locale,
}

/// Adds the owner's account to the commit that founds the organization, with the mail that confirms its address.
///
/// # Errors
/// [`NoEntropy`].
pub fn push_first_owner(
    ctx: &Ctx,
    key: &DataKey,
    owner: &FirstOwner<'_>,
    publishable_key: &str,
    address: Option<ClientAddress>,
    commit: &mut Commit,
) -> Result<(), NoEntropy> {
    let (app, tenant, purpose) = (ctx.app(), ctx.tenant(), OneTimePurpose::VerifyEmail);
    let row = owner.id.to_string();
    let seal = |column, plain: &str| {
        let place = Place { organization: tenant.organization, table: "account", column, row: &row };
        key.seal(place, plain.as_bytes(), &*app.entropy)
    };
    let name_sealed = owner.name.map(|name| seal("name", name.as_str())).transpose()?;
    let account = NewAccount {
        id: owner.id,
        email_hash: hash_email(app, tenant, owner.email),
        email_sealed: seal("email", owner.email.as_str())?,
        name_sealed: name_sealed.clone(),
        password: None,
        role: Role::Owner,
        locale: owner.locale.clone(),
        verified: false,
    };
    commit.push(account::insert(tenant, &account, ctx.now));
    commit.push(registered(ctx, owner.id, Role::Owner)?);
    let password = hashing::hash(owner.password, app.password_hashing, &*app.entropy)?;
    let requester = requester(ctx, address);
    let minted = mint(app)?;
    commit.push(one_time::insert_mailed(
        tenant,
        &NewToken {
            password: Some(&password),
            name_sealed: name_sealed.as_deref(),
            requested_by: Some(&requester),
            ..NewToken::new(&minted.hash, purpose, Some(owner.id))
        },
        ctx.now,
    ));
    let mail = NewMail {
        event_key: &purpose.mail_key(&minted.hash),
        to: owner.email,
        locale: owner.locale,
        message: &founders_message(ctx, publishable_key, &minted.token),
        expires_at: purpose.ends(ctx.now),
    };
    commit.push(notifications::enqueue_after(app, tenant, key, &mail, ctx.now)?);
    Ok(())
}
