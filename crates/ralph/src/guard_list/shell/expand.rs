//! One word of a script, expanded as a shell would.

use super::chars::Chars;
use super::parse::Parser;
use super::{UNKNOWN, Variables};

/// A word being read: unquoted variables may make several of one.
#[derive(Debug, Default)]
struct Building {
    done: Vec<String>,
    current: String,
    /// There is a word, even if it is empty: `""`.
    is_begun: bool,
    /// Places in `current` whose braces are quoted, and so are no lists.
    has_quoted_brace: bool,
}

impl Building {
    fn push(&mut self, text: &str) {
        self.current.push_str(text);
        self.is_begun = true;
    }

    /// Adds what an unquoted variable holds, split at blanks.
    fn push_split(&mut self, text: &str) {
        let mut parts = text.split_whitespace();
        if text.starts_with(char::is_whitespace) {
            self.end();
        }
        if let Some(first) = parts.next() {
            self.push(first);
        }
        for part in parts {
            self.end();
            self.push(part);
        }
        if text.ends_with(char::is_whitespace) {
            self.end();
        }
    }

    fn end(&mut self) {
        if std::mem::take(&mut self.is_begun) {
            let word = std::mem::take(&mut self.current);
            let has_list = !std::mem::take(&mut self.has_quoted_brace) && word.contains('{');
            if has_list { braces(&word, &mut self.done) } else { self.done.push(word) }
        }
    }
}

/// Reads one word and returns what it becomes; nothing for an unquoted empty variable.
pub(super) fn word(chars: &mut Chars<'_>, parser: &mut Parser) -> Vec<String> {
    let mut word = Building::default();
    while let Some(c) = chars.peek() {
        match c {
            ' ' | '\t' | '\n' | '\r' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
            '\\' => {
                chars.next();
                match chars.next() {
                    Some('\n') | None => {}
                    Some(c) => word.push(c.encode_utf8(&mut [0; 4])),
                }
            }
            '\'' => {
                chars.next();
                let text = chars.take_until("'");
                word.has_quoted_brace |= text.contains('{');
                word.push(text);
            }
            '"' => {
                chars.next();
                let text = double_quoted(chars, parser);
                word.has_quoted_brace |= text.contains('{');
                word.push(&text);
            }
            '`' => {
                chars.next();
                let inner = chars.take_until("`");
                word.push_split(&parser.substitution(inner));
            }
            '$' => dollar(chars, parser, &mut word),
            _ => {
                chars.next();
                word.push(c.encode_utf8(&mut [0; 4]));
            }
        }
    }
    word.end();
    word.done
}

fn dollar(chars: &mut Chars<'_>, parser: &mut Parser, word: &mut Building) {
    chars.next();
    if chars.take("'") {
        let text = ansi_quoted(chars);
        word.push(&text);
    } else if chars.starts_with("\"") {
        // Translated text: the same as double quotes.
    } else {
        let value = parameter(chars, parser);
        word.push_split(&value);
    }
}

/// What stands after `$`: a variable, a substitution, arithmetic.
fn parameter(chars: &mut Chars<'_>, parser: &mut Parser) -> String {
    if chars.take("((") {
        chars.take_until("))");
        return UNKNOWN.to_string();
    }
    if chars.take("(") {
        let inner = chars.take_bracketed('(', ')');
        return parser.substitution(inner);
    }
    if chars.take("{") {
        let inner = chars.take_bracketed('{', '}');
        return in_braces(inner, &parser.variables);
    }
    let name = chars.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
    match name {
        "" => {
            let is_special = chars.peek().is_some_and(|c| "@*#?$!-".contains(c));
            if is_special {
                chars.next();
            }
            if is_special { UNKNOWN.to_string() } else { "$".to_owned() }
        }
        // Hardly anybody sets it, and it is a known way to put a blank into a word.
        "IFS" => parser.variables.get(name).unwrap_or(" ").to_owned(),
        _ => parser.variables.get(name).map_or_else(|| UNKNOWN.to_string(), str::to_owned),
    }
}

