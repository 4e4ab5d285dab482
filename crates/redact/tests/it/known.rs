//! Values that the caller knows, in all their forms.

use plimsoll_redact::{Rules, mask};

const VALUE: &str = "pä \"ss/w+rd\\9";

#[track_caller]
fn check(text: &str, expected: &str) {
    let rules = Rules::default().with_known([VALUE, "tiny", "plainvalue"]);
    assert_eq!(mask(text, &rules), expected);
}

#[test]
fn a_known_value_is_masked_in_every_form() {
    check("<pä \"ss/w+rd\\9>", "<[redacted:known]>");
    check("q=p%C3%A4%20%22ss%2Fw%2Brd%5C9&n", "q=[redacted:known]&n");
    check("q=p%c3%a4%20%22ss%2fw%2brd%5c9&n", "q=[redacted:known]&n");
    check("q=p%C3%A4+%22ss%2Fw%2Brd%5C9&n", "q=[redacted:known]&n");
    check(r#"{"x":"pä \"ss/w+rd\\9"}"#, r#"{"x":"[redacted:known]"}"#);
    check(r#"{"x":"p\u00e4 \"ss\/w+rd\\9"}"#, r#"{"x":"[redacted:known]"}"#);
    check("xxplainvaluexx", "xx[redacted:known]xx");
}

#[test]
fn a_known_value_is_masked_in_base64_at_every_offset() {
    // Base64 of `plainvalue`, `:plainvalue`, `ab:plainvalue:c` and `a:plainvalue`.
    for encoded in
        ["cGxhaW52YWx1ZQ==", "OnBsYWludmFsdWU=", "YWI6cGxhaW52YWx1ZTpj", "YTpwbGFpbnZhbHVl"]
    {
        let masked = mask(encoded, &Rules::default().with_known(["plainvalue"])).into_owned();
        assert!(masked.contains("[redacted:known]"), "{encoded} became {masked}");
        assert!(masked.len() < "[redacted:known]".len() + 8, "{encoded} became {masked}");
    }
}

#[test]
fn short_values_are_counted_and_not_looked_for() {
    let rules = Rules::default().with_known(["", "tiny", "longenough"]);
    assert_eq!(rules.ignored_known(), 2);
    assert_eq!(mask("a tiny thing", &rules), "a tiny thing");
}

#[test]
fn rules_do_not_print_what_they_know() {
    let printed = format!("{:?}", Rules::default().with_known(["plainvalue"]));
    assert!(!printed.contains("plainvalue"), "{printed}");
}

#[test]
fn a_value_that_is_part_of_the_mask_itself_does_not_grow_it() {
    let rules = Rules::default().with_known(["redacted", "[redacted:known]", "known]"]);
    let masked = mask("it was redacted twice", &rules).into_owned();
    assert_eq!(masked, "it was [redacted:known] twice");
    assert_eq!(mask(&masked, &rules), masked);
}
