//! Who may import whom. Read from the tokens of each file, so macros and types count as well as `use`.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::source::{Source, sources};

/// The bounded contexts, each with its rank: a context imports contexts of lower rank only.
const CONTEXTS: [(&str, u8); 28] = [
    // What every commit writes beside its change.
    ("journal", 0),
    // Whoever has something to tell adds a mail to its own commit.
    ("notifications", 0),
    ("identity", 1),
    ("organizations", 2),
    // What products and categories show.
    ("media", 3),
    ("catalog", 4),
    ("pricing", 5),
    ("tax", 5),
    ("inventory", 5),
    ("cms", 5),
    // What the staff writes, and files, into catalog and stock.
    ("products", 6),
    ("imports", 6),
    // Says how its charges are taxed.
    ("shipping", 6),
    ("promotions", 7),
    // Gift cards and store credit.
    ("ledger", 7),
    // Joins prices, promotions and tax.
    ("totals", 8),
    ("cart", 9),
    ("orders", 10),
    ("payments", 11),
    // Judges what is about to be ordered.
    ("fraud", 11),
    // Orders and refunds, written down.
    ("invoices", 12),
    ("checkout", 12),
    // These subscribe to events; nobody imports them.
    ("search", SUBSCRIBER),
    ("webhooks", SUBSCRIBER),
    ("channels", SUBSCRIBER),
    ("analytics", SUBSCRIBER),
    ("recommendations", SUBSCRIBER),
    // The service's own routes.
    ("meta", SUBSCRIBER),
];

const SUBSCRIBER: u8 = 100;

/// Modules below all contexts, which import none.
const FOUNDATION: [&str; 10] =
    ["cache", "extract", "failure", "limits", "migrate", "outbound", "port", "problem", "vault", "wire"];

/// Modules that put contexts together: each may import what stands here.
const COMPOSITION: [(&str, &str); 6] = [
    ("app", "holds what one isolate remembers for identity and cart"),
    ("jobs", "collects what contexts have to do from time to time"),
    ("middleware", "counts and authorizes by identity"),
    ("openapi", "collects what each context says of its routes"),
    ("routes", "collects each context's routes"),
    ("scripts", "collects each context's Redis scripts"),
];

/// Modules that only the hosts' side of the crate imports.
const HOSTS: [&str; 2] = ["cli", "host"];

#[test]
fn every_module_of_edge_has_its_place() {
    let known: Vec<&str> = CONTEXTS
        .iter()
        .map(|(name, _)| *name)
        .chain(FOUNDATION)
        .chain(COMPOSITION.iter().map(|(name, _)| *name))
        .chain(HOSTS)
        .chain(["lib", "main"])
        .collect();
    for source in sources("edge/src") {
        let module = module_of(&source);
        assert!(known.contains(&module.as_str()), "{}: give the module {module} its place in this test", source.path);
    }
}

#[test]
fn contexts_import_leftwards_only() {
    for folder in ["edge/src", "shared/src"] {
        for source in sources(folder) {
            let own = module_of(&source);
            for import in imports(&source) {
                assert_eq!(wrong_direction(&own, &import), None, "{}: {}", source.path, import.join("::"));
            }
        }
    }
}

#[test]
fn other_contexts_are_imported_through_their_face() {
    let files: BTreeSet<String> = sources("edge/src").into_iter().map(|source| source.path).collect();
    for source in sources("edge/src") {
        let own = module_of(&source);
        for import in imports(&source) {
            let [_, target, inner, _, ..] = import.as_slice() else { continue };
            // `openapi` is collected by `crate::openapi`, `script` by `crate::scripts`.
            let is_collected = matches!((own.as_str(), inner.as_str()), ("openapi", "openapi") | ("scripts", "script"));
            let is_context = CONTEXTS.iter().any(|(name, _)| name == target);
            let is_inside =
                ["", "/mod"].iter().any(|end| files.contains(&format!("edge/src/{target}/{inner}{end}.rs")));
            assert!(
                !is_context || *target == own || is_collected || !is_inside,
                "{}: {} reaches behind {target}/mod.rs",
                source.path,
                import.join("::")
            );
        }
    }
}

