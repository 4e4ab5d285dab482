//! Whether what is seen is fresh and whole.

use crate::{
    board::Draft,
    panel::{Picture, Watch},
    query::{Query, Reduce, Span, newest, over_time, total, value},
    unit::Unit,
};

/// Tables whose age says whether producers live.
const FRESH: [(&str, &str); 6] = [
    ("trading_risk", "equity_rows"),
    ("trading_pnl", "pnl_rows"),
    ("position_changes", "position_rows"),
    ("trading_orders", "order_rows"),
    ("trading_fills", "fill_rows"),
    ("system_health", "health_rows"),
];

pub(super) fn draft() -> Draft {
    let draft = Draft::new("health", "Health", "Is what I see fresh, whole and true?");
    let draft = draft
        .panel(
            "age",
            "Data age",
            "When did each producer last send something of each kind?",
            Picture::Table
                .of(Unit::Moment, ages())
                .watching(Watch::Silence("trading_risk"))
                .size(24, 6),
        )
        .panel(
            "status",
            "State of channels",
            "Since when is what up, degraded or down?",
            Picture::Timeline.of(Unit::Text, states()).size(24, 7),
        )
        .panel(
            "channels",
            "Channels",
            "Is each channel up, how old is its last message, how far off its clock?",
            Picture::Table
                .of(Unit::Ms, channels())
                .watching(Watch::Column("system_health", "clock_offset_ms"))
                .size(12, 8),
        )
        .panel(
            "loss",
            "Rows tried and stored",
            "Did every row arrive that was emitted?",
            Picture::Table.of(Unit::Count, loss()).size(12, 8),
        );
    machine(draft)
}

fn machine(draft: Draft) -> Draft {
    let lines = |column: &'static str, unit| Picture::Lines.of(unit, over(column, unit)).size(8, 7);
    let watched = |column: &'static str, unit| {
        lines(column, unit).watching(Watch::Column("system_health", column))
    };
    draft
        .panel(
            "message-age",
            "Age of the last message",
            "How long is each channel silent?",
            watched("last_msg_age_ms", Unit::Ms),
        )
        .panel(
            "lag",
            "Lag of the store",
            "How far does the store lag behind?",
            watched("store_lag_ms", Unit::Ms),
        )
        .panel(
            "spool",
            "Rows in the spool",
            "How many rows wait to be stored?",
            lines("rows_spooled", Unit::Count),
        )
        .panel(
            "disk",
            "Disk free",
            "How much room is left?",
            watched("disk_free_ratio", Unit::Ratio),
        )
        .panel("cpu", "Processor", "How busy are the hosts?", watched("cpu_ratio", Unit::Ratio))
        .panel(
            "clock",
            "Clock offset",
            "How far are the clocks off?",
            watched("clock_offset_ms", Unit::Ms),
        )
}

fn ages() -> Query {
    let mut parts = FRESH.iter().map(|(table, name)| {
        total(table).by(&["producer"]).of(Span::Ever).with(value(
            name,
            Reduce::Max,
            "ts_init",
            Unit::Moment,
        ))
    });
    let first = parts.next().unwrap_or_else(|| total("trading_risk"));
    parts.fold(first, Query::and)
}

fn states() -> Query {
    over_time("system_health").by(&["component", "venue", "channel"]).known("status").with(value(
        "status",
        Reduce::Last,
        "status",
        Unit::Text,
    ))
}

/// The newest word on each channel.
pub(super) fn channels() -> Query {
    newest("system_health").by(&["venue", "account_id", "channel"]).known("channel").columns(&[
        ("status", Unit::Text),
        ("last_msg_age_ms", Unit::Ms),
        ("clock_offset_ms", Unit::Ms),
        ("reconnects", Unit::Count),
        ("ts_init", Unit::Moment),
    ])
}

/// Counts only grow, so the largest of a run is the newest.
fn loss() -> Query {
    total("producer_runs")
        .by(&["producer", "table_name"])
        .per(&["process_id"])
        .with(counted("attempted"))
        .with(counted("acked"))
        .with(counted("dropped"))
        .with(counted("quarantined"))
        .top("attempted", 50)
}

fn counted(column: &str) -> crate::query::Value {
    value(column, Reduce::Max, column, Unit::Count)
}

fn over(column: &str, unit: Unit) -> Query {
    over_time("system_health").by(&["component", "channel"]).known(column).with(value(
        column,
        Reduce::Max,
        column,
        unit,
    ))
}
