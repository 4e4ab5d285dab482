//! Lines over time, with limits as lines across, and marks for what happened.

use super::{
    Frame, at, downsample, escape,
    scale::{Scale, extent, nice_ticks},
    severity_class,
};
use crate::{clock, panel::Level, unit::Unit};

/// Points of a line that a picture of common width can show.
const POINTS_MAX: usize = 1_600;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 22.0;

/// One line.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Line {
    /// Name.
    pub name: String,
    /// Moment (ns since 1970 UTC) and value, sorted by moment.
    pub points: Vec<(i64, f64)>,
    /// The range that it lies in, drawn behind it.
    pub band: Option<Band>,
}

/// A range over time.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Band {
    /// Moment (ns since 1970 UTC), lowest and highest value, sorted by moment.
    pub points: Vec<(i64, f64, f64)>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mark {
    /// When, ns since 1970 UTC.
    pub at_ns: i64,
    /// What.
    pub text: String,
}

/// A picture of lines.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Chart {
    /// The lines.
    pub lines: Vec<Line>,
    /// What the values are measured in.
    pub unit: Unit,
    /// Limits.
    pub levels: Vec<Level>,
    /// What happened meanwhile.
    pub marks: Vec<Mark>,
    /// Beginning and end, ns since 1970 UTC.
    pub range_ns: (i64, i64),
    /// Hangs from zero and is filled, as a drawdown does.
    pub hangs: bool,
    /// Points farther apart than this are not joined, ns; 0 joins all.
    pub gap_ns: i64,
}

impl Line {
    /// A line of this name.
    pub fn new(name: impl Into<String>, points: Vec<(i64, f64)>) -> Self {
        Self { name: name.into(), points, band: None }
    }

    /// With the range that it lies in.
    #[must_use]
    pub fn in_band(self, points: Vec<(i64, f64, f64)>) -> Self {
        Self { band: Some(Band { points }), ..self }
    }
}

impl Mark {
    /// `text` happened at `at_ns`, ns since 1970 UTC.
    pub fn new(at_ns: i64, text: impl Into<String>) -> Self {
        Self { at_ns, text: text.into() }
    }
}

impl Chart {
    /// Lines between two moments, ns since 1970 UTC.
    #[must_use]
    pub fn new(lines: Vec<Line>, unit: Unit, range_ns: (i64, i64)) -> Self {
        let (levels, marks) = (Vec::new(), Vec::new());
        Self { lines, unit, levels, marks, range_ns, hangs: false, gap_ns: 0 }
    }

    /// With these limits.
    #[must_use]
    pub fn with_levels(self, levels: Vec<Level>) -> Self {
        Self { levels, ..self }
    }

    /// With these marks.
    #[must_use]
    pub fn with_marks(self, marks: Vec<Mark>) -> Self {
        Self { marks, ..self }
    }

    /// Hanging from zero.
    #[must_use]
    pub fn hanging(self) -> Self {
        Self { hangs: true, ..self }
    }

    /// Not joined over more than this, ns.
    #[must_use]
    pub fn with_gap(self, gap_ns: i64) -> Self {
        Self { gap_ns, ..self }
    }

