//! `ralph_iterations`, `agent_spawns` and the `claude_*` tables.

use crate::{
    row::row,
    schema::{Key, Ttl},
    tables::labels::SessionState,
    value::{Id, Millis, Name},
};

row! {
    /// One iteration of an unattended coding loop.
    RalphIteration<'a> = 13, "ralph_iterations", since 1;
    Month, Ttl::Months(24), High, Key::Emission;
    series []
    codes {}
    values {
        /// Repository.
        project: Name<'a>;
        /// Loop or guard.
        ralph_mode: Name<'a>;
        /// How it ended.
        outcome: Name<'a>;
        /// Breaker that tripped.
        breaker: Name<'a>;
        /// Why the loop ended.
        exit_reason: Name<'a>;
        /// Model.
        model: Name<'a>;
        /// Loop.
        loop_id: Id<'a>;
        /// Session.
        session_id: Id<'a>;
        /// Commit or reference that holds the state.
        checkpoint_ref: Id<'a>;
        /// Which one, from 1.
        iteration: i64;
        /// Tokens read, not from a cache.
        input_tokens: i64;
        /// Tokens written.
        output_tokens: i64;
        /// Tokens read from a cache.
        cache_read_tokens: i64;
        /// Tokens written to a cache.
        cache_write_tokens: i64;
        /// Tool calls.
        tool_calls: i64;
        /// Files changed.
        files_changed: i64;
        /// Cost, USD.
        cost_usd: f64;
        /// How long it took, ms.
        duration_ms: Millis;
        /// Whether the checks passed; absent = not known.
        checks_passed: bool;
    }
}

impl<'a> RalphIteration<'a> {
    /// Iteration `iteration`, from 1, of `loop_id`.
    #[inline(always)]
    pub fn new(loop_id: &'a str, iteration: i64) -> Self {
        Self::empty().loop_id(loop_id).iteration(iteration)
    }
}

row! {
    /// A subagent that was started.
    AgentSpawn<'a> = 14, "agent_spawns", since 1;
    Month, Ttl::Months(24), High, Key::Emission;
    series []
    codes {}
    values {
        /// Repository.
        project: Name<'a>;
        /// Kind of agent.
        agent_type: Name<'a>;
        /// Model.
        model: Name<'a>;
        /// How it ended.
        outcome: Name<'a>;
        /// Session.
        session_id: Id<'a>;
        /// Agent.
        agent_id: Id<'a>;
        /// Tool call that started it.
        tool_use_id: Id<'a>;
        /// Digest of its task, never the text.
        description_digest: Id<'a>;
        /// How long it took, ms.
        duration_ms: Millis;
        /// Cost, USD.
        cost_usd: f64;
        /// Tokens read, not from a cache.
        input_tokens: i64;
        /// Tokens written.
        output_tokens: i64;
        /// Tokens read from a cache.
        cache_read_tokens: i64;
        /// Tokens written to a cache.
        cache_write_tokens: i64;
        /// Tool calls.
        tool_calls: i64;
    }
}

impl<'a> AgentSpawn<'a> {
    /// An agent of `session_id`.
    #[inline(always)]
    pub fn new(session_id: &'a str, agent_id: &'a str) -> Self {
        Self::empty().session_id(session_id).agent_id(agent_id)
    }
}

row! {
    /// A coding session so far. Values are cumulative: read the latest row per session, never
    /// the sum.
    ClaudeSession<'a> = 15, "claude_sessions", since 1;
    Month, Ttl::Months(24), High, Key::Emission;
    series []
    codes {
        /// Running or final.
        state: SessionState,
    }
    values {
        /// Repository.
        project: Name<'a>;
        /// Model.
        model: Name<'a>;
        /// Version of the client.
        client_version: Name<'a>;
        /// Session.
        session_id: Id<'a>;
        /// Branch.
        git_branch: Id<'a>;
        /// How long so far, ms.
        duration_ms: Millis;
        /// Cost so far, USD.
        cost_usd: f64;
        /// Tool calls so far.
        tool_calls: i64;
        /// Errors so far.
        errors: i64;
        /// Tokens read, not from a cache.
        input_tokens: i64;
        /// Tokens written.
        output_tokens: i64;
        /// Tokens read from a cache.
        cache_read_tokens: i64;
        /// Tokens written to a cache.
        cache_write_tokens: i64;
        /// Lines added.
        lines_added: i64;
        /// Lines removed.
        lines_removed: i64;
    }
}

impl<'a> ClaudeSession<'a> {
    /// Totals of `session_id` so far.
    #[inline(always)]
    pub fn new(session_id: &'a str, state: SessionState) -> Self {
        Self::empty().session_id(session_id).state(state)
    }
}

row! {
    /// One tool call of a coding session.
    ClaudeToolCall<'a> = 16, "claude_tool_calls", since 1;
    Day, Ttl::Days(90), Low, Key::Emission;
    series []
    codes {}
    values {
        /// Repository.
        project: Name<'a>;
        /// Tool; beyond 1,000 values `__other__`.
        tool_name: Name<'a>;
        /// Kind of agent that called it.
        agent_type: Name<'a>;
        /// How it ended.
        outcome: Name<'a>;
        /// Class of its error.
        error_class: Name<'a>;
        /// Session.
        session_id: Id<'a>;
        /// The call.
        tool_use_id: Id<'a>;
        /// How long it took, ms.
        duration_ms: Millis;
    }
}

impl<'a> ClaudeToolCall<'a> {
    /// A call of `tool_name`.
    #[inline(always)]
    pub fn new(session_id: &'a str, tool_use_id: &'a str, tool_name: &'a str) -> Self {
        Self::empty().session_id(session_id).tool_use_id(tool_use_id).tool_name(tool_name)
    }
}

row! {
    /// Whether a test came before the code.
    ClaudeTdd<'a> = 17, "claude_tdd", since 1;
    Month, Ttl::Months(24), Low, Key::Emission;
    series []
    codes {}
    values {
        /// Repository.
        project: Name<'a>;
        /// What happened.
        event: Name<'a>;
        /// Rule that judged it.
        rule: Name<'a>;
        /// Session.
        session_id: Id<'a>;
        /// Digest of the file, never its name.
        file_digest: Id<'a>;
        /// Whether the test came first; absent = not known.
        test_first: bool;
    }
}

impl<'a> ClaudeTdd<'a> {
    /// `event` in `session_id`.
    #[inline(always)]
    pub fn new(session_id: &'a str, event: &'a str) -> Self {
        Self::empty().session_id(session_id).event(event)
    }
}
