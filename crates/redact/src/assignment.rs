//! Values that stand after a key: `password=..`, `"api_key": ".."`, `Authorization: ..`.

use crate::Kind;
use crate::find::Found;
use crate::key::{Strength, pair_is_secret, strength};
use crate::text::{Classes, Text, Word};

/// A bare `token` is a credential only if its value is at least this long and mixed.
const WEAK_LEN_MIN: usize = 16;
const SPACES_MAX: usize = 8;

/// Values that say that there is none, or where to find it.
const NO_SECRETS: &[&str] = &[
    "true",
    "false",
    "null",
    "none",
    "nil",
    "undefined",
    "required",
    "missing",
    "empty",
    "set",
    "unset",
    "yes",
    "no",
    "ok",
    "changed",
    "redacted",
    "masked",
    "hidden",
    "unknown",
    "env",
    "file",
    "invalid",
    "expired",
    "absent",
    "present",
    "default",
    "str",
    "string",
    "option",
    "not",
    "is",
    "must",
    "authentication",
    "basic",
    "bearer",
];

pub(crate) fn find(text: &Text<'_>, found: &mut Found<'_>) {
    let mut done = 0;
    let mut stop = Stop::default();
    for (index, word) in text.words().iter().enumerate() {
        if word.opaque || word.start < done {
            continue;
        }
        if let Some(end) = scheme(text, index) {
            found.add(word.end + 1, end, Kind::Authorization);
            done = end;
            continue;
        }
        let Some(strength) = named(text, index) else { continue };
        let Some(place) = place(text, *word) else { continue };
        let is_header = text.word(*word).to_ascii_lowercase().ends_with(b"authorization");
        let end = match place.quote {
            Quote::None if is_header => stop.line_end(text, place.start),
            Quote::None => stop.bare_end(text, place.start),
            quote => quoted_end(text, place.start, quote),
        };
        let value =
            Value { start: place.start, end, op: place.op, quoted: place.quote != Quote::None };
        if is_header && !text.is_placeholder(value.start) && !is_masked_header(text, &value) {
            found.add(value.start, value.end, Kind::Authorization);
            done = end;
        } else if !is_header && is_secret(text, &value, strength) {
            found.add(value.start, value.end, Kind::Assignment);
            done = end;
        }
    }
}

