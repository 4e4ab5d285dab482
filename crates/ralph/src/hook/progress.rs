//! `.ralph/progress.md`: what each iteration changed, for people and for an agent that has lost
//! its context.

use std::fs;
use std::path::Path;

use super::append::append;
use super::swap::swap;
use super::tree;
use crate::cause::span;
use crate::price::dollars;
use crate::record::IterationRecord;
use crate::step::words::shorten;

/// The file's name in `.ralph`.
pub const PROGRESS: &str = "progress.md";
const FILES_NAMED_MAX: usize = 12;
const COMMITS_NAMED_MAX: &str = "10";
const SECTION: &str = "## ";
/// A larger file is written anew, as lines would begin another one.
const APPENDED_BYTES_MAX: u64 = 1 << 20;
/// The end of the file that is put back into an agent's context is cut further there.
const TAIL_BYTES_MAX: usize = 16 << 10;

/// What an iteration is told with.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) record: &'a IterationRecord,
    pub(crate) ts: &'a str,
    /// Files that the loop has changed in this iteration, and that are not committed.
    pub(crate) files: Vec<String>,
    /// Commits of this iteration, one line each.
    pub(crate) commits: Vec<String>,
}

/// Begins a loop's part of the file.
pub(crate) fn begin(dir: &Path, loop_id: &str, task: &str, bytes_max: u32) -> Result<(), String> {
    add(dir, &format!("{SECTION}{loop_id} begins\n\nTask: {}\n", shorten(task, 400)), bytes_max)
}

/// Adds an iteration.
pub(crate) fn write(dir: &Path, entry: &Entry<'_>, bytes_max: u32) -> Result<(), String> {
    add(dir, &section(entry), bytes_max)
}

fn add(dir: &Path, section: &str, bytes_max: u32) -> Result<(), String> {
    let path = dir.join(PROGRESS);
    if has_room(&path, section, bytes_max) {
        return append(&path, &format!("\n{section}")).map_err(|error| error.to_string());
    }
    let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
    let add = |before: &[u8]| {
        let before = String::from_utf8_lossy(before);
        let text = format!("{}\n\n{section}", before.trim_end());
        bounded(text.trim_start(), bytes_max).into_bytes()
    };
    swap(&path, add).map_err(|error| error.to_string())
}

/// Whether a section fits behind what is there, so that nothing has to be written anew.
fn has_room(path: &Path, section: &str, bytes_max: u32) -> bool {
    let before = fs::metadata(path).map_or(0, |found| found.len());
    let more = u64::try_from(section.len()).unwrap_or(u64::MAX);
    let bytes_max = u64::from(bytes_max).min(APPENDED_BYTES_MAX);
    before > 0 && before.saturating_add(more) < bytes_max
}

/// Drops the oldest sections until the rest fits; the newest one stays, cut if it must be.
fn bounded(text: &str, bytes_max: usize) -> String {
    let mut rest = text;
    while rest.len() > bytes_max {
        match rest.get(1..).and_then(|after| after.find(&format!("\n{SECTION}"))) {
            Some(at) => rest = rest.get(at.saturating_add(2)..).unwrap_or_default(),
            None => break,
        }
    }
    let end = (0..=bytes_max.min(rest.len())).rev().find(|at| rest.is_char_boundary(*at));
    rest.get(..end.unwrap_or_default()).unwrap_or_default().to_owned()
}

fn section(entry: &Entry<'_>) -> String {
    let record = entry.record;
    let cause = record.cause.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
    let mut lines = vec![format!(
        "{SECTION}{} iteration {}: {}{cause}\n",
        record.loop_id, record.iteration, record.outcome
    )];
    let named = entry.files.iter().take(FILES_NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    lines.push(match (entry.files.len(), record.progressed) {
        (0, Some(true)) => "- changed: only what is committed".to_owned(),
        (0, Some(false)) => "- changed: nothing".to_owned(),
        (0, None) => "- changed: could not be told".to_owned(),
        (n, _) if n > FILES_NAMED_MAX => {
            format!("- changed: {named} and {} more", n.saturating_sub(FILES_NAMED_MAX))
        }
        _ => format!("- changed: {named}"),
    });
    lines.extend(entry.commits.iter().map(|commit| format!("- commit: {commit}")));
    for check in record.checks.iter().flat_map(|checks| &checks.outcomes) {
        let how = if check.passed { "passes" } else { "fails" };
        lines.push(format!("- check {}: {how} {}", check.name, shorten(&check.detail, 200)));
    }
    let unpriced = match record.total.unpriced_tokens {
        0 => String::new(),
        tokens => format!(", and {tokens} tokens whose price is unknown"),
    };
    lines.push(format!(
        "- took {} and {} tool calls; {} in all{unpriced} ({})",
        span(record.duration_ms / 1_000),
        record.tool_calls,
        dollars(record.total.cost_nano_usd),
        entry.ts,
    ));
    if let Some(reference) = &record.checkpoint_ref {
        lines.push(format!("- kept at {reference}"));
    }
    if let Some(why) = &record.checkpoint_refused {
        lines.push(format!("- not kept in git: {why}"));
    }
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// The sections of one loop, from the end of the file.
pub(crate) fn tail(dir: &Path, loop_id: &str) -> Option<String> {
    let text = fs::read(dir.join(PROGRESS)).ok()?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let start = text.len().saturating_sub(TAIL_BYTES_MAX);
    let start = (start..=text.len()).find(|at| text.is_char_boundary(*at))?;
    let mark = format!("{SECTION}{loop_id} ");
    let mut ours = true;
    let mut kept = String::new();
    for line in text.get(start..)?.lines() {
        if line.starts_with(SECTION) {
            ours = !line.starts_with("## loop-") || line.starts_with(&mark);
        }
        if ours {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    (!kept.trim().is_empty()).then_some(kept)
}

/// Commits between two heads, newest first. What cannot be told is left out.
pub(crate) fn commits(root: &Path, from: Option<&str>, to: Option<&str>) -> Vec<String> {
    let (Some(from), Some(to)) = (from, to) else { return Vec::new() };
    if from == to {
        return Vec::new();
    }
    let range = format!("{from}..{to}");
    let args = ["log", "--no-decorate", "--format=%h %s", "-n", COMMITS_NAMED_MAX, &range, "--"];
    let log = tree::git(root).run(args).unwrap_or_default();
    String::from_utf8_lossy(&log).lines().map(|line| shorten(line, 120)).collect()
}
