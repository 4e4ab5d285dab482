//! An answer as the picture that its panel asks for.

mod text;

use std::collections::BTreeMap;

use crate::{
    clock,
    data::{Cell, Data},
    panel::{Panel, Picture},
    query::{Output, Role},
    rule::Severity,
    svg::{
        Bar, Chart, Frame, Grid, GridCell, Lane, Line, Mark, Stat, bars, escape, grid, lines, stat,
        timeline,
    },
    unit::Unit,
};

pub use text::{Piece, draw_text};

/// How a panel is looked at.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct View {
    /// Beginning and end, ns since 1970 UTC.
    pub range_ns: (i64, i64),
    /// Now, ns since 1970 UTC; ages are counted from it.
    pub now_ns: i64,
    /// Width of a point, ns.
    pub step_ns: i64,
    /// Width and height of the picture's own coordinates, pixels.
    pub size: (u32, u32),
    /// What happened meanwhile; drawn into pictures over time.
    pub marks: Vec<Mark>,
    /// Before each id, so that a page may show one panel twice.
    pub id_prefix: String,
}

impl View {
    /// Between two moments, the later one of which is now.
    #[must_use]
    pub fn new(range_ns: (i64, i64), step_ns: i64) -> Self {
        let (marks, id_prefix) = (Vec::new(), String::new());
        Self { range_ns, now_ns: range_ns.1, step_ns, size: (640, 240), marks, id_prefix }
    }

    /// With this now, ns since 1970 UTC.
    #[must_use]
    pub fn at(self, now_ns: i64) -> Self {
        Self { now_ns, ..self }
    }

    /// So large, pixels.
    #[must_use]
    pub fn sized(self, width: u32, height: u32) -> Self {
        Self { size: (width, height), ..self }
    }

    /// With these marks.
    #[must_use]
    pub fn with_marks(self, marks: Vec<Mark>) -> Self {
        Self { marks, ..self }
    }

    /// With this before each id.
    #[must_use]
    pub fn prefixed(self, id_prefix: impl Into<String>) -> Self {
        Self { id_prefix: id_prefix.into(), ..self }
    }
}

/// Draws a panel as HTML with SVG in it. Without a value it says so, which is never the same as zero.
#[must_use]
pub fn draw(panel: &Panel, data: &Data, view: &View) -> String {
    if data.is_empty() {
        return format!(
            "<p class=\"b-empty\">no data in this range: {}</p>",
            escape(&panel.question)
        );
    }
    let id = format!("{}{}", view.id_prefix, panel.id);
    let frame = Frame::new(id, &panel.title)
        .described(describe(panel, data))
        .sized(view.size.0, view.size.1);
    match panel.picture {
        Picture::Lines | Picture::Underwater => lines(&frame, &chart(panel, data, view)),
        Picture::BarsOverTime | Picture::Bars => {
            bars(&frame, &all_bars(data, view), panel.unit, &panel.levels)
        }
        Picture::Stat => stats(&frame, panel, data),
        Picture::Timeline => timeline(&frame, &lanes(data, view), view.range_ns),
        Picture::Table => grid(&table(panel, data, view)),
    }
}

/// What a picture shows, in words: its question, how many rows, and the limits.
fn describe(panel: &Panel, data: &Data) -> String {
    let limits = panel.levels.iter().map(|level| {
        format!(
            "{} {} {}",
            level.severity.as_str(),
            level.compare.sign(),
            panel.unit.show(level.value)
        )
    });
    let limits: Vec<String> = limits.collect();
    let limits =
        if limits.is_empty() { String::new() } else { format!(" Limits: {}.", limits.join(", ")) };
    format!("{} {} points.{limits}", panel.question, data.rows.len())
}