/// How surely the word, alone or with the one before it, names a secret.
fn named(text: &Text<'_>, index: usize) -> Option<Strength> {
    let word = *text.words().get(index)?;
    let alone = if word.names { strength(text.word(word)) } else { None };
    alone.or_else(|| {
        let before = *text.words().get(index.checked_sub(1)?)?;
        if !word.names && !before.names {
            return None;
        }
        let joined = !before.opaque && before.end + 1 == word.start && text.at(before.end) == b' ';
        (joined && pair_is_secret(text.word(before), text.word(word))).then_some(Strength::Strong)
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Op {
    /// `=` or `:=`, or a colon with the value right behind it.
    Tight,
    /// A colon and a space: an assignment in YAML, but also ordinary prose.
    Loose,
    /// `--password value`.
    Flag,
}

#[derive(Clone, Copy, PartialEq)]
enum Quote {
    None,
    Plain(u8),
    /// A quote with a backslash before it, from JSON in a string.
    Escaped(u8),
}

struct Place {
    start: usize,
    op: Op,
    quote: Quote,
}

struct Value {
    start: usize,
    end: usize,
    op: Op,
    quoted: bool,
}

/// Where the value of the key `word` begins, if one follows.
fn place(text: &Text<'_>, word: Word) -> Option<Place> {
    let mut at = word.end;
    if text.at(at) == b'\\' && is_quote(text.at(at + 1)) {
        at += 2;
    } else if is_quote(text.at(at)) || text.at(at) == b']' {
        at += 1;
    }
    let key_end = at;
    at = text.run_end(at, SPACES_MAX, is_space);
    let op = match (text.at(at), text.at(at + 1)) {
        (b':', b'=') | (b'=', b'>') => (at + 2, Op::Tight),
        (b'=', b'=') => return None,
        (b'=', _) => (at + 1, Op::Tight),
        (b':', b':') => return None,
        (b':', next) if is_space(next) => (at + 1, Op::Loose),
        (b':', _) => (at + 1, Op::Tight),
        (b'>', _) if text.before(word.start) == b'<' => (at + 1, Op::Tight),
        _ if at == key_end + 1 && text.has(word.start, b"--") && text.at(at) != b'-' => {
            (at, Op::Flag)
        }
        _ => return None,
    };
    let (after, op) = op;
    at = text.run_end(after, SPACES_MAX, is_space);
    if text.has(at, b"Some(") {
        at += 5;
    }
    let quote = match (text.at(at), text.at(at + 1)) {
        (b'\\', quote) if is_quote(quote) => Quote::Escaped(quote),
        (quote, _) if is_quote(quote) => Quote::Plain(quote),
        _ => Quote::None,
    };
    let start = match quote {
        Quote::None => at,
        Quote::Plain(_) => at + 1,
        Quote::Escaped(_) => at + 2,
    };
    Some(Place { start, op, quote })
}

fn quoted_end(text: &Text<'_>, start: usize, quote: Quote) -> usize {
    let mut at = start;
    loop {
        match (text.at(at), quote) {
            (b'\\', Quote::Escaped(mark)) if text.at(at + 1) == mark => return at,
            (b'\\', Quote::Plain(_)) if text.at(at + 1) < 0x80 => at += 2,
            (byte, Quote::Plain(mark)) if byte == mark => return at,
            _ => at += 1,
        }
        if at >= text.bytes().len() {
            return text.bytes().len();
        }
    }
}

fn is_secret(text: &Text<'_>, value: &Value, strength: Strength) -> bool {
    let bytes = text.slice(value.start, value.end);
    if bytes.is_empty() || text.is_placeholder(value.start) || is_stand_in(bytes) {
        return false;
    }
    let classes = Classes::of(bytes);
    if strength == Strength::Weak {
        let address = bytes.starts_with(b"0x") && bytes.len() == 42;
        let mixed = classes.digit && classes.letter();
        return bytes.len() >= WEAK_LEN_MIN && mixed && !address && !bytes.contains(&b' ');
    }
    if value.quoted || value.op != Op::Loose {
        return true;
    }
    // In prose, `invalid password: access denied`, an ordinary word follows and then more.
    let line_ends = matches!(text.at(value.end), 0 | b'\n' | b'\r' | b',' | b'}' | b'&');
    let mixed = classes.digit && classes.letter() || (classes.other && bytes.len() >= 8);
    mixed || (line_ends && bytes.len() >= 6 && !bytes.ends_with(b"."))
}

/// A value that says where the secret is, or that there is none.
pub(crate) fn is_stand_in(value: &[u8]) -> bool {
    if value.len() <= 16 {
        let lower = value.to_ascii_lowercase();
        let inner = lower.iter().copied().filter(u8::is_ascii_alphabetic).collect::<Vec<u8>>();
        let framed = lower.len() - inner.len() <= 2 && !lower.iter().any(u8::is_ascii_digit);
        if framed && NO_SECRETS.iter().any(|word| word.as_bytes() == inner) {
            return true;
        }
    }
    let head = value.get(..64.min(value.len())).unwrap_or_default();
    let stars = head.iter().all(|b| matches!(b, b'*' | b'.' | b'x' | b'X' | b'-'));
    let elsewhere =
        [&b"${"[..], b"$(", b"{{", b"%(", b"env:", b"file:", b"vault:", b"/run/secrets/"];
    stars || is_variable(head) || elsewhere.iter().any(|prefix| value.starts_with(prefix))
}

/// `$NAME`, `{name}` or `%s`: what a template has in the place of the value.
fn is_variable(value: &[u8]) -> bool {
    let name = |b: &u8| b.is_ascii_uppercase() || *b == b'_' || b.is_ascii_digit();
    match value {
        [b'$', rest @ ..] => !rest.is_empty() && rest.iter().all(name),
        [b'{', rest @ ..] => rest.iter().all(|b| b.is_ascii_alphanumeric() || b"_}.:?".contains(b)),
        [b'%', b's' | b'd' | b'v'] => true,
        _ => false,
    }
}

fn is_masked_header(text: &Text<'_>, value: &Value) -> bool {
    let scheme = text.run_end(value.start, 20, |b| b.is_ascii_alphabetic());
    value.end <= value.start
        || text.is_placeholder(scheme + 1)
        || is_stand_in(text.slice(value.start, value.end))
}

/// The end of the credentials after `Bearer` or `Basic` in running text.
fn scheme(text: &Text<'_>, index: usize) -> Option<usize> {
    let word = text.words().get(index)?;
    let name = text.word(*word);
    let is_bearer = name.eq_ignore_ascii_case(b"bearer");
    if !(is_bearer || name.eq_ignore_ascii_case(b"basic")) || text.at(word.end) != b' ' {
        return None;
    }
    let start = word.end + 1;
    let end =
        text.run_end(start, usize::MAX, |b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b));
    let value = text.slice(start, end);
    let classes = Classes::of(value);
    let padded = value.ends_with(b"=");
    let random = classes.is_random() || (classes.digit && classes.letter() && is_bearer);
    (value.len() >= 12 && (padded || random)).then_some(end)
}

/// Ends of bare values, remembered so that no byte is looked at twice for the same question.
#[derive(Default)]
struct Stop {
    bare: (usize, usize),
    line: (usize, usize),
}

impl Stop {
    fn bare_end(&mut self, text: &Text<'_>, start: usize) -> usize {
        let (from, to) = self.bare;
        if !(from..to).contains(&start) {
            let end =
                text.run_end(start, usize::MAX, |b| b > b' ' && !b",;&)}]\"'<>`|\\".contains(&b));
            self.bare = (start, end);
        }
        self.bare.1
    }

    fn line_end(&mut self, text: &Text<'_>, start: usize) -> usize {
        let (from, to) = self.line;
        if !(from..to).contains(&start) {
            let end = text.run_end(start, usize::MAX, |b| !b"\n\r\"'\\`".contains(&b));
            self.line = (start, end);
        }
        self.line.1
    }
}

fn is_quote(byte: u8) -> bool {
    byte == b'"' || byte == b'\''
}

fn is_space(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}
