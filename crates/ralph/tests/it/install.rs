//! Hooks in settings on disk: put in, taken out, tried.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use plimsoll_ralph::install::{
    Client, Finding, HookProgram, InstallError, Restored, Severity, examine, hooks, install, plan,
    plugin_files, try_hook, uninstall,
};
use plimsoll_ralph::{Config, Mode, Version};

const NEW: Version = Version(2, 1, 330);

struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    fn new(settings: Option<&str>) -> Home {
        let home = Home { dir: tempfile::tempdir().unwrap() };
        if let Some(text) = settings {
            fs::create_dir_all(home.settings().parent().unwrap()).unwrap();
            fs::write(home.settings(), text).unwrap();
        }
        home
    }

    fn settings(&self) -> PathBuf {
        self.dir.path().join(".claude/settings.json")
    }

    fn record(&self) -> PathBuf {
        self.dir.path().join(".ralph/installed.json")
    }

    fn install(&self, client: Version) -> String {
        let hook = HookProgram::new("/opt/it's here/plimsoll-hook", Mode::Guard);
        install(&self.settings(), &self.record(), &hook, Some(client), None).unwrap();
        fs::read_to_string(self.settings()).unwrap()
    }

    fn uninstall(&self) -> Restored {
        uninstall(&self.settings(), &self.record()).unwrap()
    }
}

const SETTINGS: &str = "{\n  // mine\n  \"permissions\": {\"allow\": [\"Bash\"]},\n  \"hooks\": {\n    \"Stop\": [\n      {\"hooks\": [{\"type\": \"command\", \"command\": \"say done\"}]}\n    ]\n  }\n}\n";

#[test]
fn settings_are_restored_byte_for_byte() {
    for before in [None, Some(""), Some("{}"), Some(SETTINGS)] {
        for client in [Version(2, 0, 67), Version(2, 1, 9), NEW] {
            let home = Home::new(before);
            home.install(client);
            let again = home.install(client);
            assert_eq!(home.install(client), again, "a second time changes nothing");
            assert_eq!(home.uninstall(), Restored::Exactly);
            assert_eq!(fs::read_to_string(home.settings()).ok().as_deref(), before, "{client}");
            assert_eq!(home.uninstall(), Restored::NothingThere);
            let made = home.settings().parent().unwrap().exists();
            assert_eq!(made, before.is_some(), "a folder that was made for it is gone");
        }
    }
}

#[test]
fn what_a_person_or_the_client_changes_meanwhile_stays() {
    let home = Home::new(Some(SETTINGS));
    let after = home.install(NEW);
    fs::write(home.settings(), after.replace("[\"Bash\"]", "[\"Bash\", \"Edit\"]")).unwrap();
    home.install(Version(2, 0, 67));
    assert_eq!(home.uninstall(), Restored::Exactly);
    let expected = SETTINGS.replace("[\"Bash\"]", "[\"Bash\", \"Edit\"]");
    assert_eq!(fs::read_to_string(home.settings()).unwrap(), expected);

    home.install(NEW);
    let text = fs::read_to_string(home.settings()).unwrap().replace("say done", "say it");
    fs::write(home.settings(), &text).unwrap();
    assert_eq!(home.uninstall(), Restored::AroundChanges);
    assert_eq!(
        fs::read_to_string(home.settings()).unwrap(),
        expected.replace("say done", "say it")
    );

    let after = home.install(NEW).replace("  // mine\n", "");
    let anew: serde_json::Value = serde_json::from_str(&after).unwrap();
    fs::write(home.settings(), serde_json::to_string_pretty(&anew).unwrap()).unwrap();
    assert_eq!(home.uninstall(), Restored::ByStructure);
    let left = hooks(&fs::read_to_string(home.settings()).unwrap()).unwrap();
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(!left[0].is_ours());
}

#[test]
fn without_what_is_remembered_hooks_are_still_taken_out() {
    let home = Home::new(Some(SETTINGS));
    home.install(NEW);
    let record = fs::read_to_string(home.record()).unwrap();
    fs::write(home.record(), record.replace("guard", "gourd")).unwrap();
    let refused = uninstall(&home.settings(), &home.record());
    assert!(matches!(refused, Err(InstallError::Record { .. })), "{refused:?}");
    fs::remove_file(home.record()).unwrap();
    assert_eq!(home.uninstall(), Restored::ByStructure);
    assert_eq!(fs::read_to_string(home.settings()).unwrap(), SETTINGS);
}

#[test]
fn a_settings_file_that_is_a_link_stays_one() {
    let home = Home::new(None);
    let real = home.dir.path().join("dotfiles.json");
    fs::write(&real, SETTINGS).unwrap();
    fs::create_dir_all(home.settings().parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&real, home.settings()).unwrap();
    home.install(NEW);
    assert!(fs::symlink_metadata(home.settings()).unwrap().is_symlink());
    assert!(fs::read_to_string(&real).unwrap().contains("plimsoll-hook"));
    assert_eq!(home.uninstall(), Restored::Exactly);
    assert_eq!(fs::read_to_string(&real).unwrap(), SETTINGS);
}

#[test]
fn settings_that_are_none_are_left_as_they_are() {
    let home = Home::new(Some("{\"hooks\": 7}"));
    let hook = HookProgram::new("plimsoll-hook", Mode::Loop);
    let refused = install(&home.settings(), &home.record(), &hook, Some(NEW), None);
    assert!(matches!(refused, Err(InstallError::Settings { .. })), "{refused:?}");
    assert_eq!(fs::read_to_string(home.settings()).unwrap(), "{\"hooks\": 7}");
}

