//! Keeping an address book: addresses are sealed, and read back by their owner alone.

use headlesspro_shared::identity::ADDRESSES_IN_A_BOOK;
use headlesspro_shared::kernel::address::PostalAddress;
use headlesspro_shared::kernel::id::AddressId;
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::{Value as Json, json};

use crate::app::{Ctx, Tenant};
use crate::failure::{Failure, Unavailable};
use crate::identity::caller::Person;
use crate::identity::store::address::{self, AddressRow, Defaults};
use crate::identity::store::{keys, one_time};
use crate::identity::usecase::{data_key, no_data_key, unexplained};
use crate::journal::{self, Answered, Change, Claim, MASKED, PERSONAL};
use crate::port::sql::{Commit, Committed, Rows};
use crate::vault::{DataKey, Place};
use crate::wire::AddressBody;

/// An address with its place in the book.
pub struct Entry {
    pub id: AddressId,
    pub address: AddressBody,
    pub is_default_shipping: bool,
    pub is_default_billing: bool,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressError {
    BookFull,
    VersionMismatch { current: i64 },
}

/// What an address becomes; what is left out stays.
pub struct Wanted {
    pub address: Option<PostalAddress>,
    pub defaults: Defaults,
}

/// The whole book, oldest first.
pub async fn list(ctx: &Ctx, person: Person) -> Result<Vec<Entry>, Failure<AddressError>> {
    let rows = ctx.read(vec![address::list(ctx.tenant(), person.account)]).await?;
    let rows = rows.first().map(address::addresses_of).transpose()?.unwrap_or_default();
    let Some(key) = rows.first().map(|row| data_key(ctx.app(), ctx.tenant(), &row.key)).transpose()? else {
        return Ok(Vec::new());
    };
    Ok(rows.into_iter().map(|row| open(ctx.tenant(), &key, row)).collect::<Result<_, Unavailable>>()?)
}

/// Adds an address. The first one is the default of both kinds.
pub async fn create(
    ctx: &Ctx,
    person: Person,
    wanted: (PostalAddress, Defaults),
    claim: Option<&Claim>,
    render: impl Fn(&Entry) -> String,
) -> Result<Answered, Failure<AddressError>> {
    let tenant = ctx.tenant();
    let (postal, defaults) = wanted;
    let mut reads = vec![keys::data_key(tenant), address::list(tenant, person.account)];
    reads.extend(claim.map(|claim| journal::idempotency_record(tenant, &claim.key)));
    let rows = ctx.read(reads).await?;
    let key = key_of(ctx, rows.first())?;
    if let Some(first) = journal::replay_sealed(tenant, claim, rows.get(2), &key)? {
        return Ok(first.into());
    }
    let is_first = rows.get(1).map(address::addresses_of).transpose()?.is_none_or(|held| held.is_empty());
    let id: AddressId = ctx.new_id()?;
    let address = AddressBody::from(postal);
    let sealed = seal(ctx, &key, id, &address)?;
    let entry = Entry {
        id,
        address,
        is_default_shipping: is_first || defaults.shipping == Some(true),
        is_default_billing: is_first || defaults.billing == Some(true),
        version: 1,
        created_at: ctx.now,
        updated_at: ctx.now,
    };
    // Of two first ones at once the database makes one the default: as it is answered, so it is written.
    let written = Defaults { shipping: Some(entry.is_default_shipping), billing: Some(entry.is_default_billing) };
    let (location, body) = (format!("/api/v1/customers/me/addresses/{id}"), render(&entry));
    let mut commit = Commit::new();
    commit.push(address::yield_defaults(tenant, person, id, written));
    commit.push(address::insert(tenant, person, id, &sealed, written, ADDRESSES_IN_A_BOOK, ctx.now));
    let guard = commit.push(one_time::guard_used());
    if let Some(claim) = claim {
        let body = journal::seal_body(tenant, claim, &body, &key, &*ctx.app().entropy)?;
        commit.push(journal::record(tenant, claim, 201, &location, &body, ctx.now));
        commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    }
    let change = Change::new("address.create", id).after(state(&entry)).redacted(PERSONAL);
    commit.push(journal::audit(ctx, ctx.new_id()?, &person.account.to_string(), change));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(Answered::first(location, body)),
        Committed::Refused { statement, refusal, diagnosis } => {
            match journal::replay_sealed(tenant, claim, diagnosis.first(), &key)? {
                Some(first) => Ok(first.into()),
                None if statement == guard => Err(Failure::Rejected(AddressError::BookFull)),
                None => Err(unexplained(&refusal)),
            }
        }
    }
}

