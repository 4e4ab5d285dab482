//! Queries: which tables, and which of their columns.

use super::Reader;
use super::lex::{Kind, Token};
use crate::span::Span;
use crate::tables::{ColumnAt, Deed, TableStatement};

/// Deepest nesting of queries that is read.
const DEPTH_MAX: usize = 32;

/// Words of the language that are no columns.
const KEYWORDS: &[&str] = &[
    "all",
    "align",
    "and",
    "as",
    "asc",
    "asof",
    "between",
    "by",
    "calendar",
    "case",
    "cast",
    "cross",
    "current",
    "desc",
    "distinct",
    "else",
    "end",
    "except",
    "exists",
    "false",
    "fill",
    "first",
    "following",
    "from",
    "full",
    "group",
    "having",
    "ilike",
    "in",
    "inner",
    "intersect",
    "interval",
    "is",
    "join",
    "last",
    "latest",
    "left",
    "like",
    "limit",
    "linear",
    "lt",
    "nan",
    "none",
    "not",
    "null",
    "nulls",
    "observation",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "over",
    "partition",
    "preceding",
    "prev",
    "range",
    "right",
    "row",
    "rows",
    "sample",
    "select",
    "splice",
    "then",
    "time",
    "to",
    "true",
    "unbounded",
    "union",
    "unnest",
    "using",
    "when",
    "where",
    "window",
    "with",
    "within",
    "zone",
];

/// One `SELECT` with its tables and the columns that it names.
#[derive(Default)]
struct Scope {
    tables: Vec<(Span, Option<Span>)>,
    /// There is a query or a function among its tables.
    has_derived: bool,
    columns: Vec<(Option<Span>, Span)>,
    /// Names that it gives itself.
    aliases: Vec<Span>,
}

