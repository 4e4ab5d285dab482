//! The monitoring itself.

use super::{Entry, MINUTE, RulesConfig, by, stale, text};
use crate::rule::{
    Class, Condition, Function, Matcher, Measure, OnAbsent, Query, Rule, Severity, Text, Unit,
};

pub(super) fn entries(config: &RulesConfig) -> Vec<Entry> {
    let mut all = rows();
    all.extend(hosts(config));
    all.extend(ourselves());
    all.push(reconciliation());
    all
}

fn rule(name: &str, query: Query, condition: Condition, severity: Severity, words: Text) -> Rule {
    let mut rule = Rule::measuring(name, Measure::Value(query), condition, severity)
        .of_class(Class::SelfCheck)
        .with_text(words);
    // Who does not tell is a heartbeat's matter.
    rule.absent.then = OnAbsent::Keep;
    rule
}

/// Rows on their way into the store.
fn rows() -> Vec<Entry> {
    let words = |title: &str, meaning: &str, action: &str| {
        text(title, Unit::Count, meaning, action, "every loss is counted and told")
    };
    let counted = |metric: &str| Query::rolling(metric, Function::Max, MINUTE);
    // Each thread of a producer counts its own, so the largest of a minute is the one to look at.
    let dropped = rule(
        "rows_dropped",
        counted("producer_runs.dropped"),
        Condition::above(0.0),
        Severity::Warning,
        words(
            "Rows dropped",
            "A producer could not keep rows: its ring or its spool was full.",
            "Make room for the spool, and see `plimsoll metrics gaps` for what is missing.",
        ),
    );
    let quarantined = rule(
        "rows_quarantined",
        counted("producer_runs.quarantined"),
        Condition::above(0.0),
        Severity::Warning,
        words(
            "Rows quarantined",
            "The store refused rows for good; they lie beside the spool with the reason.",
            "Read `rejected/rows.jsonl` of the spool.",
        ),
    );
    let spool = rule(
        "spool_filling",
        Query::last("system_health.rows_spooled"),
        Condition::above(2_000_000.0).resolving_at(1_000_000.0),
        Severity::Warning,
        words(
            "Spool filling",
            "So many rows wait for the store; a spool of 1 GiB is about half full.",
            "See why the store does not take them.",
        ),
    );
    vec![
        Entry::on(dropped.by(by(["producer", "table_name"]))),
        Entry::on(quarantined.by(by(["producer", "table_name"]))),
        Entry::on(spool.by(by(["producer", "component"]))),
    ]
}

/// Machines that producers run on.
fn hosts(config: &RulesConfig) -> Vec<Entry> {
    let disk = rule(
        "disk_low",
        Query::last("system_health.disk_free_ratio"),
        Condition::below(0.10).resolving_at(0.12),
        Severity::Warning,
        text(
            "Disk low",
            Unit::Ratio,
            "So much of the disk is free; spools and stores need it.",
            "Make room, or shorten retention.",
            "practice",
        ),
    );
    let clock = |name: &str, condition: Condition| {
        let words = text(
            "Clock offset",
            Unit::Ms,
            "This host's clock differs so much from the reference.",
            "See whether time synchronization runs.",
            "practice: 100 ms; EU firms are bound to 1 ms or less (RTS 25)",
        );
        let mut rule = rule(
            name,
            Query::last("system_health.clock_offset_ms"),
            condition,
            Severity::Warning,
            words,
        )
        .pending_for(MINUTE / 6);
        rule.absent = stale(config.stale_after.max(MINUTE), Severity::Warning);
        rule.absent.then = OnAbsent::Keep;
        rule
    };
    let lag = rule(
        "store_lag",
        Query::last("system_health.store_lag_ms"),
        Condition::above(2_000.0),
        Severity::Warning,
        text(
            "Store lag",
            Unit::Ms,
            "Rows reach the store this late, and so do rules that read from it.",
            "See what the store is busy with.",
            "RTS 6 Art. 16(5): alerts within 5 s",
        ),
    )
    .pending_for(MINUTE / 6);
    let of_host = || by(["producer", "component", "host"]);
    vec![
        Entry::on(disk.by(of_host())),
        Entry::on(clock("clock_ahead", Condition::above(100.0)).by(of_host())),
        Entry::on(clock("clock_behind", Condition::below(-100.0)).by(of_host())),
        Entry::off(lag.by(of_host())),
    ]
}

/// What the process that runs the rules knows of itself.
fn ourselves() -> Vec<Entry> {
    let letters = rule(
        "delivery_dead_letter",
        Query::last("alerts.dead_letters"),
        Condition::above(0.0),
        Severity::Critical,
        text(
            "Dead letter",
            Unit::Count,
            "Notifications were given up: no receiver took them.",
            "Read them with `plimsoll alerts history`, and repair the receiver.",
            "a message that nobody got is the worst one",
        ),
    );
    let actions = rule(
        "action_failed",
        Query::last("alerts.actions_failed"),
        Condition::above(0.0),
        Severity::Critical,
        text(
            "Action failed",
            Unit::Count,
            "What a rule has to do when it fires, such as a kill switch, failed and is tried again.",
            "Do it by hand, then see what `plimsoll alerts run` printed for the reason.",
            "a kill switch that does not work is worse than none",
        ),
    );
    let watchdog = rule(
        "watchdog",
        Query::last("alerts.watchdog"),
        Condition::above(0.5),
        Severity::Info,
        text(
            "Watchdog",
            Unit::None,
            "Fires as long as rules are evaluated: when it stops, nobody watches.",
            "Route it to something that wakes you when it falls silent.",
            "Prometheus' watchdog alert",
        ),
    );
    [letters, actions, watchdog].map(Entry::on).into()
}

/// What whoever compares us with the venue found.
fn reconciliation() -> Entry {
    let words = text(
        "Reconciliation",
        Unit::None,
        "Our books and the venue's differ.",
        "Take no new risk until you know why: `plimsoll reconcile`.",
        "RTS 6 Art. 17",
    );
    let query = Query::last("system_health.status=down|degraded")
        .filtered(Matcher::is("component", ["reconciliation"]));
    let condition = Condition::above(0.5);
    let rule = rule("reconciliation_mismatch", query, condition, Severity::Critical, words);
    Entry::on(rule.by(by(["producer", "account_id", "venue"])))
}
