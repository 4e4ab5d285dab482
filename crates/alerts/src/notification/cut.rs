//! Texts that fit, measured as the receiver measures.

/// Put where something was left out.
const ELLIPSIS: char = '…';

/// The text within so many UTF-16 units, which are never fewer than characters: a receiver that counts
/// characters is content too.
pub(crate) fn cut(text: &str, units_max: usize) -> String {
    by(text, units_max, char::len_utf16)
}

/// The text within so many bytes.
pub(crate) fn cut_bytes(text: &str, bytes_max: usize) -> String {
    by(text, bytes_max, char::len_utf8)
}

/// Length in UTF-16 units.
pub(crate) fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

fn by(text: &str, max: usize, len: fn(char) -> usize) -> String {
    if text.chars().map(len).sum::<usize>() <= max {
        return text.to_owned();
    }
    let mut left = max.saturating_sub(len(ELLIPSIS));
    let mut kept = String::new();
    for c in text.chars() {
        if len(c) > left {
            break;
        }
        left = left.saturating_sub(len(c));
        kept.push(c);
    }
    if max >= len(ELLIPSIS) {
        kept.push(ELLIPSIS);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_and_never_longer_than_asked() {
        for text in ["", "abc", "drawdown 🔥🔥🔥 and more", "ééééé"] {
            for max in 0..40 {
                assert!(units(&cut(text, max)) <= max, "{text} {max}");
                assert!(cut_bytes(text, max).len() <= max, "{text} {max}");
            }
            assert_eq!(cut(text, 100), text);
        }
        assert_eq!(cut("abcdef", 4), "abc…");
    }
}
