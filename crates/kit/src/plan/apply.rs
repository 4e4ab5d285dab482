//! One file: what it is, what it should be, and what it was rendered as.

use super::{Change, State, Wish, json, tail, tools};
use crate::mark::{Found, Marks};
use crate::merge::{Collision, merge};
use crate::piece::{Entry, How, Rendered};
use crate::record::Record;

/// A verdict on one file: what happens, its text then, what is kept as rendered.
pub(super) struct Verdict {
    pub(super) state: State,
    pub(super) after: Option<String>,
    pub(super) rendered: Option<String>,
    pub(super) why: Option<String>,
}

impl Verdict {
    fn as_it_is(state: State, before: Option<&str>, why: Option<String>) -> Self {
        Self { state, after: before.map(str::to_owned), rendered: None, why }
    }

    pub(super) fn theirs(before: Option<&str>, why: &str) -> Self {
        Self::as_it_is(State::Theirs, before, Some(why.to_owned()))
    }

    fn conflict(before: Option<&str>, why: String) -> Self {
        Self::as_it_is(State::Conflict, before, Some(why))
    }

    /// It becomes `after`, from `rendered`.
    pub(super) fn become_text(before: Option<&str>, after: String, rendered: &str) -> Self {
        let state = match before {
            None => State::New,
            Some(before) if before == after => State::InStep,
            Some(_) => State::Update,
        };
        Self { state, after: Some(after), rendered: Some(rendered.to_owned()), why: None }
    }
}

const DELETED: &str = "somebody took it away; --take brings it back";

pub(super) fn apply(
    wish: &Wish<'_>,
    part: &Rendered,
    before: Option<String>,
    record: &mut Record,
) -> Change {
    let file = before.as_deref();
    let last = wish.record.get(&part.path);
    let is_taken = wish.taken.contains(&part.path);
    let verdict = match &part.how {
        How::Whole => whole(file, &part.text, last.as_deref(), is_taken),
        How::Once => once(file, &part.text, last.as_deref(), is_taken),
        How::Part { marks, name, head } => {
            let inside = Inside { marks: *marks, name, text: &part.text, is_taken };
            inside.part(file, head, last.as_deref())
        }
        How::Entries { key, name, head, entries } => {
            let text = entries_text(entries, "  ");
            let full = format!("{head}{key}:\n{text}");
            match file {
                None => whole(file, &full, last.as_deref(), is_taken),
                Some(there)
                    if last.as_deref().is_some_and(|last| last.starts_with(head.as_str()))
                        || there == full =>
                {
                    whole(file, &full, last.as_deref(), is_taken)
                }
                Some(there) => tail::entries(there, key, name, entries, last.as_deref()),
            }
        }
        How::Tool(name) => tools::tool(file, name, last.as_deref()),
        How::Member { key, name } => json::member(file, key, name, &part.text, last.as_deref()),
    };
    if let Some(rendered) = &verdict.rendered {
        record.set(&part.path, rendered);
    }
    Change {
        path: part.path.clone(),
        piece: Some(part.piece),
        state: verdict.state,
        after: verdict.after,
        why: verdict.why,
        before,
    }
}

/// What was rendered once and is not any more.
pub(super) fn gone(
    path: &str,
    text: Result<Option<String>, String>,
    record: &mut Record,
) -> Option<Change> {
    let before = text.ok().flatten();
    let is_ours = before.is_some() && before == record.get(path);
    record.forget(path);
    let before = before.filter(|_| is_ours)?;
    Some(Change {
        path: path.to_owned(),
        piece: None,
        state: State::Remove,
        before: Some(before),
        after: None,
        why: Some("nothing here needs it any more".to_owned()),
    })
}

fn whole(file: Option<&str>, now: &str, last: Option<&str>, is_taken: bool) -> Verdict {
    match (file, last) {
        (None, None) => Verdict::become_text(None, now.to_owned(), now),
        _ if is_taken => Verdict::become_text(file, now.to_owned(), now),
        (None, Some(_)) => Verdict::theirs(None, DELETED),
        (Some(theirs), _) if theirs == now => Verdict::become_text(file, now.to_owned(), now),
        (Some(_), None) => Verdict::theirs(
            file,
            "it was there before; --take replaces it, after a look at the diff",
        ),
        (Some(theirs), Some(last)) => match merge(last, now, theirs) {
            Ok(merged) => Verdict::become_text(file, merged, now),
            Err(Collision { line }) => Verdict::conflict(file, collision(line)),
        },
    }
}

fn once(file: Option<&str>, now: &str, last: Option<&str>, is_taken: bool) -> Verdict {
    match (file, last) {
        (None, None) => Verdict::become_text(None, now.to_owned(), now),
        _ if is_taken => Verdict::become_text(file, now.to_owned(), now),
        (None, Some(_)) => Verdict::theirs(None, DELETED),
        (Some(_), Some(_)) => Verdict::as_it_is(State::InStep, file, None),
        (Some(_), None) => Verdict::theirs(file, "it was there before"),
    }
}

fn collision(line: usize) -> String {
    format!("line {line} was changed here and in the template; settle it, or --take the template's")
}

/// The text of entries behind an indentation.
pub(super) fn entries_text(entries: &[Entry], indent: &str) -> String {
    let mut text = String::new();
    for line in entries.iter().flat_map(|entry| entry.text.lines()) {
        if !line.is_empty() {
            text.push_str(indent);
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// A part of a file, between marks.
pub(super) struct Inside<'a> {
    pub(super) marks: Marks,
    pub(super) name: &'a str,
    pub(super) text: &'a str,
    pub(super) is_taken: bool,
}

impl Inside<'_> {
    fn part(&self, file: Option<&str>, head: &str, last: Option<&str>) -> Verdict {
        let block = self.marks.around(self.name, self.text, "");
        let Some(there) = file else {
            return match last {
                Some(_) if !self.is_taken => Verdict::theirs(None, DELETED),
                _ => Verdict::become_text(None, format!("{head}{block}"), self.text),
            };
        };
        match self.found(there, last) {
            Some(verdict) => verdict,
            None if last.is_some() && !self.is_taken => Verdict::theirs(file, DELETED),
            None => {
                let gap = match there {
                    "" => "",
                    text if text.ends_with("\n\n") => "",
                    text if text.ends_with('\n') => "\n",
                    _ => "\n\n",
                };
                Verdict::become_text(file, format!("{there}{gap}{block}"), self.text)
            }
        }
    }

    /// What becomes of a part that is there; `None` if it is not.
    pub(super) fn found(&self, there: &str, last: Option<&str>) -> Option<Verdict> {
        let file = Some(there);
        let (before, inside, behind) = match self.marks.find(there, self.name) {
            Found::None => return None,
            Found::Broken => {
                let why =
                    format!("the marks `plimsoll:begin {}` and its end do not pair", self.name);
                return Some(Verdict::conflict(file, why));
            }
            Found::Inside { before, inside, behind } => (before, inside, behind),
        };
        let with = |inside: &str| format!("{before}{inside}{behind}");
        Some(match last {
            _ if inside == self.text || self.is_taken => {
                Verdict::become_text(file, with(self.text), self.text)
            }
            None => {
                let why = "the part was changed, and there is no record of what it was; --take \
                           has it as the template says";
                Verdict::conflict(file, why.to_owned())
            }
            Some(last) => match merge(last, self.text, inside) {
                Ok(merged) => Verdict::become_text(file, with(&merged), self.text),
                Err(Collision { line }) => Verdict::conflict(file, collision(line)),
            },
        })
    }
}
