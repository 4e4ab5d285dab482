//! What holds for any sequence of events.

use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use plimsoll_ralph::{
    Command, Config, Cursor, Decision, Event, Facts, Kind, Mode, Now, Process, Spent, State,
    Tokens, ToolCall, Tree, render, step,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// One event with what was gathered for it.
#[derive(Debug, Clone)]
struct Given {
    session: u8,
    kind: Kind,
    secs: u32,
    tree: Option<u8>,
    tokens: u32,
    calls: u8,
    tools: u8,
    spent_known: bool,
    dead: bool,
}

fn tool() -> ToolCall {
    ToolCall::new("Bash", Some("t".to_owned()), "{}")
}

fn by_the_agent() -> impl Strategy<Value = Kind> {
    let stop =
        |text: &str| Kind::Stop { last_message: Some(text.to_owned()), background: Vec::new() };
    prop_oneof![
        8 => Just(stop("words")),
        3 => Just(stop("all done\n<promise>COMPLETE</promise>")),
        4 => Just(Kind::PreToolUse(tool())),
        4 => Just(Kind::PostToolUse { tool: tool(), duration_ms: Some(5) }),
        3 => Just(Kind::PostToolUseFailure { tool: tool(), duration_ms: None, is_interrupt: false }),
        1 => Just(Kind::StopFailure { error: "server_error".to_owned() }),
        1 => Just(Kind::SubagentStop { transcript_path: None }),
        1 => Just(Kind::SessionStart { source: "compact".to_owned() }),
        1 => Just(Kind::UserPromptSubmit { prompt: "<task-notification>x".to_owned() }),
        1 => Just(Kind::Unknown { name: "New".to_owned() }),
    ]
}

fn by_a_person() -> impl Strategy<Value = Kind> {
    let said = |prompt: &str| Just(Kind::UserPromptSubmit { prompt: prompt.to_owned() });
    prop_oneof![
        said("go on"),
        said("RALPH START do it"),
        said("RALPH PAUSE"),
        said("RALPH RESUME"),
        said("RALPH RESET"),
        said("STOP RALPH"),
        said("RALPH STATUS"),
        Just(Kind::SessionEnd { reason: "other".to_owned() }),
        Just(Kind::Command(Command::Resume { loop_id: None, at_once: false })),
    ]
}

fn given_of(kinds: impl Strategy<Value = Kind>) -> impl Strategy<Value = Given> {
    let facts = (0..2_u8, 0..4_000_u32, proptest::option::of(0..6_u8), any::<bool>());
    let spent = (0..200_000_u32, 0..30_u8, 0..3_u8, any::<bool>());
    (kinds, facts, spent).prop_map(|(kind, (session, secs, tree, dead), spent)| {
        let (tokens, calls, tools, spent_known) = spent;
        Given { session, kind, secs, tree, tokens, calls, tools, spent_known, dead }
    })
}

/// A loop or guard, driven.
struct Driven {
    state: State,
    config: Config,
    now: Now,
    steps: u64,
    /// What is in each session's transcript, and not counted yet.
    unread: [u64; 2],
}

impl Driven {
    fn new(mode: Mode) -> Self {
        let config = Config::default().with_mode(mode);
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_510_800);
        let now = Now { wall, since_boot: Duration::from_secs(9), boot_id: 3 };
        Self { state: State::default(), config, now, steps: 0, unread: [0; 2] }
    }

    fn take(&mut self, given: &Given) -> Decision {
        self.steps += 1;
        self.now.wall += Duration::from_secs(given.secs.into());
        self.now.since_boot += Duration::from_secs(given.secs.into());
        let mut event = Event::new(given.kind.clone());
        event.session_id = Some(format!("s-{}", given.session));
        let mut facts = Facts::at(self.now);
        facts.fresh_id = format!("{:08x}", self.steps);
        facts.process = Some(Process { pid: 7 + u32::from(given.session), started: 1, boot_id: 3 });
        facts.tree = given.tree.map(|tree| Tree::new(tree.to_string()));
        facts.end = Some(Cursor::default());
        let unread = &mut self.unread[usize::from(given.session)];
        *unread += u64::from(given.tokens);
        let session = event.session_id.clone();
        let spent_of = |state: &State| {
            let runs = state.overview().into_iter();
            runs.filter(|run| run.session_id == session).map(|run| run.usage.tokens.total()).max()
        };
        let before = spent_of(&self.state);
        if given.spent_known {
            let mut spent = Spent::default();
            let tokens = Tokens { input_tokens: *unread, ..Tokens::default() };
            spent.by_model.insert("claude-opus-5-5".to_owned(), tokens);
            let secs = self.now.wall.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
            spent.calls_secs = vec![secs; given.calls.into()];
            spent.tool_calls = given.tools.into();
            facts.spent = Some(spent);
        }
        if given.dead {
            facts.dead = self.state.overview().into_iter().map(|run| run.loop_id).collect();
        }
        let step = step(self.state.clone(), &event, &facts, &self.config);
        if spent_of(&step.state) > before {
            *unread = 0;
        }
        let answer = render(&event, &step, event.client);
        let json: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
        assert!(json.is_object());
        // What a later process reads is what this one had.
        let text = serde_json::to_string(&step.state).unwrap();
        self.state = serde_json::from_str(&text).unwrap();
        assert_eq!(self.state, step.state);
        step.decision
    }

    /// The same until there is an answer: waits are over at once, checks are not configured.
    fn answer(&mut self, given: &Given) -> Decision {
        let mut decision = self.take(given);
        for _ in 0..4 {
            let Decision::Wait { until } = decision else { break };
            let wait = until.duration_since(self.now.wall).unwrap_or_default();
            assert!(wait <= Duration::from_secs(self.config.hook_wait_max_secs.into()), "{wait:?}");
            let secs = u32::try_from(wait.as_secs()).unwrap();
            decision = self.take(&Given { kind: Kind::Waited, secs, ..given.clone() });
        }
        decision
    }
}

