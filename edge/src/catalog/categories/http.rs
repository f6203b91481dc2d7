//! `/api/v1/categories`.

use std::collections::BTreeMap;

use axum::response::Response;
use headlesspro_shared::catalog::{LAST_PLACE, ProductOrder};
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::handle::Handle;
use headlesspro_shared::kernel::id::{CategoryId, CategoryKind, ProductId, ProductKind};
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::kernel::page::{Cursor, CursorPart, Limit};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::usecase::{self, CategoryChange, CategoryError, HANDLE_TAKEN, Name, NewCategory, Page, PlacedChange};
use crate::app::Ctx;
use crate::catalog::http::{self as catalog, Asked, ShelfQuery, take_attributes};
use crate::catalog::openapi::NamedTranslationBody;
use crate::catalog::staff::http::{changed_meanwhile, fields, nothing, version_mismatch, versioned};
use crate::catalog::store::category::Category;
use crate::catalog::store::facet::AttributeFilter;
use crate::catalog::store::placement::{InTheWay, Placed};
use crate::catalog::usecase::{Question, Shelf};
use crate::catalog::wire::{PageBody, PresentationBody, PresentationFields, SeoPatch};
use crate::extract::{FieldErrors, IdempotencyKey, IfMatch, Json, Parse, Parsed, PathText, Query, QueryParams, given};
use crate::journal::{Claim, created};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

/// Products that one request places at most.
const MOST_PLACED: usize = 1_000;

pub fn routes() -> Routes {
    let (read, write) = (Access::Record(Scope::CatalogRead), Access::Record(Scope::CatalogWrite));
    Routes::new()
        .kept()
        .get("/api/v1/categories", Access::Channel(Scope::CatalogRead), list)
        .post("/api/v1/categories", Access::Key(Scope::CatalogWrite), create)
        .get("/api/v1/categories/{idOrPath}", read, show)
        .patch("/api/v1/categories/{idOrPath}", write, change)
        .delete("/api/v1/categories/{idOrPath}", write, delete)
        .get("/api/v1/categories/{idOrPath}/products", read, products)
        .post("/api/v1/categories/{idOrPath}/products", write, place)
}

/// A node of the category tree.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Category")]
pub struct CategoryBody {
    #[schemars(with = "IdText<CategoryKind>")]
    pub id: String,
    /// Null for a root.
    #[schemars(with = "Option<IdText<CategoryKind>>")]
    pub parent_id: Option<String>,
    /// As the path, it is said in the locale that is answered in.
    pub handle: String,
    pub name: String,
    /// Handles from the root: `outdoor/tents`.
    pub path: String,
    /// Its place among those with the same parent, the lowest first.
    pub position: i64,
    /// How its products are ordered unless a list asks for another order.
    #[schemars(extend("enum" = ["manual", "newest", "title", "-title", "price", "-price"]))]
    pub product_order: &'static str,
    #[serde(flatten)]
    pub presentation: PresentationBody,
    /// Grows with each change of the category itself, not of those above it, which its path tells as well.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "MomentText")]
    pub updated_at: String,
}

