//! The first screen.

use super::ACCOUNT_WIDE;
use crate::{
    board::Draft,
    panel::{Picture, Watch},
    query::{Query, Reduce, Span, newest, over_time, rows, total, value},
    unit::Unit,
};

pub(super) fn draft() -> Draft {
    let draft = Draft::new("now", "Now", "Is anything wrong, and is what I see true and fresh?");
    let draft = draft
        .panel(
            "trading",
            "What trades",
            "Is this live or paper, and may it trade?",
            Picture::Table.of(Unit::Text, trading()).size(12, 4).more_at("health"),
        )
        .panel(
            "firing",
            "Firing",
            "What is wrong, since when, how bad, and does somebody have it?",
            Picture::Table.of(Unit::Text, super::alerts::firing()).size(12, 4).more_at("alerts"),
        );
    money(draft)
        .panel(
            "strategies",
            "Strategies",
            "How does each strategy do, and does it still trade?",
            Picture::Table.of(Unit::Money, strategies()).size(24, 6).more_at("pnl"),
        )
        .panel(
            "venues",
            "Venues",
            "Is each channel of each venue up and fresh?",
            Picture::Table.of(Unit::Ms, super::health::channels()).size(12, 6).more_at("health"),
        )
        .panel(
            "changes",
            "Last changes",
            "What was deployed or changed last, by whom?",
            Picture::Table.of(Unit::Text, changes(5)).size(12, 6).more_at("alerts"),
        )
}

fn money(draft: Draft) -> Draft {
    draft
        .panel(
            "equity",
            "Equity",
            "How much is there now?",
            Picture::Stat.of(Unit::Money, risk("equity", Reduce::Last, Unit::Money)).more_at("pnl"),
        )
        .panel(
            "day",
            "P&L of the day",
            "What did today bring, after fees and funding?",
            Picture::Stat
                .of(Unit::Money, risk("daily_pnl", Reduce::Last, Unit::Money))
                .more_at("pnl"),
        )
        .panel(
            "drawdown",
            "Drawdown",
            "How far below its peak is equity?",
            Picture::Stat
                .of(Unit::Ratio, risk("drawdown_ratio", Reduce::Max, Unit::Ratio))
                .watching(Watch::Drawdown)
                .more_at("drawdown"),
        )
        .panel(
            "day-ratio",
            "Day against its limit",
            "How much of today's loss limit is used?",
            Picture::Stat
                .of(Unit::Ratio, risk("daily_pnl_ratio", Reduce::Last, Unit::Ratio))
                .watching(Watch::Column("trading_risk", "daily_pnl_ratio"))
                .more_at("drawdown"),
        )
}

/// A column of the account's risk over time.
fn risk(column: &str, reduce: Reduce, unit: Unit) -> Query {
    over_time("trading_risk")
        .by(&["account_id"])
        .only("scope", &["account"])
        .known(column)
        .ignoring(&ACCOUNT_WIDE)
        .with(value(column, reduce, column, unit))
}

fn trading() -> Query {
    newest("trading_risk")
        .by(&["env", "mode", "account_id"])
        .only("scope", &["account"])
        .ignoring(&ACCOUNT_WIDE)
        .columns(&[
            ("trading_state", Unit::Text),
            ("session_start", Unit::Moment),
            ("ts_init", Unit::Moment),
        ])
}

fn strategies() -> Query {
    let by = ["strategy_id"];
    let state = newest("trading_risk").by(&by).only("scope", &["strategy"]).columns(&[
        ("trading_state", Unit::Text),
        ("daily_pnl", Unit::Money),
        ("drawdown_ratio", Unit::Ratio),
        ("gross_exposure", Unit::Money),
        ("net_exposure", Unit::Money),
        ("open_orders", Unit::Count),
    ]);
    let used = newest("position_changes")
        .by(&by)
        .per(&["account_id", "instrument_id"])
        .known("limit_used_ratio");
    let used = used.with(value("limit_used_ratio", Reduce::Max, "limit_used_ratio", Unit::Ratio));
    let fills = total("trading_fills").by(&by).of(Span::Ever);
    let fills = fills.with(value("last_fill", Reduce::Max, "ts", Unit::Moment));
    let latency = total("order_latency").by(&by).only("stage", &["ack", "timeout"]);
    let latency = latency.with(value("ack_p99_ms", Reduce::Quantile(0.99), "latency_ms", Unit::Ms));
    state
        .and(used)
        .and(fills)
        .and(super::errors::errors(&by))
        .and(super::errors::requests(&by))
        .and(latency)
}

/// The last operations.
pub(super) fn changes(limit: u32) -> Query {
    rows("ops_events", limit).of(Span::Ever).columns(&[
        ("kind", Unit::Text),
        ("target", Unit::Text),
        ("outcome", Unit::Text),
        ("from_value", Unit::Text),
        ("to_value", Unit::Text),
        ("actor", Unit::Text),
    ])
}
