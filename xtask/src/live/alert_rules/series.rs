//! Series of a rule test: `0x5 1+2x3 _ stale NaN`.

use anyhow::{Context, bail};

/// What a series says at one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step {
    Value(f64),
    Missing,
    Stale,
}

/// Reads a row of values.
pub(super) fn steps(text: &str) -> anyhow::Result<Vec<Step>> {
    let mut all = Vec::new();
    for word in text.split_whitespace() {
        parse(word, &mut all).with_context(|| format!("values `{word}`"))?;
    }
    Ok(all)
}

fn parse(word: &str, all: &mut Vec<Step>) -> anyhow::Result<()> {
    if word == "stale" {
        all.push(Step::Stale);
        return Ok(());
    }
    if let Some(count) = word.strip_prefix('_') {
        let count = if count.is_empty() { 1 } else { count_of(count)? };
        all.extend(std::iter::repeat_n(Step::Missing, count));
        return Ok(());
    }
    // `a`, `axn`, `a+bxn`, `a-bxn`; the sign of an exponent or of the first number is no step.
    let Some((from, count)) = word.rsplit_once('x') else {
        all.push(Step::Value(number(word)?));
        return Ok(());
    };
    let sign = from
        .char_indices()
        .skip(1)
        .find(|(at, c)| "+-".contains(*c) && !from[..*at].ends_with(['e', 'E']));
    let (start, by) = match sign {
        Some((at, _)) => (number(&from[..at])?, number(&from[at..])?),
        None => (number(from)?, 0.0),
    };
    let mut value = start;
    for _ in 0..=count.parse::<usize>()? {
        all.push(Step::Value(value));
        value += by;
    }
    Ok(())
}

fn count_of(text: &str) -> anyhow::Result<usize> {
    match text.strip_prefix('x') {
        Some(count) => Ok(count.parse()?),
        None => bail!("wanted `_xn`"),
    }
}

fn number(text: &str) -> anyhow::Result<f64> {
    Ok(text.trim_start_matches('+').parse()?)
}

#[cfg(test)]
mod tests {
    use super::Step::{Missing, Stale, Value};
    use super::*;

    #[test]
    fn a_row_of_values_is_read() {
        let all = steps("1x2 0+2x2 5-1x1 _ _x2 stale -3 NaN 1e-2 3.5").unwrap();
        let expected = [1.0, 1.0, 1.0, 0.0, 2.0, 4.0, 5.0, 4.0].map(Value);
        assert_eq!(all[..8], expected);
        assert_eq!(all[8..13], [Missing, Missing, Missing, Stale, Value(-3.0)]);
        assert!(matches!(all[13], Value(v) if v.is_nan()));
        assert_eq!(all[14..], [Value(0.01), Value(3.5)]);
        assert!(steps("1y2").is_err());
        assert!(steps("{{schema:0}}").is_err());
    }
}
