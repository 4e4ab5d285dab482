//! Numbers with units: durations, sizes, ratios, money, counts.

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dimension {
    /// Seconds.
    Time,
    /// Bytes.
    Size,
    /// A part of one.
    Ratio,
    /// A currency's units.
    Money,
    /// Things.
    Count,
}

/// A unit by the name that keys and texts give it, and how many of the dimension's base unit it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Unit {
    pub(crate) dimension: Dimension,
    pub(crate) factor: f64,
}

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3_600.0;
const DAY: f64 = 86_400.0;

/// Units by their words. One letter is a unit only right behind a number.
const UNITS: &[(&[&str], Dimension, f64)] = &[
    (&["ns", "nanos", "nanoseconds"], Dimension::Time, 1e-9),
    (&["us", "micros", "microseconds"], Dimension::Time, 1e-6),
    (&["ms", "millis", "milliseconds", "millisecond"], Dimension::Time, 1e-3),
    (&["s", "sec", "secs", "second", "seconds"], Dimension::Time, 1.0),
    (&["m", "mins", "minute", "minutes"], Dimension::Time, MINUTE),
    (&["h", "hr", "hrs", "hour", "hours"], Dimension::Time, HOUR),
    (&["d", "day", "days"], Dimension::Time, DAY),
    (&["w", "week", "weeks"], Dimension::Time, 7.0 * DAY),
    (&["b", "byte", "bytes"], Dimension::Size, 1.0),
    (&["kb", "kib", "k"], Dimension::Size, 1_024.0),
    (&["mb", "mib"], Dimension::Size, 1_048_576.0),
    (&["gb", "gib", "g"], Dimension::Size, 1_073_741_824.0),
    (&["%", "pct", "percent", "percentage"], Dimension::Ratio, 0.01),
    (&["ratio", "fraction", "frac"], Dimension::Ratio, 1.0),
    (&["bps"], Dimension::Ratio, 1e-4),
    (&["usd", "dollars", "usdt", "usdc", "$"], Dimension::Money, 1.0),
    (&["x", "times"], Dimension::Count, 1.0),
];

impl Unit {
    /// The unit that a word names.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        let found = UNITS.iter().find(|(words, _, _)| words.contains(&word.as_str()))?;
        Some(Self { dimension: found.1, factor: found.2 })
    }

    /// The unit at the end of a key's words: `interval_secs`. One letter and `times` are none.
    pub(crate) fn of_key_word(word: &str) -> Option<Self> {
        let is_unit =
            word.len() > 1 && !["times", "day", "hour", "minute", "week", "frac"].contains(&word);
        if is_unit { Self::of_word(word) } else { None }
    }
}

/// A number as it was written, with the unit that stands with it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quantity {
    pub(crate) number: f64,
    pub(crate) unit: Option<Unit>,
}

impl Quantity {
    /// Reads a whole text such as `15`, `1_000`, `2.5%`, `60s`, `512mb`, `$20`, `-5 %`, `> 10%`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.trim_start_matches(['>', '<', '=', '~', '≥', '≤', '+', '-', ' ']);
        let (text, money) = match text.strip_prefix('$') {
            Some(rest) => (rest, Unit::of_word("usd")),
            None => (text, None),
        };
        let length = text
            .find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_' && c != ',')
            .unwrap_or(text.len());
        let (digits, rest) = text.split_at_checked(length)?;
        let digits = digits.trim_end_matches(['.', ',']);
        let number = number(digits)?;
        let rest = rest.trim().trim_end_matches(['+', '.']);
        let unit = if rest.is_empty() {
            None
        } else if let Some(exponent) =
            rest.strip_prefix(['e', 'E']).and_then(|e| e.parse::<i32>().ok())
        {
            return Some(Self { number: number * 10_f64.powi(exponent), unit: money });
        } else {
            Some(Unit::of_word(rest)?)
        };
        Some(Self { number, unit: money.or(unit) })
    }
}

/// A number with `_` or `,` between its thousands.
fn number(digits: &str) -> Option<f64> {
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || digits == "." {
        return None;
    }
    let has_groups = digits.contains(',');
    let groups_are_thousands = digits
        .split('.')
        .next()
        .unwrap_or_default()
        .split(',')
        .skip(1)
        .all(|group| group.len() == 3);
    if has_groups && !groups_are_thousands {
        return None;
    }
    let plain: String = digits.chars().filter(|c| *c != '_' && *c != ',').collect();
    plain.parse().ok()
}

/// Whether two numbers are the same, as far as decimal texts of them can tell.
pub(crate) fn is_same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-12)
}

/// A number as a person would write it, without a fraction where there is none.
pub(crate) fn plain(number: f64) -> String {
    let rounded = (number * 1e9).round() / 1e9;
    format!("{rounded}")
}
