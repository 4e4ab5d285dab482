//! Pictures as SVG and HTML: plain text with classes, so that one style sheet colors them for light,
//! dark and paper. Every text from outside is escaped, every picture has a name and a description,
//! and no meaning is carried by color alone.

mod bars;
mod downsample;
mod escape;
mod grid;
mod lines;
mod scale;
mod stat;
mod style;
mod timeline;

pub use bars::{Bar, bars};
pub use downsample::downsample;
pub use escape::escape;
pub use grid::{Grid, GridCell, grid};
pub use lines::{Band, Chart, Line, Mark, lines};
pub use scale::nice_ticks;
pub use stat::{Stat, stat};
pub use style::CSS;
pub use timeline::{Lane, Spell, timeline};

use crate::rule::Severity;

/// What every picture has.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Frame {
    /// Unique on the page; letters, digits and `-`.
    pub id: String,
    /// Its name.
    pub title: String,
    /// What it shows, in a sentence, for those who cannot see it.
    pub description: String,
    /// Width of the picture's own coordinates, pixels.
    pub width: u32,
    /// Height of the picture's own coordinates, pixels.
    pub height: u32,
}

impl Frame {
    /// A picture of 640 × 240 pixels.
    pub fn new(id: impl Into<String>, title: impl Into<String>) -> Self {
        let (id, title) = (id.into(), title.into());
        let id = id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        Self { id, title, description: String::new(), width: 640, height: 240 }
    }

    /// With this description.
    #[must_use]
    pub fn described(self, description: impl Into<String>) -> Self {
        Self { description: description.into(), ..self }
    }

    /// So many pixels wide and high; at least 80 × 40.
    #[must_use]
    pub fn sized(self, width: u32, height: u32) -> Self {
        Self { width: width.max(80), height: height.max(40), ..self }
    }

    /// The element around a picture; `class` is one of ours.
    fn wrap(&self, class: &str, body: &str) -> String {
        let Self { id, width, height, .. } = self;
        let (title, description) = (escape(&self.title), escape(&self.description));
        format!(
            "<svg class=\"b-svg {class}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{title}</title><desc id=\"{id}-d\">{description}</desc>{body}</svg>"
        )
    }
}

/// The class that colors a severity; its word is always beside it.
#[must_use]
pub fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "b-info",
        Severity::Warning => "b-warn",
        Severity::Critical => "b-crit",
    }
}

/// A coordinate with a tenth of a pixel.
fn at(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
