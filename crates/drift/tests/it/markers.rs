//! Marks that accept what stands there, each with a reason.

use plimsoll_drift::{Around, check_text, summarize};

use crate::fixture::Fixture;

/// What is found in a file, as rules, and how many findings its marks accept.
#[track_caller]
fn check(text: &str, rules: &[&str], accepted: usize) {
    let canon = Fixture::canon();
    let report = summarize(canon, vec![check_text(canon, "deploy.env", text)], Around::default());
    let found: Vec<&str> = report.findings.iter().map(|finding| finding.rule).collect();
    assert_eq!((found.as_slice(), report.accepted), (rules, accepted), "{text:?}");
}

#[test]
fn a_mark_with_a_reason_accepts_its_line_the_next_or_the_file() {
    check("GRAFANA_PORT=3999\n", &["port"], 0);
    check("GRAFANA_PORT=3999 # plimsoll:ignore[ports.grafana] the old host\n", &[], 1);
    check("GRAFANA_PORT=3999 # plimsoll:ignore[ports] the old host\n", &[], 1);
    check("# plimsoll:ignore-next-line the old host\nGRAFANA_PORT=3999\n", &[], 1);
    let file = "# plimsoll:ignore-file the old host\nGRAFANA_PORT=3999\nREDIS_PORT=6999\n";
    check(file, &[], 2);
}

#[test]
fn a_mark_for_another_key_or_without_a_reason_accepts_nothing() {
    check(
        "GRAFANA_PORT=3999 # plimsoll:ignore[ports.redis] the old host\n",
        &["port", "marker"],
        0,
    );
    check("GRAFANA_PORT=3999 # plimsoll:ignore[ports.grafana]\n", &["port", "marker"], 0);
    check("GRAFANA_PORT=3000 # plimsoll:ignore[ports.grafana] the old host\n", &["marker"], 0);
}

#[test]
fn a_mark_in_a_code_span_is_written_about_and_marks_nothing() {
    check("GRAFANA_PORT=3999 # write `plimsoll:ignore reason` here\n", &["port"], 0);
}
