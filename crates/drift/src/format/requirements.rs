//! Python requirements, one a line: `name[extra]>=1.2,<2 ; marker  # comment`.

use crate::cursor::Cursor;
use crate::outline::{FILE, Form, Outline, Role};
use crate::span::{Span, lines_in};

/// Reads a part of a text; every span is one of the whole text. There is no text that it refuses.
pub(crate) fn read(text: &str, part: Span) -> Outline {
    let mut outline = Outline::with_room(part.len());
    for line in lines_in(text, part) {
        let line = line.trimmed(text);
        if line.of(text).starts_with(['#', '-']) {
            outline.add(FILE, Form::Text, line);
        } else {
            one(text, &mut outline, line);
        }
    }
    outline
}

/// One requirement, as lines of `requirements.txt` and entries of `pyproject.toml` have it.
pub(crate) fn one(text: &str, outline: &mut Outline, line: Span) {
    let Some((name, versions)) = split(text, line) else { return };
    let scope = outline.scope(FILE, Role::Key, name);
    outline.add(scope, Form::Requirement, versions);
}

/// The name and the versions of a requirement.
pub(crate) fn split(text: &str, line: Span) -> Option<(Span, Span)> {
    let mut cursor = Cursor::new(text, line);
    cursor.skip_blanks();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let name = cursor.take_while(is_name);
    cursor.skip_blanks();
    if cursor.peek() == Some(b'[') {
        cursor.find(b']');
        cursor.advance(1);
        cursor.skip_blanks();
    }
    let is_bracketed = cursor.eat("(");
    let is_version = |byte: u8| !matches!(byte, b';' | b'#' | b'@' | b')');
    let versions = cursor.take_while(is_version).trimmed(text);
    let starts_right = versions.of(text).starts_with(['=', '<', '>', '~', '!']);
    let is_whole = !is_bracketed || cursor.peek() == Some(b')');
    (!name.is_empty() && starts_right && is_whole).then_some((name, versions))
}
