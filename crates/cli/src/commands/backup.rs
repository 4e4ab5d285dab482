//! `plimsoll backup`: a snapshot, the policy, and now and then a restore that proves it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use plimsoll_durable::replace;
use plimsoll_snapshot::plan::Event;
use plimsoll_snapshot::restore::{RestoreOptions, restore};
use plimsoll_snapshot::{
    CreateOptions, Manifest, PruneOptions, SnapshotId, Store, create, prune, verify,
};
use serde::{Deserialize, Serialize};

use super::account::span;
use super::snapshot::{FailedParts, PartArgs, Place, PlaceArgs, described, tool_version};
use crate::failure::{Exit, Failure};
use crate::glue::snapshot_metrics::{Done, OpsKind, record};
use crate::moment::{self, Stopwatch, now};
use crate::progress::Bar;
use crate::stop::Stop;

const EXAMPLES: &str = "\
Examples:
  plimsoll backup --record plimsoll.db
  plimsoll backup --every 6h                stay, and do it every six hours
  plimsoll backup --restore-test            prove now that the newest one can be restored

As a timer of systemd:
  [Timer]                                   plimsoll-backup.timer
  OnCalendar=*-*-* 00/6:00:00
  Persistent=true
  [Service]                                 plimsoll-backup.service
  Type=oneshot
  ExecStart=plimsoll backup --record /var/lib/plimsoll/plimsoll.db

Each run captures, verifies what it wrote, and prunes by the policy. When the last restore test is
older than `snapshot.restore_test_days`, the new snapshot is restored into a directory of its own
and compared. Each of these is a row of `ops_events`.";

/// Arguments of `plimsoll backup`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BackupArgs {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    parts: PartArgs,
    /// Metrics store that takes the rows of `ops_events`: an SQLite file, or <http://host:port>
    #[arg(long, value_name = "STORE", env = "PLIMSOLL_METRICS__STORE", hide_env_values = true)]
    record: Option<String>,
    /// Stay, and do it again after such a span, such as 6h or 30m
    #[arg(long, value_name = "SPAN", value_parser = span)]
    every: Option<Duration>,
    /// Restore the snapshot elsewhere now, whenever the last test was
    #[arg(long)]
    restore_test: bool,
    /// Directory for the test; needs room for everything that is captured
    #[arg(long, value_name = "DIR")]
    test_dir: Option<PathBuf>,
    /// Draw no bar
    #[arg(long)]
    quiet: bool,
}

/// What the next run has to know.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    /// When a restore test last succeeded, UTC nanoseconds since 1970.
    restore_test_ns: Option<i64>,
}

/// How one thing went.
struct Happened {
    outcome: &'static str,
    target: &'static str,
    id: String,
    detail: String,
    duration: Duration,
}

pub(crate) fn run(args: &BackupArgs) -> Result<Exit, Failure> {
    let stop = Stop::listen()?;
    loop {
        let exit = once(args);
        let Some(every) = args.every else { return exit };
        match exit {
            Ok(Exit::Fine) => {}
            Ok(_) => eprintln!("the backup has findings; the next one is tried all the same"),
            Err(failure) => eprint!("{failure}"),
        }
        stop.pause(every);
        if stop.is_wanted() {
            return Ok(Exit::Fine);
        }
    }
}

fn once(args: &BackupArgs) -> Result<Exit, Failure> {
    let place = args.place.read()?;
    let mut events = Vec::new();
    let result = backup(args, &place, &mut events);
    if let Err(failure) = &result {
        events.push(Happened {
            outcome: "failed",
            target: "snapshot",
            id: String::new(),
            detail: failure.to_string().trim_end().to_owned(),
            duration: Duration::ZERO,
        });
    }
    let recorded = tell(args, &place, &events);
    let exit = result?;
    recorded.map_err(|error| {
        Failure::refused(error).with_hint("the snapshot is there; the metrics store is not")
    })?;
    Ok(exit)
}

/// Writes what happened into the metrics store.
fn tell(args: &BackupArgs, place: &Place, events: &[Happened]) -> anyhow::Result<()> {
    let Some(store) = &args.record else { return Ok(()) };
    let done: Vec<Done<'_>> = events
        .iter()
        .map(|event| Done {
            ref_id: &event.id,
            config_hash: &place.config_digest,
            detail: &event.detail,
            duration: event.duration,
            ..Done::new(OpsKind::Backup, event.target, event.outcome)
        })
        .collect();
    record(store, &place.env, "backup", &done).context("cannot record the backup in `ops_events`")
}

