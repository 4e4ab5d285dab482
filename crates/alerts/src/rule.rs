//! A rule as data: what is measured, when it is too much, and what a person is told. Nothing here
//! knows the engine, so that a dashboard can be rendered from the same rules.

mod check;
mod condition;
mod cron;
mod labels;
mod maintenance;
mod measure;
mod problem;
pub(crate) mod seconds;
mod unit;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use check::problems as rule_problems;
pub use condition::{Condition, Exception, Join, Override, Threshold};
pub use labels::{Glob, Labels, Matcher};
pub(crate) use maintenance::Schedule;
pub use maintenance::{MAINTENANCE_MAX, Maintenance, MaintenanceProblem};
pub use measure::{
    Across, By, Drawdown, Function, Measure, Metric, Over, PeakReset, Query, Session, SessionLoss,
    TimeOfDay, TimeOfDayError,
};
pub use problem::{RuleErrors, RuleProblem};
pub use unit::Unit;

/// Silence after which a series counts as absent, unless the rule says otherwise.
pub const ABSENT_AFTER: Duration = Duration::from_secs(300);

/// A rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Rule {
    /// Unique name.
    pub name: String,
    /// How bad.
    pub severity: Severity,
    /// What is measured.
    pub measure: Measure,
    /// When it is too much.
    pub condition: Condition,
    /// Which labels make one alert. Default: all labels of the series.
    #[serde(default)]
    pub by: By,
    /// How long the condition must hold before the rule fires. Default 0.
    #[serde(rename = "for_secs", default, with = "seconds")]
    pub pending_for: Duration,
    /// How long the rule goes on firing after the condition ended. Default 0.
    #[serde(rename = "keep_firing_for_secs", default, with = "seconds")]
    pub keep_firing_for: Duration,
    /// Who ends it.
    #[serde(default)]
    pub resolve: Resolve,
    /// What silence means.
    #[serde(default)]
    pub absent: Absent,
    /// Other limits for some instances.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
    /// Instances that must be there, also if they never said a word.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expected: Vec<Labels>,
    /// What the rule is about; decides what maintenance may mute. Default: risk, never muted.
    #[serde(default)]
    pub class: Class,
    /// Rules of one family are steps of one thing: while a more severe one fires, the others are
    /// inhibited for the same labels. Default: the rule's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Other rules that inhibit this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inhibited_by: Vec<Inhibition>,
    /// Whether people are told, or other rules only.
    #[serde(default)]
    pub audience: Audience,
    /// Labels that alerts get besides those of their series, for routes.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// What people read.
    #[serde(default)]
    pub text: Text,
}

/// How bad. Ordered: critical is the greatest.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// For information.
    Info,
    /// Look at it today.
    #[default]
    Warning,
    /// Act now.
    Critical,
}

/// Who ends an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Resolve {
    /// Samples that say that all is well.
    #[default]
    Auto,
    /// A person; the alert is latched.
    Manual,
}

/// What silence of a series means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Absent {
    /// From this age on, by arrival, a newest value is none. Default 300 s. A rolling window judges by
    /// what is in it and needs no such bound.
    #[serde(rename = "after_secs", default = "absent_after", with = "seconds")]
    pub after: Duration,
    /// What the rule does then.
    #[serde(default)]
    pub then: OnAbsent,
    /// How bad it is that the rule has nothing to judge by. Default: a warning.
    #[serde(default)]
    pub severity: Severity,
}

/// What a rule does when it has nothing to judge by: no sample, no number, an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OnAbsent {
    /// Says so: a state of its own, which ends no alert.
    #[default]
    NoData,
    /// Takes it for "all is well", as Prometheus does. For migrations.
    Resolve,
    /// Stays as it was.
    Keep,
}

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Class {
    /// Money at risk: never muted by maintenance.
    #[default]
    Risk,
    /// Whether something lives and is reached: a maintenance window mutes it.
    Liveness,
    /// The monitoring itself: never muted by maintenance.
    SelfCheck,
}

/// Who learns of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Audience {
    /// People.
    #[default]
    People,
    /// Only rules that are made of this one.
    Rules,
}

/// A rule that silences another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Inhibition {
    /// Name of the rule that silences.
    pub rule: String,
    /// Labels that must be the same in both.
    pub equal: Vec<String>,
    /// What it silences.
    #[serde(default)]
    pub silences: Silences,
}

/// What an [`Inhibition`] silences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Silences {
    /// The alert.
    #[default]
    Everything,
    /// That it has no data; when it fires it is told all the same.
    MissingData,
}

/// What people read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Text {
    /// Unit of value and threshold.
    #[serde(default)]
    pub unit: Unit,
    /// A few words: "Drawdown".
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What it means, one sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub meaning: String,
    /// What to do, one sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub action: String,
    /// Where that is written at length: an address, or a path in the repository.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub runbook: String,
    /// Where the limit comes from: a law, a paper, a convention.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
}

