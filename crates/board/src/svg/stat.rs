//! One number, large, with the line that led to it.

use super::{
    Frame, at, downsample, escape,
    scale::{Scale, extent},
    severity_class,
};
use crate::{panel::Level, unit::Unit};

/// A number and where it came from.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Stat {
    /// Whose it is; may be empty.
    pub name: String,
    /// The number; none is shown as unknown, never as zero.
    pub value: Option<f64>,
    /// What it is measured in.
    pub unit: Unit,
    /// Earlier values: moment (ns since 1970 UTC) and value.
    pub points: Vec<(i64, f64)>,
    /// A few words below it, such as its age.
    pub note: String,
}

impl Stat {
    /// A number in `unit`.
    pub fn new(name: impl Into<String>, value: Option<f64>, unit: Unit) -> Self {
        Self { name: name.into(), value, unit, points: Vec::new(), note: String::new() }
    }

    /// With earlier values.
    #[must_use]
    pub fn with_points(self, points: Vec<(i64, f64)>) -> Self {
        Self { points, ..self }
    }

    /// With a few words below.
    #[must_use]
    pub fn noted(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }
}

/// Draws a number; a broken limit is said in words.
#[must_use]
pub fn stat(frame: &Frame, of: &Stat, levels: &[Level]) -> String {
    let broken = |value: f64| levels.iter().filter(move |level| level.is_broken_by(value));
    let worst = of.value.and_then(|value| broken(value).max_by_key(|level| level.severity));
    let class = worst.map_or("", |level| severity_class(level.severity));
    let text = of.value.map_or_else(|| "no data".to_owned(), |value| of.unit.show(value));
    let word = worst.map_or(String::new(), |level| {
        let (sign, limit) = (escape(level.compare.sign()), of.unit.show(level.value));
        format!(
            "<span class=\"b-word\">{} {sign} {}</span>",
            level.severity.as_str(),
            escape(&limit)
        )
    });
    let limits: Vec<String> = levels.iter().map(|level| of.unit.show(level.value)).collect();
    let limits = if limits.is_empty() || worst.is_some() {
        String::new()
    } else {
        format!("<span class=\"b-limits\">limits {}</span>", escape(&limits.join(" · ")))
    };
    format!(
        "<div class=\"b-stat {class}\"><span class=\"b-name\">{}</span><strong>{}</strong>{word}{limits}<span class=\"b-note\">{}</span>{}</div>",
        escape(&of.name),
        escape(&text),
        escape(&of.note),
        spark(frame, &of.points)
    )
}

fn spark(frame: &Frame, points: &[(i64, f64)]) -> String {
    let Some((first, last)) = points.first().zip(points.last()).filter(|(a, b)| a.0 < b.0) else {
        return String::new();
    };
    let secs = |ns: i64| super::lines::secs(ns.saturating_sub(first.0));
    let line: Vec<(f64, f64)> = points.iter().map(|(ns, value)| (secs(*ns), *value)).collect();
    let line = downsample(&line, 400);
    let Some(range) = extent(line.iter().map(|p| p.1)) else { return String::new() };
    let frame = frame.clone().sized(frame.width, frame.height);
    let x = Scale::new((0.0, secs(last.0)), (2.0, f64::from(frame.width) - 2.0));
    let y = Scale::new(range, (f64::from(frame.height) - 3.0, 3.0));
    let drawn: Vec<String> =
        line.iter().map(|(t, v)| format!("{},{}", at(x.at(*t)), at(y.at(*v)))).collect();
    frame
        .wrap("b-spark", &format!("<polyline class=\"b-line s0\" points=\"{}\"/>", drawn.join(" ")))
}
