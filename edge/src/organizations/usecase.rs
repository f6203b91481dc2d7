//! Founding organizations, each with a store: what every founding has, and the operator's, who stands above tenants.

use headlesspro_shared::identity::{KeyKind, Scopes, mint_api_key};
use headlesspro_shared::kernel::id::{Id, Kind};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::json;

use super::store::tenant::{self as store, NewStore, StoreSummary};
use crate::app::{App, Tenant};
use crate::failure::Unavailable;
use crate::identity::{NewApiKey, hash_of, hint_of, insert_api_key, new_data_key};
use crate::journal::{self, By, Change, announcement};
use crate::port::sql::{Commit, Committed, Sql};
use crate::vault::DataKey;

/// Who opens stores: the person at the command line.
pub(super) const OPERATOR: &str = "operator";

/// A new store with its keys in the clear, which nothing keeps.
pub struct Opened {
    pub tenant: Tenant,
    pub publishable_key: String,
    pub secret_key: String,
}

/// What an organization begins with.
pub(super) struct Founding<'a> {
    pub(super) tenant: Tenant,
    pub(super) organization: &'a str,
    pub(super) store: &'a str,
    pub(super) currency: Currency,
    /// The kinds of the store's first keys.
    pub(super) keys: &'a [KeyKind],
}

impl Founding<'_> {
    /// Adds all of it to `commit`, the organization first of all, and what others hear of it. Answers its data key, and
    /// the keys in the clear.
    ///
    /// # Errors
    /// [`Unavailable`] when the host has no randomness.
    pub(super) fn push(
        &self,
        app: &App,
        commit: &mut Commit,
        now: Timestamp,
    ) -> Result<(DataKey, Vec<String>), Unavailable> {
        let Founding { tenant, organization, store: name, currency, .. } = *self;
        commit.push(store::found(tenant.organization, organization, currency, now));
        commit.push(store::insert_store(tenant, &NewStore { name, currency }, now));
        let (data_key, insert) = new_data_key(app, tenant, now)?;
        commit.push(insert);
        let (organization, store) = (tenant.organization.to_string(), ("storeId", tenant.store.to_string()));
        let founded = [("organizationId", organization), store.clone(), ("currency", currency.to_string())];
        commit.push(announcement(tenant, new_id(app, now)?, "organization.founded", &founded, now));
        commit.push(announcement(tenant, new_id(app, now)?, "store.created", std::slice::from_ref(&store), now));
        let mut keys = Vec::with_capacity(self.keys.len());
        for kind in self.keys.iter().copied() {
            let mut random = [0; 20];
            app.entropy.fill(&mut random)?;
            let key = mint_api_key(kind, tenant.organization, tenant.store, random);
            let new = NewApiKey {
                id: new_id(app, now)?,
                kind,
                hash: hash_of(&key),
                scopes: Scopes::of_new_key(kind),
                name: format!("First {} key", kind.name()),
                hint: hint_of(&key),
                expires_at: None,
                channel: None,
            };
            commit.push(insert_api_key(tenant, &new, now));
            let made = [("apiKeyId", new.id.to_string()), store.clone()];
            commit.push(announcement(tenant, new_id(app, now)?, "api_key.created", &made, now));
            keys.push(key);
        }
        Ok((data_key, keys))
    }
}

/// Founds an organization with one store and two keys, in one commit: in the first database, which is on the command
/// line the one that it names. No directory names an organization before there is one.
///
/// # Errors
/// [`Unavailable`] when the database does not answer or is not migrated.
pub async fn open_store(app: &App, organization: &str, name: &str, currency: Currency) -> Result<Opened, Unavailable> {
    let now = app.clock.now();
    let tenant = Tenant { organization: new_id(app, now)?, store: new_id(app, now)? };
    let mut commit = Commit::new();
    let keys = &[KeyKind::Publishable, KeyKind::Secret];
    let (_, mut keys) = Founding { tenant, organization, store: name, currency, keys }.push(app, &mut commit, now)?;
    // Begins the organization's audit log.
    let by = By { actor: OPERATOR, request_id: "cli", now };
    let state = json!({ "organizationId": tenant.organization, "name": name, "currency": currency.to_string() });
    commit.push(journal::audit_by(tenant, new_id(app, now)?, by, Change::new("store.open", tenant.store).after(state)));
    match app.databases.of(tenant.organization).commit(&commit).await? {
        Committed::Done { .. } => {}
        Committed::Refused { refusal, .. } => {
            return Err(Unavailable::Corrupt(format!("the store was refused: {refusal:?}")));
        }
    }
    let secret_key = keys.pop().unwrap_or_default();
    let publishable_key = keys.pop().unwrap_or_default();
    Ok(Opened { tenant, publishable_key, secret_key })
}

/// All stores of the one database that the command line names, for the operator.
///
/// # Errors
/// [`Unavailable`] when the database does not answer or is not migrated.
pub async fn all(app: &App) -> Result<Vec<StoreSummary>, Unavailable> {
    all_in(&**app.databases.first()).await
}

pub(super) async fn all_in(sql: &dyn Sql) -> Result<Vec<StoreSummary>, Unavailable> {
    let rows = sql.read(vec![store::stores()]).await?;
    Ok(rows.first().map(store::stores_of).transpose()?.unwrap_or_default())
}

pub(super) fn new_id<K: Kind>(app: &App, now: Timestamp) -> Result<Id<K>, Unavailable> {
    let mut random = [0; 10];
    app.entropy.fill(&mut random)?;
    Ok(Id::new(now, random))
}
