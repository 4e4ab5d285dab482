//! Rows and columns, as an HTML table.

use super::{escape, severity_class};
use crate::rule::Severity;

/// Rows and columns of texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Grid {
    /// What it shows.
    pub caption: String,
    /// Names of the columns.
    pub heads: Vec<String>,
    /// Rows.
    pub rows: Vec<Vec<GridCell>>,
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct GridCell {
    /// What a person reads.
    pub text: String,
    /// Numbers stand right.
    pub is_number: bool,
    /// A limit that it breaks.
    pub severity: Option<Severity>,
}

impl GridCell {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A number as a person reads it.
    pub fn number(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_number: true, severity: None }
    }

    /// Breaking a limit.
    #[must_use]
    pub fn breaking(self, severity: Option<Severity>) -> Self {
        Self { severity, ..self }
    }
}

/// Draws a table. The first column names its row.
#[must_use]
pub fn grid(of: &Grid) -> String {
    let heads: String =
        of.heads.iter().map(|head| format!("<th scope=\"col\">{}</th>", escape(head))).collect();
    let rows: String = of.rows.iter().map(|row| one(row, &of.heads)).collect();
    format!(
        "<div class=\"b-scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\"><table class=\"b-table\"><caption>{caption}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>",
        caption = escape(&of.caption)
    )
}

fn one(row: &[GridCell], heads: &[String]) -> String {
    let cells = row.iter().zip(heads).enumerate().map(|(at, (cell, head))| {
        let number = if cell.is_number { "b-number" } else { "" };
        let severity = cell.severity.map_or("", severity_class);
        let word = cell.severity.map_or(String::new(), |s| format!(" <em>{}</em>", s.as_str()));
        let text = escape(&cell.text);
        if at == 0 {
            return format!("<th scope=\"row\">{text}</th>");
        }
        format!(
            "<td class=\"{number} {severity}\" data-head=\"{}\">{text}{word}</td>",
            escape(head)
        )
    });
    format!("<tr>{}</tr>", cells.collect::<String>())
}
