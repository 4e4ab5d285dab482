//! Finding and masking.

use std::borrow::Cow;
use std::ops::Range;

use crate::text::Text;
use crate::{Kind, Rules, assignment, near, pem, screen, shape, url};

/// Masking one secret can make another stand out; so often at most the result is looked at again.
const PASSES_MAX: usize = 8;

/// Where a secret stands, and what sort it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Span {
    /// Bytes of the text; both ends lie between characters.
    pub range: Range<usize>,
    /// What sort of secret it is.
    pub kind: Kind,
}

/// Spans as the scanners find them: in no order, possibly overlapping.
pub(crate) struct Found<'a> {
    rules: &'a Rules,
    spans: Vec<Span>,
}

impl Found<'_> {
    pub(crate) fn push(&mut self, span: Span) {
        if span.range.start < span.range.end && self.rules.wants(span.kind) {
            self.spans.push(span);
        }
    }

    pub(crate) fn add(&mut self, start: usize, end: usize, kind: Kind) {
        self.push(Span { range: start..end, kind });
    }
}

/// Returns where secrets stand in `text`, in order and without overlap.
///
/// Takes time in proportion to the length of the text.
#[must_use]
pub fn find(text: &str, rules: &Rules) -> Vec<Span> {
    if screen::may_hold(text) {
        return find_everywhere(text, rules);
    }
    let mut found = Found { rules, spans: Vec::new() };
    rules.known().find(&Text::without_words(text), &mut found);
    merge(found.spans)
}

/// What [`find`] finds, by every scanner.
pub(crate) fn find_everywhere(text: &str, rules: &Rules) -> Vec<Span> {
    let mut found = Found { rules, spans: Vec::new() };
    let view = Text::new(text);
    rules.known().find(&view, &mut found);
    pem::find(text, &mut found);
    shape::find(&view, &mut found);
    url::find(&view, &mut found);
    assignment::find(&view, &mut found);
    near::find(&view, &mut found);
    merge(found.spans)
}

/// Replaces every secret in `text` by `[redacted:KIND]`.
///
/// What is not a secret stays as it is, and masking again changes nothing.
#[must_use]
pub fn mask<'a>(text: &'a str, rules: &Rules) -> Cow<'a, str> {
    let mut masked = Cow::Borrowed(text);
    for _ in 0..PASSES_MAX {
        let spans = find(&masked, rules);
        if spans.is_empty() {
            break;
        }
        masked = Cow::Owned(replace(&masked, &spans));
    }
    masked
}

/// Joins spans that overlap; the one that begins first, then the longest, gives the kind.
fn merge(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by(|a, b| (a.range.start, b.range.end).cmp(&(b.range.start, a.range.end)));
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.range.start < last.range.end => {
                last.range.end = last.range.end.max(span.range.end);
            }
            _ => merged.push(span),
        }
    }
    merged
}

fn replace(text: &str, spans: &[Span]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut from = 0;
    for span in spans {
        masked.push_str(text.get(from..span.range.start).unwrap_or_default());
        masked.push_str("[redacted:");
        masked.push_str(span.kind.name());
        masked.push(']');
        from = span.range.end;
    }
    masked.push_str(text.get(from..).unwrap_or_default());
    masked
}
