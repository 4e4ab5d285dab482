//! What differs from run to run, taken out of text before it is compared.

use std::path::Path;

/// Returns `text` with what differs from run to run replaced by its kind.
///
/// - `dir` and everything spelled like it become `[dir]`,
/// - UTC times such as `2026-01-31T12:00:00.5Z` become `[time]`,
/// - ports after `127.0.0.1:` and `localhost:` become `[port]`,
/// - runs of 16 or more hexadecimal digits become `[hex]`.
///
/// ```
/// let text = "wrote /tmp/x1/a.db at 2026-01-31T12:00:00Z, listening on 127.0.0.1:40123";
/// let masked = testbed::masked(text, std::path::Path::new("/tmp/x1"));
/// assert_eq!(masked, "wrote [dir]/a.db at [time], listening on 127.0.0.1:[port]");
/// ```
#[must_use]
pub fn masked(text: &str, dir: &Path) -> String {
    let dir = dir.to_string_lossy();
    let text = if dir.is_empty() { text.to_owned() } else { text.replace(&*dir, "[dir]") };
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let starts_word = !out.ends_with(|c: char| c.is_ascii_alphanumeric());
        let found = if starts_word {
            time(rest).or_else(|| port(rest)).or_else(|| hex(rest))
        } else {
            None
        };
        let (len, shown) = match found {
            Some((len, shown)) => (len, shown),
            None => (first.len_utf8(), ""),
        };
        let (taken, left) = rest.split_at(len);
        out.push_str(if shown.is_empty() { taken } else { shown });
        rest = left;
    }
    out
}

/// Length of what starts here, and what stands for it.
type Found = Option<(usize, &'static str)>;

fn time(text: &str) -> Found {
    const SHAPE: &str = "0000-00-00T00:00:00";
    let head = text.get(..SHAPE.len())?;
    let fits = head.chars().zip(SHAPE.chars()).all(|(c, shape)| match shape {
        '0' => c.is_ascii_digit(),
        'T' => c == 'T' || c == ' ',
        _ => c == shape,
    });
    if !fits {
        return None;
    }
    let tail = text.get(SHAPE.len()..)?;
    let fraction =
        tail.strip_prefix('.').map_or(0, |digits| 1 + leading(digits, |c| c.is_ascii_digit()));
    let zone = usize::from(tail.get(fraction..).is_some_and(|zone| zone.starts_with('Z')));
    Some((SHAPE.len() + fraction + zone, "[time]"))
}

fn port(text: &str) -> Found {
    for (host, shown) in [("127.0.0.1:", "127.0.0.1:[port]"), ("localhost:", "localhost:[port]")] {
        if let Some(rest) = text.strip_prefix(host) {
            let digits = leading(rest, |c| c.is_ascii_digit());
            return (digits > 0).then_some((host.len() + digits, shown));
        }
    }
    None
}

fn hex(text: &str) -> Found {
    let digits = leading(text, |c| c.is_ascii_hexdigit());
    let ends_word =
        !text.get(digits..).is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric()));
    (digits >= 16 && ends_word).then_some((digits, "[hex]"))
}

fn leading(text: &str, fits: impl Fn(char) -> bool) -> usize {
    text.chars().take_while(|c| fits(*c)).map(char::len_utf8).sum()
}
