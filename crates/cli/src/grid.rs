//! Rows as a person, a spreadsheet or a program reads them.

use std::io::{self, Write};

use clap::ValueEnum;
use serde_json::Value;

use crate::store::Rows;

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns in line
    Table,
    /// Comma-separated, with a header
    Csv,
    /// One JSON object: version, columns, rows
    Json,
}

/// Widest column of a table, in characters.
const WIDTH_MAX: usize = 48;

/// Prints rows.
pub(crate) fn print(rows: &Rows, format: Format, to: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Table => table(rows, to),
        Format::Csv => {
            csv_row(rows.columns.iter().map(String::as_str), to)?;
            rows.rows.iter().try_for_each(|row| csv_values(row, to))
        }
        Format::Json => {
            let body = serde_json::json!({
                "version": 1, "columns": rows.columns, "rows": rows.rows, "is_cut": rows.is_cut,
            });
            writeln!(to, "{body}")
        }
    }
}

/// A row of values as CSV.
pub(crate) fn csv_values(row: &[Value], to: &mut dyn Write) -> io::Result<()> {
    let texts: Vec<String> = row.iter().map(text).collect();
    csv_row(texts.iter().map(String::as_str), to)
}

pub(crate) fn csv_row<'a>(
    row: impl Iterator<Item = &'a str>,
    to: &mut dyn Write,
) -> io::Result<()> {
    for (at, field) in row.enumerate() {
        if at > 0 {
            to.write_all(b",")?;
        }
        if field.contains([',', '"', '\n', '\r']) {
            write!(to, "\"{}\"", field.replace('"', "\"\""))?;
        } else {
            to.write_all(field.as_bytes())?;
        }
    }
    to.write_all(b"\n")
}

/// A value as a person reads it; nothing for NULL.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn table(rows: &Rows, to: &mut dyn Write) -> io::Result<()> {
    let cells: Vec<Vec<String>> =
        rows.rows.iter().map(|row| row.iter().map(|v| short(&text(v))).collect()).collect();
    let width = |at: usize| {
        let of = |row: &Vec<String>| row.get(at).map_or(0, |cell| cell.chars().count());
        let head = rows.columns.get(at).map_or(0, |name| name.chars().count());
        cells.iter().map(of).max().unwrap_or(0).max(head)
    };
    let widths: Vec<usize> = (0..rows.columns.len()).map(width).collect();
    let is_number = |at: usize| {
        rows.rows.iter().all(|row| row.get(at).is_none_or(|v| v.is_number() || v.is_null()))
    };
    let line = |row: &[String], to: &mut dyn Write| -> io::Result<()> {
        for (at, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            let gap = if at == 0 { "" } else { "  " };
            let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
            if is_number(at) {
                write!(to, "{gap}{pad}{cell}")?;
            } else if at + 1 == widths.len() {
                write!(to, "{gap}{cell}")?;
            } else {
                write!(to, "{gap}{cell}{pad}")?;
            }
        }
        writeln!(to)
    };
    line(&rows.columns, to)?;
    let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    line(&rules, to)?;
    cells.iter().try_for_each(|row| line(row, to))
}

fn short(cell: &str) -> String {
    let cell = cell.replace(['\n', '\r', '\t'], " ");
    if cell.chars().count() <= WIDTH_MAX {
        return cell;
    }
    cell.chars().take(WIDTH_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::{Format, Rows, print};

    #[test]
    fn a_field_with_a_comma_quote_or_line_end_is_quoted() {
        let rows = Rows {
            columns: vec!["a".into(), "b".into()],
            rows: vec![vec!["x,\"y\"\nz".into(), serde_json::Value::Null]],
            is_cut: false,
        };
        let mut out = Vec::new();
        print(&rows, Format::Csv, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a,b\n\"x,\"\"y\"\"\nz\",\n");
    }

    #[test]
    fn numbers_stand_on_the_right_and_texts_on_the_left() {
        let rows = Rows {
            columns: vec!["name".into(), "n".into()],
            rows: vec![vec!["fills".into(), 12.into()], vec!["pnl".into(), 3.into()]],
            is_cut: false,
        };
        let mut out = Vec::new();
        print(&rows, Format::Table, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "name    n\n-----  --\nfills  12\npnl     3\n");
    }
}
