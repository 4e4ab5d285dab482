//! Files as they come: anchors, merges, several documents, broken bytes, bombs.

use plimsoll_ssot::{Layers, ProblemKind, SectionSpec};
use serde_json::{Value, json};

fn layers(text: impl Into<Vec<u8>>) -> Layers {
    let any = SectionSpec::new("a", &Value::Null);
    Layers::new()
        .with_section(any)
        .with_section(SectionSpec::new("b", &Value::Null))
        .with_file("f.yaml", text)
}

#[track_caller]
fn check(text: &str, a: &Value) {
    let ssot = layers(text).load().unwrap_or_else(|problems| panic!("{text}\n{problems}"));
    assert_eq!(ssot.section::<Value>("a").unwrap().into_inner(), *a, "{text}");
}

/// What is said first about a text, with its place.
#[track_caller]
fn said(text: impl Into<Vec<u8>>) -> String {
    let problems = layers(text).load().unwrap_err();
    let first = problems.iter().next().unwrap();
    assert!(first.kind == ProblemKind::Syntax || first.kind == ProblemKind::DuplicateKey);
    format!("{} {}", first.origin, first.message)
}

#[test]
fn anchors_and_merges_give_what_they_name() {
    check("x-p: &p 5\na: *p\n", &json!(5));
    check("x-l: &l [1, 2]\na: {x: *l, y: *l}\n", &json!({ "x": [1, 2], "y": [1, 2] }));
    check("x-m: &m {p: 1, q: 2}\na:\n  <<: *m\n  q: 3\n", &json!({ "p": 1, "q": 3 }));
    check("x-m: &m {p: 1}\na:\n  p: 3\n  <<: *m\n", &json!({ "p": 3 }));
    check(
        "x-m: &m {p: 1, q: 1}\nx-n: &n {q: 2, r: 2}\na:\n  <<: [*m, *n]\n  s: 3\n",
        &json!({ "p": 1, "q": 1, "r": 2, "s": 3 }),
    );
    check("a:\n  <<: {p: 1}\n  q: 2\n", &json!({ "p": 1, "q": 2 }));
    check("x-m: &m {p: 1}\nx-n: &n {<<: *m, q: 2}\na: {<<: *n}\n", &json!({ "p": 1, "q": 2 }));
    check("a:\n  \"<<\": 1\n", &json!({ "<<": 1 }));
    check("a: {x: &p 1, y: *p, z: &p 2, w: *p}\n", &json!({ "x": 1, "y": 1, "z": 2, "w": 2 }));
}

#[test]
fn a_value_by_alias_or_merge_knows_where_it_was_written() {
    let text = "x-m: &m\n  p: 1\nx-v: &v 2\na:\n  <<: *m\n  q: *v\n  r: [*v, {s: *v}]\n";
    let ssot = layers(text).load().unwrap();
    for (key, place) in [
        ("a.p", "f.yaml:2:6"),
        ("a.q", "f.yaml:3:9"),
        ("a.r[0]", "f.yaml:3:9"),
        ("a.r[1].s", "f.yaml:3:9"),
        ("a.r[1]", "f.yaml:7:11"),
        ("a", "f.yaml:5:3"),
    ] {
        assert_eq!(ssot.origin(key).unwrap().to_string(), place, "{key}");
    }
}

