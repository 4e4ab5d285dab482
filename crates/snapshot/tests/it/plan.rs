//! Plans: journaled steps that are continued or undone.

use std::cell::RefCell;
use std::fs;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use plimsoll_snapshot::plan::{
    Event, Execute, OnFailure, Past, Plan, PlanError, PlanState, Plans, RunOptions, Step,
    StepError, StepState,
};

/// Writes down what it does, and fails where it is told to.
#[derive(Debug, Default, Clone)]
struct Recorder {
    done: Rc<RefCell<Vec<String>>>,
    failing: Vec<&'static str>,
    failing_undo: Vec<&'static str>,
}

impl Execute for Recorder {
    type Action = String;

    fn apply(&mut self, step: &Step<String>, past: &Past) -> Result<String, StepError> {
        if self.failing.contains(&step.name.as_str()) {
            return Err(StepError::new("it broke").with_source("for a reason"));
        }
        let before = past.output("one").unwrap_or("nothing");
        self.done.borrow_mut().push(format!("{} after {before}", step.action));
        Ok(format!("output of {}", step.name))
    }

    fn undo(&mut self, step: &Step<String>, past: &Past) -> Result<String, StepError> {
        if self.failing_undo.contains(&step.name.as_str()) {
            return Err(StepError::new("it cannot be undone yet"));
        }
        let known = past.output("one").unwrap_or("nothing");
        self.done.borrow_mut().push(format!("undo {} knowing {known}", step.action));
        Ok(String::new())
    }
}

fn plan() -> Plan<String> {
    let step = |name: &str| Step::new(name, format!("do {name}"));
    Plan::new("test", "subject", vec![step("one"), step("two"), step("three")])
}

fn clock() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000)
}

