//! Whether a text can hold a secret at all: one quick look that errs on one side only.
//!
//! Every three bytes in a row are looked up in tables of the beginnings of everything that a
//! scanner starts from. Where one fits, the place itself is looked at. Most texts have no such
//! place, and need no other look.

use crate::key::{KEY_LEN_MAX, pair_is_secret, strength};
use crate::shape::{PREFIXES, Rest};
use crate::text::is_word;

/// What a scanner starts from.
#[derive(Clone, Copy)]
enum Start {
    /// A word that names a secret.
    Name,
    /// `Bearer` or `Basic`.
    Scheme,
    /// A token with a beginning of its own, or the path of a webhook.
    Letters,
    /// A URL.
    Url,
    /// A block of PEM.
    Pem,
    /// A dot in the token of a Discord bot.
    Dot,
    /// The colon in the token of a Telegram bot.
    Colon,
}

const WORD: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

/// Which three bytes in a row each begins with. Names and schemes count in either case.
const BEGINNINGS: [([&[u8]; 3], Start); 50] = [
    ([b"p", b"a", b"s"], Start::Name),
    ([b"p", b"w", b"d"], Start::Name),
    ([b"s", b"e", b"ce"], Start::Name),
    ([b"c", b"r", b"e"], Start::Name),
    ([b"m", b"n", b"e"], Start::Name),
    ([b"k", b"e", b"y"], Start::Name),
    ([b"d", b"s", b"n"], Start::Name),
    ([b"a", b"u", b"t"], Start::Name),
    ([b"c", b"o", b"o"], Start::Name),
    ([b"j", b"w", b"t"], Start::Name),
    ([b"t", b"o", b"k"], Start::Name),
    ([b"p", b"h", b"r"], Start::Name),
    ([b"u", b"r", b"li"], Start::Name),
    ([b"w", b"e", b"b"], Start::Name),
    ([b"b", b"e", b"a"], Start::Scheme),
    ([b"b", b"a", b"s"], Start::Scheme),
    ([b"g", b"h", b"pousr"], Start::Letters),
    ([b"g", b"i", b"t"], Start::Letters),
    ([b"g", b"l", b"pdrcos"], Start::Letters),
    ([b"x", b"o", b"x"], Start::Letters),
    ([b"x", b"a", b"p"], Start::Letters),
    ([b"s", b"k", b"-_"], Start::Letters),
    ([b"r", b"k", b"_"], Start::Letters),
    ([b"w", b"h", b"s"], Start::Letters),
    ([b"A", b"K", b"I"], Start::Letters),
    ([b"A", b"S", b"I"], Start::Letters),
    ([b"A", b"I", b"z"], Start::Letters),
    ([b"A", b"G", b"E"], Start::Letters),
    ([b"G", b"O", b"C"], Start::Letters),
    ([b"n", b"p", b"m"], Start::Letters),
    ([b"p", b"y", b"p"], Start::Letters),
    ([b"c", b"i", b"o"], Start::Letters),
    ([b"d", b"c", b"k"], Start::Letters),
    ([b"d", b"o", b"p"], Start::Letters),
    ([b"t", b"k", b"_"], Start::Letters),
    ([b"h", b"f", b"_"], Start::Letters),
    ([b"l", b"i", b"n"], Start::Letters),
    ([b"s", b"n", b"t"], Start::Letters),
    ([b"e", b"y", b"J"], Start::Letters),
    ([b"S", b"G", b"."], Start::Letters),
    ([b"y", b"a", b"2"], Start::Letters),
    ([b"w", b"e", b"b"], Start::Letters),
    ([b"s", b"e", b"r"], Start::Letters),
    ([b"w", b"o", b"r"], Start::Letters),
    ([b"t", b"r", b"i"], Start::Letters),
    ([b"i", b"n", b"t"], Start::Letters),
    ([b":", b"/", b"/"], Start::Url),
    ([b"-", b"-", b"-"], Start::Pem),
    ([b".", WORD, WORD], Start::Dot),
    ([b":", WORD, WORD], Start::Colon),
];

