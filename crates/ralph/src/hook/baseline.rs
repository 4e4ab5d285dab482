//! Whose file is it? Only what the loop changed goes into a checkpoint, never a person's work.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::append::{EVENTS, read_lines};
use super::edits::path_digest;
use super::swap::swap;
use super::tree::{Entry, Listing};
use crate::record::{Line, Record, ToolRecord};

/// The record of one iteration is smaller; what is more is looked at in the next one.
const EVENTS_BYTES_MAX: u64 = 4 << 20;
/// A file's time may be a little before the tool's, as the kernel stamps in ticks.
const SLACK_MS: u64 = 1_000;

/// What was changed when a loop began, and what it has changed since.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Baseline {
    /// Files that a person had changed, by path, and what was in them.
    theirs: BTreeMap<String, u64>,
    /// Files that the loop has changed.
    ours: BTreeSet<String>,
    /// What was in each changed file at the last look.
    last: BTreeMap<String, u64>,
    events_offset_bytes: u64,
    pub(crate) head: Option<String>,
}

fn path_of(dir: &Path, loop_id: &str) -> PathBuf {
    dir.join(format!("baseline-{loop_id}.json"))
}

impl Baseline {
    /// The tree as it is when a loop begins.
    pub(crate) fn of(listing: &Listing, dir: &Path) -> Self {
        let digests = digests(listing);
        let end = read_lines(&dir.join(EVENTS), u64::MAX, 0).map(|tail| tail.end_offset_bytes);
        Self {
            theirs: digests.clone(),
            ours: BTreeSet::new(),
            last: digests,
            events_offset_bytes: end.unwrap_or_default(),
            head: listing.tree.head.clone(),
        }
    }

    pub(crate) fn read(dir: &Path, loop_id: &str) -> Result<Self, String> {
        let text = fs::read_to_string(path_of(dir, loop_id)).map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    pub(crate) fn write(&self, dir: &Path, loop_id: &str) -> Result<(), String> {
        let text = serde_json::to_string(self).map_err(|error| error.to_string())?;
        let path = path_of(dir, loop_id);
        swap(&path, |_before| text.into_bytes()).map_err(|error| error.to_string())
    }

    pub(crate) fn forget(dir: &Path, loop_id: &str) {
        fs::remove_file(path_of(dir, loop_id)).unwrap_or_default();
    }

    /// Sees which files have changed since the last look, and whose change it was.
    pub(crate) fn look(&mut self, listing: &Listing, round: &Round<'_>) -> Changed {
        let tools = self.tools(round);
        let mut changed = Changed::default();
        for (path, entry) in &listing.files {
            let Some(name) = path.to_str() else { continue };
            if self.last.get(name) == Some(&entry.digest) {
                continue;
            }
            let edited = tools.edited.contains(&path_digest(&round.root.join(path)));
            let is_theirs = self.theirs.contains_key(name);
            let by_tool = || tools.may_have_changed(&round.root.join(path), entry);
            if self.ours.contains(name) || edited || (!is_theirs && by_tool()) {
                self.ours.insert(name.to_owned());
                changed.ours.push(name.to_owned());
            } else {
                changed.foreign.push(name.to_owned());
            }
        }
        self.last = digests(listing);
        changed
    }

    /// Files of the loop that differ from HEAD. On a branch, where a person would find their own
    /// work committed, those that a person had changed before are left out.
    pub(crate) fn ours<'a>(
        &self,
        listing: &'a Listing,
        with_shared: bool,
    ) -> Vec<(&'a Path, &'a Entry)> {
        let is_ours = |path: &Path| {
            path.to_str().is_some_and(|name| {
                self.ours.contains(name) && (with_shared || !self.theirs.contains_key(name))
            })
        };
        let files = listing.files.iter().filter(|(path, _)| is_ours(path));
        files.map(|(path, entry)| (path.as_path(), entry)).collect()
    }

    /// What tools did since the last look.
    fn tools(&mut self, round: &Round<'_>) -> Tools {
        let mut tools = Tools { windows: Vec::new(), edited: BTreeSet::new() };
        let read = read_lines(&round.dir.join(EVENTS), self.events_offset_bytes, EVENTS_BYTES_MAX);
        if let Ok(tail) = read {
            self.events_offset_bytes = tail.next_offset_bytes;
            for (_, line) in &tail.lines {
                if let Record::Tool(tool) = &line.record
                    && tool.session_id == round.session_id
                {
                    tools.take(line, tool, round.began_ms);
                }
            }
        }
        if tools.windows.is_empty() {
            // No hook tells of tools, so anything that changed in the turn is the agent's.
            tools.windows.push((round.began_ms, u64::MAX));
        }
        tools
    }
}

/// Files that changed between two looks.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// By the loop.
    pub(crate) ours: Vec<String>,
    /// By somebody else.
    pub(crate) foreign: Vec<String>,
}

/// The turn that is looked at.
#[derive(Debug)]
pub(crate) struct Round<'a> {
    pub(crate) root: &'a Path,
    pub(crate) dir: &'a Path,
    pub(crate) session_id: &'a str,
    pub(crate) began_ms: u64,
}

struct Tools {
    /// When tools ran, ms since 1970.
    windows: Vec<(u64, u64)>,
    /// Digests of paths that editing tools wrote.
    edited: BTreeSet<String>,
}

impl Tools {
    fn take(&mut self, line: &Line, tool: &ToolRecord, round_began_ms: u64) {
        if let Some(edit) = &tool.edit {
            self.edited.insert(edit.file_digest.clone());
        }
        if let (Some(end), true) = (line.at_ms(), tool.outcome != "denied") {
            let began = tool.duration_ms.map_or(round_began_ms, |took| end.saturating_sub(took));
            self.windows.push((began.saturating_sub(SLACK_MS), end));
        }
    }

    /// Whether a file was written while a tool ran. When a file was removed, nothing tells.
    fn may_have_changed(&self, path: &Path, entry: &Entry) -> bool {
        if entry.is_gone {
            return true;
        }
        let Ok(found) = fs::symlink_metadata(path) else { return true };
        let at_ms = u64::try_from(found.mtime()).unwrap_or_default().saturating_mul(1_000)
            + u64::try_from(found.mtime_nsec()).unwrap_or_default() / 1_000_000;
        self.windows.iter().any(|(from, to)| (*from..=*to).contains(&at_ms))
    }
}

fn digests(listing: &Listing) -> BTreeMap<String, u64> {
    let named = |(path, entry): (&PathBuf, &Entry)| Some((path.to_str()?.to_owned(), entry.digest));
    listing.files.iter().filter_map(named).collect()
}
