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
    /// Find the images of the release by their digests, and keep those.
    Pin,
    /// Say that services will be away.
    Announce,
    /// Change the tables.
    Migrate,
    /// Keep the rows that the release that runs has written.
    KeepRows,
    /// Let the release that runs change its tables back.
    TablesBack,
    /// Start a stateless service beside the old one.
    Start {
        /// Which.
        service: String,
    },
    /// Stop the old one of a service, then start the new one.
    Replace {
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
    /// Say that everything is there again.
    EndDowntime,
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
    if subject.to.services.values().any(|launch| launch.container.is_some()) {
        add("pin images", Action::Pin);
    }
    add("announce downtime", Action::Announce);
    let has_tables = settings.migrate.is_some();
    match subject.request {
        Request::Deploy if has_tables => add("migrate tables", Action::Migrate),
        Request::RollbackWithTables if has_tables => {
            add("keep newer rows", Action::KeepRows);
            add("tables back", Action::TablesBack);
        }
        _ => {}
    }
    for launch in subject.to.of(Kind::Stateless) {
        let service = launch.name.clone();
        add(&format!("start {service}"), Action::Start { service });
    }
    for launch in subject.to.of(Kind::Single) {
        let service = launch.name.clone();
        add(&format!("replace {service}"), Action::Replace { service });
    }
    for launch in subject.to.of(Kind::Stateless).chain(subject.to.of(Kind::Single)) {
        let service = launch.name.clone();
        add(&format!("switch {service}"), Action::Switch { service });
    }
    for (name, action) in strategies(subject) {
        add(name, action);
    }
    add("watch", Action::Watch);
    for name in settings.smoke.keys() {
        add(&format!("smoke {name}"), Action::Smoke { name: name.clone() });
    }
    add("record", Action::Record);
    add("retire the old release", Action::Retire);
    add("end downtime", Action::EndDowntime);
    let build = settings.build.as_ref().map_or(0, |build| build.timeout_secs);
    let build = if subject.request == Request::Deploy { build } else { 0 };
    let deadline = Duration::from_secs(u64::from(settings.deadline_secs) + u64::from(build));
    let text = serde_json::to_string(subject)?;
    Ok(Plan::new(subject.request.as_str(), text, steps).with_deadline(deadline))
}

/// What takes strategies from one release to the other, if there are any.
fn strategies(subject: &Subject) -> Vec<(&'static str, Action)> {
    let mut both = subject.from.iter().chain([&subject.to]);
    if !both.any(|release| release.of(Kind::Strategy).next().is_some()) {
        return Vec::new();
    }
    let mut steps = vec![("fence strategies", Action::Fence)];
    if subject.settings.cancel {
        steps.push(("cancel orders", Action::Cancel));
    }
    steps.extend([
        ("stop strategies", Action::Stop),
        (CAPTURE, Action::Capture),
        ("start strategies, not armed", Action::Launch),
        ("reconcile", Action::Reconcile),
        ("start strategies once more", Action::Relaunch),
        ("arm", Action::Arm),
    ]);
    steps
}
