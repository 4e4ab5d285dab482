//! One call of a hook: which project, which bounds, and the way from an event to an answer.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::gather::read_text;
use super::limits::{LimitsError, LimitsFile};
use super::options::Options;
use super::project::Project;
use super::refresh::refresh;
use super::store::{self, Loaded, StoreError, chain};
use super::tree::Listing;
use super::{Outcome, append, checks, clock};
use crate::cause::Cause;
use crate::config::{Config, Mode};
use crate::decision::{Decision, Effect, Step};
use crate::event::{Event, Kind};
use crate::facts::{Facts, Verdict};
use crate::guard_list::{self, GuardList, Place};
use crate::now::Now;
use crate::record::{Level, LogRecord, Observe, Record};
use crate::state::{State, Status};
use crate::step::step;

/// A stop leads to checks and a wait at most; more would be a mistake of ours.
const STEPS_MAX: usize = 6;
/// While a hook waits, it looks so often whether a person has said something.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(super) struct Call<'a> {
    pub(super) event: &'a Event,
    pub(super) options: &'a Options,
    pub(super) project: Project,
    pub(super) dir: PathBuf,
    pub(super) boot_id: u64,
    pub(super) listing: Option<Listing>,
    config: Result<Config, String>,
    /// What is to be logged once there is a decision.
    notes: Vec<LogRecord>,
    /// What a person is told besides.
    told: Option<String>,
}

/// A step, and whether what it rests on was to be had.
struct Stepped {
    step: Step,
    failure: Option<StoreError>,
}

impl<'a> Call<'a> {
    /// The call that an event asks for; nothing if there is nothing to do, which must cost least.
    pub(super) fn open(event: &'a Event, options: &'a Options) -> Option<Self> {
        let named = options.project_dir.as_deref().map(Project::of);
        // A directory that is not there is nobody's project, and none is made for it.
        let cwd = event.cwd.as_deref().map(Path::new);
        let project = match cwd.filter(|cwd| cwd.is_absolute() && cwd.is_dir()) {
            Some(cwd) => home_of(event, Project::of(cwd), named),
            None => named?,
        };
        let starts_here = matches!(event.kind, Kind::UserPromptSubmit { .. });
        let may_guard = options.mode == Some(Mode::Guard)
            || options.mode_from_env() == Some(Mode::Guard)
            || options.config.as_ref().is_some_and(|config| config.mode == Mode::Guard);
        if !starts_here
            && !may_guard
            && !project.dir().is_dir()
            && !concerns_us(event, &project, options)
        {
            return None;
        }
        let call = Self::of_project(project, event, options);
        let is_off = call.config.as_ref().is_ok_and(|config| config.mode == Mode::Off);
        (!is_off).then_some(call)
    }

    pub(super) fn of_project(project: Project, event: &'a Event, options: &'a Options) -> Self {
        let dir = project.dir();
        let mut notes = Vec::new();
        let told = refresh(&project, event, options);
        if let Some(told) = &told {
            notes.push(LogRecord::new(
                Level::Warn,
                "bounds are older than the configuration",
                told.as_str(),
            ));
        }
        let config = config(&dir, options, &mut notes).map_err(|error| chain(&error));
        Self {
            event,
            options,
            project,
            dir,
            boot_id: clock::boot_id(),
            listing: None,
            config,
            notes,
            told,
        }
    }

    pub(super) fn now(&self) -> Now {
        clock::now(self.boot_id)
    }

    pub(super) fn note(&mut self, level: Level, message: &str, detail: &str) {
        self.notes.push(LogRecord {
            session_id: self.event.session_id.clone(),
            event: Some(self.event.name().to_owned()),
            ..LogRecord::new(level, message, detail)
        });
    }

    /// The breaker of this session, if it is open.
    pub(super) fn open_breaker(&self) -> Option<Cause> {
        let session_id = self.event.session_id.as_deref()?;
        let loaded = store::peek(&self.dir).ok()?;
        let run = loaded.state.run_of(session_id)?;
        match &run.status {
            Status::Tripped { cause } if run.mode == Mode::Guard => Some(cause.clone()),
            _ => None,
        }
    }

    pub(super) fn run(mut self, observe: &mut dyn Observe) -> (Step, Outcome) {
        let config = match self.config.clone() {
            Ok(config) => config,
            Err(detail) => return (self.without_limits(&detail, observe), Outcome::Degraded),
        };
        let mut event = self.event.clone();
        let mut outcome = Outcome::Decided;
        let mut notices: Vec<String> = self.told.take().into_iter().collect();
        for _ in 0..STEPS_MAX {
            let Stepped { mut step, failure } = self.step_saved(&event, &config);
            if let Some(error) = failure {
                outcome = Outcome::Degraded;
                self.degrade(&mut step, &error, &config);
            }
            self.perform(std::mem::take(&mut step.effects), &config, observe);
            notices.append(&mut step.notices);
            let next = match &step.decision {
                Decision::Wait { until } => {
                    self.wait(*until);
                    Kind::Waited
                }
                Decision::RunChecks => {
                    let tree = self.listing.as_ref().map(|l| l.tree.fingerprint.clone());
                    Kind::ChecksFinished(checks::run(&config.checks, self.project.root(), tree))
                }
                _ => {
                    step.notices = notices;
                    return (step, outcome);
                }
            };
            event = event.with_kind(next);
        }
        self.note(Level::Error, "a stop came to no decision", "");
        (passing(notices), Outcome::Degraded)
    }

