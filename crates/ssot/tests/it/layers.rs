//! Which layer holds, and that every value knows which.

use std::collections::BTreeMap;

use plimsoll_ssot::{Layers, Origin, SectionSpec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::desk::{self, Limits, Ports, Ralph};

#[test]
fn nobody_says_anything_and_the_defaults_hold() {
    let ssot = desk::desk().load().unwrap();
    assert_eq!(*ssot.section::<Ralph>("ralph").unwrap(), Ralph::default());
    assert!(!ssot.has_file());
    assert!(ssot.settings().all(|setting| setting.origin == Origin::Default));
    assert!(desk::with("").load().unwrap().has_file());
}

#[test]
fn each_layer_holds_over_the_one_below() {
    let text = "limits: {warn_ratio: 0.01, kill_ratio: 0.2}\nprofiles:\n  prod: {limits: {warn_ratio: 0.02}}\n";
    let layers = desk::with(text);
    let warn = |layers: &Layers| {
        let ssot = layers.load().unwrap();
        let limits = ssot.section::<Limits>("limits").unwrap();
        assert_eq!(limits.kill_ratio, 0.2);
        (limits.warn_ratio, limits.origin("warn_ratio").unwrap().to_string())
    };
    assert_eq!(warn(&layers), (0.01, "canonical.yaml:1:22".to_owned()));
    let layers = layers.with_profile("prod");
    assert_eq!(warn(&layers), (0.02, "canonical.yaml:3:31 (profile prod)".to_owned()));
    let layers = layers.with_local_file("canonical.local.yaml", "limits: {warn_ratio: 0.03}\n");
    assert_eq!(warn(&layers), (0.03, "canonical.local.yaml:1:22".to_owned()));
    let layers = layers.with_env([("PLIMSOLL_LIMITS__WARN_RATIO", "0.04")]);
    assert_eq!(warn(&layers), (0.04, "PLIMSOLL_LIMITS__WARN_RATIO".to_owned()));
    let explained = layers.load().unwrap().explain("limits.warn_ratio").unwrap();
    let said: Vec<_> =
        explained.layers.iter().map(|s| (s.value.as_str(), s.is_effective)).collect();
    assert_eq!(
        said,
        [("0.05", false), ("0.01", false), ("0.02", false), ("0.03", false), ("0.04", true)]
    );
}

#[test]
fn lists_are_replaced_and_null_takes_a_free_key_away() {
    let text = "ports: {grafana: 3001}\nlimits:\n  position: [{match: a, max_qty: 1}]\nprofiles:\n  prod:\n    ports: {questdb_ilp: null}\n    limits:\n      position: [{match: b, max_qty: 2}]\n    ralph:\n";
    let ssot = desk::with(text).with_profile("prod").load().unwrap();
    let ports = ssot.section::<Ports>("ports").unwrap().into_inner();
    assert_eq!(ports, Ports::from([("grafana".to_owned(), 3001)]));
    let limits = ssot.section::<Limits>("limits").unwrap();
    assert_eq!(limits.position.len(), 1);
    assert_eq!(limits.position[0].r#match, "b");
    assert_eq!(*ssot.section::<Ralph>("ralph").unwrap(), Ralph::default(), "null says nothing");
}

#[test]
fn a_profile_that_nobody_declared_is_an_error() {
    let declared = desk::with("profiles: {prod: {}, eu-west: {}}\n");
    for fine in ["dev", "staging", "prod", "eu-west"] {
        assert!(declared.clone().with_profile(fine).load().is_ok(), "{fine}");
    }
    let problems = declared.clone().with_profile("prd").load().unwrap_err();
    assert_eq!(problems.iter().next().unwrap().nearest.as_deref(), Some("prod"));
    assert!(desk::desk().with_profile("prod").load().is_ok(), "there is none without a file too");
}

#[test]
fn profiles_stand_in_the_canonical_file_only_and_all_of_them_are_checked() {
    let local = desk::desk().with_local_file("l.yaml", "profiles: {prod: {}}\n");
    assert!(local.load().unwrap_err().to_string().contains("in the canonical file only"));
    let unknown = desk::load("profiles:\n  prod: {portz: {a: 1}}\n").unwrap_err();
    assert!(unknown.to_string().contains("did you mean `ports`?"));
    let wrong =
        desk::with("profiles:\n  prod: {limits: {warn_ratio: 1}}\n  dev: {ralph: {label: [1]}}\n");
    assert!(wrong.load().is_ok(), "what is not chosen does not hold");
    assert_eq!(wrong.check().unwrap_err().len(), 2, "a check looks at all of them");
}

#[test]
fn the_digest_changes_with_a_value_and_with_nothing_else() {
    let digest = |text: &str| desk::load(text).unwrap().digest();
    let base = digest("ralph: {max_iterations: 8, label: a}\nports: {grafana: 3000}\n");
    for same in [
        "# words\nports:\n  grafana: 3000 # more\nralph:\n  label: \"a\"\n  max_iterations: 0x8\n",
        "x-n: &n 8\nralph: {max_iterations: *n, label: 'a'}\n",
        "ralph: {max_iterations: 8, label: a, max_budget_usd: 20, max_tokens: ~}\n",
    ] {
        assert_eq!(digest(same), base, "{same}");
    }
    for other in [
        "ralph: {max_iterations: 9, label: a}\n",
        "ralph: {max_iterations: 8, label: b}\n",
        "ralph: {max_iterations: 8, label: a, max_tokens: 0}\n",
        "ralph: {max_iterations: 8, label: a}\nports: {grafana: 3001}\n",
        "ralph: {max_iterations: 8, label: a}\nports: {other: 1}\n",
        "ralph: {max_iterations: 8, label: a}\ndiscord: {webhook: \"${HOOK}\"}\n",
    ] {
        assert_ne!(digest(other), base, "{other}");
    }
    assert_eq!(base.short().len(), 12);
    assert!(base.to_string().starts_with(&base.short()));
}

/// A tree of maps, lists and scalars, as somebody might write one.
fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i32>().prop_map(|n| json!(n)),
        any::<bool>().prop_map(|b| json!(b)),
        "[a-z]{1,6}".prop_map(|t| json!(t)),
        "[ -~]{0,8}".prop_map(|t| json!(t)),
        Just(Value::Null),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            map(inner),
        ]
    })
}

