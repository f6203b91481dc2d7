//! The SQL in the source: every string literal that is a statement, or a condition that code adds to one.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{Visit, visit_impl_item_fn, visit_item_const, visit_item_fn, visit_item_mod};

use super::check::{Findings, fragment, statements};
use super::schema::Schema;
use crate::source::{Source, is_test, sources};

/// Words a statement can begin with.
const VERBS: [&str; 12] = [
    "ALTER", "CREATE", "DELETE", "DROP", "EXPLAIN", "INSERT", "PRAGMA", "REPLACE", "SELECT", "UPDATE", "VALUES", "WITH",
];

/// A string literal that is SQL.
pub struct Sql {
    pub file: String,
    /// Of the constant that holds it, where one does.
    pub constant: Option<String>,
    pub text: String,
    pub is_fragment: bool,
    pub findings: Findings,
}

impl Sql {
    /// `catalog::list`, from the comment it begins with.
    pub fn name(&self) -> Option<&str> {
        self.text.trim_start().strip_prefix("-- ")?.lines().next().map(str::trim)
    }
}

/// All SQL below `folder`, tests left out.
///
/// # Errors
/// The literals that name a table and cannot be read.
pub fn all(folder: &str, schema: &Schema) -> Result<Vec<Sql>, String> {
    let mut found = Vec::new();
    let mut unreadable = Vec::new();
    for source in sources(folder) {
        for (constant, text) in literals(&source) {
            match read(&text, schema) {
                Read::Sql { is_fragment, findings } => {
                    let file = source.path.clone();
                    found.push(Sql { file, constant, text, is_fragment, findings });
                }
                Read::Unreadable => unreadable.push(format!("{}: {text:?}", source.path)),
                Read::Text => {}
            }
        }
    }
    if unreadable.is_empty() { Ok(found) } else { Err(unreadable.join("\n")) }
}

pub enum Read {
    Sql {
        is_fragment: bool,
        findings: Findings,
    },
    /// It names a table after FROM, JOIN, INTO or UPDATE and is neither statement nor condition.
    Unreadable,
    /// No SQL.
    Text,
}

/// What a string literal is.
pub fn read(text: &str, schema: &Schema) -> Read {
    if let Some(verb) = verb(text)
        && let Ok(findings) = statements(text, schema)
        // Short prose can be a statement by accident: `select a product`.
        && (verb.chars().all(char::is_uppercase) || !findings.tables.is_empty())
    {
        return Read::Sql { is_fragment: false, findings };
    }
    if let Ok(findings) = fragment(text, schema)
        && !findings.tables.is_empty()
    {
        return Read::Sql { is_fragment: true, findings };
    }
    if names_a_table(text, schema) { Read::Unreadable } else { Read::Text }
}

/// The word that text begins with, where a statement can begin with it.
fn verb(text: &str) -> Option<&str> {
    let code = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("--")).unwrap_or_default();
    let first = code.split(|letter: char| !letter.is_ascii_alphabetic()).next().unwrap_or_default();
    VERBS.iter().any(|verb| verb.eq_ignore_ascii_case(first)).then_some(first)
}

fn names_a_table(text: &str, schema: &Schema) -> bool {
    let words: Vec<&str> = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.windows(2).any(|pair| {
        matches!(pair, ["FROM" | "JOIN" | "INTO" | "UPDATE", table] if schema.tables.contains(&table.to_ascii_lowercase()))
    })
}

/// The string literals of a file outside its tests, each with the constant it belongs to.
fn literals(source: &Source) -> Vec<(Option<String>, String)> {
    let mut reader = Literals::default();
    reader.visit_file(&source.syntax);
    reader.found
}

#[derive(Default)]
struct Literals {
    constant: Option<String>,
    found: Vec<(Option<String>, String)>,
}

impl Literals {
    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                        self.found.push((self.constant.clone(), text.value()));
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Literals {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_test(&module.attrs) {
            visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if !is_test(&function.attrs) {
            visit_item_fn(self, function);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !is_test(&function.attrs) {
            visit_impl_item_fn(self, function);
        }
    }

    fn visit_item_const(&mut self, constant: &'ast syn::ItemConst) {
        self.constant = Some(constant.ident.to_string());
        visit_item_const(self, constant);
        self.constant = None;
    }

    /// Doc comments are attributes with literals.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.found.push((self.constant.clone(), text.value()));
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.tokens(called.tokens.clone());
    }
}
