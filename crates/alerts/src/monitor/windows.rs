//! Maintenance that somebody opens while rules run, as files in the directory of the monitor.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use super::{Monitor, MonitorError};
use crate::outbox::OutboxError;
use crate::{Alert, Maintenance, Now};

/// Most windows that are open together.
const WINDOWS_MAX: usize = 100;
/// Longest text of one.
const WINDOW_BYTES_MAX: u64 = 64 * 1024;

/// Windows of the configuration, and those that were opened.
#[derive(Debug)]
pub(super) struct Windows {
    configured: Vec<Maintenance>,
    opened: BTreeMap<String, Maintenance>,
}

impl Windows {
    pub(super) fn of(configured: Vec<Maintenance>) -> Self {
        Self { configured, opened: BTreeMap::new() }
    }
}

impl Monitor {
    /// Takes over what [`open_maintenance`] and [`close_maintenance`] changed; to be called once a
    /// second. Returns the alerts that are told or muted from now on.
    ///
    /// # Errors
    ///
    /// [`MonitorError::Disk`]: the directory cannot be read; windows stay as they are.
    pub fn look_for_maintenance(&mut self, now: Now) -> Result<&[Alert], MonitorError> {
        let opened = opened_maintenance(self.outbox.dir())?;
        if opened == self.windows.opened {
            return Ok(self.told(0));
        }
        self.windows.opened = opened;
        let all = self.windows.configured.iter().chain(self.windows.opened.values()).cloned();
        let all: Vec<Maintenance> = all.collect();
        let changes = self.engine.set_maintenance(all, now).map_err(MonitorError::Maintenance)?;
        let changes = changes.len();
        Ok(self.told(changes))
    }
}

/// Opens a window for the process that runs rules from `dir`, in place of one with the same name. It ends by
/// itself at its `until`.
///
/// # Errors
///
/// [`MonitorError::Maintenance`]: it is no window with a begin and an end; [`MonitorError::Disk`]: it cannot be
/// written.
pub fn open_maintenance(dir: &Path, name: &str, window: &Maintenance) -> Result<(), MonitorError> {
    window.check().map_err(MonitorError::Maintenance)?;
    let dir = windows_dir(dir);
    fs::create_dir_all(&dir).map_err(|source| failed("create", &dir, source))?;
    let path = file(&dir, name);
    let text = serde_json::to_vec(window)
        .map_err(|error| MonitorError::Unwritable { source: error.into() })?;
    plimsoll_durable::replace(&path, text)
        .map_err(|error| failed("write", &path, io::Error::other(error)))
}

/// Closes a window that was opened. Returns whether there was one.
///
/// # Errors
///
/// [`MonitorError::Disk`]: its file cannot be removed.
pub fn close_maintenance(dir: &Path, name: &str) -> Result<bool, MonitorError> {
    let path = file(&windows_dir(dir), name);
    match fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed("remove", &path, error)),
    }
}

/// Windows that were opened and not closed, by name; some may be over. What is no window mutes nothing, and is left
/// out.
///
/// # Errors
///
/// [`MonitorError::Disk`]: the directory cannot be read.
pub fn opened_maintenance(dir: &Path) -> Result<BTreeMap<String, Maintenance>, MonitorError> {
    let dir = windows_dir(dir);
    let entries = match fs::read_dir(&dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        entries => entries.map_err(|source| failed("read", &dir, source))?,
    };
    let mut windows = BTreeMap::new();
    for entry in entries.take(WINDOWS_MAX) {
        let path = entry.map_err(|source| failed("read", &dir, source))?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).map(str::to_owned);
        if let (Some(name), Some(window)) = (name, read(&path)) {
            windows.insert(name, window);
        }
    }
    Ok(windows)
}

fn windows_dir(dir: &Path) -> PathBuf {
    dir.join("maintenance")
}

/// The file of a name: what no file may be called is replaced.
fn file(dir: &Path, name: &str) -> PathBuf {
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    dir.join(format!("{}.json", name.chars().map(safe).collect::<String>()))
}

fn read(path: &Path) -> Option<Maintenance> {
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    let is_short = fs::metadata(path).is_ok_and(|file| file.len() <= WINDOW_BYTES_MAX);
    let text = fs::read_to_string(path).ok().filter(|_| is_short && is_json)?;
    let window: Maintenance = serde_json::from_str(&text).ok()?;
    window.check().is_ok().then_some(window)
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> MonitorError {
    MonitorError::Disk(OutboxError::Io { action, path: path.to_owned(), source })
}
