//! Literals that look like keys, wherever they stand: they are masked before a diff leaves, besides what stands behind the
//! name of a secret.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// One string of letters, digits and what base64 and passphrases have, in quotes of any kind.
static LITERAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(["'`])([A-Za-z0-9+/=_\-]{16,})(["'`])"#)
        .expect("a pattern of ours, compiled by a test")
});

/// Masks each literal in which upper case, lower case and digits are mixed, or that is a long number in hex.
pub(crate) fn mask_literals(text: &str) -> Cow<'_, str> {
    LITERAL.replace_all(text, |found: &Captures<'_>| {
        if is_random(&found[2]) {
            format!("{}[redacted:literal]{}", &found[1], &found[3])
        } else {
            found[0].to_owned()
        }
    })
}

fn is_random(value: &str) -> bool {
    let count = |is: fn(&char) -> bool| value.chars().filter(is).count();
    let digits = count(char::is_ascii_digit);
    let is_mixed = digits >= 3
        && count(char::is_ascii_lowercase) >= 3
        && count(char::is_ascii_uppercase) >= 1
        && !value.starts_with('/');
    let is_hex = value.len() >= 32 && digits >= 6 && value.chars().all(|c| c.is_ascii_hexdigit());
    is_mixed || is_hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_key_is_masked_and_words_stay() {
        for (text, wanted) in [
            ("get(\"X\", \"q7Zr0VtX4mN9bLw2Kc8PdYh5\")", "get(\"X\", \"[redacted:literal]\")"),
            ("x = 'Trk9-vela-0417-quorum'", "x = '[redacted:literal]'"),
            ("x = \"0123456789abcdef0123456789abcdef\"", "x = \"[redacted:literal]\""),
            ("x = \"max_notional_per_order\"", "x = \"max_notional_per_order\""),
            ("x = \"BTCUSDT-PERP-2026\"", "x = \"BTCUSDT-PERP-2026\""),
            ("x = 1_000_000", "x = 1_000_000"),
        ] {
            assert_eq!(mask_literals(text), wanted);
        }
    }
}
