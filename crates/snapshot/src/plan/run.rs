//! Doing the steps of a plan, one after the other, with the journal ahead of each.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use plimsoll_durable::Lock;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::state::{PlanState, PlanSummary, Record, Replayed, SCHEMA_VERSION, StepState};
use super::{Execute, Plan, StepError};
use crate::disk::{Disk, Watch};
use crate::id::SnapshotId;
use crate::journal::{self, Journal, JournalError};
use crate::store::{LockedError, chain};

const JOURNAL: &str = "journal";

/// What to do when a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// Leave it to people to continue or undo.
    Stop,
    /// Take back everything that was begun.
    Undo,
}

/// Something that happened while a plan ran.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A step begins.
    Started {
        /// Its name.
        step: &'a str,
        /// Its place, counted from 1.
        number: usize,
        /// How many there are.
        count: usize,
    },
    /// A step is done.
    Done {
        /// Its name.
        step: &'a str,
        /// What it returned.
        output: &'a str,
    },
    /// A step could not be done.
    Failed {
        /// Its name.
        step: &'a str,
        /// Why.
        why: &'a str,
    },
    /// A step is being taken back.
    Undoing {
        /// Its name.
        step: &'a str,
    },
}

/// How plans are run.
pub struct RunOptions<'a> {
    /// Reads the clock.
    pub clock: &'a dyn Fn() -> SystemTime,
    /// What to do when a step fails.
    pub on_failure: OnFailure,
    /// Asked between steps whether somebody wants it to stop.
    pub stop: &'a dyn Fn() -> bool,
    /// Is told what happens.
    pub observe: &'a mut dyn FnMut(&Event<'_>),
}

impl std::fmt::Debug for RunOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunOptions").field("on_failure", &self.on_failure).finish_non_exhaustive()
    }
}

/// Why a plan did not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// Another process runs a plan of this directory.
    #[error("another plan is under way")]
    Locked {
        /// Who.
        source: LockedError,
    },
    /// The directory of plans cannot be used.
    #[error("cannot use the directory of plans `{}`", dir.display())]
    Dir {
        /// The directory.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An earlier plan was cut short.
    #[error("the {kind} `{id}` was cut short: continue it or undo it first")]
    Unfinished {
        /// The plan.
        id: String,
        /// What sort of plan it is.
        kind: String,
    },
    /// There is no such plan, or it has ended.
    #[error("there is no plan `{id}` that could be continued or undone")]
    NoPlan {
        /// What was asked for.
        id: String,
    },
    /// It is being undone, so it cannot be continued.
    #[error("the plan `{id}` is being undone: undo it to the end")]
    BeingUndone {
        /// The plan.
        id: String,
    },
    /// The journal cannot be used.
    #[error("cannot go on without the journal")]
    Journal {
        /// Why.
        source: JournalError,
    },
    /// A newer program wrote the journal.
    #[error("the journal has version {found}, and this program reads up to {SCHEMA_VERSION}")]
    Newer {
        /// Its version.
        found: u32,
    },
    /// A step failed and nothing was taken back.
    #[error("step `{step}` failed; the plan `{id}` can be continued or undone")]
    Step {
        /// The plan.
        id: String,
        /// The step.
        step: String,
        /// Why.
        source: StepError,
    },
    /// A step failed, and everything that was begun was taken back.
    #[error("step `{step}` failed, and everything was undone")]
    Undone {
        /// The plan.
        id: String,
        /// The step.
        step: String,
        /// Why.
        source: StepError,
    },
    /// A step could not be taken back.
    #[error("step `{step}` could not be undone; undo the plan `{id}` again once that is repaired")]
    Undo {
        /// The plan.
        id: String,
        /// The step.
        step: String,
        /// Why.
        source: StepError,
    },
    /// Somebody wanted it to stop.
    #[error("stopped before step `{step}`; the plan `{id}` can be continued or undone")]
    Stopped {
        /// The plan.
        id: String,
        /// The next step.
        step: String,
    },
}