/// What comes after the beginning of a word, besides the prefixes of tokens.
const LETTERS: [&[u8]; 9] = [
    b"eyJ",
    b"SG.",
    b"ya29.",
    b"webhooks/",
    b"services/",
    b"workflows/",
    b"triggers/",
    b"integration/",
    b"webhookb2/",
];
const BEGIN: &[u8] = b"-----BEGIN ";
/// The shortest value after `Bearer` that counts.
const SCHEME_VALUE_LEN_MIN: usize = 12;
/// Characters after the colon in the token of a Telegram bot.
const TELEGRAM_LEN: usize = 35;
const TELEGRAM_DIGITS_MIN: usize = 6;

/// For each byte at each of three places, which beginnings have it there.
static TABLES: [[u64; 256]; 3] = tables();

#[allow(clippy::indexing_slicing, reason = "evaluated while it is compiled")]
const fn tables() -> [[u64; 256]; 3] {
    let mut tables = [[0; 256]; 3];
    let mut bit = 0;
    while bit < BEGINNINGS.len() {
        let (places, sort) = BEGINNINGS[bit];
        let mut place = 0;
        while place < 3 {
            let mut at = 0;
            while at < places[place].len() {
                let byte = places[place][at];
                tables[place][byte as usize] |= 1 << bit;
                if matches!(sort, Start::Name | Start::Scheme) {
                    tables[place][byte.to_ascii_uppercase() as usize] |= 1 << bit;
                }
                at += 1;
            }
            place += 1;
        }
        bit += 1;
    }
    tables
}

/// For each two bytes in a row, a bit that says whether any beginning has them first.
static PAIRS: [u64; 1024] = pairs();

#[allow(clippy::indexing_slicing, reason = "evaluated while it is compiled")]
const fn pairs() -> [u64; 1024] {
    let mut pairs = [0; 1024];
    let mut pair = 0;
    while pair < 1 << 16 {
        if TABLES[0][pair >> 8] & TABLES[1][pair & 255] != 0 {
            pairs[pair >> 6] |= 1 << (pair & 63);
        }
        pair += 1;
    }
    pairs
}

/// Which beginnings stand at the beginning of `rest`, a bit for each.
fn beginnings(rest: &[u8]) -> u64 {
    let [first, second, third] = &TABLES;
    let look = |table: &[u64; 256], byte: u8| table.get(usize::from(byte)).copied().unwrap_or(0);
    match rest {
        [a, b, c, ..] => look(first, *a) & look(second, *b) & look(third, *c),
        _ => 0,
    }
}

/// Whether any scanner would find something to start from. Never wrong if it says no.
pub(crate) fn may_hold(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut screen = Screen { bytes, no_at_before: 0 };
    for (at, two) in bytes.windows(2).enumerate() {
        let [a, b] = two else { continue };
        let pair = usize::from(*a) << 8 | usize::from(*b);
        let word = PAIRS.get(pair >> 6).copied().unwrap_or(0);
        if word >> (pair & 63) & 1 != 0 && screen.any_starts(at) {
            return true;
        }
    }
    false
}

/// A word may name a secret only if a name begins somewhere in it.
pub(crate) fn may_name(word: &[u8]) -> bool {
    // The names are the first of the beginnings.
    let names = (1 << NAMES) - 1;
    (0..word.len()).any(|at| beginnings(word.get(at..).unwrap_or_default()) & names != 0)
}

/// Whether a token may begin there.
pub(crate) fn may_begin(rest: &[u8]) -> bool {
    beginnings(rest) >> NAMES != 0
}

/// How many beginnings are those of names.
const NAMES: usize = 14;

struct Screen<'a> {
    bytes: &'a [u8],
    /// Up to here no stretch of a URL has an `@`.
    no_at_before: usize,
}

