//! Bounds follow the configuration: when it has changed, the program that can read it is asked to write them anew.

use std::time::Duration;

use plimsoll_process::Command;

use super::limits::{LimitsFile, source_digest};
use super::options::Options;
use super::project::Project;
use super::store::chain;
use crate::event::{Event, Kind};
use crate::guard_list::GuardList;

/// A prompt may wait that long for its bounds, once after each change of the configuration.
const RESOLVE_LIMIT: Duration = Duration::from_secs(10);

/// Writes the bounds anew if the configuration has changed since they were written. An event that begins nothing does
/// not pay for it.
///
/// Returns what a person is to be told, if bounds from before the change hold.
pub(super) fn refresh(project: &Project, event: &Event, options: &Options) -> Option<String> {
    let is_start = matches!(event.kind, Kind::SessionStart { .. });
    let is_prompt = matches!(event.kind, Kind::UserPromptSubmit { .. });
    if options.config.is_some() || !(is_start || is_prompt && project.dir().is_dir()) {
        return None;
    }
    // What is no file of bounds is dealt with by whoever reads it.
    let known = LimitsFile::read(&project.dir()).ok()?;
    let default = GuardList::default();
    let canonical =
        known.as_ref().map_or(&default.canonical_file, |k| &k.ralph.guard_list.canonical_file);
    let now = source_digest(project.root(), canonical);
    let is_current = known.map_or(now.is_none(), |known| known.source_digest == now);
    if is_current {
        return None;
    }
    let why = match &options.resolver {
        None => "no program here can read it".to_owned(),
        Some(program) => {
            let command =
                Command::new(program).args(["ralph", "limits", "--dir"]).arg(project.root());
            match command.timeout(RESOLVE_LIMIT).run() {
                Ok(output) if output.code() == Some(0) => return None,
                Ok(output) => {
                    let said = output.stderr.text();
                    let first = said.lines().find(|line| !line.trim().is_empty());
                    first.unwrap_or("it ended without a word").trim().to_owned()
                }
                Err(error) => chain(&error),
            }
        }
    };
    Some(format!(
        "ralph: the configuration has changed, and bounds from before hold ({why}). `plimsoll ralph limits` says more."
    ))
}
