//! Beginning and end of a session.

use super::{Scene, words};
use crate::config::Mode;
use crate::decision::Decision;
use crate::state::Status;
use crate::usage::Usage;

impl Scene<'_> {
    pub(super) fn session_start(&mut self, source: &str) -> Decision {
        self.notices.extend(self.facts.warnings.iter().cloned());
        if let Some(index) = self.own_or_guard() {
            self.absorb(index);
        }
        self.offer_orphans();
        let config = self.config;
        let Some(index) = self.own() else { return Decision::Pass };
        let Some(run) = self.state.runs.get(index) else { return Decision::Pass };
        let goes_on = matches!(run.status, Status::Active | Status::Pending);
        if run.mode == Mode::Loop && goes_on && matches!(source, "compact" | "resume") {
            let text = words::context(run, self.facts.progress_tail.as_deref(), config);
            return Decision::Context { text };
        }
        Decision::Pass
    }

    /// The last chance to count: what the transcript did not have at the last stop is there now.
    pub(super) fn session_end(&mut self) -> Decision {
        let Some(index) = self.own() else { return Decision::Pass };
        self.absorb(index);
        self.record_session(index, true);
        // A guard without anything to remember is made anew from the transcript, if need be.
        let forgets = self.state.runs.get(index).is_some_and(|run| {
            run.mode == Mode::Guard && !run.is_open() && run.grant.usage == Usage::default()
        });
        if forgets {
            self.state.runs.remove(index);
        }
        Decision::Pass
    }
}
