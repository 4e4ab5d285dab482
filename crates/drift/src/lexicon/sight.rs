//! A look around a word: whether a value can be there, before anything is parsed.

use super::{Hit, Lexicon, Meaning, WORD_MIN};
use crate::fact::{FactId, words};
use crate::span::Span;

/// How far from a word its value is looked for, and how far into the next line.
const AROUND_BYTES: usize = 160;
const NEXT_BYTES: usize = 80;
/// Longest text of JSON that is looked into.
const STRING_BYTES: usize = 1_000;
/// How far from `SELECT` its `FROM` may be.
const SQL_BYTES: usize = 1_500;

/// Where names and values stand in a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// On one line.
    Lines,
    /// On different lines, as in YAML.
    Blocks,
    /// In texts in quotes.
    Quotes,
}

/// What else has to stand near an anchor: one of some lists of words, and a digit if it is a number's.
#[derive(Clone, Debug, Default)]
pub(super) struct Anchor {
    pub(super) facts: Vec<FactId>,
    pub(super) needs: Vec<Need>,
}

/// What one name of a fact needs beside its anchor.
#[derive(Clone, Debug, Default)]
pub(super) struct Need {
    /// Words near the anchor.
    pub(super) companions: Vec<String>,
    /// Words anywhere in the file or its path.
    pub(super) section: Vec<String>,
    /// A word near it that says that it is bounded.
    pub(super) wants_bound: bool,
    /// What the value has: a digit, a slash, nothing that can be told.
    pub(super) value: Option<u8>,
}

/// What is declared about a subject.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Traits {
    pub(super) has_ports: bool,
    pub(super) has_version: bool,
    /// Its version is one number, so that any digit may be it.
    pub(super) is_one_number: bool,
}

/// What is seen around a word.
struct Sight<'t> {
    /// The words that may belong to its name.
    line: &'t [u8],
    /// Where its value may be.
    near: &'t [u8],
}

impl<'t> Sight<'t> {
    /// `None` if nothing that is stated can be there.
    fn around(text: &'t str, span: Span, layout: Layout) -> Option<Self> {
        let bytes = text.as_bytes();
        let part =
            |start: usize, end: usize| bytes.get(start..end.min(bytes.len())).unwrap_or_default();
        match layout {
            Layout::Lines => {
                let (start, end) = line(bytes, span);
                Some(Self { line: part(start, end), near: part(start, end + NEXT_BYTES) })
            }
            Layout::Blocks => {
                let (start, end) = line(bytes, span);
                let first = span.start.saturating_sub(2 * AROUND_BYTES);
                Some(Self {
                    line: part(start, end),
                    near: part(first, span.end + 2 * AROUND_BYTES),
                })
            }
            Layout::Quotes => {
                let before = part(span.start.saturating_sub(STRING_BYTES), span.start);
                let after = part(span.end, span.end + STRING_BYTES);
                let start = span.start - (before.len() - memchr::memrchr(b'"', before)?);
                let end = span.end + memchr::memchr(b'"', after)?;
                let line = part(start, end);
                let rest = part(end + 1, end + 1 + 2 * AROUND_BYTES);
                let is_name = rest.trim_ascii_start().starts_with(b":")
                    || line.len() <= 2 * WORD_MIN + span.len();
                Some(Self {
                    line,
                    near: if is_name { part(start, end + 2 * AROUND_BYTES) } else { line },
                })
            }
        }
    }
}

impl Lexicon {
    /// Whether one of the hits can belong to a value, as far as a look around it can tell.
    pub(crate) fn is_live(&self, path: &str, text: &str, hits: &[Hit], layout: Layout) -> bool {
        let mut has_port = None;
        hits.iter().any(|hit| match hit.meaning {
            Meaning::Table | Meaning::Address => true,
            Meaning::Sql => begins_sql(text, hit.span),
            Meaning::Subject(subject) => {
                let (Some(traits), Some(sight)) =
                    (self.traits.get(subject), Sight::around(text, hit.span, layout))
                else {
                    return false;
                };
                (traits.has_version && has_version(sight.near, traits.is_one_number))
                    || (traits.has_ports
                        && (has_long_number(sight.near)
                            || *has_port.get_or_insert_with(|| says_port(text.as_bytes()))))
            }
            Meaning::Anchor(anchor) => Sight::around(text, hit.span, layout)
                .is_some_and(|sight| self.has_needs((path, text), &sight, anchor)),
        })
    }

