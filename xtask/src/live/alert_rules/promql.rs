//! As much of Prometheus' query language as is needed to know what a rule asks for.

use anyhow::{Context, bail, ensure};

use super::clock::span;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Number(f64),
    Selector(Selector),
    Call {
        name: String,
        args: Vec<Expr>,
    },
    Aggregate {
        op: String,
        by: Option<Group>,
        param: Option<Box<Expr>>,
        of: Box<Expr>,
    },
    Binary {
        op: String,
        left: Box<Expr>,
        right: Box<Expr>,
        on: Option<Group>,
        is_many: bool,
    },
    Negative(Box<Expr>),
    /// Something that we do not take apart.
    Other(String),
}

/// Labels of `by`, `without`, `on`, `ignoring`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Group {
    Only(Vec<String>),
    Without(Vec<String>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Selector {
    pub(super) metric: String,
    pub(super) matchers: Vec<(String, String, String)>,
    /// Seconds of a range.
    pub(super) range: Option<u64>,
}

/// Reads an expression.
pub(super) fn parse(text: &str) -> anyhow::Result<Expr> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0 };
    let expr = parser.binary(0)?;
    ensure!(parser.at == tokens.len(), "something is left behind `{}`", parser.peek());
    Ok(expr)
}

/// Words, numbers, quoted texts (with their quotes) and signs.
fn tokens(text: &str) -> anyhow::Result<Vec<String>> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let mut token = c.to_string();
        match c {
            c if c.is_whitespace() => continue,
            '#' => {
                rest.by_ref().find(|c| *c == '\n');
                continue;
            }
            '"' | '\'' | '`' => loop {
                let next = rest.next().context("a text does not end")?;
                if next == '\\' && c != '`' {
                    token.push(match rest.next().context("a text does not end")? {
                        'n' => '\n',
                        't' => '\t',
                        other => other,
                    });
                    continue;
                }
                token.push(next);
                if next == c {
                    break;
                }
            },
            c if c.is_alphanumeric() || "_:.".contains(c) => {
                let is_word = |c: &char| c.is_alphanumeric() || "_:.".contains(*c);
                while let Some(next) = rest.next_if(is_word) {
                    token.push(next);
                }
            }
            '=' | '!' | '<' | '>' => {
                token.extend(rest.next_if(|c| "=~".contains(*c)));
            }
            _ => {}
        }
        tokens.push(token);
    }
    Ok(tokens)
}

struct Parser<'a> {
    tokens: &'a [String],
    at: usize,
}

/// Operators from loose to tight.
const LEVELS: [&[&str]; 6] = [
    &["or"],
    &["and", "unless"],
    &["==", "!=", "<=", "<", ">=", ">"],
    &["+", "-"],
    &["*", "/", "%"],
    &["^"],
];
const AGGREGATES: [&str; 8] = ["sum", "min", "max", "avg", "count", "stddev", "quantile", "group"];

