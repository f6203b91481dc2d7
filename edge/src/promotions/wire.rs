//! What a promotion looks like on the wire, for the description of the API: it is read and written as the engine's own
//! definition.

use std::collections::BTreeMap;

use headlesspro_shared::kernel::id::{
    CategoryKind, ChannelKind, CollectionKind, CustomerGroupKind, ProductKind, VariantKind,
};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::promotions::{Amounts, Condition, Definition, Effect, Trigger};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::extract::FieldErrors;
use crate::wire::{IdText, MomentText};

/// Decimals by currency, such as `{"EUR": "5.00", "JPY": "800"}`. Nothing is converted: in a currency that is not
/// named it does not apply.
pub type AmountsSchema = BTreeMap<String, String>;

/// What a promotion does, and when. What is left out is as its default says.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WritePromotion", deny_unknown_fields)]
pub struct DefinitionBody {
    /// For people.
    #[schemars(required, length(min = 1, max = 255))]
    pub name: Option<String>,
    /// Whether it applies at all; true where it is left out.
    pub active: Option<bool>,
    /// Whether whoever meets the condition has it, or whoever enters one of its codes.
    #[schemars(required, with = "TriggerSchema")]
    pub trigger: Option<Trigger>,
    /// The first instant at which it applies.
    #[schemars(with = "Option<MomentText>")]
    pub starts_at: Option<Timestamp>,
    /// The first instant at which it does not apply any more.
    #[schemars(with = "Option<MomentText>")]
    pub ends_at: Option<Timestamp>,
    /// Left out: always.
    #[schemars(with = "Option<ConditionSchema>")]
    pub condition: Option<Condition>,
    #[schemars(required, with = "EffectSchema")]
    pub effect: Option<Effect>,
    /// The key of a stacking group; without one it combines with whatever is not exclusive.
    pub group: Option<String>,
    /// Within its group; the higher number applies first.
    pub priority: Option<i32>,
    /// Whether it applies only alone.
    pub exclusive: Option<bool>,
    /// What it takes off a cart at most; in these currencies only, where there are any.
    #[schemars(with = "Option<AmountsSchema>")]
    pub max_discount: Option<Amounts>,
    /// Orders that may have it; any number where it is left out.
    #[schemars(range(min = 1))]
    pub limit: Option<i64>,
    /// The same of one customer.
    #[schemars(range(min = 1))]
    pub limit_per_customer: Option<i64>,
}

impl DefinitionBody {
    /// The definition; reports what is missing. What is wrong with what is there, the engine says.
    pub fn parse(self, errors: &mut FieldErrors) -> Option<Definition> {
        let name = errors.required("name", self.name, Ok::<_, String>);
        let trigger = errors.required("trigger", self.trigger, Ok::<_, String>);
        let effect = errors.required("effect", self.effect, Ok::<_, String>);
        Some(Definition {
            name: name?,
            active: self.active.unwrap_or(true),
            trigger: trigger?,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            condition: self.condition.unwrap_or_default(),
            effect: effect?,
            group: self.group,
            priority: self.priority.unwrap_or_default(),
            exclusive: self.exclusive.unwrap_or_default(),
            max_discount: self.max_discount.unwrap_or_default(),
            limit: self.limit,
            limit_per_customer: self.limit_per_customer,
        })
    }
}

#[derive(JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "PromotionTrigger")]
pub enum TriggerSchema {
    Automatic,
    Code,
}

/// When a promotion applies: at most 50 conditions on five levels.
#[derive(JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[schemars(rename = "PromotionCondition")]
pub enum ConditionSchema {
    /// Met where each is: always, where there is none.
    All {
        of: Vec<ConditionSchema>,
    },
    /// Met where one is.
    Any {
        of: Vec<ConditionSchema>,
    },
    Not {
        of: Box<ConditionSchema>,
    },
    /// Units of these lines.
    Quantity {
        #[serde(default)]
        lines: SelectorSchema,
        #[schemars(range(min = 1))]
        at_least: i64,
    },
    /// The sum of these lines.
    Subtotal {
        #[serde(default)]
        lines: SelectorSchema,
        at_least: AmountsSchema,
        /// Of what the promotions before this one left; else of the prices before any promotion.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        after_discounts: bool,
    },
    CustomerGroup {
        #[schemars(with = "Vec<IdText<CustomerGroupKind>>")]
        any_of: Vec<String>,
    },
    Channel {
        #[schemars(with = "Vec<IdText<ChannelKind>>")]
        any_of: Vec<String>,
    },
    /// From the first instant on, and before the second.
    Time {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<MomentText>")]
        from: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<MomentText>")]
        until: Option<String>,
    },
    /// The customer has not ordered before.
    FirstOrder,
    PaymentMethod {
        any_of: Vec<String>,
    },
    /// Each delivery goes by one of these.
    ShippingMethod {
        any_of: Vec<String>,
    },
}

