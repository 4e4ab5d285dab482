use std::sync::mpsc;
use std::time::Duration;

use plimsoll_kit::{Area, Check, CheckState, Need, Verdict, Verification, VerifyReport, verify};

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
