//! The end of a turn: is it done, must it stop, may it go on.

use super::{Scene, bounds, words};
use crate::cause::Cause;
use crate::classify::Outcome;
use crate::config::Mode;
use crate::decision::{Decision, Effect};
use crate::event::{Background, Version};
use crate::record::Level;
use crate::state::{Run, Status};
use crate::usage::CheckResult;

/// Since this version a failed tool is told by an event of its own, and the transcript is late.
const TELLS_FAILURES: Version = Version(2, 1, 47);

impl Scene<'_> {
    pub(super) fn stop(
        &mut self,
        last_message: Option<&str>,
        background: &[Background],
    ) -> Decision {
        let Some(index) = self.own_or_guard() else { return Decision::Pass };
        let (config, now) = (self.config, self.facts.now);
        let Some(run) = self.state.runs.get_mut(index) else { return Decision::Pass };
        let is_loop = run.mode == Mode::Loop && config.mode == Mode::Loop;
        match &run.status {
            Status::Tripped { .. } if is_loop => return Decision::Pass,
            Status::Tripped { cause } => return Decision::Halt { cause: cause.clone() },
            Status::Paused { cause } if !is_over(cause, now.wall_ms()) => return Decision::Pass,
            // A hook that was ended in the middle of a wait or of checks left it pending.
            Status::Paused { .. } | Status::Pending | Status::Active => {
                run.status = Status::Active;
            }
        }
        self.absorb(index);
        if let Some(error) = self.api_error() {
            return self.api_failed(index, &error);
        }
        let running = background.iter().filter(|task| task.is_running()).count();
        if running > 0 && config.pause_for_background {
            return self.pass_for_background(index, running);
        }
        self.count_round(index);
        let text = last_message
            .map(str::to_owned)
            .or_else(|| self.facts.spent.as_ref().and_then(|spent| spent.last_text.clone()));
        if !is_loop {
            return self.go_on(index, None);
        }
        let claims =
            text.as_deref().is_some_and(|text| words::claims(text, &config.completion_tag));
        let worked = self.state.runs.get(index).is_some_and(|run| run.round.calls() > 0);
        match (claims, worked) {
            (false, _) => self.go_on(index, None),
            (true, false) => self.go_on(index, Some(words::CLAIM_WITHOUT_WORK.to_owned())),
            (true, true) => self.claimed(index),
        }
    }

    /// The error of the API that an older client ends a turn with. To block such a stop would
    /// call the API again and again.
    fn api_error(&self) -> Option<String> {
        self.facts.spent.as_ref().and_then(|spent| spent.api_error.clone())
    }

    fn api_failed(&mut self, index: usize, error: &str) -> Decision {
        self.log(Level::Warn, "the API failed", error);
        if error == "rate_limit" {
            return Decision::Pass;
        }
        let (config, now) = (self.config, self.facts.now);
        let Some(run) = self.run(index) else { return Decision::Pass };
        run.counters.errors = run.counters.errors.saturating_add(1);
        run.counters.all_errors = run.counters.all_errors.saturating_add(1);
        let run = run.clone();
        if let Some(cause) = bounds::at_end(&run, &[], config, &now) {
            self.trip(index, &cause);
            self.notices.push(words::tripped(&run, &cause));
            self.record_iteration(index, "tripped", Some(cause));
        }
        Decision::Pass
    }

    /// A turn that ended with an error of the API: it cannot be answered, only counted.
    pub(super) fn stop_failure(&mut self, error: &str) -> Decision {
        let Some(index) = self.own_or_guard() else { return Decision::Pass };
        self.absorb(index);
        match self.state.runs.get(index).map(|run| &run.status) {
            Some(Status::Active | Status::Pending) => self.api_failed(index, error),
            _ => Decision::Pass,
        }
    }

    fn pass_for_background(&mut self, index: usize, tasks: usize) -> Decision {
        let tasks = u32::try_from(tasks).unwrap_or(u32::MAX);
        let cause = Cause::Background { tasks };
        self.record_iteration(index, "paused", Some(cause));
        Decision::Pass
    }

    /// Counts the turn, and whether it changed anything.
    fn count_round(&mut self, index: usize) {
        let (facts, event) = (self.facts, self.event);
        let Some(run) = self.run(index) else { return };
        run.iteration = run.iteration.saturating_add(1);
        let calls = run.round.calls();
        run.counters.tool_calls = run.counters.tool_calls.saturating_add(calls);
        if event.client < TELLS_FAILURES
            && let Some(spent) = &facts.spent
        {
            run.counters.count_failures(spent);
        }
        let progressed = match (&facts.tree, &run.tree) {
            _ if calls == 0 => Some(false),
            (Some(now), Some(before)) => Some(now.fingerprint != before.fingerprint),
            // Without a fingerprint before, or now, nobody can tell.
            _ => None,
        };
        run.round.progressed = progressed;
        match progressed {
            Some(true) => run.counters.no_progress = 0,
            Some(false) => run.counters.no_progress = run.counters.no_progress.saturating_add(1),
            None => {}
        }
        if facts.tree.is_some() {
            run.tree.clone_from(&facts.tree);
        }
    }

    /// The agent says that it is done, and has worked: the checks decide.
    fn claimed(&mut self, index: usize) -> Decision {
        let checks = &self.config.checks;
        let Some(run) = self.state.runs.get_mut(index) else { return Decision::Pass };
        if checks.is_empty() {
            return self.done(index, words::DONE_UNCHECKED);
        }
        let tree = run.tree.as_ref().map(|tree| tree.fingerprint.clone());
        let known = run
            .checks
            .clone()
            .filter(|known| tree.is_some() && known.tree == tree && known.is_of(checks));
        if let Some(known) = known {
            return self.judged(index, &known);
        }
        run.status = Status::Pending;
        Decision::RunChecks
    }

    pub(super) fn checks_finished(&mut self, result: &CheckResult) -> Decision {
        let Some(index) = self.own() else { return Decision::Pass };
        let Some(run) = self.run(index) else { return Decision::Pass };
        // A person may have stopped or paused it while the checks ran.
        if run.status != Status::Pending {
            return Decision::Pass;
        }
        run.status = Status::Active;
        run.checks = Some(result.clone());
        self.judged(index, result)
    }

    fn judged(&mut self, index: usize, result: &CheckResult) -> Decision {
        let Some(run) = self.run(index) else { return Decision::Pass };
        run.round.checks = Some(result.clone());
        if result.passed() {
            return self.done(index, words::DONE_CHECKED);
        }
        run.counters.failed_checks = run.counters.failed_checks.saturating_add(1);
        self.go_on(index, Some(words::refuted(result)))
    }

    fn done(&mut self, index: usize, how: &str) -> Decision {
        self.record_iteration(index, "done", Some(Cause::Done));
        let now = self.facts.now;
        if let Some(run) = self.state.end(index, Cause::Done, &now) {
            self.notices.push(words::done(&run, how));
            self.record_loop(&run, "done", Some(Cause::Done), None);
            // Without a check there is nobody but the agent who says that it succeeded.
            if run.checks.as_ref().is_some_and(CheckResult::passed) {
                self.learn(&run, Outcome::Success);
            }
            self.effects.push(Effect::Forget { loop_id: run.loop_id });
        }
        Decision::Pass
    }

    /// What comes after a turn that did not end the loop: a breaker, a wait, or the next one.
    fn go_on(&mut self, index: usize, feedback: Option<String>) -> Decision {
        let (config, now) = (self.config, self.facts.now);
        let Some(run) = self.run(index) else { return Decision::Pass };
        let failed: Vec<String> = run.round.checks.as_ref().map_or_else(Vec::new, |checks| {
            checks.failed().into_iter().map(str::to_owned).collect()
        });
        run.feedback = feedback;
        let cause = bounds::at_end(run, &failed, config, &now).or_else(|| probe_failed(run));
        if let Some(cause) = cause {
            self.trip(index, &cause);
            self.record_iteration(index, "tripped", Some(cause.clone()));
            return Decision::Halt { cause };
        }
        if std::mem::take(&mut run.half_open) {
            let run = run.clone();
            self.record_loop(&run, "closed", None, None);
        }
        let guard = self.is_guarded(index);
        let Some(run) = self.run(index) else { return Decision::Pass };
        // A person's own turn has ended: nobody waits for anything but the person.
        let attended = guard && run.round.attended;
        match bounds::hold(run, config, &now).filter(|_| !attended) {
            Some(hold) if hold.wait <= config.hook_wait_max() => {
                run.status = Status::Pending;
                let outcome = if hold.cause.is_some() { "waited" } else { follows(guard) };
                self.record_iteration(index, outcome, hold.cause);
                Decision::Wait { until: now.wall + hold.wait }
            }
            Some(hold) => self.postpone(index, hold.cause, guard),
            None => {
                self.record_iteration(index, follows(guard), None);
                self.next(index)
            }
        }
    }

    /// The wait would be longer than a hook may take: the stop goes through, the loop stays.
    fn postpone(&mut self, index: usize, cause: Option<Cause>, guard: bool) -> Decision {
        let cause = cause.unwrap_or(Cause::QuietHours { resume_at_ms: self.facts.now.wall_ms() });
        self.record_iteration(index, "paused", Some(cause.clone()));
        let now = self.facts.now;
        let Some(run) = self.run(index) else { return Decision::Pass };
        run.next_round(&now);
        let run = run.clone();
        if guard {
            return Decision::Halt { cause };
        }
        self.notices.push(words::postponed(&run, &cause));
        if let Some(run) = self.run(index) {
            run.status = Status::Paused { cause };
        }
        Decision::Pass
    }

    pub(super) fn waited(&mut self) -> Decision {
        let Some(index) = self.own() else { return Decision::Pass };
        match self.state.runs.get(index).map(|run| &run.status) {
            Some(Status::Pending) => self.next(index),
            // A person said something while we waited.
            _ => Decision::Pass,
        }
    }

    /// Begins the next turn.
    fn next(&mut self, index: usize) -> Decision {
        let guard = self.is_guarded(index);
        let (config, now) = (self.config, self.facts.now);
        let Some(run) = self.run(index) else { return Decision::Pass };
        run.status = Status::Active;
        let prompt = words::go_on(run, config);
        run.next_round(&now);
        if guard { Decision::Pass } else { Decision::Continue { prompt } }
    }

    /// Whether the run at `index` is a guard here: it never lets a session go on.
    pub(super) fn is_guarded(&self, index: usize) -> bool {
        let run = self.state.runs.get(index);
        self.config.mode == Mode::Guard || run.is_some_and(|run| run.mode == Mode::Guard)
    }
}

fn follows(guard: bool) -> &'static str {
    if guard { "passed" } else { "continued" }
}

/// Whether what a loop waits for has come.
fn is_over(cause: &Cause, now_ms: u64) -> bool {
    match cause {
        Cause::CallsPerHour { resume_at_ms, .. } | Cause::QuietHours { resume_at_ms } => {
            now_ms >= *resume_at_ms
        }
        _ => false,
    }
}

/// A half-open breaker opens again at the first turn that fails or changes nothing.
fn probe_failed(run: &Run) -> Option<Cause> {
    if !run.half_open {
        return None;
    }
    let counters = run.counters;
    if counters.errors > 0 {
        return Some(Cause::ConsecutiveErrors { count: counters.errors, max: 1 });
    }
    if counters.failed_checks > 0 {
        let failed = run.round.checks.as_ref().map_or_else(Vec::new, |checks| {
            checks.failed().into_iter().map(str::to_owned).collect()
        });
        return Some(Cause::FailedChecks { count: counters.failed_checks, max: 1, failed });
    }
    (counters.no_progress > 0).then_some(Cause::NoProgress { count: counters.no_progress, max: 1 })
}
