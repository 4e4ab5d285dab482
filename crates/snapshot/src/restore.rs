//! Putting back what a snapshot holds, as a plan that can be continued or undone.

mod apply;
mod execute;
mod stage;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::capture::{Capture, CaptureError};
use crate::id::SnapshotId;
use crate::plan::{
    Event, OnFailure, Plan, PlanError, PlanSummary, Plans, RunOptions, Step, StepError,
};
use crate::progress::{Progress, Quiet};
use crate::scope::Scope;
use crate::secrets::Secrets;
use crate::store::{LockedError, Store, Writer};
use crate::view::{PartReader, ReadError, View};

use execute::{Action, Executor};

/// Puts back a part that is not made of files.
///
/// It is a [`Capture`] too, because the present is captured before it is changed.
pub trait Restore: Capture {
    /// Makes what is there equal to the part. Doing it again, after it was cut short, must lead
    /// to the same.
    ///
    /// # Errors
    ///
    /// When it cannot be done.
    fn restore(&mut self, part: &mut PartReader<'_, '_>) -> Result<(), CaptureError>;

    /// Names what is there and differs from the part.
    ///
    /// # Errors
    ///
    /// When it cannot be told.
    fn differences(&mut self, part: &mut PartReader<'_, '_>) -> Result<Vec<String>, CaptureError>;

    /// Takes back a restore that was begun. `before` is what was captured before it; `None` if
    /// there was nothing. Restores that, unless there is a better way.
    ///
    /// # Errors
    ///
    /// When it cannot be done, or something is not as it was.
    fn take_back(&mut self, before: Option<&mut PartReader<'_, '_>>) -> Result<(), CaptureError> {
        let before = before.ok_or_else(|| {
            CaptureError::new("there was nothing before: remove by hand what was put there")
        })?;
        self.restore(before)?;
        let found = self.differences(before)?;
        if found.is_empty() {
            return Ok(());
        }
        Err(CaptureError::new(format!("not as it was before: {}", found.join(", "))))
    }
}

/// What to do with files that are there and not in the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Extras {
    /// Remove them; the snapshot that is taken first has them.
    #[default]
    Remove,
    /// Leave them.
    Keep,
}

/// How a snapshot is restored.
pub struct RestoreOptions<'a> {
    /// Reads the clock.
    pub clock: &'a dyn Fn() -> SystemTime,
    /// Name and version of the program, for manifests.
    pub tool_version: String,
    /// Names of the parts to restore. Default: all that can be.
    pub only: Vec<String>,
    /// A directory to put files into instead of where they were, with their whole paths below it.
    pub into: Option<PathBuf>,
    /// Names of parts whose server the caller has stopped. The files of a server that may run
    /// are only put into another directory.
    pub stopped: Vec<String>,
    /// What to do with files that are not in the snapshot.
    pub extras: Extras,
    /// What to do with secrets in the snapshot of the present, if the store is not sealed.
    pub secrets: Secrets,
    /// Directory of journals. Default: `plans` in the store, if that is a directory.
    pub plans_dir: Option<PathBuf>,
    /// How parts that are not made of files are put back, by their names.
    pub restorers: Vec<(String, Box<dyn Restore>)>,
    /// Asked between steps whether somebody wants it to stop.
    pub stop: &'a dyn Fn() -> bool,
    /// Is told about steps.
    pub observe: &'a mut dyn FnMut(&Event<'_>),
    /// Is told how far a long step is.
    pub progress: &'a dyn Progress,
}

impl std::fmt::Debug for RestoreOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { only, into, extras, plans_dir, .. } = self;
        f.debug_struct("RestoreOptions")
            .field("only", only)
            .field("into", into)
            .field("extras", extras)
            .field("plans_dir", plans_dir)
            .finish_non_exhaustive()
    }
}

impl<'a> RestoreOptions<'a> {
    /// Everything that can be restored, where it was.
    #[must_use]
    pub fn new(
        clock: &'a dyn Fn() -> SystemTime,
        tool_version: impl Into<String>,
        observe: &'a mut dyn FnMut(&Event<'_>),
    ) -> Self {
        Self {
            clock,
            tool_version: tool_version.into(),
            only: Vec::new(),
            into: None,
            stopped: Vec::new(),
            extras: Extras::default(),
            secrets: Secrets::default(),
            plans_dir: None,
            restorers: Vec::new(),
            stop: &|| false,
            observe,
            progress: &Quiet,
        }
    }

    /// Sets [`RestoreOptions::only`].
    #[must_use]
    pub fn with_only(mut self, parts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.only = parts.into_iter().map(Into::into).collect();
        self
    }

    /// Sets [`RestoreOptions::into`].
    #[must_use]
    pub fn with_into(mut self, dir: impl Into<PathBuf>) -> Self {
        self.into = Some(dir.into());
        self
    }

    /// Adds to [`RestoreOptions::stopped`].
    #[must_use]
    pub fn with_stopped(mut self, parts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.stopped.extend(parts.into_iter().map(Into::into));
        self
    }

    /// Sets [`RestoreOptions::extras`].
    #[must_use]
    pub fn with_extras(mut self, extras: Extras) -> Self {
        self.extras = extras;
        self
    }

    /// Adds to [`RestoreOptions::restorers`].
    #[must_use]
    pub fn with_restorer(
        mut self,
        part: impl Into<String>,
        restorer: impl Restore + 'static,
    ) -> Self {
        self.restorers.push((part.into(), Box::new(restorer)));
        self
    }
}

