//! A deploy is maintenance: what it stops by itself pages nobody.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use plimsoll_alerts::{
    MAINTENANCE_MAX, Maintenance, MonitorError, close_maintenance, open_maintenance,
};

/// Maintenance for as long as it is there, and no longer than its span.
#[derive(Debug)]
pub(crate) struct Quiet {
    dir: PathBuf,
    name: String,
}

impl Quiet {
    /// Announces it to whoever runs rules from `outbox`; nothing if nobody ever did.
    pub(crate) fn begin(
        outbox: &Path,
        name: &str,
        span: Duration,
        now: SystemTime,
    ) -> Result<Option<Self>, MonitorError> {
        let dir = outbox.join("rules");
        if !dir.is_dir() {
            return Ok(None);
        }
        open_maintenance(&dir, name, &window(name, span, now))?;
        Ok(Some(Self { dir, name: name.to_owned() }))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // It ends by itself at its deadline if this fails.
        drop(close_maintenance(&self.dir, &self.name));
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
