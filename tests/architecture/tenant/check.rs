//! Whether a statement keeps to one tenant: each time it names a tenant-owned table, the rows it sees,
//! changes or adds must be those of `?1`, the caller's organization.
//!
//! A table is bound when its owner column is equated with `?1`, or with the owner column of a table that
//! is bound, by a condition that every row has to meet: a part of WHERE, or of the ON of a join, joined
//! to the rest by AND alone. The ON of a LEFT JOIN binds only the table that it joins.

use sqlite3_parser::ast::{
    As, Cmd, CreateTableBody, DistinctNames, Expr, FromClause, FunctionTail, InsertBody, JoinConstraint, JoinOperator,
    JoinType, OneSelect, Operator, Over, QualifiedName, ResolveType, ResultColumn, Select, SelectTable, Set,
    SortedColumn, Stmt, TriggerCmd, UnaryOperator, Upsert, UpsertDo, Window, With,
};
use sqlite3_parser::lexer::sql::Parser;
use sqlite3_parser::{Bump, FallibleIterator};

use super::schema::Schema;

/// What was found in some SQL.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Where it leaves the tenant.
    pub faults: Vec<String>,
    /// The schema's tables it names, each with the name it has in the statement.
    pub tables: Vec<(String, String)>,
}

/// Checks statements.
///
/// # Errors
/// What is wrong with the syntax.
pub fn statements(sql: &str, schema: &Schema) -> Result<Findings, String> {
    let bump = Bump::new();
    let mut parser = Parser::new(&bump, sql.as_bytes());
    let mut checker = Checker { schema, findings: Findings::default(), frames: Vec::new(), views: Vec::new() };
    let mut count = 0;
    while let Some(command) = parser.next().map_err(|error| error.to_string())? {
        count += 1;
        match &command {
            Cmd::Stmt(statement) | Cmd::Explain(statement) | Cmd::ExplainQueryPlan(statement) => {
                checker.statement(statement);
            }
        }
    }
    if count == 0 { Err("there is no statement".to_owned()) } else { Ok(checker.findings) }
}

/// Checks a condition that code adds to a statement: ` AND EXISTS (...)`. In it `?_` stands for the next
/// argument.
///
/// # Errors
/// What is wrong with the syntax.
pub fn fragment(sql: &str, schema: &Schema) -> Result<Findings, String> {
    statements(&format!("SELECT 1 WHERE 1 {}", sql.replace("?_", "?99")), schema)
}

/// A table in a FROM, by the name it has there.
#[derive(Debug, Clone)]
struct Source {
    name: String,
    /// The column that says whose a row is; `None` for what no tenant owns.
    owner: Option<&'static str>,
    bound: bool,
}

struct Checker<'a> {
    schema: &'a Schema,
    findings: Findings,
    /// The tables that the SELECTs around can name, outermost first.
    frames: Vec<Vec<Source>>,
    /// Names of common table expressions, whose own SELECTs are checked.
    views: Vec<String>,
}

/// A condition, and the number of the only source it says something of; `None`: it holds for every row.
type Condition<'a> = (Option<usize>, &'a Expr<'a>);

