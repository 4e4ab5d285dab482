//! The text of a file as nodes with places. One document, no tags but those of the core schema.

mod build;

use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span};

use self::build::Build;
use crate::key::Key;
use crate::node::{At, Node};
use crate::problem::{Problem, ProblemKind};

/// Longest file that is read.
pub(crate) const BYTES_MAX: usize = 4 << 20;
/// Most values in a file after every alias has been followed.
pub(crate) const NODES_MAX: usize = 200_000;
/// Deepest nesting.
const DEPTH_MAX: usize = 64;

/// Reads a text; `None` when there is no value in it.
pub(crate) fn parse(file: usize, text: &str) -> Result<Option<Arc<Node>>, Vec<Problem>> {
    if text.len() > BYTES_MAX {
        let message = format!("the file has {} bytes, at most {BYTES_MAX} are read", text.len());
        return Err(vec![syntax(file, 0..0, message)]);
    }
    let mut build = Build::new(file);
    for next in Parser::new_from_str_with_options(text, options()) {
        let went_on = match next {
            Ok((event, span)) => step(&mut build, event, &span, text),
            Err(error) => {
                build.problems.push(of_scan(file, text, &error));
                false
            }
        };
        if !went_on {
            break;
        }
    }
    build.finish()
}

/// The comments of a text, and where they stand; `None` if it is not YAML.
pub(crate) fn comments(text: &str) -> Option<Vec<(String, Range<usize>)>> {
    let mut options = options();
    options.set_emit_comments(true);
    options.max_buffered_comment_events = usize::MAX;
    let events = Parser::new_from_str_with_options(text, options);
    let comment = |next: Result<(Event<'_>, Span), ScanError>| match next {
        Ok((Event::Comment(text, _), span)) => {
            Some(Ok((text.into_owned(), span.byte_range().unwrap_or_default())))
        }
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    };
    events.filter_map(comment).collect::<Result<_, _>>().ok()
}

fn options() -> Options {
    let mut options = Options::default();
    options.emit_anchor_events = false;
    options.emit_unresolved_aliases = true;
    options.set_emit_comments(false);
    options.flow_nesting_limit = DEPTH_MAX;
    options.block_nesting_limit = DEPTH_MAX;
    options
}

/// Takes one event in; false when there is no use in going on.
fn step(build: &mut Build, event: Event<'_>, span: &Span, source: &str) -> bool {
    let mut bytes = span.byte_range().unwrap_or_default();
    match event {
        Event::DocumentStart(..) => return build.document(bytes),
        Event::Scalar(text, style, anchor, tag) => {
            let is_plain = style == ScalarStyle::Plain;
            if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                // The blanks up to the next thing are not what somebody wrote.
                let written = source.get(bytes.clone()).unwrap_or_default();
                bytes.end = bytes.start + written.trim_end().len();
            }
            build.scalar(text.into_owned(), is_plain, (anchor, tag.as_deref()), bytes);
        }
        Event::SequenceStart(_, anchor, tag) => build.open_list(anchor, tag.as_deref(), bytes),
        Event::MappingStart(_, anchor, tag) => build.open_map(anchor, tag.as_deref(), bytes),
        Event::SequenceEnd | Event::MappingEnd => build.close(&bytes),
        Event::Alias(anchor) => build.alias(anchor, bytes),
        Event::UnresolvedAlias(name) => build.unknown_alias(&name, bytes),
        _ => {}
    }
    build.has_room()
}

pub(crate) fn syntax(file: usize, bytes: Range<usize>, message: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Syntax, &Key::root(), &At::File { file, bytes }, message)
}

fn of_scan(file: usize, text: &str, error: &ScanError) -> Problem {
    let at = error.marker().byte_offset().unwrap_or(0).min(text.len());
    let end = text.get(at..).and_then(|rest| rest.chars().next()).map_or(at, |c| at + c.len_utf8());
    let problem = syntax(file, at..end, format!("this is not YAML: {}", error.info()));
    let line = text.get(..at).and_then(|before| before.rsplit('\n').next()).unwrap_or_default();
    if line.contains('\t') && line.trim_start_matches([' ', '\t']).is_empty() {
        return problem.with_hint("indent by blanks, not by tabs");
    }
    problem
}
