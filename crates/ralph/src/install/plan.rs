//! What an installation will change, before it does.

use super::events::{EXEC_FORM_SINCE, WANTED, Wanted};
use super::settings::{Edit, Entry, SettingsError, add};
use crate::config::Mode;
use crate::event::Version;

/// The hook program, as settings name it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HookProgram {
    /// Its path, or its name if it is found on the path of every client.
    pub path: String,
    /// What it does where nothing else says so; the environment wins over it.
    pub mode: Mode,
}

impl HookProgram {
    /// A program that works in this mode.
    #[must_use]
    pub fn new(path: impl Into<String>, mode: Mode) -> Self {
        Self { path: path.into(), mode }
    }
}

/// A hook that is not put in, because this client does not know its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// The event.
    pub event: &'static str,
    /// The oldest client that knows it.
    pub since: Version,
    /// What is lost without it.
    pub without: &'static str,
}

/// What an installation changes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// The settings as they will be.
    pub after: String,
    /// Hooks that are put in, in the order of a session.
    pub events: Vec<&'static str>,
    /// Hooks that are not.
    pub left_out: Vec<LeftOut>,
    /// Whether hooks start without a shell.
    pub is_exec_form: bool,
    pub(super) edits: Vec<Edit>,
    pub(super) entries: Vec<Entry>,
    pub(super) status_line: Option<String>,
}

/// Plans hooks for a settings file with this text, which holds none of ours; an empty text is no file.
///
/// Without a client's version only what every client knows is put in: before 2.1.101 one unknown event voids the whole
/// file, and nobody says so.
///
/// # Errors
///
/// [`SettingsError`] if the text is not what a client takes.
pub fn plan(
    settings: &str,
    hook: &HookProgram,
    client: Option<Version>,
    status_line: Option<&str>,
) -> Result<Plan, SettingsError> {
    let client = client.unwrap_or_default();
    let is_exec_form = client >= EXEC_FORM_SINCE;
    let (known, unknown): (Vec<_>, Vec<_>) =
        WANTED.iter().partition(|wanted| client >= wanted.since);
    let entries: Vec<Entry> = known
        .iter()
        .map(|wanted: &&Wanted| {
            let mode = hook.mode.name();
            let (command, args) = if is_exec_form {
                (hook.path.clone(), Some(vec![mode.to_owned()]))
            } else {
                (format!("{} {mode}", quoted(&hook.path)), None)
            };
            Entry {
                event: wanted.event.to_owned(),
                command,
                args,
                timeout_secs: wanted.timeout_secs,
            }
        })
        .collect();
    let (after, edits) = add(settings, &entries, status_line)?;
    let left_out = unknown.iter().map(|wanted| LeftOut {
        event: wanted.event,
        since: wanted.since,
        without: wanted.without,
    });
    Ok(Plan {
        after,
        events: known.iter().map(|wanted| wanted.event).collect(),
        left_out: left_out.collect(),
        is_exec_form,
        edits,
        entries,
        status_line: status_line.map(str::to_owned),
    })
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