fn options<'a>(on_failure: OnFailure, observe: &'a mut dyn FnMut(&Event<'_>)) -> RunOptions<'a> {
    RunOptions { clock: &clock, on_failure, stop: &|| false, observe }
}

#[test]
fn steps_are_done_in_order_and_know_what_came_before() {
    let dir = tempfile::tempdir().unwrap();
    let plans = Plans::open(dir.path(), "test").unwrap();
    let mut recorder = Recorder::default();
    let mut seen = Vec::new();
    let observe = &mut |event: &Event<'_>| seen.push(format!("{event:?}"));
    let summary =
        plans.begin(&plan(), &mut recorder, &mut options(OnFailure::Stop, observe)).unwrap();
    assert_eq!(summary.state, PlanState::Done);
    assert_eq!(
        *recorder.done.borrow(),
        ["do one after nothing", "do two after output of one", "do three after output of one"]
    );
    assert_eq!(seen.len(), 6, "{seen:?}");
    assert!(plans.unfinished().unwrap().is_none());
    assert_eq!(Plans::list(dir.path()).unwrap(), [summary]);
}

#[test]
fn a_step_that_fails_stops_the_plan_which_is_then_continued_or_undone() {
    let dir = tempfile::tempdir().unwrap();
    let plans = Plans::open(dir.path(), "test").unwrap();
    let nobody = &mut |_: &Event<'_>| {};
    let mut recorder = Recorder { failing: vec!["two"], ..Recorder::default() };
    let error =
        plans.begin(&plan(), &mut recorder, &mut options(OnFailure::Stop, nobody)).unwrap_err();
    let PlanError::Step { id, step, .. } = error else { panic!("{error:?}") };
    assert_eq!(step, "two");
    let open = plans.unfinished().unwrap().unwrap();
    assert_eq!((open.id.as_str(), open.state), (id.as_str(), PlanState::Unfinished));
    assert!(
        matches!(&open.steps[1].1, StepState::Failed { why } if why == "it broke: for a reason")
    );
    // No other plan begins before this one is settled.
    let error =
        plans.begin(&plan(), &mut recorder, &mut options(OnFailure::Stop, nobody)).unwrap_err();
    assert!(matches!(error, PlanError::Unfinished { .. }), "{error:?}");

    recorder.failing.clear();
    plans.resume(&id, &mut recorder, &mut options(OnFailure::Stop, nobody)).unwrap();
    assert_eq!(recorder.done.borrow().len(), 3, "what was done is not done again");
    let error =
        plans.resume(&id, &mut recorder, &mut options(OnFailure::Stop, nobody)).unwrap_err();
    assert!(matches!(error, PlanError::NoPlan { .. }), "{error:?}");
}

#[test]
fn a_failure_is_taken_back_from_the_last_step_on_and_again_if_that_fails() {
    let dir = tempfile::tempdir().unwrap();
    let plans = Plans::open(dir.path(), "test").unwrap();
    let nobody = &mut |_: &Event<'_>| {};
    let mut recorder =
        Recorder { failing: vec!["three"], failing_undo: vec!["one"], ..Recorder::default() };
    let error =
        plans.begin(&plan(), &mut recorder, &mut options(OnFailure::Undo, nobody)).unwrap_err();
    let PlanError::Undo { id, step, .. } = error else { panic!("{error:?}") };
    assert_eq!(step, "one");
    let open = plans.unfinished().unwrap().unwrap();
    assert_eq!(open.state, PlanState::HalfUndone);
    assert_eq!(open.undone_because.as_deref(), Some("step `three` failed: it broke: for a reason"));
    let error =
        plans.resume(&id, &mut recorder, &mut options(OnFailure::Undo, nobody)).unwrap_err();
    assert!(matches!(error, PlanError::BeingUndone { .. }), "{error:?}");

    recorder.failing_undo.clear();
    recorder.done.borrow_mut().clear();
    let summary =
        plans.undo(&id, "again", &mut recorder, &mut options(OnFailure::Undo, nobody)).unwrap();
    assert_eq!(summary.state, PlanState::Undone);
    assert_eq!(*recorder.done.borrow(), ["undo do one knowing output of one"]);
}

#[test]
fn a_plan_that_is_late_fails_at_the_next_step_and_one_that_is_stopped_waits() {
    let dir = tempfile::tempdir().unwrap();
    let plans = Plans::open(dir.path(), "test").unwrap();
    let nobody = &mut |_: &Event<'_>| {};
    let ticks = std::cell::Cell::new(0);
    let ticking = || {
        ticks.set(ticks.get() + 1);
        clock() + Duration::from_secs(ticks.get())
    };
    let mut recorder = Recorder::default();
    let mut late = RunOptions {
        clock: &ticking,
        on_failure: OnFailure::Undo,
        stop: &|| false,
        observe: nobody,
    };
    let short = plan().with_deadline(Duration::from_secs(6));
    let error = plans.begin(&short, &mut recorder, &mut late).unwrap_err();
    let PlanError::Undone { step, source, .. } = error else { panic!("{error:?}") };
    assert_eq!(
        (step.as_str(), source.to_string().as_str()),
        ("three", "the deadline of the plan has passed")
    );

    let asked = std::cell::Cell::new(0);
    let stop = || {
        asked.set(asked.get() + 1);
        asked.get() > 1
    };
    let nobody = &mut |_: &Event<'_>| {};
    let mut stopping =
        RunOptions { clock: &clock, on_failure: OnFailure::Undo, stop: &stop, observe: nobody };
    let error = plans.begin(&plan(), &mut recorder, &mut stopping).unwrap_err();
    let PlanError::Stopped { id, step } = error else { panic!("{error:?}") };
    assert_eq!(step, "two");
    let nobody = &mut |_: &Event<'_>| {};
    plans.resume(&id, &mut recorder, &mut options(OnFailure::Stop, nobody)).unwrap();
}

#[test]
fn only_one_process_runs_plans_and_what_it_cannot_read_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let plans = Plans::open(dir.path(), "deploy of staging").unwrap();
    let error = Plans::open(dir.path(), "another").unwrap_err();
    assert!(format!("{error:?}").contains("deploy of staging"), "{error:?}");
    let nobody = &mut |_: &Event<'_>| {};
    let mut recorder = Recorder { failing: vec!["two"], ..Recorder::default() };
    plans.begin(&plan(), &mut recorder, &mut options(OnFailure::Stop, nobody)).unwrap_err();
    let open = plans.unfinished().unwrap().unwrap();
    let journal = dir.path().join(&open.id).join("journal");
    let text = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, text.replacen("do one", "do all", 1)).unwrap();
    let error = plans.unfinished().unwrap_err();
    assert!(format!("{error:?}").contains("Damaged"), "{error:?}");
    for wrong in ["", "nothing", "../../etc"] {
        let error = plans
            .undo(wrong, "x", &mut recorder, &mut options(OnFailure::Stop, nobody))
            .unwrap_err();
        assert!(matches!(error, PlanError::NoPlan { .. }), "{wrong}: {error:?}");
    }
}
