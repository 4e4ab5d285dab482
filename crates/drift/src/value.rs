//! Values by their meaning: what a text says, whether it is what is declared, and how to say it in the text's way.

pub(crate) mod path;
pub(crate) mod quantity;
mod render;
pub(crate) mod version;

use quantity::{Dimension, Quantity, Unit, is_same};
use version::Versions;

/// A declared value by its kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// A TCP or UDP port.
    Port(u16),
    /// A version or a range of versions.
    Versions { text: String, versions: Versions },
    /// A path.
    Path(String),
    /// A number in a unit; the dimension's base unit if `unit` is `None`.
    Number { number: f64, unit: Option<Unit> },
    /// A truth value.
    Bool(bool),
    /// A name or any other text.
    Text(String),
}

impl Value {
    /// The value as a person would write it where nothing else is known.
    pub(crate) fn plain(&self) -> String {
        match self {
            Value::Port(port) => port.to_string(),
            Value::Versions { text, .. } | Value::Path(text) | Value::Text(text) => text.clone(),
            Value::Number { number, unit } => {
                match unit.map(|unit| (unit.dimension, unit.factor)) {
                    Some((Dimension::Ratio, factor)) => {
                        format!(
                            "{} ({} %)",
                            quantity::plain(*number),
                            quantity::plain(number * factor * 100.0)
                        )
                    }
                    _ => quantity::plain(*number),
                }
            }
            Value::Bool(truth) => truth.to_string(),
        }
    }

    /// Whether a text says this value; `unit` is the one that the text's key names.
    pub(crate) fn is_said_by(&self, text: &str, unit: Option<Unit>) -> bool {
        match self {
            Value::Port(port) => text.parse() == Ok(*port),
            Value::Versions { versions, .. } => {
                Versions::parse(text).is_some_and(|found| found.agrees_with(versions))
            }
            Value::Path(declared) => path::is_at_or_below(text, declared),
            Value::Number { number, unit: declared } => Quantity::parse(text)
                .is_some_and(|found| is_same_quantity(found, unit, *number, *declared)),
            Value::Bool(truth) => truth_of(text) == Some(*truth),
            Value::Text(declared) => text.trim() == declared,
        }
    }
}

impl Value {
    /// Whether a range begins where the declared version is: one that begins before it asks for less.
    pub(crate) fn is_asked_by(&self, text: &str) -> bool {
        match (self, Versions::parse(text)) {
            (
                Value::Versions { versions: Versions::One(declared), .. },
                Some(Versions::Range(found)),
            ) => found.lower().is_none_or(|lower| lower.names(declared) || declared.names(lower)),
            _ => true,
        }
    }
}

fn truth_of(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Compares in base units. Without a unit a number is taken as its key says, else in the declared unit.
fn is_same_quantity(
    found: Quantity,
    key: Option<Unit>,
    number: f64,
    declared: Option<Unit>,
) -> bool {
    let factor = |unit: Option<Unit>| unit.map_or(1.0, |unit| unit.factor);
    let wanted = number * factor(declared);
    let is_ratio = declared.is_some_and(|unit| unit.dimension == Dimension::Ratio);
    let unit = found.unit.or(key).or(declared);
    if let (Some(unit), Some(declared)) = (unit, declared)
        && unit.dimension != declared.dimension
    {
        return false;
    }
    if is_same(found.number * factor(unit), wanted) {
        return true;
    }
    // A ratio is often written as percent without a sign, and percent as a ratio.
    let is_bare_ratio = is_ratio && found.unit.is_none();
    is_bare_ratio
        && ((found.number >= 1.0
            && wanted < 1.0
            && key.is_none()
            && is_same(found.number * 0.01, wanted))
            || (found.number < 1.0 && is_same(found.number, wanted)))
}
