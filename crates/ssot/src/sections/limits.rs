//! How much may be lost, held and borrowed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::number::{Positive, Ratio};
use crate::spec::Complaint;

/// Section `limits`: how much may be lost, held and borrowed before somebody is told, and before
/// trading has to stop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// Drawdown from the peak of equity at which people are warned. Default 0.05 (5 %).
    pub drawdown_warn_ratio: Ratio,
    /// Drawdown from the peak of equity that is critical. Default 0.10 (10 %).
    pub drawdown_critical_ratio: Ratio,
    /// Drawdown from the peak of equity at which trading has to stop. Default 0.15 (15 %).
    pub drawdown_kill_ratio: Ratio,
    /// Loss since the start of the session, of the equity at that time. Default 0.02 (2 %).
    pub max_daily_loss_ratio: Ratio,
    /// Gross notional over equity, of one account or strategy. Default 3.
    pub max_leverage: Positive,
    /// When a trading day begins, HH:MM in UTC. Default 00:00.
    pub session_start: TimeOfDay,
    /// What holds for an instrument that no entry of `position` matches; null: nothing does, and
    /// holding such an instrument is critical. Default: a tenth of equity.
    pub position_default: Option<PositionDefault>,
    /// Limits of single instruments. The most specific match holds. Default none.
    pub position: Vec<PositionLimit>,
    /// Limits of everything together.
    pub portfolio: PortfolioLimits,
}

/// What holds for instruments without a limit of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct PositionDefault {
    /// Largest notional of a position, as a ratio of equity. Default 0.10 (10 %).
    pub max_equity_ratio: Positive,
    /// Whether open orders on the same side count as if they were filled. Default true.
    pub count_open_orders: bool,
}

/// The limit of an instrument's position; exactly one of the three sizes is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PositionLimit {
    /// Instruments, such as `BTC-*.HYPERLIQUID`; `*` stands for any letters.
    pub r#match: String,
    /// Accounts; `*` stands for any letters. Default `*`.
    #[serde(default = "any")]
    pub account: String,
    /// Largest size, in units of the instrument.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_qty: Option<Positive>,
    /// Largest notional, in the base currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_notional: Option<Positive>,
    /// Largest notional as a ratio of equity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_equity_ratio: Option<Positive>,
    /// Whether open orders on the same side count as if they were filled. Default true.
    #[serde(default = "yes")]
    pub count_open_orders: bool,
}

/// Limits of everything that is held together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct PortfolioLimits {
    /// Sum of the notionals, whatever their side, over equity. Default none.
    pub max_gross_ratio: Option<Positive>,
    /// Sum of the notionals, short ones subtracted, over equity. Default none.
    pub max_net_ratio: Option<Positive>,
    /// Gross notional over equity of all accounts together. Default: `limits.max_leverage`.
    pub max_leverage: Option<Positive>,
}

fn any() -> String {
    "*".to_owned()
}

fn yes() -> bool {
    true
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            drawdown_warn_ratio: ratio(0.05),
            drawdown_critical_ratio: ratio(0.10),
            drawdown_kill_ratio: ratio(0.15),
            max_daily_loss_ratio: ratio(0.02),
            max_leverage: positive(3.0),
            session_start: TimeOfDay::default(),
            position_default: Some(PositionDefault::default()),
            position: Vec::new(),
            portfolio: PortfolioLimits::default(),
        }
    }
}

impl Default for PositionDefault {
    fn default() -> Self {
        Self { max_equity_ratio: positive(0.10), count_open_orders: true }
    }
}

fn ratio(number: f64) -> Ratio {
    Ratio::new(number).expect("a default of this file, above 0 and at most 1")
}

fn positive(number: f64) -> Positive {
    Positive::new(number).expect("a default of this file, above 0")
}

