//! Keys without a shape of their own, which words close by give away.

use crate::Kind;
use crate::find::Found;
use crate::key::{Strength, pair_is_secret, strength};
use crate::text::{Classes, Text, Word, is_alnum};

/// How many other words may stand between the words that name the secret and the secret.
const BETWEEN_MAX: usize = 3;
const GAP_LEN_MAX: usize = 8;
const VALUE_LEN_MAX: usize = 200;
const MNEMONIC_WORDS_MIN: usize = 12;
const MNEMONIC_WORDS_MAX: usize = 24;

/// After one of these, a long number is the name of something and no secret.
const NAMES: &[&str] = &[
    "tx",
    "txn",
    "txid",
    "hash",
    "hashes",
    "order",
    "orders",
    "id",
    "ids",
    "oid",
    "cloid",
    "digest",
    "sha256",
    "sha512",
    "sha",
    "block",
    "root",
    "topic",
    "commit",
    "checksum",
    "fingerprint",
    "address",
    "transaction",
    "request",
    "trace",
    "span",
    "snapshot",
    "manifest",
    "public",
    "pubkey",
    "nonce",
    "signature",
    "sig",
    "etag",
    "version",
    "uuid",
    "image",
    "layer",
];

/// Frequent words that no mnemonic phrase holds: none is in the list of BIP 39.
const PROSE: &[&str] = &[
    "the", "and", "for", "was", "are", "not", "from", "been", "has", "which", "were", "would",
    "did", "had", "our", "its", "but", "they", "please", "never", "does", "should", "may",
];

pub(crate) fn find(text: &Text<'_>, found: &mut Found<'_>) {
    for index in 0..text.words().len() {
        if names_secret(text, index) {
            after(text, index, found);
            if names_phrase(text, index) {
                mnemonic(text, index, found);
            }
        }
    }
}

fn names_secret(text: &Text<'_>, index: usize) -> bool {
    let Some(word) = text.words().get(index).filter(|word| !word.opaque) else { return false };
    let before = index.checked_sub(1).and_then(|before| text.words().get(before));
    if !word.names && !before.is_some_and(|before| before.names) {
        return false;
    }
    let name = text.word(*word);
    if strength(name) == Some(Strength::Strong) || name.eq_ignore_ascii_case(b"seed") {
        return true;
    }
    before.is_some_and(|before| {
        !before.opaque
            && before.end + 1 == word.start
            && text.at(before.end) == b' '
            && pair_is_secret(text.word(*before), name)
    })
}

/// `password` and its like are followed by prose more often than by twelve words of a phrase.
fn names_phrase(text: &Text<'_>, index: usize) -> bool {
    let name = text.words().get(index).map(|word| text.word(*word).to_ascii_lowercase());
    name.is_some_and(|name| {
        [&b"mnemonic"[..], b"seed", b"phrase", b"secret"].iter().any(|end| name.ends_with(end))
    })
}

/// Looks at the few words after the one that names a secret.
fn after(text: &Text<'_>, index: usize, found: &mut Found<'_>) {
    let words = text.words().get(index..).unwrap_or_default();
    for pair in words.windows(2).take(BETWEEN_MAX + 1) {
        let [before, word] = pair else { return };
        if word.opaque || ends_sentence(text, before.end, word.start) || is_name(text, *before) {
            return;
        }
        let end = text.run_end(word.start, VALUE_LEN_MAX, |b| is_alnum(b) || b"+/=".contains(&b));
        if let Some(kind) = kind(text.slice(word.start, end), text.at(end)) {
            found.add(word.start, end, kind);
            return;
        }
    }
}

fn ends_sentence(text: &Text<'_>, from: usize, to: usize) -> bool {
    let gap = text.slice(from, to);
    gap.len() > GAP_LEN_MAX
        || gap.iter().any(|b| matches!(b, b'\n' | b';' | b'&' | b',' | b'}'))
        || gap.windows(2).any(|two| matches!(two, b". "))
}

fn is_name(text: &Text<'_>, word: Word) -> bool {
    let name = text.word(word);
    if name.len() > 64 {
        return false;
    }
    let name = name.to_ascii_lowercase();
    name.rsplit(|b| *b == b'_' || *b == b'-')
        .next()
        .is_some_and(|last| NAMES.iter().any(|no| no.as_bytes() == last))
}

fn kind(value: &[u8], next: u8) -> Option<Kind> {
    if next == b'-' || next == b'_' || value.contains(&b':') {
        return None;
    }
    let digits = value.strip_prefix(b"0x").unwrap_or(value);
    let classes = Classes::of(value);
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    if digits.len() == 40 && is_hex && value.len() == 42 {
        // An address, which is public.
        return None;
    }
    if digits.len() == 64 && is_hex {
        return Some(Kind::WalletKey);
    }
    let alnum = !classes.other;
    match value.len() {
        64 if alnum && classes.digit && classes.letter() => Some(Kind::ApiKey),
        40 if classes.is_random() => Some(Kind::Aws),
        80..=96 if alnum && classes.is_random() => Some(Kind::WalletKey),
        32..=128 if alnum && classes.is_random() => Some(Kind::ApiKey),
        _ => None,
    }
}

/// Twelve to twenty-four short words in lower case after `mnemonic` or `seed phrase`.
fn mnemonic(text: &Text<'_>, index: usize, found: &mut Found<'_>) {
    let words = text.words().get(index + 1..).unwrap_or_default();
    let fits = |word: &Word| {
        let bytes = text.word(*word);
        !word.opaque
            && (3..=8).contains(&bytes.len())
            && bytes.iter().all(u8::is_ascii_lowercase)
            && !PROSE.iter().any(|prose| prose.as_bytes() == bytes)
    };
    // `mnemonic phrase for wallet is: ..`: what is no part of the phrase ends with a mark or a
    // word that cannot be in it.
    let ends_lead = |(at, word): (usize, &Word)| {
        let next = words.get(at + 1)?;
        let marked = text.slice(word.end, next.start).iter().any(|b| matches!(b, b':' | b'='));
        (marked || !fits(word)).then_some(at + 1)
    };
    let lead = words.iter().enumerate().take(BETWEEN_MAX + 2);
    let skip = lead.filter_map(ends_lead).next_back().unwrap_or(0);
    let phrase = words.get(skip..).unwrap_or_default();
    let mut len = 0;
    for (at, word) in phrase.iter().take(MNEMONIC_WORDS_MAX).enumerate() {
        let before = at.checked_sub(1).and_then(|before| phrase.get(before));
        let joined = before.is_none_or(|before| is_joint(text.slice(before.end, word.start)));
        if !fits(word) || !joined {
            break;
        }
        len = at + 1;
    }
    if let (MNEMONIC_WORDS_MIN.., Some(first), Some(last)) =
        (len, phrase.first(), len.checked_sub(1).and_then(|last| phrase.get(last)))
    {
        found.add(first.start, last.end, Kind::Mnemonic);
    }
}

/// What separates the words of a phrase, in plain text or in a list.
fn is_joint(gap: &[u8]) -> bool {
    gap.len() <= 4 && gap.iter().all(|b| matches!(b, b' ' | b',' | b'"' | b'\'' | b'\n'))
}