/// A category with its page in the storefront.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ShownCategory")]
pub struct ShownCategoryBody {
    #[serde(flatten)]
    pub category: CategoryBody,
    #[serde(flatten)]
    pub page: PageBody,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CategoryList")]
pub struct CategoryListBody {
    /// In the order of their paths; of one parent, of their positions.
    pub items: Vec<CategoryBody>,
    /// The `cursor` of the next page; null on the last one. Pages of long texts have fewer items than were asked for.
    pub next_cursor: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CreateCategory", deny_unknown_fields)]
pub struct CreateCategoryBody {
    #[schemars(required, length(min = 1, max = 255))]
    pub name: Option<String>,
    /// Lower-case letters, digits and `-`; made from the name when left out.
    #[schemars(length(min = 1, max = 255))]
    pub handle: Option<String>,
    /// A root when left out.
    #[schemars(with = "Option<IdText<CategoryKind>>")]
    pub parent_id: Option<String>,
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub position: Option<i64>,
    /// `newest` when left out.
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

/// A merge patch (RFC 7396): what is left out stays, null takes away.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ChangeCategory", deny_unknown_fields)]
pub struct ChangeCategoryBody {
    #[schemars(length(min = 1, max = 255))]
    pub name: Option<String>,
    /// With another one, the paths of the whole subtree change at once.
    #[schemars(length(min = 1, max = 255))]
    pub handle: Option<String>,
    /// Under another parent the whole subtree moves at once; null: it becomes a root.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<IdText<CategoryKind>>")]
    pub parent_id: Option<Option<String>>,
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub position: Option<i64>,
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

/// A product with its place.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PlacedProduct", deny_unknown_fields)]
pub struct PlacedBody {
    #[schemars(required, with = "Option<IdText<ProductKind>>")]
    pub product_id: Option<String>,
    /// The lowest is shown first. Left out, a product that is there stays where it is.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub position: Option<i64>,
}

/// Repeated, it changes nothing more; requests about other products do not disturb each other.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "PlaceProducts", deny_unknown_fields)]
pub struct PlaceBody {
    /// At most 1,000.
    #[schemars(length(max = 1_000))]
    pub add: Option<Vec<PlacedBody>>,
    /// Ids of products that are to be there no more; at most 1,000.
    #[schemars(length(max = 1_000), with = "Option<Vec<IdText<ProductKind>>>")]
    pub remove: Option<Vec<String>>,
}

/// A handle as it is given, or made from a name.
pub fn handle_of(errors: &mut FieldErrors, handle: Option<String>, name: Option<&Name>) -> Option<Handle> {
    if handle.is_some() {
        return errors.optional("handle", handle, |handle| handle.parse::<Handle>());
    }
    let made = Handle::slugify(name?.as_str());
    if made.is_none() {
        errors.push("handle", "is required, since the name has no letter or digit");
    }
    made
}

/// A place is between 0 and a thousand millions.
pub fn position_of(errors: &mut FieldErrors, position: Option<i64>) -> Option<i64> {
    errors.optional("position", position, |position| match position {
        0..=LAST_PLACE => Ok(position),
        _ => Err("must be between 0 and 1000000000"),
    })
}

impl Parse for CreateCategoryBody {
    type Parsed = NewCategory;

    fn parse(self, errors: &mut FieldErrors) -> Option<NewCategory> {
        let name = errors.required("name", self.name, |name| name.parse::<Name>());
        let handle = handle_of(errors, self.handle, name.as_ref());
        let parent = errors.optional("parentId", self.parent_id, |id| id.parse::<CategoryId>());
        let position = position_of(errors, self.position).unwrap_or(0);
        let order = errors.optional("productOrder", self.product_order, |order| order.parse::<ProductOrder>());
        let Self { description, image_url, metadata, seo, translations, attributes, .. } = self;
        let presentation =
            PresentationFields { description, image_url, metadata, seo, translations, attributes }.parse(errors);
        let order = order.unwrap_or_default();
        Some(NewCategory { name: name?, handle: handle?, parent, position, order, presentation })
    }
}

impl Parse for ChangeCategoryBody {
    type Parsed = CategoryChange;

    fn parse(self, errors: &mut FieldErrors) -> Option<CategoryChange> {
        let change = CategoryChange {
            name: errors.optional("name", self.name, |name| name.parse::<Name>()),
            handle: errors.optional("handle", self.handle, |handle| handle.parse::<Handle>()),
            parent: errors.optional("parentId", self.parent_id, |id| id.map(|id| id.parse::<CategoryId>()).transpose()),
            position: position_of(errors, self.position),
            order: errors.optional("productOrder", self.product_order, |order| order.parse::<ProductOrder>()),
            presentation: {
                let Self { description, image_url, metadata, seo, translations, attributes, .. } = self;
                PresentationFields { description, image_url, metadata, seo, translations, attributes }.parse(errors)
            },
        };
        errors.is_empty().then_some(change)
    }
}

impl Parse for PlaceBody {
    type Parsed = PlacedChange;

