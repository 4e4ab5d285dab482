//! Which steps, in which order.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::config::Kind;
use super::request::{Request, Subject};
use crate::plan::{Plan, Step};

/// Name of the step that reads what the accounts hold; its output is that.
pub(super) const CAPTURE: &str = "read accounts";

/// What can be done, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// Look whether it may begin.
    Preflight,
    /// Make a snapshot of the present.
    Protect,
    /// Put the files of the commit into their directory.
    Checkout,
    /// Build it there.
    Build,
    /// Change the tables.
    Migrate,
    /// Let the release that runs change its tables back.
    TablesBack,
    /// Start a stateless service beside the old one.
    Start {
        /// Which.
        service: String,
    },
    /// Say that it is where its users find it.
    Switch {
        /// Which.
        service: String,
    },
    /// Take the leases away from the strategies that run.
    Fence,
    /// Run the operator's program that cancels orders.
    Cancel,
    /// Stop the strategies that run.
    Stop,
    /// Read the accounts until they stand still.
    Capture,
    /// Start the new strategies, not armed.
    Launch,
    /// Compare what the accounts hold with what they held.
    Reconcile,
    /// Start the new strategies once more: nothing may change by that.
    Relaunch,
    /// Let the new strategies send orders.
    Arm,
    /// Watch everything for a while.
    Watch,
    /// A smoke test.
    Smoke {
        /// Which.
        name: String,
    },
    /// Write down what runs now.
    Record,
    /// Stop the stateless services of the old release.
    Retire,
}

/// The steps that lead to what is wanted.
///
/// # Errors
///
/// When it cannot be written down.
pub fn plan(subject: &Subject) -> Result<Plan<Action>, serde_json::Error> {
    let mut steps = vec![Step::new("preflight", Action::Preflight)];
    let mut add = |name: &str, action: Action| steps.push(Step::new(name, action));
    let settings = &subject.settings;
    add("snapshot", Action::Protect);
    add("check out", Action::Checkout);
    if settings.build.is_some() {
        add("build", Action::Build);
    }
    let has_tables = settings.migrate.is_some();
    match subject.request {
        Request::Deploy if has_tables => add("migrate tables", Action::Migrate),
        Request::RollbackWithTables if has_tables => add("tables back", Action::TablesBack),
        _ => {}
    }
    for launch in subject.to.of(Kind::Stateless) {
        let service = launch.name.clone();
        add(&format!("start {service}"), Action::Start { service });
    }
    for launch in subject.to.of(Kind::Stateless) {
        let service = launch.name.clone();
        add(&format!("switch {service}"), Action::Switch { service });
    }
    let old = subject.from.as_ref().is_some_and(|from| from.of(Kind::Strategy).next().is_some());
    let new = subject.to.of(Kind::Strategy).next().is_some();
    if old || new {
        add("fence strategies", Action::Fence);
        if settings.cancel {
            add("cancel orders", Action::Cancel);
        }
        add("stop strategies", Action::Stop);
        add(CAPTURE, Action::Capture);
        add("start strategies, not armed", Action::Launch);
        add("reconcile", Action::Reconcile);
        add("start strategies once more", Action::Relaunch);
        add("arm", Action::Arm);
    }
    add("watch", Action::Watch);
    for name in settings.smoke.keys() {
        add(&format!("smoke {name}"), Action::Smoke { name: name.clone() });
    }
    add("record", Action::Record);
    add("retire the old release", Action::Retire);
    let build = settings.build.as_ref().map_or(0, |build| build.timeout_secs);
    let build = if subject.request == Request::Deploy { build } else { 0 };
    let deadline = Duration::from_secs(u64::from(settings.deadline_secs) + u64::from(build));
    let text = serde_json::to_string(subject)?;
    Ok(Plan::new(subject.request.as_str(), text, steps).with_deadline(deadline))
}
