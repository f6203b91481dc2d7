//! Methods and zones of shipping on the wire: amounts are decimals by currency.

use std::collections::BTreeMap;

use headlesspro_shared::kernel::id::{LocationKind, ShippingMethodKind, ShippingZoneKind};
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::shipping::{
    Amounts, Conditions, Expression, ExternalFallback, FreeOver, MOST_METHODS, Measure, Price, ProviderName, Row,
    ShippingMethod, Span, Terms,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::extract::{FieldErrors, Parse};
use crate::tax::{AreaBody, NewZone, ShippingTaxBody, Zone, ZoneWire, each, parse_zone, rule_id};
use crate::wire::{IdText, MomentText, value_of};

type AmountsBody = BTreeMap<String, String>;

/// What a method costs. Of the other fields those that belong to `by` are there.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ShippingPrice", deny_unknown_fields)]
pub struct PriceBody {
    /// `flat` has `amounts`; `table` has `measure` and `rows`; `expression` has `expressions`; `external` has `provider` and
    /// `fallback`: each rate that the provider answers is an offer.
    #[schemars(required, extend("enum" = ["flat", "table", "expression", "external"]))]
    pub by: Option<String>,
    /// Decimals by currency: `{"EUR": "4.90"}`. In a currency that is not here the method is not offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amounts: Option<AmountsBody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["weight", "subtotal", "quantity", null]))]
    pub measure: Option<String>,
    /// By currency. The first row that reaches what is measured; beyond the last the method is not offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<BTreeMap<String, Vec<RowBody>>>,
    /// By currency: `{"constant": 500}`, `"weight"` (grams), `"subtotal"` (minor units), `"quantity"`, and `sum`, `product`,
    /// `min`, `max` of such, and `{"steps": {"of": ..., "size": 500}}`. The value is in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expressions: Option<BTreeMap<String, serde_json::Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// One of the store's shipping settings.
    #[schemars(regex(pattern = "^[a-z][a-z0-9-]{0,39}$"))]
    pub provider: Option<String>,
    /// What is done when the provider has no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<FallbackBody>,
}

/// `hide`: the method is not offered. `flat`: it costs `amounts`.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ShippingFallback", deny_unknown_fields)]
pub struct FallbackBody {
    #[schemars(required, extend("enum" = ["hide", "flat"]))]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amounts: Option<AmountsBody>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ShippingPriceRow", deny_unknown_fields)]
pub struct RowBody {
    /// The most that the row is for: grams or units, or a decimal where the subtotal is measured. Any where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<BoundBody>,
    #[schemars(required)]
    pub amount: Option<String>,
}

/// Grams or units, or a decimal of a currency.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "ShippingBound")]
pub enum BoundBody {
    Whole(i64),
    Decimal(String),
}

/// From which subtotal on a method costs nothing.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "FreeOver", deny_unknown_fields)]
pub struct FreeOverBody {
    /// Of the order, or of what is sent together.
    #[schemars(required, extend("enum" = ["order", "group"]))]
    pub of: Option<String>,
    /// The threshold itself is free.
    #[schemars(required)]
    pub amounts: Option<AmountsBody>,
}

/// From `min` to `max`, both included.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Span", deny_unknown_fields)]
pub struct SpanBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
}

/// From `min` to `max`, both included, as decimals.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AmountSpan", deny_unknown_fields)]
pub struct AmountSpanBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
}

/// Which lines may be shipped.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ShippingTerms", deny_unknown_fields)]
pub struct TermsBody {
    /// Every line has one of these; any where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub any_of: Option<Vec<String>>,
    /// No line has one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub none_of: Option<Vec<String>>,
}

/// When a method is offered: all of them hold of what is sent together.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ShippingConditions", deny_unknown_fields)]
pub struct ConditionsBody {
    /// By currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtotal: Option<BTreeMap<String, AmountSpanBody>>,
    /// In grams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<SpanBody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<SpanBody>,
    /// ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub countries: Option<Vec<String>>,
    /// Where it ships from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<IdText<LocationKind>>>")]
    pub locations: Option<Vec<String>>,
    /// Of the products.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<TermsBody>,
    /// Tax classes of the variants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<TermsBody>,
}