/// The lines that are of any of `anyOf`, or all where it is left out, without those that are of any of `noneOf`.
#[derive(Default, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
#[schemars(rename = "LineSelector", deny_unknown_fields)]
pub struct SelectorSchema {
    #[serde(skip_serializing_if = "ItemsSchema::is_empty")]
    pub any_of: ItemsSchema,
    #[serde(skip_serializing_if = "ItemsSchema::is_empty")]
    pub none_of: ItemsSchema,
    /// Leaves out lines whose price is reduced already.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exclude_sale: bool,
}

/// At most 250 in all.
#[derive(Default, JsonSchema)]
#[serde(default)]
#[schemars(rename = "LineItems", deny_unknown_fields)]
pub struct ItemsSchema {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<IdText<VariantKind>>")]
    pub variants: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<IdText<ProductKind>>")]
    pub products: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<IdText<CollectionKind>>")]
    pub collections: Vec<String>,
    /// With all categories below them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<IdText<CategoryKind>>")]
    pub categories: Vec<String>,
}

impl ItemsSchema {
    fn is_empty(&self) -> bool {
        [&self.variants, &self.products, &self.collections, &self.categories].iter().all(|ids| ids.is_empty())
    }
}

/// What a promotion does.
#[derive(JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[schemars(rename = "PromotionEffect")]
pub enum EffectSchema {
    /// Takes something off the lines.
    Reduce {
        #[serde(default)]
        lines: SelectorSchema,
        by: ReductionSchema,
    },
    /// Takes off what the highest tier that is reached says.
    Tiered {
        #[serde(default)]
        lines: SelectorSchema,
        /// Ascending.
        #[schemars(length(min = 1, max = 20))]
        tiers: Vec<TierSchema>,
    },
    /// For each `buyQuantity` units of `buy`, reduces `getQuantity` units of `get`, the cheapest that there are.
    BuyGet {
        #[serde(default)]
        buy: Box<SelectorSchema>,
        #[schemars(range(min = 1, max = 9999))]
        buy_quantity: i64,
        #[serde(default)]
        get: Box<SelectorSchema>,
        #[schemars(range(min = 1, max = 9999))]
        get_quantity: i64,
        /// Parts per million that are taken off these units: 1000000 makes them free.
        #[schemars(range(min = 1, max = 1_000_000))]
        rate: i64,
        /// In one cart; any number where it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(range(min = 1, max = 9999))]
        most_repeats: Option<i64>,
    },
    /// Deliveries by these methods, or by all where there are none, cost nothing.
    FreeShipping {
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        methods: Vec<String>,
    },
    /// Adds units of a variant for nothing.
    Gift {
        #[schemars(with = "IdText<VariantKind>")]
        variant: String,
        #[schemars(range(min = 1, max = 9999))]
        quantity: i64,
    },
}

#[derive(JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[schemars(rename = "PromotionReduction")]
pub enum ReductionSchema {
    /// Parts per million of what is left of the lines: 105000 are 10.5 %.
    Percent {
        #[schemars(range(min = 1, max = 1_000_000))]
        rate: i64,
    },
    /// Off each unit.
    PerUnit { amounts: AmountsSchema },
    /// Off each line, however many units it has.
    PerLine { amounts: AmountsSchema },
    /// Off all the lines together.
    PerOrder { amounts: AmountsSchema },
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PromotionTier", deny_unknown_fields)]
pub struct TierSchema {
    pub at_least: ThresholdSchema,
    pub by: ReductionSchema,
}

/// Of the promotion's lines, before any discount. All tiers have thresholds of one kind.
#[derive(JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[schemars(rename = "TierThreshold")]
pub enum ThresholdSchema {
    Quantity {
        #[schemars(range(min = 1))]
        units: i64,
    },
    Subtotal {
        amounts: AmountsSchema,
    },
}
