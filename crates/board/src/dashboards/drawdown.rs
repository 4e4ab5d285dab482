//! Drawdown, exposure and leverage.

use super::ACCOUNT_WIDE;
use crate::{
    board::Draft,
    panel::{Picture, Watch},
    query::{Query, Reduce, newest, over_time, total, value},
    unit::Unit,
};

pub(super) fn draft() -> Draft {
    let draft = Draft::new("drawdown", "Drawdown", "How much is lost, and how much is at risk?");
    let draft = draft
        .panel(
            "underwater",
            "Underwater",
            "How far below its peak is each account, against the limits?",
            Picture::Underwater
                .of(Unit::Ratio, below_peak("account", &["account_id"]).ignoring(&ACCOUNT_WIDE))
                .watching(Watch::Drawdown)
                .size(24, 9),
        )
        .panel(
            "by-strategy",
            "Underwater by strategy",
            "Which strategy is how far below its peak?",
            Picture::Underwater
                .of(Unit::Ratio, below_peak("strategy", &["strategy_id"]))
                .watching(Watch::Drawdown)
                .more_at("pnl"),
        )
        .panel(
            "under-water",
            "Time under water",
            "Since when is equity below its peak, and how deep was it?",
            Picture::Table.of(Unit::Ratio, under_water()).size(12, 8),
        );
    exposure(draft)
}

fn exposure(draft: Draft) -> Draft {
    draft
        .panel(
            "leverage",
            "Leverage",
            "How many times equity is held, whatever the side?",
            Picture::Lines
                .of(Unit::None, risk("leverage_ratio", Unit::None))
                .watching(Watch::Column("trading_risk", "leverage_ratio"))
                .more_at("positions"),
        )
        .panel(
            "exposure",
            "Net exposure",
            "What share of equity moves with the market?",
            Picture::Lines
                .of(Unit::Ratio, risk("exposure_ratio", Unit::Ratio))
                .watching(Watch::Column("trading_risk", "exposure_ratio"))
                .more_at("positions"),
        )
        .panel(
            "gross",
            "Gross and net exposure",
            "How much is held in base currency?",
            Picture::Lines.of(
                Unit::Money,
                risk("gross_exposure", Unit::Money).with(value(
                    "net_exposure",
                    Reduce::Last,
                    "net_exposure",
                    Unit::Money,
                )),
            ),
        )
        .panel(
            "day",
            "Day against its limit",
            "How much of the day's loss limit is used?",
            Picture::Lines
                .of(Unit::Ratio, risk("daily_pnl_ratio", Unit::Ratio))
                .watching(Watch::Column("trading_risk", "daily_pnl_ratio")),
        )
}

/// The worst of each step, so that no breach falls between two points.
fn below_peak(scope: &str, by: &[&str]) -> Query {
    over_time("trading_risk").by(by).only("scope", &[scope]).known("drawdown_ratio").with(value(
        "drawdown_ratio",
        Reduce::Max,
        "drawdown_ratio",
        Unit::Ratio,
    ))
}

fn risk(column: &str, unit: Unit) -> Query {
    over_time("trading_risk")
        .by(&["account_id"])
        .only("scope", &["account"])
        .known(column)
        .ignoring(&ACCOUNT_WIDE)
        .with(value(column, Reduce::Last, column, unit))
}

fn under_water() -> Query {
    let by = ["scope", "account_id", "strategy_id"];
    let now = newest("trading_risk")
        .by(&by)
        .known("drawdown_ratio")
        .columns(&[("drawdown_ratio", Unit::Ratio)]);
    let worst = total("trading_risk")
        .by(&by)
        .with(value("deepest", Reduce::Max, "drawdown_ratio", Unit::Ratio))
        .with(value(
            "below_peak",
            Reduce::Mean,
            "CASE WHEN {drawdown_ratio} > 0 THEN 1.0 ELSE 0.0 END",
            Unit::Ratio,
        ));
    let last_peak = total("trading_risk").by(&by).where_true("{drawdown_ratio} <= 0").with(value(
        "last_peak",
        Reduce::Max,
        "ts",
        Unit::Moment,
    ));
    now.and(worst).and(last_peak)
}
