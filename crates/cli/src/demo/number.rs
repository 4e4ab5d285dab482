//! Numbers as people read them.

/// `12,345.67`, with that many digits after the point.
pub(super) fn grouped(value: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", value.abs());
    let (whole, fraction) =
        text.split_once('.').map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    let mut out = String::new();
    let is_zero = text.bytes().all(|b| b == b'0' || b == b'.');
    if value < 0.0 && !is_zero {
        out.push('-');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// `12,345`.
pub(super) fn count(value: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "counts of a demo are far below 2^53")]
    let value = value as f64;
    grouped(value, 0)
}

/// `4.2 %` of a ratio of 0.042.
pub(super) fn percent(ratio: f64) -> String {
    format!("{:.1} %", ratio * 100.0)
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[track_caller]
    fn check(value: f64, digits: usize, expected: &str) {
        assert_eq!(grouped(value, digits), expected);
    }

    #[test]
    fn thousands_are_grouped() {
        check(0.0, 0, "0");
        check(-0.001, 2, "0.00");
        check(999.0, 0, "999");
        check(1_000.0, 0, "1,000");
        check(-1_234_567.891, 2, "-1,234,567.89");
    }
}
