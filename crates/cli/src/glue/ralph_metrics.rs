//! What ralph records, as rows of metrics: one line gives at most two rows.

use std::collections::BTreeMap;

use plimsoll_metrics::schema::flags;
use plimsoll_metrics::{
    AgentSpawn, Cell, ClaudeSession, ClaudeTdd, ClaudeToolCall, ColumnType, RalphIteration, Rows,
    Schema, Symbols, Table,
};
use plimsoll_ralph::{
    AgentRecord, IterationRecord, Line, Record, SessionRecord, TestsFirst, TestsFirstVerdict,
    ToolRecord, Usage,
};
use serde::{Deserialize, Serialize};

const NS_PER_MS: i64 = 1_000_000;

/// Sessions whose lines are summed up; the oldest is forgotten first.
const SESSIONS_MAX: usize = 64;

/// A row before it is in a batch: its table, and values by column.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) schema: &'static Schema,
    values: Vec<(&'static str, Value)>,
}

#[derive(Debug, Clone)]
enum Value {
    Text(String),
    Long(i64),
    Double(f64),
}

/// What rows need that is not in their line, and what is remembered from line to line.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Memory {
    tests_first: TestsFirst,
    /// Lines added and removed, by session.
    edited: BTreeMap<String, (u64, u64)>,
    order: Vec<String>,
}

/// Where rows come from.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) env: String,
    pub(crate) producer: String,
}

impl Memory {
    /// The rows of a line at an offset of the record.
    pub(crate) fn rows(&mut self, line: &Line, offset_bytes: u64, source: &Source) -> Vec<Row> {
        let mut rows = Vec::new();
        match &line.record {
            Record::Iteration(record) => rows.push(iteration(record)),
            Record::Tool(record) => {
                rows.push(tool(record));
                self.remember(record);
                rows.extend(self.tests_first.judge(line).as_ref().map(tdd));
            }
            Record::Agent(record) if record.event != "started" => rows.push(agent(record)),
            Record::Session(record) => rows.push(self.session(record)),
            _ => {}
        }
        let Some(at_ms) = line.at_ms().and_then(|ms| i64::try_from(ms).ok()) else {
            return Vec::new();
        };
        let at_ns = at_ms.saturating_mul(NS_PER_MS);
        let seq = i64::try_from(offset_bytes).unwrap_or(i64::MAX);
        for row in &mut rows {
            row.values.extend([
                ("ts", Value::Long(at_ns)),
                ("ts_init", Value::Long(at_ns)),
                ("env", Value::Text(source.env.clone())),
                ("mode", Value::Text("live".to_owned())),
                ("producer", Value::Text(source.producer.clone())),
                ("run", Value::Long(line.run_number())),
                ("seq", Value::Long(seq)),
                ("flags", Value::Long(flags::TS_IS_LOCAL)),
                ("project", Value::Text(line.project.clone())),
            ]);
        }
        rows
    }

    fn remember(&mut self, record: &ToolRecord) {
        let Some(edit) = &record.edit else { return };
        if !self.edited.contains_key(&record.session_id) {
            self.order.push(record.session_id.clone());
            if self.order.len() > SESSIONS_MAX {
                let oldest = self.order.remove(0);
                self.edited.remove(&oldest);
            }
        }
        let sum = self.edited.entry(record.session_id.clone()).or_default();
        sum.0 = sum.0.saturating_add(edit.lines_added);
        sum.1 = sum.1.saturating_add(edit.lines_removed);
    }

    fn session(&self, record: &SessionRecord) -> Row {
        let mut row = Row::new(ClaudeSession::SCHEMA);
        row.text("model", record.model.as_deref());
        row.text("state", Some(if record.is_final { "final" } else { "running" }));
        row.text("client_version", record.client.as_deref());
        row.text("session_id", Some(&record.session_id));
        row.text("git_branch", record.git_branch.as_deref());
        row.millis("duration_ms", record.duration_ms);
        row.long("tool_calls", Some(record.tool_calls));
        row.long("errors", Some(record.errors));
        row.usage(&record.usage);
        let edited = self.edited.get(&record.session_id);
        row.long("lines_added", edited.map(|(added, _)| *added));
        row.long("lines_removed", edited.map(|(_, removed)| *removed));
        row
    }
}