impl Reader<'_> {
    /// A query up to the bracket or semicolon that ends it, which is left.
    pub(super) fn query(&mut self) {
        if self.depth >= DEPTH_MAX {
            self.skip_statement();
            return;
        }
        self.depth += 1;
        let first = self.found.len();
        let mut named = Vec::new();
        if self.eat_word("with") {
            while let Some(name) = self.name() {
                named.push(name.span);
                self.eat_word("as");
                if self.eat_sign(b'(') {
                    self.query();
                    self.eat_sign(b')');
                }
                if !self.eat_sign(b',') {
                    break;
                }
            }
        }
        loop {
            self.select();
            let goes_on =
                self.eat_word("union") || self.eat_word("except") || self.eat_word("intersect");
            if !goes_on {
                break;
            }
            self.eat_word("all");
        }
        // A query by a name that this query gave is no table.
        let text = self.text;
        let is_named = |table: &TableStatement| {
            named.iter().any(|name| name.of(text).eq_ignore_ascii_case(table.name.of(text)))
        };
        let mut index = 0_usize;
        self.found.retain(|table| {
            index += 1;
            index <= first || !is_named(table)
        });
        self.depth -= 1;
    }

    fn select(&mut self) {
        if self.eat_sign(b'(') {
            self.query();
            self.eat_sign(b')');
            return;
        }
        if !self.eat_word("select") {
            return;
        }
        let mut scope = Scope::default();
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Sign(b')' | b';') => break,
                Kind::Sign(b'(') => {
                    self.at += 1;
                    self.bracket(&mut scope);
                }
                Kind::Word if self.is_set_operation(token) => break,
                Kind::Word
                    if self.is_word(Some(token), "from") || self.is_word(Some(token), "join") =>
                {
                    self.at += 1;
                    self.sources(&mut scope);
                }
                _ => self.expression_token(&mut scope, token),
            }
        }
        self.resolve(&scope);
    }

    fn is_set_operation(&self, token: Token) -> bool {
        ["union", "except", "intersect"].iter().any(|word| self.is_word(Some(token), word))
    }

    /// Within brackets: a query of its own, or more of this one.
    fn bracket(&mut self, scope: &mut Scope) {
        if self.is_word(self.peek(), "select") || self.is_word(self.peek(), "with") {
            self.query();
            self.eat_sign(b')');
            return;
        }
        let mut depth = 1_usize;
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Sign(b';') => return,
                Kind::Sign(b'(') => {
                    self.at += 1;
                    if self.is_word(self.peek(), "select") {
                        self.query();
                        self.eat_sign(b')');
                    } else {
                        depth += 1;
                    }
                }
                Kind::Sign(b')') => {
                    self.at += 1;
                    depth -= 1;
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.expression_token(scope, token),
            }
        }
    }

    /// The tables after `FROM` or `JOIN`.
    fn sources(&mut self, scope: &mut Scope) {
        loop {
            if self.eat_sign(b'(') {
                scope.has_derived = true;
                if self.is_word(self.peek(), "select") || self.is_word(self.peek(), "with") {
                    self.query();
                    self.eat_sign(b')');
                } else {
                    self.skip_brackets();
                }
                let alias = self.alias();
                scope.aliases.extend(alias);
            } else {
                let Some(mut name) = self.name() else { return };
                while self.eat_sign(b'.') {
                    let Some(next) = self.name() else { return };
                    name = next;
                }
                if self.eat_sign(b'(') {
                    scope.has_derived = true;
                    self.skip_brackets();
                    self.alias();
                } else if !self.is_hole_next() {
                    let alias = self.alias();
                    scope.tables.push((name.span, alias));
                } else {
                    scope.has_derived = true;
                    self.at += 1;
                }
            }
            if !self.eat_sign(b',') {
                return;
            }
        }
    }

    /// Whether the name goes on with something that another program fills in.
    fn is_hole_next(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        match (before, self.peek()) {
            (Some(name), Some(next)) => next.kind == Kind::Hole && next.span.start == name.span.end,
            _ => false,
        }
    }

    fn alias(&mut self) -> Option<Span> {
        if self.eat_word("as") {
            return self.name().map(|token| token.span);
        }
        let token = self.peek()?;
        let is_alias = token.kind == Kind::Quoted
            || (token.kind == Kind::Word && !is_keyword(self.text(token)));
        self.at += usize::from(is_alias);
        is_alias.then_some(token.span)
    }

    /// One token of an expression: a column, an alias, or nothing of interest.
    fn expression_token(&mut self, scope: &mut Scope, token: Token) {
        self.at += 1;
        if self.is_word(Some(token), "as") {
            let alias = self.name();
            scope.aliases.extend(alias.map(|alias| alias.span));
            return;
        }
        // `::int` is a cast.
        if token.kind == Kind::Sign(b':') && self.eat_sign(b':') {
            self.name();
            return;
        }
        let is_name = token.kind == Kind::Quoted
            || (token.kind == Kind::Word && !is_keyword(self.text(token)));
        if !is_name {
            return;
        }
        if self.is_sign(b'(') || self.is_hole_next() {
            self.skip_unit_from(token);
            return;
        }
        if self.eat_sign(b'.') {
            if let Some(column) = self.name() {
                scope.columns.push((Some(token.span), column.span));
            }
            return;
        }
        if self.follows_a_value() {
            scope.aliases.push(token.span);
        } else {
            scope.columns.push((None, token.span));
        }
    }

    /// `extract(epoch FROM ts)` reads from no table.
    fn skip_unit_from(&mut self, name: Token) {
        let is_one =
            ["extract", "trim", "substring"].iter().any(|word| self.is_word(Some(name), word));
        if is_one && self.is_word(self.peek_nth(2), "from") {
            self.at += 3;
        }
    }

    /// Whether a name stands right behind a value, as in `max(x) peak`, so that it names the value.
    fn follows_a_value(&self) -> bool {
        let before = self.at.checked_sub(2).and_then(|at| self.tokens.get(at));
        before.is_some_and(|before| match before.kind {
            Kind::Sign(b')') | Kind::Number | Kind::Quoted | Kind::Text => true,
            Kind::Word => !is_keyword(self.text(*before)),
            _ => false,
        })
    }

    /// Gives each column to the table that it must be of.
    fn resolve(&mut self, scope: &Scope) {
        let text = self.text;
        let same = |a: Span, b: Span| a.of(text).eq_ignore_ascii_case(b.of(text));
        let is_single = scope.tables.len() == 1 && !scope.has_derived;
        for (name, alias) in &scope.tables {
            let mut read = TableStatement::new(Deed::Reads, *name);
            for (of, column) in &scope.columns {
                let is_ours = match of {
                    Some(of) => same(*of, *name) || alias.is_some_and(|alias| same(*of, alias)),
                    // A name that the query gave may be used after that, as in `ORDER BY`.
                    None => {
                        is_single
                            && !scope
                                .aliases
                                .iter()
                                .any(|alias| alias.start < column.start && same(*alias, *column))
                    }
                };
                if is_ours && !read.columns.iter().any(|known| same(known.name, *column)) {
                    read.columns.push(ColumnAt { name: *column, kind: None });
                }
            }
            self.found.push(read);
        }
    }
}

fn is_keyword(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    KEYWORDS.binary_search(&lower.as_str()).is_ok()
}