#[test]
fn what_is_not_yaml_has_a_place() {
    for (text, expected) in [
        ("a: [1\n", "f.yaml:"),
        ("a:\n\tb: 1\n", "f.yaml:2:"),
        ("a: 1\n b: 2\n", "f.yaml:2:"),
        ("a: \"x\n", "f.yaml:"),
        ("a: *x\n", "f.yaml:1:4 nothing above this place is called `&x`"),
        ("a: &x [*x]\n", "f.yaml:1:8 this alias stands inside of what it refers to"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1 a second document begins"),
        ("a: !env HOME\n", "f.yaml:1:9 the tag `!env` means nothing"),
        ("a: !!set {x}\n", "f.yaml:1:10 the tag `!!set` means nothing"),
        ("? [x]\n: 1\n", "f.yaml:1:3 a key has to be a text"),
        ("a: {<<: 5}\n", "f.yaml:1:5 `<<` takes a map"),
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1 the key `a` stands here for the second time"),
        ("a: {x: {y: 1, y: 2}}\n", "f.yaml:1:15 the key `a.x.y` stands here for the second time"),
        ("a: {1: x, \"1\": y}\n", "f.yaml:1:11 the key `a.1` stands here for the second time"),
        ("- 1\n", "f.yaml:1:1 wanted a map of sections"),
        ("schema_version: 2\n", "f.yaml:1:17 this file has version 2, and this program reads 1"),
        ("profiles: [x]\n", "f.yaml:1:11 wanted a map from profiles to sections"),
        (
            "profiles: {prod: {profiles: {x: {}}}}\n",
            "f.yaml:1:30 (profile prod) a profile has no profiles",
        ),
        ("a: \0\n", "f.yaml:1:4"),
    ] {
        assert!(said(text).contains(expected), "{text:?}: {}", said(text));
    }
}

#[test]
fn both_places_of_a_key_that_stands_twice_are_shown() {
    let problems = layers("a:\n  x: 1\n  y: 2\n  x: 3\n  y: 4\n").load().unwrap_err();
    assert_eq!(problems.len(), 2);
    let places: Vec<_> = problems.iter().map(|p| p.related[0].0.to_string()).collect();
    assert_eq!(places, ["f.yaml:2:3", "f.yaml:3:3"]);
}

#[test]
fn bytes_that_are_no_text_are_named() {
    assert!(said(b"a: 1\nb: \xff\n".to_vec()).contains("f.yaml:2:4 this is not UTF-8"));
    assert!(said(b"\xff\xfea\0:\0".to_vec()).contains("f.yaml:1:1 this is not UTF-8"));
    assert!(said(b"a: caf\xe9\n".to_vec()).contains("f.yaml:1:7 this is not UTF-8"));
}

#[test]
fn line_ends_marks_and_an_empty_file_are_no_difference() {
    let expected = json!({ "x": 1, "y": [2] });
    check("a:\r\n  x: 1\r\n  y: [2]\r\n", &expected);
    check("\u{feff}a:\n  x: 1\n  y: [2]", &expected);
    check("%YAML 1.2\n---\na:\n  x: 1\n  y:\n  - 2\n...\n", &expected);
    for nothing in ["", "\n\n", "# only words\n", "---\n", "a:\n", "a: ~\n"] {
        check(nothing, &json!(null));
    }
    let ssot = layers("# ä€𝄞\na: {ä: 1}\n").load().unwrap();
    assert_eq!(ssot.origin("a.ä").unwrap().to_string(), "f.yaml:2:8");
}

#[test]
fn a_bomb_of_aliases_nesting_or_size_ends_at_once() {
    let mut bomb = "x-0: &a0 [1,1,1,1,1,1,1,1,1,1]\n".to_owned();
    for n in 1..20 {
        let before = vec![format!("*a{}", n - 1); 10].join(",");
        bomb.push_str(&format!("x-{n}: &a{n} [{before}]\n"));
    }
    assert!(said(bomb).contains("values once aliases are followed"));
    assert!(said("a: ".to_owned() + &"[".repeat(10_000)).starts_with("f.yaml:1:"));
    assert!(
        said("a:\n".to_owned() + &(1..500).map(|n| " ".repeat(n) + "x:\n").collect::<String>())
            .contains("f.yaml:")
    );
    let long = format!("a: \"{}\"\n", "x".repeat(5 << 20));
    assert!(said(long).contains("at most 4194304 are read"));
    assert!(said(format!("a: [{}]\n", "1,".repeat(300_000))).contains("more than 200000 values"));
}
