//! Limits as Grafana's steps: ascending, the first from minus infinity.

use serde_json::{Value, json};

use crate::{panel::Level, rule::Severity};

const FINE: &str = "green";

/// The steps of some limits. Above an upper limit it is as bad as its rule says; below a lower one
/// too; in between it is fine.
pub(super) fn steps(levels: &[Level]) -> Value {
    let mut lower: Vec<&Level> = levels.iter().filter(|level| is_lower(level)).collect();
    let mut upper: Vec<&Level> = levels.iter().filter(|level| level.compare.is_upper()).collect();
    lower.sort_by(|a, b| a.value.total_cmp(&b.value).then(b.severity.cmp(&a.severity)));
    upper.sort_by(|a, b| a.value.total_cmp(&b.value).then(b.severity.cmp(&a.severity)));
    lower.dedup_by(|later, first| later.value.total_cmp(&first.value).is_eq());
    upper.dedup_by(|later, first| later.value.total_cmp(&first.value).is_eq());
    let base = lower.first().map_or(FINE, |level| color(level.severity));
    let mut steps = vec![json!({ "value": null, "color": base })];
    for (at, level) in lower.iter().enumerate() {
        let next = lower.get(at.saturating_add(1)).map_or(FINE, |next| color(next.severity));
        steps.push(json!({ "value": level.value, "color": next }));
    }
    let highest_lower = lower.last().map_or(f64::NEG_INFINITY, |level| level.value);
    for level in upper.iter().filter(|level| level.value > highest_lower) {
        steps.push(json!({ "value": level.value, "color": color(level.severity) }));
    }
    json!({ "mode": "absolute", "steps": steps })
}

fn is_lower(level: &Level) -> bool {
    use crate::rule::Compare::{AtMost, Below};
    matches!(level.compare, Below | AtMost)
}

pub(super) fn color(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "blue",
        Severity::Warning => "orange",
        Severity::Critical => "red",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Compare;

    fn level(compare: Compare, value: f64, severity: Severity) -> Level {
        Level { value, compare, severity, rule: String::new(), title: String::new() }
    }

    #[track_caller]
    fn check(levels: &[Level], expected: &[(Option<f64>, &str)]) {
        let steps = steps(levels);
        let found: Vec<(Option<f64>, &str)> = steps["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| (step["value"].as_f64(), step["color"].as_str().unwrap()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn steps_ascend_on_both_sides_of_what_is_fine() {
        use Compare::{Above, Below};
        use Severity::{Critical, Warning};
        check(&[], &[(None, "green")]);
        check(
            &[level(Above, 0.1, Critical), level(Above, 0.05, Warning)],
            &[(None, "green"), (Some(0.05), "orange"), (Some(0.1), "red")],
        );
        check(
            &[level(Below, -0.01, Warning), level(Below, -0.02, Critical)],
            &[(None, "red"), (Some(-0.02), "orange"), (Some(-0.01), "green")],
        );
        check(
            &[level(Below, 0.1, Critical), level(Above, 0.9, Warning), level(Above, 0.9, Critical)],
            &[(None, "red"), (Some(0.1), "green"), (Some(0.9), "red")],
        );
    }
}
