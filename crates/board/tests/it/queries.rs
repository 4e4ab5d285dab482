//! What queries answer, on the embedded store.

use plimsoll_board::{Cell, Data, Dialect, Scope, Variable};

use crate::store::{SEC, Store, board, rules, tables};

fn hour() -> Scope {
    Scope::new(0, 3_600 * SEC, 60)
}

#[track_caller]
fn ask(store: &Store, dashboard: &str, panel: &str, scope: &Scope) -> Data {
    let board = board();
    let panel = board.dashboard(dashboard).unwrap().panel(panel).unwrap();
    store.ask(&panel.query, scope)
}

fn numbers(data: &Data, column: &str) -> Vec<Option<f64>> {
    let at = data.columns.iter().position(|c| c.name == column).unwrap();
    data.rows.iter().map(|row| row[at].number()).collect()
}

#[test]
fn every_query_runs_and_is_empty_on_an_empty_store() {
    let (store, board) = (Store::new(), board());
    let mut asked = 0;
    for dashboard in &board.dashboards {
        for panel in &dashboard.panels {
            let data = store.ask(&panel.query, &hour());
            let is_nothing = |cell: &Cell| {
                matches!(cell, Cell::Null | Cell::Integer(0)) || cell.number() == Some(0.0)
            };
            let nothing = data.rows.iter().all(|row| row.iter().all(is_nothing));
            assert!(nothing, "{}/{}: {:?}", dashboard.id, panel.id, data.rows);
            asked += 1;
        }
    }
    for rule in rules() {
        let (query, _) = rule.query(&tables()).unwrap();
        assert_eq!(store.ask(&query, &hour()).rows, Vec::<Vec<Cell>>::new(), "{}", rule.name);
        asked += 1;
    }
    assert!(asked > 60, "{asked}");
    for variable in Variable::ALL {
        store.0.prepare(&variable.values_sql("")).unwrap();
    }
}

#[test]
fn the_worst_of_each_step_is_kept_and_choices_pick_rows() {
    let store = Store::new();
    let row = |secs: i64, strategy: &str, ratio: f64| {
        store.add(
            "trading_risk",
            &format!("ts={} run=1 seq={secs} env='prod' mode='live' scope='strategy' strategy_id='{strategy}' drawdown_ratio={ratio}", secs * SEC),
        );
    };
    for (secs, strategy, ratio) in
        [(0, "a", 0.01), (10, "a", 0.12), (50, "a", 0.02), (60, "a", 0.03), (10, "b", 0.5)]
    {
        row(secs, strategy, ratio);
    }
    let all = ask(&store, "drawdown", "by-strategy", &hour());
    assert_eq!(numbers(&all, "drawdown_ratio"), [Some(0.12), Some(0.5), Some(0.03)]);
    let scope = hour().only(Variable::Strategy, ["a"]);
    let of_a = ask(&store, "drawdown", "by-strategy", &scope);
    assert_eq!(numbers(&of_a, "drawdown_ratio"), [Some(0.12), Some(0.03)]);
    let elsewhere = hour().only(Variable::Env, ["staging"]);
    assert!(ask(&store, "drawdown", "by-strategy", &elsewhere).rows.is_empty());
}

#[test]
fn quantiles_are_values_that_were_measured() {
    let store = Store::new();
    for n in 1..=100 {
        store.add(
            "order_latency",
            &format!("ts={} run=1 seq={n} stage='ack' latency_ms={n}.0", n * SEC),
        );
    }
    let scope = Scope::new(0, 3_600 * SEC, 1);
    let data = ask(&store, "latency", "by-venue", &scope);
    let of = |column: &str| numbers(&data, column)[0].unwrap();
    assert_eq!([of("p50"), of("p95"), of("p99"), of("largest")], [50.0, 95.0, 99.0, 100.0]);
    assert_eq!(of("samples"), 100.0);
}

