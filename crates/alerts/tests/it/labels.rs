//! Labels, patterns, and what they pick.

use plimsoll_alerts::{Glob, Labels, Matcher, Metric, TimeOfDay};

#[track_caller]
fn check_glob(pattern: &str, text: &str, expected: bool) {
    assert_eq!(Glob::new(pattern).matches(text), expected, "`{pattern}` on `{text}`");
}

#[test]
fn a_star_stands_for_anything() {
    check_glob("BTC-*", "BTC-USD-PERP", true);
    check_glob("BTC-*", "BTC-", true);
    check_glob("BTC-*", "XBTC-", false);
    check_glob("*-PERP", "BTC-USD-PERP", true);
    check_glob("*", "", true);
    check_glob("a*b*c", "a-b-b-c", true);
    check_glob("a*b*c", "a-c-b", false);
    check_glob("aa*aa", "aaa", false);
    check_glob("", "", true);
    check_glob("", "x", false);
    check_glob("BTC", "BTC", true);
    check_glob("BTC", "BTCUSD", false);
    check_glob("*a*", "bab", true);
}

#[test]
fn a_pattern_that_says_more_is_more_specific() {
    let order = ["*", "BTC-*", "BTC-USD-*", "BTC"];
    let ranks: Vec<_> = order.iter().map(|p| Glob::new(*p).specificity()).collect();
    assert!(ranks.is_sorted(), "{ranks:?}");
}

#[track_caller]
fn check_matcher(matcher: &Matcher, severity: &str, expected: bool) {
    let labels: Labels = [("severity", severity)].into_iter().collect();
    assert_eq!(matcher.matches(&labels), expected, "{matcher:?} on `{severity}`");
}

#[test]
fn a_missing_label_reads_as_the_empty_text() {
    let wanted = Matcher::is("severity", ["error", "critical"]);
    check_matcher(&wanted, "error", true);
    check_matcher(&wanted, "info", false);
    check_matcher(&wanted, "", false);
    let unwanted = Matcher::is_not("severity", ["expected"]);
    check_matcher(&unwanted, "", true);
    check_matcher(&unwanted, "expected", false);
    check_matcher(&Matcher::is_not("severity", [""]), "", false);
}

#[test]
fn labels_are_restricted_by_name() {
    let labels: Labels = [("a", "1"), ("b", "2"), ("c", "")].into_iter().collect();
    let names = |n: &[&str]| n.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    assert_eq!(labels.len(), 2, "an empty value is no label");
    assert_eq!(labels.only(&names(&["a", "x"])), [("a", "1")].into_iter().collect());
    assert_eq!(labels.without(&names(&["a"])), [("b", "2")].into_iter().collect());
}

#[track_caller]
fn check_metric(name: &str, table: &str, column: Option<&str>, words: &str) {
    let metric = Metric::parse(name);
    assert_eq!((metric.table, metric.column, metric.words), (table, column, words), "{name}");
}

#[test]
fn a_metric_names_a_place_in_a_store() {
    check_metric("trading_risk.equity", "trading_risk", Some("equity"), "");
    check_metric("trading_orders", "trading_orders", None, "");
    check_metric(
        "system_health.status=down|unknown",
        "system_health",
        Some("status"),
        "down|unknown",
    );
}

#[track_caller]
fn check_time(text: &str, expected: Option<(u8, u8)>) {
    let time = TimeOfDay::try_from(text.to_owned());
    assert_eq!(time.as_ref().ok().map(|t| (t.hour(), t.minute())), expected, "{text}: {time:?}");
}

#[test]
fn a_time_of_day_has_two_digits_each() {
    check_time("00:00", Some((0, 0)));
    check_time("23:59", Some((23, 59)));
    check_time("24:00", None);
    check_time("7:00", None);
    check_time("07:60", None);
    check_time("+7:00", None);
    check_time("", None);
}
