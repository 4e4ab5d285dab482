//! What the repository of the fixtures declares.

use plimsoll_drift::{Canon, Config, Declared, Origin, Said, TableShape};

/// Where a value is declared.
pub(crate) fn origin(line: usize) -> Origin {
    Origin::File { path: "config/canonical.yaml".into(), line, column: 3 }
}

/// All declared values of the fixtures.
pub(crate) fn declared() -> Vec<Declared> {
    let base: Vec<(&str, Said)> = vec![
        ("ports.questdb_http", 9000.into()),
        ("ports.questdb_ilp", 9009.into()),
        ("ports.grafana", 3000.into()),
        ("ports.redis", 6379.into()),
        ("ports.order_gateway", 7010.into()),
        ("versions.grafana", "12.3.1".into()),
        ("versions.questdb", "9.2.3".into()),
        ("versions.redis", "7.4".into()),
        ("versions.rust", "1.95".into()),
        ("versions.node", "20".into()),
        ("versions.nautilus", "1.222.0".into()),
        ("runtime.python", ">=3.12".into()),
        ("paths.catalog", "/srv/data/market_catalog_v3/".into()),
        ("ralph.state_path", "~/.plimsoll/ralph/state.json".into()),
        ("ralph.max_iterations", 15.into()),
        ("ralph.max_budget_usd", 20.0.into()),
        ("ralph.max_consecutive_errors", 3.into()),
        ("ralph.iteration_interval_min_secs", 10.into()),
        ("limits.max_daily_loss_ratio", 0.02.into()),
        ("limits.drawdown_warn_ratio", 0.05.into()),
        ("limits.drawdown_critical_ratio", 0.10.into()),
        ("limits.drawdown_kill_ratio", 0.15.into()),
        ("limits.max_leverage", 3.into()),
        ("retention.ticks_days", 90.into()),
        ("cache.max_memory", "512mb".into()),
        ("telemetry.send_usage_reports", false.into()),
        ("exchange.primary_venue", "HYPERLIQUID".into()),
    ];
    let staging: Vec<(&str, Said)> = vec![
        ("ports.questdb_http", 9001.into()),
        ("ports.questdb_ilp", 9010.into()),
        ("ports.grafana", 3001.into()),
        ("ports.redis", 6380.into()),
    ];
    let mut all: Vec<Declared> = base
        .into_iter()
        .enumerate()
        .map(|(line, (key, value))| Declared::new(key, value, origin(line + 2)))
        .collect();
    all.extend(staging.into_iter().enumerate().map(|(line, (key, value))| {
        Declared::new(key, value, origin(line + 40)).with_profile("staging")
    }));
    all.extend(
        tables()
            .into_iter()
            .map(|table| Declared::new(format!("tables.{}", table.name), table, origin(60))),
    );
    all
}

/// The declared tables of the fixtures.
pub(crate) fn tables() -> Vec<TableShape> {
    let keys = || vec!["ts".to_owned(), "strategy_id".to_owned()];
    let pnl = TableShape::new("trading_pnl")
        .with_column("ts", "TIMESTAMP")
        .with_column("strategy_id", "SYMBOL")
        .with_column("realized_pnl", "DOUBLE")
        .with_column("total_pnl", "DOUBLE")
        .with_column("trade_count", "LONG")
        .with_timestamp("ts")
        .with_partition("DAY")
        .with_ttl("90 DAYS")
        .with_dedup(keys());
    let risk = TableShape::new("trading_risk")
        .with_column("ts", "TIMESTAMP")
        .with_column("strategy_id", "SYMBOL")
        .with_column("drawdown_ratio", "DOUBLE")
        .with_column("leverage_ratio", "DOUBLE")
        .with_timestamp("ts")
        .with_partition("DAY")
        .with_ttl("12 MONTHS")
        .with_dedup(keys());
    vec![pnl, risk]
}

/// The configuration of the fixtures.
pub(crate) fn config() -> Config {
    let mut config = Config::default();
    let alias = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    config.aliases.insert("paths.catalog".to_owned(), alias(&["market_catalog"]));
    config
}

/// Everything that is declared, made ready.
pub(crate) fn canon() -> Canon {
    Canon::new(&declared(), config()).unwrap()
}

/// As a QuestDB 9.3.4 says it.
#[test]
fn a_table_is_read_from_what_a_server_says_of_it() {
    let said = "CREATE TABLE 'schema_versions' ( \n\tts TIMESTAMP,\n\tversion LONG\n) timestamp(ts) PARTITION BY YEAR\n\
                DEDUP UPSERT KEYS(ts,version);";
    let shape = plimsoll_drift::TableShape::of_sql(said).unwrap();
    let columns = [("ts", "TIMESTAMP"), ("version", "LONG")];
    assert_eq!(shape.columns, columns.map(|(name, kind)| (name.to_owned(), kind.to_owned())));
    assert_eq!(shape.name, "schema_versions");
}
