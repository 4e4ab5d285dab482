//! What a person wants of the process that runs the rules, as files in its directory.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{Cursors, Monitor, MonitorError};
use crate::outbox::OutboxError;
use crate::{Alert, AlertState, Labels, Now};

/// Most wishes that are looked at together.
const WISHES_MAX: usize = 100;
/// Longest wish.
const WISH_BYTES_MAX: u64 = 64 * 1024;

/// A person ends the alerts of a rule, latched or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Wish {
    /// Name of the rule.
    pub rule: String,
    /// Labels that the alerts must have; none means all alerts of the rule.
    pub labels: Labels,
    /// Who wants it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A wish, and the alerts that it ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Obeyed {
    /// What was wanted.
    pub wish: Wish,
    /// What changed.
    pub alerts: Vec<Alert>,
}

impl Wish {
    /// Ends all alerts of a rule.
    pub fn new(rule: impl Into<String>, by: impl Into<String>, reason: impl Into<String>) -> Self {
        let labels = Labels::new();
        Self { rule: rule.into(), labels, by: by.into(), reason: reason.into() }
    }

    /// Only those with these labels.
    #[must_use]
    pub fn of(self, labels: Labels) -> Self {
        Self { labels, ..self }
    }
}

impl Monitor {
    /// Ends the alerts that a person means. One whose condition still holds fires anew with its next
    /// row.
    pub fn resolve(&mut self, wish: &Wish, now: Now) -> Vec<Alert> {
        let is_meant = |labels: &Labels| wish.labels.iter().all(|(k, v)| labels.get(k) == v);
        let open = self.status().into_iter().filter(|status| {
            let is_open = !matches!(status.state, AlertState::Normal | AlertState::Resolved);
            status.rule == wish.rule && is_open && is_meant(&status.labels)
        });
        let mut ended = Vec::new();
        for status in open.collect::<Vec<_>>() {
            let changes = self.engine.resolve(&status.rule, &status.labels, now).len();
            ended.extend(self.told(changes).iter().cloned());
        }
        ended
    }

    /// Does what people asked for with [`ask_to_resolve`], and keeps the state before it forgets the
    /// wish.
    ///
    /// # Errors
    ///
    /// [`MonitorError`]: the directory cannot be read, or the state not kept; the wishes stay.
    pub fn obey(&mut self, cursors: &Cursors, now: Now) -> Result<Vec<Obeyed>, MonitorError> {
        let dir = wishes_dir(self.outbox.dir());
        let mut obeyed = Vec::new();
        let found = wishes(&dir).map_err(|source| failed("read", &dir, source))?;
        for path in &found {
            // What is no wish is as good as none.
            let Some(wish) = read(path) else { continue };
            let alerts = self.resolve(&wish, now);
            obeyed.push(Obeyed { wish, alerts });
        }
        if !found.is_empty() {
            self.keep_now(cursors, now)?;
        }
        for path in found {
            fs::remove_file(&path).map_err(|source| failed("remove", &path, source))?;
        }
        Ok(obeyed)
    }
}

/// Asks the process that runs rules from `dir` to end alerts. Returns the file of the wish: it is gone
/// when it was obeyed.
///
/// # Errors
///
/// [`MonitorError::Disk`]: the wish cannot be written.
pub fn ask_to_resolve(dir: &Path, wish: &Wish) -> Result<PathBuf, MonitorError> {
    let dir = wishes_dir(dir);
    fs::create_dir_all(&dir).map_err(|source| failed("create", &dir, source))?;
    let path = dir.join(format!("{}.json", crate::outbox::new_id()));
    let text = serde_json::to_vec(wish)
        .map_err(|error| MonitorError::Unwritable { source: error.into() })?;
    plimsoll_durable::replace(&path, text)
        .map_err(|error| failed("write", &path, io::Error::other(error)))?;
    Ok(path)
}

fn wishes_dir(dir: &Path) -> PathBuf {
    dir.join("wishes")
}

/// Files of wishes, oldest name first.
fn wishes(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut paths = Vec::new();
    for entry in entries.take(WISHES_MAX) {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Option<Wish> {
    let is_short = fs::metadata(path).is_ok_and(|file| file.len() <= WISH_BYTES_MAX);
    let text = fs::read_to_string(path).ok().filter(|_| is_short)?;
    serde_json::from_str(&text).ok()
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> MonitorError {
    MonitorError::Disk(OutboxError::Io { action, path: path.to_owned(), source })
}
