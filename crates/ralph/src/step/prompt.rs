//! A prompt: a command, a task for a loop, or nothing of ours.

use super::command::answer;
use super::{Scene, words};
use crate::config::Mode;
use crate::decision::Decision;
use crate::event::{Command, is_of_a_person};
use crate::facts::Route;
use crate::record::{LoopRecord, Record};
use crate::state::{Owner, Run, Status};

/// How long a loop that was resumed at a shell waits for a session.
const ADOPTABLE_SECS: u64 = 15 * 60;
/// The most that a creative task's context may be, characters.
const EXPLORE_CHARS_MAX: usize = 600;

impl Scene<'_> {
    pub(super) fn prompt(&mut self, prompt: &str) -> Decision {
        if !is_of_a_person(prompt) || self.event.agent.is_some() {
            return Decision::Pass;
        }
        if let Some(command) = Command::parse(prompt) {
            return self.command(&command);
        }
        if self.config.mode == Mode::Guard {
            return self.attended();
        }
        self.offer_orphans();
        if let Some(decision) = self.adopt() {
            return decision;
        }
        if let Some(index) = self.own() {
            return self.prompt_in_loop(index);
        }
        self.settle();
        self.route(prompt)
    }

    /// A person is there and looks: what counts is what happens unattended from here on.
    fn attended(&mut self) -> Decision {
        let Some(index) = self.own_or_guard() else { return Decision::Pass };
        self.absorb(index);
        let now = self.facts.now;
        let Some(run) = self.run(index) else { return Decision::Pass };
        if let Status::Tripped { cause } = &run.status {
            if cause.needs_reset() {
                return answer(words::tripped(run, cause));
            }
            run.status = Status::Active;
            run.half_open = true;
        }
        run.clear_counters();
        run.grant.iteration = run.iteration;
        run.grant.at = now.moment();
        run.next_round(&now);
        run.round.attended = true;
        Decision::Pass
    }

    /// Takes a loop that a person resumed at a shell.
    fn adopt(&mut self) -> Option<Decision> {
        let session_id = self.session_id()?.to_owned();
        if self.state.has_run_of(&session_id) {
            return None;
        }
        let facts = self.facts;
        let fresh = |owner: &Owner| match owner {
            Owner::Next { since } => since.elapsed(&facts.now).as_secs() <= ADOPTABLE_SECS,
            Owner::Session { .. } => false,
        };
        let index = self.state.runs.iter().position(|run| fresh(&run.owner))?;
        let transcript = self.event.transcript_path.clone();
        let run = self.run(index)?;
        run.owner = Owner::session(&session_id, facts.process);
        run.cursor = facts.end.clone().unwrap_or_default();
        run.transcript = transcript;
        run.context_due = false;
        run.next_round(&facts.now);
        let run = run.clone();
        self.record_loop(&run, "resumed", None, None);
        let text = words::context(&run, facts.progress_tail.as_deref(), self.config);
        Some(Decision::Context { text })
    }

    /// A person says something in a session that has a loop.
    fn prompt_in_loop(&mut self, index: usize) -> Decision {
        let (facts, config) = (self.facts, self.config);
        let rests = self.state.runs.get(index).is_some_and(Run::rests);
        if rests {
            self.rest(index);
            return Decision::Pass;
        }
        let Some(run) = self.run(index) else { return Decision::Pass };
        if std::mem::take(&mut run.context_due) {
            let text = words::context(run, facts.progress_tail.as_deref(), config);
            return Decision::Context { text };
        }
        Decision::Pass
    }

    /// A person goes on in a session whose loop rests: from here on nothing is the loop's.
    pub(super) fn rest(&mut self, index: usize) {
        if self.state.runs.get(index).is_some_and(|run| !run.round.attended) {
            self.absorb(index);
        }
        let end = self.facts.end.clone();
        if let Some(run) = self.run(index) {
            run.round.attended = true;
            run.cursor = end.unwrap_or_else(|| std::mem::take(&mut run.cursor));
        }
    }

    fn route(&mut self, prompt: &str) -> Decision {
        let Some(session_id) = self.session_id().map(str::to_owned) else { return Decision::Pass };
        match self.facts.route.clone() {
            None | Some(Route::Standard) => Decision::Pass,
            Some(Route::Loop { certain: true, reason }) => self.start(prompt, &reason, false),
            Some(Route::Loop { certain: false, reason }) => {
                self.state.ask(&session_id, prompt);
                self.record_route("asked", reason.clone());
                self.notices.push(format!(
                    "ralph: this looks mechanical ({reason}). RALPH START runs it as a loop; \
                     otherwise nothing changes."
                ));
                Decision::Pass
            }
            Some(Route::Explore { context }) => {
                self.record_route("explored", words::explored(self.config));
                Decision::Context {
                    text: words::shorten_keeping_lines(&context, EXPLORE_CHARS_MAX),
                }
            }
        }
    }

    fn record_route(&mut self, event: &str, detail: String) {
        let record = LoopRecord {
            session_id: self.session_id().unwrap_or_default().to_owned(),
            mode: self.config.mode,
            event: event.to_owned(),
            detail: Some(detail),
            ..LoopRecord::default()
        };
        self.record(Record::Loop(record));
    }

    /// Tells a session once of loops whose owner has died. It owns none of them by that.
    pub(super) fn offer_orphans(&mut self) {
        let Some(session_id) = self.session_id().map(str::to_owned) else { return };
        if self.state.offered.contains(&session_id) {
            return;
        }
        let orphans: Vec<_> = self
            .state
            .runs
            .iter()
            .filter(|run| run.mode == Mode::Loop && self.is_orphan(run))
            .collect();
        if orphans.is_empty() {
            return;
        }
        let offer = words::orphans(&orphans);
        self.notices.push(offer);
        self.state.remember_offered(&session_id);
    }
}
