//! Units of values, and how a person reads them.

/// What a number is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Unit {
    /// A plain number.
    #[default]
    None,
    /// Words, no number.
    Text,
    /// A share of one; shown as percent.
    Ratio,
    /// A number of things.
    Count,
    /// Things a second.
    PerSecond,
    /// Milliseconds.
    Ms,
    /// Seconds.
    Secs,
    /// Basis points.
    Bps,
    /// Base units of an instrument.
    Qty,
    /// An amount of the currency that a column or label names, or of the base currency.
    Money,
    /// US dollars.
    Usd,
    /// Bytes.
    Bytes,
    /// A moment; shown as its age.
    Moment,
}

const DAY_SECS: f64 = 86_400.0;

impl Unit {
    /// A value for a person's eyes: `17.5 %`, `12 ms`, `9,559,475.18`.
    #[must_use]
    pub fn show(self, value: f64) -> String {
        if !value.is_finite() {
            return "–".to_owned();
        }
        match self {
            Self::Ratio => format!("{} %", trimmed(value * 100.0, 2)),
            Self::Money => with_digits(value, 2),
            Self::Usd => format!("${}", with_digits(value, 2)),
            Self::Secs | Self::Moment => span(value),
            Self::Ms => format!("{} ms", trimmed(value, if value.abs() < 10.0 { 2 } else { 0 })),
            Self::Bytes => bytes(value),
            Self::PerSecond => format!("{}/s", trimmed(value, 2)),
            Self::Bps => format!("{} bp", trimmed(value, 1)),
            Self::Count => trimmed(value, 0),
            Self::Qty => trimmed(value, 6),
            Self::None | Self::Text => trimmed(value, digits(value)),
        }
    }

    /// A value for an axis: as short as it can be.
    #[must_use]
    pub fn show_short(self, value: f64) -> String {
        match self {
            Self::Money | Self::Usd | Self::Count | Self::None | Self::Qty
                if value.abs() >= 10_000.0 =>
            {
                let sign = if self == Self::Usd { "$" } else { "" };
                let (scaled, suffix) = scaled(value);
                format!("{sign}{}{suffix}", trimmed(scaled, 2))
            }
            Self::Money | Self::None => trimmed(value, digits(value)),
            Self::Usd => format!("${}", trimmed(value, digits(value))),
            other => other.show(value),
        }
    }
}

fn scaled(value: f64) -> (f64, &'static str) {
    match value.abs() {
        v if v >= 1e9 => (value / 1e9, "G"),
        v if v >= 1e6 => (value / 1e6, "M"),
        _ => (value / 1e3, "k"),
    }
}

fn bytes(value: f64) -> String {
    let steps = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let step = steps.into_iter().find(|(size, _)| value.abs() >= *size).unwrap_or((1.0, "B"));
    format!("{} {}", trimmed(value / step.0, 1), step.1)
}

/// A span of time in its largest unit, with one digit where that says more.
fn span(secs: f64) -> String {
    let (value, unit) = match secs.abs() {
        s if s >= 2.0 * DAY_SECS => (secs / DAY_SECS, "d"),
        s if s >= 7_200.0 => (secs / 3_600.0, "h"),
        s if s >= 120.0 => (secs / 60.0, "min"),
        _ => (secs, "s"),
    };
    format!("{} {unit}", trimmed(value, usize::from(value.abs() < 100.0)))
}

/// Digits behind the point that a number of this size needs.
fn digits(value: f64) -> usize {
    match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 1.0 => 2,
        v if v >= 0.01 => 4,
        _ => 6,
    }
}

/// At most so many digits behind the point, and no zeros at their end.
fn trimmed(value: f64, digits: usize) -> String {
    let text = with_digits(value, digits);
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// So many digits behind the point, thousands apart.
fn with_digits(value: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", value.abs());
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), ""), |(w, r)| (w, r));
    let mut out = String::new();
    if value < 0.0 && text.bytes().any(|b| b.is_ascii_digit() && b != b'0') {
        out.push('-');
    }
    let first = whole.len() % 3;
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && index % 3 == first {
            out.push(',');
        }
        out.push(digit);
    }
    if !rest.is_empty() {
        out.push('.');
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(unit: Unit, value: f64, expected: &str) {
        assert_eq!(unit.show(value), expected, "{unit:?} {value}");
    }

    #[test]
    fn values_read_as_people_write_them() {
        check(Unit::Ratio, 0.05, "5 %");
        check(Unit::Ratio, 0.133_521_87, "13.35 %");
        check(Unit::Money, 9_559_475.179_84, "9,559,475.18");
        check(Unit::Money, -459_905.1, "-459,905.10");
        check(Unit::Money, 12.0, "12.00");
        check(Unit::Money, -0.001, "0.00");
        check(Unit::Usd, 1_234.5, "$1,234.50");
        check(Unit::Ms, 7.25, "7.25 ms");
        check(Unit::Ms, 2_487_177.0, "2,487,177 ms");
        check(Unit::Secs, 90.0, "90 s");
        check(Unit::Secs, 7_260.0, "2 h");
        check(Unit::Secs, 200_000.0, "2.3 d");
        check(Unit::Bytes, 2_500_000.0, "2.5 MB");
        check(Unit::Count, 1_234.0, "1,234");
        check(Unit::None, f64::NAN, "–");
        check(Unit::Count, -0.2, "0");
    }

    #[test]
    fn an_axis_is_short() {
        assert_eq!(Unit::Money.show_short(9_559_475.0), "9.56M");
        assert_eq!(Unit::Usd.show_short(12_000.0), "$12k");
        assert_eq!(Unit::Money.show_short(250.0), "250");
        assert_eq!(Unit::Ratio.show_short(0.1), "10 %");
    }
}