/// Changes an address as a whole, or what it is the default of.
pub async fn update(
    ctx: &Ctx,
    person: Person,
    id: AddressId,
    wanted: Wanted,
    expected: Option<i64>,
) -> Result<Entry, Failure<AddressError>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![address::find(tenant, person.account, id)]).await?;
    let row = only(rows.first())?.ok_or(Failure::NotFound)?;
    let key = data_key(ctx.app(), tenant, &row.key)?;
    let mut entry = open(tenant, &key, row)?;
    let change = Change::new("address.update", id).before(state(&entry));
    let mut sealed = None;
    if let Some(postal) = wanted.address {
        entry.address = AddressBody::from(postal);
        sealed = Some(seal(ctx, &key, id, &entry.address)?);
    }
    entry.is_default_shipping = wanted.defaults.shipping.unwrap_or(entry.is_default_shipping);
    entry.is_default_billing = wanted.defaults.billing.unwrap_or(entry.is_default_billing);
    let mut commit = Commit::new();
    commit.push(address::yield_defaults(tenant, person, id, wanted.defaults));
    commit.push(address::update(tenant, person, id, sealed.as_deref(), wanted.defaults, expected, ctx.now));
    let guard = commit.push(one_time::guard_used());
    let change = change.after(state(&entry)).redacted(PERSONAL);
    commit.push(journal::audit(ctx, ctx.new_id()?, &person.account.to_string(), change));
    commit.push_after(address::find(tenant, person.account, id));
    commit.push_diagnosis(address::find(tenant, person.account, id));
    match ctx.commit(&commit).await? {
        Committed::Done { after, .. } => {
            let row = only(after.first())?.ok_or(Failure::NotFound)?;
            Ok(open(tenant, &key, row)?)
        }
        Committed::Refused { statement, diagnosis, .. } if statement == guard => Err(refused(diagnosis.first())?),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// Removes an address. If it was a default, there is none until another is chosen.
pub async fn delete(
    ctx: &Ctx,
    person: Person,
    id: AddressId,
    expected: Option<i64>,
) -> Result<(), Failure<AddressError>> {
    let tenant = ctx.tenant();
    let mut commit = Commit::new();
    commit.push(address::delete(tenant, person, id, expected));
    let guard = commit.push(one_time::guard_used());
    // All of it that the log may not hold; what more there is the rows before this one say.
    let change = Change::new("address.delete", id).had("address", MASKED.into());
    commit.push(journal::audit(ctx, ctx.new_id()?, &person.account.to_string(), change));
    commit.push_diagnosis(address::find(tenant, person.account, id));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(()),
        Committed::Refused { statement, diagnosis, .. } if statement == guard => Err(refused(diagnosis.first())?),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// What the audit log keeps, once it is redacted.
fn state(entry: &Entry) -> Json {
    json!({
        "address": entry.address,
        "isDefaultShipping": entry.is_default_shipping,
        "isDefaultBilling": entry.is_default_billing,
    })
}

/// Why nothing was changed: it is not there, or at another version.
fn refused(rows: Option<&Rows>) -> Result<Failure<AddressError>, Unavailable> {
    Ok(match only(rows)? {
        None => Failure::NotFound,
        Some(row) => Failure::Rejected(AddressError::VersionMismatch { current: row.version }),
    })
}

fn only(rows: Option<&Rows>) -> Result<Option<AddressRow>, Unavailable> {
    Ok(rows.map(address::addresses_of).transpose()?.unwrap_or_default().into_iter().next())
}

fn key_of(ctx: &Ctx, rows: Option<&Rows>) -> Result<DataKey, Failure<AddressError>> {
    let wrapped = rows.and_then(Rows::first).map(keys::wrapped).transpose()?.ok_or_else(no_data_key)?;
    Ok(data_key(ctx.app(), ctx.tenant(), &wrapped)?)
}

fn seal(ctx: &Ctx, key: &DataKey, id: AddressId, body: &AddressBody) -> Result<String, Failure<AddressError>> {
    let text = serde_json::to_string(body).map_err(|error| Unavailable::Corrupt(error.to_string()))?;
    let row = id.to_string();
    Ok(key.seal(place(ctx.tenant(), &row), text.as_bytes(), &*ctx.app().entropy)?)
}

fn open(tenant: Tenant, key: &DataKey, row: AddressRow) -> Result<Entry, Unavailable> {
    let id = row.id.to_string();
    let text = key.open_text(place(tenant, &id), &row.address_sealed);
    let address = text.ok().and_then(|text| serde_json::from_str(&text).ok());
    Ok(Entry {
        id: row.id,
        address: address.ok_or_else(|| Unavailable::Corrupt("an address".to_owned()))?,
        is_default_shipping: row.is_default_shipping,
        is_default_billing: row.is_default_billing,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

fn place(tenant: Tenant, row: &str) -> Place<'_> {
    Place { organization: tenant.organization, table: "address", column: "address", row }
}
