//! What a person asks for, by the address.

use std::time::Duration;

use plimsoll_board::{Scope, Variable};

/// Points of a picture over time.
const POINTS_MAX: u32 = 400;
/// Longest range, hours.
const HOURS_MAX: u32 = 24 * 92;

/// A range and what is picked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) scope: Scope,
    pub(crate) hours: u32,
    pub(crate) now_ns: i64,
}

impl Asked {
    /// Reads the parameters; what makes no sense is as if it were not there.
    pub(crate) fn read(
        parameter: impl Fn(&str) -> Option<String>,
        range: Duration,
        modes: &[String],
        now_ns: i64,
    ) -> Self {
        let usual = u32::try_from(range.as_secs().div_ceil(3600)).unwrap_or(HOURS_MAX);
        let hours = parameter("hours").and_then(|word| word.parse::<u32>().ok());
        let hours = hours.filter(|hours| (1..=HOURS_MAX).contains(hours)).unwrap_or(usual.max(1));
        let from_ns = now_ns.saturating_sub(i64::from(hours).saturating_mul(3_600_000_000_000));
        let mut scope = Scope::new(from_ns, now_ns, POINTS_MAX);
        for variable in Variable::ALL {
            let picked = parameter(variable.name()).filter(|value| !value.is_empty());
            scope = match (picked, variable) {
                (Some(value), _) => scope.only(variable, [value]),
                // Rows of a replay or a backtest are shown to whoever asks for them by name.
                (None, Variable::Mode) => scope.only(variable, modes.to_vec()),
                (None, _) => scope,
            };
        }
        Self { scope, hours, now_ns }
    }

    /// What is picked for a variable, if one value is.
    pub(crate) fn picked(&self, variable: Variable) -> Option<&str> {
        match self.scope.values(variable) {
            [one] => Some(one),
            _ => None,
        }
    }

    /// The same question as a query string.
    pub(crate) fn query(&self) -> String {
        let mut text = format!("hours={}", self.hours);
        for variable in Variable::ALL {
            if let Some(value) = self.picked(variable) {
                let value = percent_encoding::utf8_percent_encode(
                    value,
                    percent_encoding::NON_ALPHANUMERIC,
                );
                text.push_str(&format!("&{}={value}", variable.name()));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_bounds_and_written_again() {
        let modes = ["live".to_owned(), "paper".to_owned()];
        let hour = Duration::from_secs(3600);
        let read = |name: &'static str, value: &'static str| {
            let parameter = move |asked: &str| (asked == name).then(|| value.to_owned());
            Asked::read(parameter, hour, &modes, 1 << 60)
        };
        assert_eq!(read("hours", "5").query(), "hours=5");
        assert_eq!(read("hours", "0").hours, 1);
        assert_eq!(read("hours", "99999999").hours, 1);
        assert_eq!(read("strategy", "a&b").query(), "hours=1&strategy=a%26b");
        assert_eq!(read("strategy", "").scope.mode, modes);
        assert_eq!(read("mode", "replay").scope.mode, ["replay"]);
    }
}
