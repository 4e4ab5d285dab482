//! Shell scripts, and any text of lines: assignments, command lines, comments.

use crate::cursor::{Cursor, is_name_byte};
use crate::outline::{FILE, Form, Outline, Role, ScopeId};
use crate::span::{Span, lines_in};
use crate::tables::sql;

/// Reads a part of a text; every span is one of the whole text. There is no text that it refuses.
pub(crate) fn read(text: &str, part: Span) -> Outline {
    let mut outline = Outline::with_room(part.len());
    // A comment says what the lines below it are about, up to the next empty line.
    let mut about = FILE;
    let mut joined: Option<Span> = None;
    for line in lines_in(text, part) {
        let line = line.trimmed(text);
        let inner = line.of(text);
        if inner.is_empty() {
            about = FILE;
            continue;
        }
        if is_comment(inner) && joined.is_none() {
            outline.add(FILE, Form::Text, line);
            about = outline.scope(FILE, Role::Heading, line);
            continue;
        }
        let whole = Span::new(joined.map_or(line.start, |first| first.start), line.end);
        if inner.ends_with('\\') {
            joined = Some(whole);
            continue;
        }
        joined = None;
        command(text, &mut outline, about, whole);
    }
    if let Some(rest) = joined {
        command(text, &mut outline, about, rest);
    }
    if memchr::memmem::find(part.of(text).as_bytes(), b"query=").is_some() {
        sql::read_urls(text, part, &mut outline.tables);
    }
    outline
}

fn is_comment(line: &str) -> bool {
    ["#", "//", "--", ";"].iter().any(|mark| line.starts_with(mark)) && !line.starts_with("#!")
}

fn command(text: &str, outline: &mut Outline, about: ScopeId, line: Span) {
    let mut cursor = Cursor::new(text, line);
    for word in ["export ", "readonly ", "local ", "declare ", "set "] {
        if cursor.eat(word) {
            cursor.skip_blanks();
        }
    }
    let key = cursor.take_while(is_name_byte);
    let is_assignment = !key.is_empty() && cursor.eat("=");
    let value = is_assignment.then(|| value(text, &mut cursor)).flatten();
    let Some(value) = value else {
        outline.add(about, Form::Text, line);
        return;
    };
    let rest = Span::new(cursor.at(), line.end).trimmed(text);
    let scope = outline.scope(about, Role::Key, key);
    if rest.is_empty() || rest.of(text).starts_with('#') {
        let note = (!rest.is_empty()).then_some(rest);
        outline.add_noted(crate::outline::Statement { scope, value, form: Form::Value, note });
        if let Some(note) = note {
            outline.add(about, Form::Text, note);
        }
    } else {
        outline.add(about, Form::Text, line);
    }
}

/// One word of a command line; `None` if its quotes are not closed on this line.
fn value(text: &str, cursor: &mut Cursor<'_>) -> Option<Span> {
    let Some(quote @ (b'"' | b'\'')) = cursor.peek() else {
        return Some(cursor.take_while(|byte| !matches!(byte, b' ' | b'\t' | b';' | b'\n')));
    };
    cursor.advance(1);
    let start = cursor.at();
    while let Some(b'\\') = cursor.find_either(quote, b'\\') {
        cursor.advance(2);
    }
    let span = Span::new(start, cursor.at());
    let is_closed = cursor.peek() == Some(quote) && !span.of(text).contains('\n');
    cursor.advance(1);
    is_closed.then_some(span)
}
