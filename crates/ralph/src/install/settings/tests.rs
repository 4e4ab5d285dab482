//! Settings files of many kinds, with hooks put in and taken out.

use proptest::prelude::*;
use serde_json::Value as Plain;

use super::*;

fn entries(events: &[&'static str]) -> Vec<Entry> {
    let entry = |event: &&'static str| Entry {
        event: (*event).to_owned(),
        command: "/opt/a b/plimsoll-hook".to_owned(),
        args: Some(vec!["loop".to_owned()]),
        timeout_secs: 600,
    };
    events.iter().map(entry).collect()
}

const EVENTS: &[&str] = &["Stop", "PreToolUse", "SessionEnd"];

fn again(text: &str) -> Option<String> {
    Some(add(text, &entries(EVENTS), None).ok()?.0)
}

/// The text without comments and trailing commas, as a value.
fn value(text: &str) -> Plain {
    if text.trim_matches(['\u{feff}', ' ', '\n', '\r', '\t']).is_empty() {
        return Plain::Object(serde_json::Map::new());
    }
    with_parsed(text, |parsed| Ok(of_object(parsed.unwrap().root))).unwrap()
}

fn of_object(object: &Object<'_>) -> Plain {
    object.properties.iter().map(|p| (p.name.as_str().to_owned(), of(&p.value))).collect()
}

fn of(value: &Value<'_>) -> Plain {
    match value {
        Value::StringLit(text) => text.value.to_string().into(),
        Value::NumberLit(number) => format!("number {}", number.value).into(),
        Value::BooleanLit(flag) => flag.value.into(),
        Value::NullKeyword(_) => Plain::Null,
        Value::Object(object) => of_object(object),
        Value::Array(list) => list.elements.iter().map(of).collect(),
    }
}

/// What every settings file must stand.
#[track_caller]
fn check(before: &str) -> String {
    let (after, edits) = add(before, &entries(EVENTS), Some("plimsoll ralph statusline")).unwrap();
    let ours = hooks(&after).unwrap().into_iter().filter(Installed::is_ours).count();
    assert_eq!(ours, EVENTS.len(), "{after}");
    let theirs = |text: &str| {
        hooks(text).unwrap().into_iter().filter(|hook| !hook.is_ours()).collect::<Vec<_>>()
    };
    assert_eq!(theirs(&after), theirs(before), "{after}");

    let again =
        |text: &str| Some(add(text, &entries(EVENTS), Some("plimsoll ralph statusline")).ok()?.0);
    assert_eq!(undo(&after, &edits, again).as_deref(), Some(before), "not turned back:\n{after}");
    let taken = take_out(&after).unwrap();
    let mut expected = value(before);
    // What is left empty goes as well, ours or not: it means nothing.
    let mut found = value(&taken);
    for value in [&mut expected, &mut found] {
        let hooks = value.get_mut("hooks").and_then(Plain::as_object_mut);
        if let Some(hooks) = hooks {
            hooks.retain(|event, groups| {
                !EVENTS.contains(&event.as_str()) || *groups != serde_json::json!([])
            });
        }
        if value["hooks"] == serde_json::json!({}) {
            value.as_object_mut().unwrap().remove("hooks");
        }
    }
    assert_eq!(found, expected, "taken out of\n{after}\nleft\n{taken}");
    for (line, _) in before.match_indices("//").map(|(at, _)| before[at..].split_at(2)) {
        assert!(after.contains(line), "{after}");
    }
    let comments = |text: &str| text.matches("// c").count() + text.matches("/* c").count();
    assert_eq!(comments(&after), comments(before), "{after}");
    assert_eq!(comments(&taken), comments(before), "{taken}");
    after
}

#[test]
fn hooks_are_put_into_files_of_every_style() {
    for before in [
        "",
        "\n",
        "{}",
        "{}\n",
        "{ }",
        "{\n}\n",
        "{ // c\n}",
        "\u{feff}{\n  \"model\": \"opus\"\n}\n",
        "{\"model\":\"opus\"}",
        "{\"hooks\":{}}",
        "{\"hooks\":{\"Stop\":[]}}",
        "{\"hooks\":{\"Stop\":[{\"hooks\":[{\"type\":\"command\",\"command\":\"x\"}]}]}}",
        "{\r\n\t\"model\": \"opus\"\r\n}\r\n",
        "{\n    \"hooks\": {\n        \"Stop\": [\n            {\"hooks\": []} // c\n        ]\n    }\n}",
        "{\n  \"a\": 1, // c\n}",
        "{\n  \"a\": 1 // c\n}",
        "{\n  \"a\": 1 /* c */ // c\n  // c\n}",
        "{\n  // c\n  \"hooks\": {\n    /* c */ \"Stop\": [ /* c */ ],\n    \"PreToolUse\": [\n      // c\n    ]\n  }, // c\n  \"b\": [1,\n 2]\n}",
        "{\"a\": 1,\n \"b\": 2}",
        "// c\n{\"a\":{\"b\":[{}]}}\n// c\n",
    ] {
        check(before);
    }
}

