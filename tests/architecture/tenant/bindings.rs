//! What every statement binds first, on the source as it is written: not only where the text is a constant, but also
//! where it is an argument or put together.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};

use crate::source::is_test;

/// What may put something else before the first argument.
const MOVES: [&str; 7] = ["clear", "drain", "insert", "remove", "splice", "swap", "truncate"];

/// Whose arguments are a Redis script's.
const NO_SQL: [&str; 1] = ["Joint"];

/// Of one file: where a statement is made, and what it begins with.
#[derive(Default)]
pub struct Bindings<'a> {
    /// The file's constants that touch no tenant's table, or stand above tenants.
    free: BTreeSet<&'a str>,
    /// The values of the local variables in reach, the innermost last.
    locals: Vec<(String, &'a syn::Expr)>,
    /// How many statements begin with the organization.
    pub bound: usize,
    /// Those that do not, in words.
    pub unbound: Vec<String>,
}

impl<'a> Bindings<'a> {
    pub fn of(file: &'a syn::File, free: impl IntoIterator<Item = &'a str>) -> Bindings<'a> {
        let mut bindings = Bindings { free: free.into_iter().collect(), ..Bindings::default() };
        bindings.visit_file(file);
        bindings
    }

    fn note(&mut self, is_bound: bool, what: impl FnOnce() -> String) {
        if is_bound {
            self.bound += 1;
        } else {
            self.unbound.push(what());
        }
    }

    /// Whether the text is one that may bind what it likes: a constant that is known to be free, or a literal, which
    /// another test keeps from naming tables.
    fn is_free(&self, text: Option<&syn::Expr>) -> bool {
        match text {
            Some(syn::Expr::Lit(_)) => true,
            Some(syn::Expr::Path(path)) => {
                path.path.segments.last().is_some_and(|name| self.free.contains(name.ident.to_string().as_str()))
            }
            _ => false,
        }
    }
}

impl<'a> Visit<'a> for Bindings<'a> {
    fn visit_item_mod(&mut self, module: &'a syn::ItemMod) {
        if !is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_block(&mut self, block: &'a syn::Block) {
        let outer = self.locals.len();
        visit::visit_block(self, block);
        self.locals.truncate(outer);
    }

    fn visit_local(&mut self, local: &'a syn::Local) {
        visit::visit_local(self, local);
        if let (syn::Pat::Ident(name), Some(value)) = (&local.pat, &local.init) {
            self.locals.push((name.ident.to_string(), &value.expr));
        }
    }

    /// `Statement::new(text).bind(first)`.
    fn visit_expr_method_call(&mut self, call: &'a syn::ExprMethodCall) {
        if let syn::Expr::Call(made) = &*call.receiver
            && is_new_statement(&made.func)
        {
            if !self.is_free(made.args.first()) {
                let is_bound = call.method == "bind" && call.args.first().is_some_and(names_organization);
                self.note(is_bound, || format!("Statement::new({})", words(&made.args)));
            }
            made.args.iter().chain(&call.args).for_each(|argument| self.visit_expr(argument));
            return;
        }
        if is_args(&call.receiver) && MOVES.iter().any(|moves| call.method == moves) {
            self.note(false, || format!("args.{}", call.method));
        }
        visit::visit_expr_method_call(self, call);
    }

    /// A statement that nothing is bound to at once.
    fn visit_expr_call(&mut self, call: &'a syn::ExprCall) {
        if is_new_statement(&call.func) {
            if !self.is_free(call.args.first()) {
                self.note(false, || format!("Statement::new({})", words(&call.args)));
            }
            call.args.iter().for_each(|argument| self.visit_expr(argument));
            return;
        }
        visit::visit_expr_call(self, call);
    }

    /// `map(Statement::new)`.
    fn visit_expr_path(&mut self, path: &'a syn::ExprPath) {
        if ends_with(&path.path, &["Statement", "new"]) {
            self.note(false, || "Statement::new as a function".to_owned());
        }
    }

    /// `Statement { sql, args }`, and whatever else holds arguments until a statement takes them. With the rest of
    /// another statement, its arguments are that one's.
    fn visit_expr_struct(&mut self, made: &'a syn::ExprStruct) {
        let name = made.path.segments.last().map(|name| name.ident.to_string()).unwrap_or_default();
        let is_args = |member: &syn::Member| matches!(member, syn::Member::Named(name) if name == "args");
        match made.fields.iter().find(|field| is_args(&field.member)) {
            Some(arguments) if !NO_SQL.contains(&name.as_str()) => {
                let is_bound = begins_with_organization(&arguments.expr, &self.locals);
                self.note(is_bound, || format!("{name} {{ args: {} }}", words([&arguments.expr])));
            }
            None if name == "Statement" && made.rest.is_none() => {
                self.note(false, || "Statement without args".to_owned());
            }
            _ => {}
        }
        visit::visit_expr_struct(self, made);
    }

    /// `statement.args = ...`.
    fn visit_expr_assign(&mut self, assignment: &'a syn::ExprAssign) {
        if is_args(&assignment.left) {
            let is_bound = begins_with_organization(&assignment.right, &self.locals);
            self.note(is_bound, || format!("args = {}", words([&*assignment.right])));
        }
        visit::visit_expr_assign(self, assignment);
    }
}

fn is_new_statement(function: &syn::Expr) -> bool {
    matches!(function, syn::Expr::Path(path) if ends_with(&path.path, &["Statement", "new"]))
}