#[test]
fn only_the_edge_of_a_context_names_axum_or_schemars() {
    const FILES: [&str; 7] = ["http.rs", "graphql.rs", "document.rs", "openapi.rs", "meta.rs", "problem.rs", "wire.rs"];
    const MODULES: [&str; 5] = ["extract", "host", "middleware", "openapi", "routes"];
    for source in sources("edge/src") {
        let file = source.path.rsplit('/').next().unwrap_or_default();
        if FILES.contains(&file) || MODULES.contains(&module_of(&source).as_str()) {
            continue;
        }
        for name in ["axum", "schemars", "async_graphql"] {
            assert!(!names(&source).contains(name), "{} names {name}", source.path);
        }
    }
}

#[test]
fn only_hosts_and_ports_depend_on_the_target() {
    for source in sources("edge/src").into_iter().chain(sources("shared/src")) {
        let is_allowed = ["edge/src/host/", "edge/src/port/", "edge/src/lib.rs", "edge/src/main.rs"]
            .iter()
            .any(|allowed| source.path.starts_with(allowed));
        let names = names(&source);
        let found = names.iter().find(|name| name.starts_with("target_"));
        assert!(is_allowed || found.is_none(), "{} has cfg({})", source.path, found.cloned().unwrap_or_default());
    }
}

#[test]
fn only_the_command_line_imports_a_host() {
    for source in sources("edge/src") {
        if HOSTS.contains(&module_of(&source).as_str()) || module_of(&source) == "lib" {
            continue;
        }
        for import in imports(&source) {
            assert_ne!(import.get(1).map(String::as_str), Some("host"), "{}: {}", source.path, import.join("::"));
        }
    }
}

#[test]
fn the_domain_is_pure() {
    for source in sources("shared/src") {
        let names = names(&source);
        for banned in ["async", "await", "f32", "f64", "SystemTime", "Instant", "tokio", "http", "axum", "serde_json"] {
            // What a merchant gives is JSON, which a patch changes as such, and free data of a product stays it, as
            // values of attributes do.
            let is_json = ["source/", "attribute/"].map(|folder| format!("shared/src/catalog/{folder}"));
            let is_source = banned == "serde_json" && is_json.iter().any(|folder| source.path.starts_with(folder));
            assert!(is_source || !names.contains(banned), "{} names {banned}", source.path);
        }
    }
}

#[test]
fn the_reader_sees_imports_of_every_form() {
    let found = |text: &str| -> Vec<String> {
        let source = Source {
            path: "edge/src/catalog/store/read.rs".to_owned(),
            syntax: syn::parse_file(text).expect("Rust"),
            text: text.to_owned(),
        };
        imports(&source).into_iter().map(|import| import.join("::")).collect()
    };
    assert_eq!(found("use crate::cart::usecase;"), ["crate::cart::usecase"]);
    assert_eq!(
        found("use crate::{cart, orders::{self, http}};"),
        ["crate::cart", "crate::orders", "crate::orders::http"]
    );
    assert_eq!(found("fn f() { assert!(crate::cart::contents()); }"), ["crate::cart::contents"]);
    assert_eq!(found("use super::super::usecase;"), ["crate::catalog::usecase"]);
    assert_eq!(found("use super::bulk::Row as Bulk;"), ["crate::catalog::store::bulk::Row"]);
    assert_eq!(found("use super::super::super::cart::CartBody;"), ["crate::cart::CartBody"]);
    assert_eq!(found("/// [`crate::cart`]\n#[cfg(test)] mod tests { use crate::cart::x; }"), Vec::<String>::new());
    assert_eq!(wrong_direction("cart", &["crate".to_owned(), "catalog".to_owned()]), None);
    for (own, target) in [("cart", "checkout"), ("inventory", "pricing"), ("port", "cart"), ("cart", "search")] {
        assert!(wrong_direction(own, &["crate".to_owned(), target.to_owned()]).is_some(), "{own} -> {target}");
    }
}

/// Why module `own` may not import this.
fn wrong_direction(own: &str, import: &[String]) -> Option<String> {
    let target = import.get(1)?;
    let rank = |name: &str| CONTEXTS.iter().find(|(context, _)| *context == name).map(|(_, rank)| *rank);
    let target_rank = rank(target).filter(|_| target != own)?;
    if FOUNDATION.contains(&own) || own == "host" || own == "kernel" {
        return Some(format!("{own} stands below all contexts and imports {target}"));
    }
    match rank(own) {
        Some(own_rank) if own_rank <= target_rank => Some(format!("{own} may not import {target}")),
        _ => None,
    }
}

