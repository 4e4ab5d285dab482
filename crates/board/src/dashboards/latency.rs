//! Latency of orders.

use crate::{
    board::Draft,
    panel::{Picture, Watch},
    query::{Query, Reduce, over_time, total, value},
    unit::Unit,
};

/// Both ends of an answer: acknowledged, or waited for in vain.
const ANSWERED: [&str; 2] = ["ack", "timeout"];

pub(super) fn draft() -> Draft {
    Draft::new("latency", "Latency", "How long do orders take, and where?")
        .panel(
            "ack",
            "Time to acknowledge",
            "How long do 50, 95 and 99 of 100 orders wait at most? Unanswered ones count as the time waited.",
            Picture::Lines
                .of(Unit::Ms, quantiles(over_time("order_latency").only("stage", &ANSWERED)))
                .watching(Watch::Quantile("order_latency", "latency_ms"))
                .size(24, 9),
        )
        .panel(
            "samples",
            "Samples",
            "How many orders do the percentiles rest on?",
            Picture::BarsOverTime.of(Unit::Count, samples()),
        )
        .panel(
            "histogram",
            "Distribution",
            "How are the times spread?",
            Picture::Bars.of(Unit::Count, histogram()),
        )
        .panel(
            "by-venue",
            "By venue and stage",
            "Which venue and which stage are slow?",
            Picture::Table.of(Unit::Ms, by_venue()).size(14, 8).more_at("errors"),
        )
        .panel(
            "slippage",
            "Slippage",
            "What do fills cost against the price at the decision?",
            Picture::Table
                .of(Unit::Bps, slippage())
                .watching(Watch::Column("trading_fills", "slippage_bps"))
                .size(10, 8)
                .more_at("pnl"),
        )
}

fn quantiles(query: Query) -> Query {
    query
        .known("latency_ms")
        .with(value("p50", Reduce::Quantile(0.5), "latency_ms", Unit::Ms))
        .with(value("p95", Reduce::Quantile(0.95), "latency_ms", Unit::Ms))
        .with(value("p99", Reduce::Quantile(0.99), "latency_ms", Unit::Ms))
}

fn samples() -> Query {
    over_time("order_latency").by(&["stage"]).known("latency_ms").with(value(
        "samples",
        Reduce::Count,
        "",
        Unit::Count,
    ))
}

/// Bars of a factor of about two and a half; the name of each is where it ends.
const BARS: [(&str, &str, &str); 10] = [
    ("<1 ms", "0", "1"),
    ("1–2 ms", "1", "2"),
    ("2–5 ms", "2", "5"),
    ("5–10 ms", "5", "10"),
    ("10–25 ms", "10", "25"),
    ("25–50 ms", "25", "50"),
    ("50–100 ms", "50", "100"),
    ("100–250 ms", "100", "250"),
    ("250 ms–1 s", "250", "1000"),
    ("≥1 s", "1000", "1e300"),
];

fn histogram() -> Query {
    let all = total("order_latency").only("stage", &ANSWERED).known("latency_ms");
    BARS.iter().fold(all, |query, (name, from, to)| {
        let lower =
            if *from == "0" { String::new() } else { format!("{{latency_ms}} >= {from} AND ") };
        let inside = format!("CASE WHEN {lower}{{latency_ms}} < {to} THEN 1.0 ELSE 0.0 END");
        query.with(value(name, Reduce::Sum, &inside, Unit::Count))
    })
}

fn by_venue() -> Query {
    quantiles(total("order_latency").by(&["venue", "stage", "clock"]))
        .with(value("largest", Reduce::Max, "latency_ms", Unit::Ms))
        .with(value("samples", Reduce::Count, "", Unit::Count))
}

fn slippage() -> Query {
    total("trading_fills")
        .by(&["strategy_id", "venue"])
        .without("source", &["inferred"])
        .known("slippage_bps")
        .with(value("mean", Reduce::Mean, "slippage_bps", Unit::Bps))
        .with(value("worst", Reduce::Max, "slippage_bps", Unit::Bps))
        .with(value("fills", Reduce::Count, "", Unit::Count))
}
