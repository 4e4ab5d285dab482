//! The text of a backtrace as frames, the outermost first, as Sentry wants them.

use sentry_core::protocol::Frame;

/// Frames that are kept, from the inside.
const FRAMES_MAX: usize = 64;

/// The last function of the machinery that every panic has inside of the one that panicked.
const UNWIND: &str = "rust_begin_unwind";

/// Functions between the machinery and the one that panicked.
const CHECKS: [&str; 4] = ["core::panicking", "core::option", "core::result", "core::slice::index"];

/// The function around everything that a thread does.
const OUTSIDE: &str = "__rust_begin_short_backtrace";

/// Reads lines such as `  3: strategy::run` and `         at ./src/main.rs:12:5`.
pub(super) fn parse(trace: &str) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    for line in trace.lines() {
        let line = line.trim();
        if let Some(place) = line.strip_prefix("at ") {
            if let Some(frame) = frames.last_mut() {
                locate(frame, place);
            }
        } else if let Some((number, function)) = line.split_once(": ")
            && number.bytes().all(|b| b.is_ascii_digit())
        {
            let in_app = Some(!is_foreign(function));
            let function = Some(function.to_owned());
            frames.push(Frame { function, in_app, ..Frame::default() });
        }
    }
    let is = |frame: &Frame, name: &str| {
        frame.function.as_deref().is_some_and(|function| function.contains(name))
    };
    let inside =
        frames.iter().position(|frame| is(frame, UNWIND)).map_or(0, |at| at.saturating_add(1));
    let is_check = |frame: &Frame| CHECKS.iter().any(|check| is(frame, check));
    let mut kept: Vec<Frame> = frames
        .into_iter()
        .skip(inside)
        .skip_while(is_check)
        .take_while(|frame| !is(frame, OUTSIDE))
        .take(FRAMES_MAX)
        .collect();
    kept.reverse();
    kept
}

fn locate(frame: &mut Frame, place: &str) {
    let mut parts = place.rsplitn(3, ':');
    let column = parts.next().and_then(|n| n.parse().ok());
    let line = parts.next().and_then(|n| n.parse().ok());
    if let (Some(column), Some(line), Some(file)) = (column, line, parts.next()) {
        frame.filename = Some(file.to_owned());
        (frame.lineno, frame.colno) = (Some(line), Some(column));
        let is_foreign = file.contains("/.cargo/registry/") || file.starts_with("/rustc/");
        frame.in_app = Some(frame.in_app == Some(true) && !is_foreign);
    }
}

fn is_foreign(function: &str) -> bool {
    ["std::", "core::", "alloc::", "<alloc::", "<core::", "__", "_start", "main"]
        .iter()
        .any(|start| function.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backtrace_becomes_frames_from_the_outside_in() {
        let trace = "   0: std::backtrace::Backtrace::force_capture\n\
                     \x20            at /rustc/x/library/std/src/backtrace.rs:312:9\n\
                     \x20  1: __rustc::rust_begin_unwind\n\
                     \x20  2: core::panicking::panic_fmt\n\
                     \x20  3: core::option::unwrap_failed\n\
                     \x20  4: strategy::on_fill\n\
                     \x20            at ./src/strategy.rs:12:5\n\
                     \x20  5: core::ops::function::FnOnce::call_once\n\
                     \x20  6: strategy::run\n\
                     \x20  7: std::sys::backtrace::__rust_begin_short_backtrace\n\
                     \x20  8: main\n";
        let frames = parse(trace);
        let names: Vec<_> = frames.iter().filter_map(|f| f.function.as_deref()).collect();
        let wanted =
            ["strategy::run", "core::ops::function::FnOnce::call_once", "strategy::on_fill"];
        assert_eq!(names, wanted);
        let inner = frames.last().unwrap();
        assert_eq!(
            (inner.filename.as_deref(), inner.lineno),
            (Some("./src/strategy.rs"), Some(12))
        );
        assert_eq!((inner.in_app, frames[1].in_app), (Some(true), Some(false)));
    }
}
