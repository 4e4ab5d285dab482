use std::path::Path;

use testbed::masked;

struct Case {
    name: &'static str,
    text: &'static str,
    expected: &'static str,
}

#[test]
fn only_what_differs_from_run_to_run_is_masked() {
    let cases = [
        Case { name: "prose stays", text: "three orders, café", expected: "three orders, café" },
        Case { name: "dir", text: "`/tmp/d7/x`", expected: "`[dir]/x`" },
        Case {
            name: "time with fraction",
            text: "at 2026-01-31T12:00:00.123456Z.",
            expected: "at [time].",
        },
        Case { name: "time with a space", text: "2026-01-31 12:00:00 up", expected: "[time] up" },
        Case { name: "a date alone stays", text: "2026-01-31", expected: "2026-01-31" },
        Case {
            name: "port",
            text: "http://127.0.0.1:8080/x",
            expected: "http://127.0.0.1:[port]/x",
        },
        Case { name: "digest", text: "sha256:0123456789abcdef0", expected: "sha256:[hex]" },
        Case { name: "a short number stays", text: "12345678", expected: "12345678" },
        Case {
            name: "a long word stays",
            text: "deadbeefdeadbeefzz",
            expected: "deadbeefdeadbeefzz",
        },
    ];
    for case in cases {
        assert_eq!(masked(case.text, Path::new("/tmp/d7")), case.expected, "{}", case.name);
    }
}
