//! Units of values, and how a person reads them.

use serde::{Deserialize, Serialize};

/// What a rule's value is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unit {
    /// A plain number.
    #[default]
    None,
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
    /// The operation's base currency.
    BaseCurrency,
    /// Bytes.
    Bytes,
}

impl Unit {
    /// As it is written in files and columns.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Ratio => "ratio",
            Self::Count => "count",
            Self::PerSecond => "per_second",
            Self::Ms => "ms",
            Self::Secs => "secs",
            Self::Bps => "bps",
            Self::Qty => "qty",
            Self::BaseCurrency => "base_currency",
            Self::Bytes => "bytes",
        }
    }

    /// A value of this unit for a person's eyes: `17.5 %`, `12 ms`.
    #[must_use]
    pub fn show(self, value: f64) -> String {
        self.with_digits(value, digits(self.scaled(value)))
    }

    /// A value beside the limit that it passed, with as many digits as it takes to tell them apart:
    /// `5.004 %` beside `5 %`.
    #[must_use]
    pub fn show_beside(self, value: f64, limit: f64) -> String {
        let shown_limit = self.show(limit);
        let first = digits(self.scaled(value));
        let mut texts = (first..=first + 12).map(|digits| self.with_digits(value, digits));
        texts.find(|text| *text != shown_limit || value == limit).unwrap_or(shown_limit)
    }

    /// The number that a person reads: percent for a ratio.
    fn scaled(self, value: f64) -> f64 {
        if self == Self::Ratio { value * 100.0 } else { value }
    }

    fn with_digits(self, value: f64, digits: usize) -> String {
        if !value.is_finite() {
            return "not a number".to_owned();
        }
        let text = format!("{:.digits$}", self.scaled(value));
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        let text = if text == "-0" { "0" } else { text };
        format!("{text}{}", self.suffix())
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::None | Self::Count | Self::Qty | Self::BaseCurrency => "",
            Self::Ratio => " %",
            Self::PerSecond => "/s",
            Self::Ms => " ms",
            Self::Secs => " s",
            Self::Bps => " bp",
            Self::Bytes => " B",
        }
    }
}

/// Digits behind the point that a number of this size is shown with.
fn digits(value: f64) -> usize {
    match value.abs() {
        v if v >= 1_000.0 => 0,
        v if v >= 100.0 => 1,
        v if v >= 1.0 => 2,
        v if v >= 0.01 => 4,
        _ => 6,
    }
}
