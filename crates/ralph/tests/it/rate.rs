//! Limits that wait, and never end a loop.

use std::time::{Duration, SystemTime};

use plimsoll_ralph::{
    Cause, Command, Config, Decision, Event, Facts, Kind, Mode, Now, Spent, State, Step, Tree, step,
};

/// A session whose clock and facts a test sets.
struct Clock {
    state: State,
    config: Config,
    now: Now,
    spent: Spent,
    trees: u32,
}

impl Clock {
    fn new(config: Config) -> Self {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_510_800); // 09:00 UTC
        let now = Now { wall, since_boot: Duration::from_secs(1_000), boot_id: 1 };
        let mut clock =
            Self { state: State::default(), config, now, spent: Spent::default(), trees: 0 };
        let started = clock.take(Kind::Command(Command::Start { task: Some("do it".into()) }));
        assert!(matches!(started, Decision::Context { .. }), "{started:?}");
        clock
    }

    fn pass(&mut self, time: Duration) {
        self.now.wall += time;
        self.now.since_boot += time;
    }

    fn take(&mut self, kind: Kind) -> Decision {
        self.step(kind).decision
    }

    fn step(&mut self, kind: Kind) -> Step {
        self.trees += 1;
        let mut event = Event::new(kind);
        event.session_id = Some("s".to_owned());
        let mut facts = Facts::at(self.now);
        facts.tree = Some(Tree::new(self.trees.to_string()));
        facts.spent = Some(std::mem::take(&mut self.spent));
        let step = step(self.state.clone(), &event, &facts, &self.config);
        self.state = step.state.clone();
        step
    }

    fn stop(&mut self) -> Decision {
        self.spent.tool_calls = 1;
        self.take(Kind::Stop { last_message: Some("words".to_owned()), background: Vec::new() })
    }

    fn calls(&mut self, count: u64) {
        let now = self.now.wall.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        self.spent.calls_secs = vec![now; usize::try_from(count).unwrap()];
    }
}

#[test]
fn the_pause_between_iterations_is_waited_for() {
    let mut clock = Clock::new(Config::default().with_mode(Mode::Loop));
    clock.pass(Duration::from_secs(4));
    let Decision::Wait { until } = clock.stop() else { panic!() };
    assert_eq!(until, clock.now.wall + Duration::from_secs(6));
    clock.pass(Duration::from_secs(6));
    assert!(matches!(clock.take(Kind::Waited), Decision::Continue { .. }));
    clock.pass(Duration::from_secs(11));
    assert!(matches!(clock.stop(), Decision::Continue { .. }));
}

#[test]
fn a_person_who_pauses_during_the_wait_is_heard() {
    let mut clock = Clock::new(Config::default().with_mode(Mode::Loop));
    assert!(matches!(clock.stop(), Decision::Wait { .. }));
    clock.take(Kind::Command(Command::Pause { loop_id: None }));
    assert_eq!(clock.take(Kind::Waited), Decision::Pass);
}

#[test]
fn too_many_calls_in_an_hour_wait_inside_the_hook_if_that_is_short() {
    let config = Config::default().with_mode(Mode::Loop).with_iteration_interval_min_secs(0);
    let mut clock = Clock::new(config);
    clock.calls(100);
    clock.pass(Duration::from_secs(3_600 - 120));
    let Decision::Wait { until } = clock.stop() else { panic!() };
    assert_eq!(until, clock.now.wall + Duration::from_secs(120));
}

#[test]
fn a_longer_wait_lets_the_stop_through_and_says_when_to_resume() {
    let config = Config::default().with_mode(Mode::Loop).with_iteration_interval_min_secs(0);
    let mut clock = Clock::new(config);
    clock.calls(100);
    let step = {
        clock.spent.tool_calls = 1;
        clock.step(Kind::Stop { last_message: Some("words".to_owned()), background: Vec::new() })
    };
    assert_eq!(step.decision, Decision::Pass);
    let told = step.notices.join("\n");
    assert!(
        told.contains("100 of 100 model calls") && told.contains("resume at 10:00 UTC"),
        "{told}"
    );
    assert_eq!(clock.stop(), Decision::Pass, "before the time");
    clock.pass(Duration::from_secs(3_601));
    assert!(matches!(clock.stop(), Decision::Continue { .. }), "the loop was not ended");
    assert_eq!(clock.state.overview()[0].iteration, 2);
}

#[test]
fn calls_that_are_an_hour_old_do_not_count() {
    let config = Config::default().with_mode(Mode::Loop).with_iteration_interval_min_secs(0);
    let mut clock = Clock::new(config);
    clock.calls(99);
    assert!(matches!(clock.stop(), Decision::Continue { .. }));
    clock.pass(Duration::from_secs(3_600));
    clock.calls(99);
    assert!(matches!(clock.stop(), Decision::Continue { .. }));
}

#[test]
fn no_iteration_begins_in_quiet_hours() {
    let mut config = Config::default().with_mode(Mode::Loop).with_iteration_interval_min_secs(0);
    config.quiet_hours_utc = Some("08:00-09:30".parse().unwrap());
    let mut clock = Clock::new(config);
    assert_eq!(clock.stop(), Decision::Pass);
    let cause = clock.state.overview()[0].cause.clone().unwrap();
    assert!(matches!(cause, Cause::QuietHours { .. }), "{cause:?}");
    clock.pass(Duration::from_secs(30 * 60));
    assert!(matches!(clock.stop(), Decision::Continue { .. }));
}

#[test]
fn the_wall_clock_ends_a_turn_and_a_step_of_the_clock_does_not() {
    let config = Config::default().with_mode(Mode::Loop).with_iteration_interval_min_secs(0);
    let mut clock = Clock::new(config);
    clock.now.wall += Duration::from_secs(1_000_000);
    assert!(matches!(clock.stop(), Decision::Continue { .. }));
    clock.pass(Duration::from_secs(4 * 3_600));
    let tool = plimsoll_ralph::ToolCall::new("Bash", None, "{}");
    let decision = clock.take(Kind::PreToolUse(tool));
    let Decision::Halt { cause } = decision else { panic!("{decision:?}") };
    assert_eq!(cause, Cause::WallClock { elapsed_secs: 14_400, max_secs: 14_400 });
}
