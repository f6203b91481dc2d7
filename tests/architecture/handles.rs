//! Handles are one product's in a language, whatever is written in which order: the database itself sees to it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::plans::database;
use crate::steps::Counted;

const PRODUCTS: usize = 3;
const LOCALES: [&str; 4] = ["fr", "fr-CA", "ar", "zh-Hant"];
/// The locales whose handles are looked up for each of these, the nearest first.
const CHAINS: [&[&str]; 5] = [&["fr"], &["fr-CA", "fr"], &["ar"], &["zh-Hant", "zh"], &["de"]];
const HANDLES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// What somebody writes of a product.
#[derive(Debug, Clone)]
enum Write {
    Own(usize, &'static str),
    /// In a locale; `None`: none of its own there.
    Say(usize, &'static str, Option<&'static str>),
    /// The translation is taken away.
    Unsay(usize, &'static str),
}

/// What the database is to hold.
struct Model {
    own: [&'static str; PRODUCTS],
    said: BTreeMap<(usize, &'static str), Option<&'static str>>,
}

fn language(locale: &str) -> &str {
    locale.split('-').next().unwrap_or_default()
}

impl Model {
    /// Whether it may be written; then it is.
    fn write(&mut self, write: &Write) -> bool {
        let others_said = |product: usize, handle: &str, within: Option<&str>| {
            self.said.iter().any(|((other, locale), said)| {
                *other != product
                    && *said == Some(handle)
                    && within.is_none_or(|within| language(locale) == language(within))
            })
        };
        let others_own =
            |product: usize, handle: &str| self.own.iter().enumerate().any(|(at, own)| at != product && *own == handle);
        let is_free = match write {
            Write::Own(product, handle) => !others_own(*product, handle) && !others_said(*product, handle, None),
            Write::Say(product, locale, Some(handle)) => {
                !others_own(*product, handle) && !others_said(*product, handle, Some(locale))
            }
            Write::Say(_, _, None) | Write::Unsay(..) => true,
        };
        match (is_free, write) {
            (false, _) => {}
            (true, Write::Own(product, handle)) => {
                self.own.iter_mut().enumerate().filter(|(at, _)| at == product).for_each(|(_, own)| *own = handle);
            }
            (true, Write::Say(product, locale, handle)) => drop(self.said.insert((*product, locale), *handle)),
            (true, Write::Unsay(product, locale)) => drop(self.said.remove(&(*product, *locale))),
        }
        is_free
    }
}

fn sql(write: &Write) -> String {
    match write {
        Write::Own(product, handle) => format!("UPDATE product SET handle = '{handle}' WHERE id = 'p{product}'"),
        Write::Say(product, locale, handle) => {
            let handle = handle.map_or_else(|| "NULL".to_owned(), |handle| format!("'{handle}'"));
            format!(
                "INSERT INTO product_translation (organization_id, store_id, product_id, locale, handle, shown_handle,
                   document, card)
                 VALUES ('o', 's', 'p{product}', '{locale}', {handle}, '', '', '')
                 ON CONFLICT (product_id, locale) DO UPDATE SET handle = excluded.handle"
            )
        }
        Write::Unsay(product, locale) => {
            format!("DELETE FROM product_translation WHERE product_id = 'p{product}' AND locale = '{locale}'")
        }
    }
}

fn write() -> impl Strategy<Value = Write> {
    let (product, handle) = (|| 0..PRODUCTS, || proptest::sample::select(HANDLES.as_slice()));
    let locale = || proptest::sample::select(LOCALES.as_slice());
    prop_oneof![
        (product(), handle()).prop_map(|(product, handle)| Write::Own(product, handle)),
        (product(), locale(), proptest::option::weighted(0.9, handle()))
            .prop_map(|(product, locale, handle)| Write::Say(product, locale, handle)),
        (product(), locale()).prop_map(|(product, locale)| Write::Unsay(product, locale)),
    ]
}

#[tokio::test]
async fn a_handle_is_one_products_in_a_language() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(database(&folder).await);
    let database = Counted::open(&folder.path().join("test.db"));
    database.execute(
        "INSERT INTO organization (id, name, currency, created_at) VALUES ('o', 'o', 'EUR', 0);
         INSERT INTO store (organization_id, id, name, currency, minor_unit_scale, created_at)
         VALUES ('o', 's', 's', 'EUR', 100, 0)",
    );
    let mut runner = TestRunner::new(Config { cases: 200, failure_persistence: None, ..Config::default() });
    let run = runner.run(&proptest::collection::vec(write(), 0..30), |writes| {
        database.execute(
            "DELETE FROM product_translation; DELETE FROM product; DELETE FROM product_former_translation;
             DELETE FROM product_former_handle;
             INSERT INTO product (organization_id, store_id, id, handle, title, title_key, vendor, product_type, status,
               body_html, document, card, source_hash, version, created_at, updated_at)
             SELECT 'o', 's', 'p' || key, value, '', '', '', '', 'active', '', '{}', '{}', '', 1, 0, 0
             FROM json_each('[\"a\", \"b\", \"c\"]')",
        );
        let mut model = Model { own: ["a", "b", "c"], said: BTreeMap::new() };
        for write in &writes {
            prop_assert_eq!(database.try_execute(&sql(write)).is_ok(), model.write(write), "{:?}", write);
            for chain in CHAINS {
                let chain = chain.join("', '");
                let twice = format!(
                    "SELECT handle FROM (
                       SELECT handle, product_id FROM product_translation WHERE locale IN ('{chain}') AND handle IS NOT NULL
                       UNION SELECT handle, id FROM product)
                     GROUP BY handle HAVING count(*) > 1"
                );
                prop_assert_eq!(database.query(&twice, &[]).0, Vec::<String>::new(), "in {}", chain);
            }
            // What is somebody's now leads nowhere else.
            let both = "SELECT f.handle FROM product_former_translation f
                        JOIN product_translation t ON t.handle = f.handle AND t.locale = f.locale";
            prop_assert_eq!(database.query(both, &[]).0, Vec::<String>::new());
        }
        let said = model.said.values().filter(|said| said.is_some()).count();
        let count = "SELECT count(*) FROM product_translation WHERE handle IS NOT NULL";
        prop_assert_eq!(database.query(count, &[]).0, [said.to_string()]);
        Ok(())
    });
    run.unwrap_or_else(|error| panic!("{error}"));
}
