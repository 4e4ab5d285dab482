//! The router of tasks on prompts that it was not tuned on, and what it never does.

use std::time::{Duration, SystemTime};

use plimsoll_ralph::Route;
use plimsoll_ralph::classify::{Half, Outcome, Room, Task, Weights, classify, evaluate, route};
use proptest::prelude::*;

const PROMPTS: &str = include_str!("../data/prompts.tsv");
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn routed(prompt: &str) -> Route {
    route(prompt, &Weights::default(), &Room::default(), &["cargo test"])
}

#[track_caller]
fn check(prompt: &str, expected: Task) {
    let class = classify(prompt, &Weights::default());
    assert_eq!(class.task, expected, "{prompt:?}: {class:#?}");
}

#[test]
fn a_loop_is_started_wrongly_in_less_than_one_of_twenty_cases() {
    let labeled = PROMPTS.lines().filter(|line| line.contains('\t') && !line.starts_with('#'));
    assert!(labeled.count() >= 200);
    for half in [Half::Tuning, Half::HeldOut] {
        let confusion = evaluate(PROMPTS, half, &Weights::default()).unwrap();
        println!("{half:?}: {confusion}");
        assert!(confusion.precision_ratio().unwrap() >= 0.95, "{confusion}");
        assert!(confusion.recall_ratio().unwrap() >= 0.8, "{confusion}");
        let all: u32 = confusion.prompts.iter().flatten().sum();
        assert!(all > 100, "a half of {all} prompts");
    }
}

#[test]
fn words_count_at_their_boundaries_and_the_longest_only() {
    check("add a prefix to the suffix list", Task::Standard);
    let class = classify("fix all lint errors in strategies/", &Weights::default());
    let found: Vec<_> = class.keywords.iter().map(|k| k.keyword).collect();
    assert_eq!(found, ["fix all", "lint errors"]);
}

#[test]
fn creative_work_pulls_away_from_the_loop() {
    check("migrate all adapters to the new API", Task::Mechanical);
    let mixed =
        "migrate all adapters to a new API: come up with several approaches and prototype them";
    check(mixed, Task::Creative);
    assert!(classify(mixed, &Weights::default()).complexity_ratio > 0.5);
}

#[test]
fn a_question_a_negation_and_production_start_no_loop() {
    for prompt in [
        "did you fix all the lint errors?",
        "why are all the tests failing until I rerun them",
        "don't fix all the lint errors, one is enough",
        "update all limits in prod until the check passes",
        "I updated all the call sites, have a look",
    ] {
        check(prompt, Task::Standard);
    }
}

#[test]
fn what_is_not_a_persons_prompt_is_never_classified() {
    for prompt in [
        "<task-notification>\n<summary>fix all lint errors until clippy passes</summary>",
        "Stop hook feedback:\nfix all lint errors until clippy passes",
        "/loop fix all lint errors until clippy passes",
        "fix lint",
        "",
    ] {
        let class = classify(prompt, &Weights::default());
        assert!(class.skipped.is_some() && class.keywords.is_empty(), "{prompt:?}: {class:?}");
        assert_eq!(routed(prompt), Route::Standard, "{prompt:?}");
    }
}

#[test]
fn a_doubtful_task_is_asked_about_and_a_clear_one_is_not() {
    let certain = |prompt: &str| match routed(prompt) {
        Route::Loop { certain, reason } => (certain, reason),
        other => panic!("{prompt:?}: {other:?}"),
    };
    let (clear, reason) = certain("fix all lint errors until clippy passes");
    assert!(clear, "{reason}");
    assert_eq!(reason, r#"0.90 by "fix all", "until", "passes""#);
    assert!(!certain("add error handling to each fetch call").0);
}

#[test]
fn a_loop_without_room_is_asked_about() {
    let prompt = "fix all lint errors until clippy passes";
    let reason = |room: &Room| match route(prompt, &Weights::default(), room, &[]) {
        Route::Loop { certain: false, reason } => reason,
        other => panic!("{other:?}"),
    };
    let mut room = Room::default();
    room.calls_left = Some(3);
    assert!(reason(&room).contains("only 3 model calls"), "{}", reason(&room));
    room = Room::default();
    (room.budget_usd, room.typical_usd) = (Some(2.0), Some(7.5));
    assert!(reason(&room).contains("cost 7.50 USD"), "{}", reason(&room));
    room.budget_usd = Some(0.0);
    assert!(reason(&room).contains("no budget"), "{}", reason(&room));
}

#[test]
fn a_creative_task_asks_for_three_alternatives_on_worktrees() {
    let Route::Explore { context } = routed("design a plugin system, explore alternatives") else {
        panic!("not creative");
    };
    for wanted in ["at least three", "git worktree add", "`cargo test`"] {
        assert!(context.contains(wanted), "{context}");
    }
    assert!(context.chars().count() <= 600);
}

#[test]
fn outcomes_move_a_keyword_and_time_brings_it_back() {
    let prompt = "fix all lint errors until clippy passes";
    let now = SystemTime::UNIX_EPOCH + 20_000 * DAY;
    let class = classify(prompt, &Weights::default());
    let mut weights = Weights::default();
    for _ in 0..20 {
        weights = weights.after(&class, Outcome::Failure, now);
    }
    assert_eq!(weights.change("fix all"), -0.3, "no farther than this");
    assert_eq!(weights.change("design a"), 0.0, "not in the prompt");
    assert!(classify(prompt, &weights).confidence_ratio < class.confidence_ratio);

    let later = weights.clone().decayed(now + 30 * DAY);
    assert!((later.change("fix all") + 0.15).abs() < 1e-9, "{}", later.change("fix all"));
    let back = weights.clone().decayed(now - 30 * DAY);
    assert_eq!(back.change("fix all"), -0.3, "a clock that went back");
    assert_eq!(weights.decayed(now + 600 * DAY), Weights::default().decayed(now + 600 * DAY));
}

proptest! {
    #[test]
    fn learning_stays_bounded(
        steps in prop::collection::vec((any::<bool>(), 0_u64..80, 0_usize..400), 0..60)
    ) {
        let prompts: Vec<&str> = PROMPTS.lines().filter_map(|line| line.split('\t').nth(1)).collect();
        let mut now = SystemTime::UNIX_EPOCH + 20_000 * DAY;
        let mut weights = Weights::default();
        for (succeeded, days, index) in steps {
            now += u32::try_from(days).unwrap() * DAY;
            let class = classify(prompts[index % prompts.len()], &weights);
            let outcome = if succeeded { Outcome::Success } else { Outcome::Failure };
            weights = weights.after(&class, outcome, now);
            for (keyword, change) in weights.changes() {
                prop_assert!(change.abs() <= 0.3, "{keyword} by {change}");
            }
        }
    }

    #[test]
    fn any_prompt_has_a_task(prompt in ".{0,400}") {
        let class = classify(&prompt, &Weights::default());
        prop_assert!((0.0..=1.0).contains(&class.confidence_ratio), "{class:?}");
        prop_assert!((0.0..=1.0).contains(&class.complexity_ratio), "{class:?}");
    }
}