/// The plans of one directory. Whoever has this is the only one who runs any of them.
#[derive(Debug)]
pub struct Plans {
    dir: PathBuf,
    disk: Disk,
    _lock: Lock,
}

impl Plans {
    /// Takes the directory of plans, made if it is not there; `purpose` is told to who else
    /// wants it.
    ///
    /// # Errors
    ///
    /// [`PlanError::Locked`] if another process has it.
    pub fn open(dir: impl Into<PathBuf>, purpose: &str) -> Result<Self, PlanError> {
        Self::open_on(dir.into(), purpose, Disk::default())
    }

    /// As [`Plans::open`]; `watch` sees every change that the journals make, and a point before
    /// and after each step.
    ///
    /// # Errors
    ///
    /// As [`Plans::open`].
    pub fn open_watched(
        dir: impl Into<PathBuf>,
        purpose: &str,
        watch: Arc<dyn Watch>,
    ) -> Result<Self, PlanError> {
        Self::open_on(dir.into(), purpose, Disk::watched(watch))
    }

    pub(crate) fn open_on(dir: PathBuf, purpose: &str, disk: Disk) -> Result<Self, PlanError> {
        disk.make_dirs(&dir).map_err(|source| PlanError::Dir { dir: dir.clone(), source })?;
        let lock = Lock::try_acquire(dir.join("lock"), purpose)
            .map_err(|error| PlanError::Locked { source: LockedError::of(&error) })?;
        Ok(Self { dir, disk, _lock: lock })
    }

