//! Categories and collections are found by what they are called, and by what they were called, whatever is written in
//! which order: asked of the statements of the source, and held against models.

use std::collections::{BTreeMap, BTreeSet};

use headlesspro_edge::port::sql::Value;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};

use crate::plans::database;
use crate::steps::Counted;
use crate::tenant::literals::{Sql, all};
use crate::tenant::schema::Schema;

const IDS: [&str; 5] = ["A", "B", "C", "D", "E"];
const HANDLES: [&str; 4] = ["a", "b", "c", "d"];
const LOCALES: [&str; 3] = ["fr", "fr-CA", "ar"];
/// The locales whose handles are looked up, the nearest first. In the default one there are none.
const CHAINS: [&[&str]; 4] = [&[], &["fr"], &["fr-CA", "fr"], &["ar"]];

type Id = &'static str;
type Handle = &'static str;

/// What somebody writes.
#[derive(Debug, Clone)]
enum Write {
    Make(Id, Option<Id>, Handle),
    /// Below another parent, of categories, and with another handle.
    Move(Id, Option<Id>, Handle),
    /// In a locale; `None`: none of its own there.
    Say(Id, &'static str, Option<Handle>),
    Delete(Id),
}

fn write() -> impl Strategy<Value = Write> {
    let select = |list: &'static [&'static str]| proptest::sample::select(list);
    let parent = move || proptest::option::of(select(&IDS));
    prop_oneof![
        (select(&IDS), parent(), select(&HANDLES)).prop_map(|(id, parent, handle)| Write::Make(id, parent, handle)),
        (select(&IDS), parent(), select(&HANDLES)).prop_map(|(id, parent, handle)| Write::Move(id, parent, handle)),
        (select(&IDS), select(&LOCALES), proptest::option::weighted(0.8, select(&HANDLES)))
            .prop_map(|(id, locale, handle)| Write::Say(id, locale, handle)),
        select(&IDS).prop_map(Write::Delete),
    ]
}

/// A category or collection.
#[derive(Debug, Clone, Default)]
struct One {
    parent: Option<Id>,
    handle: Handle,
    said: BTreeMap<&'static str, Handle>,
}

impl One {
    fn translations(&self) -> String {
        let said = self.said.iter().map(|(locale, handle)| format!("\"{locale}\":{{\"handle\":\"{handle}\"}}"));
        format!("{{{}}}", said.collect::<Vec<_>>().join(","))
    }

    /// Its handles, each with the locale or with none.
    fn handles(&self) -> impl Iterator<Item = (&'static str, Handle)> {
        std::iter::once(("", self.handle)).chain(self.said.iter().map(|(locale, handle)| (*locale, *handle)))
    }

    /// By what it is found among its siblings.
    fn called(&self, chain: &[&str]) -> BTreeSet<Handle> {
        let is_heard = |locale: &str| locale.is_empty() || chain.contains(&locale);
        self.handles().filter(|(locale, _)| is_heard(locale)).map(|(_, handle)| handle).collect()
    }
}

/// What the database is to hold.
#[derive(Debug, Clone, Default)]
struct Model(BTreeMap<Id, One>);

fn language(locale: &str) -> &str {
    locale.split('-').next().unwrap_or_default()
}

impl Model {
    /// Whether it may be written, in a tree or without one; then it is.
    fn write(&mut self, write: &Write, is_tree: bool) -> bool {
        let parent_of = |parent: &Option<Id>| parent.filter(|_| is_tree);
        let mut after = self.clone();
        let id = match write {
            Write::Make(id, parent, handle) => {
                if self.0.contains_key(id) {
                    return false;
                }
                after.0.insert(id, One { parent: parent_of(parent), handle, said: BTreeMap::new() });
                id
            }
            Write::Move(id, parent, handle) => {
                let Some(one) = after.0.get_mut(id) else { return false };
                (one.parent, one.handle) = (parent_of(parent), handle);
                id
            }
            Write::Say(id, locale, handle) => {
                let Some(one) = after.0.get_mut(id) else { return false };
                match handle {
                    Some(handle) => one.said.insert(locale, handle),
                    None => one.said.remove(locale),
                };
                id
            }
            Write::Delete(id) => {
                let is_empty = self.0.values().all(|other| other.parent != Some(*id));
                let is_done = is_empty && self.0.contains_key(id);
                if is_done {
                    self.0.remove(id);
                }
                return is_done;
            }
        };
        let Some(one) = after.0.get(id) else { return false };
        if one.parent.is_some_and(|parent| !after.0.contains_key(parent)) || after.way(id).is_none() {
            return false;
        }
        let siblings = after.0.iter().filter(|(other, sibling)| *other != id && sibling.parent == one.parent);
        for (locale, handle) in one.handles() {
            for (others, other) in siblings.clone().flat_map(|(_, sibling)| sibling.handles()) {
                let is_heard = locale.is_empty() || others.is_empty() || language(locale) == language(others);
                if other == handle && is_heard {
                    return false;
                }
            }
        }
        *self = after;
        true
    }

