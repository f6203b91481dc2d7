//! A large shop's lists after a write that says which products stand in them: gone on with by the job, on a host without a
//! cron too.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use headlesspro_edge::port::sql::{Commit, Committed, Statement, Value as SqlValue};
use serde_json::{Value, json};

use crate::app::{Kind, Stage};

/// Every third is even, by its title.
const PRODUCTS: i64 = 4_500;

const FILL: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
INSERT INTO product (organization_id, store_id, id, handle, title, title_key, vendor, product_type, status, body_html,
  document, card, source_hash, version, created_at, updated_at)
SELECT s.organization_id, s.id, printf('prod_0%025d', i), 'h' || i, 't', iif(i % 3, 'odd', 'even'), '', '', 'active', '',
  '{}', json_object('id', printf('prod_0%025d', i), 'handle', 'h' || i, 'title', 't', 'vendor', '', 'image', NULL,
    'priceRange', NULL), '', 1, i, i
FROM n JOIN store s ON s.organization_id = ?1";

/// As a process leaves it that died after the first commit: the others have not been.
const DIE: &str = "UPDATE collection SET filled_to = (SELECT p.id FROM product p
  WHERE p.store_id = collection.store_id AND p.version > 0 ORDER BY p.id LIMIT 1 OFFSET 1999) WHERE id = ?1";

const EMPTY: &str = "DELETE FROM product_facet WHERE kind = 'collection' AND value = ?1
  AND product_id > (SELECT filled_to FROM collection WHERE id = ?1)";

const ALLOW: &str = "UPDATE api_key SET scopes = scopes || ' jobs:run' WHERE kind = 'secret'";

const JOB: &str = "/api/v1/jobs/lists";

pub fn what_a_request_left_over_is_gone_on_with_by_the_job(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let merchant = &world.ours.merchant;
        let organization = stage.our_organization();
        execute(stage, FILL, vec![organization.to_string().into(), PRODUCTS.into()]).await;
        execute(stage, ALLOW, vec![]).await;
        let even = json!([{ "field": "title", "operator": "equals", "value": "Even" }]);
        let body = json!({ "name": "Even", "rule": { "matches": "all", "conditions": even } });
        let made = merchant.post("/api/v1/collections").json(&body).send().await.expect(201).json();
        assert_eq!(made["ready"], true);
        let id = made["id"].as_str().unwrap();
        let path = format!("/api/v1/collections/{id}");
        let is_ready = async || merchant.get(&path).send().await.expect(200).json()["ready"].clone();
        let count = async || shown(stage, &path).await;

        for sql in [DIE, EMPTY] {
            execute(stage, sql, vec![id.into()]).await;
        }
        assert_eq!((is_ready().await, count().await), (Value::Bool(false), 666));
        world.ours.shopper.post(JOB).send().await.expect_problem(403, "missing-scope");
        world.nobody.post(JOB).send().await.expect_problem(401, "no-credentials");
        let runs = join_all((0..3).map(|_| merchant.post(JOB).send())).await;
        let runs: Vec<Value> = runs.into_iter().map(|run| run.expect(200).json()).collect();
        assert!(runs.iter().any(|run| run["filled"] == 1), "{runs:?}");
        assert_eq!((is_ready().await, count().await), (Value::Bool(true), 1_500));
        let again = merchant.post(JOB).send().await.expect(200).json();
        assert_eq!(again, json!({ "commits": 0, "filled": 0 }));
        println!("{kind}: {PRODUCTS} products, a rule was gone on with by the job: {runs:?}");
    });
}

/// How many products the list has, each once. Asked as the merchant: nobody keeps what the merchant is answered.
async fn shown(stage: &Stage, collection: &str) -> usize {
    let world = stage.world();
    let (mut seen, mut cursor) = (BTreeSet::new(), None::<String>);
    loop {
        let mut query = vec![("limit", "250")];
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let path = format!("{collection}/products");
        let page = world.ours.merchant.get(&path).query(&query).send().await.expect(200).json();
        for item in page["items"].as_array().unwrap() {
            assert!(seen.insert(item["handle"].as_str().unwrap().to_owned()), "{item} twice");
        }
        match page["nextCursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return seen.len(),
        }
    }
}

async fn execute(stage: &Stage, sql: &'static str, args: Vec<SqlValue>) {
    let mut commit = Commit::new();
    commit.push(args.into_iter().fold(Statement::new(sql), Statement::bind));
    let done = stage.sql().commit(&commit).await.unwrap();
    assert!(matches!(done, Committed::Done { .. }), "{done:?}");
}
