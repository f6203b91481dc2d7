//! The lists of categories and collections that are narrowed by attributes, as HTTP asks for them: their plans, and what
//! they cost in a large store. What leads a list costs no more the fewer fit.

use crate::plans::{plan, scans};
use crate::product_lists::Shop;
use crate::steps::Counted;
use crate::tenant::check::statements;
use crate::tenant::schema::Schema;

const COUNT: usize = 5_000;

/// Queries with what they mean, and how many steps a page of 20 may take. A range is looked for in the list's order.
const QUERIES: [(&str, &str, i32); 7] = [
    ("", "1", 40_000),
    ("&attribute.OF-season=all", "1", 40_000),
    ("&attribute.OF-season=rare", "number <= 3", 10_000),
    ("&attribute.OF-season=none", "0", 1_500),
    ("&attribute.OF-season=rare&attribute.OF-number[min]=2", "number BETWEEN 2 AND 3", 10_000),
    ("&attribute.OF-season=none&attribute.OF-number[min]=2", "0", 1_500),
    ("&attribute.OF-number[min]=4000&attribute.OF-number[max]=4010", "number BETWEEN 4000 AND 4010", 400_000),
];

/// What is listed: of what, where, in which order, and the index of the values.
const LISTS: [(&str, &str, &str, &str); 3] = [
    ("category", "categories?limit=20", "path", "category_facet_tree (store_id=? AND key=? AND value=? AND path>?)"),
    (
        "category",
        "categories?limit=20&filter[parent]=PARENT",
        "position, id",
        "category_facet_child (store_id=? AND key=? AND value=? AND parent_id=? AND (position,category_id)>(?,?))",
    ),
    (
        "collection",
        "collections?limit=20",
        "handle",
        "collection_facet_handle (store_id=? AND key=? AND value=? AND handle>?)",
    ),
];

