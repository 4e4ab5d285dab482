//! Markdown: headings, paragraphs, lists, tables, and blocks of code in their own languages.

mod table;

use super::{Format, outline_part};
use crate::cursor::Cursor;
use crate::outline::{FILE, Form, Outline, Role, ScopeId};
use crate::span::{Span, lines_in};

/// Reads a part of a text; every span is one of the whole text. There is no text that it refuses.
pub(crate) fn read(text: &str, part: Span) -> Outline {
    let mut reader = Reader {
        text,
        outline: Outline::with_room(part.len()),
        headings: Vec::new(),
        items: Vec::new(),
        open: None,
    };
    let mut lines = lines_in(text, part).peekable();
    if lines.peek().is_some_and(|line| line.of(text) == "---") {
        let first = lines.next();
        let body: Vec<Span> =
            lines.by_ref().take_while(|line| line.of(text).trim_end() != "---").collect();
        if let (Some(first), Some(last)) = (first, body.last()) {
            let start = body.first().map_or(first.end, |line| line.start);
            reader.code(Format::Yaml, FILE, Span::new(start, last.end));
        }
    }
    while let Some(line) = lines.next() {
        let indent = indentation(line.of(text));
        let trimmed = line.trimmed(text);
        let inner = trimmed.of(text);
        if let Some(fence) = Fence::open(inner) {
            reader.close();
            let body = fence.body(text, &mut lines, trimmed.end);
            reader.fence(fence, body);
        } else if inner.starts_with('|')
            || (inner.contains('|') && next_is_delimiter(text, lines.peek()))
        {
            if !next_is_delimiter(text, lines.peek()) {
                reader.text_line(trimmed, indent);
                continue;
            }
            reader.close();
            lines.next();
            let mut rows = Vec::new();
            while let Some(row) = lines.next_if(|row| row.of(text).contains('|')) {
                rows.push(row.trimmed(text));
            }
            let scope = reader.scope();
            table::read(text, &mut reader.outline, scope, trimmed, &rows);
        } else {
            reader.line(trimmed, indent);
        }
    }
    reader.close();
    reader.outline
}

fn indentation(line: &str) -> usize {
    line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

fn next_is_delimiter(text: &str, line: Option<&Span>) -> bool {
    line.is_some_and(|line| {
        let inner = line.of(text).trim();
        inner.contains('-')
            && inner.contains('|')
            && inner.bytes().all(|byte| matches!(byte, b'|' | b'-' | b':' | b' '))
    })
}

struct Reader<'t> {
    text: &'t str,
    outline: Outline,
    /// The headings around this place, by their level.
    headings: Vec<(usize, ScopeId)>,
    /// The list items around this place, by their indentation.
    items: Vec<(usize, ScopeId)>,
    /// A paragraph that may go on.
    open: Option<(ScopeId, Span)>,
}

