//! States over time.

use super::{Frame, at, escape, lines::secs, scale::Scale};
use crate::clock;

const ROW: f64 = 24.0;
const LANES_MAX: usize = 40;

/// What one thing was, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lane {
    /// Name.
    pub name: String,
    /// What it was, in the order of time.
    pub spells: Vec<Spell>,
}

/// One state for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spell {
    /// Beginning, ns since 1970 UTC.
    pub from_ns: i64,
    /// End, ns since 1970 UTC.
    pub to_ns: i64,
    /// The state.
    pub state: String,
}

impl Lane {
    /// States from the moments at which each began; the last one lasts until `end_ns`.
    pub fn new(name: impl Into<String>, began: &[(i64, String)], end_ns: i64) -> Self {
        let mut spells: Vec<Spell> = Vec::new();
        for (from_ns, state) in began {
            match spells.last_mut() {
                Some(last) if last.state == *state => {}
                before => {
                    if let Some(last) = before {
                        last.to_ns = *from_ns;
                    }
                    spells.push(Spell { from_ns: *from_ns, to_ns: end_ns, state: state.clone() });
                }
            }
        }
        Self { name: name.into(), spells }
    }
}

/// The class that colors a state; the state's word stands in it.
fn class(state: &str) -> &'static str {
    match state {
        "up" | "normal" | "resolved" | "active" | "closed" => "b-good",
        "degraded" | "pending" | "reconnecting" | "reducing" => "b-warn",
        "down" | "firing" | "error" | "halted" => "b-crit",
        _ => "b-unknown",
    }
}

/// Draws at most 40 lanes between two moments, ns since 1970 UTC.
#[must_use]
pub fn timeline(frame: &Frame, lanes: &[Lane], range_ns: (i64, i64)) -> String {
    let shown = || lanes.iter().take(LANES_MAX);
    let rows = u32::try_from(shown().count()).unwrap_or(0);
    let frame = Frame { height: rows.saturating_mul(24).saturating_add(24), ..frame.clone() };
    let width = f64::from(frame.width);
    let left = width * 0.28;
    let x = Scale::new((secs(range_ns.0), secs(range_ns.1)), (left, width - 8.0));
    let mut body = String::new();
    for (row, lane) in (0_u32..).zip(shown()) {
        let top = f64::from(row) * ROW;
        body.push_str(&format!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            at(left - 6.0),
            at(top + 15.0),
            escape(&lane.name)
        ));
        for spell in &lane.spells {
            body.push_str(&one(spell, top, &x, (left, width - 8.0)));
        }
    }
    let span = range_ns.1.saturating_sub(range_ns.0).max(1);
    for (ns, anchor, column) in [(range_ns.0, "start", left), (range_ns.1, "end", width - 8.0)] {
        body.push_str(&format!(
            "<text class=\"b-tick\" x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
            at(column),
            at(f64::from(rows).mul_add(ROW, 16.0)),
            clock::tick(ns, span)
        ));
    }
    frame.wrap("b-timeline", &body)
}

fn one(spell: &Spell, top: f64, x: &Scale, (left, right): (f64, f64)) -> String {
    let (from, to) = (x.at(secs(spell.from_ns)), x.at(secs(spell.to_ns)));
    let (from, to) = (from.clamp(left, right), to.clamp(left, right));
    let (width, state) = ((to - from).max(2.0), escape(&spell.state));
    // A word of about seven pixels a letter.
    let letters = f64::from(u32::try_from(spell.state.len()).unwrap_or(u32::MAX));
    let word = if letters * 7.0 < width {
        format!("<text x=\"{}\" y=\"{}\">{state}</text>", at(from + 3.0), at(top + 15.0))
    } else {
        String::new()
    };
    format!(
        "<g class=\"b-spell {}\"><title>{state} {} – {}</title><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>{word}</g>",
        class(&spell.state),
        clock::full(spell.from_ns),
        clock::full(spell.to_ns),
        at(from),
        at(top + 3.0),
        at(width),
        at(ROW - 6.0)
    )
}
