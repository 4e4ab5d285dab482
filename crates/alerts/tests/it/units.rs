//! How values read.

use plimsoll_alerts::Unit;

#[track_caller]
fn check(unit: Unit, value: f64, expected: &str) {
    assert_eq!(unit.show(value), expected, "{value} {unit:?}");
}

#[test]
fn a_value_is_shown_with_its_unit() {
    check(Unit::Ratio, 0.175, "17.5 %");
    check(Unit::Ratio, 0.05, "5 %");
    check(Unit::Ratio, 0.0001, "0.01 %");
    check(Unit::Ms, 2_345.6, "2346 ms");
    check(Unit::Count, 12.0, "12");
    check(Unit::PerSecond, 0.5, "0.5/s");
    check(Unit::None, -0.0, "0");
    check(Unit::Bps, f64::NAN, "not a number");
    check(Unit::BaseCurrency, 1_000_000.0, "1000000");
}

#[track_caller]
fn check_beside(value: f64, limit: f64, expected: &str) {
    assert_eq!(Unit::Ratio.show_beside(value, limit), expected, "{value} beside {limit}");
}

#[test]
fn a_value_just_past_its_limit_does_not_read_as_the_limit() {
    check_beside(0.05004, 0.05, "5.004 %");
    check_beside(0.05, 0.05, "5 %");
    check_beside(0.0500000001, 0.05, "5.00000001 %");
    check_beside(0.175, 0.1, "17.5 %");
}
