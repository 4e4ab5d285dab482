//! What YAML 1.1 and 1.2 read differently is refused where it matters, and text stays text.

use std::fmt::Debug;

use plimsoll_ssot::{Layers, SectionSpec};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct One<T> {
    v: T,
}

/// The value of `v: TEXT` as a type, from a file; or what is said about it.
fn read<T: Serialize + DeserializeOwned + Default + 'static>(text: &str) -> Result<T, String> {
    let spec = SectionSpec::new("s", &One { v: T::default() });
    let layers = Layers::new().with_section(spec).with_file("f.yaml", format!("s:\n  v: {text}\n"));
    let ssot = layers.load().map_err(|problems| problems.to_string())?;
    Ok(ssot.section::<One<T>>("s").unwrap().into_inner().v)
}

/// The same from a variable.
fn variable<T>(text: &str) -> Result<T, String>
where
    T: Serialize + DeserializeOwned + Default + 'static,
{
    let spec = SectionSpec::new("s", &One { v: T::default() });
    let layers = Layers::new().with_section(spec).with_env([("PLIMSOLL_S__V", text)]);
    let ssot = layers.load().map_err(|problems| problems.to_string())?;
    Ok(ssot.section::<One<T>>("s").unwrap().into_inner().v)
}

#[track_caller]
fn check<T>(text: &str, expected: T)
where
    T: Serialize + DeserializeOwned + Default + Debug + PartialEq + 'static,
{
    assert_eq!(read::<T>(text), Ok(expected), "{text}");
}

#[track_caller]
fn refused<T>(text: &str, said: &str)
where
    T: Serialize + DeserializeOwned + Default + Debug + 'static,
{
    let problems = read::<T>(text).unwrap_err();
    assert!(problems.contains(said), "{text}: {problems}");
}

#[test]
fn text_stays_what_was_written() {
    for text in [
        "no",
        "No",
        "off",
        "y",
        "on",
        "012",
        "08",
        "1_000",
        "0b11",
        "0o14",
        "0x1f",
        "12:30:45",
        "190:20:30",
        "1.10",
        "1e3",
        "2026-11-24",
        "true",
        ".inf",
        ".nan",
        "+1",
        "1,000",
        "9.2.3",
        "=",
        "0",
        "-0",
        "0.0",
    ] {
        check(text, text.to_owned());
        assert_eq!(variable::<String>(text), Ok(text.to_owned()), "{text}");
    }
    check("\"null\"", "null".to_owned());
    check("'~'", "~".to_owned());
    check("!!str 12", "12".to_owned());
    check("|\n    two\n    lines", "two\nlines\n".to_owned());
    check(">-\n    one\n    line", "one line".to_owned());
    for nothing in ["", "~", "null", "Null", "NULL"] {
        refused::<String>(nothing, "is nothing, wanted text");
    }
}

#[test]
fn a_truth_value_is_true_or_false() {
    for (text, expected) in [("true", true), ("True", true), ("FALSE", false), ("false", false)] {
        check(text, expected);
        assert_eq!(variable::<bool>(text), Ok(expected));
    }
    for (text, meaning) in [
        ("yes", "true"),
        ("On", "true"),
        ("y", "true"),
        ("NO", "false"),
        ("off", "false"),
        ("n", "false"),
    ] {
        refused::<bool>(
            text,
            &format!("is {meaning} in YAML 1.1 and text in 1.2: write {meaning}"),
        );
        assert!(variable::<bool>(text).is_err());
    }
    refused::<bool>("1", "`s.v` is `1`, wanted true or false");
    refused::<bool>("tRUE", "wanted true or false");
    refused::<bool>("\"true\"", "leave out the quotes");
    refused::<bool>("", "is nothing");
    refused::<bool>("[true]", "is a list");
}

