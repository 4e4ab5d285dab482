//! Who is told, how, and how patiently: part of the section `alerts` of a configuration.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use crate::receiver::{ReceiverConfig, STDERR};
use crate::route::{Inhibit, Route, span};

/// Receivers and routes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DeliveryConfig {
    /// Who can be told, by name. `stderr` is there without being named.
    pub receivers: BTreeMap<String, ReceiverConfig>,
    /// Who is told of what, in order. An alert that no route takes goes to the fallback. Default: every alert
    /// to every receiver.
    pub routes: Vec<Route>,
    /// Alerts that say enough, so that others need not be told.
    pub inhibit: Vec<Inhibit>,
    /// Receiver for what another one cannot be told. Default `stderr`.
    pub fallback: String,
    /// After this long without success the fallback is told as well. Default 30 s.
    #[serde(with = "span")]
    pub fallback_after: Duration,
    /// After this long without success a message is a dead letter. Default 1 h.
    #[serde(with = "span")]
    pub give_up_after: Duration,
}

/// Something in a [`DeliveryConfig`] that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeliveryProblem {
    /// Where, as `routes.night.to`.
    pub key: String,
    /// What stands there.
    pub found: String,
    /// What could.
    pub wanted: String,
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        Self {
            receivers: BTreeMap::new(),
            routes: Vec::new(),
            inhibit: Vec::new(),
            fallback: STDERR.to_owned(),
            fallback_after: Duration::from_secs(30),
            give_up_after: Duration::from_secs(3600),
        }
    }
}

impl DeliveryConfig {
    /// Adds a receiver.
    #[must_use]
    pub fn with_receiver(mut self, name: impl Into<String>, receiver: ReceiverConfig) -> Self {
        self.receivers.insert(name.into(), receiver);
        self
    }

    /// Adds a route after those that there are.
    #[must_use]
    pub fn with_route(mut self, route: Route) -> Self {
        self.routes.push(route);
        self
    }

    /// Adds an inhibition.
    #[must_use]
    pub fn with_inhibit(mut self, inhibit: Inhibit) -> Self {
        self.inhibit.push(inhibit);
        self
    }

    /// Sets [`DeliveryConfig::fallback`] and [`DeliveryConfig::fallback_after`].
    #[must_use]
    pub fn with_fallback(self, fallback: impl Into<String>, after: Duration) -> Self {
        Self { fallback: fallback.into(), fallback_after: after, ..self }
    }

    /// Sets [`DeliveryConfig::give_up_after`].
    #[must_use]
    pub fn with_give_up_after(self, span: Duration) -> Self {
        Self { give_up_after: span, ..self }
    }

    /// The routes that apply: those that are written down, or one of everything to everybody.
    #[must_use]
    pub fn effective_routes(&self) -> Vec<Route> {
        if !self.routes.is_empty() {
            return self.routes.clone();
        }
        let mut everybody: Vec<&str> = self.receivers.keys().map(String::as_str).collect();
        if everybody.is_empty() {
            everybody.push(STDERR);
        }
        vec![Route::new("default", everybody)]
    }

    /// Everything that cannot be meant: receivers that are not there, names that are taken twice.
    #[must_use]
    pub fn problems(&self) -> Vec<DeliveryProblem> {
        let mut problems = Vec::new();
        let known: Vec<&str> = self.names().collect();
        let mut check = |key: String, name: &str| {
            if !known.contains(&name) {
                let wanted = format!("a receiver: {}", known.join(", "));
                problems.push(DeliveryProblem { key, found: name.to_owned(), wanted });
            }
        };
        check("fallback".to_owned(), &self.fallback);
        for route in &self.routes {
            let place = format!("routes.{}", route.name);
            for name in &route.to {
                check(format!("{place}.to"), name);
            }
            for step in &route.escalate {
                check(format!("{place}.escalate"), &step.to);
            }
        }
        problems.extend(self.route_problems());
        for (name, receiver) in &self.receivers {
            let place = |field: &str| format!("receivers.{name}.{field}");
            problems.extend(receiver.problems(&place));
        }
        problems
    }

    fn route_problems(&self) -> Vec<DeliveryProblem> {
        let mut problems = Vec::new();
        for (index, route) in self.routes.iter().enumerate() {
            let mut add = |field: &str, found: &str, wanted: &str| {
                let key = format!("routes.{}.{field}", route.name);
                problems.push(DeliveryProblem {
                    key,
                    found: found.to_owned(),
                    wanted: wanted.to_owned(),
                });
            };
            if self.routes.iter().take(index).any(|other| other.name == route.name) {
                add("name", &route.name, "a name that no other route has");
            }
            if route.to.is_empty() {
                add("to", "nobody", "at least one receiver");
            }
            if route.repeat < Duration::from_secs(1) {
                add("repeat", &span::show(route.repeat), "at least 1s");
            }
            if route.escalate.iter().any(|step| step.after.is_zero()) {
                add("escalate", "0s", "a wait before somebody else is told; or name them in `to`");
            }
        }
        problems
    }

    /// Names of all receivers.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let own = self.receivers.keys().map(String::as_str);
        own.filter(|name| *name != STDERR).chain([STDERR])
    }
}