fn map(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    proptest::collection::btree_map("[a-d]|[a-h.-]{1,4}", inner, 0..5)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

/// The reference: what merging means, as simply as it can be said.
fn merged(lower: Value, upper: Value) -> Value {
    match (lower, upper) {
        (Value::Object(mut lower), Value::Object(upper)) => {
            for (name, value) in upper {
                let below = lower.remove(&name);
                let value = match below {
                    Some(below) => merged(below, value),
                    None => value,
                };
                lower.insert(name, value);
            }
            Value::Object(lower)
        }
        (_, upper) => upper,
    }
}

/// YAML of a tree: JSON is YAML, and its strings are in quotes.
fn file(section: &Value) -> String {
    json!({ "any": section }).to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn layering_is_what_the_simple_reference_says(
        defaults in map(tree()), canonical in map(tree()), profile in map(tree()), local in map(tree()),
    ) {
        let canonical_text = json!({ "any": canonical, "profiles": { "prod": { "any": profile } } });
        let ssot = Layers::new()
            .with_section(SectionSpec::new("any", &defaults))
            .with_file("c.yaml", canonical_text.to_string())
            .with_local_file("l.yaml", file(&local))
            .with_profile("prod")
            .load()
            .unwrap();
        let expected = [canonical, profile, local].into_iter().fold(defaults, merged);
        prop_assert_eq!(ssot.section::<Value>("any").unwrap().into_inner(), expected);
    }

    #[test]
    fn every_value_is_at_the_place_that_it_names(written in map(tree())) {
        let text = file(&written);
        let ssot = Layers::new()
            .with_section(SectionSpec::new("any", &Map::new()))
            .with_file("c.yaml", text.clone())
            .load()
            .unwrap();
        for setting in ssot.settings() {
            let Origin::File { line, column, .. } = setting.origin else { panic!("{setting:?}") };
            let start = text.lines().nth(line as usize - 1).unwrap();
            let start: String = start.chars().skip(column as usize - 1).collect();
            let value = serde_json::to_string(&setting.value).unwrap();
            prop_assert!(start.starts_with(&value), "{} is not at {line}:{column} of {text}", value);
        }
    }

    #[test]
    fn any_bytes_give_a_configuration_or_problems(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let layers = desk::desk().with_file("c.yaml", bytes);
        if let Err(problems) = layers.load() {
            prop_assert!(!problems.to_string().is_empty());
        }
    }

    #[test]
    fn any_text_of_yaml_letters_gives_a_configuration_or_problems(
        text in r#"([a-d]|ralph|limits|: ?|\n|  |- |[\[\]{},"'|>&*!#~?%<-]|<<: |0|1|é|\t){0,60}"#
    ) {
        let layers = desk::desk().with_file("c.yaml", text);
        match layers.load() {
            Ok(ssot) => drop(ssot.digest()),
            Err(problems) => prop_assert!(!problems.to_string().is_empty()),
        }
    }

    #[test]
    fn names_of_keys_are_found_again(names in proptest::collection::btree_map("[ -~]{1,8}", 0_u16..9, 1..5)) {
        let layers = Layers::new()
            .with_section(SectionSpec::new("any", &BTreeMap::<String, u16>::new()))
            .with_file("c.yaml", json!({ "any": names }).to_string());
        let ssot = layers.load().unwrap();
        prop_assert_eq!(ssot.settings().count(), names.len());
        for setting in ssot.settings() {
            prop_assert_eq!(ssot.get(&setting.key), Some(setting.value));
        }
    }
}
