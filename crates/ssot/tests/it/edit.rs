//! One value is set and everything else stays.

use std::collections::BTreeMap;

use plimsoll_ssot::{EditError, Layers, SectionSpec};
use serde_json::Value;

use crate::desk;

type Free = BTreeMap<String, Value>;

/// A section that takes anything, and one that is a list.
fn free(text: &str) -> Layers {
    Layers::new()
        .with_section(SectionSpec::new("a", &Free::new()))
        .with_section(SectionSpec::new("b", &Free::new()))
        .with_section(SectionSpec::new("list", &Vec::<String>::new()))
        .with_file("canonical.yaml", text)
}

#[track_caller]
fn check(before: &str, key: &str, value: &str, after: &str) {
    let edit = free(before).edit(key, None, value).unwrap();
    assert_eq!(edit.after, after, "set {key} to {value} in\n{before}");
}

#[track_caller]
fn refused(before: &str, key: &str, value: &str) -> EditError {
    free(before).edit(key, None, value).unwrap_err()
}

#[test]
fn a_value_is_replaced_where_it_stands() {
    check("a:\n  x: 1 # why\n  y: 2\n", "a.x", "3", "a:\n  x: 3 # why\n  y: 2\n");
    check("a: {x: 1, y: 2} # z\n", "a.y", "[1, 2]", "a: {x: 1, y: [1, 2]} # z\n");
    check("a:\n  x: 'it''s' # c\n", "a.x", "he's", "a:\n  x: 'he''s' # c\n");
    check("a:\n  x: \"q\"  # c\n", "a.x", "9.2", "a:\n  x: 9.2  # c\n");
    check("a:\r\n  x: 1\r\n  y: 2\r\n", "a.x", "3", "a:\r\n  x: 3\r\n  y: 2\r\n");
    check("\u{feff}a:\n  x: 1", "a.x", "3", "\u{feff}a:\n  x: 3");
    check("a:\n  x: &p 1\n", "a.x", "2", "a:\n  x: &p 2\n");
}

#[test]
fn a_value_over_several_lines_is_replaced_as_a_whole() {
    check("a:\n  x: |\n    one\n    two\n  y: 2\n", "a.x", "three", "a:\n  x: three\n  y: 2\n");
    check("a:\n  x: >-\n    one\n\n  y: 2\n", "a.x", "three", "a:\n  x: three\n\n  y: 2\n");
    check("a:\n  x:\n    - 1\n    - 2\n  y: 2\n", "a.x", "[3]", "a:\n  x: [3]\n  y: 2\n");
    check("a:\n  x:\n  - 1\n  - 2\nb: {}\n", "a.x", "[3]", "a:\n  x: [3]\nb: {}\n");
    check("a:\n  x:\n    p: 1\n    q: {r: 2}", "a.x", "3", "a:\n  x: 3");
    check(
        "a:\n  l:\n    - p: 1\n      q: 2\n    - r\n",
        "a.l[0]",
        "3",
        "a:\n  l:\n    - 3\n    - r\n",
    );
    check("list:\n  - p # c\n", "list[0]", "q", "list:\n  - q # c\n");
    let lost = refused("a:\n  x:\n    - 1 # one\n    - 2\n", "a.x", "[3]");
    assert!(matches!(lost, EditError::Comments { .. }), "{lost}");
}

#[test]
fn a_key_that_is_not_there_comes_after_its_neighbors() {
    check("a:\n  x: 1 # c\n\nb:\n  y: 2\n", "a.z", "3", "a:\n  x: 1 # c\n  z: 3\n\nb:\n  y: 2\n");
    check("a:\n    x: 1", "a.z", "3", "a:\n    x: 1\n    z: 3");
    check("a: {}\n", "a.z", "3", "a: {z: 3}\n");
    check("a: {x: 1}\n", "a.z.w", "3", "a: {x: 1, z: {w: 3}}\n");
    check("a: {\n  x: 1, # c\n}\n", "a.z", "3", "a: {\n  x: 1, z: 3, # c\n}\n");
    check("a:\n", "a.z.y", "3", "a:\n  z:\n    \"y\": 3\n");
    check("a: ~ # c\n", "a.z", "3", "a: {z: 3} # c\n");
    check("a:  # c\nb:\n", "a.z", "3", "a:  # c\n  z: 3\nb:\n");
    check(
        "a:\n  # Why.\n  #z: 1\n  #y: 2\nb:\n",
        "a.z",
        "3",
        "a:\n  # Why.\n  #z: 1\n  z: 3\n  #y: 2\nb:\n",
    );
    check("", "a.z", "3", "a:\n  z: 3\n");
    check("# only\n# comments", "a.z", "3", "# only\n# comments\na:\n  z: 3\n");
    check("b:\n  x: |\n    text\n\n", "a.z", "3", "b:\n  x: |\n    text\na:\n  z: 3\n\n");
    check(
        "a:\n  x:\n    p: |\n      t\n  w: 1\n",
        "a.x.q",
        "3",
        "a:\n  x:\n    p: |\n      t\n    q: 3\n  w: 1\n",
    );
    check(
        "a:\n  l:\n    - p: 1\n      q: 2\n",
        "a.l[0].r",
        "3",
        "a:\n  l:\n    - p: 1\n      q: 2\n      r: 3\n",
    );
    check(
        "a:\n  l:\n    - p: 1\n    - q: 2\n",
        "a.l[0].r",
        "3",
        "a:\n  l:\n    - p: 1\n      r: 3\n    - q: 2\n",
    );
    check("a:\n  x:\n", "a.x", "3", "a:\n  x: 3\n");
    check("a:\n  x: # c\n  y: 1\n", "a.x", "3", "a:\n  x: 3 # c\n  y: 1\n");
    check("a: {x: }\n", "a.x", "3", "a: {x: 3 }\n");
}

