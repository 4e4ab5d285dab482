//! Errors, always beside what they are measured by.

use crate::{
    board::Draft,
    panel::{Picture, Watch},
    query::{Query, Reduce, over_time, rows, share, total, value},
    unit::Unit,
};

/// What a strategy asks of a venue.
const REQUESTS: [&str; 3] = ["submitted", "pending_update", "pending_cancel"];

pub(super) fn draft() -> Draft {
    Draft::new("errors", "Errors", "What fails, how often, and of how many tries?")
        .panel(
            "rate",
            "Error rate",
            "How many of the order requests end in an unexpected error?",
            Picture::Lines
                .of(Unit::Ratio, rate_over_time())
                .watching(Watch::Ratio("trading_errors", "trading_orders"))
                .size(14, 8),
        )
        .panel(
            "rates",
            "Errors and requests",
            "Of how many requests is each rate made?",
            Picture::Table
                .of(Unit::Ratio, rate(&["strategy_id", "venue"]))
                .watching(Watch::Ratio("trading_errors", "trading_orders"))
                .size(10, 8),
        )
        .panel(
            "by-type",
            "By type",
            "Which errors are there most?",
            Picture::Bars.of(Unit::Count, by_type()),
        )
        .panel(
            "rejects",
            "Refused orders",
            "How many orders were refused, and of what class?",
            Picture::Bars.of(Unit::Count, rejects()).more_at("latency"),
        )
        .panel(
            "recent",
            "Newest errors",
            "What do the newest ones say?",
            Picture::Table.of(Unit::Text, recent()).size(24, 9),
        )
}

/// Unexpected errors.
pub(super) fn errors(by: &[&str]) -> Query {
    unexpected(total("trading_errors").by(by))
}

fn unexpected(query: Query) -> Query {
    query
        .only("severity", &["error", "critical"])
        .without("error_class", &["expected"])
        .with(value("errors", Reduce::Sum, "coalesce({count}, 1)", Unit::Count))
}

/// Order requests: submit, modify, cancel.
pub(super) fn requests(by: &[&str]) -> Query {
    sent(total("trading_orders").by(by))
}

fn sent(query: Query) -> Query {
    query.only("event", &REQUESTS).with(value("requests", Reduce::Count, "", Unit::Count))
}

/// No errors are zero errors, where there were requests.
fn rate(by: &[&str]) -> Query {
    errors(by).and(requests(by)).derived("error_rate", &ratio(), Unit::Ratio)
}

fn rate_over_time() -> Query {
    let by = ["strategy_id"];
    let errors = unexpected(over_time("trading_errors").by(&by));
    let requests = sent(over_time("trading_orders").by(&by));
    errors.and(requests).derived("error_rate", &ratio(), Unit::Ratio)
}

fn ratio() -> String {
    share("errors", "requests").replace("{errors}", "coalesce({errors}, 0.0)")
}

fn by_type() -> Query {
    total("trading_errors")
        .by(&["component", "error_class", "error_code"])
        .with(value("errors", Reduce::Sum, "coalesce({count}, 1)", Unit::Count))
        .top("errors", 20)
}

fn rejects() -> Query {
    total("trading_orders")
        .by(&["venue", "event", "reject_class"])
        .only("event", &["rejected", "denied", "modify_rejected", "cancel_rejected"])
        .with(value("orders", Reduce::Count, "", Unit::Count))
        .top("orders", 20)
}

fn recent() -> Query {
    rows("trading_errors", 50).columns(&[
        ("severity", Unit::Text),
        ("strategy_id", Unit::Text),
        ("venue", Unit::Text),
        ("component", Unit::Text),
        ("error_class", Unit::Text),
        ("error_code", Unit::Text),
        ("count", Unit::Count),
        ("message", Unit::Text),
    ])
}
