//! VAT rates as data: the 27 member states of the European Union, the United Kingdom, Korea and Japan, with the
//! territories that have rates of their own or none, and since when.
//!
//! The rows say what they come from ([`Source`]), transcribed from copies of it; those that hold today were compared
//! with TEDB of 2026-08-26 (standard) and 2026-04-28 (others). The standard rates of states go back to before 2000; the
//! others, and those of territories, to 2014 or their beginning, where that is later. The Azores are the exception: their
//! lower rates are held from 2021-07-01 on, though there were others before. Before, and for a class that a state has
//! not, a line is taxed as standard, and its reason says so. Which goods are of which class is for the merchant to say: rates change their scope more often
//! than their height, and differ from state to state. Not held: the lower rates of some Greek islands, the 1.05 and
//! 1.75 % of the French overseas, and rates that hold for some goods for a time only, Estonia's 5 % for the press among
//! them.
//!
//! Classes: `standard`; `reduced`, the higher of two reduced rates or the one that came first; `second-reduced`;
//! `super-reduced`, below 5 %; `parking` (Directive 2006/112/EC, article 118); `zero`.

mod rows;
mod source;
mod territories;

use crate::kernel::area::{Area, Place, PostcodePattern, Region};
use crate::kernel::country::Country;
use crate::kernel::id::{TaxRateId, TaxZoneId};
use crate::kernel::time::Timestamp;
use crate::tax::{TaxRate, TaxZone};

use rows::{Period, STATES, State};
use territories::{TERRITORIES, Territory};

pub use source::Source;

/// A rate of a class in a place, from a date on, and where that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// A country, or a territory of one, such as `PT-30`.
    pub place: &'static str,
    pub class: &'static str,
    /// Parts per million.
    pub ppm: i64,
    /// A date of that place, `2025-07-01`. At the latest: it may have begun before. The next row of the class ends it.
    pub from: &'static str,
    pub source: &'static Source,
}

/// Every row, by place and class and in the order of the dates.
pub fn rows() -> impl Iterator<Item = Row> {
    let states = STATES.iter().flat_map(|state| state.rates.iter().map(|rates| (state.code, rates)));
    let territories =
        TERRITORIES.iter().flat_map(|territory| territory.rates.iter().map(|rates| (territory.key, rates)));
    states.chain(territories).flat_map(|(place, (class, periods))| {
        periods.iter().map(move |&(from, ppm, source)| Row { place, class, ppm, from, source })
    })
}

/// Every territory that has rates of its own or none: its key, its name, and where that is written.
pub fn territories() -> impl Iterator<Item = (&'static str, &'static str, &'static Source)> {
    TERRITORIES.iter().map(|territory| (territory.key, territory.name, territory.source))
}

/// The countries whose rates are shipped.
pub fn countries() -> impl Iterator<Item = Country> {
    STATES.iter().filter_map(|state| state.code.parse().ok())
}

/// What the rates and zones of a country are from, each once.
pub fn sources(country: Country) -> Vec<&'static Source> {
    let code = country.code();
    let own = STATES.iter().filter(|state| state.code == code).flat_map(|state| state.rates);
    let territories = || TERRITORIES.iter().filter(|territory| territory.of == code);
    let rates = own.chain(territories().flat_map(|territory| territory.rates));
    let of_rates = rates.flat_map(|(_, periods)| periods.iter().map(|(_, _, source)| *source));
    let mut sources: Vec<&'static Source> = Vec::new();
    for source in of_rates.chain(territories().map(|territory| territory.source)) {
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    sources
}

/// Zones with the rates of `countries`, past and present, and of their territories; countries without data are left out.
///
/// A zone and a rate have the same id whenever and wherever they are made.
pub fn zones(countries: &[Country]) -> Vec<TaxZone> {
    let mut zones = Vec::new();
    for state in STATES.iter().filter(|state| countries.iter().any(|country| country.code() == state.code)) {
        zones.extend(TERRITORIES.iter().filter(|territory| territory.of == state.code).map(|territory| {
            let own = |class: &str| territory.rates.iter().find(|(of, _)| *of == class);
            let inherited = state.rates.iter().filter(|(class, _)| territory.inherits && own(class).is_none());
            zone(
                state,
                territory.key,
                territory.name,
                territory_areas(territory),
                territory.rates.iter().chain(inherited),
            )
        }));
        let codes = std::iter::once(&state.code).chain(state.also);
        let areas = codes.filter_map(|code| code.parse().ok().map(Area::country)).collect();
        zones.push(zone(state, state.code, state.name, areas, state.rates.iter()));
    }
    zones
}