/// A way to get what is bought.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ShippingMethod", deny_unknown_fields)]
pub struct MethodBody {
    /// Left out of a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText<ShippingMethodKind>>")]
    pub id: Option<String>,
    /// As the buyer reads it.
    #[schemars(required, length(min = 1, max = 200))]
    pub name: Option<String>,
    #[schemars(required)]
    pub price: Option<PriceBody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_over: Option<FreeOverBody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<ConditionsBody>,
    /// As `shippingTax` of the store's tax settings says, where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<ShippingTaxBody>,
}

/// All of a zone.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "WriteShippingZone", deny_unknown_fields)]
pub struct WriteZoneBody {
    #[schemars(required, length(min = 1, max = 200))]
    pub name: Option<String>,
    /// The first one holds where two describe a place equally closely. The last place, or the one that the zone has, where
    /// it is left out.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub position: Option<i64>,
    #[schemars(required, length(min = 1, max = 300))]
    pub areas: Option<Vec<AreaBody>>,
    /// In the order that they are shown. None: nothing is shipped there.
    #[schemars(length(max = 100))]
    pub methods: Option<Vec<MethodBody>>,
}

/// Where the same methods are offered.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ShippingZone")]
pub struct ZoneBody {
    #[schemars(with = "IdText<ShippingZoneKind>")]
    pub id: String,
    pub name: String,
    pub position: i64,
    pub areas: Vec<AreaBody>,
    pub methods: Vec<MethodBody>,
    /// Grows with each change; also the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "MomentText")]
    pub updated_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ShippingZoneList")]
pub struct ZoneListBody {
    /// In the order of their positions.
    pub items: Vec<ZoneBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// What `parse` makes of the values of a map by currency, each with its own errors.
fn by_currency<T, U>(
    errors: &mut FieldErrors,
    name: &str,
    map: Option<BTreeMap<String, T>>,
    parse: impl Fn(T, Currency, &str, &mut FieldErrors) -> Option<U>,
) -> BTreeMap<Currency, U> {
    let mut parsed = BTreeMap::new();
    for (code, value) in map.into_iter().flatten() {
        let path = format!("{name}/{code}");
        if let Some(currency) = errors.optional(&path, Some(code), |code| code.parse::<Currency>()) {
            parsed.extend(parse(value, currency, &path, errors).map(|value| (currency, value)));
        }
    }
    parsed
}

fn minor(text: &str, currency: Currency) -> Result<i64, String> {
    Money::parse_amount(text, currency).map(|money| money.minor()).map_err(|error| error.to_string())
}

fn decimal(minor: i64, currency: Currency) -> String {
    Money::new(minor, currency).amount_text()
}

fn amounts(errors: &mut FieldErrors, name: &str, given: Option<AmountsBody>) -> Amounts {
    if given.is_none() {
        errors.push(name, "is required");
    }
    by_currency(errors, name, given, |text, currency, path, errors| {
        errors.optional(path, Some(text), |text| minor(&text, currency))
    })
}

fn decimals(amounts: &Amounts) -> AmountsBody {
    amounts.iter().map(|(currency, amount)| (currency.to_string(), decimal(*amount, *currency))).collect()
}

impl PriceBody {
    fn parse(self, errors: &mut FieldErrors) -> Option<Price> {
        let (by, measure) = (self.by.as_deref(), self.measure);
        for (name, is_given, of) in [
            ("amounts", self.amounts.is_some(), "flat"),
            ("measure", measure.is_some(), "table"),
            ("rows", self.rows.is_some(), "table"),
            ("expressions", self.expressions.is_some(), "expression"),
            ("provider", self.provider.is_some(), "external"),
            ("fallback", self.fallback.is_some(), "external"),
        ] {
            if is_given && by.is_some_and(|by| by != of) {
                errors.push(name, format!("is there only where `by` is {of}"));
            }
        }
        match by {
            Some("flat") => Some(Price::Flat { amounts: amounts(errors, "amounts", self.amounts) }),
            Some("table") => {
                let measure = errors.required("measure", measure, |measure| measure.parse::<Measure>());
                if self.rows.is_none() {
                    errors.push("rows", "is required");
                }
                let measure = measure?;
                let rows = by_currency(errors, "rows", self.rows, |rows, currency, path, errors| {
                    Some(each(errors, path, Some(rows), |row, errors| row.parse(errors, measure, currency)))
                });
                Some(Price::Table { measure, rows })
            }
            Some("expression") => {
                if self.expressions.is_none() {
                    errors.push("expressions", "is required");
                }
                let expressions = by_currency(errors, "expressions", self.expressions, |json, _, path, errors| {
                    errors.optional(path, Some(json), |json| serde_json::from_str::<Expression>(&json.to_string()))
                });
                Some(Price::Expression { expressions })
            }
            Some("external") => {
                let provider = errors.required("provider", self.provider, |name| name.parse::<ProviderName>());
                if self.fallback.is_none() {
                    errors.push("fallback", "is required");
                }
                let fallback = errors.nested("fallback", |errors| self.fallback?.parse(errors));
                Some(Price::External { provider: provider?.to_string(), fallback: fallback? })
            }
            Some(_) => {
                errors.push("by", "must be flat, table, expression or external");
                None
            }
            None => {
                errors.push("by", "is required");
                None
            }
        }
    }
}

impl FallbackBody {
    fn parse(self, errors: &mut FieldErrors) -> Option<ExternalFallback> {
        match (self.kind.as_deref(), self.amounts) {
            (Some("hide"), None) => Some(ExternalFallback::Hide),
            (Some("hide"), Some(_)) => {
                errors.push("amounts", "is there only where `kind` is flat");
                None
            }
            (Some("flat"), given) => Some(ExternalFallback::Flat { amounts: amounts(errors, "amounts", given) }),
            (Some(_), _) => {
                errors.push("kind", "must be hide or flat");
                None
            }
            (None, _) => {
                errors.push("kind", "is required");
                None
            }
        }
    }
}

impl From<&Price> for PriceBody {
    fn from(price: &Price) -> PriceBody {
        let by = |by: &str| PriceBody { by: Some(by.to_owned()), ..PriceBody::default() };
        match price {
            Price::Flat { amounts } => PriceBody { amounts: Some(decimals(amounts)), ..by("flat") },
            Price::Table { measure, rows } => {
                let of = |(currency, rows): (&Currency, &Vec<Row>)| {
                    (currency.to_string(), rows.iter().map(|row| RowBody::of(row, *measure, *currency)).collect())
                };
                let rows = rows.iter().map(of).collect();
                PriceBody { measure: Some(measure.to_string()), rows: Some(rows), ..by("table") }
            }
            Price::Expression { expressions } => {
                let of =
                    |(currency, expression): (&Currency, &Expression)| (currency.to_string(), value_of(expression));
                PriceBody { expressions: Some(expressions.iter().map(of).collect()), ..by("expression") }
            }
            Price::External { provider, fallback } => {
                let fallback = match fallback {
                    ExternalFallback::Hide => FallbackBody { kind: Some("hide".to_owned()), amounts: None },
                    ExternalFallback::Flat { amounts } => {
                        FallbackBody { kind: Some("flat".to_owned()), amounts: Some(decimals(amounts)) }
                    }
                };
                PriceBody { provider: Some(provider.clone()), fallback: Some(fallback), ..by("external") }
            }
        }
    }
}

impl RowBody {
    fn parse(self, errors: &mut FieldErrors, measure: Measure, currency: Currency) -> Option<Row> {
        let up_to = errors.optional("upTo", self.up_to, |bound| match (bound, measure) {
            (BoundBody::Decimal(text), Measure::Subtotal) => minor(&text, currency),
            (BoundBody::Whole(units), Measure::Weight | Measure::Quantity) => Ok(units),
            (BoundBody::Whole(_), Measure::Subtotal) => Err("must be a decimal such as \"50.00\"".to_owned()),
            (BoundBody::Decimal(_), Measure::Weight | Measure::Quantity) => Err("must be a whole number".to_owned()),
        });
        let amount = errors.required("amount", self.amount, |text| minor(&text, currency));
        Some(Row { up_to, amount: amount? })
    }

