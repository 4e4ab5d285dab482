//! Rules that come with it: what a risk person expects, on by default or off until enabled.

mod config;
mod limits;
mod liveness;
mod orders;
mod position;
mod risk;
mod self_check;

use std::time::Duration;

pub use config::{ConfigProblem, RuleChange, RulesConfig};
pub use limits::{Limits, OpenOrders, PositionLimit, PositionMax, PositionSize};

use crate::rule::{Absent, Class, Measure, OnAbsent, Rule, Severity, Text, Unit};

/// A rule that comes with it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// The rule, with the limits that apply.
    pub rule: Rule,
    /// Whether it is evaluated.
    pub is_on: bool,
    /// The limit that its threshold comes from, as `drawdown_warn_ratio`.
    pub limit: Option<String>,
}

impl Entry {
    /// A rule of one's own, which is on.
    #[must_use]
    pub fn own(rule: Rule) -> Self {
        Self::on(rule)
    }

    fn on(rule: Rule) -> Self {
        Self { rule, is_on: true, limit: None }
    }

    fn off(rule: Rule) -> Self {
        Self { rule, is_on: false, limit: None }
    }

    fn limited_by(self, limit: &str) -> Self {
        Self { limit: Some(limit.to_owned()), ..self }
    }

    /// Tables and columns that it reads, as `trading_risk.equity`; those of its parts for a joined rule
    /// are with the parts.
    #[must_use]
    pub fn places(&self) -> Vec<&str> {
        let mut places: Vec<&str> = self
            .rule
            .measure
            .queries()
            .into_iter()
            .map(|query| query.metric.split('=').next().unwrap_or_default())
            .collect();
        places.sort_unstable();
        places.dedup();
        places
    }
}

/// Every rule that comes with it, in the order in which people read them.
fn entries(limits: &Limits, config: &RulesConfig) -> Vec<Entry> {
    let mut all = risk::entries(limits, config);
    all.extend(position::entries(limits, config));
    all.extend(orders::entries());
    all.extend(liveness::entries(config));
    all.extend(self_check::entries(config));
    all
}

const MINUTE: Duration = Duration::from_secs(60);
const FIVE_MINUTES: Duration = Duration::from_secs(300);

/// Labels that tell where rows come from.
const WHERE: [&str; 2] = ["env", "mode"];

/// Those labels and more.
fn by<'a>(more: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    WHERE.into_iter().chain(more).collect()
}

/// Words for a rule; its runbook is its place in the documentation.
fn text(title: &str, unit: Unit, meaning: &str, action: &str, source: &str) -> Text {
    let mut text = Text::new(title, unit).explained(meaning, action);
    text.runbook = format!("docs/alerts.md#{}", anchor(title));
    source.clone_into(&mut text.source);
    text
}

fn anchor(title: &str) -> String {
    title.to_lowercase().replace(' ', "-")
}

/// Silence of a state that is told each few seconds.
fn stale(after: Duration, severity: Severity) -> Absent {
    Absent { after, then: OnAbsent::NoData, severity }
}

/// A rule that only others look at; it stays as it was while nothing comes.
fn part(name: &str, measure: Measure, condition: crate::rule::Condition) -> Rule {
    Rule::measuring(name, measure, condition, Severity::Warning)
        .for_rules_only()
        .of_class(Class::Liveness)
}
