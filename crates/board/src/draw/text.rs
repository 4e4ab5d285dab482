//! An answer as lines of text, for a terminal. Who shows them may add color; what breaks a limit says
//! so without.

use std::collections::BTreeMap;

use super::{View, all_bars, lanes, name, seconds, table};
use crate::{
    data::{Cell, Data},
    panel::{Level, Panel, Picture},
    query::{Output, Role},
    rule::Severity,
    svg::{Grid, GridCell},
    unit::Unit,
};

/// Longest text of a column, and most rows of a panel.
const COLUMN_MAX: usize = 28;
const ROWS_MAX: usize = 12;
/// Length of a bar and of a line of small columns.
const BAR_LEN: usize = 24;
/// The length that a bar has beyond its highest limit.
const BEYOND: f64 = 1.25;
const COLUMNS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Piece {
    /// What a person reads.
    pub text: String,
    /// A limit that it breaks.
    pub severity: Option<Severity>,
    /// Names what stands below it or beside it.
    pub is_head: bool,
}

impl Piece {
    /// A name of what stands below it or beside it.
    #[must_use]
    pub fn head(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_head: true, ..Self::default() }
    }

    fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// Draws a panel as lines of text. Without a value it says so, which is never the same as zero.
#[must_use]
pub fn draw_text(panel: &Panel, data: &Data, view: &View) -> Vec<Vec<Piece>> {
    if data.is_empty() {
        return vec![vec![Piece::plain("no data in this range")]];
    }
    match panel.picture {
        Picture::Table => columns(&table(panel, data, view)),
        Picture::Bars | Picture::BarsOverTime => {
            let all = all_bars(data, view).into_iter().rev().take(ROWS_MAX);
            all.map(|bar| number(panel, &bar.name, &[bar.value])).collect()
        }
        Picture::Timeline => states(data, view),
        Picture::Lines | Picture::Underwater | Picture::Stat => {
            let found = series(panel, data);
            let shown = found.iter().take(ROWS_MAX);
            let lines = shown.map(|(name, values)| number(panel, name, values));
            lines.chain(more(found.len())).collect()
        }
    }
}

/// Values by name, in the order of time.
fn series(panel: &Panel, data: &Data) -> BTreeMap<String, Vec<f64>> {
    let is_shown = |at: &usize| {
        data.columns.get(*at).is_some_and(|column| {
            column.unit == panel.unit && !matches!(column.name.as_str(), "lowest" | "highest")
        })
    };
    let shown: Vec<usize> = data.of_role(Role::Value).filter(is_shown).collect();
    let moment = |row: &[Cell]| data.time().and_then(|at| row.get(at)).and_then(Cell::moment);
    let mut rows: Vec<&Vec<Cell>> = data.rows.iter().collect();
    rows.sort_by_key(|row| moment(row));
    let mut found: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in rows {
        for at in &shown {
            let Some(value) = row.get(*at).and_then(Cell::number) else { continue };
            let output: Option<&Output> = data.columns.get(*at).filter(|_| shown.len() > 1);
            found.entry(name(data, row, output, None)).or_default().push(value);
        }
    }
    found
}

/// The newest value, a bar against the limits or what came before, and what it breaks.
fn number(panel: &Panel, name: &str, values: &[f64]) -> Vec<Piece> {
    let Some(newest) = values.last().copied() else { return Vec::new() };
    let broken = panel.levels.iter().filter(|level| level.is_broken_by(newest));
    let broken = broken.max_by_key(|level| level.severity);
    let severity = broken.map(|level| level.severity);
    let shown =
        Piece { text: format!("{:>14}", panel.unit.show(newest)), severity, ..Piece::default() };
    let mut line = vec![Piece::plain(format!("{}  ", padded(name, COLUMN_MAX, false))), shown];
    if let Some(bar) = bar(newest, &panel.levels) {
        line.push(Piece { text: format!("  {bar}"), severity, ..Piece::default() });
    }
    line.push(Piece {
        text: format!("  {}", verdict(panel, broken)),
        severity,
        ..Piece::default()
    });
    if values.len() > 1 {
        line.push(Piece::plain(format!("  {}", small_columns(values))));
    }
    line
}

fn verdict(panel: &Panel, broken: Option<&Level>) -> String {
    let limit =
        |level: &Level| format!("{} {}", level.compare.sign(), panel.unit.show(level.value));
    match (broken, panel.levels.first()) {
        (Some(level), _) => format!("{} {}", level.severity.as_str().to_uppercase(), limit(level)),
        (None, Some(first)) => format!("ok, limit {}", limit(first)),
        (None, None) => String::new(),
    }
}

/// Filled as far as the value has come to the limits, which are marked.
fn bar(value: f64, levels: &[Level]) -> Option<String> {
    let highest =
        levels.iter().map(|level| level.value).max_by(|a, b| a.abs().total_cmp(&b.abs()))?;
    if highest == 0.0 || !highest.is_finite() {
        return None;
    }
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place within a short bar; what is out of bounds is put at its end"
    )]
    let place = |value: f64| {
        let share = (value / (highest * BEYOND)).clamp(0.0, 1.0);
        ((share * BAR_LEN as f64).round() as usize).min(BAR_LEN)
    };
    let (filled, marks) = (place(value), levels.iter().map(|level| place(level.value)));
    let marks: Vec<usize> = marks.collect();
    let cell = |at: usize| match (marks.contains(&at), at < filled) {
        (true, _) => '|',
        (false, true) => '#',
        (false, false) => '.',
    };
    Some(format!("[{}]", (0..BAR_LEN).map(cell).collect::<String>()))
}