    fn of(row: &Row, measure: Measure, currency: Currency) -> RowBody {
        let bound = |bound| match measure {
            Measure::Subtotal => BoundBody::Decimal(decimal(bound, currency)),
            Measure::Weight | Measure::Quantity => BoundBody::Whole(bound),
        };
        RowBody { up_to: row.up_to.map(bound), amount: Some(decimal(row.amount, currency)) }
    }
}

impl FreeOverBody {
    fn parse(self, errors: &mut FieldErrors) -> Option<FreeOver> {
        let of = errors.required("of", self.of, |of| of.parse());
        let amounts = amounts(errors, "amounts", self.amounts);
        Some(FreeOver { of: of?, amounts })
    }
}

impl From<&FreeOver> for FreeOverBody {
    fn from(free: &FreeOver) -> FreeOverBody {
        FreeOverBody { of: Some(free.of.to_string()), amounts: Some(decimals(&free.amounts)) }
    }
}

impl SpanBody {
    fn of(span: Span) -> SpanBody {
        SpanBody { min: span.min, max: span.max }
    }
}

impl TermsBody {
    /// At most so many of each.
    const MOST: usize = 100;

    fn parse<T: std::str::FromStr<Err: ToString>>(self, errors: &mut FieldErrors) -> Terms<T> {
        let mut list = |name: &str, texts: Option<Vec<String>>| {
            let texts = texts.unwrap_or_default();
            if TermsBody::MOST < texts.len() {
                errors.push(name, "must be 100 at most");
                return Vec::new();
            }
            list_of(errors, name, Some(texts))
        };
        Terms { any_of: list("anyOf", self.any_of), none_of: list("noneOf", self.none_of) }
    }

