//! Tool calls: refused in the middle of a turn when a bound is reached, counted otherwise.

use super::{Scene, bounds};
use crate::cause::Cause;
use crate::decision::Decision;
use crate::event::ToolCall;
use crate::facts::Verdict;
use crate::state::Status;
use crate::usage::{Spent, Usage};

/// From here on what was read is kept, so that the next call does not read it again.
const KEEP_AFTER_BYTES: u64 = 64 << 10;

impl Scene<'_> {
    pub(super) fn before_tool(&mut self, tool: &ToolCall) -> Decision {
        let own = self.own_or_guard();
        if let Some(cause) = own.and_then(|index| self.refused(index)) {
            self.record_tool(tool, "denied", None, Some(cause.clone()));
            return Decision::Halt { cause };
        }
        let (outcome, rule, advice) = match &self.facts.verdict {
            Some(Verdict::Deny { rule, advice }) => ("denied", rule, advice),
            Some(Verdict::Ask { rule, advice }) => ("asked", rule, advice),
            Some(Verdict::Pass) | None => {
                if tool.starts_agent() {
                    self.record_spawn(tool);
                }
                return Decision::Pass;
            }
        };
        let cause = Cause::GuardList { rule: rule.clone(), advice: advice.clone() };
        self.record_tool(tool, outcome, None, Some(cause.clone()));
        if outcome == "denied" { Decision::Deny { cause } } else { Decision::Ask { cause } }
    }

    /// Why no tool may run in this turn any more.
    fn refused(&mut self, index: usize) -> Option<Cause> {
        let guard = self.is_guarded(index);
        let (facts, config) = (self.facts, self.config);
        let run = self.state.runs.get(index)?;
        match &run.status {
            Status::Tripped { cause } => {
                // A person who goes on in a session whose loop was stopped is not in the loop.
                return (guard || !run.round.attended).then(|| cause.clone());
            }
            Status::Paused { .. } => return None,
            Status::Active | Status::Pending => {}
        }
        let more = facts.spent.as_ref().map_or_else(Usage::default, |s| s.usage(&config.prices));
        let cause = bounds::in_turn(run, more, config, &facts.now);
        let unread = facts.spent.as_ref().map_or(0, |spent| unread_bytes(spent, run));
        if cause.is_some() || unread >= KEEP_AFTER_BYTES {
            self.absorb(index);
        }
        let cause = cause?;
        self.trip(index, &cause);
        self.record_iteration(index, "tripped", Some(cause.clone()));
        Some(cause)
    }

    pub(super) fn after_tool(
        &mut self,
        tool: &ToolCall,
        duration_ms: Option<u64>,
        outcome: &str,
    ) -> Decision {
        self.record_tool(tool, outcome, duration_ms, None);
        let in_agent = self.event.agent.is_some();
        if let Some(run) = self.own().and_then(|index| self.run(index)) {
            // Only what changes a decision is worth a write at every call: that there was work,
            // and how many failures there are in a row. The transcript has the exact count.
            if run.round.tool_calls == 0 {
                run.round.tool_calls = 1;
            }
            match outcome {
                "ok" if !in_agent => run.counters.errors = 0,
                "failed" if !in_agent => {
                    run.counters.failed(1);
                    run.round.tool_calls = run.round.tool_calls.saturating_add(1);
                }
                _ => {}
            }
        }
        Decision::Pass
    }

    pub(super) fn subagent(&mut self, event: &str) -> Decision {
        // Clients start agents for themselves, at their own start and to compact; they have no kind.
        self.record_agent(event);
        Decision::Pass
    }

    /// Takes an ended subagent's transcript into what is read for its session.
    pub(super) fn register_agent(&mut self, transcript_path: Option<&str>) {
        let Some(index) = self.own_or_guard() else { return };
        self.absorb(index);
        let agent_id = self.event.agent.as_ref().map(|agent| agent.id.clone());
        let (Some(id), Some(path)) = (agent_id, transcript_path) else { return };
        let own = self.event.transcript_path.as_deref().unwrap_or_default();
        if let Some(run) = self.run(index) {
            run.cursor.register(&id, path, own);
        }
    }
}

/// Bytes that were read and are not remembered yet.
fn unread_bytes(spent: &Spent, run: &crate::state::Run) -> u64 {
    spent.cursor.read_bytes().saturating_sub(run.cursor.read_bytes())
}
