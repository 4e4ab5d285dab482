//! A secret is named in files and shown nowhere.

use plimsoll_ssot::{Layers, ProblemKind};

use crate::desk::{self, Discord, Kept, Secret};

const HOOK: &str = "https://discord.com/api/webhooks/123456789012345678/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdef";

fn hook(layers: &Layers) -> String {
    let discord = layers.load().unwrap().section::<Discord>("discord").unwrap().into_inner();
    let Some(Secret(hook)) = discord.webhook else { panic!("no webhook") };
    hook
}

/// Everything that a person or a program is ever shown of a configuration.
fn shown(layers: &Layers) -> String {
    let ssot = layers.load().unwrap();
    let tree = serde_json::to_string(&ssot.tree("").unwrap()).unwrap();
    let settings: Vec<_> = ssot.settings().collect();
    let explained = ssot.explain("discord.webhook");
    let get = ssot.get("discord.webhook");
    format!("{layers:?} {ssot:?} {tree} {settings:?} {explained:?} {get:?} {}", ssot.digest())
}

#[test]
fn a_secret_is_read_from_where_its_name_says() {
    let kept = Kept(&[("HOOK", "hunter2-hunter2"), ("/run/hook", "from-a-file-0\n")]);
    let layers = desk::with("discord: {webhook: \"${HOOK}\"}\n").with_secrets(kept);
    assert_eq!(hook(&layers), "hunter2-hunter2");
    assert!(shown(&layers).contains("${HOOK}"));
    assert!(!shown(&layers).contains("hunter2"));
    let kept = Kept(&[("/run/hook", "from-a-file-0\n")]);
    let layers = desk::with("discord: {webhook: file:/run/hook}\n").with_secrets(kept);
    assert_eq!(hook(&layers), "from-a-file-0");
    assert!(!shown(&layers).contains("from-a-file-0"));
}

#[test]
fn a_variable_may_hold_the_secret_itself() {
    let layers = desk::with("").with_secrets(Kept(&[]));
    let layers = layers.with_env([("PLIMSOLL_DISCORD__WEBHOOK", "hunter2-hunter2")]);
    assert_eq!(hook(&layers), "hunter2-hunter2");
    assert!(!shown(&layers).contains("hunter2"), "{}", shown(&layers));
}

#[test]
fn a_secret_that_is_not_there_is_told_when_it_is_needed() {
    let layers = desk::with("discord: {webhook: \"${HOOK}\"}\n");
    let asked = |layers: &Layers| layers.load().unwrap().section::<Discord>("discord").unwrap_err();
    assert!(asked(&layers).to_string().contains("nobody said where secrets are kept"));
    let layers = layers.with_secrets(Kept(&[]));
    assert!(asked(&layers).to_string().contains("the variable `HOOK` is not set"));
    assert!(layers.load().unwrap().check_secrets().is_err());
    let empty = desk::with("discord: {webhook: \"${HOOK}\"}\n").with_secrets(Kept(&[("HOOK", "")]));
    assert!(asked(&empty).to_string().contains("is empty"));
    assert_eq!(asked(&empty).iter().next().unwrap().kind, ProblemKind::SecretMissing);
}

#[test]
fn a_secret_in_clear_is_refused_and_not_repeated() {
    for text in [
        format!("discord:\n  webhook: {HOOK}\n"),
        format!("discord:\n  channel: {HOOK}\n"),
        "discord:\n  webhook: hunter2-hunter2\n".to_owned(),
        "discord:\n  webhook: abc\n".to_owned(),
        "x-keys:\n  api_secret: hunter2-hunter2\n".to_owned(),
        "profiles:\n  prod:\n    discord: {webhook: hunter2-hunter2}\n".to_owned(),
    ] {
        // A second problem, so that the line is shown for another reason too.
        let text = format!("{text}ralph: {{max_iterations: x}}\n");
        let layers = desk::with(&text).with_profile("prod");
        let problems = layers.load().unwrap_err();
        let kinds: Vec<_> = problems.iter().map(|problem| problem.kind).collect();
        assert_eq!(kinds, [ProblemKind::SecretInClear, ProblemKind::Value], "{text}");
        let said = format!("{problems} {problems:?} {layers:?}");
        for secret in ["hunter2", "abcdefghij", "abc\n"] {
            assert!(!said.contains(secret), "{said}");
        }
    }
}

#[test]
fn a_secret_is_masked_where_it_stands_by_accident() {
    let text = "discord: {webhook: \"${HOOK}\", channel: see hunter2-hunter2}\nralph: {label: 1}\n";
    let layers = desk::with(text).with_secrets(Kept(&[("HOOK", "hunter2-hunter2")]));
    assert!(!shown(&layers).contains("hunter2"), "{}", shown(&layers));
    let broken = format!("{text}ports: {{hunter2-hunter2: x}}\n");
    let layers = desk::with(&broken).with_secrets(Kept(&[("HOOK", "hunter2-hunter2")]));
    let said = layers.load().unwrap_err().to_string();
    assert!(said.contains("[redacted") && !said.contains("hunter2"), "{said}");
}