#[tokio::test]
async fn every_list_of_categories_and_collections_is_led_by_an_index_in_its_order() {
    let shop = Shop::open().await;
    for of in ["category", "collection"] {
        for (key, more) in [("season", r#""list","items":"text""#), ("number", r#""number""#)] {
            let body = format!(r#"{{"key":"{of}-{key}","name":"x","of":"{of}","filterable":true,"type":{more}}}"#);
            assert_eq!(shop.post("/api/v1/admin/attributes", body).await, 201);
        }
    }
    let database = Counted::open(&shop.folder.path().join("test.db"));
    let parent = "cat_00000000000000000000000000";
    database.execute(&fill(parent));
    let schema = Schema::of_migrations();
    for (of, list, order, index) in LISTS {
        for (query, meaning, most) in QUERIES {
            let path = format!("/api/v1/{list}{query}").replace("PARENT", parent).replace("OF", of);
            let expected = format!(
                "SELECT id FROM (SELECT *, CAST(substr(id, 5) AS INTEGER) AS number FROM {of})
                 WHERE number > 0 AND {meaning} ORDER BY {order} LIMIT 60"
            );
            let (expected, _) = database.query(&expected, &[]);
            // The parent is the first of the tree, and has no values.
            let is_first = query.is_empty() && order == "path";
            let mut found = Vec::new();
            let mut cursor = String::new();
            for _ in 0..3 {
                let answer = shop.call("GET", &format!("{path}{cursor}"), "").await;
                let asked = shop.asked("-- catalog::").into_iter();
                let mut lists = asked.filter(|(text, _)| text.contains("WITH page (id)"));
                let (text, args) = lists.next_back().expect("a list");
                assert_eq!(statements(&text, &schema).expect("SQL").faults, Vec::<String>::new(), "{text}");
                let plan = plan(&shop.recorder.inner, &text, args.clone()).await;
                let told = plan.join("\n");
                assert!(scans(&plan, &text, &schema).is_empty(), "{text}\n{told}");
                assert!(told.contains(&format!("SEARCH f USING COVERING INDEX {index}")), "{text}\n{told}");
                // The page is sorted where it is cut, and where it is shown; never what it is taken from.
                assert_eq!(told.matches("USE TEMP B-TREE FOR ORDER BY").count(), 2, "{text}\n{told}");
                let (mut ids, steps) = database.query(&text, &args);
                ids.truncate(20);
                found.extend(ids);
                assert!(steps < most, "{path}: {steps} steps\n{text}");
                match answer.get("nextCursor").and_then(serde_json::Value::as_str) {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            found.retain(|id| id != parent);
            assert_eq!(found, expected[..expected.len().min(60 - usize::from(is_first))], "{path}");
        }
    }
    // What the facets copy is what their owners have, whoever changed these.
    let differing = "SELECT f.category_id FROM category_facet f JOIN category c ON c.id = f.category_id
       WHERE (f.path, f.parent_id, f.position) IS NOT (c.path, c.parent_id, c.position)
     UNION ALL SELECT f.collection_id FROM collection_facet f JOIN collection c ON c.id = f.collection_id
       WHERE f.handle <> c.handle";
    for change in [
        "UPDATE category SET position = position + 1",
        "UPDATE category SET parent_id = NULL, path = handle WHERE parent_id IS NOT NULL",
        "UPDATE category SET handle = 'n' || handle, path = 'n' || handle",
        "UPDATE collection SET handle = 'n' || handle",
    ] {
        database.execute(change);
        assert_eq!(database.query(differing, &[]).0, Vec::<String>::new(), "{change}");
    }
    database.execute("DELETE FROM category WHERE id LIKE '%7'");
    let orphans = "SELECT category_id FROM category_facet WHERE category_id NOT IN (SELECT id FROM category)";
    assert_eq!(database.query(orphans, &[]).0, Vec::<String>::new());
}

/// So many categories below one, and as many collections. Number 1 has the number 1, and stands anywhere.
fn fill(parent: &str) -> String {
    let numbers = format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {COUNT})");
    let facets = |of: &str, columns: &str, copied: &str| {
        format!(
            "INSERT INTO {of}_facet (organization_id, store_id, {of}_id, key, value, ordinal, {columns})
             SELECT c.organization_id, c.store_id, c.id, '{of}-' || (k.value ->> 0), coalesce(k.value ->> 1, c.number),
               iif(k.value ->> 1 IS NULL, char(96 + length(c.number)) || c.number, NULL), {copied}
             FROM (SELECT *, CAST(substr(id, 5) AS INTEGER) AS number FROM {of}) c
             JOIN json_each('[[\"season\", \"all\"], [\"season\", \"rare\"], [\"number\", null]]') k
             WHERE c.number > 0 AND (k.value ->> 1 IS NOT 'rare' OR c.number <= 3);"
        )
    };
    format!(
        "PRAGMA foreign_keys = ON;
         INSERT INTO category (organization_id, store_id, id, path, handle, name, created_at)
         SELECT organization_id, id, '{parent}', 'a', 'a', 'a', 0 FROM store;
         {numbers}
         INSERT INTO category (organization_id, store_id, id, parent_id, path, handle, name, position, created_at)
         SELECT s.organization_id, s.id, printf('cat_%026d', i), '{parent}', printf('a/%05d', i * 7919 % 100003),
           printf('%05d', i * 7919 % 100003), 'n', i * 31 % 1000, 0 FROM n JOIN store s;
         {numbers}
         INSERT INTO collection (organization_id, store_id, id, handle, name, kind, product_order, description_html,
           description, metadata, created_at, updated_at)
         SELECT s.organization_id, s.id, printf('col_%026d', i), printf('%05d', i * 7919 % 100003), 'n', 'manual',
           'manual', '', '', '{{}}', 0, 0 FROM n JOIN store s;
         {}{}",
        facets("category", "path, parent_id, position", "c.path, c.parent_id, c.position"),
        facets("collection", "handle", "c.handle")
    )
}