impl Checker<'_> {
    fn fault(&mut self, text: String) {
        self.findings.faults.push(text);
    }

    fn statement(&mut self, statement: &Stmt<'_>) {
        match statement {
            Stmt::Select(select) => self.select(select),
            Stmt::Insert { with, or_conflict, tbl_name, columns, body, returning } => {
                self.with(with.as_ref());
                let returning = returning.unwrap_or_default();
                self.insert(tbl_name, *or_conflict, columns.as_ref(), body, returning);
            }
            Stmt::Update { with, or_conflict, tbl_name, sets, from, where_clause, returning, .. } => {
                self.with(with.as_ref());
                self.no_replace(*or_conflict, tbl_name);
                self.update(tbl_name, sets, from.as_ref(), where_clause.as_ref(), returning.unwrap_or_default());
            }
            Stmt::Delete { with, tbl_name, where_clause, returning, .. } => {
                self.with(with.as_ref());
                self.delete(tbl_name, where_clause.as_ref(), returning.unwrap_or_default());
            }
            Stmt::CreateTrigger { tbl_name, when_clause, commands, .. } => {
                self.trigger(tbl_name, when_clause.as_ref(), commands);
            }
            // A view cannot bind: it would show all tenants' rows to whoever forgets to narrow it.
            Stmt::CreateView { select, .. } => self.select(select),
            Stmt::CreateTable { body: CreateTableBody::AsSelect(select), .. } => self.select(select),
            _ => {}
        }
    }

    fn trigger(&mut self, table: &QualifiedName<'_>, when: Option<&Expr<'_>>, commands: &[TriggerCmd<'_>]) {
        let owner = self.named(table, None).and_then(|source| source.owner);
        let row = |name: &str| Source { name: name.to_owned(), owner, bound: owner.is_some() };
        self.frames.push(vec![row("new"), row("old")]);
        self.expressions(when);
        for command in commands {
            match command {
                TriggerCmd::Update { or_conflict, tbl_name, sets, from, where_clause } => {
                    self.no_replace(*or_conflict, tbl_name);
                    self.update(tbl_name, sets, from.as_ref(), where_clause.as_ref(), &[]);
                }
                TriggerCmd::Insert { or_conflict, tbl_name, col_names, select, upsert } => {
                    let body = InsertBody::Select(select, *upsert);
                    self.insert(tbl_name, *or_conflict, col_names.as_ref(), &body, &[]);
                }
                TriggerCmd::Delete { tbl_name, where_clause } => self.delete(tbl_name, where_clause.as_ref(), &[]),
                TriggerCmd::Select(select) => self.select(select),
            }
        }
        self.frames.pop();
    }

    fn with(&mut self, with: Option<&With<'_>>) {
        for view in with.map(|with| with.ctes).unwrap_or_default() {
            self.views.push(view.tbl_name.0.to_ascii_lowercase());
            self.select(view.select);
        }
    }

    fn select(&mut self, select: &Select<'_>) {
        let views = self.views.len();
        self.with(select.with.as_ref());
        let sorted = select.order_by.unwrap_or_default();
        let mut last: Vec<&Expr<'_>> = sorted.iter().map(|column: &SortedColumn<'_>| &column.expr).collect();
        if let Some(limit) = select.limit {
            last.push(&limit.expr);
            last.extend(limit.offset.as_ref());
        }
        self.one_select(&select.body.select, &last);
        for compound in select.body.compounds.iter().flatten() {
            self.one_select(&compound.select, &[]);
        }
        self.views.truncate(views);
    }

    /// One arm of a SELECT. `last` is what stands in ORDER BY and LIMIT.
    fn one_select(&mut self, select: &OneSelect<'_>, last: &[&Expr<'_>]) {
        let frame = self.frame_of(select);
        self.frames.push(frame);
        match select {
            OneSelect::Select { columns, from, where_clause, group_by, having, window_clause, .. } => {
                self.result_columns(columns);
                self.expressions_of_from(from.as_ref());
                self.expressions(*where_clause);
                self.expressions(group_by.unwrap_or_default());
                self.expressions(*having);
                for window in window_clause.unwrap_or_default() {
                    self.window(&window.window);
                }
            }
            OneSelect::Values(rows) => rows.iter().for_each(|row| self.expressions(row)),
        }
        last.iter().for_each(|expression| self.expression(expression));
        self.frames.pop();
    }

    /// The tables of an arm's FROM, bound as far as its conditions bind them; those that are not are faults.
    fn frame_of(&mut self, select: &OneSelect<'_>) -> Vec<Source> {
        let OneSelect::Select { from, where_clause, .. } = select else { return Vec::new() };
        let mut conditions: Vec<Condition<'_>> = where_clause.iter().map(|condition| (None, *condition)).collect();
        let mut sources = Vec::new();
        self.sources(from.as_ref(), &mut sources, &mut conditions);
        self.bound(sources, &conditions, "reads")
    }

    fn sources<'e>(
        &mut self,
        from: Option<&'e FromClause<'e>>,
        sources: &mut Vec<Source>,
        conditions: &mut Vec<Condition<'e>>,
    ) {
        let Some(from) = from else { return };
        if let Some(table) = from.select {
            self.source(table, sources, conditions);
        }
        for join in from.joins.iter().flatten() {
            let at = sources.len();
            self.source(&join.table, sources, conditions);
            let kind = match join.operator {
                JoinOperator::TypedJoin(Some(kind)) => kind,
                JoinOperator::Comma | JoinOperator::TypedJoin(None) => JoinType::INNER,
            };
            if kind.contains(JoinType::RIGHT) {
                self.fault("RIGHT and FULL joins are not understood here; write a LEFT JOIN".to_owned());
            }
            if let Some(JoinConstraint::On(condition)) = &join.constraint {
                conditions.push((kind.contains(JoinType::LEFT).then_some(at), condition));
            }
        }
    }

    fn source<'e>(
        &mut self,
        table: &'e SelectTable<'e>,
        sources: &mut Vec<Source>,
        conditions: &mut Vec<Condition<'e>>,
    ) {
        let alias_of = |alias: &Option<As<'_>>| {
            alias.as_ref().map(|(As::As(name) | As::Elided(name))| name.0.to_ascii_lowercase())
        };
        match table {
            SelectTable::Table(name, alias, _) => sources.extend(self.named(name, alias_of(alias))),
            SelectTable::TableCall(name, _, alias) => {
                let name = alias_of(alias).unwrap_or_else(|| name.name.0.to_ascii_lowercase());
                sources.push(Source { name, owner: None, bound: false });
            }
            SelectTable::Select(select, alias) => {
                self.select(select);
                sources.push(Source { name: alias_of(alias).unwrap_or_default(), owner: None, bound: false });
            }
            SelectTable::Sub(from, _) => self.sources(Some(from), sources, conditions),
        }
    }

    /// A table by its name in the statement. `None` only for a name that is no table of the schema's and
    /// owns nothing, which is a source all the same.
    fn named(&mut self, table: &QualifiedName<'_>, alias: Option<String>) -> Option<Source> {
        let name = table.name.0.trim_matches(['"', '`', '[', ']']).to_ascii_lowercase();
        let alias = alias.or_else(|| table.alias.as_ref().map(|alias| alias.0.to_ascii_lowercase()));
        let alias = alias.unwrap_or_else(|| name.clone());
        let is_view = self.views.contains(&name);
        if !is_view && self.schema.tables.contains(&name) {
            self.findings.tables.push((name.clone(), alias.clone()));
        }
        let owner = self.schema.owners.get(&name).copied().filter(|_| !is_view);
        Some(Source { name: alias, owner, bound: false })
    }

    /// Binds what `conditions` bind, and reports what stays unbound.
    fn bound(&mut self, sources: Vec<Source>, conditions: &[Condition<'_>], verb: &str) -> Vec<Source> {
        let mut conjuncts = Vec::new();
        for (only, condition) in conditions {
            collect_conjuncts(condition, *only, &mut conjuncts);
        }
        self.frames.push(sources);
        let mut is_changed = true;
        while is_changed {
            is_changed = false;
            for (only, left, right) in &conjuncts {
                for (one, other) in [(left, right), (right, left)] {
                    let Some(target) = self.own_owner_column(one) else { continue };
                    let is_open = only.is_none_or(|only| only == target);
                    if is_open && !self.is_source_bound(target) && self.is_tenant(other) {
                        if let Some(source) = self.frames.last_mut().and_then(|frame| frame.get_mut(target)) {
                            source.bound = true;
                        }
                        is_changed = true;
                    }
                }
            }
        }
        let sources = self.frames.pop().unwrap_or_default();
        for source in &sources {
            if let Some(owner) = source.owner.filter(|_| !source.bound) {
                self.fault(format!("{verb} {name} without {name}.{owner} = ?1", name = source.name));
            }
        }
        sources
    }

    fn is_source_bound(&self, number: usize) -> bool {
        self.frames.last().and_then(|frame| frame.get(number)).is_some_and(|source| source.bound)
    }

    /// The number of the source, in the innermost frame, whose owner column this is.
    fn own_owner_column(&self, expression: &Expr<'_>) -> Option<usize> {
        let frame = self.frames.last()?;
        match expression {
            Expr::Qualified(table, column) => frame.iter().position(|source| {
                source.name.eq_ignore_ascii_case(table.0)
                    && source.owner.is_some_and(|owner| owner.eq_ignore_ascii_case(column.0))
            }),
            Expr::Id(column) => self.unqualified(frame, column.0),
            Expr::Name(column) => self.unqualified(frame, column.0),
            // The same value; only the planner takes no index for it.
            Expr::Unary(UnaryOperator::Positive, column) => self.own_owner_column(column),
            _ => None,
        }
    }

    /// A column without its table: clear only where there is one table.
    fn unqualified(&self, frame: &[Source], column: &str) -> Option<usize> {
        match frame {
            [source] => source.owner.filter(|owner| owner.eq_ignore_ascii_case(column)).map(|_| 0),
            _ => None,
        }
    }

    /// Whether this is the caller's organization: `?1`, or the owner column of a bound table.
    fn is_tenant(&self, expression: &Expr<'_>) -> bool {
        match expression {
            Expr::Variable(name) => *name == "?1" || *name == "1",
            Expr::Parenthesized(inner) => matches!(inner.as_slice(), [inner] if self.is_tenant(inner)),
            Expr::Qualified(table, column) => self
                .frames
                .iter()
                .rev()
                .find_map(|frame| frame.iter().find(|source| source.name.eq_ignore_ascii_case(table.0)))
                .is_some_and(|source| {
                    source.bound && source.owner.is_some_and(|owner| owner.eq_ignore_ascii_case(column.0))
                }),
            other => self.own_owner_column(other).is_some_and(|number| self.is_source_bound(number)),
        }
    }

    fn insert(
        &mut self,
        table: &QualifiedName<'_>,
        or_conflict: Option<ResolveType>,
        columns: Option<&DistinctNames<'_>>,
        body: &InsertBody<'_>,
        returning: &[ResultColumn<'_>],
    ) {
        self.no_replace(or_conflict, table);
        let Some(target) = self.named(table, None) else { return };
        let InsertBody::Select(select, upsert) = body else {
            if target.owner.is_some() {
                self.fault(format!("adds to {} without an owner", target.name));
            }
            return;
        };
        if let Some(owner) = target.owner {
            let position = columns.and_then(|columns| columns.iter().position(|column| *column == owner));
            match position {
                Some(position) => self.values_are_the_tenants(select, position, &target.name),
                None => self.fault(format!("adds to {} without naming the column {owner}", target.name)),
            }
        }
        self.select(select);
        self.upsert(&target, *upsert);
        self.frames.push(vec![target]);
        self.result_columns(returning);
        self.frames.pop();
    }

    /// The column at `position` of every row must be the tenant.
    fn values_are_the_tenants(&mut self, select: &Select<'_>, position: usize, table: &str) {
        let compounds = select.body.compounds.iter().flatten().map(|compound| &compound.select);
        for arm in std::iter::once(&select.body.select).chain(compounds) {
            // Its faults are reported when the arm itself is checked.
            let (faults, tables) = (self.findings.faults.len(), self.findings.tables.len());
            let frame = self.frame_of(arm);
            self.findings.faults.truncate(faults);
            self.findings.tables.truncate(tables);
            self.frames.push(frame);
            let is_fine = match arm {
                OneSelect::Select { columns, .. } => match columns.get(position) {
                    Some(ResultColumn::Expr(value, _)) => self.is_tenant(value),
                    _ => false,
                },
                OneSelect::Values(rows) => {
                    rows.iter().all(|row| row.get(position).is_some_and(|value| self.is_tenant(value)))
                }
            };
            self.frames.pop();
            if !is_fine {
                self.fault(format!("adds rows to {table} whose owner is not ?1"));
            }
        }
    }

    /// A row that is there already may be another tenant's.
    fn upsert(&mut self, target: &Source, upsert: Option<&Upsert<'_>>) {
        let mut next = upsert;
        while let Some(upsert) = next {
            if let UpsertDo::Set { sets, where_clause } = &upsert.do_clause {
                let is_by_owner = upsert.index.as_ref().is_some_and(|index| {
                    index.targets.iter().any(|column| match &column.expr {
                        Expr::Id(name) => target.owner.is_some_and(|owner| owner.eq_ignore_ascii_case(name.0)),
                        Expr::Name(name) => target.owner.is_some_and(|owner| owner.eq_ignore_ascii_case(name.0)),
                        _ => false,
                    })
                });
                let excluded = Source { name: "excluded".to_owned(), owner: target.owner, bound: true };
                self.frames.push(vec![excluded]);
                let there = Source { bound: is_by_owner, ..target.clone() };
                let conditions: Vec<Condition<'_>> = where_clause.iter().map(|clause| (None, clause)).collect();
                let frame = self.bound(vec![there], &conditions, "updates (on conflict)");
                self.frames.push(frame);
                self.sets(target, sets);
                self.expressions(where_clause.as_ref());
                self.frames.pop();
                self.frames.pop();
            }
            next = upsert.next;
        }
    }

    fn update(
        &mut self,
        table: &QualifiedName<'_>,
        sets: &[Set<'_>],
        from: Option<&FromClause<'_>>,
        condition: Option<&Expr<'_>>,
        returning: &[ResultColumn<'_>],
    ) {
        let Some(target) = self.named(table, None) else { return };
        let mut sources = vec![target.clone()];
        let mut conditions: Vec<Condition<'_>> = condition.iter().map(|condition| (None, *condition)).collect();
        self.sources(from, &mut sources, &mut conditions);
        let frame = self.bound(sources, &conditions, "updates");
        self.frames.push(frame);
        self.sets(&target, sets);
        self.expressions_of_from(from);
        self.expressions(condition);
        self.result_columns(returning);
        self.frames.pop();
    }

    fn delete(&mut self, table: &QualifiedName<'_>, condition: Option<&Expr<'_>>, returning: &[ResultColumn<'_>]) {
        let Some(target) = self.named(table, None) else { return };
        let conditions: Vec<Condition<'_>> = condition.iter().map(|condition| (None, *condition)).collect();
        let frame = self.bound(vec![target], &conditions, "deletes from");
        self.frames.push(frame);
        self.expressions(condition);
        self.result_columns(returning);
        self.frames.pop();
    }

    fn sets(&mut self, target: &Source, sets: &[Set<'_>]) {
        for set in sets {
            if target.owner.is_some_and(|owner| set.col_names.iter().any(|column| *column == owner)) {
                self.fault(format!("gives rows of {} another owner", target.name));
            }
            self.expression(&set.expr);
        }
    }

    /// REPLACE deletes whatever row is in the way, whoever owns it.
    fn no_replace(&mut self, or_conflict: Option<ResolveType>, table: &QualifiedName<'_>) {
        if or_conflict == Some(ResolveType::Replace) {
            self.fault(format!("replaces rows of {}, whoever owns them", table.name.0));
        }
    }

    fn expressions_of_from(&mut self, from: Option<&FromClause<'_>>) {
        let Some(from) = from else { return };
        let joins = from.joins.iter().flatten();
        for table in from.select.into_iter().chain(joins.clone().map(|join| &join.table)) {
            match table {
                SelectTable::TableCall(_, arguments, _) => self.expressions(arguments.unwrap_or_default()),
                SelectTable::Sub(inner, _) => self.expressions_of_from(Some(inner)),
                // Checked where the FROM was read.
                SelectTable::Table(..) | SelectTable::Select(..) => {}
            }
        }
        for join in joins {
            if let Some(JoinConstraint::On(condition)) = &join.constraint {
                self.expression(condition);
            }
        }
    }

    fn result_columns(&mut self, columns: &[ResultColumn<'_>]) {
        for column in columns {
            if let ResultColumn::Expr(expression, _) = column {
                self.expression(expression);
            }
        }
    }

    fn expressions<'e>(&mut self, expressions: impl IntoIterator<Item = &'e Expr<'e>>) {
        for expression in expressions {
            self.expression(expression);
        }
    }

    /// Checks the SELECTs inside an expression.
    fn expression(&mut self, expression: &Expr<'_>) {
        match expression {
            Expr::Exists(select) | Expr::Subquery(select) => self.select(select),
            Expr::InSelect { lhs, rhs, .. } => {
                self.expression(lhs);
                self.select(rhs);
            }
            Expr::InTable { lhs, rhs, args, .. } => {
                self.expression(lhs);
                self.expressions(args.unwrap_or_default());
                if let Some(Source { name, owner: Some(owner), .. }) = self.named(rhs, None) {
                    self.fault(format!("reads {name} without {name}.{owner} = ?1"));
                }
            }
            Expr::Between { lhs, start, end, .. } => self.expressions([*lhs, *start, *end]),
            Expr::Binary(left, _, right) => self.expressions([*left, *right]),
            Expr::Case { base, when_then_pairs, else_expr } => {
                self.expressions(*base);
                for (when, then) in *when_then_pairs {
                    self.expressions([when, then]);
                }
                self.expressions(*else_expr);
            }
            Expr::Cast { expr, .. } | Expr::Collate(expr, _) | Expr::Unary(_, expr) => self.expression(expr),
            Expr::IsNull(expr) | Expr::NotNull(expr) => self.expression(expr),
            Expr::FunctionCall { args, filter_over, .. } => {
                self.expressions(args.unwrap_or_default());
                self.function_tail(filter_over.as_ref());
            }
            Expr::FunctionCallStar { filter_over, .. } => self.function_tail(filter_over.as_ref()),
            Expr::InList { lhs, rhs, .. } => {
                self.expression(lhs);
                self.expressions(rhs.unwrap_or_default());
            }
            Expr::Like { lhs, rhs, escape, .. } => {
                self.expressions([*lhs, *rhs]);
                self.expressions(*escape);
            }
            Expr::Parenthesized(inner) => self.expressions(inner),
            Expr::Raise(_, message) => self.expressions(*message),
            Expr::DoublyQualified(..)
            | Expr::Id(_)
            | Expr::Literal(_)
            | Expr::Name(_)
            | Expr::Qualified(..)
            | Expr::Variable(_) => {}
        }
    }

    fn function_tail(&mut self, tail: Option<&FunctionTail<'_>>) {
        let Some(tail) = tail else { return };
        self.expressions(tail.filter_clause);
        if let Some(Over::Window(window)) = tail.over_clause {
            self.window(window);
        }
    }

    fn window(&mut self, window: &Window<'_>) {
        self.expressions(window.partition_by.unwrap_or_default());
        for column in window.order_by.unwrap_or_default() {
            self.expression(&column.expr);
        }
    }
}

/// The equations that hold whenever `condition` does.
fn collect_conjuncts<'e>(
    condition: &'e Expr<'e>,
    only: Option<usize>,
    conjuncts: &mut Vec<(Option<usize>, &'e Expr<'e>, &'e Expr<'e>)>,
) {
    match condition {
        Expr::Binary(left, Operator::And, right) => {
            collect_conjuncts(left, only, conjuncts);
            collect_conjuncts(right, only, conjuncts);
        }
        Expr::Binary(left, Operator::Equals | Operator::Is, right) => conjuncts.push((only, left, right)),
        Expr::Parenthesized(inner) => {
            if let [inner] = inner.as_slice() {
                collect_conjuncts(inner, only, conjuncts);
            }
        }
        _ => {}
    }
}
