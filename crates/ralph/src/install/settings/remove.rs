//! Taking hooks out again.

use jsonc_parser::ast::{Object, Value};
use jsonc_parser::common::{Range, Ranged};

use super::{Edit, PROGRAM, Parsed, SettingsError, hooks_of, names, with_parsed};

/// More of our own than this in one file are a mistake; each takes one pass.
const PASSES_MAX: usize = 64;

/// Turns edits back, in the order in which they stand in the text, whatever was changed between them. `None`: that
/// cannot be told, because doing the same again would not make the text that is there.
pub(in crate::install) fn undo(
    text: &str,
    edits: &[Edit],
    again: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let mut undone = String::with_capacity(text.len());
    let mut rest = text;
    for Edit { old, new, .. } in edits {
        let (before, after) = rest.split_once(new.as_str())?;
        undone.push_str(before);
        undone.push_str(old);
        rest = after;
    }
    undone.push_str(rest);
    (again(&undone).as_deref() == Some(text)).then_some(undone)
}

/// Takes everything of ours out of a text in which it cannot be found as it was put in: a client writes its settings
/// anew when it changes them.
pub(in crate::install) fn take_out(text: &str) -> Result<String, SettingsError> {
    let mut left = text.to_owned();
    for _ in 0..PASSES_MAX {
        let cut = with_parsed(&left, |parsed| {
            Ok(parsed.and_then(|parsed| first_of_ours(parsed).map(|part| part.cut(&left, parsed))))
        })?;
        match cut {
            Some(pieces) => {
                for piece in pieces {
                    left.replace_range(piece.start..piece.end, "");
                }
            }
            None => break,
        }
    }
    Ok(left)
}

/// A part of an object or a list.
struct Part {
    container: Range,
    part: Range,
    before: Option<Range>,
    after: Option<Range>,
}

impl Part {
    fn of<T: Ranged>(container: Range, parts: &[T], index: usize) -> Option<Part> {
        let range = |index: usize| parts.get(index).map(Ranged::range);
        let before = index.checked_sub(1).and_then(range);
        Some(Part { container, part: range(index)?, before, after: range(index + 1) })
    }

    /// The pieces that go: itself with the blanks before it, and one comma. Comments stay.
    fn cut(&self, text: &str, parsed: &Parsed<'_, '_>) -> Vec<Range> {
        let slice = |start: usize, end: usize| text.get(start..end).unwrap_or_default();
        let comma_in = |start: usize, end: usize| {
            parsed.commas.iter().copied().find(|at| (start..end).contains(at))
        };
        let close = self.container.end - 1;
        let trailing = comma_in(self.part.end, self.after.map_or(close, |after| after.start));
        let comma = trailing.or_else(|| comma_in(self.before?.end, self.part.start));
        let start = slice(0, self.part.start).trim_end_matches(BLANKS).len();
        let start = start.max(end_of_line_comment(start, text, parsed));
        let mut end = self.part.end;
        let mut pieces = Vec::new();
        if let Some(comma) = comma {
            if comma >= end && slice(end, comma).trim_matches(BLANKS).is_empty() {
                end = comma + 1;
            } else {
                pieces.push(Range::new(comma, comma + 1));
            }
        }
        // What would be left is a gap: on one line before the next part, or in brackets with nothing in them.
        let gap_end = match self.after {
            Some(after) if start == self.part.start => after.start,
            None if self.before.is_none() => close,
            _ => end,
        };
        if slice(end, gap_end).trim_matches(BLANKS).is_empty() && !slice(0, start).ends_with('\n') {
            end = gap_end.max(end);
        }
        pieces.push(Range::new(start, end));
        pieces.sort_by_key(|piece| std::cmp::Reverse(piece.start));
        pieces
    }
}

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// Where the line begins that follows a line comment which ends at `at`: the comment needs the end of its line.
fn end_of_line_comment(at: usize, text: &str, parsed: &Parsed<'_, '_>) -> usize {
    let is_line = |(start, end): &(usize, usize)| {
        *end == at && text.get(*start..).is_some_and(|text| text.starts_with("//"))
    };
    if !parsed.comments.iter().any(is_line) {
        return at;
    }
    let rest = text.get(at..).unwrap_or_default();
    at + ["\r\n", "\n"].into_iter().find(|end| rest.starts_with(end)).map_or(0, str::len)
}

/// The innermost part that holds nothing but a hook of ours, or that a removed one has left empty.
fn first_of_ours(parsed: &Parsed<'_, '_>) -> Option<Part> {
    let root = parsed.root;
    let is_status = |value: &Value<'_>| {
        let command = value.as_object().and_then(|line| line.get("command"));
        let command = command.and_then(|prop| prop.value.as_string_lit());
        command.is_some_and(|text| {
            text.value.contains("ralph statusline") && names(&text.value, "plimsoll")
        })
    };
    if let Some(index) = index_of(root, "statusLine")
        .filter(|at| root.properties.get(*at).is_some_and(|p| is_status(&p.value)))
    {
        return Part::of(root.range, &root.properties, index);
    }
    let index = index_of(root, "hooks")?;
    let hooks = root.properties.get(index)?.value.as_object()?;
    hooks.properties.iter().enumerate().find_map(|(at, event)| {
        let groups = event.value.as_array()?;
        let (position, group) =
            groups.elements.iter().enumerate().find_map(|(position, group)| {
                let group = group.as_object()?;
                hooks_of(group).into_iter().any(is_ours).then_some((position, group))
            })?;
        let own = hooks_of(group);
        if own.len() > 1 {
            let list = group.get("hooks")?.value.as_array()?;
            let inner =
                list.elements.iter().position(|hook| hook.as_object().is_some_and(is_ours))?;
            return Part::of(list.range, &list.elements, inner);
        }
        // A list or an object with somebody's comment in it stays, even if it is empty.
        let has_comment = |outer: Range, inner: Range| {
            let beside = |at: usize| {
                outer.start < at && at < outer.end && !(inner.start..inner.end).contains(&at)
            };
            parsed.comments.iter().any(|(start, _)| beside(*start))
        };
        if groups.elements.len() > 1 || has_comment(groups.range, group.range) {
            return Part::of(groups.range, &groups.elements, position);
        }
        if hooks.properties.len() > 1 || has_comment(hooks.range, event.range()) {
            return Part::of(hooks.range, &hooks.properties, at);
        }
        Part::of(root.range, &root.properties, index)
    })
}

fn index_of(object: &Object<'_>, name: &str) -> Option<usize> {
    object.properties.iter().position(|prop| prop.name.as_str() == name)
}

fn is_ours(hook: &Object<'_>) -> bool {
    let command = hook.get("command").and_then(|prop| prop.value.as_string_lit());
    command.is_some_and(|command| names(&command.value, PROGRAM))
}
