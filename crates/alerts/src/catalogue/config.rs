//! Which rules there are: those that come with it, what is changed of them, and one's own.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{Entry, Limits, entries};
use crate::rule::{
    Condition, Measure, Over, PeakReset, Query, Rule, Session, Severity, rule_problems, seconds,
};

/// Rules of a configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RulesConfig {
    /// Names of rules that come with it and are off until named here.
    pub enable: Vec<String>,
    /// Names of rules that come with it and are not wanted.
    pub disable: Vec<String>,
    /// What is changed of rules that come with it, by their names.
    pub change: BTreeMap<String, RuleChange>,
    /// Rules of one's own.
    pub own: Vec<Rule>,
    /// Silence of equity, positions and health after which they are not known. Default 30 s. A mark may be a third of
    /// this old, at least 10 s.
    #[serde(rename = "stale_after_secs", with = "seconds")]
    pub stale_after: Duration,
    /// How often a channel of a venue says something at least, by its name. Default 5 s.
    pub ping_interval_secs: BTreeMap<String, f64>,
    /// Producers that must be there, as `service@host`, also if they never said a word.
    pub producers: Vec<String>,
    /// When the peak that drawdown is measured from starts anew. Default never.
    pub drawdown_reset: PeakReset,
    /// The day that a daily loss is measured in, where it is not the one that producers use.
    pub day: Option<Session>,
}

/// What is changed of a rule; what is not named stays.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RuleChange {
    /// The limit, in the rule's unit.
    pub threshold: Option<f64>,
    /// Where it resolves, in the rule's unit.
    pub resolve_at: Option<f64>,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// How long the condition must hold.
    pub for_secs: Option<f64>,
    /// How long it goes on firing afterwards.
    pub keep_firing_for_secs: Option<f64>,
    /// Length of its rolling windows.
    pub window_secs: Option<f64>,
    /// Smallest denominator of a ratio.
    pub to_min: Option<f64>,
}

/// Values that cannot be, or that exclude each other.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigProblem {
    /// What is wrong, in one line.
    pub message: String,
    /// The keys that take part, the one to change first: `rules.…`, `limits.…`.
    pub keys: Vec<String>,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.keys.join(", "))
    }
}

impl Default for RulesConfig {
    fn default() -> Self {
        Self {
            enable: Vec::new(),
            disable: Vec::new(),
            change: BTreeMap::new(),
            own: Vec::new(),
            stale_after: Duration::from_secs(30),
            ping_interval_secs: BTreeMap::new(),
            producers: Vec::new(),
            drawdown_reset: PeakReset::Never,
            day: None,
        }
    }
}

impl RulesConfig {
    /// Every rule that comes with it, on or off, with what is changed of it.
    #[must_use]
    pub fn catalogue(&self, limits: &Limits) -> Vec<Entry> {
        let mut entries = entries(limits, self);
        for entry in &mut entries {
            let name = entry.rule.name.clone();
            if let Some(change) = self.change.get(&name) {
                change.apply(&mut entry.rule);
            }
            entry.is_on = match entry.is_on {
                true => !self.disable.contains(&name),
                false => self.enable.contains(&name),
            };
        }
        entries
    }

    /// The rules to evaluate: those of the catalogue that are on, and one's own.
    #[must_use]
    pub fn rules(&self, limits: &Limits) -> Vec<Rule> {
        let entries = self.catalogue(limits);
        let mut rules: Vec<Rule> =
            entries.into_iter().filter(|entry| entry.is_on).map(|entry| entry.rule).collect();
        rules.extend(self.own.iter().cloned());
        // Whoever is off silences nobody.
        let names: BTreeSet<String> = rules.iter().map(|rule| rule.name.clone()).collect();
        let own: BTreeSet<&str> = self.own.iter().map(|rule| rule.name.as_str()).collect();
        for rule in rules.iter_mut().filter(|rule| !own.contains(rule.name.as_str())) {
            rule.inhibited_by.retain(|inhibition| names.contains(&inhibition.rule));
        }
        rules
    }

