//! The pure core: state, event, facts and bounds to the next state, an answer and effects.

pub(crate) mod bounds;
mod command;
mod needs;
mod prompt;
mod records;
#[cfg(feature = "hook")]
mod room;
mod session;
mod stop;
mod tool;
pub(crate) mod words;

use crate::cause::Cause;
use crate::classify::Outcome;
use crate::config::{Config, Mode};
use crate::decision::{Decision, Effect, Step};
use crate::event::{Event, Kind};
use crate::facts::Facts;
use crate::record::{Level, LogRecord, Record};
use crate::state::{Owner, Run, State, Status};

pub use needs::{SpentFrom, needs};

/// Decides. The same arguments give the same answer, so a recorded log replays.
///
/// Nothing here fails: an event that owns nothing passes, a fact that could not be had counts as
/// unknown, never as zero.
#[must_use]
pub fn step(state: State, event: &Event, facts: &Facts, config: &Config) -> Step {
    let mut scene = Scene { state, event, facts, config, effects: Vec::new(), notices: Vec::new() };
    let decision = if config.mode == Mode::Off { Decision::Pass } else { scene.decide() };
    let Scene { state, effects, notices, .. } = scene;
    Step { state, decision, notices, effects }
}

/// One step's arguments and results.
struct Scene<'a> {
    state: State,
    event: &'a Event,
    facts: &'a Facts,
    config: &'a Config,
    effects: Vec<Effect>,
    notices: Vec<String>,
}

impl Scene<'_> {
    fn decide(&mut self) -> Decision {
        let event = self.event;
        match &event.kind {
            Kind::Stop { last_message, background } => {
                self.stop(last_message.as_deref(), background)
            }
            Kind::ChecksFinished(result) => self.checks_finished(result),
            Kind::Waited => self.waited(),
            Kind::StopFailure { error } => self.stop_failure(error),
            Kind::PreToolUse(tool) => self.before_tool(tool),
            Kind::PostToolUse { tool, duration_ms } => self.after_tool(tool, *duration_ms, "ok"),
            Kind::PostToolUseFailure { tool, duration_ms, is_interrupt: true } => {
                self.after_tool(tool, *duration_ms, "interrupted")
            }
            Kind::PostToolUseFailure { tool, duration_ms, is_interrupt: false } => {
                self.after_tool(tool, *duration_ms, "failed")
            }
            Kind::UserPromptSubmit { prompt } => self.prompt(prompt),
            Kind::Command(command) => self.command(command),
            Kind::SessionStart { source } => self.session_start(source),
            Kind::SessionEnd { .. } => self.session_end(),
            Kind::SubagentStart => self.subagent("started"),
            Kind::SubagentStop { transcript_path } => {
                self.register_agent(transcript_path.as_deref());
                self.subagent("stopped")
            }
            Kind::Unreadable { detail } => {
                self.log(Level::Warn, "the hook's input cannot be read", detail);
                Decision::Pass
            }
            Kind::PreCompact
            | Kind::PostCompact
            | Kind::Notification { .. }
            | Kind::Unknown { .. } => Decision::Pass,
        }
    }

    fn session_id(&self) -> Option<&str> {
        self.event.session_id.as_deref()
    }

    /// The session's run that this event may act on. A loop acts for its owner's process only: a
    /// session that was resumed in another process asks first.
    fn own(&mut self) -> Option<usize> {
        let index = self.state.index_of(self.session_id()?)?;
        let process = self.facts.process;
        let run = self.state.runs.get_mut(index)?;
        if let Owner::Session { process: owner, .. } = &mut run.owner {
            let differs = matches!((&*owner, process), (Some(own), Some(now)) if *own != now);
            if differs && run.mode == Mode::Loop {
                return None;
            }
            if run.mode == Mode::Guard {
                *owner = process.or(*owner);
            }
        }
        Some(index)
    }

    /// The same, and in guard mode a new guard if there is none.
    fn own_or_guard(&mut self) -> Option<usize> {
        if let Some(index) = self.own() {
            return Some(index);
        }
        let session_id = self.session_id()?.to_owned();
        if self.config.mode != Mode::Guard || self.state.has_run_of(&session_id) {
            return None;
        }
        let owner = Owner::session(&session_id, self.facts.process);
        let mut run =
            Run::new(format!("guard-{}", self.facts.fresh_id), Mode::Guard, owner, &self.facts.now);
        run.transcript.clone_from(&self.event.transcript_path);
        run.tree.clone_from(&self.facts.tree);
        self.record_loop(&run, "started", None, None);
        self.state.add(run);
        self.own()
    }

    fn run(&mut self, index: usize) -> Option<&mut Run> {
        self.state.runs.get_mut(index)
    }

    /// Takes what was spent since the last time into the run at `index`.
    fn absorb(&mut self, index: usize) {
        let (facts, config) = (self.facts, self.config);
        let Some(spent) = &facts.spent else { return };
        let Some(run) = self.state.runs.get_mut(index) else { return };
        run.usage = run.usage.plus(spent.usage(&config.prices));
        run.cursor = spent.cursor.clone();
        run.round.transcript_calls = run.round.transcript_calls.saturating_add(spent.tool_calls);
        bounds::remember_calls(&mut run.calls_secs, &spent.calls_secs, facts, config);
        if spent.model.is_some() {
            run.model.clone_from(&spent.model);
        }
        run.client_said = spent.client.or(run.client_said);
        run.transcript = self.event.transcript_path.clone().or(run.transcript.take());
        let unpriced: Vec<String> = spent
            .by_model
            .keys()
            .filter(|model| crate::price::price_of(&config.prices, model).is_none())
            .filter(|model| !run.unpriced.contains(model))
            .cloned()
            .collect();
        run.unpriced.extend(unpriced.iter().cloned());
        if !unpriced.is_empty() {
            let models = unpriced.join(", ");
            self.notices.push(words::unpriced(&models));
            self.log(Level::Warn, "a model's price is unknown", &models);
        }
    }

    /// Opens the breaker of the run at `index`.
    fn trip(&mut self, index: usize, cause: &Cause) {
        let Some(run) = self.run(index) else { return };
        run.status = Status::Tripped { cause: cause.clone() };
        run.half_open = false;
        let run = run.clone();
        self.record_loop(&run, "tripped", Some(cause.clone()), None);
        self.learn(&run, Outcome::Failure);
    }

    /// The router learns from loops, whose task it may have been asked about.
    fn learn(&mut self, run: &Run, outcome: Outcome) {
        if run.mode == Mode::Loop && !run.task.is_empty() {
            self.effects.push(Effect::Learn { task: run.task.clone(), outcome });
        }
    }

    fn log(&mut self, level: Level, message: &str, detail: &str) {
        let record = LogRecord {
            session_id: self.event.session_id.clone(),
            event: Some(self.event.name().to_owned()),
            ..LogRecord::new(level, message, detail)
        };
        self.record(Record::Log(record));
    }
}