impl Screen<'_> {
    fn any_starts(&mut self, at: usize) -> bool {
        let mut hits = beginnings(self.from(at));
        while hits != 0 {
            let bit = hits.trailing_zeros();
            hits &= hits - 1;
            let begun = usize::try_from(bit).ok().and_then(|bit| BEGINNINGS.get(bit));
            if begun.is_some_and(|(_, start)| self.starts(*start, at)) {
                return true;
            }
        }
        false
    }

    fn starts(&mut self, start: Start, at: usize) -> bool {
        match start {
            Start::Name => self.names(at),
            Start::Scheme => self.is_scheme(at),
            Start::Letters => self.has_letters(at),
            Start::Url => self.has_user(at),
            Start::Pem => self.from(at).starts_with(BEGIN),
            Start::Dot => self.byte(at + 7) == b'.' || self.byte(at + 8) == b'.',
            Start::Colon => self.is_bot(at),
        }
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    fn from(&self, at: usize) -> &[u8] {
        self.bytes.get(at..).unwrap_or_default()
    }

    /// The word around a byte; nothing if it is too long to be a name.
    fn word(&self, at: usize) -> Option<(usize, usize)> {
        let before = self.bytes.get(..at).unwrap_or_default().iter().rev();
        let back = before.take(KEY_LEN_MAX + 1).take_while(|byte| is_word(**byte)).count();
        let rest = self.from(at).iter().take(KEY_LEN_MAX + 1);
        let on = rest.take_while(|byte| is_word(**byte)).count();
        (back + on > 0 && back + on <= KEY_LEN_MAX).then_some((at - back, at + on))
    }

    /// Whether the word around a byte names a secret, alone or with one of its neighbors.
    fn names(&self, at: usize) -> bool {
        let Some((start, end)) = self.word(at) else { return false };
        let slice = |(start, end): (usize, usize)| self.bytes.get(start..end).unwrap_or_default();
        let word = slice((start, end));
        if strength(word).is_some() || word.eq_ignore_ascii_case(b"seed") {
            return true;
        }
        let gap = |at: usize| self.byte(at) == b' ';
        let before = start.checked_sub(2).filter(|_| gap(start - 1)).and_then(|at| self.word(at));
        let after = if gap(end) { self.word(end + 1) } else { None };
        before.is_some_and(|before| pair_is_secret(slice(before), word))
            || after.is_some_and(|after| pair_is_secret(word, slice(after)))
    }

    fn is_scheme(&self, at: usize) -> bool {
        let rest = self.from(at);
        let long = |name: &[u8]| {
            let named = rest.get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name));
            let value = rest.get(name.len()..).and_then(|rest| rest.strip_prefix(b" "));
            let part = |b: &&u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(b);
            let run = value.map_or(0, |value| {
                value.iter().take(SCHEME_VALUE_LEN_MIN).take_while(part).count()
            });
            named && run == SCHEME_VALUE_LEN_MIN
        };
        long(b"bearer") || long(b"basic")
    }

    /// Whether a token or a path begins here, at the beginning of a word or of a part of one.
    fn has_letters(&self, at: usize) -> bool {
        let before = at.checked_sub(1).map_or(0, |at| self.byte(at));
        let rest = self.from(at);
        !before.is_ascii_alphanumeric()
            && (PREFIXES.iter().any(|(prefix, after, _)| begins(rest, prefix, *after))
                || LETTERS.iter().any(|letters| rest.starts_with(letters)))
    }

    /// Whether a URL may have a user: its stretch has an `@`.
    fn has_user(&mut self, at: usize) -> bool {
        if at < self.no_at_before {
            return false;
        }
        for (len, byte) in self.from(at).iter().enumerate() {
            if *byte == b'@' {
                return true;
            }
            if crate::url::is_stop(*byte) {
                self.no_at_before = at + len;
                return false;
            }
        }
        self.no_at_before = self.bytes.len();
        false
    }

    /// Whether a number stands before the colon, and after it as much as in a bot's token.
    fn is_bot(&self, at: usize) -> bool {
        let before = self.bytes.get(..at).unwrap_or_default().iter().rev();
        let digits = before.take(TELEGRAM_DIGITS_MIN).take_while(|b| b.is_ascii_digit()).count();
        let rest = self.from(at + 1).iter().take(TELEGRAM_LEN);
        digits == TELEGRAM_DIGITS_MIN
            && rest.take_while(|byte| is_word(**byte)).count() == TELEGRAM_LEN
    }
}