fn goes_on(decision: &Decision) -> bool {
    matches!(decision, Decision::Continue { .. })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn without_a_person_any_loop_ends_within_its_iterations(
        events in vec(given_of(by_the_agent()), 0..120), max in 1..20_u32,
    ) {
        let mut driven = Driven::new(Mode::Loop);
        driven.config.max_iterations = NonZeroU32::new(max).unwrap();
        let start = Kind::UserPromptSubmit { prompt: "RALPH START do it".to_owned() };
        for session in 0..2 {
            driven.take(&Given { session, kind: start.clone(), secs: 0, tree: Some(0), tokens: 0,
                calls: 0, tools: 0, spent_known: false, dead: false });
        }
        let mut continued = [0_u32; 2];
        for given in &events {
            if goes_on(&driven.answer(given)) {
                continued[usize::from(given.session)] += 1;
            }
        }
        prop_assert!(continued.iter().all(|count| *count < max), "{continued:?} of {max}");
    }

    #[test]
    fn with_a_person_too_a_guard_never_lets_anything_go_on(
        events in vec(given_of(prop_oneof![3 => by_the_agent(), 1 => by_a_person()]), 0..120),
    ) {
        let mut driven = Driven::new(Mode::Guard);
        for given in &events {
            prop_assert!(!goes_on(&driven.answer(given)));
        }
    }

    #[test]
    fn an_exhausted_budget_allows_no_tool_until_a_person_resets_it(
        before in vec(given_of(by_the_agent()), 0..30),
        after in vec(given_of(prop_oneof![by_the_agent(), by_a_person()]), 0..60),
    ) {
        let mut driven = Driven::new(Mode::Guard);
        for given in &before {
            driven.answer(&Given { session: 0, ..given.clone() });
        }
        let call = Given { session: 0, kind: Kind::PreToolUse(tool()), secs: 0, tree: None,
            tokens: 6_000_000, calls: 0, tools: 0, spent_known: true, dead: false };
        driven.take(&call);
        for given in &after {
            let resets = matches!(&given.kind, Kind::UserPromptSubmit { prompt } if prompt == "RALPH RESET");
            // A session that has ended is counted anew from its transcript, which is no fact here.
            if resets || matches!(given.kind, Kind::SessionEnd { .. } | Kind::Command(_)) {
                continue;
            }
            driven.answer(&Given { session: 0, ..given.clone() });
            let probe = driven.take(&Given { tokens: 0, ..call.clone() });
            prop_assert!(matches!(probe, Decision::Halt { .. }), "{probe:?} after {given:?}");
        }
    }

    #[test]
    fn the_same_events_give_the_same_decisions_and_spending_never_shrinks(
        events in vec(given_of(prop_oneof![3 => by_the_agent(), 1 => by_a_person()]), 0..100),
    ) {
        let (mut first, mut second) = (Driven::new(Mode::Loop), Driven::new(Mode::Loop));
        for given in &events {
            let before = first.state.overview();
            prop_assert_eq!(first.answer(given), second.answer(given));
            prop_assert_eq!(&first.state, &second.state);
            for run in first.state.overview() {
                if let Some(was) = before.iter().find(|was| was.loop_id == run.loop_id) {
                    prop_assert!(run.usage.tokens.total() >= was.usage.tokens.total());
                    prop_assert!(run.iteration >= was.iteration);
                }
            }
        }
    }

    #[test]
    fn what_another_session_does_never_changes_a_loop(
        events in vec(given_of(by_the_agent()), 0..60),
    ) {
        let mut driven = Driven::new(Mode::Loop);
        let start = Kind::UserPromptSubmit { prompt: "RALPH START do it".to_owned() };
        driven.take(&Given { session: 0, kind: start, secs: 0, tree: Some(0), tokens: 0, calls: 0,
            tools: 0, spent_known: false, dead: false });
        let before = driven.state.overview();
        for given in &events {
            let given = Given { session: 1, dead: false, ..given.clone() };
            prop_assert_eq!(driven.answer(&given), Decision::Pass);
            prop_assert_eq!(&driven.state.overview(), &before);
        }
    }

    #[test]
    fn parsing_is_total(bytes in vec(any::<u8>(), 0..300)) {
        let event = Event::parse(&bytes);
        prop_assert_ne!(event.name(), "");
    }

    #[test]
    fn the_state_stays_small(events in vec(given_of(prop_oneof![by_the_agent(), by_a_person()]), 0..100)) {
        let mut driven = Driven::new(Mode::Loop);
        for given in &events {
            driven.answer(given);
        }
        let bytes = serde_json::to_string(&driven.state).unwrap().len();
        prop_assert!(bytes < 64_000, "{bytes}");
    }
}