#[test]
fn text_is_quoted_where_another_reader_would_take_it_for_something_else() {
    let text = |value: &str| {
        let layers = desk::with("ralph:\n  label: x\n");
        let edit = layers.edit("ralph.label", None, value).unwrap();
        edit.after.lines().nth(1).unwrap().trim_start_matches("  label: ").to_owned()
    };
    for plain in ["desk-1", "a b", "v1.2", "/run/x"] {
        assert_eq!(text(plain), plain);
    }
    for (value, written) in [
        ("no", "\"no\""),
        ("012", "\"012\""),
        ("1_000", "\"1_000\""),
        ("12:30", "\"12:30\""),
        ("2026-11-24", "\"2026-11-24\""),
        ("1.10", "\"1.10\""),
        ("true", "\"true\""),
        ("", "\"\""),
        ("a: b", "\"a: b\""),
        ("a #b", "\"a #b\""),
        ("*x", "\"*x\""),
        ("two\nlines", "\"two\\nlines\""),
        ("\"typed\"", "typed"),
        ("snow \u{2603}\u{7f}", "\"snow \u{2603}\\U0000007f\""),
    ] {
        assert_eq!(text(value), written, "{value:?}");
    }
}

#[test]
fn what_is_shared_or_not_understood_is_left_to_a_person() {
    let shared = "a:\n  x: &p 1\nb:\n  y: *p\n";
    let error = refused(shared, "a.x", "2");
    assert!(matches!(&error, EditError::Elsewhere { other, .. } if other == "b.y"), "{error}");
    check(shared, "b.y", "2", "a:\n  x: &p 1\nb:\n  y: 2\n");
    let merged = "a: &m\n  x: 1\n  in: {p: 1}\nb:\n  <<: *m\n  z: 2\n";
    check(merged, "b.x", "5", "a: &m\n  x: 1\n  in: {p: 1}\nb:\n  <<: *m\n  z: 2\n  x: 5\n");
    assert!(matches!(refused(merged, "b.in.p", "5"), EditError::Key { .. }));
    assert!(matches!(refused(merged, "a.x", "5"), EditError::Elsewhere { .. }));
    for (key, value) in [("", "1"), ("a", "1"), ("c.x", "1"), ("a.x[", "1"), ("list[3]", "x")] {
        let error = refused("a: {x: 1}\nlist: [p]\n", key, value);
        assert!(matches!(error, EditError::Key { .. }), "{key}: {error}");
    }
    assert!(matches!(refused("a: {x: [1\n", "a.x", "1"), EditError::Unreadable(_)));
    assert!(matches!(refused("a: {x: 1}\n", "a.x", "{b: 1"), EditError::Value { .. }));
}

#[test]
fn a_value_with_which_a_profile_would_be_wrong_is_not_set() {
    let layers = desk::with("profiles:\n  prod: {limits: {kill_ratio: 0.1}}\n");
    let error = layers.edit("limits.warn_ratio", None, "0.12").unwrap_err();
    let EditError::Wrong(problems) = error else { panic!("{error}") };
    let places: Vec<_> = problems.iter().flat_map(|problem| &problem.related).collect();
    assert_eq!(places[0].0.to_string(), "canonical.yaml:2:31 (profile prod)");
    let fine = layers.edit("limits.warn_ratio", Some("staging"), "0.12").unwrap();
    assert_eq!(
        fine.after,
        "profiles:\n  prod: {limits: {kill_ratio: 0.1}}\n  staging:\n    limits:\n      warn_ratio: 0.12\n"
    );
    let typo = layers.edit("limits.warn_ration", None, "0.12").unwrap_err();
    assert!(matches!(typo, EditError::Wrong(_)), "{typo}");
}

#[test]
fn a_limit_that_gets_looser_in_production_is_told() {
    let looser = |text: &str, key: &str, profile, value: &str| -> Vec<String> {
        let edit = desk::with(text).edit(key, profile, value).unwrap();
        edit.loosened_in_production().map(|change| change.key.clone()).collect()
    };
    assert_eq!(looser("", "limits.warn_ratio", None, "0.06"), ["limits.warn_ratio"]);
    assert_eq!(looser("", "limits.warn_ratio", Some("prod"), "0.06"), ["limits.warn_ratio"]);
    assert_eq!(looser("", "limits.warn_ratio", None, "0.04"), [""; 0]);
    assert_eq!(looser("", "limits.warn_ratio", Some("dev"), "0.06"), [""; 0]);
    let own = "profiles:\n  prod: {limits: {warn_ratio: 0.02}}\n";
    assert_eq!(looser(own, "limits.warn_ratio", None, "0.06"), [""; 0], "prod has its own");
    assert_eq!(looser("", "limits.position", None, "[{match: x, max_qty: 1}]").len(), 3);
    assert_eq!(looser("", "ralph.max_iterations", None, "99"), [""; 0], "no limit");
    assert_eq!(looser("", "ralph.max_budget_usd", None, "99"), ["ralph.max_budget_usd"]);
}
