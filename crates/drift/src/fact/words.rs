//! Names taken apart: `MAX_ITERATIONS`, `maxIterations` and `Max iterations` are the same words.

use crate::value::quantity::Unit;

/// The words of a name, in lower case and folded; units at its end are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Words {
    pub(crate) words: Vec<String>,
    pub(crate) unit: Option<Unit>,
}

/// A word that stands for another one.
const FOLDED: &[(&str, &str)] = &[
    ("maximum", "max"),
    ("minimum", "min"),
    ("warning", "warn"),
    ("crit", "critical"),
    ("halt", "kill"),
    ("halted", "kill"),
    ("killswitch", "kill"),
    ("db", "database"),
    ("num", "number"),
    ("cfg", "config"),
    ("configuration", "config"),
    ("env", "environment"),
    ("iters", "iterations"),
    ("iteration", "iterations"),
    ("errs", "errors"),
    ("error", "errors"),
    ("fails", "failures"),
    ("failure", "failures"),
    ("losses", "loss"),
    ("directory", "dir"),
    ("folder", "dir"),
    ("calls", "call"),
    ("days", "day"),
    ("hourly", "hour"),
];

/// Words that say that a number is a bound, whichever of them is used.
const BOUNDS: &[&str] = &["max", "limit", "cap", "ceiling", "threshold", "budget_limit"];

/// Words that mean nothing in a name.
const NOISE: &[&str] =
    &["the", "of", "a", "an", "to", "in", "per", "switch", "value", "default", "setting", "at"];

impl Words {
    pub(crate) fn of(name: &str) -> Self {
        let mut raw = Vec::new();
        split(name, |word| raw.push(word.to_ascii_lowercase()));
        let mut unit = None;
        while raw.len() > 1 {
            let Some(found) = raw.last().and_then(|word| Unit::of_key_word(word)) else { break };
            unit.get_or_insert(found);
            raw.pop();
        }
        let words =
            raw.into_iter().filter(|word| !NOISE.contains(&word.as_str())).map(fold).collect();
        Self { words, unit }
    }

    /// Without the words of another name, each taken away once.
    pub(crate) fn without(&self, other: &[String]) -> Vec<&str> {
        let mut rest: Vec<&str> = self.words.iter().map(String::as_str).collect();
        for word in other {
            if let Some(at) = rest.iter().position(|known| known == word) {
                rest.remove(at);
            }
        }
        rest
    }
}

fn fold(word: String) -> String {
    match FOLDED.iter().find(|(from, _)| *from == word) {
        Some((_, to)) => (*to).to_owned(),
        None => word,
    }
}

pub(crate) fn folded(word: &str) -> String {
    fold(word.to_ascii_lowercase())
}

pub(crate) fn is_bound(word: &str) -> bool {
    BOUNDS.contains(&word)
}

/// The words that say that a number is a bound.
pub(crate) fn bounds() -> impl Iterator<Item = &'static str> {
    BOUNDS.iter().copied()
}

pub(crate) fn is_noise(word: &str) -> bool {
    NOISE.contains(&word)
}

/// Calls back for each word of a name: at `_`, `-`, `.`, blanks, and where a small letter meets a capital.
pub(crate) fn split(name: &str, mut each: impl FnMut(&str)) {
    let mut start = 0;
    let mut previous = 0_u8;
    let bytes = name.as_bytes();
    for (at, byte) in bytes.iter().copied().enumerate() {
        let next = bytes.get(at + 1).copied().unwrap_or_default();
        let is_separator = !byte.is_ascii_alphanumeric() && byte < 0x80;
        let is_camel = byte.is_ascii_uppercase()
            && (previous.is_ascii_lowercase()
                || (previous.is_ascii_uppercase() && next.is_ascii_lowercase()));
        if is_separator || is_camel {
            if let Some(word) = name.get(start..at).filter(|word| !word.is_empty()) {
                each(word);
            }
            start = if is_separator { at + 1 } else { at };
        }
        previous = byte;
    }
    if let Some(word) = name.get(start..).filter(|word| !word.is_empty()) {
        each(word);
    }
}

/// Whether the words of a name are those of a fact, in any order. What says that a number is a bound may be
/// left out where the rest is clear without it.
pub(crate) fn is_same_name(found: &[&str], fact: &[String]) -> bool {
    // `maxmemory` and `max_memory`.
    if let ([whole], true) = (found, fact.len() > 1) {
        return fact.concat() == *whole;
    }
    let mut rest: Vec<&str> = found.iter().copied().filter(|word| !is_bound(word)).collect();
    let mut count = 0_usize;
    for word in fact.iter().filter(|word| !is_bound(word)) {
        let Some(at) = rest.iter().position(|known| known == word) else { return false };
        rest.remove(at);
        count += 1;
    }
    let fact_is_bound = fact.iter().any(|word| is_bound(word));
    let found_is_bound = found.iter().any(|word| is_bound(word));
    rest.is_empty() && (count >= 2 || fact_is_bound == found_is_bound)
}

/// Words and those that they are folded into.
pub(crate) fn folds() -> impl Iterator<Item = (&'static str, &'static str)> {
    FOLDED.iter().copied()
}

/// The longest text with which a word and all that are folded into it begin.
pub(crate) fn common_start(word: &str) -> String {
    let mut start = word;
    for (from, to) in FOLDED {
        if *to == word {
            let length = start.bytes().zip(from.bytes()).take_while(|(a, b)| a == b).count();
            start = start.get(..length).unwrap_or_default();
        }
    }
    start.to_owned()
}