/// The name of a line: its labels, and the value's name when there are several.
fn name(data: &Data, row: &[Cell], value: Option<&Output>, view: Option<&View>) -> String {
    let labels =
        data.of_role(Role::Label).filter_map(|at| row.get(at)).filter_map(|cell| match cell {
            Cell::Null => None,
            Cell::Text(text) => Some(text.clone()),
            Cell::Moment(ns) => Some(view.map_or_else(|| clock::full(*ns), |_| clock::date(*ns))),
            other => other.number().map(|n| Unit::None.show(n)),
        });
    let value = value.map(|output| output.name.replace('_', " "));
    let all: Vec<String> = labels.chain(value).collect();
    if all.is_empty() { "all".to_owned() } else { all.join(" · ") }
}

fn chart(panel: &Panel, data: &Data, view: &View) -> Chart {
    let shown: Vec<usize> =
        data.of_role(Role::Value).filter(|at| is_shown(panel, data, *at)).collect();
    let mut found: BTreeMap<(usize, String), Vec<(i64, f64)>> = BTreeMap::new();
    let mut edges: BTreeMap<String, Vec<(i64, f64, f64)>> = BTreeMap::new();
    let edge = |name: &str| data.columns.iter().position(|column| column.name == name);
    for row in &data.rows {
        let Some(ns) = data.time().and_then(|at| row.get(at)).and_then(Cell::moment) else {
            continue;
        };
        for at in &shown {
            let Some(value) = row.get(*at).and_then(Cell::number) else { continue };
            let output = if shown.len() > 1 { data.columns.get(*at) } else { None };
            found.entry((*at, name(data, row, output, None))).or_default().push((ns, value));
        }
        let number = |at: Option<usize>| at.and_then(|at| row.get(at)).and_then(Cell::number);
        if let (Some(low), Some(high)) = (number(edge("lowest")), number(edge("highest"))) {
            edges.entry(name(data, row, None, None)).or_default().push((ns, low, high));
        }
    }
    let all = found.into_iter().map(|((_, name), points)| {
        let band = edges.remove(&name);
        let line = Line::new(name, points);
        band.into_iter().fold(line, Line::in_band)
    });
    let all: Vec<Line> = all.collect();
    let chart = Chart::new(all, panel.unit, view.range_ns)
        .with_levels(panel.levels.clone())
        .with_marks(view.marks.clone())
        .with_gap(gap(data, view));
    if panel.picture == Picture::Underwater { chart.hanging() } else { chart }
}

/// Ten steps without a point are a gap; sparse data decides for itself what is usual.
fn gap(data: &Data, view: &View) -> i64 {
    let times = data.rows.iter().filter_map(|row| row.get(data.time()?)?.moment());
    let mut times: Vec<i64> = times.collect();
    times.sort_unstable();
    times.dedup();
    let mut steps: Vec<i64> =
        times.windows(2).filter_map(|pair| Some(pair.get(1)? - pair.first()?)).collect();
    steps.sort_unstable();
    let usual = steps.get(steps.len() / 2).copied().unwrap_or(0);
    usual.max(view.step_ns).saturating_mul(10)
}

/// Edges of a band are drawn with it; a value of another unit has another axis.
fn is_shown(panel: &Panel, data: &Data, at: usize) -> bool {
    data.columns.get(at).is_some_and(|column| {
        !matches!(column.name.as_str(), "lowest" | "highest") && column.unit == panel.unit
    })
}

fn all_bars(data: &Data, view: &View) -> Vec<Bar> {
    let values: Vec<usize> = data.of_role(Role::Value).collect();
    let mut all = Vec::new();
    for row in &data.rows {
        for at in &values {
            let Some(value) = row.get(*at).and_then(Cell::number) else { continue };
            let output = if values.len() > 1 { data.columns.get(*at) } else { None };
            let mut label = name(data, row, output, Some(view));
            if let Some(ns) = data.time().and_then(|at| row.get(at)).and_then(Cell::moment) {
                let span = view.range_ns.1.saturating_sub(view.range_ns.0);
                label = format!("{} {label}", clock::tick(ns, span));
            }
            all.push(Bar::new(label, value));
        }
    }
    all
}