    /// Lists the plans of a directory, oldest first. Needs no lock.
    ///
    /// # Errors
    ///
    /// When the directory or a journal cannot be read.
    pub fn list(dir: &Path) -> Result<Vec<PlanSummary>, PlanError> {
        let unusable = |source| PlanError::Dir { dir: dir.to_owned(), source };
        let entries = match fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unusable(error)),
        };
        let mut summaries = Vec::new();
        for entry in entries {
            let entry = entry.map_err(unusable)?;
            let Some(id) = plan_id(&entry.file_name()) else { continue };
            let path = entry.path().join(JOURNAL);
            let records = match journal::read::<Record<IgnoredAny>>(&path) {
                Ok(contents) => contents.records,
                // Killed between making the directory and the journal: nothing was begun.
                Err(JournalError::Read { source, .. })
                    if source.kind() == io::ErrorKind::NotFound =>
                {
                    continue;
                }
                Err(source) => return Err(PlanError::Journal { source }),
            };
            summaries.extend(Replayed::of(records).map(|replayed| replayed.summary(id.as_str())));
        }
        summaries.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(summaries)
    }

    /// Returns the plan that was cut short, if there is one.
    ///
    /// # Errors
    ///
    /// As [`Plans::list`].
    pub fn unfinished(&self) -> Result<Option<PlanSummary>, PlanError> {
        let is_open = |plan: &PlanSummary| {
            matches!(plan.state, PlanState::Unfinished | PlanState::HalfUndone)
        };
        Ok(Self::list(&self.dir)?.into_iter().find(is_open))
    }

    /// Writes a plan down and runs it.
    ///
    /// # Errors
    ///
    /// [`PlanError`]; unless it says otherwise, the plan can be continued or undone.
    pub fn begin<E>(
        &self,
        plan: &Plan<E::Action>,
        executor: &mut E,
        options: &mut RunOptions<'_>,
    ) -> Result<PlanSummary, PlanError>
    where
        E: Execute,
        E::Action: Serialize + DeserializeOwned + Clone,
    {
        if let Some(open) = self.unfinished()? {
            return Err(PlanError::Unfinished { id: open.id, kind: open.kind });
        }
        let now = (options.clock)();
        let unusable = |source| PlanError::Dir { dir: self.dir.clone(), source };
        let newest = self.newest()?;
        let id = SnapshotId::next(now, newest.as_ref()).map_err(unusable)?;
        let dir = self.dir.join(id.as_str());
        self.disk.make_dirs(&dir).map_err(unusable)?;
        let mut journal = Journal::create(&self.disk, &dir.join(JOURNAL))
            .map_err(|source| PlanError::Journal { source })?;
        let begun =
            Record::Begun { schema_version: SCHEMA_VERSION, plan: plan.clone(), at_ns: ns(now) };
        journal.add(&begun).map_err(|source| PlanError::Journal { source })?;
        let replayed = Replayed::of(vec![begun]).ok_or(PlanError::NoPlan { id: id.to_string() })?;
        let mut running = Running { id: id.to_string(), journal, replayed, disk: &self.disk };
        running.forward(executor, options)
    }

    /// Goes on with a plan that was cut short, from the first step that is not known to be done.
    ///
    /// # Errors
    ///
    /// As [`Plans::begin`], and [`PlanError::BeingUndone`].
    pub fn resume<E>(
        &self,
        id: &str,
        executor: &mut E,
        options: &mut RunOptions<'_>,
    ) -> Result<PlanSummary, PlanError>
    where
        E: Execute,
        E::Action: Serialize + DeserializeOwned + Clone,
    {
        let mut running = self.reopen::<E::Action>(id)?;
        if running.replayed.undoing.is_some() {
            return Err(PlanError::BeingUndone { id: id.to_owned() });
        }
        running.forward(executor, options)
    }

    /// Takes back what a plan that was cut short has begun, last step first.
    ///
    /// # Errors
    ///
    /// [`PlanError::Undo`] if a step cannot be taken back; then it can be tried again.
    pub fn undo<E>(
        &self,
        id: &str,
        why: &str,
        executor: &mut E,
        options: &mut RunOptions<'_>,
    ) -> Result<PlanSummary, PlanError>
    where
        E: Execute,
        E::Action: Serialize + DeserializeOwned + Clone,
    {
        let mut running = self.reopen::<E::Action>(id)?;
        running.back(why, executor, options)
    }

    fn reopen<A: DeserializeOwned>(&self, id: &str) -> Result<Running<'_, A>, PlanError> {
        let none = || PlanError::NoPlan { id: id.to_owned() };
        let name = id.parse::<SnapshotId>().map_err(|_| none())?;
        let path = self.dir.join(name.as_str()).join(JOURNAL);
        let (journal, records) = Journal::resume::<Record<A>>(&self.disk, &path)
            .map_err(|source| PlanError::Journal { source })?;
        match records.first() {
            Some(Record::Begun { schema_version, .. }) if *schema_version > SCHEMA_VERSION => {
                return Err(PlanError::Newer { found: *schema_version });
            }
            _ => {}
        }
        let replayed = Replayed::of(records).filter(|replayed| !replayed.has_ended);
        let replayed = replayed.ok_or_else(none)?;
        Ok(Running { id: id.to_owned(), journal, replayed, disk: &self.disk })
    }

    fn newest(&self) -> Result<Option<SnapshotId>, PlanError> {
        let entries = fs::read_dir(&self.dir)
            .map_err(|source| PlanError::Dir { dir: self.dir.clone(), source })?;
        Ok(entries.flatten().filter_map(|entry| plan_id(&entry.file_name())).max())
    }
}

fn plan_id(name: &std::ffi::OsStr) -> Option<SnapshotId> {
    name.to_str()?.parse().ok()
}

/// A plan under way.
struct Running<'a, A> {
    id: String,
    journal: Journal<'a>,
    replayed: Replayed<A>,
    disk: &'a Disk,
}