    /// The ids from a category to its root; `None` where there is no end of them.
    fn way(&self, id: Id) -> Option<Vec<Id>> {
        let mut way = vec![id];
        while let Some(parent) = self.0.get(way.last()?)?.parent {
            if way.contains(&parent) {
                return None;
            }
            way.push(parent);
        }
        Some(way)
    }

    /// All paths by which a category is found.
    fn paths(&self, id: Id, chain: &[&str]) -> BTreeSet<String> {
        let way = self.way(id).expect("a tree");
        way.iter().rev().fold(BTreeSet::from([String::new()]), |paths, id| {
            let called = self.0.get(id).expect("a category").called(chain);
            let joined = |path: &String| {
                let between = if path.is_empty() { "" } else { "/" };
                called.iter().map(|handle| format!("{path}{between}{handle}")).collect::<Vec<_>>()
            };
            paths.iter().flat_map(joined).collect()
        })
    }

    /// What a category is called to who asks in these locales.
    fn path_in(&self, id: Id, chain: &[&str]) -> String {
        let said = |id: &Id| {
            let one = self.0.get(id).expect("a category");
            *chain.iter().find_map(|locale| one.said.get(locale)).unwrap_or(&one.handle)
        };
        self.way(id).expect("a tree").iter().rev().map(said).collect::<Vec<_>>().join("/")
    }
}

/// A database with a store, and the statements of the source.
struct Store {
    database: Counted,
    statements: Vec<Sql>,
    _folder: tempfile::TempDir,
}

impl Store {
    async fn open() -> Store {
        let folder = tempfile::tempdir().expect("a folder");
        drop(database(&folder).await);
        let database = Counted::open(&folder.path().join("test.db"));
        database.execute(
            "PRAGMA foreign_keys = ON;
             INSERT INTO organization (id, name, currency, created_at) VALUES ('o', 'o', 'EUR', 0);
             INSERT INTO store (organization_id, id, name, currency, minor_unit_scale, created_at)
             VALUES ('o', 's', 's', 'EUR', 100, 0)",
        );
        let statements = all("edge/src", &Schema::of_migrations()).unwrap_or_else(|unreadable| panic!("{unreadable}"));
        Store { database, statements, _folder: folder }
    }

    fn statement(&self, name: &str) -> &str {
        &self.statements.iter().find(|sql| sql.name() == Some(name)).expect(name).text
    }

    /// What a statement finds in locales.
    fn find(&self, name: &str, key: &str, chain: &[&str]) -> Option<String> {
        let chain = serde_json::json!(chain).to_string();
        let mut args: Vec<Value> = ["o", "s", key, &chain].map(|text| Value::Text(text.to_owned())).into();
        args.extend((name == "catalog::former_category").then_some(Value::Integer(250)));
        let sql = match name {
            // What is nobody's is a row without a value.
            "catalog::collection_found" => format!("SELECT coalesce((\n{}), '')", self.statement(name)),
            _ => self.statement(name).to_owned(),
        };
        self.database.query(&sql, &args).0.pop().filter(|id| !id.is_empty())
    }

    /// Writes it in one commit, as the catalog's version says. Whether that was done.
    fn commit(&self, sql: &str) -> bool {
        self.database.execute("BEGIN");
        let done = self.database.try_execute(sql).and_then(|()| {
            self.database.try_execute(
                "INSERT INTO catalog_version (organization_id, store_id, version) VALUES ('o', 's', 1)
                 ON CONFLICT (store_id) DO UPDATE SET version = version + 1",
            )
        });
        self.database.execute(if done.is_ok() { "COMMIT" } else { "ROLLBACK" });
        done.is_ok()
    }

    /// A statement with these arguments after the tenant in their places.
    fn filled(&self, name: &str, args: &[&str]) -> String {
        let all = ["'o'", "'s'"].iter().chain(args).enumerate();
        let mut sql = self.statement(name).to_owned();
        for (at, arg) in all.collect::<Vec<_>>().into_iter().rev() {
            sql = sql.replace(&format!("?{}", at + 1), arg);
        }
        sql
    }
}