/// `catalog` for `edge/src/catalog/store/read.rs`, `app` for `edge/src/app.rs`.
fn module_of(source: &Source) -> String {
    let module = source.path.split('/').nth(2).unwrap_or_default();
    module.trim_end_matches(".rs").to_owned()
}

/// The paths into this crate that a file names outside its tests, each from `crate` on.
fn imports(source: &Source) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut module: Vec<String> = source.path.trim_end_matches(".rs").split('/').skip(2).map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        module.pop();
    }
    let tokens: Vec<TokenTree> = tokens_of(source);
    paths(&tokens, &module, &mut found);
    found
}

/// Every name in a file outside its tests.
fn names(source: &Source) -> BTreeSet<String> {
    fn collect(tokens: &[TokenTree], found: &mut BTreeSet<String>) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => collect(&without_tests(group.stream()), found),
                TokenTree::Ident(name) => drop(found.insert(name.to_string())),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
    let mut found = BTreeSet::new();
    collect(&tokens_of(source), &mut found);
    found
}

fn tokens_of(source: &Source) -> Vec<TokenTree> {
    let tokens: TokenStream = source.text.parse().unwrap_or_else(|error| panic!("{}: {error}", source.path));
    without_tests(tokens)
}

/// The tokens without `#[cfg(test)] mod ... { ... }`.
fn without_tests(tokens: TokenStream) -> Vec<TokenTree> {
    let mut kept: Vec<TokenTree> = Vec::new();
    let mut is_test = false;
    for token in tokens {
        match &token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
                let text = group.stream().to_string().replace(' ', "");
                is_test |= text == "cfg(test)";
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && is_test => {
                is_test = false;
                continue;
            }
            TokenTree::Punct(mark) if mark.as_char() == ';' => is_test = false,
            _ => {}
        }
        kept.push(token);
    }
    kept
}

fn paths(tokens: &[TokenTree], module: &[String], found: &mut Vec<Vec<String>>) {
    let mut rest = tokens;
    while let Some((token, after)) = rest.split_first() {
        rest = after;
        match token {
            TokenTree::Group(group) => paths(&without_tests(group.stream()), module, found),
            TokenTree::Ident(name) => {
                let start = match name.to_string().as_str() {
                    "crate" => vec!["crate".to_owned()],
                    "super" => {
                        let parent = module.len().saturating_sub(1);
                        std::iter::once("crate".to_owned()).chain(module.iter().take(parent).cloned()).collect()
                    }
                    _ => continue,
                };
                if starts_with_colons(rest) {
                    rest = follow(start, rest, found);
                }
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Follows `::name::{...}` after `path`; answers what comes after it.
fn follow<'a>(mut path: Vec<String>, mut rest: &'a [TokenTree], found: &mut Vec<Vec<String>>) -> &'a [TokenTree] {
    while starts_with_colons(rest) {
        let after = rest.get(2..).unwrap_or_default();
        match after.split_first() {
            Some((TokenTree::Ident(name), after)) => {
                match name.to_string().as_str() {
                    "super" => drop(path.pop()),
                    "self" => {}
                    name => path.push(name.to_owned()),
                }
                rest = after;
            }
            Some((TokenTree::Group(group), after)) if group.delimiter() == Delimiter::Brace => {
                branches(&path, group.stream(), found);
                return after;
            }
            // A turbofish or `*`.
            _ => break,
        }
    }
    found.push(path);
    rest
}

/// The members of `path::{a, b::c, self}`.
fn branches(path: &[String], group: TokenStream, found: &mut Vec<Vec<String>>) {
    let tokens: Vec<TokenTree> = group.into_iter().collect();
    for member in tokens.split(|token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',')) {
        let Some((TokenTree::Ident(name), rest)) = member.split_first() else { continue };
        let mut inner = path.to_vec();
        if *name != "self" {
            inner.push(name.to_string());
        }
        follow(inner, rest, found);
    }
}

fn starts_with_colons(tokens: &[TokenTree]) -> bool {
    let is_colon = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ':');
    matches!(tokens, [first, second, ..] if is_colon(first) && is_colon(second))
}
