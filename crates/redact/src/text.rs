//! The text under examination and its words.

use crate::screen::may_name;

/// How many bytes of a value are looked at to judge its shape; keeps every scan linear.
const JUDGED_LEN_MAX: usize = 256;
const PLACEHOLDER: &[u8] = b"[redacted:";
const PLACEHOLDER_NAME_LEN_MAX: usize = 32;

/// A maximal run of ASCII letters, digits, `_` and `-`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Whether it may name a secret, alone or with a neighbor.
    pub(crate) names: bool,
    /// Whether this is a whole `[redacted:..]`, which says nothing and matches nothing.
    pub(crate) opaque: bool,
}

pub(crate) struct Text<'a> {
    bytes: &'a [u8],
    words: Vec<Word>,
}

impl<'a> Text<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let mut words = Vec::new();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let start = at;
            if is_word(*byte) {
                at = run_end(bytes, at, usize::MAX, is_word);
                let names = bytes.get(start..at).is_some_and(may_name);
                words.push(Word { start, end: at, names, opaque: false });
            } else if let Some(end) = placeholder_end(bytes, at) {
                at = end;
                words.push(Word { start, end, names: false, opaque: true });
            } else {
                at += 1;
            }
        }
        Self { bytes, words }
    }

    /// For scanners that ask for no words.
    pub(crate) fn without_words(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), words: Vec::new() }
    }

    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    pub(crate) fn words(&self) -> &[Word] {
        &self.words
    }

    /// The byte at `at`, or zero beyond the ends.
    pub(crate) fn at(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// The byte before `at`, or zero at the beginning.
    pub(crate) fn before(&self, at: usize) -> u8 {
        at.checked_sub(1).map_or(0, |at| self.at(at))
    }

    pub(crate) fn slice(&self, start: usize, end: usize) -> &'a [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    pub(crate) fn word(&self, word: Word) -> &'a [u8] {
        self.slice(word.start, word.end)
    }

    pub(crate) fn has(&self, at: usize, wanted: &[u8]) -> bool {
        self.bytes.get(at..).is_some_and(|rest| rest.starts_with(wanted))
    }

    /// The end of the word that reaches over `at`, or `at` if there is none.
    pub(crate) fn word_end(&self, at: usize) -> usize {
        let index = self.words.partition_point(|word| word.end <= at);
        match self.words.get(index) {
            Some(word) if !word.opaque && word.start <= at => word.end,
            _ => at,
        }
    }

    /// The end of the run from `at` whose bytes are `wanted`, at most `len_max` long.
    pub(crate) fn run_end(&self, at: usize, len_max: usize, wanted: fn(u8) -> bool) -> usize {
        run_end(self.bytes, at, len_max, wanted)
    }

    pub(crate) fn is_placeholder(&self, at: usize) -> bool {
        self.placeholder_end(at).is_some()
    }

    pub(crate) fn placeholder_end(&self, at: usize) -> Option<usize> {
        placeholder_end(self.bytes, at)
    }
}

/// Which classes of characters a value holds, judged by its first bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Classes {
    pub(crate) lower: bool,
    pub(crate) upper: bool,
    pub(crate) digit: bool,
    pub(crate) other: bool,
}

impl Classes {
    pub(crate) fn of(value: &[u8]) -> Self {
        let mut classes = Self::default();
        for byte in value.iter().take(JUDGED_LEN_MAX) {
            match byte {
                b'a'..=b'z' => classes.lower = true,
                b'A'..=b'Z' => classes.upper = true,
                b'0'..=b'9' => classes.digit = true,
                _ => classes.other = true,
            }
        }
        classes
    }

    pub(crate) fn letter(self) -> bool {
        self.lower || self.upper
    }

    /// Lower case, upper case and digits: what random keys have and names rarely.
    pub(crate) fn is_random(self) -> bool {
        self.lower && self.upper && self.digit
    }
}

pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

pub(crate) fn is_alnum(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn run_end(bytes: &[u8], at: usize, len_max: usize, wanted: fn(u8) -> bool) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take(len_max).take_while(|byte| wanted(**byte)).count()
}

fn placeholder_end(bytes: &[u8], at: usize) -> Option<usize> {
    let name = bytes.get(at..)?.strip_prefix(PLACEHOLDER)?;
    let len = name.iter().take(PLACEHOLDER_NAME_LEN_MAX).take_while(|byte| is_word(**byte)).count();
    (len > 0 && name.get(len) == Some(&b']')).then(|| at + PLACEHOLDER.len() + len + 1)
}
