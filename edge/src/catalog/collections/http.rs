//! `/api/v1/collections`.

use std::collections::BTreeMap;

use axum::response::Response;
use headlesspro_shared::catalog::ProductOrder;
use headlesspro_shared::catalog::rule::{Condition, MOST_CONDITIONS, condition};
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::handle::Handle;
use headlesspro_shared::kernel::id::CollectionKind;
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::kernel::page::{Cursor, CursorPart, Limit};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::usecase::{self, CollectionChange, CollectionError, HANDLE_TAKEN, NewCollection};
use crate::app::Ctx;
use crate::catalog::categories::http::{PlaceBody, handle_of, missing};
use crate::catalog::categories::usecase::Name;
use crate::catalog::http::{self as catalog, Asked, ShelfQuery, take_attributes};
use crate::catalog::openapi::NamedTranslationBody;
use crate::catalog::staff::http::{changed_meanwhile, fields, nothing, version_mismatch, versioned};
use crate::catalog::store::collection::{Collection, Rule};
use crate::catalog::store::facet::AttributeFilter;
use crate::catalog::usecase::{Question, Shelf};
use crate::catalog::wire::{PageBody, PresentationBody, PresentationFields, SeoPatch};
use crate::extract::{FieldErrors, IdempotencyKey, IfMatch, Json, Parse, Parsed, PathText, Query, QueryParams, given};
use crate::failure::Failure;
use crate::journal::{Claim, created};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

pub fn routes() -> Routes {
    let (read, write) = (Access::Record(Scope::CatalogRead), Access::Record(Scope::CatalogWrite));
    Routes::new()
        .kept()
        .get("/api/v1/collections", Access::Channel(Scope::CatalogRead), list)
        .post("/api/v1/collections", Access::Key(Scope::CatalogWrite), create)
        .get("/api/v1/collections/{idOrHandle}", read, show)
        .patch("/api/v1/collections/{idOrHandle}", write, change)
        .delete("/api/v1/collections/{idOrHandle}", write, delete)
        .get("/api/v1/collections/{idOrHandle}/products", read, products)
        .post("/api/v1/collections/{idOrHandle}/products", write, place)
}

/// What a product is compared with.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CollectionCondition", deny_unknown_fields)]
pub struct ConditionBody {
    #[schemars(required, extend("enum" = [
        "title", "vendor", "productType", "price", "inStock", "tag", "category", "attribute"
    ]))]
    pub field: Option<String>,
    /// Of title (where case does not matter), vendor and product type: `equals`, `contains`, `starts-with` and
    /// `ends-with`. Of tag, category (those below it included), attribute and inStock: `equals`. Each of these with
    /// `not-` for its opposite. Of price: `at-least` (some variant costs so much or more) and `at-most`; of an attribute
    /// with numbers, decimals, dates or money as well.
    #[schemars(required, extend("enum" = [
        "equals", "contains", "starts-with", "ends-with", "at-least", "at-most", "not-equals", "not-contains",
        "not-starts-with", "not-ends-with"
    ]))]
    pub operator: Option<String>,
    /// The key of the attribute, where the field is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub attribute: Option<String>,
    /// A text; a decimal, of a price in the store's currency; a date; `true` or `false`; the id of a category.
    #[schemars(required, length(min = 1, max = 255))]
    pub value: Option<String>,
}

/// Which products a collection has.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CollectionRule", deny_unknown_fields)]
pub struct RuleBody {
    /// Whether a product has to meet `all` conditions or `any`.
    #[schemars(required, extend("enum" = ["all", "any"]))]
    pub matches: Option<String>,
    /// 1 to 20.
    #[schemars(required, length(min = 1, max = 20))]
    pub conditions: Option<Vec<ConditionBody>>,
}

/// Products that belong together.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Collection")]
pub struct CollectionBody {
    #[schemars(with = "IdText<CollectionKind>")]
    pub id: String,
    /// Unique in its store, and said in the locale that is answered in.
    pub handle: String,
    pub name: String,
    /// Null where its products are chosen one by one.
    pub rule: Option<RuleBody>,
    /// Whether all products were held against its rule. Until then some that meet it are missing, and others that met
    /// the rule before, or were chosen, are still in it. In a store of more than 2,000 products that takes a while, and
    /// goes on by itself; send the request that wrote the rule again to hurry it.
    pub ready: bool,
    /// How its products are ordered unless a list asks for another order.
    #[schemars(extend("enum" = ["manual", "newest", "title", "-title", "price", "-price"]))]
    pub product_order: &'static str,
    #[serde(flatten)]
    pub presentation: PresentationBody,
    /// Grows with each change of the collection itself, not of its products.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "MomentText")]
    pub updated_at: String,
}

