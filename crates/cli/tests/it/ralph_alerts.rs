//! A loop's end, from the hook that sees it to the alert route and Discord.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use serde_json::json;
use testbed::{DiscordFault, DiscordStandIn};

use crate::ralph::{Project, a_loop_of_three_turns};

const PATIENCE: Duration = Duration::from_secs(60);

/// A Discord that the project's configuration names.
fn discord(project: &Project, ralph: &str) -> DiscordStandIn {
    let discord = DiscordStandIn::start(None).unwrap();
    let hook = project.path().join("hook");
    fs::write(&hook, discord.webhook_url()).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o600)).unwrap();
    let config = format!(
        "{ralph}alerts:\n  delivery:\n    receivers:\n      ops: {{discord: {{url: \"file:{}\"}}}}\n",
        hook.display()
    );
    fs::create_dir(project.root().join("config")).unwrap();
    fs::write(project.root().join("config/canonical.yaml"), config).unwrap();
    discord
}

/// A loop that has cost four dollars changes nothing any more.
fn trip(project: &Project) {
    let message = json!({
        "type": "assistant", "version": "2.1.330", "timestamp": "2026-11-24T09:30:00.000Z",
        "message": { "id": "m1", "model": "claude-opus-5-5", "role": "assistant",
            "content": [{ "type": "text", "text": "words" }],
            "usage": { "input_tokens": 1_000_000, "output_tokens": 0 } },
    });
    fs::write(project.path().join("transcript.jsonl"), format!("{message}\n")).unwrap();
    let idle = json!({ "last_assistant_message": "words", "background_tasks": [] });
    for _ in 0..5 {
        project.hook("Stop", &idle);
    }
    project.hook("SessionEnd", &json!({ "reason": "other" }));
}

#[test]
fn a_loops_end_is_at_discord_with_its_cost_and_its_reason_and_nobody_ran_anything() {
    let project = a_loop_of_three_turns();
    let discord = discord(&project, "");
    trip(&project);
    let messages = discord.wait_until(PATIENCE, |messages| !messages.is_empty());
    assert_eq!(messages.len(), 1, "{}", project.said_by_the_announcer());
    // Names have their underlines escaped there.
    let text = messages[0].now().to_string().replace("\\\\_", "_");
    for wanted in [
        "of project was stopped: 5 iterations in a row changed nothing, 5 allowed; cost, USD: 4",
        "after 8 iterations",
        "$4.00 and 1000000 tokens",
        "the agent is stuck",
        "exit_reason=no_progress",
        "ralph_loop_end",
        "WARNING",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    assert!(!text.contains("add a parser"), "a prompt's words stay here");
    assert_eq!(discord.violations(), Vec::<String>::new());
    // It waits for its turn: the one that the hook started may still be there.
    let again = project.plimsoll(&["ralph", "ship", "--alerts"]);
    assert_eq!((again.code, again.out.as_str()), (0, "0 ends of loops told\n"), "{again:?}");
    assert_eq!(discord.messages().len(), 1);
}

#[test]
fn where_hooks_shall_not_tell_a_person_does_and_a_discord_that_fails_is_tried_again() {
    let project = a_loop_of_three_turns();
    let discord = discord(&project, "ralph:\n  announce_ends: false\n");
    let limits = project.plimsoll(&["ralph", "limits"]);
    assert_eq!(limits.code, 0, "{limits:?}");
    trip(&project);
    let ship = |more: &[&str]| project.plimsoll(&[&["ralph", "ship", "--alerts"], more].concat());
    let dry = ship(&["--dry-run"]);
    assert!(dry.out.contains("5 allowed, after 8 iterations"), "{dry:?}");
    assert!(dry.out.ends_with("1 ends of loops would be told\n"), "{dry:?}");
    assert_eq!(discord.bodies().len(), 0, "nobody was told");
    discord.fail_next([DiscordFault::Status(500)]);
    let told = ship(&[]);
    assert_eq!((told.code, told.out.as_str()), (0, "1 ends of loops told\n"), "{told:?}");
    assert_eq!((discord.bodies().len(), discord.messages().len()), (2, 1));
    assert_eq!(ship(&[]).out, "0 ends of loops told\n");
    assert_eq!(discord.messages().len(), 1);
}

#[test]
fn without_a_receiver_nobody_is_told_and_nothing_is_left_behind() {
    let project = a_loop_of_three_turns();
    trip(&project);
    let ran = project.plimsoll(&["ralph", "ship", "--alerts"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("names no receiver") && ran.err.contains("hint"), "{ran:?}");
    assert!(!project.root().join(".ralph/alerts").exists());
    let both = project.plimsoll(&["ralph", "ship", "--alerts", "--sentry", "env:X"]);
    assert_eq!(both.code, 2, "{both:?}");
}
