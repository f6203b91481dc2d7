//! Zones: areas in which the same rules of a kind hold, rates of tax or methods of shipping. They are kept, replaced and
//! deleted as wholes, in the same way for each kind.

pub mod http;
pub mod openapi;
mod store;
pub mod usecase;
pub mod wire;

pub use store::{Zone, ZoneSql};

use headlesspro_shared::kernel::id::{Id, Kind};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A rule of which a zone has some.
pub trait Ruled: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    type ZoneKind: Kind;
    type Kind: Kind;

    const SQL: ZoneSql;
    const WORDS: ZoneWords;

    /// Its own.
    fn id(&mut self) -> &mut Id<Self::Kind>;
}

/// What zones of a kind are called.
#[derive(Debug, Clone, Copy)]
pub struct ZoneWords {
    /// Of the list: `/api/v1/tax-zones`.
    pub path: &'static str,
    /// Whose cursors those of the list are.
    pub list: &'static str,
    /// The field with its rules.
    pub rules: &'static str,
    /// The field with its id, in events.
    pub id: &'static str,
    /// What the audit log and the event say.
    pub made: (&'static str, &'static str),
    pub replaced: (&'static str, &'static str),
    pub deleted: (&'static str, &'static str),
    /// What the database says where a store has too many.
    pub too_many: &'static str,
    /// What the database says where a store's are too large together.
    pub too_large: &'static str,
    /// What it says where a rule names what the store does not have; and what is said of the rules then.
    pub unknown: Option<(&'static str, &'static str)>,
}