/// A collection with its page in the storefront.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ShownCollection")]
pub struct ShownCollectionBody {
    #[serde(flatten)]
    pub collection: CollectionBody,
    #[serde(flatten)]
    pub page: PageBody,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CollectionList")]
pub struct CollectionListBody {
    /// In the order of their handles.
    pub items: Vec<CollectionBody>,
    /// The `cursor` of the next page; null on the last one. Pages of long texts have fewer items than were asked for.
    pub next_cursor: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CreateCollection", deny_unknown_fields)]
pub struct CreateCollectionBody {
    #[schemars(required, length(min = 1, max = 255))]
    pub name: Option<String>,
    /// Lower-case letters, digits and `-`; made from the name when left out.
    #[schemars(length(min = 1, max = 255))]
    pub handle: Option<String>,
    /// Left out, the products are chosen one by one.
    pub rule: Option<RuleBody>,
    /// Left out, `newest` with a rule and `manual` without one.
    #[schemars(extend("enum" = ["manual", "newest", "title", "-title", "price", "-price", null]))]
    pub product_order: Option<String>,
    /// HTML; what is shown of it is sanitised.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>", length(max = 65_536))]
    pub description: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>", length(max = 2_048))]
    pub image_url: Option<Option<String>>,
    /// At most 16 KiB.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<Map<String, Value>>")]
    pub metadata: Option<Option<Map<String, Value>>>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<SeoPatch>")]
    pub seo: Option<Option<SeoPatch>>,
    /// By locale of the store.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<BTreeMap<String, Option<NamedTranslationBody>>>")]
    pub translations: Option<Option<Map<String, Value>>>,
    /// Values by the keys of the store's attributes.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<Map<String, Value>>")]
    pub attributes: Option<Option<Map<String, Value>>>,
}

/// A merge patch (RFC 7396): what is left out stays, null takes away. A rule is given as a whole.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ChangeCollection", deny_unknown_fields)]
pub struct ChangeCollectionBody {
    #[schemars(length(min = 1, max = 255))]
    pub name: Option<String>,
    #[schemars(length(min = 1, max = 255))]
    pub handle: Option<String>,
    /// Null: it has no products until some are chosen.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<RuleBody>")]
    pub rule: Option<Option<RuleBody>>,
    #[schemars(extend("enum" = ["manual", "newest", "title", "-title", "price", "-price", null]))]
    pub product_order: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>", length(max = 65_536))]
    pub description: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>", length(max = 2_048))]
    pub image_url: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<Map<String, Value>>")]
    pub metadata: Option<Option<Map<String, Value>>>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<SeoPatch>")]
    pub seo: Option<Option<SeoPatch>>,
    /// By locale of the store.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<BTreeMap<String, Option<NamedTranslationBody>>>")]
    pub translations: Option<Option<Map<String, Value>>>,
    /// Values by the keys of the store's attributes.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<Map<String, Value>>")]
    pub attributes: Option<Option<Map<String, Value>>>,
}

impl RuleBody {
    fn parse(self, errors: &mut FieldErrors) -> Option<Rule> {
        let is_all = errors.required("matches", self.matches, |matches| match matches.as_str() {
            "all" => Ok(true),
            "any" => Ok(false),
            _ => Err("must be all or any"),
        });
        let bodies = errors.required("conditions", self.conditions, |conditions| match conditions.len() {
            1..=MOST_CONDITIONS => Ok(conditions),
            _ => Err("must be 1 to 20"),
        })?;
        let mut conditions = Vec::with_capacity(bodies.len());
        for (at, body) in bodies.into_iter().enumerate() {
            conditions.extend(errors.nested(&format!("conditions/{at}"), |errors| body.parse(errors)));
        }
        Some(Rule { is_all: is_all?, conditions })
    }

