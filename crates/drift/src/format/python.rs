//! Python: constants, defaults of parameters and keywords, dictionaries, texts and comments.
//!
//! It is read by its tokens, not run: what is computed is not a statement of a fact.

mod token;
mod writes;

use crate::outline::{FILE, Form, Outline, Role, ScopeId, Statement};
use crate::span::{Span, lines_in};
use crate::tables::sql;
use token::{Kind, Token, tokens};

/// Deepest nesting of brackets that is read.
const DEPTH_MAX: usize = 64;

/// Reads a part of a text; every span is one of the whole text. There is no text that it refuses.
pub(crate) fn read(text: &str, part: Span) -> Outline {
    let tokens = tokens(text, part);
    let mut reader = Reader {
        text,
        tokens: &tokens,
        at: 0,
        outline: Outline::with_room(part.len()),
        blocks: Vec::new(),
        depth: 0,
        line_began: 0,
    };
    while let Some(token) = reader.peek() {
        reader.logical_line(token);
    }
    let mut outline = reader.outline;
    writes::read(text, &tokens, &mut outline);
    outline
}

struct Reader<'t> {
    text: &'t str,
    tokens: &'t [Token],
    at: usize,
    outline: Outline,
    /// Functions and classes that are open, with the indentation of their first line.
    blocks: Vec<(usize, ScopeId)>,
    depth: usize,
    /// The first statement of this logical line.
    line_began: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    fn peek_kind(&self, ahead: usize) -> Option<Kind> {
        self.tokens.get(self.at + ahead).map(|token| token.kind)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    fn eat(&mut self, sign: u8) -> bool {
        let is_there = self.peek_kind(0) == Some(Kind::Sign(sign));
        if is_there {
            self.at += 1;
        }
        is_there
    }

    fn is_word(&self, token: Token, word: &str) -> bool {
        token.kind == Kind::Name && token.span.of(self.text) == word
    }

    fn scope(&self) -> ScopeId {
        self.blocks.last().map_or(FILE, |(_, scope)| *scope)
    }

    fn logical_line(&mut self, first: Token) {
        match first.kind {
            Kind::Line(indent) => {
                self.at += 1;
                self.line_began = self.outline.statements.len();
                while self.blocks.last().is_some_and(|(block, _)| *block >= indent) {
                    self.blocks.pop();
                }
                self.line_body(indent);
            }
            Kind::Comment => self.comment(first),
            _ => {
                // What is left of a line that the grammar below did not take.
                self.at += 1;
            }
        }
    }

    fn line_body(&mut self, indent: usize) {
        let Some(mut first) = self.peek() else { return };
        if self.is_word(first, "async") {
            self.at += 1;
            first = self.peek().unwrap_or(first);
        }
        if self.is_word(first, "def") || self.is_word(first, "class") {
            self.definition(indent);
            return;
        }
        if self.assignment() {
            return;
        }
        let scope = self.scope();
        self.expression(scope, true);
    }

    fn definition(&mut self, indent: usize) {
        self.at += 1;
        let Some(name) = self.next().filter(|token| token.kind == Kind::Name) else { return };
        let scope = self.outline.scope(self.scope(), Role::Definition, name.span);
        if self.eat(b'(') {
            self.arguments(scope, true);
        }
        self.blocks.push((indent, scope));
        let scope = self.scope();
        self.expression(scope, true);
    }

    /// `name = …`, `name: kind = …`, `a, b = 1, 2`.
    fn assignment(&mut self) -> bool {
        let began = self.at;
        let mut targets = Vec::new();
        while let Some(name) = self.dotted_name() {
            targets.push(name);
            if self.peek_kind(0) == Some(Kind::Sign(b'[')) {
                self.skip_brackets();
            }
            if !self.eat(b',') {
                break;
            }
        }
        if targets.len() == 1 && self.eat(b':') {
            self.skip_to_equals();
        }
        let is_assignment = !targets.is_empty()
            && self.peek_kind(0) == Some(Kind::Sign(b'='))
            && self.peek_kind(1) != Some(Kind::Sign(b'='));
        if !is_assignment {
            self.at = began;
            return false;
        }
        self.at += 1;
        let parent = self.scope();
        let scopes: Vec<ScopeId> =
            targets.iter().map(|name| self.outline.scope(parent, Role::Key, *name)).collect();
        if scopes.len() > 1 {
            self.eat(b'(');
        }
        for scope in scopes {
            self.expression(scope, false);
            self.eat(b',');
        }
        let scope = self.scope();
        self.expression(scope, true);
        true
    }

    /// `a.b.c`: the span of all of it.
    fn dotted_name(&mut self) -> Option<Span> {
        let first = self.peek().filter(|token| token.kind == Kind::Name)?;
        self.at += 1;
        let mut span = first.span;
        while self.peek_kind(0) == Some(Kind::Sign(b'.')) && self.peek_kind(1) == Some(Kind::Name) {
            self.at += 1;
            span.end = self.next().map_or(span.end, |token| token.span.end);
        }
        Some(span)
    }

    /// Skips an annotation, up to `=`, a comma, a closing bracket or the end of the line.
    fn skip_to_equals(&mut self) {
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Sign(b'[' | b'(' | b'{') => self.skip_brackets(),
                Kind::Sign(b'=' | b',' | b')') | Kind::Line(_) | Kind::Comment => return,
                _ => self.at += 1,
            }
        }
    }

    fn skip_brackets(&mut self) {
        let mut depth = 0_usize;
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Sign(b'(' | b'[' | b'{') => depth += 1,
                Kind::Sign(b')' | b']' | b'}') => depth = depth.saturating_sub(1),
                Kind::Line(_) => return,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }

    /// An expression, up to a comma, a closing bracket or the end of the line; with `all`, commas are taken too.
    fn expression(&mut self, scope: ScopeId, all: bool) {
        if self.depth >= DEPTH_MAX {
            self.skip_brackets();
            return;
        }
        self.depth += 1;
        let mut is_first = true;
        while let Some(token) = self.peek() {
            let was_first = std::mem::replace(&mut is_first, false);
            match token.kind {
                Kind::Line(_) | Kind::Sign(b')' | b']' | b'}') => break,
                Kind::Sign(b',') if !all => break,
                Kind::Sign(b',' | b'-' | b'+') => {
                    self.at += 1;
                    is_first = was_first || token.kind == Kind::Sign(b',');
                }
                Kind::Sign(b'(') => self.bracketed(scope),
                Kind::Sign(b'[') => self.bracketed(scope),
                Kind::Sign(b'{') => self.dictionary(scope),
                Kind::Comment => {
                    self.comment(token);
                    is_first = was_first;
                }
                Kind::Number => self.number(scope, token, was_first),
                Kind::Text | Kind::Template => self.string(scope, token, was_first),
                Kind::Name => is_first = self.name(scope, token, was_first),
                Kind::Sign(_) => self.at += 1,
            }
        }
        self.depth -= 1;
    }

    fn bracketed(&mut self, scope: ScopeId) {
        self.at += 1;
        self.expression(scope, true);
        self.at += usize::from(matches!(self.peek_kind(0), Some(Kind::Sign(b')' | b']' | b'}'))));
    }

    /// A literal is a value if nothing is computed with it.
    fn is_alone(&self) -> bool {
        match self.peek_kind(0) {
            None | Some(Kind::Line(_) | Kind::Comment) => true,
            Some(Kind::Sign(sign)) => matches!(sign, b',' | b')' | b']' | b'}' | b':'),
            Some(Kind::Name) => self.peek().is_some_and(|token| {
                ["if", "else", "or", "and", "for"].contains(&token.span.of(self.text))
            }),
            Some(_) => false,
        }
    }

    fn number(&mut self, scope: ScopeId, token: Token, is_first: bool) {
        self.at += 1;
        if is_first && self.is_alone() {
            self.outline.add(scope, Form::Value, token.span);
        }
    }

    fn string(&mut self, scope: ScopeId, token: Token, is_first: bool) {
        self.at += 1;
        let inner = token.span.of(self.text);
        if sql::looks_like(inner) {
            sql::read(self.text, token.span, sql::Escapes::Backslash, &mut self.outline.tables);
        }
        let is_value = is_first
            && token.kind == Kind::Text
            && self.is_alone()
            && self.outline.get(scope).is_some_and(|scope| scope.role == Role::Key);
        if is_value && !inner.contains('\n') {
            self.outline.add(scope, Form::Value, token.span);
        } else {
            // What a docstring shows as an example is one that somebody might choose.
            let mut is_example = false;
            for line in lines_in(self.text, token.span) {
                is_example = is_section(line.of(self.text)).unwrap_or(is_example);
                if !is_example {
                    self.outline.add(scope, Form::Text, line);
                }
            }
        }
    }

    /// A name, a call of it, a keyword; says whether a value may follow.
    fn name(&mut self, scope: ScopeId, token: Token, is_first: bool) -> bool {
        let is_truth = ["True", "False"].contains(&token.span.of(self.text));
        if is_truth {
            self.at += 1;
            if is_first && self.is_alone() {
                self.outline.add(scope, Form::Value, token.span);
            }
            return false;
        }
        if ["else", "or", "return", "yield", "await", "in"].contains(&token.span.of(self.text)) {
            self.at += 1;
            return true;
        }
        if self.is_word(token, "lambda") {
            while self
                .peek_kind(0)
                .is_some_and(|kind| !matches!(kind, Kind::Sign(b':') | Kind::Line(_)))
            {
                self.at += 1;
            }
            self.at += 1;
            return true;
        }
        let Some(name) = self.dotted_name() else { return false };
        if self.eat(b'(') {
            self.call(scope, name);
        } else if self.peek_kind(0) == Some(Kind::Sign(b'[')) {
            self.bracketed(scope);
        }
        false
    }

    fn call(&mut self, scope: ScopeId, name: Span) {
        let callee = name.of(self.text);
        let last = callee.rsplit('.').next().unwrap_or(callee);
        if TRANSPARENT.contains(&last) {
            self.arguments(scope, false);
            return;
        }
        let call = self.outline.scope(scope, Role::Call, name);
        if GETTERS.contains(&last)
            && let Some(key) = self.getter_key()
        {
            let scope = self.outline.scope(call, Role::Key, key);
            self.arguments(scope, false);
            return;
        }
        self.arguments(call, false);
    }

    /// The name in `getenv("NAME", default)`, `getattr(object, "name", default)` and the like.
    fn getter_key(&mut self) -> Option<Span> {
        let began = self.at;
        if self.peek_kind(0) == Some(Kind::Name) {
            self.dotted_name()?;
            if !self.eat(b',') {
                self.at = began;
                return None;
            }
        }
        let key = self.peek().filter(|token| token.kind == Kind::Text);
        let is_followed = matches!(self.peek_kind(1), Some(Kind::Sign(b',' | b')')));
        match key {
            Some(key) if is_followed => {
                self.at += 1;
                self.eat(b',');
                Some(key.span)
            }
            _ => {
                self.at = began;
                None
            }
        }
    }

    /// Arguments of a call or parameters of a definition, with the closing bracket.
    fn arguments(&mut self, scope: ScopeId, is_definition: bool) {
        // The option of `add_argument("--port", default=1)`.
        let mut option = None;
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Sign(b')') => {
                    self.at += 1;
                    return;
                }
                Kind::Line(_) => return,
                Kind::Sign(b',') => self.at += 1,
                Kind::Comment => self.comment(token),
                Kind::Text if token.span.of(self.text).starts_with("--") => {
                    option = Some(self.outline.scope(scope, Role::Key, token.span));
                    self.at += 1;
                }
                Kind::Name if self.is_keyword(is_definition) => {
                    let scope = option.unwrap_or(scope);
                    self.keyword(scope, token);
                }
                _ => {
                    let before = self.at;
                    self.expression(scope, false);
                    // A bracket that closes nothing.
                    self.at += usize::from(self.at == before);
                }
            }
        }
    }

    fn is_keyword(&self, is_definition: bool) -> bool {
        match self.peek_kind(1) {
            Some(Kind::Sign(b'=')) => self.peek_kind(2) != Some(Kind::Sign(b'=')),
            Some(Kind::Sign(b':')) => is_definition,
            _ => false,
        }
    }

    fn keyword(&mut self, scope: ScopeId, name: Token) {
        self.at += 1;
        if self.eat(b':') {
            self.skip_to_equals();
        }
        if !self.eat(b'=') {
            return;
        }
        let outer = self.outline.get(scope).map(|scope| scope.role);
        let is_transparent =
            ["default", "value", "default_factory"].contains(&name.span.of(self.text));
        let scope = match outer {
            Some(Role::Key) if is_transparent => scope,
            _ => self.outline.scope(scope, Role::Key, name.span),
        };
        self.expression(scope, false);
    }

    /// A dictionary, or a set.
    fn dictionary(&mut self, scope: ScopeId) {
        self.at += 1;
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Sign(b'}') => {
                    self.at += 1;
                    return;
                }
                Kind::Line(_) => return,
                Kind::Sign(b',') => self.at += 1,
                Kind::Text | Kind::Number if self.peek_kind(1) == Some(Kind::Sign(b':')) => {
                    let key = self.outline.scope(scope, Role::Key, token.span);
                    self.at += 2;
                    self.expression(key, false);
                }
                _ => {
                    let before = self.at;
                    self.expression(scope, false);
                    self.at += usize::from(self.at == before);
                }
            }
        }
    }

    /// A comment is prose, and says more about the values before it on its line.
    fn comment(&mut self, token: Token) {
        self.at += 1;
        let first = self.line_began;
        for statement in self.outline.statements.iter_mut().skip(first) {
            annotate(self.text, statement, token.span);
        }
        self.outline.add(self.scope(), Form::Text, token.span);
    }
}