    /// What cannot be, and what excludes what; with both places.
    #[must_use]
    pub fn problems(&self, limits: &Limits) -> Vec<ConfigProblem> {
        let mut found = limit_problems(limits);
        let entries = entries(limits, self);
        found.extend(self.name_problems(&entries));
        let rules = self.rules(limits);
        for problem in rule_problems(&rules) {
            let key = match self.own.iter().position(|rule| rule.name == problem.rule) {
                Some(index) => format!("rules.own[{index}].{}", problem.field),
                None => format!("rules.change.{}", problem.rule),
            };
            found.push(ConfigProblem { message: problem.to_string(), keys: vec![key] });
        }
        found.extend(self.step_problems(&rules, &entries));
        found
    }

    fn name_problems(&self, entries: &[Entry]) -> Vec<ConfigProblem> {
        let known: BTreeMap<&str, bool> =
            entries.iter().map(|entry| (entry.rule.name.as_str(), entry.is_on)).collect();
        let mut found = Vec::new();
        let mut check =
            |name: &str, key: String, is_right: &dyn Fn(bool) -> Option<&'static str>| {
                let message = match known.get(name) {
                    None => format!("`{name}` is no rule that comes with it{}", near(name, &known)),
                    Some(is_on) => match is_right(*is_on) {
                        Some(why) => format!("`{name}` {why}"),
                        None => return,
                    },
                };
                found.push(ConfigProblem { message, keys: vec![key] });
            };
        for (index, name) in self.enable.iter().enumerate() {
            let key = format!("rules.enable[{index}]");
            check(name, key, &|is_on| is_on.then_some("is on already"));
        }
        for (index, name) in self.disable.iter().enumerate() {
            let key = format!("rules.disable[{index}]");
            check(name, key, &|is_on| (!is_on).then_some("is off already"));
        }
        for name in self.change.keys() {
            check(name, format!("rules.change.{name}"), &|_| None);
        }
        for (index, rule) in self.own.iter().enumerate() {
            if known.contains_key(rule.name.as_str()) {
                let message = format!("`{}` is the name of a rule that comes with it", rule.name);
                found.push(ConfigProblem {
                    message,
                    keys: vec![format!("rules.own[{index}].name")],
                });
            }
        }
        found
    }

    /// Steps of one family whose graver one comes first.
    fn step_problems(&self, rules: &[Rule], entries: &[Entry]) -> Vec<ConfigProblem> {
        let mut found = Vec::new();
        for low in rules {
            for high in rules.iter().filter(|high| {
                high.family() == low.family()
                    && high.severity > low.severity
                    && high.measure == low.measure
            }) {
                let Some((a, b)) = limits_of(low, high) else { continue };
                let message = format!(
                    "`{}` ({}) begins at {} and `{}` ({}) at {}: the graver one would come first",
                    low.name,
                    low.severity.as_str(),
                    low.text.unit.show(a),
                    high.name,
                    high.severity.as_str(),
                    low.text.unit.show(b),
                );
                let keys = vec![self.place(low, entries), self.place(high, entries)];
                found.push(ConfigProblem { message, keys });
            }
        }
        found
    }

    /// The key that a rule's limit stands at.
    fn place(&self, rule: &Rule, entries: &[Entry]) -> String {
        if let Some(index) = self.own.iter().position(|own| own.name == rule.name) {
            return format!("rules.own[{index}].condition");
        }
        let is_changed = self.change.get(&rule.name).is_some_and(|c| c.threshold.is_some());
        let entry = entries.iter().find(|entry| entry.rule.name == rule.name);
        match entry.and_then(|entry| entry.limit.as_ref()) {
            Some(limit) if !is_changed => format!("limits.{limit}"),
            _ => format!("rules.change.{}.threshold", rule.name),
        }
    }
}