    fn of(rule: Rule, currency: Currency) -> RuleBody {
        let matches = Some(if rule.is_all { "all" } else { "any" }.to_owned());
        let conditions = rule.conditions.into_iter().map(|condition| ConditionBody::of(condition, currency)).collect();
        RuleBody { matches, conditions: Some(conditions) }
    }
}

impl ConditionBody {
    fn parse(self, errors: &mut FieldErrors) -> Option<Condition> {
        let [field, operator, value] = [("field", self.field), ("operator", self.operator), ("value", self.value)]
            .map(|(name, text)| errors.required(name, text, Ok::<String, std::convert::Infallible>));
        let read = condition(&field?, &operator?, self.attribute.as_deref(), &value?);
        read.map_err(|wrong| errors.push(wrong.member, wrong.detail)).ok()
    }

    fn of(condition: Condition, currency: Currency) -> ConditionBody {
        let not = if condition.negated { "not-" } else { "" };
        let attribute = condition.field.strip_prefix("attribute:").map(str::to_owned);
        let field = if attribute.is_some() { "attribute".to_owned() } else { condition.field };
        let price = condition.number.filter(|_| field == "price").map(|minor| Money::new(minor, currency));
        ConditionBody {
            operator: Some(format!("{not}{}", condition.operator.name())),
            attribute,
            value: Some(price.map_or(condition.value, |price| price.amount_text())),
            field: Some(field),
        }
    }
}

impl Parse for CreateCollectionBody {
    type Parsed = NewCollection;

    fn parse(self, errors: &mut FieldErrors) -> Option<NewCollection> {
        let name = errors.required("name", self.name, |name| name.parse::<Name>());
        let handle = handle_of(errors, self.handle, name.as_ref());
        let order = errors.optional("productOrder", self.product_order, |order| order.parse::<ProductOrder>());
        let rule = self.rule.and_then(|rule| errors.nested("rule", |errors| rule.parse(errors)));
        let Self { description, image_url, metadata, seo, translations, attributes, .. } = self;
        let presentation =
            PresentationFields { description, image_url, metadata, seo, translations, attributes }.parse(errors);
        Some(NewCollection { name: name?, handle: handle?, rule, order, presentation })
    }
}

impl Parse for ChangeCollectionBody {
    type Parsed = CollectionChange;