/// Why nothing was restored, or not everything.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The right to write could not be had.
    #[error("cannot begin to restore")]
    Locked {
        /// Why.
        source: LockedError,
    },
    /// The snapshot cannot be read.
    #[error("cannot read the snapshot")]
    Read {
        /// Why.
        source: ReadError,
    },
    /// A part was asked for that nobody can put back.
    #[error("the part `{part}` ({kind}) is a record and cannot be put back here")]
    NoRestorer {
        /// The part.
        part: String,
        /// What sort of part it is.
        kind: String,
    },
    /// The files of a server were to be put where it has them.
    #[error(
        "the part `{part}` is of a server: restore it into another directory, or stop the server \
         and say so"
    )]
    Live {
        /// The part.
        part: String,
    },
    /// No part can be put back.
    #[error("the snapshot has no part that can be put back here")]
    Nothing,
    /// There is no directory for journals.
    #[error("a store that is not a directory needs a directory of plans")]
    NoPlansDir,
    /// The words of a plan cannot be read.
    #[error("the plan `{id}` cannot be understood")]
    Subject {
        /// The plan.
        id: String,
        /// Why.
        source: serde_json::Error,
    },
    /// There is nothing to continue or undo.
    #[error("no restore was cut short")]
    NoPlan,
    /// It did not come to its end.
    #[error("the restore did not come to its end")]
    Plan {
        /// Why, and whether it can be continued or undone.
        source: PlanError,
    },
    /// What there is cannot be compared with the snapshot.
    #[error("cannot compare `{part}` with the present")]
    Compare {
        /// The part.
        part: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Something that a restore would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// The part.
    pub part: String,
    /// The path or name.
    pub path: String,
    /// What would be done, in a word or two.
    pub what: &'static str,
}

/// What the executor needs to know again when the plan is continued.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Subject {
    snapshot: SnapshotId,
    into: Option<PathBuf>,
    extras: Extras,
}

/// Tells what [`restore`] would do, and changes nothing.
///
/// # Errors
///
/// When the snapshot or the present cannot be read.
pub fn preview(
    store: &Store,
    id: &SnapshotId,
    options: &mut RestoreOptions<'_>,
) -> Result<Vec<Change>, RestoreError> {
    let parts = chosen(store, id, options)?;
    let subject = subject(id, options);
    let mut executor = Executor {
        store,
        writer: None,
        subject: &subject,
        clock: options.clock,
        tool_version: &options.tool_version,
        secrets: options.secrets,
        restorers: &mut options.restorers,
        progress: options.progress,
    };
    let mut changes = Vec::new();
    for part in parts {
        let found = executor.preview(&part).map_err(|error| RestoreError::Compare {
            part: part.clone(),
            source: Box::new(error),
        })?;
        changes.extend(found);
    }
    Ok(changes)
}

/// Puts back what a snapshot holds.
///
/// The present is captured first, and everything new is prepared beside its place before the
/// first old file is replaced, each in one step. In the end what is there is compared with the
/// snapshot. When it is cut short, whenever that is, [`continue_restore`] finishes it and
/// [`undo_restore`] takes it back.
///
/// # Errors
///
/// [`RestoreError`]; if a plan was begun, it can be continued or undone.
pub fn restore(
    store: &Store,
    id: &SnapshotId,
    options: &mut RestoreOptions<'_>,
) -> Result<PlanSummary, RestoreError> {
    let parts = chosen(store, id, options)?;
    let plans = open_plans(store, options)?;
    let writer =
        store.lock("restore a snapshot").map_err(|source| RestoreError::Locked { source })?;
    let subject = subject(id, options);
    let text = serde_json::to_string(&subject)
        .map_err(|source| RestoreError::Subject { id: id.to_string(), source })?;
    let steps = |action: fn(String) -> Action, verb: &'static str| {
        parts.iter().map(move |part| Step::new(format!("{verb} {part}"), action(part.clone())))
    };
    let mut all = vec![Step::new(execute::PROTECT, Action::Protect { parts: parts.clone() })];
    all.extend(steps(|part| Action::Prepare { part }, "prepare"));
    all.extend(steps(|part| Action::Replace { part }, "replace"));
    all.extend(steps(|part| Action::Check { part }, "check"));
    let plan = Plan::new("restore", text, all);
    run(store, &writer, &subject, options, |executor, run| plans.begin(&plan, executor, run))
}

