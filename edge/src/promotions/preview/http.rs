//! `/api/v1/promotions/{id}/preview`.

use std::collections::BTreeSet;

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{
    ChannelId, ChannelKind, CustomerGroupId, CustomerGroupKind, PromotionKind, VariantId, VariantKind,
};
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::kernel::quantity::Quantity;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::promotions::{Discounts, MOST_CODES};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::usecase::{self, Asked};
use crate::app::Ctx;
use crate::extract::{FieldErrors, Json, Parse, PathId};
use crate::organizations::answer;
use crate::problem::Problem;
use crate::promotions::wire::DefinitionBody;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText, MoneyBody, members_of};

const MOST_LINES: usize = 250;
const MOST_DELIVERIES: usize = 20;

pub fn routes() -> Routes {
    Routes::new().post("/api/v1/promotions/{id}/preview", Access::Key(Scope::PromotionsRead), preview)
}

/// A cart to hold against a promotion.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PreviewPromotion", deny_unknown_fields)]
pub struct PreviewAskedBody {
    /// What the promotion would say; as it is stored where this is left out.
    pub definition: Option<DefinitionBody>,
    #[schemars(required, regex(pattern = "^[A-Z]{3}$"))]
    pub currency: Option<String>,
    #[schemars(required, length(min = 1, max = 250))]
    pub lines: Option<Vec<PreviewLineBody>>,
    /// As they are entered.
    #[schemars(length(max = 20))]
    pub codes: Option<Vec<String>>,
    /// Those that the customer is in.
    #[schemars(with = "Option<Vec<IdText<CustomerGroupKind>>>")]
    pub customer_groups: Option<Vec<String>>,
    #[schemars(with = "Option<IdText<ChannelKind>>")]
    pub channel: Option<String>,
    /// The moment; now where it is left out.
    #[schemars(with = "Option<MomentText>")]
    pub at: Option<String>,
    /// Not known yet where it is left out.
    pub first_order: Option<bool>,
    /// Not chosen yet where it is left out.
    pub payment_method: Option<String>,
    /// One for each delivery, before promotions.
    #[schemars(length(max = 20))]
    pub shipping: Option<Vec<PreviewShippingBody>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PreviewLine", deny_unknown_fields)]
pub struct PreviewLineBody {
    #[schemars(required, with = "IdText<VariantKind>")]
    pub variant_id: Option<String>,
    #[schemars(required, range(min = 1, max = 9999))]
    pub quantity: Option<i64>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "PreviewShipping", deny_unknown_fields)]
pub struct PreviewShippingBody {
    #[schemars(required, length(min = 1, max = 64))]
    pub method: Option<String>,
    /// A decimal in the cart's currency: `4.90`.
    #[schemars(required, regex(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub amount: Option<String>,
}

/// What a promotion takes off, at the catalog's prices.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PromotionPreview")]
pub struct PreviewBody {
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    pub currency: String,
    /// The promotion alone.
    pub alone: PreviewedBody,
    /// With the automatic promotions of the store and those of the codes.
    pub together: PreviewedBody,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PreviewedDiscounts")]
pub struct PreviewedBody {
    /// Of lines and deliveries, with the worth of gifts.
    pub discount: MoneyBody,
    /// Of each line, by its place, what is taken off and by which promotion. Amounts are whole minor units here.
    pub lines: Vec<Map<String, Value>>,
    /// The same of each delivery.
    pub shipping: Vec<Map<String, Value>>,
    pub gifts: Vec<Map<String, Value>>,
    /// What came of each code.
    pub codes: Vec<Map<String, Value>>,
    /// Which promotions were considered, in the order in which they apply, and what came of each: `applied`, or
    /// `refused` with the reason. Where not all combine, what was compared.
    pub trace: Map<String, Value>,
}

impl Parse for PreviewAskedBody {
    type Parsed = Asked;