#[test]
fn a_plain_file_reads_as_if_a_person_had_written_it() {
    let after = check("{\n  \"permissions\": {\n    \"allow\": [\"Bash\"]\n  }\n}\n");
    let expected = r#"{
  "permissions": {
    "allow": ["Bash"]
  },
  "hooks": {
    "Stop": [
      {
        "hooks": [
          {
            "type": "command",
            "command": "/opt/a b/plimsoll-hook",
            "args": [
              "loop"
            ],
            "timeout": 600
          }
        ]
      }
    ],
"#;
    assert!(after.starts_with(expected), "{after}");
    assert!(after.ends_with("\"command\": \"plimsoll ralph statusline\"\n  }\n}\n"), "{after}");
}

#[test]
fn what_was_changed_elsewhere_meanwhile_stays() {
    let before = "{\n  \"hooks\": {\n    \"Stop\": []\n  },\n  \"model\": \"opus\"\n}\n";
    let (after, edits) = add(before, &entries(EVENTS), None).unwrap();
    let meanwhile = |text: &str| text.replace("\"opus\"", "\"sonnet\", // c\n  \"x\": [1]");
    assert_eq!(undo(&meanwhile(&after), &edits, again), Some(meanwhile(before)));
}

#[test]
fn a_file_that_the_client_has_written_anew_is_cleaned_by_its_structure() {
    let before =
        r#"{"hooks":{"Stop":[{"hooks":[{"command":"theirs","type":"command"}]}]},"model":"opus"}"#;
    let (after, edits) = add(before, &entries(EVENTS), None).unwrap();
    let anew =
        serde_json::to_string_pretty(&serde_json::from_str::<Plain>(&after).unwrap()).unwrap();
    assert_eq!(undo(&anew, &edits, again), None);
    let taken = take_out(&anew).unwrap();
    let plain: Plain = serde_json::from_str(before).unwrap();
    assert_eq!(taken, serde_json::to_string_pretty(&plain).unwrap(), "{anew}");
}

#[test]
fn a_hook_of_ours_in_a_group_of_others_goes_alone() {
    let text = r#"{"hooks": {"Stop": [{"matcher": "", "hooks": [{"command": "a"}, {"command": "'/x/plimsoll-hook' loop"}, {"command": "b"}]}]}}"#;
    let expected =
        r#"{"hooks": {"Stop": [{"matcher": "", "hooks": [{"command": "a"}, {"command": "b"}]}]}}"#;
    assert_eq!(take_out(text).unwrap(), expected);
}

#[test]
fn what_is_no_settings_file_is_refused_with_its_place() {
    let refused = |text: &str| add(text, &entries(EVENTS), None).unwrap_err().to_string();
    assert_eq!(refused("[]"), "`` is a list, wanted an object");
    assert_eq!(refused("{\"hooks\": 1}"), "`hooks` is a number, wanted an object");
    assert_eq!(
        refused("{\"hooks\": {\"Stop\": {}}}"),
        "`hooks.Stop` is an object, wanted a list of groups"
    );
    assert!(
        refused("{\n  \"a\": \n}").starts_with("line 3, column 1: "),
        "{}",
        refused("{\n  \"a\": \n}")
    );
}

#[test]
fn programs_are_told_by_their_whole_name() {
    for (command, expected) in [
        ("plimsoll-hook", true),
        ("/a/plimsoll-hook loop", true),
        ("'/a b/plimsoll-hook' guard", true),
        ("my-plimsoll-hook", false),
        ("plimsoll-hooks", false),
        ("/plimsoll-hook/other", true),
    ] {
        assert_eq!(names(command, PROGRAM), expected, "{command}");
    }
}

/// Any object with hooks of others in it, in any layout.
fn any_settings() -> impl Strategy<Value = String> {
    let blank =
        || prop::sample::select(vec!["", " ", "\n", "\n  ", "\n\t", " /* c */ ", " // c\n  "]);
    let leaf = prop::sample::select(vec![
        "1",
        "\"x\"",
        "true",
        "null",
        "[]",
        "{}",
        "[1, 2]",
        "{\"a\": \"b\"}",
    ]);
    let group = prop::sample::select(vec![
        "{\"hooks\": [{\"type\": \"command\", \"command\": \"theirs\"}]}",
        "{\"hooks\":[]}",
    ]);
    let list = (prop::collection::vec((blank(), group, blank()), 0..3), any::<bool>(), blank())
        .prop_map(|(parts, trails, end)| {
            format!("[{}{end}]", parted(parts.iter().map(|(a, x, b)| format!("{a}{x}{b}")), trails))
        });
    let event = prop::sample::select(vec!["Stop", "PreToolUse", "Notification"]);
    let events = (
        prop::collection::btree_map(event, (blank(), list, blank()), 0..3),
        any::<bool>(),
        blank(),
    )
        .prop_map(|(parts, trails, end)| {
            let parts = parts.iter().map(|(name, (a, x, b))| format!("{a}\"{name}\": {x}{b}"));
            format!("{{{}{end}}}", parted(parts, trails))
        });
    let value = prop_oneof![4 => leaf.prop_map(str::to_owned)];
    let others = prop::collection::btree_map("[a-d]", (blank(), value, blank()), 0..3);
    (others, prop::option::of((blank(), events, blank())), any::<bool>(), blank(), blank())
        .prop_map(|(others, hooks, trails, end, start)| {
            let mut parts: Vec<String> =
                others.iter().map(|(name, (a, x, b))| format!("{a}\"{name}\": {x}{b}")).collect();
            let at = parts.len() / 2;
            let hooks = hooks.map(|(a, x, b)| format!("{a}\"hooks\": {x}{b}"));
            parts.splice(at..at, hooks);
            format!("{start}{{{}{end}}}\n", parted(parts.into_iter(), trails))
        })
}

fn parted(parts: impl Iterator<Item = String>, trails: bool) -> String {
    let parts: Vec<String> = parts.collect();
    let comma = if trails && !parts.is_empty() { "," } else { "" };
    format!("{}{comma}", parts.join(","))
}

proptest! {
    #[test]
    fn any_file_is_restored_byte_for_byte(before in any_settings()) {
        check(&before);
    }
}