/// `${NAME}`, `${NAME:-default}` and the like.
fn in_braces(inner: &str, variables: &Variables) -> String {
    let end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inner.len());
    let (name, operator) = inner.split_at(end);
    let value = variables.get(name).or((name == "IFS").then_some(" "));
    let default = ["-", ":-", "=", ":="].iter().find_map(|sign| operator.strip_prefix(sign));
    let instead = ["+", ":+"].iter().find_map(|sign| operator.strip_prefix(sign));
    match (value, operator) {
        (Some(_), _) if instead.is_some() => unquoted(instead.unwrap_or_default()),
        (Some(value), "") => value.to_owned(),
        (Some(value), _) if default.is_some() => value.to_owned(),
        (None, _) if default.is_some() => unquoted(default.unwrap_or_default()),
        // Cut, replaced or changed in case: what it becomes is not worked out.
        (value, _) => format!("{}{UNKNOWN}", value.unwrap_or_default()),
    }
}

fn unquoted(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '"' | '\'' | '\\')).collect()
}

fn double_quoted(chars: &mut Chars<'_>, parser: &mut Parser) -> String {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => match chars.next() {
                Some('\n') | None => {}
                Some(c @ ('"' | '\\' | '$' | '`')) => text.push(c),
                Some(c) => text.extend(['\\', c]),
            },
            '`' => {
                let inner = chars.take_until("`");
                text.push_str(&parser.substitution(inner));
            }
            '$' => text.push_str(&parameter(chars, parser)),
            _ => text.push(c),
        }
    }
    text
}

/// `$'..'`, whose escapes are those of C.
fn ansi_quoted(chars: &mut Chars<'_>) -> String {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\'' => break,
            '\\' => text.push(ansi_escape(chars)),
            _ => text.push(c),
        }
    }
    text
}

fn ansi_escape(chars: &mut Chars<'_>) -> char {
    match chars.next() {
        Some('n') => '\n',
        Some('t') => '\t',
        Some('r') => '\r',
        Some('x') => code_point(chars, String::new(), 16, 2),
        Some('u') => code_point(chars, String::new(), 16, 4),
        Some('U') => code_point(chars, String::new(), 16, 8),
        Some(digit @ '0'..='7') => code_point(chars, digit.to_string(), 8, 3),
        Some(c) => c,
        None => '\\',
    }
}

fn code_point(chars: &mut Chars<'_>, mut digits: String, radix: u32, digits_max: usize) -> char {
    while digits.len() < digits_max && chars.peek().is_some_and(|c| c.is_digit(radix)) {
        digits.extend(chars.next());
    }
    u32::from_str_radix(&digits, radix).ok().and_then(char::from_u32).unwrap_or(UNKNOWN)
}

/// Most words that the lists of one word may make; more are left as they stand.
const BRACE_WORDS_MAX: usize = 64;

/// `{a,b}` makes two words of one.
fn braces(word: &str, into: &mut Vec<String>) {
    let mut waiting = vec![word.to_owned()];
    let mut made = 0;
    while let Some(word) = waiting.pop() {
        made += 1;
        match first_list(&word).filter(|_| made < BRACE_WORDS_MAX) {
            Some((before, items, after)) => {
                let words = items.iter().rev().map(|item| format!("{before}{item}{after}"));
                waiting.extend(words);
            }
            None => into.push(word),
        }
    }
}

/// The first list with a comma, whose items hold no list of their own.
fn first_list(word: &str) -> Option<(&str, Vec<&str>, &str)> {
    let mut from = 0;
    while let Some(open) = word.get(from..)?.find('{').map(|at| at + from) {
        let inner = word.get(open + 1..)?;
        let close = inner.find(['{', '}'])?;
        let list = inner.get(..close)?;
        if inner.get(close..)?.starts_with('}') && list.contains(',') {
            return Some((word.get(..open)?, list.split(',').collect(), inner.get(close + 1..)?));
        }
        from = open + 1;
    }
    None
}
