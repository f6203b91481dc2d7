//! Products in other locales than their store's own: the tables `product_translation` and `product_former_translation`.

use std::collections::BTreeMap;

use headlesspro_shared::kernel::id::ProductId;
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::kernel::time::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::addressed::path_of;
use super::read::BY_ID;
use crate::app::Tenant;
use crate::port::sql::{Commit, Rows, SqlError, Statement};

/// Translations that a product has no more. Of what is left, the key is in `?4`: pairs of a product and a locale.
const DELETE: &str = "-- catalog::delete_translations
DELETE FROM product_translation
WHERE organization_id = ?1 AND +store_id = ?2 AND product_id IN (SELECT value FROM json_each(?3))
  AND (product_id, locale) NOT IN (SELECT r.value ->> 0, r.value ->> 1 FROM json_each(?4) r)";

const UPSERT: &str = "-- catalog::upsert_translations
INSERT INTO product_translation (organization_id, store_id, product_id, locale, handle, shown_handle, document, card,
  variants)
SELECT ?1, ?2, r.value ->> 'product', r.value ->> 'locale', r.value ->> 'handle', r.value ->> 'shownHandle',
  r.value ->> 'document', r.value ->> 'card', r.value ->> 'variants'
FROM json_each(?3) r WHERE true
ON CONFLICT (product_id, locale) DO UPDATE SET
  handle = excluded.handle, shown_handle = excluded.shown_handle, document = excluded.document, card = excluded.card,
  variants = excluded.variants
WHERE product_translation.organization_id = ?1 AND product_translation.store_id = ?2";

/// Which of some handles are other products' in some locale, by the handles that those have themselves.
const OWNERS: &str = "-- catalog::translated_handles
SELECT t.handle, p.handle AS owner
FROM json_each(?3) wanted
CROSS JOIN product_translation t ON t.handle = wanted.value AND t.organization_id = ?1 AND t.store_id = ?2
CROSS JOIN product p ON p.id = t.product_id AND p.organization_id = ?1";

/// What is said of a product, by the nearest of the locales in `?4` that it is translated to: the longest name, which
/// the others are the beginnings of.
const BY_ID_IN: &str = "-- catalog::translation_by_id
SELECT t.document, t.shown_handle, t.variants FROM product_translation t
WHERE t.organization_id = ?1 AND t.store_id = ?2 AND t.product_id = ?3
  AND +t.locale IN (SELECT value FROM json_each(?4))
ORDER BY t.locale DESC LIMIT 1";

const BY_HANDLE_IN: &str = "-- catalog::translation_by_handle
SELECT t.document, t.shown_handle, t.variants FROM product_translation t
WHERE t.organization_id = ?1 AND t.store_id = ?2 AND t.product_id = coalesce(
    (SELECT h.product_id FROM product_translation h WHERE h.organization_id = ?1 AND h.store_id = ?2
      AND h.handle = ?3 AND h.locale IN (SELECT value FROM json_each(?4)) LIMIT 1),
    (SELECT d.id FROM product d WHERE d.organization_id = ?1 AND d.store_id = ?2 AND d.handle = ?3))
  AND +t.locale IN (SELECT value FROM json_each(?4))
ORDER BY t.locale DESC LIMIT 1";

/// The product that had the handle, with the one that it has now.
const FORMER_IN: &str = "-- catalog::former_in_locale
SELECT p.id, coalesce((SELECT t.shown_handle FROM product_translation t
    WHERE t.organization_id = ?1 AND t.product_id = p.id AND +t.locale IN (SELECT value FROM json_each(?4))
    ORDER BY t.locale DESC LIMIT 1), p.handle) AS name
FROM product p
WHERE p.organization_id = ?1 AND +p.store_id = ?2 AND p.id = coalesce(
    (SELECT f.product_id FROM product_former_translation f WHERE f.organization_id = ?1 AND f.store_id = ?2
      AND f.handle = ?3 AND f.locale IN (SELECT value FROM json_each(?4)) LIMIT 1),
    (SELECT d.product_id FROM product_former_handle d WHERE d.organization_id = ?1 AND d.store_id = ?2
      AND d.handle = ?3))
  AND p.status = 'active' AND coalesce(p.publish_at <= ?5, 1) AND coalesce(p.unpublish_at > ?5, 1)";

// Fragments, in which `:handle` and `:chain` stand for the numbers of arguments.

