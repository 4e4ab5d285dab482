//! INI, properties and the like: sections, `key = value` or `key: value`, comments.

use crate::cursor::Cursor;
use crate::outline::{FILE, Form, Outline, Role, Statement};
use crate::span::{Span, lines_in};

/// Reads a part of a text; every span is one of the whole text. There is no text that it refuses.
pub(crate) fn read(text: &str, part: Span) -> Outline {
    let mut outline = Outline::with_room(part.len());
    let mut section = FILE;
    let mut key = None;
    for line in lines_in(text, part) {
        let is_indented = line.of(text).starts_with([' ', '\t']);
        let line = line.trimmed(text);
        let inner = line.of(text);
        if inner.is_empty() {
            key = None;
        } else if inner.starts_with(['#', ';', '!']) {
            outline.add(FILE, Form::Text, line);
        } else if let Some(name) = section_name(inner) {
            let name = line.inside(name);
            section = outline.scope(FILE, Role::Key, name);
            key = None;
        } else if let (true, Some(key)) = (is_indented, key) {
            // The next line of a value of several lines.
            outline.add(key, Form::Text, line);
        } else {
            key = pair(text, &mut outline, section, line);
        }
    }
    outline
}

fn section_name(line: &str) -> Option<Span> {
    let inner = line.strip_prefix('[')?;
    Some(Span::new(1, 1 + inner.find(']')?))
}

/// One `key = value`; gives the scope of its key.
fn pair(text: &str, outline: &mut Outline, section: u32, line: Span) -> Option<u32> {
    let mut cursor = Cursor::new(text, line);
    let key = cursor.take_while(|byte| byte != b'=' && byte != b':').trimmed(text);
    if cursor.is_end() || key.is_empty() {
        outline.add(section, Form::Text, line);
        return None;
    }
    cursor.advance(1);
    cursor.skip_blanks();
    let rest = Span::new(cursor.at(), line.end);
    let raw = rest.of(text);
    let comment = [" #", "\t#", " ;", "\t;"].iter().filter_map(|mark| raw.find(mark)).min();
    let (value, comment) = match comment {
        Some(at) => {
            let value = Span::new(rest.start, rest.start + at);
            (value, Some(Span::new(rest.start + at, rest.end).trimmed(text)))
        }
        None => (rest, None),
    };
    let scope = outline.scope(section, Role::Key, key);
    let value = value.trimmed(text).unquoted(text);
    outline.add_noted(Statement { scope, value, form: Form::Value, note: comment });
    Some(scope)
}