impl Reader<'_> {
    fn scope(&self) -> ScopeId {
        let item = self.items.last().map(|(_, scope)| *scope);
        item.or(self.headings.last().map(|(_, scope)| *scope)).unwrap_or(FILE)
    }

    /// Ends the paragraph.
    fn close(&mut self) {
        if let Some((scope, paragraph)) = self.open.take() {
            self.outline.add(scope, Form::Text, paragraph);
        }
    }

    fn line(&mut self, line: Span, indent: usize) {
        let inner = line.of(self.text);
        if inner.is_empty() {
            self.close();
            return;
        }
        let level = inner.bytes().take_while(|byte| *byte == b'#').count();
        if (1..=6).contains(&level) && inner.as_bytes().get(level).is_none_or(|byte| *byte == b' ')
        {
            self.close();
            self.heading(level, Span::new(line.start + level, line.end).trimmed(self.text));
            return;
        }
        let is_rule = inner.len() >= 3 && inner.bytes().all(|byte| byte == b'=' || byte == b'-');
        if is_rule {
            // A line under a paragraph of one line makes it a heading.
            let level = if inner.starts_with('=') { 1 } else { 2 };
            match self.open.take() {
                Some((_, title)) if !title.of(self.text).contains('\n') => {
                    self.heading(level, title);
                }
                Some((scope, paragraph)) => self.outline.add(scope, Form::Text, paragraph),
                None => {}
            }
            return;
        }
        self.text_line(line, indent);
    }

    fn heading(&mut self, level: usize, title: Span) {
        self.items.clear();
        while self.headings.last().is_some_and(|(above, _)| *above >= level) {
            self.headings.pop();
        }
        let parent = self.scope();
        self.outline.add(parent, Form::Text, title);
        let scope = self.outline.scope(parent, Role::Heading, title);
        self.headings.push((level, scope));
    }

    fn text_line(&mut self, line: Span, indent: usize) {
        if let Some(body) = list_item(self.text, line) {
            self.close();
            while self.items.last().is_some_and(|(above, _)| *above >= indent) {
                self.items.pop();
            }
            let parent = self.scope();
            let scope = self.outline.scope(parent, Role::Heading, body);
            self.items.push((indent, scope));
            self.open = Some((parent, body));
            return;
        }
        match &mut self.open {
            Some((_, paragraph)) => paragraph.end = line.end,
            None => {
                while self.items.last().is_some_and(|(above, _)| *above >= indent) {
                    self.items.pop();
                }
                self.open = Some((self.scope(), line));
            }
        }
    }

    fn fence(&mut self, fence: Fence, body: Span) {
        let scope = self.outline.scope(self.scope(), Role::Fence, body);
        match fence.format {
            Some(format) => self.code(format, scope, body),
            None => self.code(Format::Shell, scope, body),
        }
    }

    fn code(&mut self, format: Format, scope: ScopeId, body: Span) {
        // A snippet need not be a whole file of its language.
        let outline = outline_part(format, self.text, body)
            .unwrap_or_else(|_| super::shell::read(self.text, body));
        self.outline.merge(scope, outline);
    }
}

/// What stands behind the sign of a list item.
fn list_item(text: &str, line: Span) -> Option<Span> {
    let mut cursor = Cursor::new(text, line);
    let digits = cursor.take_while(|byte| byte.is_ascii_digit());
    let is_sign = if digits.is_empty() {
        cursor.eat("-") || cursor.eat("*") || cursor.eat("+")
    } else {
        digits.len() <= 9 && (cursor.eat(".") || cursor.eat(")"))
    };
    if !is_sign || cursor.skip_blanks().is_empty() {
        return None;
    }
    for mark in ["[ ]", "[x]", "[X]"] {
        if cursor.eat(mark) {
            cursor.skip_blanks();
        }
    }
    Some(Span::new(cursor.at(), line.end))
}

/// The opening of a block of code.
#[derive(Clone, Copy, Debug)]
struct Fence {
    sign: u8,
    length: usize,
    format: Option<Format>,
}

impl Fence {
    fn open(line: &str) -> Option<Self> {
        let sign = *line.as_bytes().first().filter(|byte| matches!(byte, b'`' | b'~'))?;
        let length = line.bytes().take_while(|byte| *byte == sign).count();
        let info = line.get(length..)?.trim();
        if length < 3 || (sign == b'`' && info.contains('`')) {
            return None;
        }
        let language = info.split([' ', ',', '{', ':']).next().unwrap_or_default();
        Some(Self { sign, length, format: Format::of_language(language) })
    }

    /// The lines up to the closing fence, which is taken too.
    fn body(self, text: &str, lines: &mut impl Iterator<Item = Span>, opened: usize) -> Span {
        let mut body: Option<Span> = None;
        for line in lines {
            let inner = line.of(text).trim();
            let closes = inner.len() >= self.length && inner.bytes().all(|byte| byte == self.sign);
            if closes {
                break;
            }
            body = Some(Span::new(body.map_or(line.start, |first| first.start), line.end));
        }
        body.unwrap_or(Span::new(opened, opened))
    }
}
