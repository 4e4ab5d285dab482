//! The rules that come with it, on rows as a store has them.

use std::collections::BTreeSet;

use plimsoll_alerts::{
    Engine, Feed, Limits, PositionLimit, PositionMax, PositionSize, Row, RuleChange, RulesConfig,
    Severity, Transition,
};

use crate::desk::{Desk, moment, now};

struct Book {
    desk: Desk,
    feed: Feed,
}

type Columns<'a> = &'a [(&'a str, f64)];
type Words<'a> = &'a [(&'a str, &'a str)];

impl Book {
    fn new(config: &RulesConfig, limits: &Limits) -> Self {
        let rules = config.rules(limits);
        let feed = Feed::new(&rules);
        Self { desk: Desk::new(rules), feed }
    }

    fn plain() -> Self {
        Self::new(&RulesConfig::default(), &Limits::default())
    }

    /// A row of an account at a venue; the changes of rules as lines, without the labels.
    fn row(
        &mut self,
        table: &str,
        secs: f64,
        words: Words<'_>,
        columns: Columns<'_>,
    ) -> Vec<String> {
        let common = [
            ("env", "prod"),
            ("mode", "live"),
            ("producer", "s@h"),
            ("account_id", "A"),
            ("instrument_id", "BTC-PERP"),
            ("venue", "HL"),
            ("strategy_id", "ema"),
        ];
        let is_text = |name: &str| ["client_order_id", "position_id"].contains(&name);
        let mut labels = common.to_vec();
        if ["trading_risk", "producer_runs"].contains(&table) {
            labels.retain(|(name, _)| !["instrument_id", "venue"].contains(name));
        }
        labels.extend(words.iter().filter(|(name, _)| !is_text(name)));
        let texts: Vec<_> = words.iter().copied().filter(|(name, _)| is_text(name)).collect();
        let row = Row::new(table, moment(secs)).labels(&labels).numbers(columns).texts(&texts);
        let changes = self.feed.row(&mut self.desk.engine, &row, now(secs)).to_vec();
        short(&self.desk.lines(&self.told(&changes)))
    }

    /// What is no news for anybody is left out: too few orders to judge.
    fn told(&self, changes: &[Transition]) -> Vec<Transition> {
        let is_told = |change: &&Transition| {
            self.desk.engine.alert(change).is_some_and(|alert| alert.is_telling())
        };
        changes.iter().filter(is_told).copied().collect()
    }

    fn advance(&mut self, secs: f64) -> Vec<String> {
        short(&self.desk.advance(secs))
    }

    /// Equity of the account, with the peak and day's start that its producer knows.
    fn equity(&mut self, secs: f64, equity: f64, peak: f64) -> Vec<String> {
        let columns = [("equity", equity), ("peak_equity", peak)];
        self.row("trading_risk", secs, &[("scope", "account")], &columns)
    }

    fn position(&mut self, secs: f64, side: &str, qty: f64, mark: f64) -> Vec<String> {
        let columns = [("qty", qty), ("mark_px", mark), ("notional_base", qty * mark)];
        self.row(
            "position_changes",
            secs,
            &[("position_side", side), ("source", "cache")],
            &columns,
        )
    }

    fn order(&mut self, secs: f64, id: &str, event: &str, side: &str, leaves: f64) -> Vec<String> {
        let words = [("event", event), ("side", side), ("client_order_id", id)];
        self.row(
            "trading_orders",
            secs,
            &words,
            &[("leaves_qty", leaves), ("qty", leaves), ("px", 100.0)],
        )
    }
}

/// Without labels, and without what the rules' parts say.
fn short(lines: &[String]) -> Vec<String> {
    lines
        .iter()
        .map(|line| {
            let (head, rest) = line.split_once('{').unwrap_or((line, ""));
            let tail = rest.split_once('}').map_or("", |(_, tail)| tail);
            format!("{head}{tail}")
        })
        .collect()
}

#[test]
fn every_rule_can_be_evaluated_and_says_what_it_is() {
    let limits = Limits::default();
    let config = RulesConfig::default();
    let catalogue = config.catalogue(&limits);
    let names: BTreeSet<_> = catalogue.iter().map(|entry| entry.rule.name.clone()).collect();
    assert_eq!(names.len(), catalogue.len(), "each name once");
    let mut all = RulesConfig::default();
    all.enable = catalogue.iter().filter(|e| !e.is_on).map(|e| e.rule.name.clone()).collect();
    let engine = Engine::new(all.rules(&limits)).unwrap();
    assert_eq!(engine.rules().count(), catalogue.len());
    assert_eq!(all.problems(&limits), []);
    for entry in &catalogue {
        let rule = &entry.rule;
        let is_part = rule.audience == plimsoll_alerts::Audience::Rules;
        let words = [&rule.text.title, &rule.text.meaning, &rule.text.action, &rule.text.source];
        assert!(is_part || words.iter().all(|word| !word.is_empty()), "{}", rule.name);
        assert!(rule.condition.join().is_some() || !entry.places().is_empty(), "{}", rule.name);
    }
    for wanted in [
        "drawdown_warning",
        "drawdown_critical",
        "error_rate",
        "position_max_equity_ratio",
        "connection_lost",
        "heartbeat",
        "stale_equity",
        "rows_dropped",
        "rows_quarantined",
        "spool_filling",
        "disk_low",
        "clock_ahead",
        "clock_behind",
        "delivery_dead_letter",
        "watchdog",
        "reconciliation_mismatch",
        "error_burst",
    ] {
        assert!(catalogue.iter().any(|e| e.rule.name == wanted && e.is_on), "{wanted} is on");
    }
}

#[test]
fn drawdown_goes_from_warning_to_critical_and_back() {
    let mut book = Book::plain();
    assert!(book.equity(0.0, 100.0, 100.0).is_empty());
    assert!(book.equity(1.0, 95.0, 100.0).is_empty(), "exactly 5 %");
    assert_eq!(book.equity(2.0, 94.0, 100.0), ["2 drawdown_warning normal>firing 0.06"]);
    assert_eq!(
        book.equity(3.0, 89.0, 100.0),
        [
            "3 drawdown_critical normal>firing 0.11",
            r#"3 drawdown_warning firing>firing 0.11 InhibitedBy { rule: "drawdown_critical" }"#,
        ]
    );
    assert_eq!(
        book.equity(4.0, 92.0, 100.0),
        ["4 drawdown_critical firing>resolved 0.08", "4 drawdown_warning firing>firing 0.08"]
    );
    assert_eq!(book.equity(5.0, 96.0, 100.0), ["5 drawdown_warning firing>resolved 0.04"]);
    let blind = book.equity(6.0, 96.0, f64::NAN);
    assert_eq!(
        blind,
        [
            r#"6 drawdown_warning normal>no_data InhibitedBy { rule: "drawdown_critical" }"#,
            "6 drawdown_critical resolved>no_data",
        ]
        .map(|line| line.replace("drawdown_warning normal", "drawdown_warning resolved"))
    );
}

#[test]
fn deposits_and_withdrawals_are_no_loss_and_hide_none() {
    let mut book = Book::plain();
    let money = |book: &mut Book, secs: f64, kind: &str, amount: f64| {
        let words = [("kind", kind), ("strategy_id", "-"), ("instrument_id", "-")];
        book.row("trading_cashflows", secs, &words, &[("amount_base", amount)])
    };
    assert!(money(&mut book, 0.0, "deposit", 100.0).is_empty(), "before anything is known");
    book.equity(1.0, 100.0, 100.0);
    assert!(money(&mut book, 2.0, "withdrawal", -20.0).is_empty());
    assert!(book.equity(3.0, 80.0, 80.0).is_empty(), "a fifth was taken out, nothing was lost");
    assert_eq!(book.equity(4.0, 75.2, 80.0), ["4 drawdown_warning normal>firing 0.06"]);
    assert!(money(&mut book, 5.0, "deposit", 37.6).is_empty());
    assert!(book.equity(6.0, 112.8, 120.0).is_empty(), "half as much again, and still 6 % down");
    let drawdown = book.desk.engine.status().into_iter().find(|s| s.rule == "drawdown_warning");
    assert!((drawdown.unwrap().value.unwrap() - 0.06).abs() < 1e-12);
    assert!(!book.advance(500.0).iter().any(|line| line.contains("funding")));
    assert_eq!(book.desk.states("drawdown_warning").len(), 1, "a flow is no owner of its own");
}

#[test]
fn an_outage_that_stops_orders_fires_the_burst_although_the_ratio_has_no_data() {
    let mut book = Book::plain();
    let error = [("severity", "error"), ("error_class", "timeout")];
    let mut lines = Vec::new();
    for second in 0..10 {
        lines.extend(book.row("trading_errors", f64::from(second), &error, &[]));
    }
    assert_eq!(lines, ["9 error_burst normal>firing 10"]);
    let expected = [("severity", "error"), ("error_class", "expected")];
    assert!(book.row("trading_errors", 10.0, &expected, &[("count", 1000.0)]).is_empty());
    book.equity(11.0, 1_000.0, 1_000.0);
    // Orders again: 20 requests, and the ratio is known.
    let mut lines = Vec::new();
    for n in 0..20 {
        lines.extend(book.order(11.0, &format!("o{n}"), "submitted", "buy", 1e-9));
    }
    assert_eq!(lines, ["11 error_rate no_data>firing 0.5"]);
}

#[test]
fn a_mark_that_moves_fires_the_position_limit_without_a_fill() {
    let mut book = Book::plain();
    book.equity(0.0, 1_000.0, 1_000.0);
    assert!(book.position(1.0, "long", 1.0, 99.0).is_empty());
    assert_eq!(
        book.position(11.0, "long", 1.0, 101.0),
        ["11 position_max_equity_ratio normal>firing 0.101"]
    );
    assert_eq!(
        book.position(21.0, "flat", 0.0, 101.0),
        ["21 position_max_equity_ratio firing>resolved 0"]
    );
}

#[test]
fn open_orders_of_the_same_side_count() {
    let mut book = Book::plain();
    book.equity(0.0, 1_000.0, 1_000.0);
    book.position(1.0, "long", 0.6, 100.0);
    assert!(book.order(2.0, "a", "accepted", "sell", 9.0).is_empty(), "the other side reduces");
    assert_eq!(
        book.order(3.0, "b", "submitted", "buy", 0.5),
        ["3 position_max_equity_ratio normal>firing 0.11"]
    );
    assert_eq!(
        book.order(4.0, "b", "canceled", "buy", 0.0),
        ["4 position_max_equity_ratio firing>resolved 0.06"]
    );
    let words = [("event", "accepted"), ("side", "buy"), ("client_order_id", "c")];
    let columns = [("leaves_qty", 9.0), ("reduce_only", 1.0)];
    assert!(book.row("trading_orders", 5.0, &words, &columns).is_empty(), "reduce-only");
    // Hedge mode: both legs count.
    let short = [("position_side", "short"), ("source", "cache"), ("position_id", "2")];
    let lines = book.row("position_changes", 6.0, &short, &[("qty", 0.6), ("notional_base", 60.0)]);
    assert!(
        lines.iter().any(|line| line.starts_with("6 position_max_equity_ratio resolved>firing")),
        "{lines:?}"
    );
}

#[test]
fn the_most_specific_limit_applies_and_none_is_critical() {
    let mut limits = Limits::default();
    limits.position_default = None;
    let qty = |max| PositionSize::new(PositionMax::Qty(max)).without_orders();
    limits.position = vec![
        PositionLimit::new("*.HL", qty(1.0)),
        PositionLimit::new("BTC-*.HL", qty(2.0)),
        PositionLimit::new("ETH-*.BINANCE", qty(9.0)).of_account("A*"),
    ];
    let mut book = Book::new(&RulesConfig::default(), &limits);
    book.equity(0.0, 1e9, 1e9);
    assert!(book.position(1.0, "long", 2.0, 1.0).is_empty());
    assert_eq!(book.position(2.0, "long", 2.1, 1.0), ["2 position_max_qty_held normal>firing 2.1"]);
    let sol = [("position_side", "long"), ("venue", "OKX"), ("instrument_id", "SOL")];
    let row = [("env", "prod"), ("mode", "live"), ("account_id", "A")];
    let labels: Vec<_> = row.iter().chain(&sol).copied().collect();
    let row = Row::new("position_changes", moment(3.0)).labels(&labels).numbers(&[("qty", 0.1)]);
    let changes = book.feed.row(&mut book.desk.engine, &row, now(3.0)).to_vec();
    assert_eq!(short(&book.desk.lines(&changes)), ["3 position_limit_missing normal>firing 0.1"]);
}

#[test]
fn an_old_mark_is_no_data_for_an_open_position() {
    let mut book = Book::plain();
    book.equity(0.0, 1_000.0, 1_000.0);
    book.position(1.0, "long", 0.5, 100.0);
    let words = [("position_side", "long"), ("source", "cache")];
    let columns = [("qty", 0.5), ("notional_base", 50.0), ("mark_age_ms", 11_000.0)];
    let lines = book.row("position_changes", 2.0, &words, &columns);
    assert_eq!(lines, ["2 position_max_equity_ratio normal>no_data"]);
    book.position(3.0, "long", 0.5, 100.0);
    let unmarked =
        |book: &mut Book, secs| book.row("position_changes", secs, &words, &[("qty", 0.5)]);
    assert!(unmarked(&mut book, 13.0).is_empty(), "the last mark is young enough");
    assert_eq!(unmarked(&mut book, 13.5), ["13.5 position_max_equity_ratio normal>no_data"]);
}

#[test]
fn where_rows_come_slowly_a_mark_lasts_longer() {
    let mut config = RulesConfig::default();
    config.stale_after = std::time::Duration::from_secs(180);
    let mut book = Book::new(&config, &Limits::default());
    book.equity(0.0, 1_000.0, 1_000.0);
    book.position(1.0, "long", 0.5, 100.0);
    let words = [("position_side", "long"), ("source", "cache")];
    let unmarked =
        |book: &mut Book, secs| book.row("position_changes", secs, &words, &[("qty", 0.5)]);
    assert!(unmarked(&mut book, 61.0).is_empty(), "60 s are a third");
    assert_eq!(unmarked(&mut book, 62.0), ["62 position_max_equity_ratio normal>no_data"]);
}

#[test]
fn a_lost_connection_is_told_at_once_and_a_planned_reconnect_later() {
    let mut book = Book::plain();
    let health = |book: &mut Book, secs: f64, status: &str, age: f64| {
        let words = [("channel", "user"), ("status", status), ("component", "adapter")];
        book.row("system_health", secs, &words, &[("last_msg_age_ms", age)])
    };
    assert!(health(&mut book, 0.0, "up", 100.0).is_empty());
    assert_eq!(health(&mut book, 1.0, "down", 100.0), ["1 connection_lost normal>firing"]);
    assert_eq!(health(&mut book, 2.0, "up", 100.0), ["2 connection_lost firing>resolved"]);
    assert_eq!(health(&mut book, 3.0, "up", 15_001.0), ["3 connection_lost resolved>firing"]);
    assert_eq!(health(&mut book, 4.0, "up", 0.0), ["4 connection_lost firing>resolved"]);
    assert!(health(&mut book, 5.0, "reconnecting", 100.0).is_empty());
    assert!(health(&mut book, 9.0, "up", 100.0).is_empty(), "back in time");
    health(&mut book, 10.0, "reconnecting", 100.0);
    assert_eq!(book.advance(16.0), ["15 connection_lost resolved>firing"]);
    assert_eq!(health(&mut book, 17.0, "unknown", 100.0), [""; 0], "cannot be told is not up");
}

#[test]
fn a_dead_process_is_one_alert_and_its_venues_are_none() {
    let mut book = Book::plain();
    book.row("producer_runs", 0.0, &[("state", "beat"), ("table_name", "t")], &[("dropped", 0.0)]);
    let words = [("channel", "user"), ("status", "down"), ("component", "adapter")];
    assert_eq!(book.advance(31.0), ["30 heartbeat normal>firing 30"]);
    let lines = book.row("system_health", 32.0, &words, &[]);
    assert_eq!(lines, [r#"32 connection_lost normal>firing InhibitedBy { rule: "heartbeat" }"#]);
    let lines = book.row("producer_runs", 33.0, &[("state", "closed"), ("table_name", "t")], &[]);
    assert!(lines.contains(&"33 heartbeat firing>resolved".to_owned()), "{lines:?}");
    assert!(!book.advance(200.0).iter().any(|line| line.contains("heartbeat")), "it said good-bye");
}

#[test]
fn silent_equity_is_critical_with_an_open_position_only() {
    let mut flat = Book::plain();
    flat.equity(0.0, 1_000.0, 1_000.0);
    let lines = flat.advance(40.0);
    assert!(lines.contains(&"30 stale_equity normal>firing 30".to_owned()), "{lines:?}");
    let mut open = Book::plain();
    open.equity(0.0, 1_000.0, 1_000.0);
    open.position(1.0, "long", 0.5, 100.0);
    let lines = open.advance(40.0);
    assert!(lines.contains(&"30 stale_equity_open normal>firing 30".to_owned()), "{lines:?}");
    assert!(lines.contains(&"31 stale_position_open normal>firing 30".to_owned()), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains(" stale_equity ")), "{lines:?}");
    let drawdown = lines.iter().filter(|line| line.contains("drawdown"));
    assert!(
        drawdown.clone().count() > 0 && drawdown.clone().all(|line| line.contains("InhibitedBy")),
        "{lines:?}"
    );
}

#[test]
fn counted_losses_of_any_thread_are_told() {
    let mut book = Book::plain();
    let run = |book: &mut Book, secs: f64, dropped: f64| {
        book.row(
            "producer_runs",
            secs,
            &[("state", "beat"), ("table_name", "t")],
            &[("dropped", dropped)],
        )
    };
    assert!(run(&mut book, 0.0, 0.0).is_empty());
    assert_eq!(run(&mut book, 1.0, 3.0), ["1 rows_dropped normal>firing 3"]);
    assert!(run(&mut book, 1.5, 0.0).is_empty(), "another thread lost nothing");
    assert_eq!(
        book.row(
            "system_health",
            2.0,
            &[("component", "c"), ("host", "h")],
            &[("disk_free_ratio", 0.09)]
        ),
        ["2 disk_low normal>firing 0.09"]
    );
}

#[test]
fn orders_that_repeat_themselves_are_noticed() {
    let mut config = RulesConfig::default();
    config.enable = vec!["duplicate_orders".to_owned()];
    let mut book = Book::new(&config, &Limits::default());
    for (secs, id) in [(0.0, "a"), (0.3, "b"), (2.0, "c")] {
        assert!(!book.order(secs, id, "submitted", "buy", 1.0).iter().any(|l| l.contains("dupl")));
    }
    book.order(2.1, "d", "submitted", "buy", 1.0);
    let lines = book.order(2.2, "e", "submitted", "buy", 1.0);
    assert!(lines.contains(&"2.2 duplicate_orders normal>firing 3".to_owned()), "{lines:?}");
}

#[test]
fn rows_learned_from_history_are_no_events_of_now() {
    let mut config = RulesConfig::default();
    config.enable = vec!["order_rate_critical".to_owned()];
    let mut book = Book::new(&config, &Limits::default());
    for n in 0..200 {
        let id = format!("o{n}");
        let words = [("event", "submitted"), ("side", "buy"), ("client_order_id", id.as_str())];
        let columns = [("qty", 1e-9), ("reconciliation", 1.0)];
        assert!(book.row("trading_orders", 0.0, &words, &columns).is_empty());
    }
}

#[track_caller]
fn check_problem(config: &RulesConfig, limits: &Limits, message: &str, keys: &[&str]) {
    let problems = config.problems(limits);
    let found = problems.iter().find(|problem| problem.message.contains(message));
    let found = found.unwrap_or_else(|| panic!("`{message}` is not in {problems:?}"));
    assert_eq!(found.keys, keys, "{problems:?}");
}

#[test]
fn limits_that_exclude_each_other_are_named_with_both_places() {
    let mut limits = Limits::default();
    limits.drawdown_warn_ratio = 0.10;
    let config = RulesConfig::default();
    let keys = ["limits.drawdown_warn_ratio", "limits.drawdown_critical_ratio"];
    check_problem(&config, &limits, "`drawdown_warn_ratio` of 0.1 is not below", &keys);
    check_problem(&config, &limits, "the graver one would come first", &keys);
    let mut config = RulesConfig::default();
    let mut change = RuleChange::default();
    change.threshold = Some(0.12);
    config.change.insert("drawdown_warning".to_owned(), change);
    check_problem(
        &config,
        &Limits::default(),
        "begins at 12 % and `drawdown_critical` (critical) at 10 %",
        &["rules.change.drawdown_warning.threshold", "limits.drawdown_critical_ratio"],
    );
}

#[test]
fn names_that_are_not_known_are_named() {
    let mut config = RulesConfig::default();
    config.enable = vec!["daily_los".to_owned(), "heartbeat".to_owned()];
    config.disable = vec!["margin_warning".to_owned()];
    let limits = Limits::default();
    check_problem(&config, &limits, "did you mean `daily_loss`?", &["rules.enable[0]"]);
    check_problem(&config, &limits, "`heartbeat` is on already", &["rules.enable[1]"]);
    check_problem(&config, &limits, "`margin_warning` is off already", &["rules.disable[0]"]);
}

#[test]
fn a_rule_can_be_changed_and_switched_off() {
    let mut config = RulesConfig::default();
    let mut change = RuleChange::default();
    (change.threshold, change.for_secs, change.severity) =
        (Some(0.2), Some(2.5), Some(Severity::Info));
    config.change.insert("drawdown_warning".to_owned(), change);
    config.disable = vec!["connection_lost".to_owned(), "drawdown_critical".to_owned()];
    let rules = config.rules(&Limits::default());
    let warning = rules.iter().find(|rule| rule.name == "drawdown_warning").unwrap();
    let threshold = warning.condition.threshold().unwrap();
    assert_eq!((threshold.threshold, warning.severity), (0.2, Severity::Info));
    assert!((threshold.resolve_at.unwrap() - 0.18).abs() < 1e-12);
    assert_eq!(warning.pending_for.as_secs_f64(), 2.5);
    assert!(!rules.iter().any(|rule| rule.name == "connection_lost"));
    assert!(Engine::new(rules).is_ok(), "nothing refers to what is off");
}

#[test]
fn a_configuration_is_data() {
    let json = r#"{"enable": ["daily_loss"], "change": {"error_rate": {"threshold": 0.02}},
        "stale_after_secs": 60, "ping_interval_secs": {"market": 1.5},
        "drawdown_reset": {"daily": {"start": "17:00", "zone": "America/New_York"}},
        "own": [{"name": "mine", "severity": "info", "measure": {"value": {"metric": "funding.rate"}},
                 "condition": {"above": {"threshold": 1}}}]}"#;
    let config: RulesConfig = serde_json::from_str(json).unwrap();
    assert_eq!(config.problems(&Limits::default()), []);
    let back: RulesConfig = serde_json::from_value(serde_json::to_value(&config).unwrap()).unwrap();
    assert_eq!(back, config);
}
