//! What triggers read, they find by an index: whoever writes a row waits for all of them.

use headlesspro_edge::port::sql::{Sql, Statement};

use crate::plans::{database, plan, scans, searches};
use crate::tenant::schema::Schema;

/// Triggers that read all that an organization or store has of something, each with the reason why that is little.
const READERS: [(&str, &str); 8] = [
    ("category_count", "10,000 a store, counted in an index when one is made"),
    ("collection_count", "10,000 a store, counted in an index when one is made"),
    ("custom_role_invited_to", "invitations that are open, by an index of these alone"),
    ("customer_group_count", "1,000 an organization, counted in an index when one is made"),
    ("member_within_plan", "accounts, counted in an index when one joins the staff"),
    ("new_member_within_plan", "accounts, counted in an index when one joins the staff"),
    ("shipping_zone_changed", "the countries of 300 zones, when a zone changes"),
    ("tax_zone_changed", "the countries of 300 zones, when a zone changes"),
];

#[tokio::test]
async fn every_trigger_runs_on_an_index() {
    let folder = tempfile::tempdir().expect("a folder");
    let sql = database(&folder).await;
    let schema = Schema::of_migrations();
    let triggers = Statement::new("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name");
    let answers = (&sql as &dyn Sql).read(vec![triggers]).await.expect("the schema");
    let (mut faults, mut readers, mut count) = (Vec::new(), Vec::new(), 0);
    for row in answers.first().expect("an answer").iter() {
        let (name, text): (&str, &str) = (row.get("name").expect("a name"), row.get("sql").expect("a text"));
        let mut is_reader = false;
        for statement in steps(text) {
            count += 1;
            let plan = plan(&sql, &statement, Vec::new()).await;
            let whole = [scans(&plan, &statement, &schema), searches(&plan, &statement, &schema)].concat();
            is_reader |= !whole.is_empty();
            if !whole.is_empty() && !READERS.iter().any(|(reader, _)| *reader == name) {
                faults.push(format!("{name}: {statement}\n{}\n{whole:?}", plan.join("\n")));
            }
        }
        readers.extend(is_reader.then(|| name.to_owned()));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert!(200 < count, "only {count} statements were found");
    for (reader, _) in READERS {
        assert!(readers.iter().any(|name| name == reader), "{reader} reads no such thing");
    }
}

#[test]
fn a_trigger_is_what_it_asks_and_does() {
    let text = "CREATE TRIGGER t BEFORE INSERT ON a WHEN NEW.x = ';' AND OLD.BEGINNING IS NULL -- ; BEGIN\nBEGIN\n  \
                SELECT RAISE(ABORT, 'no; never') WHERE CASE WHEN NEW.y THEN 1 END;\n UPDATE a SET b = OLD.c; -- done;\nEND";
    assert_eq!(
        steps(text),
        ["SELECT ?1 = ';' AND ?1 IS NULL", "SELECT NULL WHERE CASE WHEN ?1 THEN 1 END", "UPDATE a SET b = ?1"]
    );
    assert_eq!(steps("CREATE TRIGGER t AFTER DELETE ON a BEGIN DELETE FROM b WHERE c = OLD.d; END").len(), 1);
}

/// A trigger's condition and its statements, each as one that runs by itself: the rows that it is about are parameters.
fn steps(trigger: &str) -> Vec<String> {
    let text: Vec<&str> = trigger.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    let text = text.join("\n");
    let (head, body) = text.split_once("BEGIN\n").or_else(|| text.split_once("BEGIN ")).expect("a body");
    let body = body.trim_end().strip_suffix("END").expect("an end");
    let condition = head.split_once("WHEN ").map(|(_, condition)| format!("SELECT {condition}"));
    let statements = outside_quotes(body, ';');
    let steps = condition.into_iter().chain(statements).map(|step| alone(step.trim()));
    steps.filter(|step| !step.is_empty()).collect()
}

/// The pieces of a text between separators that stand in no string.
fn outside_quotes(text: &str, separator: char) -> Vec<String> {
    let (mut pieces, mut is_quoted) = (vec![String::new()], false);
    for letter in text.chars() {
        is_quoted ^= letter == '\'';
        if letter == separator && !is_quoted {
            pieces.push(String::new());
        } else if let Some(piece) = pieces.last_mut() {
            piece.push(letter);
        }
    }
    pieces
}

/// The statement without what only a trigger may say.
fn alone(step: &str) -> String {
    let mut alone = String::new();
    let mut rest = step;
    while let Some(at) = ["NEW.", "OLD.", "RAISE(", "raise("].iter().filter_map(|word| rest.find(word)).min() {
        let (before, from) = rest.split_at(at);
        alone.push_str(before);
        if from.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("raise")) {
            alone.push_str("NULL");
            rest = from.split_once("')").map_or("", |(_, rest)| rest);
        } else {
            alone.push_str("?1");
            rest = from
                .get(4..)
                .unwrap_or_default()
                .trim_start_matches(|letter: char| letter.is_alphanumeric() || letter == '_');
        }
    }
    alone.push_str(rest);
    alone
}
