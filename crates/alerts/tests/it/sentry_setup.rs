//! Sentry's own alert rules: made once, corrected when they drift, left alone otherwise.

use plimsoll_alerts::{
    SecretRef, Secrets, Sentry, SentryApi, SentryApiError, SentryOptions, SentryPlan,
    SentryProject, SentryStepKind, TradingContext,
};
use testbed::{Reply, SentryStandIn};

use crate::places::{PATIENCE, provide_tls};

fn project(sentry: &SentryStandIn) -> SentryProject {
    let (organization, project, _) = sentry.access();
    SentryProject::new(organization, project, SecretRef::env("TOKEN")).at(sentry.url())
}

fn start() -> (SentryStandIn, SentryApi) {
    provide_tls();
    let sentry = SentryStandIn::start().unwrap();
    let api = SentryApi::new(project(&sentry), &secrets(&sentry)).unwrap();
    (sentry, api)
}

fn secrets(sentry: &SentryStandIn) -> Secrets {
    Secrets::of([("TOKEN", sentry.access().2), ("DSN", sentry.dsn().as_str())])
}

fn kinds(plan: &SentryPlan) -> Vec<&SentryStepKind> {
    plan.steps.iter().map(|step| &step.kind).collect()
}

#[test]
fn four_rules_are_made_once_and_found_as_they_are() {
    let (sentry, api) = start();
    let plan = api.plan().unwrap();
    assert_eq!(kinds(&plan), [&SentryStepKind::Create; 4]);
    insta::assert_snapshot!(plan.to_string(), @r"
    create  High Error Rate [plimsoll]
    create  Critical Trading Error [plimsoll]
    create  Risk Limit Breach [plimsoll]
    create  Connection Errors [plimsoll]
    ");
    assert_eq!(sentry.writes(), 0, "a plan changes nothing");
    assert_eq!(api.apply(&plan).unwrap(), (4, 0));
    let again = api.plan().unwrap();
    assert!(again.is_done(), "{again}");
    assert_eq!(api.apply(&again).unwrap(), (0, 0));
    assert_eq!((sentry.workflows().len(), sentry.writes()), (4, 4));
    assert_eq!(sentry.violations(), Vec::<String>::new());
    if let Some(file) = std::env::var_os("PLIMSOLL_SENTRY_WORKFLOWS") {
        let all =
            serde_json::json!({"sent": sentry.workflow_bodies(), "shown": sentry.workflows()});
        std::fs::write(file, all.to_string()).unwrap();
    }
}

#[test]
fn a_rule_that_drifted_is_put_right_and_no_other_is_touched() {
    let (sentry, api) = start();
    api.apply(&api.plan().unwrap()).unwrap();
    sentry.edit_workflow(0, |rule| rule["enabled"] = false.into());
    sentry.edit_workflow(2, |rule| rule["config"]["frequency"] = 1_440.into());
    sentry.edit_workflow(3, |rule| rule["actionFilters"][0]["actions"] = serde_json::json!([]));
    let plan = api.plan().unwrap();
    insta::assert_snapshot!(plan.to_string(), @r#"
    update  High Error Rate [plimsoll]
            enabled: false should be true
    keep    Critical Trading Error [plimsoll]
    update  Risk Limit Breach [plimsoll]
            minutes between messages: 1440 should be 5
    update  Connection Errors [plimsoll]
            actions: [] should be [{"data":{"fallthroughType":"ActiveMembers"},"integration":null,"target":["issue_owners",null],"type":"email"}]
    "#);
    assert_eq!(api.apply(&plan).unwrap(), (0, 3));
    assert!(api.plan().unwrap().is_done());
    assert_eq!(sentry.workflows().len(), 4);
}

#[test]
fn a_rule_for_an_environment_and_a_channel_on_discord_is_another_rule() {
    let (sentry, api) = start();
    api.apply(&api.plan().unwrap()).unwrap();
    let other = project(&sentry).in_environment("prod").with_discord("17", "900000000000000001");
    let api = SentryApi::new(other, &secrets(&sentry)).unwrap();
    let plan = api.plan().unwrap();
    assert!(plan.to_string().contains(r#"environment: null should be "prod""#), "{plan}");
    assert_eq!(api.apply(&plan).unwrap(), (0, 4));
    let actions = &sentry.workflows()[0]["actionFilters"][0]["actions"];
    assert_eq!(actions[1]["config"]["targetIdentifier"], "900000000000000001");
    assert!(api.plan().unwrap().is_done());
}

#[test]
fn the_other_spelling_of_an_interval_is_tried_when_the_first_is_refused() {
    let (sentry, api) = start();
    sentry.want_long_intervals();
    assert_eq!(api.apply(&api.plan().unwrap()).unwrap(), (4, 0));
    let interval = "/actionFilters/0/conditions/0/comparison/interval";
    assert_eq!(sentry.workflows()[0].pointer(interval).unwrap(), "1hr");
    assert!(api.plan().unwrap().is_done(), "either spelling is the same rule");
    assert_eq!(sentry.violations(), Vec::<String>::new());
}

#[test]
fn what_sentry_refuses_is_said_with_what_to_do_and_without_the_token() {
    let (sentry, api) = start();
    sentry.reply_next([Reply::status(503), Reply::status(429).with_header("retry-after", "0")]);
    assert!(api.plan().is_ok(), "what may pass is tried again");
    let wrong = Secrets::of([("TOKEN", "wrong-token-of-sentry")]);
    let error = SentryApi::new(project(&sentry), &wrong).unwrap().plan().unwrap_err();
    assert!(matches!(error, SentryApiError::Forbidden { status: 401, .. }), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("wrong-token"), "{error}");
    let mut elsewhere = project(&sentry);
    elsewhere.organization = "nobody".into();
    let error = SentryApi::new(elsewhere, &secrets(&sentry)).unwrap().plan().unwrap_err();
    assert!(error.to_string().contains("is the name right"), "{error}");
}

#[test]
fn an_event_is_found_by_its_id_or_it_is_not() {
    let (sentry, api) = start();
    let options = SentryOptions::new(SecretRef::env("DSN"));
    let client = Sentry::start(&options, &secrets(&sentry)).unwrap();
    let id = client.strategy(&TradingContext::of("ema")).capture_message("a test", &[]);
    assert!(client.flush(PATIENCE));
    assert!(api.has_event(&id).unwrap());
    assert!(!api.has_event("00000000000000000000000000000000").unwrap());
    sentry.forget_events();
    assert!(!api.has_event(&id).unwrap());
}