#[track_caller]
fn check_plan(client: Option<Version>, left_out: &[&str], form: &str) {
    let plan = plan("", &HookProgram::new("/a b/plimsoll-hook", Mode::Loop), client, None).unwrap();
    let missing: Vec<_> = plan.left_out.iter().map(|left| left.event).collect();
    assert_eq!(missing, left_out, "{client:?}");
    assert!(plan.after.contains(form), "{client:?}: {}", plan.after);
    assert_eq!(plan.events.len() + missing.len(), 10);
}

#[test]
fn a_client_gets_what_it_knows_in_the_form_that_it_knows() {
    let shell = "\"'/a b/plimsoll-hook' loop\"";
    let late = ["StopFailure"];
    check_plan(None, &["PostToolUseFailure", "SubagentStart", "StopFailure"], shell);
    check_plan(
        Some(Version(1, 0, 128)),
        &["PostToolUseFailure", "SubagentStart", "StopFailure"],
        shell,
    );
    check_plan(Some(Version(2, 0, 67)), &late, shell);
    check_plan(Some(Version(2, 1, 9)), &late, shell);
    check_plan(Some(Version(2, 1, 101)), &[], shell);
    check_plan(Some(NEW), &[], "\"command\": \"/a b/plimsoll-hook\"");
}

#[test]
fn the_shipped_plugin_is_what_the_code_says() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugin");
    for (path, text) in plugin_files(Mode::Loop) {
        let file = shipped.join(path);
        if std::env::var_os("PLIMSOLL_BLESS").is_some() {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, &text).unwrap();
        }
        let found = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(found, text, "{path}: PLIMSOLL_BLESS=1 writes it anew");
    }
    let (_, text) = &plugin_files(Mode::Guard)[1];
    let ours = hooks(text).unwrap();
    assert!(
        ours.iter()
            .all(|hook| hook.is_ours() && hook.args.as_deref() == Some(&["guard".to_owned()]))
    );
}

fn problems(findings: &[Finding]) -> Vec<&str> {
    findings.iter().filter(|f| f.severity != Severity::Fine).map(|f| f.what.as_str()).collect()
}

#[test]
fn the_doctor_sees_what_a_client_would_not_say() {
    let home = Home::new(Some("{}"));
    let text = home.install(Version(2, 0, 67));
    let file = |text: &str| vec![(PathBuf::from("settings.json"), text.to_owned())];
    let config = Config::default();
    let seen = |text: &str, version: Version, config: &Config| {
        let findings = examine(&file(text), &Client::new(Some(version)), config);
        problems(&findings).join("\n")
    };
    assert_eq!(seen(&text, Version(2, 0, 67), &config), "");
    assert!(seen(&text, Version(2, 0, 40), &config).contains("unknown to client 2.0.40"));
    assert!(seen(&text, NEW, &config).contains("no hook for StopFailure"));
    let disabled = text.replacen('{', "{\"disableAllHooks\": true,", 1);
    assert!(seen(&disabled, NEW, &config).contains("disableAllHooks is true"));
    let permits = text.replacen('{', "{\"permissions\": {\"allow\": [\"Bash(*)\"]},", 1);
    assert!(seen(&permits, Version(2, 1, 9), &config).contains("`Bash(*)`"));
    assert!(!seen(&permits, NEW, &config).contains("`Bash(*)`"));
    assert!(seen("{}", NEW, &config).contains("no hooks are installed"));
    assert!(seen("{", NEW, &config).contains("line 1"));
    let short = text.replace("\"timeout\": 600", "\"timeout\": 60");
    assert!(seen(&short, NEW, &config).contains("ends the Stop hook after 60 s"));
    let mut patient = Config::default();
    patient.max_no_progress = 9.try_into().unwrap();
    assert!(seen(&text, NEW, &patient).contains("after 8 turns without tools"));
    assert!(!seen(&text, Version(2, 1, 9), &patient).contains("turns without tools"));
    let twice = [file(&text), file(&text)].concat();
    let findings = examine(&twice, &Client::new(Some(Version(2, 0, 67))), &config);
    assert!(problems(&findings).join("\n").contains("2 hooks of ours for Stop"));
}

#[test]
fn a_hook_is_tried_with_a_sample() {
    let home = Home::new(Some("{}"));
    let program = home.dir.path().join("plimsoll-hook");
    let tried = |script: &str| {
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let hook = HookProgram::new(program.display().to_string(), Mode::Loop);
        let plan = plan("", &hook, Some(NEW), None).unwrap();
        let stop =
            hooks(&plan.after).unwrap().into_iter().find(|hook| hook.event == "Stop").unwrap();
        try_hook(&stop, home.dir.path())
    };
    let fine = tried("grep -q '\"hook_event_name\":\"Stop\"' && test \"$1\" = loop && echo '{}'");
    assert_eq!(fine.severity, Severity::Fine, "{fine:?}");
    for (script, what) in [
        ("exit 3", "exit code 3"),
        ("echo nonsense", "wanted a JSON object"),
        ("echo '[]'", "wanted a JSON object"),
        ("kill -9 $$", "signal 9"),
    ] {
        let found = tried(script);
        assert!(
            found.severity == Severity::Problem && found.what.contains(what),
            "{script}: {found:?}"
        );
    }
    fs::remove_file(&program).unwrap();
    let hook = HookProgram::new(program.display().to_string(), Mode::Loop);
    for client in [NEW, Version(2, 0, 67)] {
        let plan = plan("", &hook, Some(client), None).unwrap();
        let found = try_hook(&hooks(&plan.after).unwrap()[0], home.dir.path());
        assert_eq!(found.severity, Severity::Problem, "{found:?}");
    }
}