impl<A: Serialize + Clone> Running<'_, A> {
    fn add(&mut self, record: Record<A>) -> Result<(), PlanError> {
        self.journal.add(&record).map_err(|source| PlanError::Journal { source })?;
        self.replayed.take(record);
        Ok(())
    }

    /// A place where tests end the process.
    fn point(&self, when: &str, step: &str) -> Result<(), StepError> {
        self.disk
            .point(&format!("{when} {step}"))
            .map_err(|error| StepError::new("the step was refused").with_source(error))
    }

    fn forward<E: Execute<Action = A>>(
        &mut self,
        executor: &mut E,
        options: &mut RunOptions<'_>,
    ) -> Result<PlanSummary, PlanError> {
        let count = self.replayed.plan.steps.len();
        for (index, step) in self.replayed.plan.steps.clone().iter().enumerate() {
            if matches!(self.replayed.steps.get(index), Some(StepState::Done { .. })) {
                continue;
            }
            let name = step.name.as_str();
            if (options.stop)() {
                return Err(PlanError::Stopped { id: self.id.clone(), step: name.to_owned() });
            }
            (options.observe)(&Event::Started { step: name, number: index + 1, count });
            self.add(Record::Started { step: index, at_ns: ns((options.clock)()) })?;
            let past = self.replayed.past(&self.id);
            let is_late = past.remaining((options.clock)()).is_some_and(|left| left.is_zero());
            let applied = if is_late {
                Err(StepError::new("the deadline of the plan has passed"))
            } else {
                self.point("before", name)
                    .and_then(|()| executor.apply(step, &past))
                    .and_then(|output| self.point("after", name).map(|()| output))
            };
            let at_ns = ns((options.clock)());
            match applied {
                Ok(output) => {
                    (options.observe)(&Event::Done { step: name, output: &output });
                    self.add(Record::Done { step: index, output, at_ns })?;
                }
                Err(source) => return self.failed(index, source, executor, options),
            }
        }
        self.add(Record::Ended { at_ns: ns((options.clock)()) })?;
        Ok(self.replayed.summary(&self.id))
    }

    fn failed<E: Execute<Action = A>>(
        &mut self,
        index: usize,
        source: StepError,
        executor: &mut E,
        options: &mut RunOptions<'_>,
    ) -> Result<PlanSummary, PlanError> {
        let step = self.name_of(index);
        let why = chain(&source);
        (options.observe)(&Event::Failed { step: &step, why: &why });
        let at_ns = ns((options.clock)());
        self.add(Record::Failed { step: index, why: why.clone(), at_ns })?;
        let id = self.id.clone();
        match options.on_failure {
            OnFailure::Stop => Err(PlanError::Step { id, step, source }),
            OnFailure::Undo => {
                self.back(&format!("step `{step}` failed: {why}"), executor, options)?;
                Err(PlanError::Undone { id, step, source })
            }
        }
    }

    fn back<E: Execute<Action = A>>(
        &mut self,
        why: &str,
        executor: &mut E,
        options: &mut RunOptions<'_>,
    ) -> Result<PlanSummary, PlanError> {
        if self.replayed.undoing.is_none() {
            let at_ns = ns((options.clock)());
            self.add(Record::Undoing { why: why.to_owned(), at_ns })?;
        }
        // What was done before stays known while it is taken back.
        let past = self.replayed.past(&self.id);
        let steps = self.replayed.plan.steps.clone();
        for (index, step) in steps.iter().enumerate().rev() {
            let state = self.replayed.steps.get(index);
            if matches!(state, None | Some(StepState::Waiting | StepState::Undone)) {
                continue;
            }
            let name = step.name.as_str();
            (options.observe)(&Event::Undoing { step: name });
            self.add(Record::UndoStarted { step: index, at_ns: ns((options.clock)()) })?;
            let undone = self
                .point("before undo", name)
                .and_then(|()| executor.undo(step, &past))
                .and_then(|output| self.point("after undo", name).map(|()| output));
            let at_ns = ns((options.clock)());
            match undone {
                Ok(output) => self.add(Record::Undone { step: index, output, at_ns })?,
                Err(source) => {
                    let why = chain(&source);
                    (options.observe)(&Event::Failed { step: name, why: &why });
                    self.add(Record::UndoFailed { step: index, why, at_ns })?;
                    let step = name.to_owned();
                    return Err(PlanError::Undo { id: self.id.clone(), step, source });
                }
            }
        }
        self.add(Record::Ended { at_ns: ns((options.clock)()) })?;
        Ok(self.replayed.summary(&self.id))
    }

    fn name_of(&self, index: usize) -> String {
        self.replayed.plan.steps.get(index).map(|step| step.name.clone()).unwrap_or_default()
    }
}

pub(crate) fn ns(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