/// Limits of two steps, when the graver one begins no later.
fn limits_of(low: &Rule, high: &Rule) -> Option<(f64, f64)> {
    let (a, b) = (low.condition.threshold()?.threshold, high.condition.threshold()?.threshold);
    let is_wrong = match (&low.condition, &high.condition) {
        (
            Condition::Above(_) | Condition::AtLeast(_),
            Condition::Above(_) | Condition::AtLeast(_),
        ) => a >= b,
        (
            Condition::Below(_) | Condition::AtMost(_),
            Condition::Below(_) | Condition::AtMost(_),
        ) => a <= b,
        _ => false,
    };
    is_wrong.then_some((a, b))
}

/// Limits of drawdown out of order, whether or not a rule uses them.
fn limit_problems(limits: &Limits) -> Vec<ConfigProblem> {
    let steps = [
        ("drawdown_warn_ratio", limits.drawdown_warn_ratio),
        ("drawdown_critical_ratio", limits.drawdown_critical_ratio),
        ("drawdown_kill_ratio", limits.drawdown_kill_ratio),
    ];
    let mut found = Vec::new();
    for (index, (lower, low)) in steps.iter().enumerate() {
        for (upper, high) in steps.iter().skip(index + 1) {
            if low >= high {
                found.push(ConfigProblem {
                    message: format!("`{lower}` of {low} is not below `{upper}` of {high}"),
                    keys: vec![format!("limits.{lower}"), format!("limits.{upper}")],
                });
            }
        }
    }
    found
}

/// The known name that is most like a wrong one.
fn near(name: &str, known: &BTreeMap<&str, bool>) -> String {
    let best = known.keys().map(|other| (distance(name, other), *other)).min();
    match best {
        Some((steps, other)) if steps <= 1 + name.len() / 4 => format!(", did you mean `{other}`?"),
        _ => String::new(),
    }
}

/// How many letters must be put in, taken out or replaced.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = i;
        let mut left = i.saturating_add(1);
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, y) in row.iter_mut().skip(1).zip(b.chars()) {
            let above = *cell;
            let change = corner.saturating_add(usize::from(x != y));
            left = change.min(above.saturating_add(1)).min(left.saturating_add(1));
            (corner, *cell) = (above, left);
        }
    }
    row.last().copied().unwrap_or_default()
}

impl RuleChange {
    fn apply(&self, rule: &mut Rule) {
        if let Some(limit) = rule.condition.threshold_mut() {
            if let Some(threshold) = self.threshold {
                // What resolves at a share of the limit goes on doing so.
                let share = limit.resolve_at.map(|at| at / limit.threshold);
                limit.resolve_at = share.map(|share| share * threshold);
                limit.threshold = threshold;
            }
            limit.resolve_at = self.resolve_at.or(limit.resolve_at);
        }
        rule.severity = self.severity.unwrap_or(rule.severity);
        let span = |secs: Option<f64>| Duration::try_from_secs_f64(secs?).ok();
        rule.pending_for = span(self.for_secs).unwrap_or(rule.pending_for);
        rule.keep_firing_for = span(self.keep_firing_for_secs).unwrap_or(rule.keep_firing_for);
        let window = span(self.window_secs);
        let set_window = |query: &mut Query| {
            if let (Over::Rolling(span), Some(window)) = (&mut query.over, window) {
                *span = window;
            }
        };
        match &mut rule.measure {
            Measure::Value(query) => set_window(query),
            Measure::Difference { of, minus } => [of, minus].into_iter().for_each(set_window),
            Measure::Ratio { of, to, to_min } => {
                [of, to].into_iter().for_each(set_window);
                *to_min = self.to_min.unwrap_or(*to_min);
            }
            Measure::Drawdown(_) | Measure::SessionLoss(_) | Measure::Nothing => {}
        }
    }
}