#[test]
fn no_errors_are_a_rate_of_zero_and_no_requests_are_no_rate() {
    let store = Store::new();
    let error = |strategy: &str, class: &str| {
        store.add("trading_errors", &format!("ts={SEC} strategy_id='{strategy}' venue='V' severity='error' error_class={class} count=2"));
    };
    for strategy in ["busy", "fine"] {
        for seq in 0..8 {
            store.add(
                "trading_orders",
                &format!(
                    "ts={SEC} run=1 seq={seq} strategy_id='{strategy}' venue='V' event='submitted'"
                ),
            );
        }
    }
    error("busy", "'venue'");
    error("busy", "'expected'");
    error("busy", "NULL");
    error("idle", "'venue'");
    let data = ask(&store, "errors", "rates", &hour());
    assert_eq!(numbers(&data, "error_rate"), [Some(0.5), Some(0.0), None]);
    assert_eq!(numbers(&data, "errors"), [Some(4.0), None, Some(2.0)]);
    assert_eq!(numbers(&data, "requests"), [Some(8.0), Some(8.0), None]);
}

#[test]
fn the_newest_row_of_a_session_counts_and_never_the_sum() {
    let store = Store::new();
    for (seq, session, cost) in [(1, "a", 1.0), (2, "a", 3.0), (3, "b", 0.5)] {
        store.add(
            "claude_sessions",
            &format!(
                "ts={} run={seq} seq=0 session_id='{session}' model='m' cost_usd={cost}",
                seq * SEC
            ),
        );
    }
    let data = ask(&store, "agents", "cost", &hour());
    assert_eq!(numbers(&data, "cost_usd"), [Some(3.5)]);
}

#[test]
fn an_episode_that_ended_is_not_firing() {
    let store = Store::new();
    for (secs, id, state) in [
        (1, "one", "firing"),
        (2, "two", "firing"),
        (3, "one", "resolved"),
        (4, "three", "pending"),
    ] {
        store.add(
            "alert_history",
            &format!(
                "ts={} run=1 seq={secs} kind='transition' alert_id='{id}' state='{state}' rule='r'",
                secs * SEC
            ),
        );
    }
    let data = ask(&store, "alerts", "firing", &hour());
    assert_eq!(data.rows.len(), 1);
    assert_eq!(data.rows[0][0], Cell::Text("two".to_owned()));
}

#[test]
fn a_rule_is_worked_out_for_each_of_its_instances() {
    let store = Store::new();
    for (secs, account, equity) in [(1, "A", 96.0), (2, "A", 94.0), (2, "B", 100.0), (2, "C", -1.0)]
    {
        store.add("trading_risk", &format!("ts={} ts_init={} run=1 seq={secs} env='prod' mode='live' producer='p' scope='account' account_id='{account}' equity={equity} peak_equity=100.0", secs * SEC, secs * SEC));
    }
    let value = |name: &str| {
        let rule = rules().into_iter().find(|rule| rule.name == name).unwrap();
        let (query, _) = rule.query(&tables()).unwrap();
        store.ask(&query, &hour())
    };
    assert_eq!(numbers(&value("drawdown_warning"), "value"), [Some(0.06), Some(0.0), Some(1.0)]);
    assert_eq!(value("heartbeat").rows[0][1], Cell::Moment(2 * SEC));
    assert!(value("error_rate").rows.is_empty());
}

#[test]
fn a_prefix_stands_before_each_table_and_a_quote_cannot_leave_its_text() {
    let board = board();
    let scope = hour().with_prefix("bt_").only(Variable::Strategy, ["a'; DROP TABLE x --"]);
    for panel in board.dashboards.iter().flat_map(|dashboard| &dashboard.panels) {
        for dialect in [Dialect::Sqlite, Dialect::QuestDb] {
            let sql = panel.query.sql(dialect, &scope);
            for table in panel.query.tables() {
                assert!(sql.contains(&format!("\"bt_{table}\"")), "{sql}");
                assert!(!sql.contains(&format!("\"{table}\"")), "{sql}");
            }
            assert!(!sql.contains("a'; DROP"), "{sql}");
        }
    }
}
