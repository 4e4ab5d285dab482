//! Doing what a step asks for besides its answer. What fails of it is logged, and changes nothing.

use std::path::Path;

use plimsoll_redact::{Rules, mask};

use super::announce;
use super::append::{AGENT_SPAWNS, EVENTS, append};
use super::baseline::{Baseline, Round};
use super::call::Call;
use super::checkpoint::{self, Keep};
use super::progress;
use super::store::chain;
use super::transcript::agent_totals;
use super::tree::Listing;
use super::{edits, learned};
use crate::classify::Outcome;
use crate::config::{Checkpoint, Config, Mode};
use crate::decision::Effect;
use crate::event::{Kind, ToolCall, Version};
use crate::loop_end::is_end;
use crate::record::{AgentRecord, IterationRecord, Level, Line, LogRecord, Observe, Record};
use crate::usage::Spent;
use crate::utc;

/// Since this version an agent without a kind is one that the client started for itself.
const NAMES_KINDS: Version = Version(2, 1, 47);

impl Call<'_> {
    /// Does everything in order, and writes the record. Without a directory of ours there is
    /// nothing to record for.
    pub(super) fn perform(
        &mut self,
        effects: Vec<Effect>,
        config: &Config,
        observe: &mut dyn Observe,
    ) {
        if !self.dir.is_dir() {
            self.say_without_a_place();
            return;
        }
        let mut records = Vec::new();
        for effect in effects {
            match effect {
                Effect::Record(record) => records.extend(self.complete(*record, config)),
                Effect::Iteration(record) => {
                    let record = self.iteration(*record, config);
                    records.push(Record::Iteration(record));
                }
                Effect::Baseline { loop_id, task } => self.baseline(&loop_id, &task, config),
                Effect::Learn { task, outcome } => self.learn(&task, outcome),
                Effect::Forget { loop_id } => Baseline::forget(&self.dir, &loop_id),
            }
        }
        records.extend(self.take_notes());
        let has_end = records.iter().any(is_end);
        self.write(records, observe);
        if has_end && config.announce_ends {
            self.announce(observe);
        }
    }

    /// Lets people know of a loop's end, once it is in the record.
    fn announce(&mut self, observe: &mut dyn Observe) {
        let program = self.options.announcer.clone().filter(|program| program.is_file());
        let Some(program) = program else { return };
        if let Err(error) = announce::start(&program, self.project.root(), &self.dir) {
            self.note(Level::Warn, "nobody is told of a loop's end", &error.to_string());
            let notes = self.take_notes();
            self.write(notes, observe);
        }
    }

    /// Notes of a call that has no directory go where a person may see them.
    #[allow(clippy::print_stderr, reason = "there is no other place for it")]
    fn say_without_a_place(&mut self) {
        let now = self.now();
        for record in self.take_notes() {
            let line = Line::new(&now, self.project.name(), record);
            eprintln!("{}", serde_json::to_string(&line).unwrap_or_default());
        }
    }

    fn write(&mut self, records: Vec<Record>, observe: &mut dyn Observe) {
        let (now, project) = (self.now(), self.project.name());
        let line = |record| Line::new(&now, project.clone(), record);
        let mut lines: Vec<Line> = records.into_iter().map(line).collect();
        let failed: Vec<String> = lines
            .iter()
            .filter_map(|line| observe.observe(line).err())
            .map(|error| error.to_string())
            .collect();
        lines.extend(failed.into_iter().map(|detail| {
            line(Record::Log(LogRecord::new(Level::Warn, "an observer failed", masked(&detail))))
        }));
        let (mut all, mut agents) = (String::new(), String::new());
        for line in &lines {
            let text = serde_json::to_string(line).unwrap_or_default();
            if matches!(line.record, Record::Agent(_)) {
                agents.push_str(&text);
                agents.push('\n');
            }
            all.push_str(&text);
            all.push('\n');
        }
        for (name, text) in [(EVENTS, all), (AGENT_SPAWNS, agents)] {
            if let Err(error) = append(&self.dir.join(name), &text) {
                self.note(Level::Warn, "the record cannot be written", &format!("{name}: {error}"));
                self.say_without_a_place();
            }
        }
    }

    /// Adds to a record what only the edge knows; nothing if it is not worth keeping.
    fn complete(&self, record: Record, config: &Config) -> Option<Record> {
        match record {
            Record::Tool(mut tool) => {
                if let Kind::PostToolUse { tool: call, .. } = &self.event.kind {
                    let cwd = self.event.cwd.as_deref().unwrap_or_default();
                    tool.edit = edits::of(call, Path::new(cwd));
                }
                Some(Record::Tool(tool))
            }
            Record::Agent(agent) => self.agent(agent, config).map(Record::Agent),
            Record::Session(mut session) => {
                session.git_branch = self.listing.as_ref().and_then(|l| l.branch.clone());
                Some(Record::Session(session))
            }
            Record::Log(mut log) => {
                log.detail = masked(&log.detail);
                Some(Record::Log(log))
            }
            record => Some(record),
        }
    }

    fn agent(&self, mut record: AgentRecord, config: &Config) -> Option<AgentRecord> {
        match &self.event.kind {
            Kind::PreToolUse(tool) => record.description_digest = Some(task_digest(tool)),
            Kind::SubagentStart if self.is_the_clients_own() => return None,
            Kind::SubagentStop { transcript_path } => {
                if self.is_the_clients_own() {
                    return None;
                }
                let totals = transcript_path.as_deref().map(|p| agent_totals(Path::new(p)));
                let Some(Ok(totals)) = totals else {
                    record.outcome = Some("unknown".to_owned());
                    return Some(record);
                };
                if totals.is_warmup {
                    return None;
                }
                let spent = Spent { by_model: totals.by_model, ..Spent::default() };
                record.usage = Some(spent.usage(&config.prices));
                record.model = totals.model;
                record.tool_calls = Some(totals.tool_calls);
                record.duration_ms = totals.duration_ms;
                let outcome = if totals.failed { "failed" } else { "completed" };
                record.outcome = Some(outcome.to_owned());
            }
            _ => {}
        }
        if record.agent_type.is_empty() {
            record.agent_type = "unknown".to_owned();
        }
        Some(record)
    }

    fn is_the_clients_own(&self) -> bool {
        let has_kind = self.event.agent.as_ref().is_some_and(|agent| !agent.kind.is_empty());
        !has_kind && self.event.client >= NAMES_KINDS
    }

    fn learn(&mut self, task: &str, outcome: Outcome) {
        let now = self.now();
        if let Err(error) = learned::learn(&self.dir, task, outcome, &now) {
            self.note(Level::Warn, "nothing is learned from this loop", &chain(&error));
        }
    }

    fn baseline(&mut self, loop_id: &str, task: &str, config: &Config) {
        if let Err(detail) = progress::begin(&self.dir, loop_id, task, config.progress_max_bytes) {
            self.note(Level::Warn, "progress.md cannot be written", &detail);
        }
        let Some(listing) = &self.listing else { return };
        if let Err(detail) = Baseline::of(listing, &self.dir).write(&self.dir, loop_id) {
            self.note(Level::Warn, "what was changed before cannot be kept", &detail);
        }
    }

    /// Keeps an iteration's state in git and in `progress.md`.
    fn iteration(&mut self, mut record: IterationRecord, config: &Config) -> IterationRecord {
        // A guard watches somebody else's loop, which keeps its own state.
        if record.mode != Mode::Loop {
            return record;
        }
        let now_ms = self.now().wall_ms();
        let mut named = Vec::new();
        let mut commits = Vec::new();
        if let Some(listing) = self.listing.take() {
            match Baseline::read(&self.dir, &record.loop_id) {
                Ok(baseline) => {
                    commits = progress::commits(
                        self.project.root(),
                        baseline.head.as_deref(),
                        listing.tree.head.as_deref(),
                    );
                    named = self.keep(baseline, &listing, &mut record, config);
                }
                Err(detail) => {
                    self.note(Level::Warn, "what was changed before is not known", &detail);
                    record.checkpoint_refused = Some("what was changed before is not known".into());
                }
            }
            self.listing = Some(listing);
        }
        let ts = utc::stamp(now_ms);
        let entry = progress::Entry { record: &record, ts: &ts, files: named, commits };
        if let Err(detail) = progress::write(&self.dir, &entry, config.progress_max_bytes) {
            self.note(Level::Warn, "progress.md cannot be written", &detail);
        }
        record
    }

    /// Keeps the state in git, and returns which files the loop has changed in this iteration.
    fn keep(
        &mut self,
        mut baseline: Baseline,
        listing: &Listing,
        record: &mut IterationRecord,
        config: &Config,
    ) -> Vec<String> {
        let now_ms = self.now().wall_ms();
        let root = self.project.root().to_owned();
        let round = Round {
            root: &root,
            dir: &self.dir,
            session_id: &record.session_id,
            began_ms: now_ms.saturating_sub(record.duration_ms),
        };
        let changed = baseline.look(listing, &round);
        if !changed.foreign.is_empty() {
            let detail = format!("{} files", changed.foreign.len());
            self.note(Level::Info, "somebody else changes files here", &detail);
        }
        let ours = baseline.ours(listing, config.checkpoint == Checkpoint::SideRef);
        baseline.head.clone_from(&listing.tree.head);
        let worth = record.progressed != Some(false) && self.project.is_in_git();
        if worth && config.checkpoint != Checkpoint::Off {
            let keep = Keep {
                root: &root,
                loop_id: &record.loop_id,
                iteration: record.iteration,
                files: ours,
                at_secs: now_ms / 1_000,
            };
            match checkpoint::keep(&keep, listing, config.checkpoint) {
                Ok(reference) => record.checkpoint_ref = reference,
                Err(why) => {
                    let why = masked(&why);
                    self.note(Level::Warn, "an iteration is not kept in git", &why);
                    record.checkpoint_refused = Some(why);
                }
            }
        }
        if let Err(detail) = baseline.write(&self.dir, &record.loop_id) {
            self.note(Level::Warn, "what was changed before cannot be kept", &detail);
        }
        changed.ours
    }
}

fn task_digest(tool: &ToolCall) -> String {
    let text = |field: &str| tool.text(field).unwrap_or_default();
    edits::digest(format!("{}\n{}", text("description"), text("prompt")).as_bytes())
}

fn masked(text: &str) -> String {
    mask(text, &Rules::default()).into_owned()
}