impl Rule {
    /// A rule about the newest value of `metric`.
    pub fn new(
        name: impl Into<String>,
        metric: impl Into<String>,
        condition: Condition,
        severity: Severity,
    ) -> Self {
        Self::measuring(name, Measure::last(metric), condition, severity)
    }

    /// A rule about any measure.
    pub fn measuring(
        name: impl Into<String>,
        measure: Measure,
        condition: Condition,
        severity: Severity,
    ) -> Self {
        Self {
            name: name.into(),
            severity,
            measure,
            condition,
            by: By::All,
            pending_for: Duration::ZERO,
            keep_firing_for: Duration::ZERO,
            resolve: Resolve::Auto,
            absent: Absent::default(),
            overrides: Vec::new(),
            expected: Vec::new(),
            class: Class::Risk,
            family: None,
            inhibited_by: Vec::new(),
            audience: Audience::People,
            labels: Labels::new(),
            text: Text::default(),
        }
    }

    /// A rule made of other rules.
    pub fn joining(name: impl Into<String>, condition: Condition, severity: Severity) -> Self {
        Self::measuring(name, Measure::Nothing, condition, severity)
    }

    /// The family; the name when there is none.
    #[must_use]
    pub fn family(&self) -> &str {
        self.family.as_deref().unwrap_or(&self.name)
    }

    /// Fires after the condition held for `span`.
    #[must_use]
    pub fn pending_for(self, span: Duration) -> Self {
        Self { pending_for: span, ..self }
    }

    /// Goes on firing for `span` after the condition ended.
    #[must_use]
    pub fn keep_firing_for(self, span: Duration) -> Self {
        Self { keep_firing_for: span, ..self }
    }

    /// Fires until a person ends it.
    #[must_use]
    pub fn latched(self) -> Self {
        Self { resolve: Resolve::Manual, ..self }
    }

    /// One alert for each set of values of these labels.
    #[must_use]
    pub fn by<'a>(self, labels: impl IntoIterator<Item = &'a str>) -> Self {
        Self { by: By::Labels(labels.into_iter().map(str::to_owned).collect()), ..self }
    }

    /// With this meaning of silence.
    #[must_use]
    pub fn absent(self, after: Duration, then: OnAbsent, severity: Severity) -> Self {
        Self { absent: Absent { after, then, severity }, ..self }
    }

    /// About this.
    #[must_use]
    pub fn of_class(self, class: Class) -> Self {
        Self { class, ..self }
    }

    /// One step of a family.
    #[must_use]
    pub fn in_family(self, family: impl Into<String>) -> Self {
        Self { family: Some(family.into()), ..self }
    }

    /// Silenced while `rule` fires with the same values of `equal`.
    #[must_use]
    pub fn inhibited_by<'a>(
        mut self,
        rule: &str,
        equal: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let equal = equal.into_iter().map(str::to_owned).collect();
        let silences = Silences::Everything;
        self.inhibited_by.push(Inhibition { rule: rule.to_owned(), equal, silences });
        self
    }

    /// Says nothing of missing data while `rule` fires with the same values of `equal`.
    #[must_use]
    pub fn data_inhibited_by<'a>(
        self,
        rule: &str,
        equal: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut rule = self.inhibited_by(rule, equal);
        if let Some(last) = rule.inhibited_by.last_mut() {
            last.silences = Silences::MissingData;
        }
        rule
    }

    /// Only for rules that are made of this one.
    #[must_use]
    pub fn for_rules_only(self) -> Self {
        Self { audience: Audience::Rules, ..self }
    }

    /// With another limit for some instances.
    #[must_use]
    pub fn with_override(mut self, exception: Override) -> Self {
        self.overrides.push(exception);
        self
    }

    /// With these words.
    #[must_use]
    pub fn with_text(self, text: Text) -> Self {
        Self { text, ..self }
    }
}

impl Text {
    /// Title and unit; the rest by its fields.
    pub fn new(title: impl Into<String>, unit: Unit) -> Self {
        Self { unit, title: title.into(), ..Self::default() }
    }

    /// What it means and what to do.
    #[must_use]
    pub fn explained(self, meaning: impl Into<String>, action: impl Into<String>) -> Self {
        Self { meaning: meaning.into(), action: action.into(), ..self }
    }
}

impl Default for Absent {
    fn default() -> Self {
        Self { after: ABSENT_AFTER, then: OnAbsent::NoData, severity: Severity::Warning }
    }
}

fn absent_after() -> Duration {
    ABSENT_AFTER
}

impl Severity {
    /// As it is written in files and columns.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}
