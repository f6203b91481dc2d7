//! The operations of categories, for the OpenAPI document.

use headlesspro_shared::catalog::tree::TreeError;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{CategoryKind, ProductKind};
use http::Method;
use serde_json::{Value, json};

use super::http::{
    CategoryBody, CategoryListBody, ChangeCategoryBody, CreateCategoryBody, PlaceBody, ShownCategoryBody,
};
use super::usecase::CategoryError;
use crate::catalog::openapi::{
    BUDGET, CACHED, CategoryInUse, MovedCategoryAnswer, attributes, locale_problems, products, query_problems,
};
use crate::catalog::store::placement::InTheWay;
use crate::openapi::{
    AllowedActions, Answer, Budget, Cache, Header, Operation, Parameter, RequestBody, credentials, database, entropy,
    id, idempotency, if_match, json_body, min_version, not_found, of, time,
};

pub fn operations() -> Vec<Operation> {
    vec![list(), create(), show(), change(), delete(), shelf(), place()]
}

fn read(path: &'static str, id: &'static str) -> Operation {
    Operation::new(Method::GET, path, id, "Catalog")
        .cache(Cache::Catalog)
        .budget(BUDGET)
        .parameters([Parameter::if_none_match(), Parameter::min_version()])
        .problems(min_version())
        .problems(credentials(Scope::CatalogRead))
        .problems(database())
}

fn write(method: Method, path: &'static str, id: &'static str) -> Operation {
    Operation::new(method, path, id, "Catalog")
        .cache(Cache::Personal)
        .budget(Budget::new(2, 9, 0))
        .problems(credentials(Scope::CatalogWrite))
        .problems(database())
        .problems(entropy())
}

fn list() -> Operation {
    read("/api/v1/categories", "listCategories")
        .says(
            "Lists categories",
            "One page of the category tree: every category follows its parent. With `filter[parent]`, of the \
             categories below one, by their position. A store has 10,000 categories at most, on at most 10 levels.",
        )
        .parameters(Parameter::page())
        .parameters([Parameter::query(
            "filter[parent]",
            "The id of a category; `root` for those without a parent.",
            json!({ "type": "string" }),
            "root",
        )])
        .parameters(attributes())
        .parameters(Parameter::locale())
        .answer(
            Answer::json::<CategoryListBody>(200, "A page of categories.")
                .headers(CACHED)
                .headers([Header::ContentLanguage, Header::Link])
                .example("tree", "Two categories, one below the other", json!({ "items": tree(), "nextCursor": null })),
        )
        .answer(
            Answer::empty(304, "The page is the one the caller has.")
                .headers(CACHED)
                .headers([Header::ContentLanguage, Header::Link]),
        )
        .problems(query_problems())
}

fn show() -> Operation {
    read("/api/v1/categories/{idOrPath}", "getCategory")
        .says(
            "Shows a category",
            "By its id, or by its path: each handle as the locale says it, or the category's own. A path that it had, by \
             a handle, a parent or a translation of its own or of a category above it, leads to the present one until \
             another category has it.",
        )
        .parameters([key()])
        .parameters(Parameter::locale())
        .answer(
            Answer::json::<ShownCategoryBody>(200, "The category.")
                .headers(CACHED)
                .headers([Header::ContentLanguage])
                .example("tents", "A category", shown()),
        )
        .answer(moved())
        .answer(
            Answer::empty(304, "The category is as the caller has it.")
                .headers(CACHED)
                .headers([Header::ContentLanguage]),
        )
        .problems(locale_problems())
        .problems(not_found())
}

fn create() -> Operation {
    write(Method::POST, "/api/v1/categories", "createCategory")
        .says("Makes a category", "A root, or below another one.")
        .parameters([Parameter::idempotency_key(false)])
        .body(
            RequestBody::json::<CreateCategoryBody>("The category.")
                .example(
                    "tents",
                    "A category below another one",
                    json!({
                        "name": "Tents",
                        "parentId": id::<CategoryKind>(1).to_string(),
                        "position": 10,
                        "productOrder": "manual",
                        "description": "<p>For all seasons.</p>",
                        "metadata": { "icon": "tent" },
                        "seo": { "description": "Tents for two and more." },
                        "translations": { "fr": { "handle": "tentes", "name": "Tentes" } },
                    }),
                )
                .example(
                    "valued",
                    "One with the value of an attribute that the store declares of categories",
                    json!({ "name": "Snow", "attributes": { "season": "winter" } }),
                ),
        )
        .answer(
            Answer::json::<CategoryBody>(201, "The category.")
                .headers([Header::Location, Header::IdempotentReplayed, Header::CatalogVersion])
                .example("tents", "A new category", tents()),
        )
        .problems(json_body())
        .problems(idempotency())
        .problems(vec![of(CategoryError::TooMany, "There are 10,000 already.").with::<AllowedActions>(), changing()])
}

