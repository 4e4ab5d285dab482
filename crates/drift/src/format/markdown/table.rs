//! Tables of Markdown: each cell under its column and its row.

use crate::cursor::{Cursor, is_name_byte};
use crate::outline::{Form, Outline, Role, ScopeId};
use crate::span::Span;
use crate::tables::{ColumnAt, Deed, TableStatement};

pub(super) fn read(text: &str, outline: &mut Outline, scope: ScopeId, header: Span, rows: &[Span]) {
    let titles: Vec<Span> = cells(text, header).into_iter().map(|cell| bare(text, cell)).collect();
    for title in &titles {
        outline.add(scope, Form::Text, *title);
    }
    let columns: Vec<ScopeId> =
        titles.iter().map(|title| outline.scope(scope, Role::Column, *title)).collect();
    for row in rows {
        let cells = cells(text, *row);
        let Some((first, rest)) = cells.split_first() else { continue };
        let name = bare(text, *first);
        outline.add(scope, Form::Text, name);
        for (index, cell) in rest.iter().enumerate() {
            let column = columns.get(index + 1).copied().unwrap_or(scope);
            let under = outline.scope(column, Role::Row, name);
            outline.add(under, Form::Value, bare(text, *cell));
        }
        if let Some(documented) = documented(text, &titles, &cells) {
            outline.tables.push(documented);
        }
    }
}

/// The cells of a row, without the blanks around them.
fn cells(text: &str, row: Span) -> Vec<Span> {
    let mut cursor = Cursor::new(text, row);
    cursor.eat("|");
    let mut cells = Vec::new();
    let mut start = cursor.at();
    let mut is_code = false;
    while let Some(byte) = cursor.peek() {
        match byte {
            b'\\' => cursor.advance(1),
            b'`' => is_code = !is_code,
            // GitHub splits cells at every bar that is not escaped, in code too.
            b'|' => {
                cells.push(Span::new(start, cursor.at()).trimmed(text));
                start = cursor.at() + 1;
                is_code = false;
            }
            _ => {}
        }
        cursor.advance(1);
    }
    let last = Span::new(start, row.end).trimmed(text);
    if !last.is_empty() || is_code {
        cells.push(last);
    }
    cells
}

/// Without the signs for emphasis and code around it.
fn bare(text: &str, cell: Span) -> Span {
    let mut span = cell;
    for mark in ["**", "__", "*", "_", "``", "`"] {
        let inner = span.of(text);
        let is_whole = inner.len() > 2 * mark.len()
            && inner.starts_with(mark)
            && inner.ends_with(mark)
            && inner.matches(mark).count() == 2;
        if is_whole {
            span = Span::new(span.start + mark.len(), span.end - mark.len());
        }
    }
    span
}

/// A row that says which columns a table of a database has.
fn documented(text: &str, titles: &[Span], cells: &[Span]) -> Option<TableStatement> {
    let is_one = |title: &Span, words: &[&str]| {
        let title = title.of(text).to_ascii_lowercase();
        words.iter().any(|word| title.trim() == *word)
    };
    let table =
        titles.iter().position(|title| is_one(title, &["table", "measurement", "tables"]))?;
    let fields = titles
        .iter()
        .position(|title| is_one(title, &["fields", "columns", "key columns", "key fields"]))?;
    let name = bare(text, *cells.get(table)?);
    let is_name = !name.is_empty() && name.of(text).bytes().all(is_name_byte);
    let mut documented = TableStatement::new(Deed::Documents, name);
    let mut cursor = Cursor::new(text, *cells.get(fields)?);
    let mut depth = 0_usize;
    while let Some(byte) = cursor.peek() {
        let word = cursor.take_while(is_name_byte);
        if word.is_empty() {
            match byte {
                b'(' => depth += 1,
                b')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            cursor.advance(1);
            continue;
        }
        // Prose between commas is no list of columns.
        let next = cursor.clone().skip_blanks();
        let after = text.as_bytes().get(next.end).copied();
        let ends = next.end >= cursor.end() || matches!(after, Some(b',' | b'`' | b'|' | b'('));
        if depth == 0 && ends {
            documented.columns.push(ColumnAt { name: word, kind: None });
        }
    }
    (is_name && !documented.columns.is_empty()).then_some(documented)
}
