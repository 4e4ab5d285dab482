//! Beginning and end of a session.

use super::{Scene, words};
use crate::config::Mode;
use crate::decision::Decision;
use crate::record::{LoopRecord, Record};
use crate::state::{Ended, Status};
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

    /// Counts the last message of a loop that has ended: it was not in the transcript then.
    pub(super) fn settle(&mut self) {
        let (facts, config) = (self.facts, self.config);
        let Some(session_id) = self.session_id().map(str::to_owned) else { return };
        let Some(spent) = facts.spent.as_ref() else { return };
        let more = spent.usage(&config.prices);
        let of_session = |ended: &&mut Ended| ended.session_id == session_id;
        let Some(ended) = self.state.ended.iter_mut().rev().find(of_session) else { return };
        let Some(unsettled) = ended.unsettled.take() else { return };
        ended.usage = ended.usage.plus(more);
        let record = LoopRecord {
            loop_id: ended.loop_id.clone(),
            session_id: session_id.clone(),
            mode: Mode::Loop,
            event: "settled".to_owned(),
            iteration: ended.iteration,
            usage: unsettled.total.plus(more),
            ..LoopRecord::default()
        };
        self.record(Record::Loop(record));
    }

    /// The last chance to count: what the transcript did not have at the last stop is there now.
    pub(super) fn session_end(&mut self) -> Decision {
        let Some(index) = self.own() else {
            self.settle();
            return Decision::Pass;
        };
        // What a person did in a session whose loop rests is not the loop's.
        let is_a_persons = |run: &crate::state::Run| run.rests() && run.round.attended;
        if !self.state.runs.get(index).is_some_and(is_a_persons) {
            self.absorb(index);
        }
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