fn iteration(record: &IterationRecord) -> Row {
    let mut row = Row::new(RalphIteration::SCHEMA);
    let cause = record.cause.as_ref().map(plimsoll_ralph::Cause::name);
    let ended = matches!(record.outcome.as_str(), "tripped" | "done");
    row.text("ralph_mode", Some(record.mode.name()));
    row.text("outcome", Some(&record.outcome));
    row.text("breaker", cause.filter(|_| record.outcome == "tripped"));
    row.text("exit_reason", cause.filter(|_| ended));
    row.text("model", record.model.as_deref());
    row.text("loop_id", Some(&record.loop_id));
    row.text("session_id", Some(&record.session_id));
    row.text("checkpoint_ref", record.checkpoint_ref.as_deref());
    row.long("iteration", Some(record.iteration.into()));
    row.usage(&record.usage);
    row.long("tool_calls", Some(record.tool_calls));
    row.long("files_changed", record.changed_files);
    row.millis("duration_ms", Some(record.duration_ms));
    row.long("checks_passed", record.checks.as_ref().map(|checks| u64::from(checks.passed())));
    row
}

fn tool(record: &ToolRecord) -> Row {
    let mut row = Row::new(ClaudeToolCall::SCHEMA);
    row.text("tool_name", Some(&record.tool));
    row.text("agent_type", Some(&record.agent_type));
    row.text("outcome", Some(&record.outcome));
    row.text("error_class", record.cause.as_ref().map(plimsoll_ralph::Cause::name));
    row.text("session_id", Some(&record.session_id));
    row.text("tool_use_id", record.tool_use_id.as_deref());
    row.millis("duration_ms", record.duration_ms);
    row
}

fn agent(record: &AgentRecord) -> Row {
    let mut row = Row::new(AgentSpawn::SCHEMA);
    row.text("agent_type", Some(&record.agent_type));
    row.text("model", record.model.as_deref());
    row.text("outcome", Some(record.outcome.as_deref().unwrap_or(&record.event)));
    row.text("session_id", Some(&record.session_id));
    row.text("agent_id", record.agent_id.as_deref());
    row.text("tool_use_id", record.tool_use_id.as_deref());
    row.text("description_digest", record.description_digest.as_deref());
    row.millis("duration_ms", record.duration_ms);
    if let Some(usage) = &record.usage {
        row.usage(usage);
    }
    row.long("tool_calls", record.tool_calls);
    row
}

fn tdd(verdict: &TestsFirstVerdict) -> Row {
    let mut row = Row::new(ClaudeTdd::SCHEMA);
    row.text("event", Some(verdict.event));
    row.text("rule", Some(verdict.rule));
    row.text("session_id", Some(&verdict.session_id));
    row.text("file_digest", Some(&verdict.file_digest));
    row.long("test_first", verdict.test_first.map(u64::from));
    row
}

impl Row {
    fn new(schema: &'static Schema) -> Self {
        Self { schema, values: Vec::new() }
    }

    fn text(&mut self, column: &'static str, text: Option<&str>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.values.push((column, Value::Text(text.to_owned())));
        }
    }

    fn long(&mut self, column: &'static str, number: Option<u64>) {
        let number = number.map(|number| i64::try_from(number).unwrap_or(i64::MAX));
        self.values.extend(number.map(|number| (column, Value::Long(number))));
    }

    #[allow(clippy::cast_precision_loss, reason = "a span of 2^53 ms does not occur")]
    fn millis(&mut self, column: &'static str, ms: Option<u64>) {
        self.values.extend(ms.map(|ms| (column, Value::Double(ms as f64))));
    }

    /// Tokens, and the cost if all of it is known.
    fn usage(&mut self, usage: &Usage) {
        let tokens = usage.tokens;
        self.long("input_tokens", Some(tokens.input_tokens));
        self.long("output_tokens", Some(tokens.output_tokens));
        self.long("cache_read_tokens", Some(tokens.cache_read_tokens));
        self.long("cache_write_tokens", Some(tokens.cache_write_tokens));
        self.values.extend(usage.cost_usd().map(|usd| ("cost_usd", Value::Double(usd))));
    }

    /// Appends it to the rows of its table. A column without a value is unknown.
    pub(crate) fn put(&self, rows: &mut Rows, symbols: &mut Symbols) {
        for column in self.schema.all_columns() {
            let value = self.values.iter().find(|(name, _)| *name == column.name);
            match value.map(|(_, value)| value) {
                None => rows.push(Cell::Null),
                Some(Value::Double(value)) => rows.push(Cell::Double(*value)),
                Some(Value::Long(value)) if column.ty == ColumnType::Timestamp => {
                    rows.push(Cell::Timestamp(*value));
                }
                Some(Value::Long(value)) => rows.push(Cell::Long(*value)),
                Some(Value::Text(text)) if column.ty == ColumnType::Symbol => {
                    rows.push(Cell::Symbol(symbols.intern(text)));
                }
                Some(Value::Text(text)) => rows.push_text(text),
            }
        }
        rows.end_row();
    }
}