fn ends_with(path: &syn::Path, end: &[&str]) -> bool {
    let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    names.ends_with(&end.iter().map(ToString::to_string).collect::<Vec<_>>())
}

fn is_args(expression: &syn::Expr) -> bool {
    matches!(expression, syn::Expr::Field(field) if matches!(&field.member, syn::Member::Named(name) if name == "args"))
}

/// Whether a list of arguments begins with the organization, or is what something else holds, which is seen where that
/// is made.
fn begins_with_organization(arguments: &syn::Expr, locals: &[(String, &syn::Expr)]) -> bool {
    match arguments {
        arguments if is_args(arguments) => true,
        syn::Expr::Field(field) => begins_with_organization(&field.base, locals),
        syn::Expr::Path(path) => path.path.get_ident().is_some_and(|name| {
            let known = locals.iter().enumerate().rev().find(|(_, (local, _))| name == local);
            // A value knows the locals before it.
            known.is_some_and(|(at, (_, value))| begins_with_organization(value, locals.get(..at).unwrap_or_default()))
        }),
        // `Args(vec![...])`.
        syn::Expr::Call(call) => {
            is_type(&call.func) && call.args.first().is_some_and(|first| begins_with_organization(first, locals))
        }
        syn::Expr::Macro(list) if list.mac.path.is_ident("vec") => {
            let parse = syn::punctuated::Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated;
            let elements = list.mac.parse_body_with(parse).unwrap_or_default();
            elements.first().is_some_and(names_organization)
        }
        _ => false,
    }
}

/// Whether a function is the constructor of a tuple.
fn is_type(function: &syn::Expr) -> bool {
    let syn::Expr::Path(path) = function else { return false };
    path.path.segments.last().is_some_and(|name| name.ident.to_string().starts_with(char::is_uppercase))
}

/// Whether the organization is what an expression is made of.
fn names_organization(expression: &syn::Expr) -> bool {
    names([expression]).iter().any(|name| name.contains("organization"))
}

fn words<'e>(expressions: impl IntoIterator<Item = &'e syn::Expr>) -> String {
    names(expressions).join(" ")
}

/// The names in expressions.
fn names<'e>(expressions: impl IntoIterator<Item = &'e syn::Expr>) -> Vec<String> {
    #[derive(Default)]
    struct Names(Vec<String>);
    impl Visit<'_> for Names {
        fn visit_ident(&mut self, name: &proc_macro2::Ident) {
            self.0.push(name.to_string());
        }
    }
    let mut names = Names::default();
    expressions.into_iter().for_each(|expression| names.visit_expr(expression));
    names.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the rule says of the body of a function: how many statements are bound, and which are not.
    fn of(body: &str) -> (usize, Vec<String>) {
        let file = syn::parse_file(&format!("fn f() {{ {body} }}")).unwrap_or_else(|error| panic!("{body}: {error}"));
        let found = Bindings::of(&file, ["FREE"]);
        (found.bound, found.unbound)
    }

    #[test]
    fn the_organization_comes_first_however_a_statement_is_made() {
        for good in [
            "Statement::new(OWNED).bind(tenant.organization.to_string()).bind(id)",
            "Statement::new(other::OWNED).bind(organization.as_str())",
            "let of = |sql| Statement::new(sql).bind(tenant.organization.to_string());",
            "Statement::new(format!(\"{a}\")).bind(organization)",
            "let args = Args(vec![tenant.organization.to_string().into(), id.into()]); Statement { sql, args: args.0 }",
            "let args = vec![organization.into()]; Statement { sql, args }",
            "let args = Args(list.args); Statement { sql, args: args.0 }",
            "let first = list(); let args = first.args; Statement { sql, args }",
            "statement.args = other.args;",
        ] {
            assert_eq!(of(good), (1, vec![]), "{good}");
        }
    }

    #[test]
    fn anything_else_is_seen() {
        for bad in [
            "Statement::new(OWNED).bind(id).bind(organization)",
            "Statement::new(OWNED)",
            "Statement::new(sql).bind(id)",
            "sql::Statement::new(sql).bind(id)",
            "f(Statement::new(sql))",
            "let of = |sql| Statement::new(sql).bind(account);",
            "texts.map(Statement::new)",
            "Statement::new(FREE.replace(\"a\", b))",
            "Statement { sql, args: Vec::new() }",
            "Asked { args: Args(vec![id]) }",
            "Statement { sql, args }",
            "let args = vec![id, organization]; Statement { sql, args }",
            "{ let args = vec![organization]; } Statement { sql, args }",
            "let args = args; Statement { sql, args }",
            "let a = b; let b = a; Statement { sql, args: b }",
            "Statement { sql, ..Statement::new(text) }",
            "statement.args = vec![id];",
            "statement.args.insert(0, id);",
        ] {
            let (bound, unbound) = of(bad);
            assert_eq!((bound, unbound.len()), (0, 1), "{bad}: {unbound:?}");
        }
    }

    #[test]
    fn what_is_no_tenants_binds_what_it_likes() {
        for free in [
            "Statement::new(FREE).bind(id)",
            "Statement::new(store::FREE)",
            "Statement::new(\"SELECT 1\")",
            "Statement { sql, ..statement }",
            "statement.args.push(id);",
            "Joint { args: words }",
        ] {
            assert_eq!(of(free), (0, vec![]), "{free}");
        }
    }
}