/// Finishes a restore that was cut short.
///
/// # Errors
///
/// As [`restore`], and [`RestoreError::NoPlan`].
pub fn continue_restore(
    store: &Store,
    options: &mut RestoreOptions<'_>,
) -> Result<PlanSummary, RestoreError> {
    let plans = open_plans(store, options)?;
    let writer =
        store.lock("continue a restore").map_err(|source| RestoreError::Locked { source })?;
    let (id, subject) = open_plan(&plans)?;
    run(store, &writer, &subject, options, |executor, run| plans.resume(&id, executor, run))
}

/// Takes back a restore that was cut short, so that everything is as it was before.
///
/// # Errors
///
/// As [`restore`], and [`RestoreError::NoPlan`].
pub fn undo_restore(
    store: &Store,
    options: &mut RestoreOptions<'_>,
) -> Result<PlanSummary, RestoreError> {
    let plans = open_plans(store, options)?;
    let writer = store.lock("undo a restore").map_err(|source| RestoreError::Locked { source })?;
    let (id, subject) = open_plan(&plans)?;
    run(store, &writer, &subject, options, |executor, run| {
        plans.undo(&id, "asked for", executor, run)
    })
}

/// Returns where the journals of restores are: as given, or in the store.
///
/// # Errors
///
/// [`RestoreError::NoPlansDir`] if neither is there.
pub fn plans_dir(store: &Store, given: Option<&Path>) -> Result<PathBuf, RestoreError> {
    let own = || store.dir().map(|dir| dir.join("plans"));
    given.map(Path::to_owned).or_else(own).ok_or(RestoreError::NoPlansDir)
}

fn open_plans(store: &Store, options: &RestoreOptions<'_>) -> Result<Plans, RestoreError> {
    let dir = plans_dir(store, options.plans_dir.as_deref())?;
    Plans::open_on(dir, "restore a snapshot", store.disk().clone())
        .map_err(|source| RestoreError::Plan { source })
}

fn open_plan(plans: &Plans) -> Result<(String, Subject), RestoreError> {
    let open = plans.unfinished().map_err(|source| RestoreError::Plan { source })?;
    let open = open.filter(|plan| plan.kind == "restore").ok_or(RestoreError::NoPlan)?;
    let subject = serde_json::from_str(&open.subject)
        .map_err(|source| RestoreError::Subject { id: open.id.clone(), source })?;
    Ok((open.id, subject))
}

fn run(
    store: &Store,
    writer: &Writer,
    subject: &Subject,
    options: &mut RestoreOptions<'_>,
    go: impl FnOnce(&mut Executor<'_>, &mut RunOptions<'_>) -> Result<PlanSummary, PlanError>,
) -> Result<PlanSummary, RestoreError> {
    let mut executor = Executor {
        store,
        writer: Some(writer),
        subject,
        clock: options.clock,
        tool_version: &options.tool_version,
        secrets: options.secrets,
        restorers: &mut options.restorers,
        progress: options.progress,
    };
    let mut run = RunOptions {
        clock: options.clock,
        on_failure: OnFailure::Stop,
        stop: options.stop,
        observe: &mut *options.observe,
    };
    go(&mut executor, &mut run).map_err(|source| RestoreError::Plan { source })
}

fn subject(id: &SnapshotId, options: &RestoreOptions<'_>) -> Subject {
    Subject { snapshot: id.clone(), into: options.into.clone(), extras: options.extras }
}

/// Names of the parts to restore.
fn chosen(
    store: &Store,
    id: &SnapshotId,
    options: &RestoreOptions<'_>,
) -> Result<Vec<String>, RestoreError> {
    let view = View::open(store, id).map_err(|source| RestoreError::Read { source })?;
    let has_restorer = |name: &str| options.restorers.iter().any(|(part, _)| part == name);
    let is_safe = |name: &str, scope: &Scope| {
        !scope.is_live || options.into.is_some() || options.stopped.iter().any(|part| part == name)
    };
    let mut parts = Vec::new();
    for name in &options.only {
        let body = view.body(name).map_err(|source| RestoreError::Read { source })?;
        if !is_safe(name, &body.scope) {
            return Err(RestoreError::Live { part: name.clone() });
        }
        if body.scope.roots.is_empty() && !has_restorer(name) {
            let kind = view.manifest.part(name).map(|part| part.kind.clone()).unwrap_or_default();
            return Err(RestoreError::NoRestorer { part: name.clone(), kind });
        }
        parts.push(name.clone());
    }
    if options.only.is_empty() {
        let names = view.manifest.parts.iter().map(|part| part.name.as_str());
        let can = |name: &&str| {
            view.body(name).is_ok_and(|body| {
                let is_of_files = !body.scope.roots.is_empty() && is_safe(name, &body.scope);
                is_of_files || has_restorer(name)
            })
        };
        parts.extend(names.filter(can).map(str::to_owned));
    }
    if parts.is_empty() { Err(RestoreError::Nothing) } else { Ok(parts) }
}

/// An error of a step: what could not be done, and why.
fn finding(what: &str, source: impl Into<Box<dyn Error + Send + Sync>>) -> StepError {
    StepError::new(what).with_source(source)
}