/// Whether a prefix stands there with as much of a word after it as it needs.
fn begins(rest: &[u8], prefix: &[u8], after: Rest) -> bool {
    let Some(rest) = rest.strip_prefix(prefix) else { return false };
    let (Rest::Word(len) | Rest::Alnum(len) | Rest::Exactly(len) | Rest::Capitals(len)) = after;
    rest.get(..len).is_some_and(|word| word.iter().all(|byte| is_word(*byte)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::find::find_everywhere;
    use crate::{Rules, find};

    /// Pieces of which secrets and what looks like them are made.
    const PIECES: &[&str] = &[
        "password",
        "PassWord",
        "api",
        "key",
        "secret",
        "value",
        "token",
        "max",
        "seed",
        "phrase",
        "webhook",
        "url",
        "Bearer",
        "basic",
        "authorization",
        "jwt",
        "dsn",
        "cookie",
        "pwd",
        "ghp_",
        "glpat-",
        "xoxb-",
        "sk-ant-",
        "sk-",
        "AKIA",
        "AIza",
        "npm_",
        "cio",
        "tk_",
        "hf_",
        "AGE-SECRET-KEY-1",
        "eyJ",
        "SG.",
        "ya29.",
        "webhooks/",
        "services/",
        "T0000000",
        "integration/",
        "webhookb2/",
        "://",
        "https",
        "postgres",
        "user",
        "@",
        "-----BEGIN ",
        "PRIVATE KEY-----",
        "-----END ",
        "123456789",
        ":",
        ".",
        "/",
        " ",
        "\n",
        "\"",
        "'",
        "=",
        "_",
        "-",
        ",",
        "[redacted:",
        "]",
        "é",
        "abcdefghijABCDEFGHIJ0123456789abcd",
        "0x",
        "MTIzNDU2Nzg5MDEyMzQ1Njc4",
        "ABCDEFGHIJKLMNOP",
        "correct-horse",
        "\\",
        "--",
        "{",
        "}",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "abcdef",
        "AAabcdefghijABCDEFGHIJ0123456789abc",
        "abandon",
        "ability",
        "able",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 4000 } else { 400_000 }))]

        #[test]
        fn nothing_is_found_less_by_looking_quickly_first(
            pieces in prop::collection::vec(prop::sample::select(PIECES), 0..12)
        ) {
            let text = pieces.concat();
            let rules = Rules::default();
            prop_assert_eq!(find(&text, &rules), find_everywhere(&text, &rules), "{:?}", text);
        }

        #[test]
        fn a_word_without_a_name_in_it_names_nothing(word in "[a-zA-Z0-9_-]{0,24}") {
            prop_assert!(may_name(word.as_bytes()) || strength(word.as_bytes()).is_none());
        }
    }

    #[test]
    fn every_prefix_of_a_token_has_a_beginning() {
        for (prefix, ..) in PREFIXES {
            let text = format!("{}{}", String::from_utf8_lossy(prefix), "A".repeat(60));
            assert!(may_hold(&text), "{text}");
        }
        for letters in LETTERS {
            assert!(may_hold(&String::from_utf8_lossy(letters)));
        }
    }

    #[test]
    fn ordinary_texts_need_no_other_look() {
        for text in [
            "limit = 10\nurl = \"http://127.0.0.1:9000/exec\"\n",
            "the keyboard of the author passes by; see https://example.com/webhooks for more",
            "1.5 2.25 3.125 at 12:30:59 in series 7, basic training",
            "workflow of a service, internal trigger, seeds and passages",
        ] {
            assert!(!may_hold(text), "{text}");
        }
    }
}
