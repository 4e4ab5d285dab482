//! A deploy is maintenance: what it stops by itself pages nobody.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use plimsoll_alerts::{
    Glob, MAINTENANCE_MAX, Maintenance, close_maintenance, open_maintenance, opened_maintenance,
};
use plimsoll_snapshot::deploy::{Downtime, DowntimeError};

use crate::moment::now;

/// Opens and closes windows of maintenance of whoever runs rules from an outbox.
#[derive(Debug)]
pub(crate) struct Windows {
    dir: PathBuf,
    matches: BTreeMap<String, Glob>,
}

impl Windows {
    /// Windows for alerts with these labels; by default with those of the environment.
    pub(crate) fn new(outbox: &Path, env: &str, labels: &BTreeMap<String, String>) -> Self {
        let named = |(label, value): (&String, &String)| (label.clone(), Glob::new(value.as_str()));
        let mut matches: BTreeMap<String, Glob> = labels.iter().map(named).collect();
        if matches.is_empty() {
            matches.insert("env".to_owned(), Glob::new(env));
        }
        Self { dir: outbox.join("rules"), matches }
    }
}

fn untold<E>(error: E) -> DowntimeError
where
    E: std::error::Error + Send + Sync + 'static,
{
    DowntimeError::new("no maintenance was announced").with_source(error)
}

impl Downtime for Windows {
    fn announce(&mut self, reason: &str, time_max: Duration) -> Result<String, DowntimeError> {
        // Nobody was ever told anything from there, so nobody is now.
        if !self.dir.is_dir() {
            return Ok("no rules are run here".to_owned());
        }
        let opened = opened_maintenance(&self.dir).map_err(untold)?;
        if opened.values().any(|window| window.reason == reason) {
            return Ok("was announced".to_owned());
        }
        let mut window = window(reason, time_max, now());
        window.matches.clone_from(&self.matches);
        open_maintenance(&self.dir, reason, &window).map_err(untold)?;
        Ok(format!("maintenance until {} at most", window.until.unwrap_or_default()))
    }

    fn end(&mut self, reason: &str) -> Result<String, DowntimeError> {
        let was_open = close_maintenance(&self.dir, reason).map_err(untold)?;
        Ok(if was_open { "maintenance is over" } else { "none was announced" }.to_owned())
    }
}

/// A window from `now` on, cut to the longest that may be.
pub(crate) fn window(reason: &str, span: Duration, now: SystemTime) -> Maintenance {
    let text = |at: SystemTime| {
        jiff::Timestamp::try_from(at).map(|at| format!("{at:.0}")).unwrap_or_default()
    };
    let mut window = Maintenance::default();
    window.from = Some(text(now));
    window.until = Some(text(now + span.min(MAINTENANCE_MAX)));
    reason.clone_into(&mut window.reason);
    window
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deploy_that_goes_on_keeps_the_end_that_was_announced() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("rules")).unwrap();
        let mut windows = Windows::new(home.path(), "prod", &BTreeMap::new());
        let reason = "deploy v2 (node 1/2)";
        let first = windows.announce(reason, Duration::from_secs(60)).unwrap();
        assert!(first.starts_with("maintenance until "), "{first}");
        assert_eq!(windows.announce(reason, Duration::from_secs(60)).unwrap(), "was announced");
        assert_eq!(windows.end(reason).unwrap(), "maintenance is over");
        assert_eq!(windows.end(reason).unwrap(), "none was announced");
    }
}