fn quoted(text: &str) -> String {
    format!("'{text}'")
}

fn nullable(id: Option<Id>) -> String {
    id.map_or_else(|| "NULL".to_owned(), quoted)
}

fn run(test: impl Fn(Vec<Write>) -> TestCaseResult) {
    let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
    let run = runner.run(&proptest::collection::vec(write(), 0..30), test);
    run.unwrap_or_else(|error| panic!("{error}"));
}

/// Writes it to the database as the catalog does. `before` is what is there.
fn write_category(store: &Store, before: &Model, write: &Write) -> bool {
    let sql = match write {
        Write::Make(id, parent, handle) => {
            let above = parent.filter(|parent| before.0.contains_key(parent)).map(|parent| before.path_in(parent, &[]));
            let path = above.map_or_else(|| (*handle).to_owned(), |above| format!("{above}/{handle}"));
            format!(
                "INSERT INTO category (organization_id, store_id, id, parent_id, path, handle, name, created_at)
                 VALUES ('o', 's', '{id}', {}, '{path}', '{handle}', '', 0)",
                nullable(*parent)
            )
        }
        Write::Move(id, parent, handle) => {
            let Some(one) = before.0.get(id) else { return false };
            let (parent, said) = (nullable(*parent), quoted(&one.translations()));
            store.filled("catalog::move_category", &[&quoted(id), &parent, &quoted(handle), "1", &said])
        }
        Write::Say(id, locale, handle) => {
            let Some(mut one) = before.0.get(id).cloned() else { return false };
            match handle {
                Some(handle) => one.said.insert(locale, handle),
                None => one.said.remove(locale),
            };
            format!("UPDATE category SET translations = '{}' WHERE id = '{id}'", one.translations())
        }
        Write::Delete(id) if !before.0.contains_key(id) => return false,
        Write::Delete(id) => format!("DELETE FROM category WHERE id = '{id}'"),
    };
    store.commit(&sql)
}

#[tokio::test]
async fn a_category_is_found_by_every_path_that_it_has_or_had() {
    let store = Store::open().await;
    run(|writes| {
        store.database.execute(
            "PRAGMA foreign_keys = OFF; DELETE FROM category; DELETE FROM category_address; PRAGMA foreign_keys = ON",
        );
        let mut model = Model::default();
        // Who had a path in a chain, and until which write.
        let mut held: BTreeMap<(usize, String), BTreeMap<Id, usize>> = BTreeMap::new();
        // Where each was, and whether any came back to where it was.
        let mut been: BTreeSet<(Id, Option<Id>, &str, Handle)> = BTreeSet::new();
        let mut has_come_back = false;
        let mut made = BTreeSet::new();
        for (at, write) in writes.iter().enumerate() {
            let before = model.clone();
            // No id is given twice.
            if let Write::Make(id, ..) = write
                && !before.0.contains_key(id)
                && made.contains(id)
            {
                continue;
            }
            let is_free = model.write(write, true);
            made.extend(model.0.keys().copied());
            prop_assert_eq!(write_category(&store, &before, write), is_free, "{:?} of {:?}", write, &before);
            for (id, one) in &model.0 {
                for (locale, handle) in one.handles() {
                    let was = before.0.get(id);
                    let is_new = was.is_none_or(|was| {
                        was.parent != one.parent || !was.handles().any(|handles| handles == (locale, handle))
                    });
                    has_come_back |= is_new && !been.insert((id, one.parent, locale, handle));
                }
            }
            for (number, chain) in CHAINS.iter().enumerate() {
                for id in model.0.keys() {
                    for path in model.paths(id, chain) {
                        let found = store.find("catalog::category_found", &path, chain);
                        prop_assert_eq!(found.as_deref(), Some(*id), "{} in {:?} of {:?}", &path, chain, &model);
                        held.entry((number, path)).or_default().insert(id, at);
                    }
                    let path = store
                        .filled("catalog::category_path_in", &["", &quoted(&serde_json::json!(chain).to_string())]);
                    let (path, _) = store.database.query(&path.replace("?9", &quoted(id)), &[]);
                    prop_assert_eq!(path, [model.path_in(id, chain)]);
                }
            }
        }
        for ((number, path), holders) in &held {
            let chain = CHAINS[*number];
            if store.find("catalog::category_found", path, chain).is_some() {
                continue;
            }
            let last = holders.iter().filter(|(id, _)| model.0.contains_key(*id)).max_by_key(|(_, until)| **until);
            let found = store.find("catalog::former_category", path, chain);
            prop_assert_eq!(found.is_some(), last.is_some(), "{} in {:?}", path, chain);
            if let Some((last, _)) = last.filter(|_| !has_come_back) {
                prop_assert_eq!(found.as_deref(), Some(*last), "{} in {:?}", path, chain);
            }
        }
        Ok(())
    });
}