/// Whether a section of a docstring that begins here is of examples; `None` if none begins.
fn is_section(line: &str) -> Option<bool> {
    let line = line.trim();
    if line.starts_with(">>>") {
        return Some(true);
    }
    let word = line.strip_suffix(':').unwrap_or(line);
    let is_title = word.len() >= 4
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.bytes().skip(1).all(|byte| byte.is_ascii_lowercase());
    is_title.then(|| ["Example", "Examples", "Usage", "Quickstart"].contains(&word))
}

fn annotate(text: &str, statement: &mut Statement, comment: Span) {
    let between = Span::new(statement.value.end, comment.start).of(text);
    if statement.note.is_none() && statement.form == Form::Value && !between.contains('\n') {
        statement.note = Some(comment);
    }
}

/// Calls whose argument is the value itself.
const TRANSPARENT: &[&str] = &[
    "Decimal",
    "int",
    "float",
    "str",
    "bool",
    "Path",
    "PurePath",
    "Field",
    "field",
    "SecretStr",
    "Final",
    "frozenset",
    "set",
    "list",
    "tuple",
    "expanduser",
    "Optional",
];

/// Calls that take a name and a default.
const GETTERS: &[&str] =
    &["getenv", "get", "env", "getattr", "setdefault", "pop", "config", "getint", "getfloat"];
