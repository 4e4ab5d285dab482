//! Tables of verdicts and what becomes of them.

use super::{AlertState, Cause, Core, Timing, Verdict};
use crate::rule::OnAbsent;

const PLAIN: Timing =
    Timing { pending_for: 0, keep_for: 0, is_latched: false, on_absent: OnAbsent::NoData };
const GONE: Verdict = Verdict::Blind(Cause::Absent);
const FEW: Verdict = Verdict::Blind(Cause::TooFew);
const BROKEN: Verdict = Verdict::Blind(Cause::Unreadable);

/// Feeds one verdict a tick, from tick 0, and tells the states as one letter each: n, P, F, r, d, e.
#[track_caller]
fn check(name: &str, timing: Timing, verdicts: &[Verdict], expected: &str) {
    let mut core = Core::default();
    let mut states = String::new();
    for (tick, verdict) in (0..).zip(verdicts) {
        core.step(*verdict, tick, &timing);
        states.push(match core.state {
            AlertState::Normal => 'n',
            AlertState::Pending => 'P',
            AlertState::Firing => 'F',
            AlertState::Resolved => 'r',
            AlertState::NoData => 'd',
            AlertState::Error => 'e',
        });
    }
    assert_eq!(states, expected, "{name}");
}

use Verdict::{Between, Clear, Holds};

#[test]
fn a_condition_that_holds_for_long_enough_fires() {
    check("at once", PLAIN, &[Clear, Holds, Holds, Clear], "nFFr");
    let wait = Timing { pending_for: 2, ..PLAIN };
    check("after a wait", wait, &[Holds, Holds, Holds, Clear], "PPFr");
    check("a wait is interrupted", wait, &[Holds, Holds, Clear, Holds, Holds], "PPnPP");
    check("again after the end", PLAIN, &[Holds, Clear, Holds], "FrF");
}

#[test]
fn a_rule_keeps_firing_for_a_while() {
    let keep = Timing { keep_for: 2, ..PLAIN };
    check("ends after it", keep, &[Holds, Clear, Clear, Clear], "FFFr");
    check("starts anew", keep, &[Holds, Clear, Holds, Clear, Clear, Clear], "FFFFFr");
}

#[test]
fn between_two_limits_nothing_begins_and_nothing_ends() {
    check("goes on", PLAIN, &[Holds, Between, Between, Clear], "FFFr");
    check("does not begin", PLAIN, &[Between, Between], "nn");
    let wait = Timing { pending_for: 2, ..PLAIN };
    check("a wait ends", wait, &[Holds, Between, Holds], "PnP");
    check("after no data", PLAIN, &[Holds, GONE, Between], "FdF");
}

#[test]
fn a_latched_alert_ends_by_a_person_only() {
    let latched = Timing { is_latched: true, ..PLAIN };
    check("stays", latched, &[Holds, Clear, GONE, BROKEN, Clear], "FFFFF");
    let mut core = Core::default();
    core.step(Holds, 0, &latched);
    assert!(core.end());
    assert_eq!(core.state, AlertState::Resolved);
    assert!(!core.end(), "it has ended already");
}

#[test]
fn no_data_is_never_fine_and_ends_no_alert() {
    check("from normal", PLAIN, &[Clear, GONE, Clear], "ndn");
    check("an alert comes back", PLAIN, &[Holds, GONE, Holds], "FdF");
    check("an alert ends", PLAIN, &[Holds, GONE, Clear], "Fdr");
    check("an error", PLAIN, &[Holds, BROKEN, GONE, Clear], "Fedr");
    let wait = Timing { pending_for: 2, ..PLAIN };
    check("a gap does not lengthen a wait", wait, &[Holds, GONE, Holds, Clear], "PdFr");
    let quiet = Timing { keep_for: 2, ..PLAIN };
    check("kept", quiet, &[Holds, GONE, Clear, Clear, Clear], "FdFFr");
}

#[test]
fn silence_can_be_taken_for_an_end_or_for_no_change() {
    let resolve = Timing { on_absent: OnAbsent::Resolve, ..PLAIN };
    check("an end", resolve, &[Holds, GONE, GONE, Holds], "FrrF");
    check("an error is still one", resolve, &[Holds, BROKEN], "Fe");
    let keep = Timing { on_absent: OnAbsent::Keep, pending_for: 2, ..PLAIN };
    check("no change", keep, &[Holds, GONE, GONE, Clear, GONE], "PPFrr");
}

#[test]
fn a_new_reason_for_no_data_is_news() {
    let mut core = Core::default();
    assert!(core.step(FEW, 0, &PLAIN));
    assert!(!core.step(FEW, 1, &PLAIN));
    assert!(core.step(GONE, 2, &PLAIN));
    assert!(core.step(Clear, 3, &PLAIN));
    assert_eq!((core.state, core.cause), (AlertState::Normal, Cause::Value));
    core.step(FEW, 4, &PLAIN);
    core.step(Clear, 5, &PLAIN);
    assert_eq!(core.cause, Cause::TooFew, "what was not told is not taken back");
}

#[test]
fn an_episode_keeps_its_times() {
    let wait = Timing { pending_for: 2, ..PLAIN };
    let mut core = Core::default();
    for (tick, verdict) in (10..).zip([Holds, GONE, Holds, GONE, Holds]) {
        core.step(verdict, tick, &wait);
    }
    assert_eq!((core.begun, core.active, core.fired), (10, Some(10), Some(12)));
    core.step(Clear, 15, &wait);
    assert_eq!(core.fired, Some(12), "told with the end");
    core.step(Holds, 16, &wait);
    assert_eq!((core.begun, core.active, core.fired), (16, Some(16), None));
}

#[test]
fn deadlines_are_those_of_the_waits() {
    let timing = Timing { pending_for: 5, keep_for: 3, ..PLAIN };
    let mut core = Core::default();
    assert_eq!(core.due(&timing), super::NEVER);
    core.step(Holds, 10, &timing);
    assert_eq!(core.due(&timing), 15);
    core.step(Holds, 15, &timing);
    assert_eq!(core.due(&timing), super::NEVER);
    core.step(Clear, 20, &timing);
    assert_eq!(core.due(&timing), 23);
}
