//! Positions.

use crate::{
    board::Draft,
    panel::{Picture, Watch},
    query::{Query, Reduce, newest, over_time, rows, value},
    unit::Unit,
};

/// What makes a position.
const POSITION: [&str; 4] = ["account_id", "strategy_id", "instrument_id", "venue"];

pub(super) fn draft() -> Draft {
    Draft::new("positions", "Positions", "What is held, and how close to its limit?")
        .panel(
            "open",
            "Open positions",
            "What is held now, at which mark, how old?",
            Picture::Table
                .of(Unit::Money, positions().keeping("{qty} > 0"))
                .size(24, 8)
                .more_at("pnl"),
        )
        .panel(
            "limits",
            "Use of limits",
            "How much of its limit does each position use?",
            Picture::Bars
                .of(Unit::Ratio, limits())
                .watching(Watch::Column("position_changes", "limit_used_ratio")),
        )
        .panel(
            "unrealized",
            "Unrealized P&L",
            "What are the open positions worth beyond their entry?",
            Picture::Lines.of(Unit::Money, over("unrealized_pnl")),
        )
        .panel(
            "notional",
            "Notional",
            "How large is each position in base currency?",
            Picture::Lines.of(Unit::Money, over("notional_base")).more_at("drawdown"),
        )
        .panel(
            "last",
            "Last fills",
            "What was traded last, at which price and cost?",
            Picture::Table.of(Unit::Money, fills()).size(12, 8),
        )
}

fn positions() -> Query {
    newest("position_changes").by(&POSITION).columns(&[
        ("position_side", Unit::Text),
        ("qty", Unit::Qty),
        ("avg_px", Unit::None),
        ("mark_px", Unit::None),
        ("mark_age_ms", Unit::Ms),
        ("notional_base", Unit::Money),
        ("unrealized_pnl", Unit::Money),
        ("limit_used_ratio", Unit::Ratio),
        ("source", Unit::Text),
        ("ts_init", Unit::Moment),
    ])
}

fn limits() -> Query {
    newest("position_changes")
        .by(&POSITION)
        .known("limit_used_ratio")
        .columns(&[("limit_used_ratio", Unit::Ratio)])
        .top("limit_used_ratio", 30)
}

fn over(column: &str) -> Query {
    over_time("position_changes")
        .by(&["strategy_id", "instrument_id"])
        .known(column)
        .per(&["account_id", "venue", "position_id"])
        .with(value(column, Reduce::Last, column, Unit::Money))
}

fn fills() -> Query {
    rows("trading_fills", 30).columns(&[
        ("strategy_id", Unit::Text),
        ("instrument_id", Unit::Text),
        ("side", Unit::Text),
        ("last_qty", Unit::Qty),
        ("last_px", Unit::None),
        ("commission_base", Unit::Money),
        ("realized_pnl", Unit::Money),
        ("slippage_bps", Unit::Bps),
        ("liquidity", Unit::Text),
    ])
}
