//! Three ways of one text: the template then, the template now, and what people made of it.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Both sides changed the same lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Collision {
    /// First of their lines that is meant, counted from 1.
    pub(crate) line: usize,
}

/// A stretch of the template then, and what became of it.
#[derive(Debug, Clone)]
struct Hunk {
    old: Range<usize>,
    new: Range<usize>,
}

/// Returns their text with what changed in the template since.
///
/// # Errors
///
/// [`Collision`] where both changed the same or touching lines in different ways.
pub(crate) fn merge(then: &str, now: &str, theirs: &str) -> Result<String, Collision> {
    if then == now || theirs == now {
        return Ok(theirs.to_owned());
    }
    if then == theirs {
        return Ok(now.to_owned());
    }
    let lines = |text| -> Vec<&str> { str::split_inclusive(text, '\n').collect() };
    let (then, now, theirs) = (lines(then), lines(now), lines(theirs));
    let (ours, own) = (hunks(&then, &now), hunks(&then, &theirs));
    let mut out = String::new();
    let mut at = 0;
    let (mut ours, mut own) = (ours.into_iter().peekable(), own.into_iter().peekable());
    loop {
        let (hunk, source) = match (ours.peek(), own.peek()) {
            (None, None) => break,
            (Some(a), Some(b)) if touches(&a.old, &b.old) => {
                let is_same = a.old == b.old && now.get(a.new.clone()) == theirs.get(b.new.clone());
                if !is_same {
                    return Err(Collision { line: b.new.start + 1 });
                }
                ours.next();
                (own.next(), &theirs)
            }
            (Some(a), Some(b)) if a.old.start > b.old.start => (own.next(), &theirs),
            (None, Some(_)) => (own.next(), &theirs),
            _ => (ours.next(), &now),
        };
        let Some(hunk) = hunk else { break };
        out.extend(then.get(at..hunk.old.start).unwrap_or_default().iter().copied());
        out.extend(source.get(hunk.new.clone()).unwrap_or_default().iter().copied());
        at = hunk.old.end;
    }
    out.extend(then.get(at..).unwrap_or_default().iter().copied());
    Ok(out)
}

/// Whether a change of one leaves no unchanged line before a change of the other.
fn touches(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start <= b.end && b.start <= a.end
}

fn hunks(old: &[&str], new: &[&str]) -> Vec<Hunk> {
    let hunk = |op: DiffOp| match op {
        DiffOp::Equal { .. } => None,
        other => Some(Hunk { old: other.old_range(), new: other.new_range() }),
    };
    let mut hunks: Vec<Hunk> = Vec::new();
    for next in capture_diff_slices(Algorithm::Myers, old, new).into_iter().filter_map(hunk) {
        match hunks.last_mut() {
            Some(last) if last.old.end == next.old.start => {
                last.old.end = next.old.end;
                last.new.end = next.new.end;
            }
            _ => hunks.push(next),
        }
    }
    hunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(then: &str, now: &str, theirs: &str, expected: Result<&str, usize>) {
        let lines = |text: &str| text.chars().map(|c| format!("{c}\n")).collect::<String>();
        let merged = merge(&lines(then), &lines(now), &lines(theirs));
        let expected = expected.map(lines).map_err(|line| Collision { line });
        assert_eq!(merged, expected);
    }

    #[test]
    fn changes_in_different_places_are_both_taken() {
        check("abcde", "aBcde", "abcdE", Ok("aBcdE"));
        check("abcde", "abcdeF", "Xabcde", Ok("XabcdeF"));
        check("abcde", "acde", "abcdXe", Ok("acdXe"));
        check("abcde", "abXcde", "ace", Err(2));
        check("abcdefg", "abXdefg", "abcdYfg", Ok("abXdYfg"));
    }

    #[test]
    fn a_side_that_did_nothing_takes_the_other() {
        check("abc", "abc", "xyz", Ok("xyz"));
        check("abc", "xyz", "abc", Ok("xyz"));
        check("abc", "xyz", "xyz", Ok("xyz"));
        check("", "", "", Ok(""));
    }

    #[test]
    fn the_same_lines_changed_in_two_ways_collide() {
        check("abc", "aXc", "aYc", Err(2));
        check("abc", "aXc", "ac", Err(2));
        check("abc", "aXXc", "aXXc", Ok("aXXc"));
    }
}
