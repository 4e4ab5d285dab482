//! Who is told of which alerts, and how patiently.

pub(crate) mod span;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Alert, Class, Labels, Matcher, Severity};

/// A rule of who is told. Routes are tried in order; the first that matches takes the alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Route {
    /// Unique name; groups are kept under it over a restart.
    pub name: String,
    /// All must match the alert's labels, which for this purpose include `rule`, `family`, `severity`
    /// and `class`. Empty matches every alert.
    #[serde(rename = "match", default, skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<Matcher>,
    /// Names of receivers; each gets every message.
    pub to: Vec<String>,
    /// Alerts with the same values of these labels make one message. Default: `rule`, `strategy_id`.
    #[serde(default = "group_by")]
    pub group_by: Vec<String>,
    /// How long the first alert of a group waits for more. Default 30 s.
    #[serde(default = "wait", with = "span")]
    pub wait: Duration,
    /// How long changes of a group that was told wait for more; 0 tells each at once. Default 5 min.
    #[serde(default = "interval", with = "span")]
    pub interval: Duration,
    /// After this long a group that still fires is told again. Default 4 h.
    #[serde(default = "repeat", with = "span")]
    pub repeat: Duration,
    /// From this severity on nothing waits. Default: critical.
    #[serde(default)]
    pub urgent: Urgent,
    /// Who else is told when nobody acknowledges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalate: Vec<Step>,
    /// Whether the routes after this one are tried too.
    #[serde(default)]
    pub then: Then,
}

/// From which severity on alerts do not wait for others of their group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Urgent {
    /// Every alert.
    Info,
    /// Warnings and critical alerts.
    Warning,
    /// Critical alerts.
    #[default]
    Critical,
    /// All alerts wait.
    Never,
}

/// What happens after a route took an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Then {
    /// No other route is tried.
    #[default]
    Stop,
    /// The routes after this one are tried as well.
    Continue,
}

/// Somebody else is told when an alert is not acknowledged in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Step {
    /// Time from the first message of the alert.
    #[serde(with = "span")]
    pub after: Duration,
    /// Name of the receiver.
    pub to: String,
}

/// Alerts that say enough, so that others need not be told. The engine does this for the steps of one
/// rule; here it is for alerts of any origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Inhibit {
    /// While an alert fires that matches all of these,
    #[serde(rename = "while")]
    pub source: Vec<Matcher>,
    /// alerts that match all of these are not told,
    pub mute: Vec<Matcher>,
    /// if both have the same values of these labels; a label that is missing equals one that is missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub equal: Vec<String>,
}

impl Route {
    /// A route of every alert to these receivers, with the defaults.
    pub fn new<'a>(name: impl Into<String>, to: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            name: name.into(),
            matches: Vec::new(),
            to: to.into_iter().map(str::to_owned).collect(),
            group_by: group_by(),
            wait: wait(),
            interval: interval(),
            repeat: repeat(),
            urgent: Urgent::Critical,
            escalate: Vec::new(),
            then: Then::Stop,
        }
    }

    /// For alerts that match; a second call narrows further.
    #[must_use]
    pub fn matching(mut self, matcher: Matcher) -> Self {
        self.matches.push(matcher);
        self
    }

    /// With other patience: first wait, wait between messages, wait before a repetition.
    #[must_use]
    pub fn with_waits(self, wait: Duration, interval: Duration, repeat: Duration) -> Self {
        Self { wait, interval, repeat, ..self }
    }

    /// Grouped by these labels.
    #[must_use]
    pub fn with_group_by<'a>(self, labels: impl IntoIterator<Item = &'a str>) -> Self {
        Self { group_by: labels.into_iter().map(str::to_owned).collect(), ..self }
    }

    /// With another bound of urgency.
    #[must_use]
    pub fn with_urgent(self, urgent: Urgent) -> Self {
        Self { urgent, ..self }
    }

    /// With one more step of escalation.
    #[must_use]
    pub fn escalating(mut self, after: Duration, to: impl Into<String>) -> Self {
        self.escalate.push(Step { after, to: to.into() });
        self
    }

    /// And the routes after this one.
    #[must_use]
    pub fn and_continue(self) -> Self {
        Self { then: Then::Continue, ..self }
    }

    /// Whether an alert with these labels is taken; see [`Route::matches`].
    #[must_use]
    pub fn takes(&self, labels: &Labels) -> bool {
        self.matches.iter().all(|matcher| matcher.matches(labels))
    }

    /// Whether an alert of this severity does not wait.
    #[must_use]
    pub fn is_urgent(&self, severity: Severity) -> bool {
        match self.urgent {
            Urgent::Info => true,
            Urgent::Warning => severity >= Severity::Warning,
            Urgent::Critical => severity >= Severity::Critical,
            Urgent::Never => false,
        }
    }
}

impl Inhibit {
    /// While an alert fires that `source` matches, those that `mute` matches are not told.
    #[must_use]
    pub fn new(source: Vec<Matcher>, mute: Vec<Matcher>) -> Self {
        Self { source, mute, equal: Vec::new() }
    }

    /// Only where these labels are the same.
    #[must_use]
    pub fn with_equal<'a>(self, labels: impl IntoIterator<Item = &'a str>) -> Self {
        Self { equal: labels.into_iter().map(str::to_owned).collect(), ..self }
    }

    pub(crate) fn is_source(&self, labels: &Labels) -> bool {
        self.source.iter().all(|matcher| matcher.matches(labels))
    }

    pub(crate) fn is_target(&self, labels: &Labels) -> bool {
        self.mute.iter().all(|matcher| matcher.matches(labels))
    }

    pub(crate) fn is_same(&self, a: &Labels, b: &Labels) -> bool {
        self.equal.iter().all(|name| a.get(name) == b.get(name))
    }
}

/// Reads a span as it is written in a configuration: `90s`, `5m`, `2h`.
///
/// # Errors
///
/// What is wanted, in words.
pub fn parse_span(text: &str) -> Result<Duration, String> {
    span::parse(text).ok_or_else(|| span::wanted(text))
}

/// Labels to match against: the alert's own, and what it is.
pub(crate) fn route_labels(alert: &Alert) -> Labels {
    let mut labels = alert.labels.clone();
    labels.set("rule", alert.rule.as_str());
    labels.set("family", alert.family.as_str());
    labels.set("severity", alert.severity.as_str());
    labels.set("class", class_name(alert.class));
    labels
}

fn class_name(class: Class) -> &'static str {
    match class {
        Class::Liveness => "liveness",
        Class::SelfCheck => "self_check",
        _ => "risk",
    }
}

fn group_by() -> Vec<String> {
    vec!["rule".to_owned(), "strategy_id".to_owned()]
}

fn wait() -> Duration {
    Duration::from_secs(30)
}

fn interval() -> Duration {
    Duration::from_secs(5 * 60)
}

fn repeat() -> Duration {
    Duration::from_secs(4 * 3600)
}
