//! Whether producers live, venues are reached and data is fresh.

use std::time::Duration;

use super::{Entry, RulesConfig, WHERE, by, part, stale, text};
use crate::rule::{
    Class, Condition, Exception, Join, Matcher, Measure, OnAbsent, Override, Query, Rule, Severity,
    Threshold, Unit,
};

/// A row of `producer_runs` comes each 10 s; three may be missing.
const BEATS: Duration = Duration::from_secs(30);
/// A planned reconnect is over by then.
const RECONNECT: Duration = Duration::from_secs(5);
/// Ping interval of a channel that the configuration does not name.
const PING_SECS: f64 = 5.0;

pub(super) fn entries(config: &RulesConfig) -> Vec<Entry> {
    let mut all = vec![heartbeat(config)];
    all.extend(connection(config));
    all.extend(staleness(config));
    all
}

fn heartbeat(config: &RulesConfig) -> Entry {
    let condition =
        Condition::Absent { longer_than: BEATS, ended_by: vec![Matcher::is("state", ["closed"])] };
    let words = text(
        "Heartbeat",
        Unit::Secs,
        "A producer has said nothing for three beats, and did not say good-bye.",
        "See whether its process lives and its spool fills.",
        "practice: three missed beats",
    );
    let mut rule = Rule::new("heartbeat", "producer_runs", condition, Severity::Critical)
        .by(by(["producer"]))
        .of_class(Class::Liveness)
        .with_text(words);
    let expected =
        config.producers.iter().map(|p| [("producer", p.as_str())].into_iter().collect());
    rule.expected = expected.collect();
    if !config.producers.is_empty() {
        // Expected ones are known by name alone.
        rule = rule.by(["producer"]);
    }
    Entry::on(rule)
}

fn connection(config: &RulesConfig) -> Vec<Entry> {
    let owner = || by(["producer", "venue", "account_id", "channel"]);
    let of_channel = |metric: &str| Query::last(metric).filtered(Matcher::is_not("channel", [""]));
    let part = |name: &str, query: Query, condition| {
        let mut rule = part(name, Measure::Value(query), condition).by(owner());
        rule.absent = stale(config.stale_after, Severity::Critical);
        // Words as ones and zeros are nothing to read.
        rule.text.unit = Unit::Count;
        rule
    };
    // What cannot be told is not up.
    let down = of_channel("system_health.status=down|unknown");
    let down = part("connection_down", down, Condition::above(0.5));
    let again = of_channel("system_health.status=reconnecting");
    let again =
        part("connection_reconnecting", again, Condition::above(0.5)).pending_for(RECONNECT);
    let limit = |ping_secs: f64| 3.0 * ping_secs * 1_000.0;
    let age = of_channel("system_health.last_msg_age_ms");
    let mut silent = part("connection_silent", age, Condition::above(limit(PING_SECS)));
    silent.text.unit = Unit::Ms;
    silent.overrides = config
        .ping_interval_secs
        .iter()
        .map(|(channel, ping)| {
            let limit = Exception::Threshold(Threshold::new(limit(*ping)));
            Override::new([("channel", channel.as_str())], limit)
        })
        .collect();
    let words = text(
        "Connection lost",
        Unit::None,
        "A channel of a venue is down, silent for three pings, or takes long to come back.",
        "Positions and orders there are not seen: look at the venue itself.",
        "the mission",
    );
    let join = Condition::any(["connection_down", "connection_silent", "connection_reconnecting"]);
    let mut lost = Rule::joining("connection_lost", join, Severity::Critical)
        .of_class(Class::Liveness)
        // A process that is gone is one thing, its venues are no others.
        .inhibited_by("heartbeat", heartbeat_labels(config))
        .with_text(words);
    lost.absent.severity = Severity::Critical;
    [down, again, silent, lost].map(Entry::on).into()
}

/// Labels that a heartbeat shares with what its producer tells.
fn heartbeat_labels(config: &RulesConfig) -> Vec<&'static str> {
    if config.producers.is_empty() { by(["producer"]) } else { vec!["producer"] }
}

fn staleness(config: &RulesConfig) -> Vec<Entry> {
    let mut all = staleness_parts(config);
    let mut joined = |name: &str, words: (&str, Unit, &str), join: Join, severity| {
        let (title, unit, meaning) = words;
        let action = "See whether the producer is behind, stuck or cut off; nothing is known of the money meanwhile.";
        let rule = Rule::joining(name, Condition::All(join), severity)
            .of_class(Class::Liveness)
            .inhibited_by("connection_lost", WHERE.into_iter().chain(["account_id"]))
            .with_text(text(title, unit, meaning, action, "practice: 30 s"));
        all.push(rule);
    };
    let mut flat = Join::of(["equity_silent"]);
    flat.unless = vec!["position_open".to_owned()];
    let meaning = "Equity of an account is not told any more; it holds nothing.";
    joined("stale_equity", ("Stale equity", Unit::Secs, meaning), flat, Severity::Warning);
    let meaning = "Equity of an account is not told any more, and it holds positions.";
    let open = Join::of(["equity_silent", "position_open"]);
    joined("stale_equity_open", ("Stale equity", Unit::Secs, meaning), open, Severity::Critical);
    let meaning = "An open position is not told any more.";
    let open = Join::of(["position_silent", "position_open_here"]);
    joined(
        "stale_position_open",
        ("Stale position", Unit::Secs, meaning),
        open,
        Severity::Critical,
    );
    let meaning = "The mark price of an open position is old.";
    let open = Join::of(["mark_old", "position_open_here"]);
    joined("stale_mark_open", ("Stale mark", Unit::Ms, meaning), open, Severity::Critical);
    all.into_iter().map(Entry::on).collect()
}

/// What staleness is made of: what is silent or old, and whether something is held.
fn staleness_parts(config: &RulesConfig) -> Vec<Rule> {
    let after = config.stale_after;
    let account = || by(["account_id"]);
    let instrument = || by(["account_id", "instrument_id", "venue"]);
    // An open position stays open while nobody tells.
    let held = Measure::last("position_at_risk.qty_held");
    let mut open_here = part("position_open_here", held, Condition::above(0.0)).by(instrument());
    open_here.absent.then = OnAbsent::Keep;
    open_here.text.unit = Unit::Qty;
    let mut any = Join::of(["position_open_here"]);
    any.on = Some(account().into_iter().map(str::to_owned).collect());
    let open = Rule::joining("position_open", Condition::Any(any), Severity::Warning)
        .for_rules_only()
        .of_class(Class::Liveness);
    let silent = |name: &str, query: Query, labels: Vec<&'static str>| {
        let mut rule = part(name, Measure::Value(query), Condition::absent(after)).by(labels);
        rule.text.unit = Unit::Secs;
        rule
    };
    let equity = Query::last("trading_risk.equity").filtered(Matcher::is("scope", ["account"]));
    let mark = Query::last("position_changes.mark_age_ms");
    let limit_ms = after.as_secs_f64() * 1_000.0;
    let mut old_mark =
        part("mark_old", Measure::Value(mark), Condition::above(limit_ms)).by(instrument());
    old_mark.text.unit = Unit::Ms;
    vec![
        open_here,
        open,
        silent("equity_silent", equity, account()),
        silent("position_silent", Query::last("position_changes"), instrument()),
        old_mark,
    ]
}
