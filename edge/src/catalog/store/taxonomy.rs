//! What the tables `category` and `collection` have in common.

use headlesspro_shared::kernel::locale::Locale;
use serde_json::json;

use crate::port::sql::{Row, Rows, SqlError, Statement};

/// Refuses the commit when the statement before it has changed nothing.
const GUARD_CHANGED: &str = "-- catalog::guard_changed
INSERT INTO violation (what) SELECT 'unchanged' WHERE changes() = 0";

/// Of a page: a server's answer has less than 10 MB, where the quotes of a text are escaped. One row has at most some
/// hundred thousand.
const MOST_BYTES: i64 = 2_000_000;

/// What is said of a category or collection beside its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presentation {
    /// As the merchant gave it.
    pub description_html: String,
    /// Safe to put into a page.
    pub description: String,
    pub image_url: Option<String>,
    /// A JSON object.
    pub metadata: String,
    pub seo_title: Option<String>,
    pub seo_description: Option<String>,
    /// What it is called in other locales: a JSON object, whose HTML is safe to put into a page.
    pub translations: String,
    /// The same as the merchant gave it; `None` where that is no other. Lists do not tell it.
    pub given_translations: Option<String>,
    /// Values of attributes with their types and files, by key: a JSON object.
    pub attributes: String,
}

impl Default for Presentation {
    fn default() -> Presentation {
        Presentation {
            description_html: String::new(),
            description: String::new(),
            image_url: None,
            metadata: "{}".to_owned(),
            seo_title: None,
            seo_description: None,
            translations: "{}".to_owned(),
            given_translations: None,
            attributes: "{}".to_owned(),
        }
    }
}

/// The statement that refuses the commit when the one before it has changed nothing.
pub fn guard_changed() -> Statement {
    Statement::new(GUARD_CHANGED)
}

/// Binds what pages have in common, as `?3` to `?5`.
pub fn page(statement: Statement, limit: i64, chain: &[Locale]) -> Statement {
    statement.bind(MOST_BYTES).bind(limit).bind(json!(chain).to_string())
}

/// How many of the rows are a page of at most `limit`, and whether there are more.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn cut(rows: Option<&Rows>, limit: i64) -> Result<(usize, bool), SqlError> {
    let found: i64 = rows.and_then(Rows::first).map_or(Ok(0), |row| row.get("found"))?;
    let shown = rows.map_or(0, Rows::len).min(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok((shown, i64::try_from(shown).unwrap_or(i64::MAX) < found))
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn presentation_of(row: Row<'_>) -> Result<Presentation, SqlError> {
    let optional = |column| Ok::<_, SqlError>(row.get::<Option<&str>>(column)?.map(str::to_owned));
    Ok(Presentation {
        description_html: row.get::<&str>("description_html")?.to_owned(),
        description: row.get::<&str>("description")?.to_owned(),
        image_url: optional("image_url")?,
        metadata: row.get::<&str>("metadata")?.to_owned(),
        seo_title: optional("seo_title")?,
        seo_description: optional("seo_description")?,
        translations: row.get::<&str>("translations")?.to_owned(),
        given_translations: optional("given_translations")?,
        attributes: row.get::<&str>("attributes")?.to_owned(),
    })
}

/// Binds the presentation's nine columns, in the order of its fields.
pub fn bind(statement: Statement, presentation: &Presentation) -> Statement {
    statement
        .bind(presentation.description_html.as_str())
        .bind(presentation.description.as_str())
        .bind(presentation.image_url.as_deref())
        .bind(presentation.metadata.as_str())
        .bind(presentation.seo_title.as_deref())
        .bind(presentation.seo_description.as_deref())
        .bind(presentation.translations.as_str())
        .bind(presentation.given_translations.as_deref())
        .bind(presentation.attributes.as_str())
}
