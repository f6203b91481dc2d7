//! Accounts of people who join the staff: another context says who, this one what an account is.

use headlesspro_shared::identity::{OneTimeToken, Password, Role};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::AccountId;
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::kernel::time::Timestamp;

use super::caller::hash_of;
use super::store::account::{self, NewAccount};
use super::usecase::hash_email;
use super::{hashing, mailed};
use crate::app::{App, Tenant};
use crate::failure::Unavailable;
use crate::port::entropy::NoEntropy;
use crate::port::sql::Statement;
use crate::vault::{DataKey, Place};

/// What an address is found by, without being readable.
pub fn email_hash(app: &App, tenant: Tenant, email: &Email) -> String {
    hash_email(app, tenant, email)
}

/// A new secret for a mail, and the hash that is kept of it.
///
/// # Errors
/// [`NoEntropy`].
pub fn mint_secret(app: &App) -> Result<(OneTimeToken, String), NoEntropy> {
    let minted = mailed::mint(app)?;
    Ok((minted.token, minted.hash))
}

/// What a secret that came back is found by.
pub fn secret_hash(token: &OneTimeToken) -> String {
    hash_of(token.as_str()).to_hex()
}

/// The hash of a password, as an account keeps it.
///
/// # Errors
/// [`NoEntropy`].
pub fn hash_password(app: &App, password: &Password) -> Result<String, NoEntropy> {
    Ok(hashing::hash(password, app.password_hashing, &*app.entropy)?.to_phc())
}

/// Somebody who has read a mail to their address, and has no account yet.
pub struct Newcomer<'a> {
    pub id: AccountId,
    pub email: &'a Email,
    pub password: &'a Password,
    pub name: Option<&'a Line<200>>,
    pub locale: &'a Locale,
}

/// The statement that makes a customer's account with a confirmed address; what more it is to be comes after.
///
/// # Errors
/// [`Unavailable`] when the host has no randomness.
pub fn new_account(
    app: &App,
    tenant: Tenant,
    key: &DataKey,
    newcomer: &Newcomer<'_>,
    now: Timestamp,
) -> Result<Statement, Unavailable> {
    let row = newcomer.id.to_string();
    let seal = |column, plain: &str| {
        let place = Place { organization: tenant.organization, table: "account", column, row: &row };
        key.seal(place, plain.as_bytes(), &*app.entropy)
    };
    let password = hashing::hash(newcomer.password, app.password_hashing, &*app.entropy)?;
    let account = NewAccount {
        id: newcomer.id,
        email_hash: hash_email(app, tenant, newcomer.email),
        email_sealed: seal("email", newcomer.email.as_str())?,
        name_sealed: newcomer.name.map(|name| seal("name", name.as_str())).transpose()?,
        password: Some(&password),
        role: Role::Customer,
        locale: newcomer.locale.clone(),
        verified: true,
    };
    Ok(account::insert(tenant, &account, now))
}