    pub(super) fn run_command(mut self, observe: &mut dyn Observe) -> Result<String, StoreError> {
        // A person may end and look at loops also when the bounds cannot be read.
        let config = self.config.clone().unwrap_or_default();
        let config = if config.mode == Mode::Off { config.with_mode(Mode::Loop) } else { config };
        let event = self.event.clone();
        let Stepped { step, failure } = self.step_saved(&event, &config);
        if let Some(error) = failure {
            return Err(error);
        }
        self.perform(step.effects, &config, observe);
        let mut said = step.notices;
        if let Decision::Answer { text } = step.decision {
            said.push(text);
        }
        Ok(said.join("\n"))
    }

    /// Steps, and saves the state if it changed. What takes long is gathered before the lock is
    /// taken, and gathered anew if another hook was faster.
    fn step_saved(&mut self, event: &Event, config: &Config) -> Stepped {
        let peeked = match store::peek(&self.dir) {
            Ok(peeked) => peeked,
            Err(error) => {
                // Without a state a guard still reads what was spent; nothing else rests on it.
                let mut stepped = self.step(Loaded::default(), event, config);
                stepped.failure = Some(error);
                return stepped;
            }
        };
        let (generation, must_save) = (peeked.generation, peeked.told.is_some());
        let before = peeked.state.clone();
        let stepped = self.step(peeked, event, config);
        if !must_save && stepped.step.state == before {
            return stepped;
        }
        self.save(stepped, generation, event, config)
    }

    fn save(
        &mut self,
        mut stepped: Stepped,
        generation: u64,
        event: &Event,
        config: &Config,
    ) -> Stepped {
        let held = self
            .project
            .make_dir()
            .map_err(|error| StoreError::Write { path: self.dir.clone(), why: error.to_string() });
        let now = self.now();
        let mut held = match held.and_then(|dir| store::hold(&dir, event.name(), &now)) {
            Ok(held) => held,
            Err(error) => return Stepped { failure: Some(error), ..stepped },
        };
        if held.loaded.generation != generation {
            stepped = self.step(held.loaded.clone(), event, config);
        }
        if let Err(error) = held.save(&stepped.step.state) {
            stepped.failure = Some(error);
        }
        stepped
    }

    fn step(&mut self, loaded: Loaded, event: &Event, config: &Config) -> Stepped {
        let facts = self.facts(&loaded.state, event, config);
        let traced = self.options.trace.as_ref().map(|path| (path.clone(), loaded.state.clone()));
        let mut step = step(loaded.state, event, &facts, config);
        if let Some((path, state)) = traced {
            self.trace(&path, &Trace { state: &state, event, facts: &facts, config, step: &step });
        }
        if let Some(told) = loaded.told {
            self.note(Level::Error, "the state was recovered", &told);
            step.notices.insert(0, told);
        }
        Stepped { step, failure: None }
    }

    /// The safe side, when the state could not be written: nothing that would have to be
    /// remembered is begun. What forbids stays forbidden.
    fn degrade(&mut self, step: &mut Step, error: &StoreError, config: &Config) {
        let detail = chain(error);
        self.note(Level::Error, "no state to rest on", &detail);
        let is_stop = matches!(self.event.kind, Kind::Stop { .. });
        // A short wait for another hook is not worth the end of somebody's loop; a state that
        // cannot be kept is, because then nothing would ever end it.
        let lasts = !matches!(error, StoreError::Busy { .. });
        step.effects.retain(|effect| matches!(effect, Effect::Record(_)));
        step.decision = match &step.decision {
            Decision::Halt { .. } | Decision::Deny { .. } | Decision::Ask { .. } => return,
            Decision::Answer { .. } => {
                Decision::Answer { text: format!("ralph: not done: {detail}.") }
            }
            _ if is_stop && lasts && config.mode == Mode::Guard => {
                Decision::Halt { cause: Cause::StateUnavailable { detail } }
            }
            Decision::Pass => return,
            _ => {
                step.notices.push(format!("ralph: no loop goes on: {detail}."));
                Decision::Pass
            }
        };
    }

