//! A scalar's text as the type that is asked for.
//!
//! The text of a plain scalar is kept until its type is known, so that `1.10` and `012` stay what
//! they are where text is wanted. Where a number or a truth value is wanted, what YAML 1.1 and 1.2
//! read differently is refused, never guessed.

use std::num::IntErrorKind;

use crate::node::Form;

/// A text that is not what was wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    pub(crate) found: String,
    pub(crate) hint: Option<String>,
}

impl Misfit {
    fn new(found: impl Into<String>) -> Self {
        Self { found: found.into(), hint: None }
    }

    fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// What a scalar is when nobody says what is wanted: the core schema of YAML 1.2, without its traps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Natural<'a> {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(&'a str),
}

pub(crate) fn natural(text: &str, form: Form) -> Natural<'_> {
    let bare = bare(text, form);
    if form == Form::Text {
        Natural::Text(text)
    } else if is_null(text, form) {
        Natural::Null
    } else if let Some(bool) = bool_of(bare) {
        Natural::Bool(bool)
    } else if let Ok(integer) = integer(text, form) {
        Natural::Integer(integer)
    } else if let Ok(float) = float(text, form) {
        Natural::Float(float)
    } else {
        Natural::Text(text)
    }
}

/// Whether a scalar says that there is nothing.
pub(crate) fn is_null(text: &str, form: Form) -> bool {
    form != Form::Text && matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

pub(crate) fn boolean(text: &str, form: Form) -> Result<bool, Misfit> {
    if form == Form::Text {
        return Err(quoted(text));
    }
    let bare = bare(text, form);
    bool_of(bare).ok_or_else(|| match bare.to_ascii_lowercase().as_str() {
        "yes" | "on" | "y" => Misfit::new(shown(bare))
            .with_hint(format!("`{bare}` is true in YAML 1.1 and text in 1.2: write true")),
        "no" | "off" | "n" => Misfit::new(shown(bare))
            .with_hint(format!("`{bare}` is false in YAML 1.1 and text in 1.2: write false")),
        _ => Misfit::new(shown(bare)),
    })
}

/// A whole number. Hexadecimal `0x1f` and octal `0o17` are the same in 1.2 and mean one thing only.
pub(crate) fn integer(text: &str, form: Form) -> Result<i128, Misfit> {
    if form == Form::Text {
        return Err(quoted(text));
    }
    let bare = bare(text, form);
    if let Some(trap) = trap(bare) {
        return Err(trap);
    }
    let (sign, digits) = match bare.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", bare.strip_prefix('+').unwrap_or(bare)),
    };
    let (digits, radix) = match (digits.strip_prefix("0x"), digits.strip_prefix("0o")) {
        (Some(digits), _) => (digits, 16),
        (_, Some(digits)) => (digits, 8),
        _ => (digits, 10),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        let misfit = Misfit::new(shown(bare));
        let is_whole = bare.parse::<f64>().is_ok_and(|v| v.is_finite() && v.fract() == 0.0);
        return Err(match is_whole && bare.parse::<f64>().is_ok_and(|v| v.abs() < 1e15) {
            true => misfit.with_hint(format!("write {:.0}", bare.parse::<f64>().unwrap_or(0.0))),
            false => misfit,
        });
    }
    i128::from_str_radix(&format!("{sign}{digits}"), radix).map_err(|error| match error.kind() {
        IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => {
            Misfit::new(format!("{}, which no number type holds", shown(bare)))
        }
        _ => Misfit::new(shown(bare)),
    })
}

/// A finite number.
pub(crate) fn float(text: &str, form: Form) -> Result<f64, Misfit> {
    if form == Form::Text {
        return Err(quoted(text));
    }
    let bare = bare(text, form);
    if let Some(trap) = trap(bare) {
        return Err(trap);
    }
    if bare.starts_with("0x") || bare.starts_with("0o") {
        #[allow(clippy::cast_precision_loss, reason = "a float was asked for")]
        return integer(text, form).map(|integer| integer as f64);
    }
    let is_number = bare.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c));
    match bare.parse::<f64>() {
        Ok(number) if is_number && number.is_finite() => Ok(number),
        Ok(_) if is_number => Err(Misfit::new(format!("{}, which is not finite", shown(bare)))),
        _ if matches!(
            bare.trim_start_matches(['+', '-']).to_lowercase().as_str(),
            ".inf" | ".nan"
        ) =>
        {
            Err(Misfit::new(shown(bare)).with_hint("a setting has to be finite"))
        }
        _ => Err(Misfit::new(shown(bare)).with_hint_if_percent(bare)),
    }
}

