//! `/api/v1/price-settings`.

use std::convert::Infallible;

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::pricing::{PriceEnding, ending_faults};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::usecase;
use crate::app::Ctx;
use crate::extract::{FieldErrors, IfMatch, Json, Parse};
use crate::pricing::http::shown;
use crate::pricing::store::setting::Setting;
use crate::pricing::wire::EndingShape;
use crate::problem::Problem;
use crate::routes::{Access, Routes};

pub fn routes() -> Routes {
    Routes::new().get("/api/v1/price-settings", Access::Key(Scope::PricingRead), show).put(
        "/api/v1/price-settings",
        Access::Key(Scope::PricingWrite),
        put,
    )
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PriceSettings")]
pub struct SettingsBody {
    /// The store's own, from which prices are converted.
    #[schemars(with = "String")]
    pub settlement_currency: Currency,
    /// Where converted prices end up, at most one for each currency.
    #[schemars(with = "Vec<EndingShape>")]
    pub endings: Vec<PriceEnding>,
    /// Grows with each change; also the ETag.
    pub version: i64,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "PutPriceSettings", deny_unknown_fields)]
pub struct PutSettingsBody {
    #[schemars(required, with = "Option<Vec<EndingShape>>", length(max = 250))]
    pub endings: Option<Vec<PriceEnding>>,
}

impl Parse for PutSettingsBody {
    type Parsed = Vec<PriceEnding>;

    fn parse(self, errors: &mut FieldErrors) -> Option<Vec<PriceEnding>> {
        let endings = errors.required("endings", self.endings, Ok::<_, Infallible>)?;
        for fault in ending_faults(&endings) {
            errors.push(&fault.path, fault.reason);
        }
        errors.is_empty().then_some(endings)
    }
}

async fn show(ctx: Ctx) -> Result<Response, Problem> {
    Ok(answer(usecase::find(&ctx).await?))
}

async fn put(ctx: Ctx, IfMatch(version): IfMatch, body: Json<PutSettingsBody>) -> Result<Response, Problem> {
    Ok(answer(usecase::put(&ctx, &body.parsed, version).await?))
}

fn answer(setting: Setting) -> Response {
    let Setting { settlement, endings, settings_version, .. } = setting;
    shown(settings_version, &SettingsBody { settlement_currency: settlement, endings, version: settings_version })
}
