//! Values that the caller knows, in the forms in which they travel.

use crate::find::Found;
use crate::text::Text;
use crate::{Kind, Span};

const VALUE_LEN_MIN: usize = 6;
/// A shorter piece of base64 would be found in ordinary text.
const BASE64_LEN_MIN: usize = 8;
const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Patterns by their first byte, the longest first.
#[derive(Clone, Default)]
pub(crate) struct Known {
    by_first: Vec<Vec<Vec<u8>>>,
    ignored: usize,
}

impl Known {
    pub(crate) fn add(&mut self, value: &str) {
        if value.len() < VALUE_LEN_MIN {
            self.ignored = self.ignored.saturating_add(1);
            return;
        }
        self.by_first.resize(256, Vec::new());
        for form in forms(value) {
            let Some(first) = form.first() else { continue };
            if let Some(bucket) = self.by_first.get_mut(usize::from(*first)) {
                bucket.push(form);
            }
        }
    }

    pub(crate) fn sort(&mut self) {
        for bucket in &mut self.by_first {
            bucket.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
            bucket.dedup();
        }
    }

    pub(crate) fn ignored(&self) -> usize {
        self.ignored
    }

    pub(crate) fn patterns(&self) -> usize {
        self.by_first.iter().map(Vec::len).sum()
    }

    pub(crate) fn find(&self, text: &Text<'_>, found: &mut Found<'_>) {
        if self.by_first.is_empty() {
            return;
        }
        let bytes = text.bytes();
        let mut at = 0;
        while let Some(first) = bytes.get(at) {
            if let Some(end) = text.placeholder_end(at) {
                at = end;
                continue;
            }
            let rest = bytes.get(at..).unwrap_or_default();
            let bucket = self.by_first.get(usize::from(*first));
            let form = bucket.into_iter().flatten().find(|form| rest.starts_with(form));
            if let Some(form) = form {
                found.push(Span { range: at..at + form.len(), kind: Kind::Known });
            }
            at += 1;
        }
    }
}

fn forms(value: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![value.as_bytes().to_vec()];
    for unreserved in [&b"-._~"[..], &b"-._*"[..], b"", b"-._~!$&'()*+,;=:@/?"] {
        forms.push(percent(value, unreserved, b"0123456789ABCDEF"));
        forms.push(percent(value, unreserved, b"0123456789abcdef"));
    }
    // Form encoding writes a space as a plus sign.
    let plus = |form: &[u8]| String::from_utf8_lossy(form).replace("%20", "+").into_bytes();
    forms.extend(forms.get(1).map(|form| plus(form)));
    forms.push(json(value, Slash::Plain, NonAscii::Plain));
    forms.push(json(value, Slash::Escaped, NonAscii::Plain));
    forms.push(json(value, Slash::Plain, NonAscii::Escaped));
    forms.push(json(value, Slash::Escaped, NonAscii::Escaped));
    for shift in 0..3 {
        let standard = base64_part(value.as_bytes(), shift);
        if standard.len() >= BASE64_LEN_MIN {
            let swap = |byte: &u8| match byte {
                b'+' => b'-',
                b'/' => b'_',
                other => *other,
            };
            forms.push(standard.iter().map(swap).collect());
            forms.push(standard);
        }
    }
    forms
}

fn percent(value: &str, unreserved: &[u8], digits: &[u8; 16]) -> Vec<u8> {
    let mut form = Vec::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || unreserved.contains(&byte) {
            form.push(byte);
        } else {
            let digit = |half: u8| digits.get(usize::from(half)).copied();
            form.push(b'%');
            form.extend(digit(byte >> 4).into_iter().chain(digit(byte & 15)));
        }
    }
    form
}

#[derive(Clone, Copy)]
enum Slash {
    Plain,
    Escaped,
}

#[derive(Clone, Copy)]
enum NonAscii {
    Plain,
    Escaped,
}

fn json(value: &str, slash: Slash, non_ascii: NonAscii) -> Vec<u8> {
    let mut form = String::with_capacity(value.len());
    for c in value.chars() {
        match (c, slash, non_ascii) {
            ('"', ..) => form.push_str("\\\""),
            ('\\', ..) => form.push_str("\\\\"),
            ('\n', ..) => form.push_str("\\n"),
            ('\r', ..) => form.push_str("\\r"),
            ('\t', ..) => form.push_str("\\t"),
            ('/', Slash::Escaped, _) => form.push_str("\\/"),
            (c, ..) if c < ' ' => form.push_str(&format!("\\u{:04x}", u32::from(c))),
            (c, _, NonAscii::Escaped) if !c.is_ascii() => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    form.push_str(&format!("\\u{unit:04x}"));
                }
            }
            (c, ..) => form.push(c),
        }
    }
    form.into_bytes()
}

/// The base64 characters that `value` alone decides when `shift` bytes of a group precede it.
fn base64_part(value: &[u8], shift: usize) -> Vec<u8> {
    let bits = |at: usize| -> u32 {
        let byte = at.checked_sub(shift).and_then(|at| value.get(at)).copied();
        u32::from(byte.unwrap_or(0))
    };
    let len = shift.saturating_add(value.len());
    let characters = (0..len.div_ceil(3)).flat_map(|group| {
        let group = group * 3;
        let three = bits(group) << 16 | bits(group + 1) << 8 | bits(group + 2);
        [18, 12, 6, 0].map(|right| (three >> right) & 63)
    });
    let letter = |six: u32| STANDARD.get(usize::try_from(six).unwrap_or(0)).copied();
    let first = (shift * 8).div_ceil(6);
    let end = len * 8 / 6;
    characters.take(end).skip(first).filter_map(letter).collect()
}