impl Parser<'_> {
    fn peek(&self) -> &str {
        self.tokens.get(self.at).map_or("", String::as_str)
    }

    fn next(&mut self) -> &str {
        self.at += 1;
        self.tokens.get(self.at - 1).map_or("", String::as_str)
    }

    fn take(&mut self, word: &str) -> bool {
        let is_there = self.peek().eq_ignore_ascii_case(word);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, word: &str) -> anyhow::Result<()> {
        ensure!(self.take(word), "wanted `{word}`, found `{}`", self.peek());
        Ok(())
    }

    fn binary(&mut self, level: usize) -> anyhow::Result<Expr> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some(op) = operators.iter().find(|op| self.peek().eq_ignore_ascii_case(op)) {
            self.at += 1;
            self.take("bool");
            let on = self.group(["on", "ignoring"])?;
            let is_many = ["group_left", "group_right"].iter().any(|word| self.take(word));
            if is_many && self.peek() == "(" {
                self.names()?;
            }
            let right = self.binary(level + 1)?;
            let (left_box, right) = (Box::new(left), Box::new(right));
            left = Expr::Binary { op: (*op).to_owned(), left: left_box, right, on, is_many };
        }
        Ok(left)
    }

    fn group(&mut self, [only, without]: [&str; 2]) -> anyhow::Result<Option<Group>> {
        if self.take(only) {
            return Ok(Some(Group::Only(self.names()?)));
        }
        if self.take(without) {
            return Ok(Some(Group::Without(self.names()?)));
        }
        Ok(None)
    }

    fn names(&mut self) -> anyhow::Result<Vec<String>> {
        self.expect("(")?;
        let mut names = Vec::new();
        while !self.take(")") {
            names.push(self.next().to_owned());
            self.take(",");
            ensure!(self.at < self.tokens.len(), "a list does not end");
        }
        Ok(names)
    }

    fn unary(&mut self) -> anyhow::Result<Expr> {
        if self.take("-") {
            return Ok(Expr::Negative(Box::new(self.unary()?)));
        }
        self.take("+");
        let expr = self.primary()?;
        self.suffixes(expr)
    }

    fn primary(&mut self) -> anyhow::Result<Expr> {
        let token = self.next().to_owned();
        if token == "(" {
            let inner = self.binary(0)?;
            self.expect(")")?;
            return Ok(inner);
        }
        if token == "{" {
            self.at -= 1;
            return self.selector(String::new());
        }
        if let Ok(number) = token.parse::<f64>() {
            return Ok(Expr::Number(number));
        }
        if token.starts_with(['"', '\'', '`']) {
            return Ok(Expr::Other(token));
        }
        let name = token.to_ascii_lowercase();
        if AGGREGATES.contains(&name.as_str()) && ["(", "by", "without"].contains(&self.peek()) {
            return self.aggregate(name);
        }
        if self.peek() == "(" {
            let args = self.arguments()?;
            return Ok(Expr::Call { name, args });
        }
        let is_name = token.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == ':');
        ensure!(is_name, "`{token}` begins no expression");
        self.selector(token)
    }

    fn arguments(&mut self) -> anyhow::Result<Vec<Expr>> {
        self.expect("(")?;
        let mut args = Vec::new();
        while !self.take(")") {
            args.push(self.binary(0)?);
            if !self.take(",") && self.peek() != ")" {
                bail!("wanted `,` or `)`, found `{}`", self.peek());
            }
        }
        Ok(args)
    }

    fn aggregate(&mut self, op: String) -> anyhow::Result<Expr> {
        let before = self.group(["by", "without"])?;
        let mut args = self.arguments()?;
        let after = self.group(["by", "without"])?;
        let of = Box::new(args.pop().context("an aggregate of nothing")?);
        let param = args.pop().map(Box::new);
        Ok(Expr::Aggregate { op, by: before.or(after), param, of })
    }

    fn selector(&mut self, metric: String) -> anyhow::Result<Expr> {
        let mut matchers = Vec::new();
        if self.take("{") {
            while !self.take("}") {
                let (label, op) = (self.next().to_owned(), self.next().to_owned());
                let value = self.next();
                ensure!(value.len() >= 2, "`{label}` has no value");
                matchers.push((label, op, value[1..value.len() - 1].to_owned()));
                self.take(",");
            }
        }
        Ok(Expr::Selector(Selector { metric, matchers, range: None }))
    }

    /// `[5m]`, `[10m:]`, `offset 5m`.
    fn suffixes(&mut self, mut expr: Expr) -> anyhow::Result<Expr> {
        loop {
            if self.take("[") {
                let range = self.next().to_owned();
                let is_plain = self.take("]");
                while !is_plain && !self.take("]") {
                    ensure!(self.at < self.tokens.len(), "a range does not end");
                    self.at += 1;
                }
                expr = match expr {
                    Expr::Selector(selector) if is_plain => {
                        Expr::Selector(Selector { range: span(&range), ..selector })
                    }
                    _ => Expr::Other("a subquery".to_owned()),
                };
            } else if self.take("offset") {
                self.take("-");
                self.at += 1;
                expr = Expr::Other("an offset".to_owned());
            } else {
                return Ok(expr);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An expression with all its parentheses.
    fn shown(expr: &Expr) -> String {
        match expr {
            Expr::Number(n) => n.to_string(),
            Expr::Selector(s) => {
                let range = s.range.map_or(String::new(), |secs| format!("[{secs}]"));
                let matchers: Vec<_> =
                    s.matchers.iter().map(|(l, o, v)| format!("{l}{o}{v}")).collect();
                format!("{}{{{}}}{range}", s.metric, matchers.join(","))
            }
            Expr::Call { name, args } => {
                format!("{name}({})", args.iter().map(shown).collect::<Vec<_>>().join(", "))
            }
            Expr::Aggregate { op, by, of, .. } => format!("{op}{by:?}({})", shown(of)),
            Expr::Binary { op, left, right, on, .. } => {
                let on = on.as_ref().map_or(String::new(), |on| format!(" {on:?}"));
                format!("({} {op}{on} {})", shown(left), shown(right))
            }
            Expr::Negative(of) => format!("-{}", shown(of)),
            Expr::Other(what) => format!("<{what}>"),
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(shown(&parse(text).unwrap()), expected, "{text}");
    }

    #[test]
    fn expressions_are_taken_apart() {
        check("a + b * 2 > 5 and c or d", "((((a{} + (b{} * 2)) > 5) and c{}) or d{})");
        check("x{a=\"1\", b!~'2|\\\\d',} != 1 # why", "(x{a=1,b!~2|\\d} != 1)");
        check("increase(x[5m]) > 0", "(increase(x{}[300]) > 0)");
        check("count(a) by (x) % 2 == 0", "((countSome(Only([\"x\"]))(a{}) % 2) == 0)");
        check("sum without (c) (a) == 0", "(sumSome(Without([\"c\"]))(a{}) == 0)");
        check("a and on(x) b", "(a{} and Only([\"x\"]) b{})");
        check("a * on (x) group_left(y) (b)", "(a{} * Only([\"x\"]) b{})");
        check("max_over_time(a[7m] offset 3m) > 0", "(max_over_time(<an offset>) > 0)");
        check("avg_over_time(f(a[2m])[10m:]) > 1", "(avg_over_time(<a subquery>) > 1)");
        check("time() - -3600*2", "(time() - (-3600 * 2))");
        assert!(parse("a >").is_err());
        assert!(parse("a b").is_err());
    }
}
