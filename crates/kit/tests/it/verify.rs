use std::sync::mpsc;
use std::time::Duration;

use plimsoll_kit::{
    Area, CHECKS, Check, CheckState, Need, VERIFICATION_CHECKLIST, Verdict, Verification,
    VerifyConfig, VerifyReport, verify,
};

fn verification(id: &'static str, need: Need, check: impl Check + 'static) -> Verification {
    Verification {
        id,
        area: Area::Monitoring,
        title: "a thing",
        need,
        limit: Duration::from_secs(20),
        check: Box::new(check),
    }
}

fn run(checks: Vec<Verification>) -> (VerifyReport, Vec<String>) {
    let mut seen = Vec::new();
    let report = verify(checks, &mut |line| seen.push(line.id.clone()));
    (report, seen)
}

#[test]
fn checks_run_side_by_side_and_are_reported_in_their_order() {
    let (to_first, first) = mpsc::channel();
    let (report, seen) = run(vec![
        // Ends only once the second has run, so one after the other would not end.
        verification("a", Need::Required, move || {
            match first.recv_timeout(Duration::from_secs(15)) {
                Ok(()) => CheckState::ok("told"),
                Err(error) => CheckState::failed(error.to_string(), "none"),
            }
        }),
        verification("b", Need::Optional, move || {
            to_first.send(()).unwrap();
            CheckState::skipped("no token")
        }),
    ]);
    let states: Vec<_> =
        report.checks.iter().map(|line| (line.id.as_str(), line.state.name())).collect();
    assert_eq!(states, [("a", "ok"), ("b", "skipped")]);
    assert_eq!(seen.len(), 2);
    assert_eq!(report.verdict(), Verdict::Fine);
}

#[test]
fn a_check_that_hangs_or_panics_has_failed_and_holds_up_nobody() {
    let (_never, forever) = mpsc::channel::<()>();
    let mut hanging = verification("hangs", Need::Optional, move || {
        forever.recv().map_or(CheckState::ok("never"), |()| CheckState::ok("told"))
    });
    hanging.limit = Duration::from_millis(50);
    let panics = verification("panics", Need::Optional, || -> CheckState { panic!("on purpose") });
    let (report, _) =
        run(vec![hanging, panics, verification("fine", Need::Required, || CheckState::ok("x"))]);
    let why = |index: usize| match &report.checks[index].state {
        CheckState::Failed { why, .. } => why.clone(),
        other => other.name().to_owned(),
    };
    assert_eq!(why(0), "no result within 0.05 s");
    assert_eq!(why(1), "it panicked");
    assert_eq!(why(2), "ok");
    assert_eq!(report.verdict(), Verdict::Failed);
}

#[test]
fn the_verdict_never_takes_not_knowing_for_fine() {
    let verdict = |states: Vec<(Need, CheckState)>| {
        let checks = states
            .into_iter()
            .map(|(need, state)| verification("x", need, move || state.clone()))
            .collect();
        run(checks).0.verdict()
    };
    let (ok, skipped) = (CheckState::ok("x"), CheckState::skipped("no token"));
    let failed = CheckState::failed("x", "y");
    use Need::{Optional, Required};
    assert_eq!(verdict(vec![]), Verdict::Unknown);
    assert_eq!(verdict(vec![(Required, ok.clone()), (Optional, skipped.clone())]), Verdict::Fine);
    assert_eq!(
        verdict(vec![(Required, ok.clone()), (Required, skipped.clone())]),
        Verdict::Unknown
    );
    assert_eq!(verdict(vec![(Required, skipped), (Optional, failed)]), Verdict::Failed);
    assert_eq!(verdict(vec![(Required, CheckState::degraded("old"))]), Verdict::Failed);
    assert_eq!(
        verdict(vec![(Optional, CheckState::degraded("old")), (Required, ok)]),
        Verdict::Fine
    );
}

#[test]
fn the_report_is_a_versioned_contract() {
    let (mut report, _) =
        run(vec![verification("monitoring.canary", Need::Required, || CheckState::ok("row 7"))]);
    report.checks[0].duration_ms = 3;
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(
        json,
        r#"{"schema_version":1,"checks":[{"id":"monitoring.canary","area":"monitoring","title":"a thing","need":"required","state":"ok","evidence":"row 7","duration_ms":3}]}"#
    );
    assert_eq!(serde_json::from_str::<VerifyReport>(&json).unwrap(), report);
}

#[test]
fn every_line_of_the_checklist_has_a_check_and_every_check_an_area() {
    for line in VERIFICATION_CHECKLIST {
        assert!(CHECKS.iter().any(|check| check.id == line.id), "{} is no check", line.id);
    }
    for check in CHECKS {
        let area = serde_json::to_value(check.area).unwrap();
        assert_eq!(check.id.split_once('.').map(|(area, _)| area), area.as_str(), "{}", check.id);
        assert_eq!(CHECKS.iter().filter(|other| other.id == check.id).count(), 1, "{}", check.id);
    }
}

/// The checklist itself lies beside the checkout.
#[test]
fn no_line_of_the_checklist_is_missing() {
    let fixtures = std::env::var("PLIMSOLL_FIXTURES").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/fixtures").into()
    });
    let Ok(text) = std::fs::read_to_string(format!("{fixtures}/../spec-040.txt")) else {
        eprintln!("SKIPPED: no checklist beside the fixtures");
        return;
    };
    let (_, verification) = text.split_once("\n## Verification\n").unwrap();
    let (verification, _) = verification.split_once("\n## ").unwrap();
    let lines: Vec<&str> = verification
        .lines()
        .filter_map(|line| line.strip_prefix("- [")?.split_once("] "))
        .map(|(_, text)| text)
        .collect();
    for line in &lines {
        let known = VERIFICATION_CHECKLIST.iter().any(|known| line.starts_with(known.text));
        assert!(known, "no check shows `{line}`");
    }
    assert_eq!(lines.len(), VERIFICATION_CHECKLIST.len());
}

#[test]
fn a_setting_that_names_no_check_is_a_problem() {
    let mut config = VerifyConfig::default();
    assert_eq!(config.problems(), []);
    config.required.push("monitoring.nothing".to_owned());
    assert_eq!(config.problems()[0].found, "`monitoring.nothing`");
    config.limit_s = 0;
    assert_eq!(config.problems()[1].key, "limit_s");
}
