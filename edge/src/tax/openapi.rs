//! The operations of taxes, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{TaxRateKind, TaxZoneKind};
use http::Method;
use serde_json::{Value, json};

use super::exemptions;
use super::http::{ChangeSettingsBody, LaidDownBody, LayDownBody, SettingsBody};
use super::usecase::TaxError;
use super::wire::{WriteZoneBody, ZoneBody, ZoneListBody};
use super::zones::openapi::{Described, operations as zone_operations};
use crate::openapi::{
    AllowedActions, Answer, Budget, Cache, Header, Operation, Parameter, RequestBody, credentials, database, entropy,
    id, idempotency, if_match, json_body, of, time,
};

const TAG: &str = "Tax";

pub fn operations() -> Vec<Operation> {
    let mut operations = vec![settings(), change_settings(), lay_down()];
    operations.extend(exemptions::openapi::operations());
    operations.extend(zone_operations::<TaxZoneKind, WriteZoneBody, ZoneBody, ZoneListBody>(&Described {
        tag: TAG,
        paths: ("/api/v1/tax-zones", "/api/v1/tax-zones/{id}"),
        named: [
            ("listTaxZones", "Lists tax zones"),
            ("createTaxZone", "Makes a tax zone"),
            ("getTaxZone", "Shows a tax zone"),
            ("replaceTaxZone", "Replaces a tax zone"),
            ("deleteTaxZone", "Deletes a tax zone"),
        ],
        about: "The zone that describes a place most closely decides what is taxed there: by itself, by postcodes, a region, \
                a country, or everywhere. A store has 300 zones at most.",
        read: Scope::TaxRead,
        write: Scope::TaxWrite,
        examples: (zone(false), zone(true)),
    }));
    operations
}

pub fn operation(method: Method, path: &'static str, id: &'static str, scope: Scope) -> Operation {
    let budget = if method == Method::GET { Budget::new(1, 2, 0) } else { Budget::growing(2, 0) };
    Operation::new(method, path, id, TAG)
        .cache(Cache::Personal)
        .budget(budget)
        .problems(credentials(scope))
        .problems(database())
}

fn settings() -> Operation {
    operation(Method::GET, "/api/v1/tax-settings", "getTaxSettings", Scope::TaxRead)
        .says("Shows how the store taxes", "Whether prices hold the tax is a setting of the store (`taxMode`).")
        .answer(settings_answer())
}

fn change_settings() -> Operation {
    operation(Method::PATCH, "/api/v1/tax-settings", "changeTaxSettings", Scope::TaxWrite)
        .says("Changes how the store taxes", "The body is a JSON Merge Patch (RFC 7396).")
        .parameters([Parameter::if_match()])
        .body(
            RequestBody::json::<ChangeSettingsBody>("What is to be changed.")
                .example(
                    "net",
                    "Prices keep their net amount across borders",
                    json!({
                        "crossBorder": { "keep": "net", "origin": { "country": "DE" } },
                        "sellsFrom": { "country": "DE" },
                    }),
                )
                .example(
                    "provider",
                    "A provider says what the tax of a checkout is",
                    json!({ "provider": {
                "url": "https://tax.example.com/quotes",
                "secret": "sixteen-characters-or-more",
                "timeoutMillis": 800,
                "fallback": "rules",
            } }),
                ),
        )
        .answer(settings_answer())
        .problems(json_body())
        .problems(entropy())
        .problems(if_match(TaxError::VersionMismatch { current: 8 }))
        .problems(vec![of(TaxError::Changing, "Somebody else is changing the same.").with::<AllowedActions>()])
}

fn lay_down() -> Operation {
    operation(Method::POST, "/api/v1/tax-zones/presets", "layDownTaxZones", Scope::TaxWrite)
        .says(
            "Lays down the VAT rates that are shipped",
            "Past and present ones, with the territories that have others or none. They are zones like any other from then \
             on; the program does not change them.",
        )
        .parameters([Parameter::idempotency_key(false)])
        .body(RequestBody::json::<LayDownBody>("For which countries.").example(
            "two",
            "Germany and Japan",
            json!({ "countries": ["DE", "JP"] }),
        ))
        .answer(
            Answer::json::<LaidDownBody>(201, "What was laid down.").headers([Header::IdempotentReplayed]).example(
                "japan",
                "Japan, which the store had not",
                json!({
                    "made": [{ "id": id::<TaxZoneKind>(1).to_string(), "name": "Japan" }],
                    "kept": [],
                    "sources": [{ "country": "JP", "sources": [{
                        "name": "National Tax Agency of Japan: consumption tax rates",
                        "date": "2019-10-01",
                    }] }],
                }),
            ),
        )
        .problems(json_body())
        .problems(idempotency())
        .problems(entropy())
        .problems(vec![
            of(TaxError::TooManyZones, "There would be more than 300.").with::<AllowedActions>(),
            of(TaxError::ZonesTooLarge, "All of them together would be too large.").with::<AllowedActions>(),
            of(TaxError::Changing, "Somebody else is changing the same.").with::<AllowedActions>(),
        ])
}

fn settings_answer() -> Answer {
    Answer::json::<SettingsBody>(200, "The settings.").headers([Header::Etag]).example(
        "net",
        "A shop in Germany",
        json!({
            "crossBorder": { "keep": "net", "origin": { "country": "DE" } },
            "taxRoundedPer": "line",
            "discountsRoundedPer": "line",
            "shippingTax": { "by": "proportional" },
            "sellsFrom": { "country": "DE" },
            "provider": { "origin": "https://tax.example.com", "timeoutMillis": 800, "fallback": "rules" },
            "version": 1,
            "updatedAt": time(0),
        }),
    )
}

/// As it is sent, or, `is_kept`, as it is shown.
fn zone(is_kept: bool) -> Value {
    let rate = |number: u8, name: &str, classes: &[&str], ppm: i64| {
        let mut rate = json!({ "name": name, "classes": classes, "ppm": ppm, "compound": false });
        if let (true, Value::Object(members)) = (is_kept, &mut rate) {
            members.insert("id".to_owned(), id::<TaxRateKind>(number).to_string().into());
        }
        rate
    };
    let mut zone = json!({
        "name": "Quebec",
        "position": 0,
        "areas": [{ "country": "CA", "region": "CA-QC" }],
        "rates": [rate(1, "GST", &["standard"], 50_000), rate(2, "QST", &["standard"], 99_750)],
    });
    if let (true, Value::Object(members)) = (is_kept, &mut zone) {
        let more = json!({
            "id": id::<TaxZoneKind>(1).to_string(),
            "version": 1,
            "createdAt": time(0),
            "updatedAt": time(0),
        });
        members.extend(more.as_object().cloned().unwrap_or_default());
    }
    zone
}
