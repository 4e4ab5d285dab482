//! What is kept of what a child writes.

use std::time::Duration;

use plimsoll_process::{Captured, Command, Exit};
use proptest::prelude::{ProptestConfig, prop, proptest};

use crate::sh;

#[track_caller]
fn check(script: &str, limit_bytes: usize, head: &str, left_out_bytes: u64, tail: &str) {
    let output = sh(script).output_limit(limit_bytes).run().unwrap();
    for (name, stream) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let found = (String::from_utf8_lossy(&stream.head), String::from_utf8_lossy(&stream.tail));
        assert_eq!((found.0.as_ref(), found.1.as_ref()), (head, tail), "{name}");
        assert_eq!(stream.left_out_bytes, left_out_bytes, "{name}");
        let total = head.len() + tail.len();
        assert_eq!(stream.total_bytes(), left_out_bytes + u64::try_from(total).unwrap(), "{name}");
    }
}

#[test]
fn a_stream_is_kept_whole_up_to_its_limit_and_counted_beyond() {
    let script = "printf 0123456789 | tee /dev/stderr";
    check(script, 100, "0123456789", 0, "");
    check(script, 10, "0123456789", 0, "");
    check(script, 9, "01234", 1, "6789");
    check(script, 4, "01", 6, "89");
    check(script, 1, "0", 9, "");
    check(script, 0, "", 10, "");
    check("true", 4, "", 0, "");
}

#[test]
fn a_child_that_writes_far_beyond_the_limit_is_not_blocked() {
    let script = "head -c 30000000 /dev/zero; printf end; head -c 30000000 /dev/zero >&2";
    let output = sh(script).output_limit(1000).run().unwrap();
    assert!(output.success());
    assert_eq!(output.stdout.left_out_bytes, 30_000_003 - 1000);
    assert_eq!(output.stderr.left_out_bytes, 30_000_000 - 1000);
    assert!(output.stdout.tail.ends_with(b"\0end"));
    assert_eq!(output.stdout.whole(), None);
    assert!(output.stdout.text().contains("\n[29999003 bytes left out]\n"));
}

#[test]
fn input_and_output_larger_than_any_pipe_flow_at_the_same_time() {
    let input: Vec<u8> = (0..3_000_000_u32).map(|i| i.to_le_bytes()[0]).collect();
    let output = Command::new("cat").stdin(input.clone()).output_limit(8 << 20).run().unwrap();
    assert_eq!(output.stdout.whole(), Some(input.as_slice()));
    assert_eq!(output.stdin_unsent_bytes, 0);
}

#[test]
fn input_that_a_child_does_not_take_is_counted() {
    let output = sh("exit 0").stdin(vec![b'x'; 4 << 20]).run().unwrap();
    assert!(output.success());
    assert!(output.stdin_unsent_bytes >= 3 << 20, "{}", output.stdin_unsent_bytes);
    let nothing = sh("wc -c").run().unwrap();
    assert_eq!(nothing.stdout.text().trim(), "0");
}

#[test]
fn exit_codes_and_signals_are_told_apart() {
    let cases = [
        ("exit 0", Exit::Code(0)),
        ("exit 3", Exit::Code(3)),
        ("exit 143", Exit::Code(143)),
        ("kill -TERM $$", Exit::Signal(15)),
        ("kill -KILL $$", Exit::Signal(9)),
    ];
    for (name, expected) in cases {
        let output = sh(name).run().unwrap();
        assert_eq!(output.exit, expected, "{name}");
        assert_eq!(output.success(), expected == Exit::Code(0), "{name}");
        assert_ne!(output.code().is_some(), output.signal().is_some(), "{name}");
        assert!(output.elapsed > Duration::ZERO, "{name}");
    }
    assert_eq!(Exit::Signal(9).to_string(), "signal 9");
    assert_eq!(Exit::Code(2).to_string(), "exit code 2");
}

#[test]
fn bytes_that_are_no_text_are_kept_as_they_are() {
    let output = sh(r"printf 'a\377b'").run().unwrap();
    assert_eq!(output.stdout.whole(), Some(b"a\xffb".as_slice()));
    assert_eq!(output.stdout.text(), "a\u{fffd}b");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn head_and_tail_are_the_ends_of_the_stream(
        bytes in prop::collection::vec(1_u8.., 0..300_usize),
        limit_bytes in 0..320_usize,
    ) {
        let run = Command::new("cat").stdin(bytes.clone()).output_limit(limit_bytes).run().unwrap();
        let Captured { head, tail, left_out_bytes, .. } = run.stdout;
        assert!(bytes.starts_with(&head) && bytes.ends_with(&tail));
        assert!(head.len() + tail.len() <= limit_bytes.max(bytes.len().min(limit_bytes)));
        let left_out = usize::try_from(left_out_bytes).unwrap();
        assert_eq!(head.len() + left_out + tail.len(), bytes.len());
        assert_eq!(left_out, bytes.len().saturating_sub(limit_bytes));
    }
}
