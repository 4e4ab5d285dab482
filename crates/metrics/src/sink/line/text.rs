//! Texts as the protocol escapes them.

const PLAIN: u8 = 0;
const ESCAPED: u8 = 1;
const STRIPPED: u8 = 2;

static IN_LABEL: [u8; 256] = classes(b" ,=\\", true);
static IN_QUOTES: [u8; 256] = classes(b"\n\r\"\\", false);

#[allow(clippy::indexing_slicing, reason = "runs at compile time, where a bad index is an error")]
const fn classes(escaped: &[u8], strip_controls: bool) -> [u8; 256] {
    let mut table = [PLAIN; 256];
    // NUL makes QuestDB refuse the whole batch.
    table[0] = STRIPPED;
    let mut byte = 1;
    while strip_controls && byte < 0x20 {
        table[byte] = STRIPPED;
        byte += 1;
    }
    if strip_controls {
        table[0x7f] = STRIPPED;
    }
    let mut i = 0;
    while i < escaped.len() {
        table[escaped[i] as usize] = ESCAPED;
        i += 1;
    }
    table
}

/// Appends a label; returns how many control characters were left out.
#[inline]
pub(super) fn push_label(out: &mut Vec<u8>, text: &str) -> u64 {
    push(out, text.as_bytes(), &IN_LABEL)
}

/// Appends the inside of a quoted text; returns how many NUL were left out.
#[inline]
pub(super) fn push_quoted(out: &mut Vec<u8>, text: &str) -> u64 {
    push(out, text.as_bytes(), &IN_QUOTES)
}

#[inline]
fn push(out: &mut Vec<u8>, text: &[u8], classes: &[u8; 256]) -> u64 {
    let any = text.iter().fold(PLAIN, |any, byte| any | class(*byte, classes));
    if any == PLAIN {
        out.extend_from_slice(text);
        return 0;
    }
    push_special(out, text, classes)
}

#[cold]
fn push_special(out: &mut Vec<u8>, text: &[u8], classes: &[u8; 256]) -> u64 {
    let mut stripped = 0_u64;
    for &byte in text {
        match class(byte, classes) {
            STRIPPED => stripped = stripped.saturating_add(1),
            ESCAPED => out.extend_from_slice(&[b'\\', byte]),
            _ => out.push(byte),
        }
    }
    stripped
}

#[inline(always)]
fn class(byte: u8, classes: &[u8; 256]) -> u8 {
    classes.get(usize::from(byte)).copied().unwrap_or(PLAIN)
}