#[tokio::test]
async fn a_collection_is_found_by_every_handle_that_it_has_or_had() {
    let store = Store::open().await;
    run(|writes| {
        store.database.execute("DELETE FROM collection");
        let mut model = Model::default();
        // Whose a handle was last, by its locale, until somebody else had it.
        let mut former: BTreeMap<(&str, Handle), Id> = BTreeMap::new();
        for write in &writes {
            let before = model.clone();
            let is_free = model.write(write, false);
            let sql = match write {
                Write::Make(id, _, handle) => format!(
                    "INSERT INTO collection (organization_id, store_id, id, handle, name, kind, product_order,
                       description_html, description, metadata, created_at, updated_at)
                     VALUES ('o', 's', '{id}', '{handle}', '', 'manual', 'manual', '', '', '{{}}', 0, 0)"
                ),
                Write::Move(id, _, handle) => format!("UPDATE collection SET handle = '{handle}' WHERE id = '{id}'"),
                Write::Say(id, locale, handle) => {
                    let mut one = before.0.get(id).cloned().unwrap_or_default();
                    match handle {
                        Some(handle) => one.said.insert(locale, handle),
                        None => one.said.remove(locale),
                    };
                    format!("UPDATE collection SET translations = '{}' WHERE id = '{id}'", one.translations())
                }
                Write::Delete(id) => format!("DELETE FROM collection WHERE id = '{id}'"),
            };
            let is_there = !matches!(write, Write::Move(id, ..) | Write::Say(id, ..) | Write::Delete(id)
                if !before.0.contains_key(id));
            prop_assert_eq!(store.commit(&sql) && is_there, is_free, "{:?} of {:?}", write, &before);
            for (id, was) in &before.0 {
                let is = model.0.get(id);
                let left = was.handles().filter(|handle| is.is_some_and(|is| !is.handles().any(|now| now == *handle)));
                former.extend(left.map(|handle| (handle, *id)));
            }
            former.retain(|handle, id| {
                model.0.contains_key(id) && !model.0.values().any(|one| one.handles().any(|now| now == *handle))
            });
            for (chain, handle) in CHAINS.iter().flat_map(|chain| HANDLES.map(|handle| (chain, handle))) {
                let holders = model.0.iter().filter(|(_, one)| one.called(chain).contains(handle));
                let holders: Vec<Id> = holders.map(|(id, _)| *id).collect();
                let found = store.find("catalog::collection_found", handle, chain);
                prop_assert!(holders.len() < 2, "{} is that of {:?} in {:?}", handle, &holders, chain);
                prop_assert_eq!(found.as_deref(), holders.first().copied(), "{} in {:?}", handle, chain);
                if holders.is_empty() && chain.len() < 2 {
                    let led = chain.first().and_then(|locale| former.get(&(*locale, handle)));
                    let led = led.or_else(|| former.get(&("", handle))).copied();
                    let found = store.find("catalog::former_collection", handle, chain);
                    prop_assert_eq!(found.as_deref(), led, "{} in {:?}", handle, chain);
                }
            }
        }
        Ok(())
    });
}

/// However often a place changed hands, what a path leads to costs no more than that.
#[tokio::test]
async fn a_former_path_is_looked_up_in_bounded_steps() {
    let store = Store::open().await;
    // On each of ten levels thirty categories stood in the same place, one after the other.
    let place = "INSERT INTO category_address (organization_id, store_id, parent, handle, locale, category_id,
        from_version, until_version)
      WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 29)
      SELECT 'o', 's', iif(level.i = 0, '', 'l' || level.i || '-' || above.i), 'x', '', 'l' || (level.i + 1) || '-' || one.i, 0,
        1000 + one.i
      FROM n level CROSS JOIN n above CROSS JOIN n one WHERE level.i < 10 AND (0 < level.i OR above.i = 0)";
    store.database.execute(place);
    let sql = store.statement("catalog::former_category");
    let path = ["x"; 10].join("/");
    let args = ["o", "s", &path, "[]"].map(|text| Value::Text(text.to_owned()));
    let args: Vec<Value> = args.into_iter().chain([Value::Integer(250)]).collect();
    let (found, steps) = store.database.query(sql, &args);
    assert_eq!(found, Vec::<String>::new());
    assert!(steps < 500_000, "{steps} steps");
}