    fn of<T: ToString>(terms: &Terms<T>) -> Option<TermsBody> {
        let texts = |terms: &[T]| {
            Some(terms.iter().map(ToString::to_string).collect::<Vec<_>>()).filter(|texts| !texts.is_empty())
        };
        let body = TermsBody { any_of: texts(&terms.any_of), none_of: texts(&terms.none_of) };
        (body.any_of.is_some() || body.none_of.is_some()).then_some(body)
    }
}

/// The elements of a list of texts, each parsed.
fn list_of<T: std::str::FromStr<Err: ToString>>(
    errors: &mut FieldErrors,
    name: &str,
    texts: Option<Vec<String>>,
) -> Vec<T> {
    let mut parsed = Vec::new();
    for (at, text) in texts.into_iter().flatten().enumerate() {
        parsed.extend(errors.optional(&format!("{name}/{at}"), Some(text), |text| text.parse()));
    }
    parsed
}

impl ConditionsBody {
    fn parse(self, errors: &mut FieldErrors) -> Conditions {
        let subtotal = by_currency(errors, "subtotal", self.subtotal, |span, currency, path, errors| {
            let mut bound = |name: &str, text: Option<String>| {
                errors.optional(&format!("{path}/{name}"), text, |text| minor(&text, currency))
            };
            Some(Span { min: bound("min", span.min), max: bound("max", span.max) })
        });
        let span = |span: Option<SpanBody>| span.map(|span| Span { min: span.min, max: span.max });
        let (tags, classes) = (self.tags, self.classes);
        let tags = tags.map(|terms| errors.nested("tags", |errors| terms.parse::<Line<255>>(errors)));
        let text = |terms: Vec<Line<255>>| terms.iter().map(ToString::to_string).collect();
        Conditions {
            subtotal,
            weight: span(self.weight),
            quantity: span(self.quantity),
            countries: list_of(errors, "countries", self.countries),
            locations: list_of(errors, "locations", self.locations),
            tags: tags
                .map(|terms| Terms { any_of: text(terms.any_of), none_of: text(terms.none_of) })
                .unwrap_or_default(),
            classes: classes.map(|terms| errors.nested("classes", |errors| terms.parse(errors))).unwrap_or_default(),
        }
    }

