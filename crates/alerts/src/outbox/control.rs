//! Wishes of other processes: a file each in the outbox, answered by a file beside it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use plimsoll_durable::{Options, replace_with};

use super::OutboxError;
use crate::group::{Control, ControlError};

/// Directory of wishes and answers.
const DIR: &str = "control";

/// How often an answer is looked for.
const POLL: Duration = Duration::from_millis(20);

/// An answer that nobody fetched is removed after this.
const ANSWER_AGE_MAX: Duration = Duration::from_secs(3600);

/// Why a wish was not fulfilled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// It was refused; nothing was changed.
    #[error(transparent)]
    Refused(ControlError),
    /// The outbox cannot be used.
    #[error(transparent)]
    Outbox(OutboxError),
    /// The process that delivers did not answer in time. It does so as soon as it can.
    #[error("the process that delivers has not answered within {} s", after.as_secs())]
    NoAnswer {
        /// The bound.
        after: Duration,
    },
    /// An answer that is none.
    #[error("the answer cannot be read: {detail}")]
    Unreadable {
        /// What is wrong with it.
        detail: String,
    },
}

impl AskError {
    #[allow(clippy::needless_pass_by_value, reason = "so that it can be named in `map_err`")]
    pub(crate) fn unreadable(error: serde_json::Error) -> Self {
        Self::Unreadable { detail: error.to_string() }
    }
}

/// Leaves a wish for the process that delivers, and waits for its answer.
pub(crate) fn ask(dir: &Path, wish: &Control, timeout: Duration) -> Result<String, AskError> {
    let dir = dir.join(DIR);
    let io = |action, path: &Path, e| AskError::Outbox(OutboxError::io(action, path, e));
    fs::create_dir_all(&dir).map_err(|e| io("create", &dir, e))?;
    let name = super::new_id();
    let wish = serde_json::to_vec(wish).map_err(AskError::unreadable)?;
    let path = dir.join(format!("{name}.json"));
    write(&path, &wish).map_err(AskError::Outbox)?;
    let answer = dir.join(format!("{name}.answer"));
    let start = now();
    while start.elapsed() < timeout {
        match fs::read(&answer) {
            Ok(bytes) => {
                fs::remove_file(&answer).map_err(|e| io("remove", &answer, e))?;
                let answer: Result<String, ControlError> =
                    serde_json::from_slice(&bytes).map_err(AskError::unreadable)?;
                return answer.map_err(AskError::Refused);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => pause(POLL),
            Err(error) => return Err(io("read", &answer, error)),
        }
    }
    Err(AskError::NoAnswer { after: timeout })
}

/// Fulfills the wishes that wait. A wish is removed after its answer was written, so that a crash repeats it.
pub(crate) fn take(
    dir: &Path,
    mut fulfill: impl FnMut(&Control) -> Result<String, ControlError>,
) -> Result<(), OutboxError> {
    let dir = dir.join(DIR);
    let listed = match fs::read_dir(&dir) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(OutboxError::io("list", &dir, error)),
    };
    for entry in listed {
        let path = entry.map_err(|e| OutboxError::io("list", &dir, e))?.path();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => answer(&path, &mut fulfill)?,
            Some("answer") => remove_old(&path)?,
            _ => {}
        }
    }
    Ok(())
}

fn answer(
    path: &PathBuf,
    fulfill: &mut impl FnMut(&Control) -> Result<String, ControlError>,
) -> Result<(), OutboxError> {
    let bytes = fs::read(path).map_err(|e| OutboxError::io("read", path, e))?;
    // A wish that cannot be read is removed without an answer; who asked is told that nobody answered.
    if let Ok(wish) = serde_json::from_slice::<Control>(&bytes) {
        let answer = serde_json::to_vec(&fulfill(&wish))
            .map_err(|e| OutboxError::io("write", path, io::Error::from(e)))?;
        write(&path.with_extension("answer"), &answer)?;
    }
    fs::remove_file(path).map_err(|e| OutboxError::io("remove", path, e))
}

fn remove_old(path: &Path) -> Result<(), OutboxError> {
    let age = fs::metadata(path).and_then(|meta| meta.modified()).ok();
    let is_old = age.and_then(|at| at.elapsed().ok()).is_some_and(|age| age > ANSWER_AGE_MAX);
    if is_old {
        fs::remove_file(path).map_err(|e| OutboxError::io("remove", path, e))?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), OutboxError> {
    replace_with(path, &Options::default().with_mode(0o600), bytes)
        .map_err(|e| OutboxError::io("write", path, io::Error::other(e)))
}

#[allow(clippy::disallowed_methods, reason = "a bounded wait for another process, at the edge")]
fn now() -> Instant {
    Instant::now()
}

#[allow(clippy::disallowed_methods, reason = "a bounded wait for another process, at the edge")]
fn pause(span: Duration) {
    std::thread::sleep(span);
}
