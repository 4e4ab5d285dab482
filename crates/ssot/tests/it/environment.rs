//! Variables as the uppermost layer.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use crate::desk::{self, Limits, Ports, Ralph};

fn ralph(variables: &[(&str, &str)]) -> Ralph {
    let layers = desk::with("ralph: {max_iterations: 3}\n").with_env(variables.iter().copied());
    layers.load().unwrap().section::<Ralph>("ralph").unwrap().into_inner()
}

#[track_caller]
fn said(variables: &[(&str, &str)]) -> String {
    desk::with("").with_env(variables.iter().copied()).load().unwrap_err().to_string()
}

#[test]
fn a_variable_holds_over_every_file() {
    assert_eq!(ralph(&[("PLIMSOLL_RALPH__MAX_ITERATIONS", "7")]).max_iterations.get(), 7);
    assert_eq!(ralph(&[("RALPH_MAX_ITERATIONS", "7")]).max_iterations.get(), 7, "by its own name");
    assert_eq!(ralph(&[("PLIMSOLL_RALPH__LABEL", "012")]).label, "012");
    assert_eq!(ralph(&[("PLIMSOLL_RALPH__MODE", "off")]).mode, desk::Mode::Off);
    let untouched = ralph(&[
        ("PLIMSOLL_RALPH__MAX_ITERATIONS", ""),
        ("PLIMSOLL_PROFILE", "prod"),
        ("PLIMSOLL_SLOW_TESTS", "1"),
        ("RALPH__MAX_ITERATIONS", "9"),
        ("PATH", "/bin"),
    ]);
    assert_eq!(untouched.max_iterations.get(), 3, "what is empty or not ours says nothing");
}

#[test]
fn a_free_name_is_spelled_as_the_file_spells_it() {
    let layers = desk::with("ports: {quest-db.ilp: 9009, Redis: 6379}\n").with_env([
        ("PLIMSOLL_PORTS__QUEST_DB_ILP", "9010"),
        ("PLIMSOLL_PORTS__REDIS", "6380"),
        ("PLIMSOLL_PORTS__NEW_ONE", "1"),
    ]);
    let ports = layers.load().unwrap().section::<Ports>("ports").unwrap().into_inner();
    let expected = [
        ("Redis", 6380),
        ("grafana", 3000),
        ("new_one", 1),
        ("quest-db.ilp", 9010),
        ("questdb_ilp", 9009),
    ];
    assert_eq!(ports, expected.map(|(name, port)| (name.to_owned(), port)).into());
}

#[test]
fn a_list_in_a_variable_replaces_the_list() {
    let layers = desk::with("limits: {position: [{match: x, max_qty: 1}]}\n").with_env([(
        "PLIMSOLL_LIMITS__POSITION",
        "[{match: y, max_qty: 2}, {match: z, max_qty: 3}]",
    )]);
    let ssot = layers.load().unwrap();
    let limits = ssot.section::<Limits>("limits").unwrap();
    assert_eq!(limits.position.len(), 2);
    assert_eq!(
        limits.origin("position[1].max_qty").unwrap().to_string(),
        "PLIMSOLL_LIMITS__POSITION"
    );
}

#[test]
fn what_a_variable_cannot_be_is_said_with_its_name() {
    for (variables, expected) in [
        (&[("PLIMSOLL_RALHP__LABEL", "x")][..], "did you mean `ralph`?"),
        (&[("PLIMSOLL_RALPH__LABLE", "x")], "did you mean `label`?"),
        (&[("PLIMSOLL_RALPH__MAX_ITERATIONS", "012")], "PLIMSOLL_RALPH__MAX_ITERATIONS=012"),
        (&[("PLIMSOLL_RALPH__", "x")], "`ralph` has no key ``"),
        (
            &[("RALPH_MAX_ITERATIONS", "1"), ("PLIMSOLL_RALPH__MAX_ITERATIONS", "2")],
            "two variables set `ralph.max_iterations`",
        ),
        (&[("PLIMSOLL_RALPH__LABEL", "x"), ("PLIMSOLL_RALPH__LABEL__X", "y")], "two variables set"),
        (&[("PLIMSOLL_LIMITS__POSITION__0__MAX_QTY", "1")], "wanted a list"),
        (&[("PLIMSOLL_PORTS", "1")], ""),
    ] {
        if expected.is_empty() {
            assert!(desk::with("").with_env(variables.iter().copied()).load().is_ok());
            continue;
        }
        assert!(said(variables).contains(expected), "{variables:?}: {}", said(variables));
    }
    let same = [("RALPH_MAX_ITERATIONS", "7"), ("PLIMSOLL_RALPH__MAX_ITERATIONS", "7")];
    assert_eq!(ralph(&same).max_iterations.get(), 7, "two that agree are no contradiction");
    let bytes = OsString::from_vec(vec![0xff]);
    let name = OsString::from("PLIMSOLL_RALPH__LABEL");
    let problems = desk::with("").with_env([(name, bytes)]).load().unwrap_err();
    assert!(problems.to_string().contains("is no Unicode text"), "{problems}");
}