fn change() -> Operation {
    write(Method::PATCH, "/api/v1/categories/{idOrPath}", "changeCategory")
        .says(
            "Changes or moves a category",
            "Under another parent, or with another handle, it moves with all that is below it, and with the products \
             in these, at once. Whatever moves at the same moment, a category never comes to stand below itself. Rules \
             of collections that ask for a category which products leave or enter by it are held against the store's \
             products anew, 2,000 a commit: such a collection says by `ready` whether all were.",
        )
        .budget(Budget::growing(2, 0))
        .parameters([key(), Parameter::if_match()])
        .body(RequestBody::json::<ChangeCategoryBody>("What is to be changed.").example(
            "move",
            "Another name and position",
            json!({ "name": "Tents & tarps", "position": 20 }),
        ))
        .answer(answer("The category.").headers([Header::Etag, Header::CatalogVersion]))
        .problems(json_body())
        .problems(not_found())
        .problems(if_match(CategoryError::VersionMismatch { current: 8 }))
        .problems(vec![of(CategoryError::Tree(TreeError::Cycle), "The new parent is below the category."), changing()])
}

fn delete() -> Operation {
    write(Method::DELETE, "/api/v1/categories/{idOrPath}", "deleteCategory")
        .says(
            "Deletes a category",
            "One that nothing is below and no product is in. With `products=keep` its products stay, and stand in its \
             parent from then on; those of a root in no category, unless they have another one.",
        )
        .budget(Budget::growing(2, 0))
        .parameters([
            key(),
            Parameter::query(
                "products",
                "`keep`: the category may have products.",
                json!({ "type": "string", "enum": ["keep"] }),
                "keep",
            ),
            Parameter::if_match(),
        ])
        .answer(Answer::empty(204, "The category is gone.").headers([Header::CatalogVersion]))
        .problems(not_found())
        .problems(query_problems())
        .problems(if_match(CategoryError::VersionMismatch { current: 8 }))
        .problems(vec![
            of(CategoryError::InUse(InTheWay { children: 0, products: 2, collections: 0 }), "Something is in it.")
                .with::<CategoryInUse>(),
            changing(),
        ])
}

fn shelf() -> Operation {
    products("/api/v1/categories/{idOrPath}/products", "listCategoryProducts")
        .says("Lists a category's products", "Those of the categories below it included, in the category's own order.")
        .parameters([key()])
        .answer(moved())
        .problems(not_found())
}

fn place() -> Operation {
    write(Method::POST, "/api/v1/categories/{idOrPath}/products", "placeCategoryProducts")
        .says(
            "Puts products into a category",
            "Beside their main category, which belongs to the product and stays; and gives products their places in \
             the order `manual`. Those without one come last.",
        )
        .parameters([key()])
        .body(RequestBody::json::<PlaceBody>("The products.").example(
            "first",
            "One in the first place, one out",
            json!({
                "add": [{ "productId": id::<ProductKind>(1).to_string(), "position": 1 }],
                "remove": [id::<ProductKind>(2).to_string()],
            }),
        ))
        .answer(Answer::empty(204, "The products are where they were asked to be.").headers([Header::CatalogVersion]))
        .problems(json_body())
        .problems(not_found())
}

fn key() -> Parameter {
    Parameter::path(
        "idOrPath",
        "The category's id, or its path with `%2F` for each `/`: `outdoor%2Ftents`, as `encodeURIComponent` writes it. \
         Writes take the path of the default locale.",
        json!({ "type": "string" }),
        id::<CategoryKind>(2).to_string(),
    )
}

fn changing() -> crate::openapi::Problem {
    of(CategoryError::Changing, "Others are changing the same.").with::<AllowedActions>()
}

fn answer(description: &'static str) -> Answer {
    Answer::json::<CategoryBody>(200, description).example("tents", "A category", tents())
}

fn moved() -> Answer {
    Answer::json::<MovedCategoryAnswer>(301, "The category has another path now. The query is kept.")
        .headers(CACHED)
        .headers([Header::ContentLanguage, Header::Location])
        .example(
            "moved",
            "It stood elsewhere",
            json!({ "id": id::<CategoryKind>(2).to_string(), "path": "outdoor/tents" }),
        )
}

fn shown() -> Value {
    let mut shown = tents();
    if let Some(members) = shown.as_object_mut() {
        let page = |page: &str| json!(format!("https://shop.example/{page}"));
        let (own, french) = (page("categories/outdoor/tents"), page("fr/categories/plein-air/tentes"));
        let alternates = json!([{ "locale": "en", "url": own }, { "locale": "fr", "url": french }]);
        members.insert("translations".to_owned(), json!({ "fr": { "handle": "tentes", "name": "Tentes" } }));
        members.insert("canonicalUrl".to_owned(), own);
        members.insert("alternates".to_owned(), alternates);
    }
    shown
}

fn category(number: u8, parent: Option<u8>, name: &str, path: &str) -> Value {
    let id = |number: u8| id::<CategoryKind>(number).to_string();
    json!({
        "id": id(number),
        "parentId": parent.map(id),
        "handle": path.rsplit('/').next(),
        "name": name,
        "path": path,
        "position": 10,
        "productOrder": "manual",
        "description": "<p>For all seasons.</p>",
        "imageUrl": null,
        "metadata": { "icon": "tent" },
        "seo": { "title": name, "description": "Tents for two and more." },
        "attributes": { "season": { "type": "text", "value": "winter" } },
        "version": 1,
        "createdAt": time(0),
        "updatedAt": time(0),
    })
}

fn tents() -> Value {
    category(2, Some(1), "Tents", "outdoor/tents")
}

fn tree() -> [Value; 2] {
    [category(1, None, "Outdoor", "outdoor"), tents()]
}