    /// The safe side, when the bounds cannot be read: a loop lets the stop through, a guard lets
    /// no loop go on.
    fn without_limits(&mut self, detail: &str, observe: &mut dyn Observe) -> Step {
        self.note(Level::Error, "the limits cannot be read", detail);
        let cause = Cause::LimitsUnreadable { detail: detail.to_owned() };
        let open = self.open_breaker();
        let mut step = passing(Vec::new());
        match &self.event.kind {
            Kind::Stop { .. } if self.is_guard() => step.decision = Decision::Halt { cause },
            Kind::PreToolUse(_) => {
                if let Some(cause) = open {
                    step.decision = Decision::Halt { cause };
                }
            }
            Kind::SessionStart { .. } | Kind::UserPromptSubmit { .. } => {
                step.notices.push(format!("ralph: {cause}. Next: {}", cause.advice()));
            }
            _ => {}
        }
        self.perform(Vec::new(), &Config::default(), observe);
        step
    }

    fn is_guard(&self) -> bool {
        let said = self.options.mode_from_env().or(self.options.mode);
        let session_id = self.event.session_id.as_deref().unwrap_or_default();
        said.map_or_else(
            || {
                let loaded = store::peek(&self.dir).unwrap_or_default();
                let run = loaded.state.run_of(session_id);
                run.is_some_and(|run| run.mode == Mode::Guard)
            },
            |mode| mode == Mode::Guard,
        )
    }

    /// Waits, but no longer than a person lets the loop wait.
    #[allow(clippy::disallowed_methods, reason = "this is where a loop waits; it is bounded")]
    fn wait(&self, until: SystemTime) {
        loop {
            let left = until.duration_since(self.now().wall).unwrap_or_default();
            if left.is_zero() || !self.still_waits() {
                return;
            }
            std::thread::sleep(left.min(LOOK_EVERY));
        }
    }

    fn still_waits(&self) -> bool {
        let session_id = self.event.session_id.as_deref().unwrap_or_default();
        let Ok(loaded) = store::peek(&self.dir) else { return false };
        loaded.state.run_of(session_id).is_some_and(|run| run.status == Status::Pending)
    }

    pub(super) fn take_notes(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.notes).into_iter().map(Record::Log).collect()
    }

    fn trace(&mut self, path: &Path, trace: &Trace<'_>) {
        let line = serde_json::json!({
            "state": trace.state, "event": trace.event, "facts": trace.facts,
            "config": trace.config, "decision": trace.step.decision,
        });
        if let Err(error) = append::append(path, &format!("{line}\n")) {
            self.note(Level::Warn, "a step could not be traced", &error.to_string());
        }
    }
}

struct Trace<'a> {
    state: &'a State,
    event: &'a Event,
    facts: &'a Facts,
    config: &'a Config,
    step: &'a Step,
}

fn passing(notices: Vec<String>) -> Step {
    Step { state: State::default(), decision: Decision::Pass, notices, effects: Vec::new() }
}

/// Whether an event matters also where nothing of ours has been yet: by the guard list, or by keys in reach.
fn concerns_us(event: &Event, project: &Project, options: &Options) -> bool {
    match &event.kind {
        Kind::SessionStart { .. } => {
            let canonical = &GuardList::default().canonical_file;
            !options.secret_names.is_empty() || project.root().join(canonical).is_file()
        }
        Kind::PreToolUse(tool) => {
            let default = GuardList::default();
            let list = options.config.as_ref().map_or(&default, |config| &config.guard_list);
            let cwd = event.cwd.as_deref().map_or(project.root(), Path::new);
            let place = Place::new(project.root(), cwd, &read_text);
            guard_list::verdict(tool, list, &place) != Verdict::Pass
        }
        _ => false,
    }
}

/// The project that has this session's loop: the session may have gone into another directory.
fn home_of(event: &Event, here: Project, named: Option<Project>) -> Project {
    let Some(named) = named.filter(|named| *named != here) else { return here };
    let session_id = event.session_id.as_deref().unwrap_or_default();
    let has_run = |project: &Project| {
        store::peek(&project.dir()).is_ok_and(|loaded| loaded.state.has_run_of(session_id))
    };
    if !has_run(&here) && has_run(&named) { named } else { here }
}

/// The bounds: the file's, with the program's mode and the environment over them.
pub(super) fn config(
    dir: &Path,
    options: &Options,
    notes: &mut Vec<LogRecord>,
) -> Result<Config, LimitsError> {
    let mut config = match &options.config {
        Some(config) => config.clone(),
        None => LimitsFile::read(dir)?.map(|file| file.ralph).unwrap_or_default(),
    };
    if let Some(mode) = options.mode {
        config.mode = mode;
    }
    let vars = options.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for problem in config.apply_env(vars) {
        let message = "a variable of the environment is not used";
        notes.push(LogRecord::new(Level::Warn, message, problem.to_string()));
    }
    Ok(config)
}
