//! What a person says, typed as a prompt or at a shell. Answered without the model.

use super::{Scene, bounds, words};
use crate::cause::Cause;
use crate::classify::Outcome;
use crate::config::Mode;
use crate::decision::{Decision, Effect};
use crate::event::Command;
use crate::state::{Owner, Run, Status, cut_task};

impl Scene<'_> {
    pub(super) fn command(&mut self, command: &Command) -> Decision {
        match command {
            Command::Status => answer(words::status(&self.state, self.config, &self.facts.now)),
            Command::Start { task } => self.start_command(task.as_deref()),
            Command::Stop => self.end_command(None, "stopped"),
            Command::Discard { loop_id } => self.end_command(loop_id.as_deref(), "discarded"),
            Command::Pause { loop_id } => self.pause_command(loop_id.as_deref()),
            Command::Resume { loop_id, at_once } => {
                self.resume_command(loop_id.as_deref(), *at_once)
            }
            Command::Reset { loop_id } => self.reset_command(loop_id.as_deref()),
        }
    }

    /// The run that a command means, or what to say if that is not clear.
    fn target(&self, loop_id: Option<&str>) -> Result<usize, Decision> {
        let own = self.session_id().and_then(|session| self.state.run_of(session));
        let own = own.map(|run| run.loop_id.clone());
        let found = self.state.target(loop_id, own.as_deref()).map(|run| run.loop_id.clone());
        let index = found.and_then(|id| self.state.runs.iter().position(|run| run.loop_id == id));
        index.ok_or_else(|| {
            let what = match loop_id {
                Some(id) => format!("ralph: no loop here, or more than one, begins with {id}."),
                None if self.state.runs.is_empty() => "ralph: no loop here.".to_owned(),
                None => "ralph: which loop? Say its id after the command:".to_owned(),
            };
            let list = words::status(&self.state, self.config, &self.facts.now);
            let list = if self.state.runs.is_empty() { String::new() } else { format!("\n{list}") };
            answer(format!("{what}{list}"))
        })
    }

    fn start_command(&mut self, task: Option<&str>) -> Decision {
        let Some(session_id) = self.session_id().map(str::to_owned) else {
            return answer("ralph: a loop begins in a session: say RALPH START there.".to_owned());
        };
        let asked = self.state.take_asked(&session_id);
        let task = task.map(str::to_owned).or(asked).or_else(|| self.facts.prompt_file.clone());
        match task.map(|task| cut_task(&task)).filter(|task| !task.is_empty()) {
            Some(task) => self.start(&task, "", true),
            None => answer(
                "ralph: no task: say RALPH START and the task, or write it into PROMPT.md \
                 (`plimsoll ralph init` makes one)."
                    .to_owned(),
            ),
        }
    }

    /// Begins a loop in this session. `told` says that the prompt was a command, so that the task
    /// is not in the agent's context yet.
    pub(super) fn start(&mut self, task: &str, reason: &str, told: bool) -> Decision {
        let config = self.config;
        if config.mode != Mode::Loop {
            return answer(
                "ralph: only a guard is on here: RALPH_MODE=loop runs loops.".to_owned(),
            );
        }
        let Some(session_id) = self.session_id().map(str::to_owned) else { return Decision::Pass };
        let spent = self.state.spent_by_ended(&session_id);
        if spent.cost_nano_usd >= config.max_budget_nano_usd() {
            let spent = crate::price::dollars(spent.cost_nano_usd);
            self.notices.push(format!(
                "ralph: no loop begins: earlier ones of this session have spent {spent}. RALPH \
                 RESET grants the budget again."
            ));
            return Decision::Pass;
        }
        if let Some(index) = self.state.index_of(&session_id) {
            match self.state.runs.get(index) {
                Some(run) if run.mode == Mode::Loop => {
                    let line = words::status(&self.state, config, &self.facts.now);
                    return answer(format!("ralph: this session has a loop already.\n{line}"));
                }
                // A guard from before the mode was switched: the loop has the bounds now.
                _ => drop(self.state.runs.remove(index)),
            }
        }
        if !self.state.has_room() {
            return answer("ralph: too many loops here: discard one first.".to_owned());
        }
        let owner = Owner::session(&session_id, self.facts.process);
        let now = self.facts.now;
        let mut run = Run::new(format!("loop-{}", self.facts.fresh_id), Mode::Loop, owner, &now);
        run.task = cut_task(task);
        run.transcript.clone_from(&self.event.transcript_path);
        run.cursor = self.facts.end.clone().unwrap_or_default();
        run.tree.clone_from(&self.facts.tree);
        self.notices.push(words::started(&run, config, reason));
        let text = if told {
            format!("{}\nTask:\n{}", words::begin(config), run.task)
        } else {
            words::begin(config)
        };
        self.record_loop(&run, "started", None, Some(reason.to_owned()));
        self.effects
            .push(Effect::Baseline { loop_id: run.loop_id.clone(), task: run.task.clone() });
        self.state.add(run);
        Decision::Context { text }
    }

    fn end_command(&mut self, loop_id: Option<&str>, event: &str) -> Decision {
        let index = match self.target(loop_id) {
            Ok(index) => index,
            Err(why) => return why,
        };
        if self.state.runs.get(index).is_some_and(|run| run.mode == Mode::Guard) {
            return answer(
                "ralph: a guard is on here, and no loop. RALPH_MODE=off switches it off."
                    .to_owned(),
            );
        }
        let now = self.facts.now;
        let has_failed = self.state.runs.get(index).is_some_and(Run::is_open);
        let Some(run) = self.state.end(index, Cause::Person, &now) else { return Decision::Pass };
        if !has_failed {
            self.learn(&run, Outcome::Failure);
        }
        self.record_loop(&run, event, Some(Cause::Person), None);
        self.effects.push(Effect::Forget { loop_id: run.loop_id.clone() });
        answer(format!(
            "ralph: loop {} {event} at iteration {} after {}. Its checkpoints stay: plimsoll ralph \
             restore lists them.",
            run.loop_id,
            run.iteration,
            crate::price::dollars(run.usage.cost_nano_usd)
        ))
    }

    fn pause_command(&mut self, loop_id: Option<&str>) -> Decision {
        let index = match self.target(loop_id) {
            Ok(index) => index,
            Err(why) => return why,
        };
        let Some(run) = self.run(index) else { return Decision::Pass };
        if run.mode == Mode::Guard {
            return answer("ralph: a guard does not pause; RALPH_MODE=off switches it off.".into());
        }
        if let Status::Tripped { cause } = &run.status {
            return answer(format!("ralph: loop {} is stopped already: {cause}.", run.loop_id));
        }
        run.status = Status::Paused { cause: Cause::Person };
        let run = run.clone();
        self.record_loop(&run, "paused", Some(Cause::Person), None);
        answer(format!(
            "ralph: loop {} pauses: its next stop goes through. RALPH RESUME goes on.",
            run.loop_id
        ))
    }

    fn resume_command(&mut self, loop_id: Option<&str>, at_once: bool) -> Decision {
        let index = match self.target(loop_id) {
            Ok(index) => index,
            Err(why) => return why,
        };
        let (config, facts) = (self.config, self.facts);
        let session_id = self.session_id().map(str::to_owned);
        if let Some(refusal) = self.cannot_resume(index, session_id.as_deref()) {
            return refusal;
        }
        self.catch_up(index);
        let transcript = self.event.transcript_path.clone();
        let Some(run) = self.run(index) else { return Decision::Pass };
        if run.mode == Mode::Loop {
            run.owner = match &session_id {
                Some(session_id) => {
                    if !run.is_of(session_id) {
                        run.cursor = facts.end.clone().unwrap_or_default();
                        run.transcript = transcript;
                    }
                    Owner::session(session_id, facts.process)
                }
                None => Owner::Next { since: facts.now.moment() },
            };
        }
        run.half_open |= run.is_open();
        run.status = Status::Active;
        run.clear_counters();
        // Nobody waited while nobody worked: the time counts from here, all else goes on.
        run.grant.at = facts.now.moment();
        run.next_round(&facts.now);
        if facts.tree.is_some() {
            run.tree.clone_from(&facts.tree);
        }
        run.context_due = !at_once;
        let run = run.clone();
        let event = if run.half_open { "half_open" } else { "resumed" };
        self.record_loop(&run, event, Some(Cause::Person), None);
        if at_once && session_id.is_some() {
            return Decision::Context {
                text: words::context(&run, facts.progress_tail.as_deref(), config),
            };
        }
        let how = match session_id {
            Some(_) => "Your next prompt goes on with it",
            None => "The next session here in which a person says something goes on with it",
        };
        answer(format!(
            "ralph: loop {} is resumed at iteration {} of {}, {}. {how}.",
            run.loop_id,
            run.iteration.saturating_sub(run.grant.iteration),
            config.max_iterations,
            words::money(&run, config),
        ))
    }

    /// Counts what the loop has spent up to now, but not what a person has while it rested.
    fn catch_up(&mut self, index: usize) {
        match self.state.runs.get(index) {
            Some(run) if run.rests() => self.rest(index),
            Some(_) => self.absorb(index),
            None => {}
        }
    }

    /// Why a loop cannot go on: it belongs to somebody, or its bounds are used up.
    fn cannot_resume(&self, index: usize, session_id: Option<&str>) -> Option<Decision> {
        let run = self.state.runs.get(index)?;
        let is_foreign = session_id.is_some_and(|session| !run.is_of(session));
        let has_owner = run.owner.session_id().is_some() && !self.is_orphan(run);
        if is_foreign && has_owner {
            return Some(answer(format!(
                "ralph: loop {} belongs to a session that runs: say it there.",
                run.loop_id
            )));
        }
        let mut probe = run.clone();
        probe.clear_counters();
        probe.grant.at = self.facts.now.moment();
        let cause = bounds::at_end(&probe, &[], self.config, &self.facts.now)?;
        let id = &run.loop_id;
        Some(answer(format!(
            "ralph: loop {id} cannot go on: {cause}. RALPH RESET {id} grants anew."
        )))
    }

    fn reset_command(&mut self, loop_id: Option<&str>) -> Decision {
        let index = match self.target(loop_id) {
            Ok(index) => index,
            Err(why) => {
                let session_id = self.session_id().unwrap_or_default().to_owned();
                let before = self.state.ended.len();
                self.state.ended.retain(|ended| ended.session_id != session_id);
                return if self.state.ended.len() < before {
                    answer("ralph: the budget of this session's loops is granted again.".into())
                } else {
                    why
                };
            }
        };
        self.catch_up(index);
        let now = self.facts.now;
        let Some(run) = self.run(index) else { return Decision::Pass };
        run.half_open = run.is_open();
        run.grant_anew(&now);
        if run.is_open() {
            // A loop waits for its RESUME; a guard has nothing else to wait for.
            run.status = if run.mode == Mode::Guard {
                Status::Active
            } else {
                Status::Paused { cause: Cause::Person }
            };
        }
        let run = run.clone();
        self.record_loop(&run, "reset", Some(Cause::Person), None);
        let next = if run.mode == Mode::Guard { "" } else { " RALPH RESUME goes on with it." };
        answer(format!(
            "ralph: every bound of {} is granted anew; its breaker is {}.{next}",
            run.loop_id,
            run.breaker().name()
        ))
    }

    /// Whether a loop's owner has died.
    pub(super) fn is_orphan(&self, run: &Run) -> bool {
        self.facts.dead.contains(&run.loop_id)
    }
}

pub(super) fn answer(text: String) -> Decision {
    Decision::Answer { text }
}
