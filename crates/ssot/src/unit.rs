//! The unit that a key's name ends with.

/// Endings and what they mean, the longer before the shorter.
const UNITS: [(&str, &str); 15] = [
    ("_per_hour", "per hour"),
    ("_ratio", "ratio; 0.05 is 5 %"),
    ("_bps", "basis points"),
    ("_usd", "USD"),
    ("_ns", "nanoseconds"),
    ("_us", "microseconds"),
    ("_ms", "milliseconds"),
    ("_secs", "seconds"),
    ("_minutes", "minutes"),
    ("_hours", "hours"),
    ("_days", "days"),
    ("_bytes", "bytes"),
    ("_px", "price"),
    ("_qty", "quantity, in units of the instrument"),
    ("_notional", "quantity times price, in the currency of the instrument"),
];

/// The unit of the value that is called `name`, if its name has one.
pub(crate) fn of(name: &str) -> Option<&'static str> {
    // `bytes_max` ends with a qualifier, and its unit stands before that.
    let name = name.trim_end_matches("_max").trim_end_matches("_min");
    let unit = UNITS
        .iter()
        .find(|(ending, _)| name.ends_with(ending) || Some(name) == ending.strip_prefix('_'));
    unit.map(|(_, unit)| *unit)
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_unit_is_read_off_the_name() {
        let cases = [
            ("max_budget_usd", Some("USD")),
            ("iteration_interval_min_secs", Some("seconds")),
            ("spool_bytes_max", Some("bytes")),
            ("drawdown_kill_ratio", Some("ratio; 0.05 is 5 %")),
            ("max_calls_per_hour", Some("per hour")),
            ("max_iterations", None),
            ("status", None),
        ];
        for (name, expected) in cases {
            assert_eq!(of(name), expected, "{name}");
        }
    }
}
