//! Profit and loss.

use super::ACCOUNT_WIDE;
use crate::{
    board::Draft,
    panel::Picture,
    query::{Query, Reduce, newest, over_time, share, total, value},
    unit::Unit,
};

pub(super) fn draft() -> Draft {
    let draft = Draft::new("pnl", "P&L", "What was earned, by whom, and of what is it made?");
    let draft = draft
        .panel(
            "equity",
            "Equity",
            "How did equity move, between which extremes?",
            Picture::Lines.of(Unit::Money, equity()).size(24, 9).more_at("drawdown"),
        )
        .panel(
            "by-strategy",
            "P&L by strategy",
            "What did each strategy earn since its epoch, after fees and funding?",
            Picture::Lines.of(Unit::Money, by_strategy()),
        )
        .panel(
            "made-of",
            "Realized and unrealized",
            "How much is closed, and how much is still open?",
            Picture::Lines.of(Unit::Money, made_of()),
        )
        .panel(
            "daily",
            "P&L by day",
            "Which days brought it?",
            Picture::Bars.of(Unit::Money, daily()),
        );
    trades(draft)
}

fn trades(draft: Draft) -> Draft {
    draft
        .panel(
            "parts",
            "Price, fees and funding",
            "What did price movement bring, and what did fees and funding cost?",
            Picture::Bars.of(Unit::Money, parts()),
        )
        .panel(
            "win-rate",
            "Win rate",
            "How many of the closing fills won, and of how many?",
            Picture::Stat.of(Unit::Ratio, win_rate()).size(8, 8),
        )
        .panel(
            "contribution",
            "Contribution",
            "Which instrument of which strategy brought how much?",
            Picture::Table.of(Unit::Money, contribution()).size(16, 8).more_at("positions"),
        )
}

fn equity() -> Query {
    over_time("trading_risk")
        .by(&["account_id"])
        .only("scope", &["account"])
        .known("equity")
        .ignoring(&ACCOUNT_WIDE)
        .with(value("equity", Reduce::Last, "equity", Unit::Money))
        .with(value("lowest", Reduce::Min, "equity", Unit::Money))
        .with(value("highest", Reduce::Max, "equity", Unit::Money))
}

fn by_strategy() -> Query {
    over_time("trading_pnl")
        .by(&["strategy_id"])
        .only("scope", &["strategy"])
        .known("total_pnl_base")
        .per(&["account_id"])
        .with(value("total_pnl_base", Reduce::Last, "total_pnl_base", Unit::Money))
}

fn made_of() -> Query {
    over_time("trading_pnl")
        .only("scope", &["strategy"])
        .per(&["account_id", "strategy_id"])
        .with(value("realized_pnl", Reduce::Last, "realized_pnl", Unit::Money))
        .with(value("unrealized_pnl", Reduce::Last, "unrealized_pnl", Unit::Money))
}

/// The last figure of a day is the day's.
fn daily() -> Query {
    newest("trading_risk")
        .by(&["session_start", "account_id"])
        .only("scope", &["account"])
        .known("daily_pnl")
        .known("session_start")
        .ignoring(&ACCOUNT_WIDE)
        .columns(&[("daily_pnl", Unit::Money)])
}

fn parts() -> Query {
    let by = ["strategy_id"];
    let fills = total("trading_fills")
        .by(&by)
        .without("source", &["inferred"])
        .with(value("price", Reduce::Sum, "realized_pnl", Unit::Money))
        .with(value("fees", Reduce::Sum, "-1.0 * {commission_base}", Unit::Money));
    let funding = total("trading_cashflows").by(&by).only("kind", &["funding"]).with(value(
        "funding",
        Reduce::Sum,
        "amount_base",
        Unit::Money,
    ));
    fills.and(funding)
}

fn win_rate() -> Query {
    total("trading_fills")
        .by(&["strategy_id"])
        .without("source", &["inferred"])
        .where_true("{realized_pnl} > 0 OR {realized_pnl} < 0")
        .with(value(
            "wins",
            Reduce::Sum,
            "CASE WHEN {realized_pnl} > 0 THEN 1.0 ELSE 0.0 END",
            Unit::Count,
        ))
        .with(value("closing_fills", Reduce::Count, "", Unit::Count))
        .derived("win_rate", &share("wins", "closing_fills"), Unit::Ratio)
}

fn contribution() -> Query {
    newest("trading_pnl")
        .by(&["strategy_id", "instrument_id", "currency"])
        .only("scope", &["instrument"])
        .per(&["account_id", "venue"])
        .columns(&[
            ("total_pnl", Unit::Money),
            ("realized_pnl", Unit::Money),
            ("unrealized_pnl", Unit::Money),
            ("commission", Unit::Money),
            ("funding", Unit::Money),
        ])
        .top("total_pnl", 50)
}
