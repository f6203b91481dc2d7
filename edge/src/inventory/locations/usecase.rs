//! Making, replacing and deleting a location: read what is there, decide, commit.

use headlesspro_shared::identity::Resource;
use headlesspro_shared::inventory::Coordinates;
use headlesspro_shared::kernel::id::LocationId;
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::page::{CursorPart, page};
use serde_json::{Value, json};

use super::http;
use super::store::{self, Location};
use crate::app::Ctx;
use crate::catalog::guard_changed;
use crate::failure::Failure;
use crate::inventory::writing::{InventoryError, Outcome, expect, invalid, is, rejected, unexplained};
use crate::journal::{Answered, Change, Claim, Made, first_answer, make, tell, told};
use crate::port::sql::{Commit, Committed, Constraint, Rows};
use crate::wire::AddressBody;

/// What a location is called.
pub type Name = Line<100>;

/// The list has one sort.
pub const BY_ID: &str = "id";

/// All of a location that a request says.
pub struct NewLocation {
    pub name: Name,
    pub address: Option<AddressBody>,
    pub coordinates: Option<Coordinates>,
    pub priority: i32,
    pub active: bool,
    pub fulfils_online: bool,
    pub offers_pickup: bool,
}

impl NewLocation {
    fn put_into(&self, was: Location) -> Location {
        Location {
            name: self.name.to_string(),
            address: self.address.clone(),
            coordinates: self.coordinates,
            priority: self.priority,
            active: self.active,
            fulfils_online: self.fulfils_online,
            offers_pickup: self.offers_pickup,
            ..was
        }
    }
}

/// A page of the store's locations after an id, and the cursor of the next one: those that the caller's grants are for.
pub async fn list(ctx: &Ctx, after: &str, limit: i64) -> Outcome<(Vec<Location>, Option<String>)> {
    let some = ctx.locations();
    let rows = ctx.read(vec![store::list(ctx.tenant(), after, limit.saturating_add(1), some.as_ref())]).await?;
    let found = rows.first().map(store::locations_of).transpose()?.unwrap_or_default();
    Ok(page(found, limit, BY_ID, |last| vec![CursorPart::Text(last.id.to_string())]))
}

/// One location.
pub async fn find(ctx: &Ctx, id: LocationId) -> Outcome<Location> {
    for ctx in ctx.attempts() {
        let rows = ctx.read(vec![store::find(ctx.tenant(), id)]).await?;
        if let Some(settled) = ctx.settles(reached(&ctx, rows.first()).await.map(Some)) {
            return settled;
        }
    }
    Err(Failure::NotFound)
}

/// The location of the row, which the caller's grants reach.
async fn reached(ctx: &Ctx, rows: Option<&Rows>) -> Outcome<Location> {
    let found = rows.map(store::locations_of).transpose()?.unwrap_or_default().pop().ok_or(Failure::NotFound)?;
    let resource = Resource::of_store(ctx.tenant().store).at(found.id);
    if ctx.reaches(&resource).await? { Ok(found) } else { Err(Failure::NotFound) }
}

pub async fn create(ctx: &Ctx, new: &NewLocation, claim: Option<&Claim>) -> Outcome<Answered> {
    if let Some(first) = first_answer(ctx, claim).await? {
        return Ok(first);
    }
    let made = new.put_into(Location {
        id: ctx.new_id()?,
        name: String::new(),
        address: None,
        coordinates: None,
        priority: 0,
        active: true,
        fulfils_online: true,
        offers_pickup: false,
        is_default: false,
        version: 1,
        created_at: ctx.now,
        updated_at: ctx.now,
    });
    let mut commit = Commit::new();
    let insert = commit.push(store::insert(ctx.tenant(), &made));
    let change = Change::new("location.create", made.id).after(state(&made)).redacted(PRIVATE);
    tell(ctx, &mut commit, "location.created", &payload(made.id), change).await?;
    let location = format!("/api/v1/locations/{}", made.id);
    match make(ctx, commit, Answered::first(location, http::render(&made)), claim).await? {
        Made::Done(answered) => Ok(answered),
        Made::Refused { statement, refusal } if statement == insert && is(&refusal, Constraint::Unique) => taken(),
        Made::Refused { refusal, .. } if refusal.is_raised("LOCATION_COUNT") => {
            rejected(InventoryError::TooManyLocations)
        }
        Made::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

fn taken<T>() -> Outcome<T> {
    invalid("name", "another location has this name")
}

/// Replaces all of a location but its id.
pub async fn replace(ctx: &Ctx, id: LocationId, new: &NewLocation, expected: Option<i64>) -> Outcome<Location> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_replace(&ctx, id, new, expected).await) {
            return settled;
        }
    }
    rejected(InventoryError::Changing)
}

/// `None`: somebody else was quicker.
async fn try_replace(ctx: &Ctx, id: LocationId, new: &NewLocation, expected: Option<i64>) -> Outcome<Option<Location>> {
    let rows = ctx.read(vec![store::find(ctx.tenant(), id)]).await?;
    let was = reached(ctx, rows.first()).await?;
    expect(expected, was.version)?;
    let is_now = new.put_into(was.clone());
    if is_now == was {
        return Ok(Some(was).filter(|_| ctx.is_current()));
    }
    let mut commit = Commit::new();
    let written = commit.push(store::replace(ctx.tenant(), &is_now, ctx.now));
    let guard = commit.push(guard_changed());
    let (before, after) = told::difference(&state(&was), &state(&is_now));
    let change = Change::new("location.replace", id).before(before).after(after).redacted(PRIVATE);
    tell(ctx, &mut commit, "location.changed", &payload(id), change).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {
            Ok(Some(Location { version: was.version.saturating_add(1), updated_at: ctx.now, ..is_now }))
        }
        Committed::Refused { statement, refusal, .. } if statement == written && is(&refusal, Constraint::Unique) => {
            taken()
        }
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// Deletes a location that is not the default.
pub async fn delete(ctx: &Ctx, id: LocationId, expected: Option<i64>) -> Outcome<()> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_delete(&ctx, id, expected).await) {
            return settled;
        }
    }
    rejected(InventoryError::Changing)
}

async fn try_delete(ctx: &Ctx, id: LocationId, expected: Option<i64>) -> Outcome<Option<()>> {
    let rows = ctx.read(vec![store::find(ctx.tenant(), id)]).await?;
    let was = reached(ctx, rows.first()).await?;
    expect(expected, was.version)?;
    if was.is_default {
        return rejected(InventoryError::LocationIsDefault);
    }
    let mut commit = Commit::new();
    commit.push(store::delete(ctx.tenant(), id, was.version));
    let guard = commit.push(guard_changed());
    let change = Change::new("location.delete", id).before(state(&was)).redacted(PRIVATE);
    tell(ctx, &mut commit, "location.deleted", &payload(id), change).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(Some(())),
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

fn payload(id: LocationId) -> [(&'static str, String); 1] {
    [("locationId", id.to_string())]
}

/// What the audit log does not show of a location: somebody may live there.
const PRIVATE: &[&str] = &["address", "coordinates"];

/// What the audit log keeps.
fn state(of: &Location) -> Value {
    json!({
        "name": of.name,
        "address": of.address,
        "coordinates": of.coordinates.map(|point| json!([point.latitude(), point.longitude()])),
        "priority": of.priority,
        "active": of.active,
        "fulfilsOnlineOrders": of.fulfils_online,
        "offersPickup": of.offers_pickup,
    })
}
