//! `plimsoll sentry`, with a stand-in of Sentry.

use testbed::SentryStandIn;

use crate::run::{Ran, command, ended};

#[track_caller]
fn run(sentry: &SentryStandIn, args: &[&str]) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    let (organization, project, token) = sentry.access();
    let url = sentry.url();
    let place = ["--organization", organization, "--project", project, "--url", &url];
    let args = [args, &place].concat();
    let mut command = command(dir.path(), &args);
    ended(command.env("SENTRY_AUTH_TOKEN", token).env("SENTRY_DSN", sentry.dsn()))
}

#[test]
fn rules_are_planned_made_once_and_put_right() {
    let sentry = SentryStandIn::start().unwrap();
    let ran = run(&sentry, &["sentry", "setup", "--dry-run"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("create  Risk Limit Breach [plimsoll]"), "{}", ran.out);
    assert_eq!(sentry.writes(), 0);
    let ran = run(&sentry, &["sentry", "setup"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.ends_with("4 created, 0 changed; read back, and as they should be\n"));
    let ran = run(&sentry, &["sentry", "setup"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.ends_with("everything is as it should be\n"), "{}", ran.out);
    sentry.edit_workflow(1, |rule| rule["enabled"] = false.into());
    let ran = run(&sentry, &["sentry", "setup"]);
    assert!(ran.out.contains("enabled: false should be true"), "{}", ran.out);
    assert!(ran.out.ends_with("0 created, 1 changed; read back, and as they should be\n"));
    assert_eq!(sentry.writes(), 5);
}

#[test]
fn an_event_is_read_back_or_it_is_said_that_it_was_not() {
    let sentry = SentryStandIn::start().unwrap();
    let ran = run(&sentry, &["sentry", "test"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("confirmed: read back by its id after"), "{}", ran.out);
    sentry.forget_events();
    let ran = run(&sentry, &["sentry", "test", "--timeout", "2s"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.out.ends_with("SENT, NOT CONFIRMED: Sentry does not find it yet\n"), "{}", ran.out);
}

#[test]
fn what_is_missing_is_named_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let ran = ended(&mut command(dir.path(), &["sentry", "setup"]));
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("no organization is named"), "{}", ran.err);
    let named = ["sentry", "setup", "--organization", "desk", "--project", "x"];
    let ran = ended(command(dir.path(), &named).env_remove("SENTRY_AUTH_TOKEN"));
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("`${SENTRY_AUTH_TOKEN}` is not there"), "{}", ran.err);
    assert!(ran.err.contains("alerts:write and event:read"), "{}", ran.err);
}
