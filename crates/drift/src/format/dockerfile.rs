//! Dockerfiles: base images, `ARG`, `ENV`, `LABEL`, `EXPOSE`; the rest is command lines.

use crate::cursor::{Cursor, is_name_byte};
use crate::outline::{FILE, Form, Outline, Role};
use crate::span::{Span, lines_in};

/// Reads a part of a text; every span is one of the whole text. There is no text that it refuses.
pub(crate) fn read(text: &str, part: Span) -> Outline {
    let mut outline = Outline::with_room(part.len());
    // The instruction that a line with a backslash at its end goes on with.
    let mut instruction = String::new();
    for line in lines_in(text, part) {
        let line = line.trimmed(text);
        let inner = line.of(text);
        if inner.is_empty() {
            continue;
        }
        if inner.starts_with('#') {
            outline.add(FILE, Form::Text, line);
            continue;
        }
        let goes_on = inner.ends_with(['\\', '`']);
        let body_end = if goes_on { line.end - 1 } else { line.end };
        let mut cursor = Cursor::new(text, Span::new(line.start, body_end));
        if instruction.is_empty() {
            let word = cursor.take_while(|byte| byte.is_ascii_alphabetic());
            instruction = word.of(text).to_ascii_uppercase();
            cursor.skip_blanks();
        }
        let body = Span::new(cursor.at(), body_end).trimmed(text);
        one(text, &mut outline, &instruction, body);
        if !goes_on {
            instruction.clear();
        }
    }
    outline
}

fn one(text: &str, outline: &mut Outline, instruction: &str, body: Span) {
    match instruction {
        "FROM" => {
            let mut cursor = Cursor::new(text, body);
            while cursor.starts_with("--") {
                cursor.take_while(|byte| byte != b' ' && byte != b'\t');
                cursor.skip_blanks();
            }
            let image = cursor.take_while(|byte| byte != b' ' && byte != b'\t');
            outline.add(FILE, Form::Image, image);
        }
        "ARG" | "ENV" | "LABEL" => pairs(text, outline, body),
        "EXPOSE" => {
            let mut cursor = Cursor::new(text, body);
            while !cursor.is_end() {
                let port = cursor.take_while(|byte| byte.is_ascii_digit());
                if port.is_empty() {
                    cursor.advance(1);
                } else {
                    outline.add(FILE, Form::ContainerPort, port);
                }
            }
        }
        _ => outline.add(FILE, Form::Text, body),
    }
}

/// `KEY=value KEY2="a value"`, or the old `KEY value`.
fn pairs(text: &str, outline: &mut Outline, body: Span) {
    let mut cursor = Cursor::new(text, body);
    while !cursor.is_end() {
        cursor.skip_blanks();
        let key = cursor.take_while(|byte| is_name_byte(byte) || byte == b'.' || byte == b'-');
        if key.is_empty() {
            cursor.advance(1);
            continue;
        }
        let value = if cursor.eat("=") {
            value(&mut cursor)
        } else {
            cursor.skip_blanks();
            let rest = Span::new(cursor.at(), body.end);
            cursor.jump(body.end);
            rest
        };
        let scope = outline.scope(FILE, Role::Key, key);
        outline.add(scope, Form::Value, value);
    }
}

fn value(cursor: &mut Cursor<'_>) -> Span {
    let Some(quote @ (b'"' | b'\'')) = cursor.peek() else {
        return cursor.take_while(|byte| byte != b' ' && byte != b'\t');
    };
    cursor.advance(1);
    let start = cursor.at();
    while let Some(b'\\') = cursor.find_either(quote, b'\\') {
        cursor.advance(2);
    }
    let span = Span::new(start, cursor.at());
    cursor.advance(1);
    span
}
