//! A declared value in the way in which a text spells it.

use super::quantity::{Quantity, Unit, plain};
use super::version::{Version, Versions};
use super::{Value, path};

impl Value {
    /// The text that says this value where `found` stands now: its quotes, operator, precision, unit, capitals
    /// and thousands are kept.
    pub(crate) fn spelled_like(&self, found: &str, unit: Option<Unit>) -> String {
        match self {
            Value::Port(port) => port.to_string(),
            Value::Versions { text, versions } => version_like(text, versions, found),
            Value::Path(declared) => path_like(declared, found),
            Value::Number { number, unit: declared } => {
                number_like(*number, *declared, found, unit)
            }
            Value::Bool(truth) => truth_like(*truth, found),
            Value::Text(text) => text.clone(),
        }
    }
}

fn version_like(text: &str, declared: &Versions, found: &str) -> String {
    let wanted = match declared {
        Versions::One(_) => text.trim_start_matches(['v', 'V']),
        Versions::Range(_) => numbers_of(text),
    };
    // `py311` has no dot between its numbers.
    let is_compact = !found.contains('.')
        && found.len() > 1
        && found.starts_with('3')
        && wanted.starts_with("3.");
    if is_compact && found.bytes().all(|byte| byte.is_ascii_digit()) {
        return wanted.split('.').take(2).collect();
    }
    let Some((start, end)) = version_in(found) else { return text.to_owned() };
    let says_operator = start > 0 || found.get(end..).is_some_and(|rest| rest.starts_with('+'));
    let operator = found.get(..start).unwrap_or_default().trim();
    if says_operator && operator.starts_with(['<', '!']) && !operator.contains("<=") {
        return text.to_owned();
    }
    let old: Vec<&str> = found.get(start..end).unwrap_or_default().split('.').collect();
    let new: Vec<&str> = wanted.split('.').collect();
    let parts: Vec<&str> = match declared {
        // Fewer numbers say less, and still say it.
        Versions::One(_) => {
            let zeros = std::iter::repeat_n("0", old.len().saturating_sub(new.len()));
            new.iter().take(old.len()).copied().chain(zeros).collect()
        }
        // What the range leaves open stays as it is.
        Versions::Range(_) => {
            new.iter().take(old.len()).chain(old.iter().skip(new.len())).copied().collect()
        }
    };
    let head = found.get(..start).unwrap_or_default();
    let tail = tail_of(found.get(end..).unwrap_or_default());
    format!("{head}{}{tail}", parts.join("."))
}

/// What stays behind a version: other bounds, a plus sign, a variant; not the name of one before its release.
fn tail_of(rest: &str) -> &str {
    let is_before = Version::parse(&format!("1{rest}")).is_some_and(|version| {
        Version::parse("1").is_some_and(|bare| version.order(&bare).is_ne())
    });
    if is_before && !rest.starts_with('+') { "" } else { rest }
}

/// The first version in a range's text.
fn numbers_of(text: &str) -> &str {
    match version_in(text) {
        Some((start, end)) => text.get(start..end).unwrap_or(text),
        None => text,
    }
}

fn version_in(text: &str) -> Option<(usize, usize)> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let rest = text.get(start..)?;
    let length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let numbers = rest.get(..length)?.trim_end_matches('.');
    Some((start, start + numbers.len()))
}

fn path_like(declared: &str, found: &str) -> String {
    let (old, new) = (path::parts(found), path::parts(declared));
    let mut text = declared.trim_end_matches('/').to_owned();
    for home in ["$HOME", "${HOME}"] {
        if found.starts_with(home)
            && let Some(rest) = text.strip_prefix('~')
        {
            text = format!("{home}{rest}");
        }
    }
    for part in old.iter().skip(new.len()) {
        text.push('/');
        text.push_str(part);
    }
    if found.ends_with('/') {
        text.push('/');
    }
    text
}

fn number_like(number: f64, declared: Option<Unit>, found: &str, key: Option<Unit>) -> String {
    let factor = |unit: Option<Unit>| unit.map_or(1.0, |unit| unit.factor);
    let wanted = number * factor(declared);
    let quantity = Quantity::parse(found);
    let own = quantity.and_then(|quantity| quantity.unit);
    let mut unit = own.or(key).or(declared);
    let is_ratio = declared.is_some_and(|unit| unit.dimension == super::Dimension::Ratio);
    let old = quantity.map_or(0.0, |quantity| quantity.number);
    if is_ratio && own.is_none() {
        // Percent and parts are told apart by their size where no sign does.
        let is_percent = old >= 1.0 && (key.is_none() || key.is_some_and(|key| key.factor < 1.0));
        unit = Unit::of_word(if is_percent { "%" } else { "ratio" });
    }
    let value = plain(wanted / factor(unit));
    let start = found.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or_default();
    let rest = found.get(start..).unwrap_or_default();
    let length = rest
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '_' | ','))
        .unwrap_or(rest.len());
    let digits = rest.get(..length).unwrap_or_default();
    let head = found.get(..start).unwrap_or_default();
    let tail = rest.get(length..).unwrap_or_default();
    format!("{head}{}{tail}", digits_like(&value, digits))
}

/// Digits with the fraction and the groups of thousands that the old ones had.
fn digits_like(value: &str, old: &str) -> String {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let separator = ['_', ','].into_iter().find(|c| old.contains(*c));
    let whole = match separator {
        Some(separator) => {
            let length = whole.len();
            let grouped = whole.char_indices().flat_map(|(at, c)| {
                let begins = at > 0 && (length - at).is_multiple_of(3);
                begins.then_some(separator).into_iter().chain([c])
            });
            grouped.collect()
        }
        None => whole.to_owned(),
    };
    let old_fraction = old.split_once('.').map_or("", |(_, fraction)| fraction);
    let zeros = old_fraction.len().saturating_sub(fraction.len());
    let whole = if old.starts_with('.') && whole == "0" { String::new() } else { whole };
    if fraction.is_empty() && old_fraction.is_empty() {
        return whole;
    }
    format!("{whole}.{fraction}{}", "0".repeat(zeros))
}

fn truth_like(truth: bool, found: &str) -> String {
    let pairs = [("true", "false"), ("yes", "no"), ("on", "off"), ("1", "0")];
    let lower = found.to_ascii_lowercase();
    let (yes, no) = pairs
        .into_iter()
        .find(|(yes, no)| lower == *yes || lower == *no)
        .unwrap_or(("true", "false"));
    let word = if truth { yes } else { no };
    if found.chars().all(|c| !c.is_ascii_lowercase()) {
        word.to_ascii_uppercase()
    } else if found.starts_with(|c: char| c.is_ascii_uppercase()) {
        let (first, rest) = word.split_at(1);
        format!("{}{rest}", first.to_ascii_uppercase())
    } else {
        word.to_owned()
    }
}