    /// The range of values to show: the data, zero when it hangs, and every limit that the data comes
    /// near to; a limit far away would press the data flat.
    fn values(&self) -> (f64, f64) {
        let points = self.lines.iter().flat_map(|line| line.points.iter().map(|p| p.1));
        let bands = self.lines.iter().filter_map(|line| line.band.as_ref());
        let bands = bands.flat_map(|band| band.points.iter().flat_map(|p| [p.1, p.2]));
        let (mut low, mut high) = extent(points.chain(bands)).unwrap_or((0.0, 1.0));
        if self.hangs {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        let span = (high - low).max(f64::MIN_POSITIVE);
        let near = |v: f64| self.hangs || (v >= low - 2.0 * span && v <= high + 2.0 * span);
        let levels: Vec<f64> =
            self.levels.iter().map(|level| level.value).filter(|v| near(*v)).collect();
        let (low, high) = extent([low, high].into_iter().chain(levels)).unwrap_or((low, high));
        let room = (high - low) * 0.04;
        (if self.hangs && low >= 0.0 { low } else { low - room }, high + room)
    }
}

/// Draws lines.
#[must_use]
pub fn lines(frame: &Frame, chart: &Chart) -> String {
    let (width, height) = (f64::from(frame.width), f64::from(frame.height));
    let (down, up) = (height - BOTTOM, TOP);
    let vertical = if chart.hangs { (up, down) } else { (down, up) };
    let y = Scale::new(chart.values(), vertical);
    let x = Scale::new((secs(chart.range_ns.0), secs(chart.range_ns.1)), (LEFT, width - RIGHT));
    let mut body = axes(chart, &x, &y, (width, height));
    for (index, line) in chart.lines.iter().enumerate() {
        body.push_str(&one(line, index, chart, (&x, &y)));
    }
    body.push_str(&levels(chart, &y, width));
    body.push_str(&marks(chart, &x, height));
    let class = if chart.hangs { "b-lines b-hangs" } else { "b-lines" };
    let svg = frame.wrap(class, &body);
    format!("<div class=\"b-chart\">{svg}{}</div>", legend(chart))
}

/// Seconds, as pixels need no more.
#[allow(clippy::cast_precision_loss, reason = "a pixel is wider than what is lost")]
pub(super) fn secs(ns: i64) -> f64 {
    ns as f64 / 1e9
}

fn axes(chart: &Chart, x: &Scale, y: &Scale, (width, height): (f64, f64)) -> String {
    let mut out = String::from("<g class=\"b-axis\">");
    let (low, high) = y.range();
    for tick in nice_ticks(low, high, if height < 160.0 { 3 } else { 5 }) {
        let row = at(y.at(tick));
        let text = escape(&chart.unit.show_short(tick));
        out.push_str(&format!(
            "<line x1=\"{}\" x2=\"{}\" y1=\"{row}\" y2=\"{row}\"/><text x=\"{}\" y=\"{row}\" dy=\".32em\" text-anchor=\"end\">{text}</text>",
            at(LEFT), at(width - RIGHT), at(LEFT - 6.0)
        ));
    }
    let (from, to) = chart.range_ns;
    let span = to.saturating_sub(from).max(1);
    let count = if width < 480.0 { 3 } else { 6 };
    for n in 0..=count {
        let ns = from.saturating_add(span / count * n);
        let column = x.at(secs(ns)).clamp(LEFT, width - RIGHT);
        let anchor = if n == count { "end" } else { "middle" };
        let text = clock::tick(ns, span);
        out.push_str(&format!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{text}</text>",
            at(column),
            at(height - 6.0)
        ));
    }
    out.push_str("</g>");
    out
}

fn one(line: &Line, index: usize, chart: &Chart, (x, y): (&Scale, &Scale)) -> String {
    let mut out = String::new();
    let class = index % 8;
    if let Some(band) = &line.band {
        let edge = |of: fn(&(i64, f64, f64)) -> f64| {
            let points: Vec<_> = band.points.iter().map(|p| (secs(p.0), of(p))).collect();
            downsample(&points, POINTS_MAX)
        };
        let (lower, mut upper) = (edge(|p| p.1), edge(|p| p.2));
        upper.reverse();
        let points: Vec<String> =
            lower.iter().chain(&upper).map(|(t, v)| pair(x.at(*t), y.at(*v))).collect();
        out.push_str(&format!(
            "<polygon class=\"b-band s{class}\" points=\"{}\"/>",
            points.join(" ")
        ));
    }
    for run in runs(line, chart.gap_ns) {
        let points = downsample(&run, POINTS_MAX);
        let drawn: Vec<String> = points.iter().map(|(t, v)| pair(x.at(*t), y.at(*v))).collect();
        let (Some(first), Some(last)) = (points.first(), points.last()) else { continue };
        if chart.hangs {
            let zero = y.at(0.0);
            out.push_str(&format!(
                "<polygon class=\"b-area s{class}\" points=\"{} {} {}\"/>",
                pair(x.at(first.0), zero),
                drawn.join(" "),
                pair(x.at(last.0), zero)
            ));
        }
        if drawn.len() == 1 {
            out.push_str(&format!(
                "<circle class=\"b-dot s{class}\" cx=\"{}\" cy=\"{}\" r=\"2.5\"/>",
                at(x.at(first.0)),
                at(y.at(first.1))
            ));
        }
        out.push_str(&format!(
            "<polyline class=\"b-line s{class}\" points=\"{}\"/>",
            drawn.join(" ")
        ));
    }
    out
}