    /// `None` where there are none.
    fn of(conditions: &Conditions) -> Option<ConditionsBody> {
        fn texts<T: ToString>(list: &[T]) -> Option<Vec<String>> {
            (!list.is_empty()).then(|| list.iter().map(ToString::to_string).collect())
        }
        let subtotal = conditions.subtotal.iter().map(|(currency, span)| {
            let bound = |bound: Option<i64>| bound.map(|bound| decimal(bound, *currency));
            (currency.to_string(), AmountSpanBody { min: bound(span.min), max: bound(span.max) })
        });
        (*conditions != Conditions::default()).then(|| ConditionsBody {
            subtotal: (!conditions.subtotal.is_empty()).then(|| subtotal.collect()),
            weight: conditions.weight.map(SpanBody::of),
            quantity: conditions.quantity.map(SpanBody::of),
            countries: texts(&conditions.countries),
            locations: texts(&conditions.locations),
            tags: TermsBody::of(&conditions.tags),
            classes: TermsBody::of(&conditions.classes),
        })
    }
}

impl MethodBody {
    pub(super) fn parse(self, errors: &mut FieldErrors) -> Option<ShippingMethod> {
        let id = rule_id(errors, self.id);
        let name = errors.required("name", self.name, |name| name.parse::<Line<200>>());
        if self.price.is_none() {
            errors.push("price", "is required");
        }
        let price = self.price.and_then(|price| errors.nested("price", |errors| price.parse(errors)));
        let free_over = self.free_over.and_then(|free| errors.nested("freeOver", |errors| free.parse(errors)));
        let conditions = self.conditions.unwrap_or_default();
        let conditions = errors.nested("conditions", |errors| conditions.parse(errors));
        let tax = self.tax.and_then(|tax| errors.nested("tax", |errors| tax.parse(errors)));
        let price = price?;
        for (path, fault) in price.faults() {
            errors.push(&path, fault.to_string());
        }
        Some(ShippingMethod { id: id?, name: name?.to_string(), price, free_over, conditions, tax })
    }
}

impl From<&ShippingMethod> for MethodBody {
    fn from(method: &ShippingMethod) -> MethodBody {
        MethodBody {
            id: Some(method.id.to_string()),
            name: Some(method.name.clone()),
            price: Some((&method.price).into()),
            free_over: method.free_over.as_ref().map(FreeOverBody::from),
            conditions: ConditionsBody::of(&method.conditions),
            tax: method.tax.as_ref().map(ShippingTaxBody::from),
        }
    }
}

impl Parse for WriteZoneBody {
    type Parsed = NewZone<ShippingMethod>;

    fn parse(self, errors: &mut FieldErrors) -> Option<NewZone<ShippingMethod>> {
        let (name, position, areas) = parse_zone(errors, self.name, self.position, self.areas);
        if self.methods.as_ref().is_some_and(|methods| MOST_METHODS < methods.len()) {
            errors.push("methods", format!("must be {MOST_METHODS} at most"));
            return None;
        }
        let rules = each(errors, "methods", self.methods, MethodBody::parse);
        if !errors.is_empty() {
            return None;
        }
        Some(NewZone { name: name?, position, areas, rules })
    }
}

impl From<&Zone<ShippingMethod>> for ZoneBody {
    fn from(zone: &Zone<ShippingMethod>) -> ZoneBody {
        ZoneBody {
            id: zone.id.to_string(),
            name: zone.name.clone(),
            position: zone.position,
            areas: zone.areas.iter().map(AreaBody::from).collect(),
            methods: zone.rules.iter().map(MethodBody::from).collect(),
            version: zone.version,
            created_at: zone.created_at.to_string(),
            updated_at: zone.updated_at.to_string(),
        }
    }
}

impl ZoneWire for ShippingMethod {
    type Write = WriteZoneBody;
    type Body = ZoneBody;
}
