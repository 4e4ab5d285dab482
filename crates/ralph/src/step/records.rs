//! What goes into the record.

use super::Scene;
use crate::cause::Cause;
use crate::decision::Effect;
use crate::event::ToolCall;
use crate::now::ms;
use crate::record::{AgentRecord, IterationRecord, LoopRecord, Record, SessionRecord, ToolRecord};
use crate::state::Run;

impl Scene<'_> {
    pub(super) fn record(&mut self, record: Record) {
        self.effects.push(Effect::Record(Box::new(record)));
    }

    pub(super) fn record_loop(
        &mut self,
        run: &Run,
        event: &str,
        cause: Option<Cause>,
        detail: Option<String>,
    ) {
        self.record(Record::Loop(LoopRecord {
            loop_id: run.loop_id.clone(),
            session_id: run.owner.session_id().unwrap_or_default().to_owned(),
            mode: run.mode,
            event: event.to_owned(),
            iteration: run.iteration,
            usage: run.usage,
            cause,
            duration_ms: ms(run.started.elapsed(&self.facts.now)),
            detail,
        }));
    }

    /// The end of a turn; the edge adds where its state is kept.
    pub(super) fn record_iteration(&mut self, index: usize, outcome: &str, cause: Option<Cause>) {
        let facts = self.facts;
        let Some(run) = self.state.runs.get(index) else { return };
        let record = IterationRecord {
            loop_id: run.loop_id.clone(),
            session_id: run.owner.session_id().unwrap_or_default().to_owned(),
            mode: run.mode,
            iteration: run.iteration,
            outcome: outcome.to_owned(),
            cause,
            model: run.model.clone(),
            usage: run.usage.minus(run.round.usage),
            total: run.usage,
            tool_calls: run.round.calls(),
            progressed: run.round.progressed,
            changed_files: run.tree.as_ref().map(|tree| tree.changed_files),
            errors: run.counters.errors,
            no_progress: run.counters.no_progress,
            checks: run.round.checks.clone(),
            checkpoint_ref: None,
            checkpoint_refused: None,
            head: run.tree.as_ref().and_then(|tree| tree.head.clone()),
            duration_ms: ms(run.round.at.elapsed(&facts.now)),
        };
        self.effects.push(Effect::Iteration(Box::new(record)));
        self.record_session(index, false);
    }

    pub(super) fn record_session(&mut self, index: usize, is_final: bool) {
        let Some(run) = self.state.runs.get(index) else { return };
        let record = SessionRecord {
            session_id: run.owner.session_id().unwrap_or_default().to_owned(),
            is_final,
            model: run.model.clone(),
            client: run.client_said.map(|version| version.to_string()),
            git_branch: None,
            duration_ms: Some(ms(run.started.elapsed(&self.facts.now))),
            usage: run.usage,
            tool_calls: run.counters.tool_calls,
            errors: run.counters.all_errors,
        };
        self.record(Record::Session(record));
    }

    pub(super) fn record_tool(
        &mut self,
        tool: &ToolCall,
        outcome: &str,
        duration_ms: Option<u64>,
        cause: Option<Cause>,
    ) {
        let record = ToolRecord {
            session_id: self.session_id().unwrap_or_default().to_owned(),
            loop_id: self.loop_id(),
            tool: tool.name.clone(),
            tool_use_id: tool.id.clone(),
            agent_type: self.agent_type(),
            outcome: outcome.to_owned(),
            cause,
            duration_ms,
            edit: None,
        };
        self.record(Record::Tool(record));
    }

    /// A tool call asks for a subagent.
    pub(super) fn record_spawn(&mut self, tool: &ToolCall) {
        let record = AgentRecord {
            event: "spawned".to_owned(),
            agent_type: tool.text("subagent_type").unwrap_or_default().to_owned(),
            spawned_by: Some(self.agent_type()),
            tool_use_id: tool.id.clone(),
            ..self.agent_record()
        };
        self.record(Record::Agent(record));
    }

    pub(super) fn record_agent(&mut self, event: &str) {
        let Some(agent) = &self.event.agent else { return };
        let record = AgentRecord {
            event: event.to_owned(),
            agent_type: agent.kind.clone(),
            agent_id: Some(agent.id.clone()),
            ..self.agent_record()
        };
        self.record(Record::Agent(record));
    }

    fn agent_record(&self) -> AgentRecord {
        AgentRecord {
            session_id: self.session_id().unwrap_or_default().to_owned(),
            loop_id: self.loop_id(),
            ..AgentRecord::default()
        }
    }

    fn loop_id(&self) -> Option<String> {
        let run = self.state.run_of(self.session_id()?)?;
        Some(run.loop_id.clone())
    }

    fn agent_type(&self) -> String {
        let agent = self.event.agent.as_ref().map(|agent| agent.kind.as_str());
        match agent {
            None => "main".to_owned(),
            Some("") => "unknown".to_owned(),
            Some(kind) => kind.to_owned(),
        }
    }
}