    fn parse(self, errors: &mut FieldErrors) -> Option<CollectionChange> {
        let rule = self.rule.map(|rule| rule.and_then(|rule| errors.nested("rule", |errors| rule.parse(errors))));
        let change = CollectionChange {
            name: errors.optional("name", self.name, |name| name.parse::<Name>()),
            handle: errors.optional("handle", self.handle, |handle| handle.parse::<Handle>()),
            rule,
            order: errors.optional("productOrder", self.product_order, |order| order.parse::<ProductOrder>()),
            presentation: {
                let Self { description, image_url, metadata, seo, translations, attributes, .. } = self;
                PresentationFields { description, image_url, metadata, seo, translations, attributes }.parse(errors)
            },
        };
        errors.is_empty().then_some(change)
    }
}

/// Which collections are asked for.
struct Page {
    after: String,
    limit: i64,
    attributes: AttributeFilter,
}

impl Query for Page {
    fn parse(params: &mut QueryParams) -> Page {
        let limit = params.take("limit", str::parse::<Limit>).unwrap_or_default().get();
        // What it says is in `Asked`.
        let _locale: Option<Locale> = params.take("locale", str::parse);
        let after = params.take("cursor", |cursor| {
            const FOREIGN: &str = "is not a cursor of this list";
            let cursor: Cursor = cursor.parse().map_err(|_| FOREIGN)?;
            match cursor.parts_for("handle") {
                Ok([CursorPart::Text(handle)]) => Ok(handle.clone()),
                _ => Err(FOREIGN),
            }
        });
        Page { after: after.unwrap_or_default(), limit, attributes: take_attributes(params) }
    }
}

async fn list(ctx: Ctx, Parsed(page): Parsed<Page>, asked: Asked) -> Result<Response, Problem> {
    let Page { after, limit, attributes } = page;
    catalog::show(ctx, asked, Question::Collections { after, limit, attributes }).await
}

async fn show(ctx: Ctx, PathText([key]): PathText<1>, asked: Asked) -> Result<Response, Problem> {
    catalog::show(ctx, asked, Question::Collection(key)).await
}

async fn products(
    ctx: Ctx,
    PathText([key]): PathText<1>,
    Parsed(ShelfQuery(query)): Parsed<ShelfQuery>,
    asked: Asked,
) -> Result<Response, Problem> {
    catalog::show_shelf(ctx, asked, Shelf::Collection, key, query).await
}

async fn create(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<CreateCollectionBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    Ok(created(usecase::create(&ctx, &body.parsed, claim.as_ref()).await?))
}

async fn change(
    ctx: Ctx,
    PathText([key]): PathText<1>,
    IfMatch(version): IfMatch,
    body: Json<ChangeCollectionBody>,
) -> Result<Response, Problem> {
    let collection = usecase::change(&ctx, &key, &body.parsed, version).await?;
    Ok(versioned(collection.version, render(collection, ctx.principal().await?.currency)))
}

async fn delete(ctx: Ctx, PathText([key]): PathText<1>, IfMatch(version): IfMatch) -> Result<Response, Problem> {
    usecase::delete(&ctx, &key, version).await?;
    Ok(nothing())
}

async fn place(ctx: Ctx, PathText([key]): PathText<1>, body: Json<PlaceBody>) -> Result<Response, Problem> {
    let change = &body.parsed;
    usecase::place_products(&ctx, &key, change).await.map_err(|failure| match failure {
        Failure::Rejected(CollectionError::ProductsMissing(ids)) => missing(change, &ids),
        failure => failure.into(),
    })?;
    Ok(nothing())
}

fn body(collection: Collection, currency: Currency) -> Result<CollectionBody, serde_json::Error> {
    Ok(CollectionBody {
        id: collection.id.to_string(),
        handle: collection.handle,
        rule: collection.rule.map(|rule| RuleBody::of(rule, currency)),
        ready: collection.filled_to.is_none(),
        product_order: collection.order.name(),
        presentation: PresentationBody::of(collection.presentation, &collection.name)?,
        name: collection.name,
        version: collection.version,
        created_at: collection.created_at.to_string(),
        updated_at: collection.updated_at.to_string(),
    })
}

/// The collection's JSON; its prices are in minor units of `currency`.
pub fn render(collection: Collection, currency: Currency) -> String {
    body(collection, currency).ok().and_then(|body| serde_json::to_string(&body).ok()).unwrap_or_default()
}

/// The collection's JSON with its page in the storefront.
pub fn render_page(collection: Collection, page: PageBody, currency: Currency) -> String {
    let shown = body(collection, currency).map(|collection| ShownCollectionBody { collection, page });
    shown.ok().and_then(|shown| serde_json::to_string(&shown).ok()).unwrap_or_default()
}

/// The JSON of a page; `next` is the cursor of the following one.
pub fn render_list(found: Vec<Collection>, next_cursor: Option<String>, currency: Currency) -> String {
    let items = found.into_iter().filter_map(|collection| body(collection, currency).ok()).collect();
    serde_json::to_string(&CollectionListBody { items, next_cursor }).unwrap_or_default()
}

impl From<CollectionError> for Problem {
    fn from(error: CollectionError) -> Problem {
        let conflict = |code, detail: &str| {
            Problem::new(StatusCode::CONFLICT, code).detail(detail).with("allowedActions", json!(["delete"]))
        };
        match error {
            CollectionError::HandleTaken => fields(["handle"], HANDLE_TAKEN),
            CollectionError::Presentation(error) => error.into(),
            CollectionError::TooMany => conflict("too-many-collections", "A store has 10,000 collections at most."),
            CollectionError::TooManyRules => {
                conflict("too-many-rules", "A store has 250 collections with a rule at most.")
            }
            CollectionError::ManualOrderOfRule => {
                fields(["productOrder"], "the products that a rule finds have no places: choose another order")
            }
            CollectionError::CategoryMissing => fields(["rule/conditions"], "one names a category that is not there"),
            CollectionError::HasRule => Problem::new(StatusCode::CONFLICT, "collection-has-rule")
                .detail("The products of this collection are found by its rule. Change the rule, or take it away.")
                .with("allowedActions", json!(["change-rule"])),
            CollectionError::ProductsMissing(_) => fields(["add"], "there is no such product"),
            CollectionError::VersionMismatch { current } => version_mismatch(current),
            CollectionError::Changing => changed_meanwhile(),
        }
    }
}