/// In the place of a product's id: that of the one with a handle in the locale, else of its own. No two products are
/// meant by one handle in one language, whose locales are all that a chain has.
const FOUND: &str = "= coalesce(
    (SELECT h.product_id FROM product_translation h WHERE h.organization_id = ?1 AND h.store_id = ?2
      AND h.handle = :handle AND h.locale IN (SELECT value FROM json_each(:chain)) LIMIT 1),
    (SELECT d.id FROM product d WHERE d.organization_id = ?1 AND d.store_id = ?2 AND d.handle = :handle))";

/// In the place of a category's name. An array's elements come in their order.
const CATEGORY: &str = "coalesce((SELECT c.translations ->> ('$.\"' || l.value || '\".name') AS said
      FROM json_each(?5) l WHERE said IS NOT NULL LIMIT 1), c.name)";

/// After an empty text, in the place of a card.
const CARD: &str = " || coalesce((SELECT t.card FROM product_translation t
    WHERE t.organization_id = ?1 AND t.product_id = p.id AND +t.locale IN (SELECT value FROM json_each(:chain))
    ORDER BY t.locale DESC LIMIT 1), p.card)";

/// A product in a locale that it is translated to.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TranslationRow {
    pub product: String,
    pub locale: String,
    /// Of its own in this locale.
    pub handle: Option<String>,
    pub shown_handle: String,
    pub document: String,
    pub card: String,
    /// What the variants are called, where that is otherwise: a JSON array.
    pub variants: Option<String>,
}

/// Adds the statements that write these translations, and take away all others of `updated` products.
pub fn write(commit: &mut Commit, tenant: Tenant, updated: &[String], rows: &[TranslationRow]) {
    if !updated.is_empty() {
        let keys: Vec<[&str; 2]> = rows.iter().map(|row| [row.product.as_str(), row.locale.as_str()]).collect();
        commit.push(tenant.statement(DELETE).bind(json!(updated).to_string()).bind(json!(keys).to_string()));
    }
    if !rows.is_empty() {
        commit.push(tenant.statement(UPSERT).bind(serde_json::to_string(rows).unwrap_or_default()));
    }
}

/// The statement whose rows [`owners_of`] takes.
pub fn owners(tenant: Tenant, handles: &[String]) -> Statement {
    tenant.statement(OWNERS).bind(json!(handles).to_string())
}

/// The handle of the product that is called so in some locale.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn owners_of(rows: &Rows) -> Result<BTreeMap<String, String>, SqlError> {
    let text = |row: crate::port::sql::Row<'_>, column| row.get::<&str>(column).map(str::to_owned);
    rows.iter().map(|row| Ok((text(row, "handle")?, text(row, "owner")?))).collect()
}

/// The statements that read a product that is shown `now`, in the locales of `chain`, the nearest first: its rows, what
/// is said of it there, and where it is now if it had the handle.
pub fn product_in(tenant: Tenant, key: Result<ProductId, &str>, chain: &[Locale], now: Timestamp) -> Vec<Statement> {
    let chain = json!(chain).to_string();
    match key {
        Ok(id) => {
            let translation = tenant.statement(BY_ID_IN).bind(id.to_string()).bind(chain.as_str());
            let mut rows = super::product(tenant, Ok(id), now).bind(chain.as_str());
            rows.sql = told_so(&rows.sql).into();
            vec![rows, translation]
        }
        Err(handle) => {
            let mut rows = tenant.statement(BY_ID).bind(handle).bind(now.millis()).bind(chain.as_str());
            let found = FOUND.replace(":handle", "?3").replace(":chain", "?5");
            rows.sql = told_so(&rows.sql.replace("= ?3", &found)).into();
            let of = |sql| tenant.statement(sql).bind(handle).bind(chain.as_str());
            vec![rows, of(BY_HANDLE_IN), of(FORMER_IN).bind(now.millis())]
        }
    }
}

/// With the name and the path of the product's category as they are said in the locales of `?5`.
fn told_so(sql: &str) -> String {
    sql.replace("c.name", CATEGORY).replace("'path', c.path", &format!("'path', ({})", path_of("c.id", 5)))
}

/// A list's statement with the cards of the locales of `chain`, the nearest first.
#[must_use]
pub fn cards_in(mut list: Statement, chain: &[Locale]) -> Statement {
    if !chain.is_empty() {
        list.args.push(json!(chain).to_string().into());
        let card = CARD.replace(":chain", &format!("?{}", list.args.len()));
        list.sql = list.sql.replace("p.card", &format!("''{card} AS card")).into();
    }
    list
}