#[test]
fn a_number_that_means_two_things_is_refused() {
    for (text, hint) in [
        ("012", "10 in YAML 1.1 and 12 in 1.2: write 12 or 0o12"),
        ("-012", "-10 in YAML 1.1 and -12 in 1.2: write -12 or -0o12"),
        ("+012", "write 12 or 0o12"),
        ("08", "without the leading zero: 8"),
        ("007", "without the leading zero: 7"),
        ("00", "without the leading zero: 0"),
        ("1_000", "is one in YAML 1.1 and text in 1.2: write 1000"),
        ("0x_ff", "write 0xff"),
        ("1:30", "is 90 in YAML 1.1 and text in 1.2: write 90"),
        ("190:20:30", "is 685230 in YAML 1.1"),
        ("0b101", "is a number in YAML 1.1 and text in 1.2: write 5"),
    ] {
        refused::<i64>(text, hint);
        refused::<f64>(text, hint);
        assert!(variable::<i64>(text).is_err(), "{text}");
    }
    refused::<f64>("01.5", "without the leading zero: 1.5");
    refused::<f64>("1_000.5", "write 1000.5");
}

#[test]
fn numbers_are_read_whole_and_in_their_range() {
    for (text, expected) in [
        ("0", 0),
        ("-0", 0),
        ("+7", 7),
        ("-12", -12),
        ("0x1F", 31),
        ("0o14", 12),
        ("-0x10", -16),
        ("9223372036854775807", i64::MAX),
        ("!!int 5", 5),
        ("!!int \"5\"", 5),
    ] {
        check(text, expected);
    }
    for (text, expected) in
        [("1", 1.0), ("1.5", 1.5), ("-.5", -0.5), ("1.", 1.0), ("1e-3", 0.001), ("0x10", 16.0)]
    {
        check(text, expected);
    }
    refused::<u8>("256", "is `256`, wanted a whole number from 0 to 255");
    refused::<u8>("-1", "wanted a whole number from 0 to 255");
    refused::<u64>("-1", "wanted a whole number, 0 or more");
    refused::<i64>("9223372036854775808", "wanted a whole number");
    refused::<i64>("99999999999999999999999999999999999999999", "which no number type holds");
    refused::<u32>("1.0", "write 1");
    refused::<u32>("1e3", "write 1000");
    refused::<u32>("1.5", "wanted a whole number");
    refused::<u32>("\"5\"", "leave out the quotes");
    refused::<u32>("five", "`s.v` is `five`");
    refused::<f64>(".inf", "a setting has to be finite");
    refused::<f64>("-.NaN", "a setting has to be finite");
    refused::<f64>("1e999", "is not finite");
    refused::<f64>("inf", "wanted a number");
    refused::<f64>("nan", "wanted a number");
    refused::<f64>("5%", "a ratio is written as 0.05");
    refused::<f64>("1,5", "wanted a number");
}

#[test]
fn nothing_is_something_only_where_it_may_be() {
    for nothing in ["", "~", "null"] {
        check(nothing, None::<u32>);
    }
    assert_eq!(variable::<Option<u32>>("null"), Ok(None));
    assert_eq!(variable::<Option<u32>>("~"), Ok(None));
    assert_eq!(variable::<Option<u32>>(" 5 "), Ok(Some(5)));
    assert_eq!(variable::<Option<u32>>(""), Ok(None), "an empty variable says nothing");
    refused::<Option<u32>>("\"~\"", "wanted a whole number");
    refused::<u32>("", "is nothing");
    assert_eq!(variable::<Vec<u16>>("[1, 2]"), Ok(vec![1, 2]));
    assert!(variable::<Vec<u16>>("1, 2").unwrap_err().contains("a list is written as [a, b]"));
    assert!(variable::<Vec<u16>>("[1, x]").unwrap_err().contains("`s.v[1]` is `x`"));
}

/// What it is when nobody asks for a type.
#[test]
fn a_value_of_any_type_is_what_both_versions_of_yaml_say() {
    use serde_json::{Value, json};
    for (text, expected) in [
        ("1", json!(1)),
        ("-1", json!(-1)),
        ("1.5", json!(1.5)),
        ("true", json!(true)),
        ("~", json!(null)),
        ("\"1\"", json!("1")),
        ("no", json!("no")),
        ("012", json!("012")),
        ("1_000", json!("1_000")),
        ("12:30", json!("12:30")),
        ("18446744073709551615", json!(u64::MAX)),
        ("{a: [1, {b: ~}]}", json!({ "a": [1, { "b": null }] })),
    ] {
        check::<Value>(text, expected);
    }
}
