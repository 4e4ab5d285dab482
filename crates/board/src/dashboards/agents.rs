//! Coding sessions and their agents.

use crate::{
    board::Draft,
    panel::Picture,
    query::{Query, Reduce, newest, over_time, share, total, value},
    unit::Unit,
};

pub(super) fn draft() -> Draft {
    let draft = Draft::new("agents", "Agents", "What do coding agents do, and what do they cost?");
    let draft = draft
        .panel(
            "sessions",
            "Sessions",
            "How long did each session run, and what did it use?",
            Picture::Table.of(Unit::Count, sessions()).size(24, 8),
        )
        .panel(
            "cost",
            "Cost by model",
            "What did the sessions cost?",
            Picture::Bars.of(Unit::Usd, cost()),
        )
        .panel(
            "tokens",
            "Tokens by model",
            "How many tokens were read, written and taken from a cache?",
            Picture::Table.of(Unit::Count, tokens()).size(12, 8),
        );
    draft
        .panel(
            "by-agent",
            "By agent",
            "What does each kind of agent cost and use, and how often does it end well?",
            Picture::Table.of(Unit::Usd, by_agent()).size(24, 7),
        )
        .panel(
            "calls",
            "Tool calls",
            "How many calls are there, of which tool?",
            Picture::BarsOverTime.of(Unit::Count, calls()),
        )
        .panel(
            "tools",
            "By tool",
            "Which tool is slow, and which fails?",
            Picture::Table.of(Unit::Count, tools()).size(12, 8),
        )
        .panel(
            "tdd",
            "Tests first",
            "How often did a test come before the code, of how many?",
            Picture::Stat.of(Unit::Ratio, tdd()).size(12, 6),
        )
        .panel(
            "errors",
            "Errors by class",
            "What goes wrong in tool calls?",
            Picture::Bars.of(Unit::Count, errors()).size(12, 6),
        )
}

/// Rows of a session are cumulative: the newest of each one counts.
fn sessions() -> Query {
    newest("claude_sessions")
        .by(&["session_id"])
        .columns(&[
            ("project", Unit::Text),
            ("model", Unit::Text),
            ("state", Unit::Text),
            ("duration_ms", Unit::Ms),
            ("tool_calls", Unit::Count),
            ("errors", Unit::Count),
            ("output_tokens", Unit::Count),
            ("cost_usd", Unit::Usd),
            ("lines_added", Unit::Count),
            ("lines_removed", Unit::Count),
            ("ts_init", Unit::Moment),
        ])
        .top("ts_init", 50)
}

fn of_sessions(columns: &[(&str, Unit)]) -> Query {
    newest("claude_sessions").by(&["model"]).per(&["session_id"]).columns(columns)
}

fn cost() -> Query {
    of_sessions(&[("cost_usd", Unit::Usd)]).top("cost_usd", 20)
}

fn tokens() -> Query {
    of_sessions(&[
        ("input_tokens", Unit::Count),
        ("output_tokens", Unit::Count),
        ("cache_read_tokens", Unit::Count),
        ("cache_write_tokens", Unit::Count),
    ])
}

fn by_agent() -> Query {
    total("agent_spawns")
        .by(&["agent_type", "model"])
        .with(value("spawns", Reduce::Count, "", Unit::Count))
        .with(value("cost_usd", Reduce::Sum, "cost_usd", Unit::Usd))
        .with(value("tool_calls", Reduce::Sum, "tool_calls", Unit::Count))
        .with(value("input_tokens", Reduce::Sum, "input_tokens", Unit::Count))
        .with(value("output_tokens", Reduce::Sum, "output_tokens", Unit::Count))
        .with(value("p95_ms", Reduce::Quantile(0.95), "duration_ms", Unit::Ms))
        .with(value(
            "ended_well",
            Reduce::Mean,
            "CASE WHEN {outcome} IN ('completed', 'ok', 'success') THEN 1.0 ELSE 0.0 END",
            Unit::Ratio,
        ))
        .top("cost_usd", 50)
}

fn calls() -> Query {
    over_time("claude_tool_calls").by(&["tool_name"]).with(value(
        "calls",
        Reduce::Count,
        "",
        Unit::Count,
    ))
}

fn tools() -> Query {
    total("claude_tool_calls")
        .by(&["tool_name"])
        .with(value("calls", Reduce::Count, "", Unit::Count))
        .with(value(
            "errors",
            Reduce::Sum,
            "CASE WHEN {error_class} IS NOT NULL THEN 1.0 ELSE 0.0 END",
            Unit::Count,
        ))
        .with(value("p50_ms", Reduce::Quantile(0.5), "duration_ms", Unit::Ms))
        .with(value("p95_ms", Reduce::Quantile(0.95), "duration_ms", Unit::Ms))
        .derived("error_rate", &share("errors", "calls"), Unit::Ratio)
        .top("calls", 50)
}

fn tdd() -> Query {
    total("claude_tdd")
        .by(&["project"])
        .known("test_first")
        .with(value("tests_first", Reduce::Sum, "1.0 * {test_first}", Unit::Count))
        .with(value("changes", Reduce::Count, "", Unit::Count))
        .derived("compliance", &share("tests_first", "changes"), Unit::Ratio)
}

fn errors() -> Query {
    total("claude_tool_calls")
        .by(&["error_class"])
        .known("error_class")
        .with(value("calls", Reduce::Count, "", Unit::Count))
        .top("calls", 20)
}