/// The course of the values; every column is the value of its part that is farthest from the mean.
fn small_columns(values: &[f64]) -> String {
    let (low, high) =
        values.iter().fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
    #[allow(clippy::cast_precision_loss, reason = "a handful of points")]
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let parts = values.chunks(values.len().div_ceil(BAR_LEN).max(1));
    let far = |part: &[f64]| {
        part.iter().copied().max_by(|a, b| (a - mean).abs().total_cmp(&(b - mean).abs()))
    };
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of one, times seven"
    )]
    let glyph = |value: f64| {
        let share = if high > low { (value - low) / (high - low) } else { 0.0 };
        COLUMNS.get((share * 7.0).round() as usize).copied().unwrap_or('█')
    };
    parts.filter_map(far).map(glyph).collect()
}

/// The state that each lane is in, and since when.
fn states(data: &Data, view: &View) -> Vec<Vec<Piece>> {
    let lanes = lanes(data, view);
    let shown = lanes.iter().take(ROWS_MAX).filter_map(|lane| {
        let spell = lane.spells.last()?;
        let age = Unit::Secs.show(seconds(view.now_ns.saturating_sub(spell.from_ns)));
        let name = padded(&lane.name, COLUMN_MAX, false);
        Some(vec![Piece::plain(format!("{name}  {} since {age}", spell.state))])
    });
    shown.chain(more(lanes.len())).collect()
}

fn columns(grid: &Grid) -> Vec<Vec<Piece>> {
    let cells = |at: usize| grid.rows.iter().filter_map(move |row| row.get(at));
    let width = |(at, head): (usize, &String)| {
        let widest = cells(at).map(|cell| marked(cell).chars().count()).max().unwrap_or(0);
        widest.max(head.chars().count()).min(COLUMN_MAX)
    };
    let widths: Vec<usize> = grid.heads.iter().enumerate().map(width).collect();
    let is_number = |at: usize| cells(at).any(|cell| cell.is_number);
    let heads = grid.heads.iter().zip(&widths).enumerate().map(|(at, (head, width))| Piece {
        text: format!("{}  ", padded(head, *width, is_number(at))),
        is_head: true,
        ..Piece::default()
    });
    let line = |row: &Vec<GridCell>| {
        let pieces = row.iter().zip(&widths).map(|(cell, width)| Piece {
            text: format!("{}  ", padded(&marked(cell), *width, cell.is_number)),
            severity: cell.severity,
            is_head: false,
        });
        pieces.collect()
    };
    let shown = grid.rows.iter().take(ROWS_MAX).map(line);
    std::iter::once(heads.collect()).chain(shown).chain(more(grid.rows.len())).collect()
}

/// What breaks a limit is marked without color too.
fn marked(cell: &GridCell) -> String {
    let mark = match cell.severity {
        Some(Severity::Critical) => " !!",
        Some(Severity::Warning) => " !",
        _ => "",
    };
    format!("{}{mark}", cell.text.replace(char::is_control, " "))
}

fn more(rows: usize) -> Option<Vec<Piece>> {
    let left = rows.checked_sub(ROWS_MAX).filter(|left| *left > 0)?;
    Some(vec![Piece::plain(format!("and {left} more"))])
}

/// Filled up to a width, or cut to it; nothing in it moves a terminal's cursor.
fn padded(text: &str, width: usize, is_right: bool) -> String {
    let text = text.replace(char::is_control, " ");
    if text.chars().count() > width {
        let cut: String = text.chars().take(width.saturating_sub(1)).collect();
        return format!("{cut}…");
    }
    if is_right { format!("{text:>width$}") } else { format!("{text:<width$}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Compare;

    fn level(value: f64, severity: Severity) -> Level {
        let (rule, title) = ("r".to_owned(), "R".to_owned());
        Level { value, compare: Compare::AtLeast, severity, rule, title }
    }

    #[test]
    fn a_bar_is_filled_towards_its_limits_and_marks_them() {
        let levels = [level(0.05, Severity::Warning), level(0.1, Severity::Critical)];
        assert_eq!(bar(0.0, &levels).unwrap(), "[..........|........|....]");
        assert_eq!(bar(0.07, &levels).unwrap(), "[##########|##......|....]");
        assert_eq!(bar(9.0, &levels).unwrap(), "[##########|########|####]");
        assert_eq!(bar(-0.02, &levels).unwrap(), "[..........|........|....]");
        let loss = [level(-0.02, Severity::Critical)];
        assert_eq!(bar(-0.01, &loss).unwrap().matches('#').count(), 10);
        assert_eq!(bar(0.5, &[]), None);
    }

    #[test]
    fn small_columns_keep_the_peak() {
        let mut values = vec![1.0; 1_000];
        values[700] = 9.0;
        let drawn = small_columns(&values);
        assert!(drawn.contains('█') && drawn.chars().count() <= BAR_LEN, "{drawn}");
        assert_eq!(small_columns(&[2.0, 2.0]), "▁▁");
    }

    #[test]
    fn a_text_from_outside_moves_no_cursor() {
        assert_eq!(padded("a\x1b[2Jb\n", 8, false), "a [2Jb  ");
        assert_eq!(padded("abcdefgh", 4, true), "abc…");
    }
}