impl Misfit {
    fn with_hint_if_percent(self, bare: &str) -> Self {
        let number = bare.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
        match number.filter(|number| number.is_finite()) {
            Some(number) => self.with_hint(format!("a ratio is written as {}", number / 100.0)),
            None => self,
        }
    }
}

fn bool_of(bare: &str) -> Option<bool> {
    match bare {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// What YAML 1.1 and 1.2 read as different numbers, or one of them as text.
fn trap(bare: &str) -> Option<Misfit> {
    let (sign, digits) = match bare.strip_prefix(['-', '+']) {
        Some(digits) => (bare.get(..1).filter(|sign| *sign == "-").unwrap_or_default(), digits),
        None => ("", bare),
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let starts_as_number = digits.starts_with(|c: char| c.is_ascii_digit());
    let whole = digits.split(['.', 'e', 'E']).next().unwrap_or_default();
    if whole.len() > 1 && whole.starts_with('0') && is_digits(whole) {
        let decimal = whole.trim_start_matches('0');
        let decimal = if decimal.is_empty() { "0" } else { decimal };
        let rest = digits.get(whole.len()..).unwrap_or_default();
        let octal = i128::from_str_radix(whole, 8).ok().filter(|_| rest.is_empty());
        let hint = match octal.map(|octal| octal.to_string()).filter(|octal| octal != decimal) {
            Some(octal) => format!(
                "a leading zero makes it {sign}{octal} in YAML 1.1 and {sign}{decimal} in 1.2: write {sign}{decimal} or {sign}0o{decimal}"
            ),
            None => format!("write it without the leading zero: {sign}{decimal}{rest}"),
        };
        return Some(Misfit::new(shown(bare)).with_hint(hint));
    }
    if starts_as_number && digits.contains('_') {
        let plain = digits.replace('_', "");
        let is_number = plain.parse::<f64>().is_ok() || plain.starts_with("0x");
        return is_number.then(|| {
            Misfit::new(shown(bare)).with_hint(format!(
                "a number with `_` is one in YAML 1.1 and text in 1.2: write {sign}{plain}"
            ))
        });
    }
    let parts: Vec<&str> = digits.split(':').collect();
    if parts.len() > 1 && parts.iter().all(|part| is_digits(part)) {
        let seconds = parts
            .iter()
            .try_fold(0_i128, |sum, part| sum.checked_mul(60)?.checked_add(part.parse().ok()?))?;
        return Some(Misfit::new(shown(bare)).with_hint(format!(
            "`{bare}` is {sign}{seconds} in YAML 1.1 and text in 1.2: write {sign}{seconds}"
        )));
    }
    let binary =
        digits.strip_prefix("0b").filter(|bits| bits.bytes().all(|b| b == b'0' || b == b'1'));
    let value = binary.and_then(|bits| i128::from_str_radix(bits, 2).ok())?;
    Some(
        Misfit::new(shown(bare)).with_hint(format!(
            "`0b` is a number in YAML 1.1 and text in 1.2: write {sign}{value}"
        )),
    )
}

/// Variables come with stray blanks; files do not.
fn bare(text: &str, form: Form) -> &str {
    if form == Form::Untyped { text.trim() } else { text }
}

fn quoted(text: &str) -> Misfit {
    let misfit = Misfit::new(format!("the text {text:?}"));
    let is_value = bool_of(text).is_some() || float(text, Form::Plain).is_ok();
    if is_value { misfit.with_hint("leave out the quotes") } else { misfit }
}

fn shown(bare: &str) -> String {
    format!("`{}`", bare.escape_debug())
}