impl Limits {
    /// Returns which limits exclude each other.
    #[must_use]
    pub fn problems(&self) -> Vec<Complaint> {
        let mut problems = Vec::new();
        let steps = [
            ("drawdown_warn_ratio", self.drawdown_warn_ratio),
            ("drawdown_critical_ratio", self.drawdown_critical_ratio),
            ("drawdown_kill_ratio", self.drawdown_kill_ratio),
        ];
        for ((lower, low), (upper, high)) in steps.iter().zip(steps.iter().skip(1)) {
            if low >= high {
                let message = format!("`{lower}` of {low} is not below `{upper}` of {high}");
                problems.push(Complaint::new(message, [*lower, *upper]));
            }
        }
        if self.max_daily_loss_ratio >= self.drawdown_kill_ratio {
            let message = format!(
                "a daily loss of {} is allowed, and a drawdown of {} stops trading before",
                self.max_daily_loss_ratio, self.drawdown_kill_ratio
            );
            problems.push(Complaint::new(message, ["max_daily_loss_ratio", "drawdown_kill_ratio"]));
        }
        problems.extend(self.portfolio_problems());
        problems.extend(self.position_problems());
        problems
    }

    fn portfolio_problems(&self) -> Option<Complaint> {
        let PortfolioLimits { max_gross_ratio, max_net_ratio, .. } = &self.portfolio;
        let (gross, net) =
            max_gross_ratio.zip(*max_net_ratio).filter(|(gross, net)| net > gross)?;
        let message = format!("a net of {net} cannot be reached where the gross ends at {gross}");
        Some(Complaint::new(message, ["portfolio.max_net_ratio", "portfolio.max_gross_ratio"]))
    }

    fn position_problems(&self) -> Vec<Complaint> {
        let mut problems = Vec::new();
        for (at, limit) in self.position.iter().enumerate() {
            let entry = format!("position[{at}]");
            if limit.r#match.trim().is_empty() {
                let key = format!("{entry}.match");
                problems.push(Complaint::new("an empty pattern matches nothing", [key]));
            }
            let sizes = [
                ("max_qty", limit.max_qty),
                ("max_notional", limit.max_notional),
                ("max_equity_ratio", limit.max_equity_ratio),
            ];
            let given: Vec<_> =
                sizes.iter().filter(|(_, size)| size.is_some()).map(|(name, _)| name).collect();
            match given.as_slice() {
                [] => problems.push(Complaint::new(
                    "no size: wanted max_qty, max_notional or max_equity_ratio",
                    [entry.clone()],
                )),
                [_] => {}
                several => problems.push(Complaint::new(
                    "several sizes: only one of them can be the limit",
                    several.iter().map(|name| format!("{entry}.{name}")),
                )),
            }
            let same = |other: &PositionLimit| {
                other.r#match == limit.r#match && other.account == limit.account
            };
            if let Some(first) = self.position.iter().take(at).position(same) {
                let message = format!("`{}` has a limit already", limit.r#match);
                let keys = [format!("{entry}.match"), format!("position[{first}].match")];
                problems.push(Complaint::new(message, keys));
            }
        }
        problems
    }
}

/// A time of the day in UTC, written `HH:MM`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "schema", schemars(with = "String", extend("pattern" = "^([01][0-9]|2[0-3]):[0-5][0-9]$")))]
pub struct TimeOfDay {
    minutes: u16,
}

impl TimeOfDay {
    /// Returns the minutes after midnight, below 1,440.
    #[must_use]
    pub fn minutes(self) -> u16 {
        self.minutes
    }
}

impl FromStr for TimeOfDay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = || format!("found {text:?}, wanted a time such as 08:30, in UTC");
        let (hours, minutes) = text.split_once(':').ok_or_else(wanted)?;
        let number = |part: &str, below: u16| {
            let is_two_digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            part.parse().ok().filter(|number: &u16| is_two_digits && *number < below)
        };
        match (number(hours, 24), number(minutes, 60)) {
            (Some(hours), Some(minutes)) => Ok(Self { minutes: hours * 60 + minutes }),
            _ => Err(wanted()),
        }
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}