    fn parse(self, errors: &mut FieldErrors) -> Option<Asked> {
        let definition = self.definition.map(|body| errors.nested("definition", |errors| body.parse(errors)));
        let currency = errors.required("currency", self.currency, |code| code.parse::<Currency>());
        let lines = errors.required("lines", self.lines, |lines| sized(lines, 1, MOST_LINES));
        let lines = lines.unwrap_or_default().into_iter().enumerate().filter_map(|(at, line)| {
            errors.nested(&format!("lines/{at}"), |errors| {
                let variant = errors.required("variantId", line.variant_id, |id| id.parse::<VariantId>());
                let quantity = errors.required("quantity", line.quantity, Quantity::try_from);
                Some((variant?, quantity?))
            })
        });
        let lines: Vec<_> = lines.collect();
        let codes = errors.optional("codes", self.codes, |codes| sized(codes, 0, MOST_CODES)).unwrap_or_default();
        let groups = self.customer_groups.unwrap_or_default();
        let customer_groups: Result<BTreeSet<CustomerGroupId>, _> = groups.iter().map(|id| id.parse()).collect();
        let customer_groups = errors.optional("customerGroups", Some(customer_groups), |groups| groups);
        let channel = errors.optional("channel", self.channel, |id| id.parse::<ChannelId>());
        let at = errors.optional("at", self.at, |at| at.parse::<Timestamp>());
        let shipping = self.shipping.unwrap_or_default();
        let shipping = errors.optional("shipping", Some(shipping), |shipping| sized(shipping, 0, MOST_DELIVERIES));
        let shipping = shipping.unwrap_or_default().into_iter().enumerate().filter_map(|(at, charge)| {
            errors.nested(&format!("shipping/{at}"), |errors| {
                let method = errors.required("method", charge.method, Ok::<_, String>);
                // Without a currency nothing can be said of an amount.
                let amount = match (charge.amount, currency) {
                    (Some(_), None) => None,
                    (amount, currency) => errors.required("amount", amount.zip(currency), |(text, currency)| {
                        let amount = Money::parse_amount(&text, currency).map_err(|error| error.to_string())?;
                        if amount.minor() < 0 { Err("must not be negative".to_owned()) } else { Ok(amount) }
                    }),
                };
                Some((method?, amount?))
            })
        });
        let shipping: Vec<_> = shipping.collect();
        let asked = Asked {
            definition: definition.flatten(),
            currency: currency?,
            lines,
            codes,
            customer_groups: customer_groups?,
            channel,
            at,
            is_first_order: self.first_order,
            payment_method: self.payment_method,
            shipping,
        };
        errors.is_empty().then_some(asked)
    }
}

fn sized<T>(items: Vec<T>, least: usize, most: usize) -> Result<Vec<T>, String> {
    if (least..=most).contains(&items.len()) { Ok(items) } else { Err(format!("must have {least} to {most} elements")) }
}

async fn preview(
    ctx: Ctx,
    PathId(id): PathId<PromotionKind>,
    body: Json<PreviewAskedBody>,
) -> Result<Response, Problem> {
    let preview = usecase::preview(&ctx, id, &body.parsed).await?;
    let body = PreviewBody {
        currency: preview.currency.to_string(),
        alone: body_of(&preview.alone, preview.currency),
        together: body_of(&preview.together, preview.currency),
    };
    Ok(answer(StatusCode::OK, &body))
}

fn body_of(discounts: &Discounts, currency: Currency) -> PreviewedBody {
    let amounts = discounts.redemptions.iter().map(|redemption| redemption.amount);
    let discount = Money::new(amounts.fold(0, i64::saturating_add), currency).into();
    PreviewedBody {
        discount,
        lines: objects(&discounts.lines),
        shipping: objects(&discounts.shipping),
        gifts: objects(&discounts.gifts),
        codes: objects(&discounts.codes),
        trace: members_of(&discounts.trace),
    }
}

fn objects<T: Serialize>(items: &[T]) -> Vec<Map<String, Value>> {
    items.iter().map(members_of).collect()
}
