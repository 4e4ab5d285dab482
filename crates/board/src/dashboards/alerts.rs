//! Alerts, and what people and receivers did about them.

use crate::{
    board::Draft,
    panel::Picture,
    query::{Query, Reduce, Span, newest, over_time, rows, total, value},
    unit::Unit,
};

pub(super) fn draft() -> Draft {
    Draft::new("alerts", "Alerts", "What fired, who was told, and how fast was it dealt with?")
        .panel(
            "firing",
            "Firing",
            "What is wrong, since when, how bad, and does somebody have it?",
            Picture::Table.of(Unit::Text, firing()).size(24, 7),
        )
        .panel(
            "states",
            "States",
            "Which rule was in which state when?",
            Picture::Timeline.of(Unit::Text, states()).size(24, 8),
        )
        .panel(
            "deliveries",
            "Deliveries",
            "Which receiver got how many messages, in how many tries?",
            Picture::Table.of(Unit::Count, deliveries()).size(12, 7),
        )
        .panel(
            "times",
            "Time to tell",
            "How long from the breach to the message, by rule?",
            Picture::Table.of(Unit::Ms, times()).size(12, 7),
        )
        .panel(
            "people",
            "Silences and acknowledgements",
            "Who did what to which alert?",
            Picture::Table.of(Unit::Text, people()).size(12, 8),
        )
        .panel(
            "changes",
            "Changes",
            "What was deployed, halted, loosened or restored?",
            Picture::Table.of(Unit::Text, super::now::changes(50)).size(12, 8),
        )
}

/// The newest transition of each episode, where that is to firing or to no data.
pub(super) fn firing() -> Query {
    newest("alert_history")
        .by(&["alert_id"])
        .only("kind", &["transition"])
        .of(Span::Ever)
        .columns(&[
            ("rule", Unit::Text),
            ("severity", Unit::Text),
            ("state", Unit::Text),
            ("account_id", Unit::Text),
            ("strategy_id", Unit::Text),
            ("instrument_id", Unit::Text),
            ("venue", Unit::Text),
            ("value", Unit::None),
            ("threshold", Unit::None),
            ("unit", Unit::Text),
            ("active_at", Unit::Moment),
        ])
        .keeping("{state} IN ('firing', 'no_data', 'error')")
        .top("active_at", 50)
}

fn states() -> Query {
    over_time("alert_history")
        .by(&["rule", "account_id", "strategy_id"])
        .only("kind", &["transition"])
        .with(value("state", Reduce::Last, "state", Unit::Text))
}

fn deliveries() -> Query {
    total("alert_history")
        .by(&["receiver"])
        .only("kind", &["delivery"])
        .with(value("messages", Reduce::Distinct, "message_id", Unit::Count))
        .with(value("tries", Reduce::Count, "", Unit::Count))
        .with(value(
            "delivered",
            Reduce::Sum,
            "CASE WHEN {delivered} = 1 THEN 1.0 ELSE 0.0 END",
            Unit::Count,
        ))
        .with(value("last_sent", Reduce::Max, "sent_at", Unit::Moment))
}

fn times() -> Query {
    total("alert_history")
        .by(&["rule"])
        .only("kind", &["delivery"])
        .known("latency_ms")
        .with(value("p50", Reduce::Quantile(0.5), "latency_ms", Unit::Ms))
        .with(value("largest", Reduce::Max, "latency_ms", Unit::Ms))
        .with(value("tries", Reduce::Count, "", Unit::Count))
}

fn people() -> Query {
    rows("alert_history", 50)
        .only("kind", &["ack", "silence", "escalation"])
        .of(Span::Ever)
        .columns(&[
            ("kind", Unit::Text),
            ("rule", Unit::Text),
            ("actor", Unit::Text),
            ("receiver", Unit::Text),
            ("detail", Unit::Text),
        ])
}