    fn parse(self, errors: &mut FieldErrors) -> Option<PlacedChange> {
        let (add, remove) = (self.add.unwrap_or_default(), self.remove.unwrap_or_default());
        for (name, length) in [("add", add.len()), ("remove", remove.len())] {
            if MOST_PLACED < length {
                errors.push(name, "must be at most 1000");
            }
        }
        if errors.is_empty() && add.is_empty() && remove.is_empty() {
            errors.push("add", "or remove must name a product");
        }
        let mut change = PlacedChange { add: Vec::with_capacity(add.len()), remove: Vec::with_capacity(remove.len()) };
        let mut seen = std::collections::BTreeSet::new();
        for (at, body) in add.into_iter().enumerate() {
            let product = errors.nested(&format!("add/{at}"), |errors| {
                let product = errors.required("productId", body.product_id, |id| id.parse::<ProductId>());
                let position = position_of(errors, body.position);
                if product.is_some_and(|product| !seen.insert(product)) {
                    errors.push("productId", "is named twice");
                }
                Some(Placed { product: product?, position })
            });
            change.add.extend(product);
        }
        for (at, id) in remove.into_iter().enumerate() {
            let id = errors.optional(&format!("remove/{at}"), Some(id), |id| id.parse::<ProductId>());
            if id.is_some_and(|product| !seen.insert(product)) {
                errors.push(&format!("remove/{at}"), "is named twice");
            }
            change.remove.extend(id.map(|id| id.to_string()));
        }
        errors.is_empty().then_some(change)
    }
}

impl Query for Page {
    fn parse(params: &mut QueryParams) -> Page {
        const FOREIGN: &str = "is not a cursor of this list";
        let limit = params.take("limit", str::parse::<Limit>).unwrap_or_default().get();
        // What it says is in `Asked`.
        let _locale: Option<Locale> = params.take("locale", str::parse);
        let parent = params.take("filter[parent]", |parent| match parent {
            "root" => Ok(None),
            id => id.parse::<CategoryId>().map(Some).map_err(|_| "must be root or the id of a category"),
        });
        let Some(parent) = parent else {
            let after = params.take("cursor", |cursor| {
                let cursor: Cursor = cursor.parse().map_err(|_| FOREIGN)?;
                match cursor.parts_for("path") {
                    Ok([CursorPart::Text(path)]) => Ok(path.clone()),
                    _ => Err(FOREIGN),
                }
            });
            return Page::Tree { after: after.unwrap_or_default(), limit };
        };
        let after = params.take("cursor", |cursor| {
            let cursor: Cursor = cursor.parse().map_err(|_| FOREIGN)?;
            match cursor.parts_for("position") {
                Ok([CursorPart::Integer(position), CursorPart::Text(id)]) => Ok((*position, id.clone())),
                _ => Err(FOREIGN),
            }
        });
        Page::Children { parent, after: after.unwrap_or((-1, String::new())), limit }
    }
}

/// A page with what it is narrowed by.
struct Listed(Page, AttributeFilter);

impl Query for Listed {
    fn parse(params: &mut QueryParams) -> Listed {
        let attributes = take_attributes(params);
        Listed(Page::parse(params), attributes)
    }
}

async fn list(ctx: Ctx, Parsed(Listed(page, attributes)): Parsed<Listed>, asked: Asked) -> Result<Response, Problem> {
    catalog::show(ctx, asked, Question::Categories(page, attributes)).await
}

async fn show(ctx: Ctx, PathText([key]): PathText<1>, asked: Asked) -> Result<Response, Problem> {
    catalog::show(ctx, asked, Question::Category(key)).await
}

async fn products(
    ctx: Ctx,
    PathText([key]): PathText<1>,
    Parsed(ShelfQuery(query)): Parsed<ShelfQuery>,
    asked: Asked,
) -> Result<Response, Problem> {
    catalog::show_shelf(ctx, asked, Shelf::Category, key, query).await
}

async fn create(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<CreateCategoryBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    Ok(created(usecase::create(&ctx, &body.parsed, claim.as_ref()).await?))
}

async fn change(
    ctx: Ctx,
    PathText([key]): PathText<1>,
    IfMatch(version): IfMatch,
    body: Json<ChangeCategoryBody>,
) -> Result<Response, Problem> {
    let category = usecase::change(&ctx, &key, &body.parsed, version).await?;
    Ok(versioned(category.version, render(category)))
}

/// What becomes of the products.
struct Deletion {
    keeps_products: bool,
}

impl Query for Deletion {
    fn parse(params: &mut QueryParams) -> Deletion {
        let keep = params.take("products", |text| if text == "keep" { Ok(()) } else { Err("must be keep") });
        Deletion { keeps_products: keep.is_some() }
    }
}

async fn delete(
    ctx: Ctx,
    PathText([key]): PathText<1>,
    IfMatch(version): IfMatch,
    Parsed(deletion): Parsed<Deletion>,
) -> Result<Response, Problem> {
    usecase::delete(&ctx, &key, deletion.keeps_products, version).await?;
    Ok(nothing())
}

async fn place(ctx: Ctx, PathText([key]): PathText<1>, body: Json<PlaceBody>) -> Result<Response, Problem> {
    let change = &body.parsed;
    usecase::place_products(&ctx, &key, change).await.map_err(|failure| match failure {
        crate::failure::Failure::Rejected(CategoryError::ProductsMissing(ids)) => missing(change, &ids),
        failure => failure.into(),
    })?;
    Ok(nothing())
}

/// Names the products of the request that are not there.
pub fn missing(change: &PlacedChange, ids: &[String]) -> Problem {
    let places = change.add.iter().enumerate().filter(|(_, placed)| ids.contains(&placed.product.to_string()));
    fields(places.map(|(at, _)| format!("add/{at}/productId")), "there is no such product")
}

fn body(category: Category) -> Result<CategoryBody, serde_json::Error> {
    Ok(CategoryBody {
        id: category.id.to_string(),
        parent_id: category.parent.map(|parent| parent.to_string()),
        handle: category.handle,
        path: category.path,
        position: category.position,
        product_order: category.order.name(),
        presentation: PresentationBody::of(category.presentation, &category.name)?,
        name: category.name,
        version: category.version,
        created_at: category.created_at.to_string(),
        updated_at: category.updated_at.to_string(),
    })
}

/// The category's JSON.
pub fn render(category: Category) -> String {
    body(category).ok().and_then(|body| serde_json::to_string(&body).ok()).unwrap_or_default()
}

/// The category's JSON with its page in the storefront.
pub fn render_page(category: Category, page: PageBody) -> String {
    let shown = body(category).map(|category| ShownCategoryBody { category, page });
    shown.ok().and_then(|shown| serde_json::to_string(&shown).ok()).unwrap_or_default()
}

/// The JSON of a page; `next` is the cursor of the following one.
pub fn render_list(found: Vec<Category>, next_cursor: Option<String>) -> String {
    let items = found.into_iter().filter_map(|category| body(category).ok()).collect();
    serde_json::to_string(&CategoryListBody { items, next_cursor }).unwrap_or_default()
}

impl From<CategoryError> for Problem {
    fn from(error: CategoryError) -> Problem {
        let conflict = |code, detail: &str| {
            Problem::new(StatusCode::CONFLICT, code).detail(detail).with("allowedActions", json!(["delete"]))
        };
        match error {
            CategoryError::Tree(error) => fields(["parentId"], &error.to_string()),
            CategoryError::ParentMissing => fields(["parentId"], "there is no such category"),
            CategoryError::HandleTaken => fields(["handle"], HANDLE_TAKEN),
            CategoryError::Presentation(error) => error.into(),
            CategoryError::TooMany => conflict("too-many-categories", "A store has 10,000 categories at most."),
            CategoryError::InUse(InTheWay { children, products, collections }) => {
                let allowed = match (children, collections) {
                    (0, 0) => "keep-products",
                    (0, _) => "change-rules",
                    _ => "move-children",
                };
                Problem::new(StatusCode::CONFLICT, "category-in-use")
                    .detail(
                        "Categories are below it, products are in it, or rules of collections ask for it. Change that \
                         first; products may stay with `products=keep`.",
                    )
                    .with("children", children.into())
                    .with("products", products.into())
                    .with("collections", collections.into())
                    .with("allowedActions", json!([allowed]))
            }
            CategoryError::ProductsMissing(_) => fields(["add"], "there is no such product"),
            CategoryError::VersionMismatch { current } => version_mismatch(current),
            CategoryError::Changing => changed_meanwhile(),
        }
    }
}
