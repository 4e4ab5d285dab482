//! `.env` files: `KEY=value`, quotes, `export`, comments; and the assignments that are commented out.

use crate::cursor::{Cursor, is_name_byte};
use crate::outline::{FILE, Form, Outline, Role, Statement};
use crate::span::Span;
use crate::tree::Malformed;

/// Reads a part of a text; every span is one of the whole text.
pub(crate) fn read(text: &str, part: Span) -> Result<Outline, Malformed> {
    let mut outline = Outline::with_room(part.len());
    let mut cursor = Cursor::new(text, part);
    cursor.eat("\u{feff}");
    while !cursor.is_end() {
        cursor.skip_blanks();
        if cursor.peek() == Some(b'#') {
            comment(text, &mut outline, cursor.take_line());
            continue;
        }
        if assignment(text, &mut outline, &mut cursor, Form::Value)?.is_none() {
            let line = cursor.take_line().trimmed(text);
            if !line.is_empty() {
                outline.add(FILE, Form::Text, line);
            }
        }
    }
    Ok(outline)
}

/// A comment is prose, or an assignment that somebody may take the `#` from.
fn comment(text: &str, outline: &mut Outline, line: Span) {
    let mut cursor = Cursor::new(text, line);
    cursor.take_while(|byte| matches!(byte, b'#' | b' ' | b'\t'));
    let inner = Span::new(cursor.at(), line.end);
    if !matches!(assignment(text, outline, &mut cursor, Form::Commented), Ok(Some(()))) {
        outline.add(FILE, Form::Text, inner);
    }
}

/// Reads `KEY=value` up to the end of its line; gives `None` and stays where it is if there is none.
fn assignment(
    text: &str,
    outline: &mut Outline,
    cursor: &mut Cursor<'_>,
    form: Form,
) -> Result<Option<()>, Malformed> {
    let mut ahead = cursor.clone();
    if ahead.starts_with("export ") {
        ahead.advance("export ".len());
        ahead.skip_blanks();
    }
    let key = ahead.take_while(|byte| is_name_byte(byte) || byte == b'.' || byte == b'-');
    ahead.skip_blanks();
    if key.is_empty() || !ahead.eat("=") {
        return Ok(None);
    }
    ahead.skip_blanks();
    let value = value(text, &mut ahead)?;
    let rest = ahead.take_line().trimmed(text);
    let comment = rest.of(text).starts_with('#').then_some(rest);
    let scope = outline.scope(FILE, Role::Key, key);
    outline.add_noted(Statement { scope, value, form, note: comment });
    *cursor = ahead;
    Ok(Some(()))
}

/// A value: in quotes it may have many lines, without quotes it ends before ` #`.
fn value(text: &str, cursor: &mut Cursor<'_>) -> Result<Span, Malformed> {
    let Some(quote @ (b'"' | b'\'' | b'`')) = cursor.peek() else {
        let start = cursor.at();
        let mut ahead = cursor.clone();
        let line = ahead.take_line();
        let raw = line.of(text);
        let end = raw.find(" #").or_else(|| raw.find("\t#")).unwrap_or(raw.len());
        let end = if raw.starts_with('#') { 0 } else { end };
        let span = Span::new(start, start + end).trimmed(text);
        cursor.jump(start + end);
        return Ok(span);
    };
    let open = cursor.at();
    cursor.advance(1);
    let start = cursor.at();
    loop {
        match cursor.find_either(quote, b'\\') {
            Some(b'\\') if quote == b'"' => cursor.advance(2),
            Some(b'\\') => cursor.advance(1),
            Some(_) => break,
            None => return Err(Malformed::new(open, "a value without its closing quote")),
        }
    }
    let span = Span::new(start, cursor.at());
    cursor.advance(1);
    Ok(span)
}
