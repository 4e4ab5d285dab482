//! Loops that run unattended.

use crate::{
    board::Draft,
    panel::Picture,
    query::{Query, Reduce, newest, over_time, rows, share, total, value},
    unit::Unit,
};

pub(super) fn draft() -> Draft {
    Draft::new("ralph", "Loops", "Do the unattended loops get anywhere, and what do they cost?")
        .panel(
            "live",
            "Loops",
            "How far is each loop, and what did it cost so far?",
            Picture::Table.of(Unit::Usd, live()).size(24, 7),
        )
        .panel(
            "iterations",
            "Iterations",
            "How many iterations are there, and how do they end?",
            Picture::BarsOverTime.of(Unit::Count, iterations()),
        )
        .panel(
            "trips",
            "Breaker trips",
            "Which breaker stopped how many loops?",
            Picture::Bars.of(Unit::Count, trips()),
        )
        .panel(
            "success",
            "Checks passed",
            "How many iterations passed their checks, of those known?",
            Picture::Stat.of(Unit::Ratio, success()).size(12, 6),
        )
        .panel(
            "cost",
            "Cost",
            "What does each project cost?",
            Picture::BarsOverTime.of(Unit::Usd, cost()).size(12, 6).more_at("agents"),
        )
        .panel(
            "recent",
            "Newest iterations",
            "What happened last?",
            Picture::Table.of(Unit::Text, recent()).size(24, 8),
        )
}

fn live() -> Query {
    let by = ["loop_id"];
    let now = newest("ralph_iterations").by(&by).columns(&[
        ("project", Unit::Text),
        ("ralph_mode", Unit::Text),
        ("model", Unit::Text),
        ("iteration", Unit::Count),
        ("outcome", Unit::Text),
        ("breaker", Unit::Text),
        ("exit_reason", Unit::Text),
        ("ts_init", Unit::Moment),
    ]);
    let so_far = total("ralph_iterations")
        .by(&by)
        .with(value("cost_usd", Reduce::Sum, "cost_usd", Unit::Usd))
        .with(value("tool_calls", Reduce::Sum, "tool_calls", Unit::Count))
        .with(value("files_changed", Reduce::Sum, "files_changed", Unit::Count));
    now.and(so_far).top("ts_init", 50)
}

fn iterations() -> Query {
    over_time("ralph_iterations").by(&["outcome"]).with(value(
        "iterations",
        Reduce::Count,
        "",
        Unit::Count,
    ))
}

fn trips() -> Query {
    total("ralph_iterations")
        .by(&["breaker"])
        .known("breaker")
        .with(value("trips", Reduce::Count, "", Unit::Count))
        .top("trips", 20)
}

fn success() -> Query {
    total("ralph_iterations")
        .by(&["project"])
        .known("checks_passed")
        .with(value("passed", Reduce::Sum, "1.0 * {checks_passed}", Unit::Count))
        .with(value("iterations", Reduce::Count, "", Unit::Count))
        .derived("success_rate", &share("passed", "iterations"), Unit::Ratio)
}

fn cost() -> Query {
    over_time("ralph_iterations").by(&["project"]).with(value(
        "cost_usd",
        Reduce::Sum,
        "cost_usd",
        Unit::Usd,
    ))
}

fn recent() -> Query {
    rows("ralph_iterations", 50).columns(&[
        ("project", Unit::Text),
        ("loop_id", Unit::Text),
        ("iteration", Unit::Count),
        ("outcome", Unit::Text),
        ("breaker", Unit::Text),
        ("checks_passed", Unit::Count),
        ("files_changed", Unit::Count),
        ("cost_usd", Unit::Usd),
        ("duration_ms", Unit::Ms),
    ])
}
