//! Rates and zones of tax on the wire.

use headlesspro_shared::kernel::id::{TaxRateKind, TaxZoneKind};
use headlesspro_shared::tax::{MOST_RATES, TaxClass, TaxRate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::zones::Zone;
use super::zones::http::ZoneWire;
use super::zones::usecase::{Name, NewZone};
use super::zones::wire::{AreaBody, each, rule_id, zone};
use crate::extract::{FieldErrors, Parse};
use crate::wire::{IdText, MomentText};

/// A tax.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TaxRate", deny_unknown_fields)]
pub struct RateBody {
    /// Left out of a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText<TaxRateKind>>")]
    pub id: Option<String>,
    /// As invoices say it: `MwSt.`, `GST`.
    #[schemars(required, length(min = 1, max = 200))]
    pub name: Option<String>,
    /// The tax classes of variants that it is on. What is of a class that the zone has no rate for is taxed as `standard`.
    #[schemars(required, length(min = 1, max = 50), inner(regex(pattern = "^[a-z][a-z0-9-]{0,39}$")))]
    pub classes: Option<Vec<String>>,
    /// Parts per million: 190000 is 19 %.
    #[schemars(required, range(min = 0, max = 10_000_000))]
    pub ppm: Option<i64>,
    /// On the amount and the taxes before it, rather than on the amount alone. False where it is left out.
    #[serde(default)]
    pub compound: Option<bool>,
    /// The first instant that it holds; always has where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<MomentText>")]
    pub from: Option<String>,
    /// The first instant that it holds no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<MomentText>")]
    pub until: Option<String>,
}

/// All of a zone.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "WriteTaxZone", deny_unknown_fields)]
pub struct WriteZoneBody {
    #[schemars(required, length(min = 1, max = 200))]
    pub name: Option<String>,
    /// The first one holds where two describe a place equally closely. The last place, or the one that the zone has, where
    /// it is left out.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub position: Option<i64>,
    #[schemars(required, length(min = 1, max = 300))]
    pub areas: Option<Vec<AreaBody>>,
    /// In the order in which compound ones are put on top. None: nothing is taxed there.
    #[schemars(length(max = 200))]
    pub rates: Option<Vec<RateBody>>,
}

/// Where the same taxes hold.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TaxZone")]
pub struct ZoneBody {
    #[schemars(with = "IdText<TaxZoneKind>")]
    pub id: String,
    pub name: String,
    pub position: i64,
    pub areas: Vec<AreaBody>,
    pub rates: Vec<RateBody>,
    /// Grows with each change; also the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "MomentText")]
    pub updated_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TaxZoneList")]
pub struct ZoneListBody {
    /// In the order of their positions.
    pub items: Vec<ZoneBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// Of one rate.
const MOST_CLASSES: usize = 50;

impl RateBody {
    fn parse(self, errors: &mut FieldErrors) -> Option<TaxRate> {
        let id = rule_id(errors, self.id);
        let name = errors.required("name", self.name, |name| name.parse::<Name>());
        let mut classes: Vec<TaxClass> = Vec::new();
        for (at, class) in self.classes.into_iter().flatten().take(MOST_CLASSES.saturating_add(1)).enumerate() {
            classes.extend(errors.optional(&format!("classes/{at}"), Some(class), |class| class.parse()));
        }
        if MOST_CLASSES < classes.len() {
            errors.push("classes", "must be 50 at most");
        }
        let ppm = errors.required("ppm", self.ppm, Ok::<_, String>);
        let from = errors.optional("from", self.from, |at| at.parse());
        let until = errors.optional("until", self.until, |at| at.parse());
        let compound = self.compound.unwrap_or(false);
        let rate = TaxRate { id: id?, name: name?.to_string(), classes, ppm: ppm?, compound, from, until };
        for fault in rate.faults() {
            errors.push(fault.field(), fault.to_string());
        }
        Some(rate)
    }
}

impl From<&TaxRate> for RateBody {
    fn from(rate: &TaxRate) -> RateBody {
        RateBody {
            id: Some(rate.id.to_string()),
            name: Some(rate.name.clone()),
            classes: Some(rate.classes.iter().map(ToString::to_string).collect()),
            ppm: Some(rate.ppm),
            compound: Some(rate.compound),
            from: rate.from.map(|at| at.to_string()),
            until: rate.until.map(|at| at.to_string()),
        }
    }
}

impl Parse for WriteZoneBody {
    type Parsed = NewZone<TaxRate>;

    fn parse(self, errors: &mut FieldErrors) -> Option<NewZone<TaxRate>> {
        let (name, position, areas) = zone(errors, self.name, self.position, self.areas);
        if self.rates.as_ref().is_some_and(|rates| MOST_RATES < rates.len()) {
            errors.push("rates", format!("must be {MOST_RATES} at most"));
            return None;
        }
        let rules = each(errors, "rates", self.rates, RateBody::parse);
        if !errors.is_empty() {
            return None;
        }
        Some(NewZone { name: name?, position, areas, rules })
    }
}

impl From<&Zone<TaxRate>> for ZoneBody {
    fn from(zone: &Zone<TaxRate>) -> ZoneBody {
        ZoneBody {
            id: zone.id.to_string(),
            name: zone.name.clone(),
            position: zone.position,
            areas: zone.areas.iter().map(AreaBody::from).collect(),
            rates: zone.rules.iter().map(RateBody::from).collect(),
            version: zone.version,
            created_at: zone.created_at.to_string(),
            updated_at: zone.updated_at.to_string(),
        }
    }
}

impl ZoneWire for TaxRate {
    type Write = WriteZoneBody;
    type Body = ZoneBody;
}