/// The stretches of a line that have no gap.
fn runs(line: &Line, gap_ns: i64) -> Vec<Vec<(f64, f64)>> {
    let is_joined =
        |a: &(i64, f64), b: &(i64, f64)| gap_ns <= 0 || b.0.saturating_sub(a.0) <= gap_ns;
    line.points
        .chunk_by(is_joined)
        .map(|run| run.iter().map(|(ns, value)| (secs(*ns), *value)).collect())
        .collect()
}

fn pair(x: f64, y: f64) -> String {
    format!("{},{}", at(x), at(y))
}

fn levels(chart: &Chart, y: &Scale, width: f64) -> String {
    let (low, high) = y.range();
    let shown = chart.levels.iter().filter(|level| level.value >= low && level.value <= high);
    shown
        .map(|level| {
            let row = at(y.at(level.value));
            let class = severity_class(level.severity);
            let text = format!(
                "{} {} {}",
                level.severity.as_str(), level.compare.sign(), chart.unit.show(level.value)
            );
            format!(
                "<g class=\"b-level {class}\" data-rule=\"{rule}\" data-value=\"{value}\"><line x1=\"{}\" x2=\"{}\" y1=\"{row}\" y2=\"{row}\"/><text x=\"{}\" y=\"{row}\" dy=\"-.35em\" text-anchor=\"end\">{}</text></g>",
                at(LEFT), at(width - RIGHT), at(width - RIGHT - 4.0), escape(&text),
                rule = escape(&level.rule), value = level.value,
            )
        })
        .collect()
}

fn marks(chart: &Chart, x: &Scale, height: f64) -> String {
    let (from, to) = chart.range_ns;
    let shown = chart.marks.iter().filter(|mark| mark.at_ns >= from && mark.at_ns <= to);
    shown
        .map(|mark| {
            let column = at(x.at(secs(mark.at_ns)));
            format!(
                "<g class=\"b-mark\"><title>{} {}</title><line x1=\"{column}\" x2=\"{column}\" y1=\"{}\" y2=\"{}\"/><text x=\"{column}\" y=\"{}\" text-anchor=\"middle\">◆</text></g>",
                clock::full(mark.at_ns), escape(&mark.text), at(TOP), at(height - BOTTOM), at(TOP + 4.0)
            )
        })
        .collect()
}

/// Names of the lines with their newest values, so that no line is known by its color alone.
fn legend(chart: &Chart) -> String {
    let mut out = String::from("<ul class=\"b-legend\">");
    for (index, line) in chart.lines.iter().enumerate() {
        let newest = line.points.last().map(|p| chart.unit.show(p.1)).unwrap_or_default();
        out.push_str(&format!(
            "<li><span class=\"b-key s{}\" aria-hidden=\"true\">{}</span> {} <b>{}</b></li>",
            index % 8,
            index + 1,
            escape(&line.name),
            escape(&newest)
        ));
    }
    out.push_str("</ul>");
    out
}