    /// The facts of whose names a word is an anchor.
    pub(crate) fn facts_of(&self, meaning: Meaning) -> &[FactId] {
        match meaning {
            Meaning::Anchor(anchor) => {
                self.anchors.get(anchor).map(|anchor| anchor.facts.as_slice()).unwrap_or_default()
            }
            Meaning::Subject(_) | Meaning::Address | Meaning::Table | Meaning::Sql => &[],
        }
    }

    fn has_needs(&self, (path, text): (&str, &str), sight: &Sight<'_>, anchor: usize) -> bool {
        let Some(anchor) = self.anchors.get(anchor) else { return false };
        let line = sight.line;
        let mut lower = None;
        anchor.needs.iter().any(|need| {
            let may_be = match need.value {
                Some(b'/') => line.contains(&b'/'),
                Some(_) => sight.near.iter().any(u8::is_ascii_digit),
                None => true,
            };
            if !may_be {
                return false;
            }
            let lower = lower.get_or_insert_with(|| line.to_ascii_lowercase());
            need.companions.iter().all(|word| has_companion(line, lower, word))
                && (!need.wants_bound
                    || words::bounds().any(|word| has_companion(line, lower, word)))
                && need.section.iter().all(|word| has_word(text, word) || has_word(path, word))
        })
    }
}

/// The line of a word, of a long one what is near the word.
fn line(bytes: &[u8], span: Span) -> (usize, usize) {
    let before = bytes.get(span.start.saturating_sub(AROUND_BYTES)..span.start).unwrap_or_default();
    let start = span.start
        - memchr::memrchr(b'\n', before).map_or(before.len(), |at| before.len() - at - 1);
    let after = bytes.get(span.end..bytes.len().min(span.end + AROUND_BYTES)).unwrap_or_default();
    (start, span.end + memchr::memchr(b'\n', after).unwrap_or(after.len()))
}

/// Whether a line has a word; a short one has to stand by itself, or begin at a capital. `lower` is the line in
/// small letters.
fn has_companion(line: &[u8], lower: &[u8], word: &str) -> bool {
    memchr::memmem::find_iter(lower, word.as_bytes()).any(|at| {
        let get = |at: Option<usize>| at.and_then(|at| line.get(at)).copied().unwrap_or_default();
        let (before, first, after) =
            (get(at.checked_sub(1)), get(Some(at)), get(Some(at + word.len())));
        let begins = !before.is_ascii_alphabetic()
            || (before.is_ascii_lowercase() && first.is_ascii_uppercase());
        let ends = !after.is_ascii_lowercase()
            && (!after.is_ascii_alphabetic() || !first.is_ascii_uppercase());
        word.len() > WORD_MIN
            || (begins && (ends || (after.is_ascii_uppercase() && first.is_ascii_uppercase())))
    })
}

/// Whether a text has a word in small letters, in capitals or with a capital first.
fn has_word(text: &str, word: &str) -> bool {
    let mut title = word.to_owned();
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    [word.to_owned(), word.to_ascii_uppercase(), title]
        .iter()
        .any(|form| memchr::memmem::find(text.as_bytes(), form.as_bytes()).is_some())
}

/// Whether a word of SQL goes on as SQL: `SELECT` has its `FROM`.
fn begins_sql(text: &str, span: Span) -> bool {
    let bytes = text.as_bytes();
    let rest = bytes.get(span.end..bytes.len().min(span.end + SQL_BYTES)).unwrap_or_default();
    let has = |word: &str| memchr::memmem::find(rest, word.as_bytes()).is_some();
    match span.of(text) {
        "SELECT" => has("FROM"),
        "select " => has("from "),
        _ => true,
    }
}

/// Whether a text has two digits together.
fn has_long_number(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair.iter().all(u8::is_ascii_digit))
}

/// Whether a text has the word `port`, which `import` and `report` are not.
fn says_port(bytes: &[u8]) -> bool {
    ["port", "Port", "PORT"].iter().any(|word| {
        memchr::memmem::find_iter(bytes, word.as_bytes()).any(|at| {
            let before = at.checked_sub(1).and_then(|at| bytes.get(at));
            before.is_none_or(|before| !before.is_ascii_alphabetic())
        })
    })
}

/// `1.2`, or the `py312` of a tag.
fn has_version(bytes: &[u8], is_one_number: bool) -> bool {
    if is_one_number {
        return bytes.iter().any(u8::is_ascii_digit);
    }
    bytes.windows(3).any(|window| match window {
        [a, b'.', b] => a.is_ascii_digit() && b.is_ascii_digit(),
        [b'y', b'2' | b'3', b] => b.is_ascii_digit(),
        _ => false,
    })
}