fn stats(frame: &Frame, panel: &Panel, data: &Data) -> String {
    let of_unit = |at: &usize| data.columns.get(*at).is_some_and(|c| c.unit == panel.unit);
    let Some(shown) = data.of_role(Role::Value).find(of_unit) else { return String::new() };
    let mut found: BTreeMap<String, Stat> = BTreeMap::new();
    for row in &data.rows {
        let number = row.get(shown).and_then(Cell::number);
        let ns = data.time().and_then(|at| row.get(at)).and_then(Cell::moment);
        let name = name(data, row, None, None);
        let of = found.entry(name.clone()).or_insert_with(|| Stat::new(name, None, panel.unit));
        of.points.extend(ns.zip(number));
        of.value = number.or(of.value);
        of.note = others(data, row, shown);
    }
    let mut out = String::new();
    for (index, of) in found.into_values().enumerate() {
        let frame = Frame { id: format!("{}-{index}", frame.id), ..frame.clone() };
        out.push_str(&stat(&frame.sized(240, 40), &of, &panel.levels));
    }
    out
}

/// The other values of a row: what the large number is made of.
fn others(data: &Data, row: &[Cell], shown: usize) -> String {
    let all = data.of_role(Role::Value).filter(|at| *at != shown).filter_map(|at| {
        let (column, value) = (data.columns.get(at)?, row.get(at)?.number()?);
        Some(format!("{} {}", column.name.replace('_', " "), column.unit.show(value)))
    });
    all.collect::<Vec<_>>().join(", ")
}

fn lanes(data: &Data, view: &View) -> Vec<Lane> {
    let Some(state) = data.of_role(Role::Value).next() else { return Vec::new() };
    let mut found: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
    for row in &data.rows {
        let ns = data.time().and_then(|at| row.get(at)).and_then(Cell::moment);
        if let (Some(ns), Some(state)) = (ns, row.get(state).and_then(Cell::text)) {
            found.entry(name(data, row, None, None)).or_default().push((ns, state.to_owned()));
        }
    }
    found.into_iter().map(|(name, began)| Lane::new(name, &began, view.range_ns.1)).collect()
}

fn table(panel: &Panel, data: &Data, view: &View) -> Grid {
    let rows = data.rows.iter().map(|row| {
        row.iter().zip(&data.columns).map(|(cell, column)| one(panel, cell, column, view)).collect()
    });
    Grid {
        caption: format!("{}: {}", panel.title, panel.question),
        heads: data.columns.iter().map(head).collect(),
        rows: rows.collect(),
    }
}

fn head(column: &Output) -> String {
    column
        .name
        .trim_end_matches("_ms")
        .trim_end_matches("_usd")
        .trim_end_matches("_id")
        .replace('_', " ")
}

fn one(panel: &Panel, cell: &Cell, column: &Output, view: &View) -> GridCell {
    match cell {
        Cell::Null => GridCell::text("–"),
        Cell::Text(text) => GridCell::text(text.clone()).breaking(severity(column, text)),
        Cell::Moment(ns) if column.role == Role::Time => GridCell::text(clock::full(*ns)),
        Cell::Moment(ns) => {
            let age = view.now_ns.saturating_sub(*ns);
            GridCell::number(format!("{} ago", Unit::Secs.show(seconds(age))))
        }
        other => {
            let Some(value) = other.number() else { return GridCell::text("–") };
            let is_watched = column.unit == panel.unit && column.role == Role::Value;
            let broken =
                panel.levels.iter().filter(|level| is_watched && level.is_broken_by(value));
            GridCell::number(column.unit.show(value)).breaking(broken.map(|l| l.severity).max())
        }
    }
}

/// Words that are a severity by themselves.
fn severity(column: &Output, text: &str) -> Option<Severity> {
    match (column.name.as_str(), text) {
        ("severity", "critical") | ("status", "down") | ("trading_state", "halted") => {
            Some(Severity::Critical)
        }
        ("severity", "warning") | ("status", "degraded" | "reconnecting") => {
            Some(Severity::Warning)
        }
        _ => None,
    }
}

#[allow(clippy::cast_precision_loss, reason = "an age for a person's eyes")]
fn seconds(ns: i64) -> f64 {
    ns as f64 / 1e9
}