fn zone(
    state: &State,
    key: &str,
    name: &str,
    areas: Vec<Area>,
    rates: impl Iterator<Item = &'static (&'static str, &'static [Period])>,
) -> TaxZone {
    let rates = rates.flat_map(|(class, periods)| {
        periods.iter().enumerate().filter_map(move |(index, &(from, ppm, _))| {
            let next = periods.get(index.saturating_add(1)).and_then(|&(from, ..)| midnight(state, from));
            Some(TaxRate {
                id: TaxRateId::from_u128(hash(&["rate", key, class, from])),
                name: state.tax.to_owned(),
                classes: vec![class.parse().ok()?],
                ppm,
                compound: false,
                from: midnight(state, from),
                until: next,
            })
        })
    });
    TaxZone { id: TaxZoneId::from_u128(hash(&["zone", key])), name: name.to_owned(), areas, rates: rates.collect() }
}

fn territory_areas(territory: &Territory) -> Vec<Area> {
    let regions = territory.regions.iter().filter_map(|code| code.parse::<Region>().ok()).map(Area::region);
    let patterns: Vec<PostcodePattern> = territory.postcodes.iter().filter_map(|text| text.parse().ok()).collect();
    let postcodes = territory.of.parse().ok().filter(|_| !patterns.is_empty());
    let postcodes = postcodes.and_then(|country| Area::postcodes(country, patterns).ok());
    let countries = territory.also.iter().filter_map(|code| code.parse().ok()).map(Area::country);
    regions.chain(postcodes).chain(countries).collect()
}

fn hash(parts: &[&str]) -> u128 {
    xxhash_rust::xxh3::xxh3_128(parts.join("/").as_bytes())
}

/// When a date begins in a state: rates change at its own midnight. Summer time is taken to hold from April to October,
/// since no rate has changed in the last days of March or October.
fn midnight(state: &State, date: &str) -> Option<Timestamp> {
    let is_summer = state.has_summer_time && date.get(5..7).is_some_and(|month| ("04"..="10").contains(&month));
    let hours = state.utc_offset.checked_add(i64::from(is_summer))?;
    let midnight: Timestamp = format!("{date}T00:00:00Z").parse().ok()?;
    midnight.checked_add_millis(hours.checked_mul(-3_600_000)?)
}

/// The member state whose VAT holds at `place`, by its code (`GR` for Greece); `XI` for Northern Ireland, which is one
/// for goods. `None` outside the Union's VAT, whatever country a territory belongs to. The territory is the closest, as
/// for a zone.
pub fn member_of_place(place: &Place) -> Option<&'static str> {
    let code = place.country.code();
    let territories = TERRITORIES.iter().filter(|territory| territory.of == code || territory.also.contains(&code));
    let close = territories.filter_map(|territory| {
        let closest = territory_areas(territory).iter().filter_map(|area| area.covers(place)).max()?;
        Some((territory, closest))
    });
    match close.reduce(|closest, other| if closest.1 < other.1 { other } else { closest }) {
        Some((territory, _)) => territory.member,
        None => STATES
            .iter()
            .find(|state| state.is_member && (state.code == code || state.also.contains(&code)))
            .map(|state| state.code),
    }
}

/// The member state that gave a VAT id, by its form: two letters (`EL` for Greece, `XI` for Northern Ireland) and 2 to
/// 12 letters and digits; spaces, hyphens and dots do not matter. Whether it is given to anybody is for VIES to say.
/// Source: Directive 2006/112/EC, article 215; VIES, "VAT identification number structure".
pub fn member_of_id(number: &str) -> Option<&'static str> {
    let number: String = number.chars().filter(|c| !matches!(c, ' ' | '-' | '.')).take(20).collect();
    let (prefix, rest) = number.split_at_checked(2)?;
    let is_formed = (2..=12).contains(&rest.len())
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'*');
    match prefix.to_ascii_uppercase().as_str() {
        _ if !is_formed => None,
        "EL" => Some("GR"),
        "XI" => Some("XI"),
        "GR" => None,
        prefix => STATES.iter().find(|state| state.is_member && state.code == prefix).map(|state| state.code),
    }
}
