//! Bars: one for each thing, lying, so that their names can be read on a phone.

use super::{Frame, at, escape, scale::Scale, severity_class};
use crate::{panel::Level, unit::Unit};

const ROW: f64 = 26.0;
const BARS_MAX: usize = 60;

/// One bar.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Bar {
    /// Name.
    pub name: String,
    /// Value.
    pub value: f64,
}

impl Bar {
    /// A bar of this name and length.
    pub fn new(name: impl Into<String>, value: f64) -> Self {
        Self { name: name.into(), value }
    }
}

/// Draws at most 60 bars from a common zero, with limits as lines across.
#[must_use]
pub fn bars(frame: &Frame, all: &[Bar], unit: Unit, levels: &[Level]) -> String {
    let shown: Vec<&Bar> = all.iter().filter(|bar| bar.value.is_finite()).take(BARS_MAX).collect();
    let rows = f64::from(u32::try_from(shown.len()).unwrap_or(u32::MAX));
    let frame = Frame { height: pixels(rows.mul_add(ROW, 8.0)), ..frame.clone() };
    let (width, height) = (f64::from(frame.width), f64::from(frame.height));
    let left = width * 0.34;
    let values = || shown.iter().map(|bar| bar.value).chain(levels.iter().map(|level| level.value));
    let low = values().fold(0.0, f64::min);
    let high = values().fold(0.0, f64::max);
    let x = Scale::new((low, high), (left, width - 92.0));
    let zero = x.at(0.0);
    let mut body = String::new();
    for (row, bar) in (0_u32..).zip(&shown) {
        let top = f64::from(row).mul_add(ROW, 4.0);
        let end = x.at(bar.value);
        let broken = levels.iter().filter(|level| level.is_broken_by(bar.value));
        let worst = broken.map(|level| level.severity).max();
        let class = worst.map_or("s0", severity_class);
        let word = worst.map_or(String::new(), |severity| format!(" {}", severity.as_str()));
        body.push_str(&format!(
            "<g class=\"b-bar\"><text x=\"{}\" y=\"{mid}\" dy=\".32em\" text-anchor=\"end\">{}</text><rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/><text class=\"b-value\" x=\"{}\" y=\"{mid}\" dy=\".32em\">{}{word}</text></g>",
            at(left - 6.0), escape(&bar.name), at(end.min(zero)), at(top), at((end - zero).abs().max(1.0)), at(ROW - 8.0),
            at(end.max(zero) + 5.0), escape(&unit.show(bar.value)),
            mid = at(top + (ROW - 8.0) / 2.0),
        ));
    }
    for level in levels {
        let column = at(x.at(level.value));
        body.push_str(&format!(
            "<g class=\"b-level {}\" data-rule=\"{}\" data-value=\"{}\"><title>{} {}</title><line x1=\"{column}\" x2=\"{column}\" y1=\"0\" y2=\"{}\"/></g>",
            severity_class(level.severity), escape(&level.rule), level.value, level.severity.as_str(), escape(&unit.show(level.value)), at(height)
        ));
    }
    frame.wrap("b-bars", &body)
}

/// Whole pixels of a small positive length.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 8 and 2,000")]
fn pixels(length: f64) -> u32 {
    length.clamp(0.0, 10_000.0) as u32
}
