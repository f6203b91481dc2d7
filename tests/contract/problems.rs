//! Problem codes: those in the source, found by reading it, are those that the document names.

use std::collections::{BTreeMap, BTreeSet};

use headlesspro_edge::openapi::{operations, service_problems};
use http::StatusCode;
use syn::visit::{Visit, visit_expr_call, visit_impl_item_fn, visit_item_fn, visit_item_mod, visit_local};

use crate::golden::assert_golden;
use crate::source::{is_test, sources};

type Codes = BTreeSet<(u16, String)>;

#[test]
fn the_problem_codes_are_the_agreed_ones() {
    let lines: Vec<String> = in_source().iter().map(|(status, code)| format!("{status} {code}")).collect();
    assert_golden("problems.txt", &format!("{}\n", lines.join("\n")));
}

#[test]
fn every_code_in_the_source_is_described_and_the_other_way_round() {
    let described: Codes = operations()
        .into_iter()
        .flat_map(|operation| operation.problems)
        .chain(service_problems())
        .map(|problem| (problem.sample.status().as_u16(), problem.sample.code().to_owned()))
        .collect();
    assert_eq!(in_source(), described, "left: codes in the source; right: codes that an operation names");
}

#[test]
fn the_reader_finds_codes_through_closures_and_functions() {
    let found = |source: &str| read(&syn::parse_file(source).expect("Rust"));
    let codes = |pairs: &[(u16, &str)]| Ok(pairs.iter().map(|(status, code)| (*status, (*code).to_owned())).collect());
    assert_eq!(
        found(r#"fn f() { Problem::new(StatusCode::CONFLICT, "direct").detail("no-code"); }"#),
        codes(&[(409, "direct")])
    );
    assert_eq!(
        found(r#"fn f() { let gone = |code| Problem::new(StatusCode::GONE, code); gone("a"); gone("b") }"#),
        codes(&[(410, "a"), (410, "b")])
    );
    assert_eq!(
        found(
            r#"fn make(code: &'static str, status: StatusCode) -> Problem { Problem::new(status, code) }
               fn f() { make("c", StatusCode::NOT_FOUND) }"#
        ),
        codes(&[(404, "c")])
    );
    let error = found(r#"fn f(name: String) { let code = pick(name); Problem::new(StatusCode::GONE, code); }"#);
    assert!(error.is_err_and(|error| error.contains("cannot tell")));
}

fn in_source() -> Codes {
    let mut codes = Codes::new();
    for source in sources("edge/src") {
        // What the documents say is no source of problems.
        if !source.text.contains("Problem::new(")
            || source.path.ends_with("/openapi.rs")
            || source.path.starts_with("edge/src/openapi/")
        {
            continue;
        }
        codes.extend(read(&source.syntax).unwrap_or_else(|error| panic!("{}: {error}", source.path)));
    }
    codes
}

/// Every status and code of a `Problem::new(...)` in a file.
fn read(file: &syn::File) -> Result<Codes, String> {
    let mut reader = Reader::default();
    // Functions and closures may be called before they are seen: the second time all are known.
    reader.visit_file(file);
    reader.codes.clear();
    reader.faults.clear();
    reader.visit_file(file);
    if reader.faults.is_empty() { Ok(reader.codes) } else { Err(reader.faults.join("; ")) }
}

/// An argument of `Problem::new`: known, or a parameter of the function around it.
#[derive(Debug, Clone)]
enum Argument {
    Known(String),
    Parameter(usize),
}

#[derive(Default)]
struct Reader {
    codes: Codes,
    faults: Vec<String>,
    /// The parameters of the functions and closures around, innermost last, with their names.
    around: Vec<(String, Vec<String>)>,
    /// What calling a function or closure by this name makes.
    makes: BTreeMap<String, Vec<(Argument, Argument)>>,
}

impl Reader {
    fn inside(&mut self, name: String, parameters: Vec<String>, visit: impl FnOnce(&mut Self)) {
        self.around.push((name, parameters));
        visit(self);
        self.around.pop();
    }

    fn made(&mut self, status: &syn::Expr, code: &syn::Expr) {
        match (self.argument(status, status_name), self.argument(code, text)) {
            (Some(Argument::Known(status)), Some(Argument::Known(code))) => self.record(&status, code),
            (Some(status), Some(code)) => {
                let Some((name, _)) = self.around.last() else { return };
                self.makes.entry(name.clone()).or_default().push((status, code));
            }
            _ => {
                let place = self.around.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("::");
                self.faults.push(format!("cannot tell status and code of a problem in {place}"));
            }
        }
    }

    fn argument(&self, expression: &syn::Expr, known: fn(&syn::Expr) -> Option<String>) -> Option<Argument> {
        if let Some(known) = known(expression) {
            return Some(Argument::Known(known));
        }
        let name = last_segment(expression)?;
        let (_, parameters) = self.around.last()?;
        parameters.iter().position(|parameter| *parameter == name).map(Argument::Parameter)
    }

    fn record(&mut self, status: &str, code: String) {
        match status_number(status) {
            Some(status) => drop(self.codes.insert((status, code))),
            None => self.faults.push(format!("{status} is no status that this test knows")),
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_test(&module.attrs) {
            visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        let (name, parameters) = (function.sig.ident.to_string(), parameters(&function.sig.inputs));
        self.inside(name, parameters, |reader| visit_item_fn(reader, function));
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        let (name, parameters) = (function.sig.ident.to_string(), parameters(&function.sig.inputs));
        self.inside(name, parameters, |reader| visit_impl_item_fn(reader, function));
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if let (syn::Pat::Ident(name), Some(init)) = (&local.pat, &local.init)
            && let syn::Expr::Closure(closure) = &*init.expr
        {
            let parameters = closure.inputs.iter().map(pattern_name).collect();
            self.inside(name.ident.to_string(), parameters, |reader| visit_local(reader, local));
        } else {
            visit_local(self, local);
        }
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        let arguments: Vec<&syn::Expr> = call.args.iter().collect();
        if is_problem_new(&call.func) {
            if let [status, code] = arguments.as_slice() {
                self.made(status, code);
            }
        } else if let Some(makes) = last_segment(&call.func).and_then(|name| self.makes.get(&name).cloned()) {
            for (status, code) in makes {
                let given = |argument: Argument, known: fn(&syn::Expr) -> Option<String>| match argument {
                    Argument::Known(text) => Some(text),
                    Argument::Parameter(number) => known(arguments.get(number)?),
                };
                match (given(status, status_name), given(code, text)) {
                    (Some(status), Some(code)) => self.record(&status, code),
                    _ => self.faults.push("cannot tell what a call's problem is".to_owned()),
                }
            }
        }
        visit_expr_call(self, call);
    }
}

fn is_problem_new(function: &syn::Expr) -> bool {
    let syn::Expr::Path(path) = function else { return false };
    let names: Vec<String> = path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    names.ends_with(&["Problem".to_owned(), "new".to_owned()])
}

fn parameters(inputs: &syn::punctuated::Punctuated<syn::FnArg, syn::Token![,]>) -> Vec<String> {
    let names = inputs.iter().filter_map(|input| match input {
        syn::FnArg::Receiver(_) => None,
        syn::FnArg::Typed(typed) => Some(pattern_name(&typed.pat)),
    });
    names.collect()
}

fn pattern_name(pattern: &syn::Pat) -> String {
    match pattern {
        syn::Pat::Ident(name) => name.ident.to_string(),
        syn::Pat::Type(typed) => pattern_name(&typed.pat),
        _ => String::new(),
    }
}

fn last_segment(expression: &syn::Expr) -> Option<String> {
    let syn::Expr::Path(path) = expression else { return None };
    path.path.segments.last().map(|segment| segment.ident.to_string())
}

/// The name of a constant: `CONFLICT`.
fn status_name(expression: &syn::Expr) -> Option<String> {
    last_segment(expression).filter(|name| name.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_'))
}

fn text(expression: &syn::Expr) -> Option<String> {
    match expression {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

/// The number of a constant of [`StatusCode`], by the status in words.
fn status_number(name: &str) -> Option<u16> {
    let words = name.replace('_', " ");
    (400..600).find(|number| {
        let status = StatusCode::from_u16(*number).ok();
        let reason = status.and_then(|status| status.canonical_reason()).unwrap_or_default();
        reason.replace(['-', '\''], " ").eq_ignore_ascii_case(&words)
    })
}