fn backup(args: &BackupArgs, place: &Place, events: &mut Vec<Happened>) -> Result<Exit, Failure> {
    let mut parts = place.parts(&args.parts)?;
    let store = place.open()?;
    let bar = Bar::new(args.quiet);
    let watch = Stopwatch::start();
    let options = CreateOptions::new(now(), tool_version())
        .with_config_digest(&place.config_digest)
        .with_tags(["backup"])
        .with_progress(&bar);
    let manifest = create(&store, &mut parts, &options).map_err(super::snapshot::create_failure)?;
    bar.clear();
    print!("{}", described(&manifest));
    let failed = FailedParts::of(&manifest).required;
    let mut problems = Vec::new();
    if !failed.is_empty() {
        problems.push(format!("{} not captured", failed.join(", ")));
    }
    let verified = verify(&store, std::slice::from_ref(&manifest.id), &bar)?;
    bar.clear();
    // Parts that failed are told already.
    if manifest.is_good() {
        problems.extend(verified.findings.iter().map(ToString::to_string));
    }
    let is_good = problems.is_empty();
    events.push(Happened {
        outcome: if is_good { "ok" } else { "failed" },
        target: "snapshot",
        id: manifest.id.to_string(),
        detail: problems.join("; "),
        duration: watch.elapsed(),
    });
    problems.iter().for_each(|problem| eprintln!("FAILED: {problem}"));
    let is_tested =
        if is_good { test_if_due(args, place, &store, &manifest, events)? } else { true };
    let mut options = PruneOptions::new(now()).with_keep(place.config.keep.clone());
    options.plans_dir = Some(place.plans_dir(&store));
    let watch = Stopwatch::start();
    let pruned = prune(&store, &options).map_err(Failure::refused)?;
    events.push(Happened {
        outcome: if pruned.notes.is_empty() { "ok" } else { "failed" },
        target: "prune",
        id: manifest.id.to_string(),
        detail: pruned.notes.join("; "),
        duration: watch.elapsed(),
    });
    println!("{} older snapshots went", pruned.removed.len());
    Ok(if is_good && is_tested && pruned.notes.is_empty() { Exit::Fine } else { Exit::Finding })
}

/// Restores the snapshot elsewhere, if it is time; says whether that went well.
fn test_if_due(
    args: &BackupArgs,
    place: &Place,
    store: &Store,
    manifest: &Manifest,
    events: &mut Vec<Happened>,
) -> Result<bool, Failure> {
    let memory_file = place.plans_dir(store).join("backup.json");
    let memory: Memory = std::fs::read(&memory_file)
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default();
    let days = i64::from(place.config.restore_test_days);
    let now_ns = moment::now_ns();
    let is_old = memory
        .restore_test_ns
        .is_none_or(|last| now_ns.saturating_sub(last) >= days.saturating_mul(86_400_000_000_000));
    if !(args.restore_test || days > 0 && is_old) {
        return Ok(true);
    }
    if !store.can_read() {
        eprintln!("no restore test: the store is sealed, and no identity is named");
        return Ok(!args.restore_test);
    }
    let watch = Stopwatch::start();
    let tested = restore_test(args, store, &manifest.id);
    let (outcome, detail) = match &tested {
        Ok(detail) => ("ok", detail.clone()),
        Err(error) => ("failed", format!("{error:#}")),
    };
    println!("restore test: {outcome} {detail}");
    events.push(Happened {
        outcome,
        target: "restore_test",
        id: manifest.id.to_string(),
        detail,
        duration: watch.elapsed(),
    });
    if tested.is_ok() {
        let memory = Memory { restore_test_ns: Some(now_ns) };
        if let Some(dir) = memory_file.parent() {
            std::fs::create_dir_all(dir)?;
        }
        replace(&memory_file, serde_json::to_vec(&memory)?)?;
    }
    Ok(tested.is_ok())
}

/// Restores into a directory of its own, which goes afterwards. The restore itself compares.
fn restore_test(args: &BackupArgs, store: &Store, id: &SnapshotId) -> anyhow::Result<String> {
    let base = args.test_dir.clone().unwrap_or_else(std::env::temp_dir);
    let dir = std::env::current_dir()?
        .join(base)
        .join(format!("plimsoll-restore-test-{}", std::process::id()));
    let cleared = Cleared(dir.clone());
    std::fs::create_dir(&dir).with_context(|| format!("cannot make `{}`", dir.display()))?;
    restrict(&dir)?;
    let mut observe = |_: &Event<'_>| {};
    let mut options =
        RestoreOptions::new(&now, tool_version(), &mut observe).with_into(dir.join("files"));
    options.plans_dir = Some(dir.join("plans"));
    let summary = restore(store, id, &mut options)?;
    drop(cleared);
    let checks = summary.steps.iter().filter(|(name, _)| name.starts_with("check ")).count();
    Ok(format!("{checks} parts of files restored and compared"))
}

fn restrict(dir: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))?)
}

/// A directory that goes when this does.
struct Cleared(PathBuf);

impl Drop for Cleared {
    fn drop(&mut self) {
        // Best effort: what stays is in the directory for what is temporary.
        std::fs::remove_dir_all(&self.0).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::account::span;

    #[test]
    fn spans_are_read_as_people_type_them() {
        for (text, secs) in [("90s", 90), ("30m", 1800), ("6h", 21_600), ("7d", 604_800)] {
            assert_eq!(span(text).map(|span| span.as_secs()), Ok(secs), "{text}");
        }
        for wrong in ["", "h", "0h", "6", "-1h", "6x", "99999999999999999999d"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
