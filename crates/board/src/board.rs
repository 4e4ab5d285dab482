//! All dashboards, fitted to the tables and rules of an operation.

use crate::{
    dashboards,
    panel::{GRID, Panel, Picture, Place, Watch},
    query::{Query, QueryProblem},
    rule::Rule,
    table::Tables,
    unit::Unit,
};

/// Dashboards of one operation.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Board {
    /// The dashboards; the first is the first screen.
    pub dashboards: Vec<Dashboard>,
    /// The rules whose limits they show.
    pub rules: Vec<Rule>,
    /// The tables that they read.
    pub tables: Tables,
}

/// Some panels about one thing.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Dashboard {
    /// Unique; stable, as addresses are made of it.
    pub id: String,
    /// A few words.
    pub title: String,
    /// What it answers.
    pub question: String,
    /// Its panels, in reading order.
    pub panels: Vec<Panel>,
}

/// Why there is no board.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BoardError {
    /// A panel asks for what the tables do not have.
    #[error("panel `{panel}` of dashboard `{dashboard}` does not fit the tables")]
    Query {
        /// Dashboard.
        dashboard: String,
        /// Panel.
        panel: String,
        /// Cause.
        source: QueryProblem,
    },
}

impl Board {
    /// The dashboards over these tables, with the limits of these rules.
    ///
    /// # Errors
    ///
    /// [`BoardError`] when a table or column is missing.
    pub fn new(tables: Tables, rules: Vec<Rule>) -> Result<Self, BoardError> {
        let mut all = Vec::new();
        for draft in dashboards::all() {
            all.push(draft.finish(&tables, &rules)?);
        }
        Ok(Self { dashboards: all, rules, tables })
    }

    /// The dashboard with this id.
    #[must_use]
    pub fn dashboard(&self, id: &str) -> Option<&Dashboard> {
        self.dashboards.iter().find(|dashboard| dashboard.id == id)
    }

    /// The panel that shows a rule's limit, and its dashboard; the most telling one, when several do.
    #[must_use]
    pub fn panel_of(&self, rule: &str) -> Option<(&Dashboard, &Panel)> {
        let all =
            || self.dashboards.iter().flat_map(|d| d.panels.iter().map(move |panel| (d, panel)));
        let shows = |panel: &Panel| panel.levels.iter().any(|level| level.rule == rule);
        let is_picture =
            |panel: &Panel| matches!(panel.picture, Picture::Lines | Picture::Underwater);
        all()
            .find(|(_, panel)| shows(panel) && is_picture(panel))
            .or_else(|| all().find(|(_, panel)| shows(panel)))
    }
}

impl Dashboard {
    /// The panel with this id.
    #[must_use]
    pub fn panel(&self, id: &str) -> Option<&Panel> {
        self.panels.iter().find(|panel| panel.id == id)
    }
}

/// A dashboard that is not fitted yet.
#[derive(Debug)]
pub(crate) struct Draft {
    dashboard: Dashboard,
    watches: Vec<Option<Watch>>,
}

impl Draft {
    pub(crate) fn new(id: &str, title: &str, question: &str) -> Self {
        let dashboard = Dashboard {
            id: id.to_owned(),
            title: title.to_owned(),
            question: question.to_owned(),
            panels: Vec::new(),
        };
        Self { dashboard, watches: Vec::new() }
    }

    /// Adds a panel behind the others.
    pub(crate) fn panel(mut self, id: &str, title: &str, question: &str, shown: Shown) -> Self {
        self.dashboard.panels.push(Panel {
            id: id.to_owned(),
            number: number(id),
            title: title.to_owned(),
            question: question.to_owned(),
            picture: shown.picture,
            unit: shown.unit,
            query: shown.query,
            levels: Vec::new(),
            drill_down: shown.drill_down.map(str::to_owned),
            place: Place { x: 0, y: 0, w: shown.w, h: shown.h },
        });
        self.watches.push(shown.watch);
        self
    }

    fn finish(mut self, tables: &Tables, rules: &[Rule]) -> Result<Dashboard, BoardError> {
        let mut flow = Flow::default();
        for (panel, watch) in self.dashboard.panels.iter_mut().zip(self.watches) {
            panel.query.resolve(tables).map_err(|source| BoardError::Query {
                dashboard: self.dashboard.id.clone(),
                panel: panel.id.clone(),
                source,
            })?;
            if let Some(watch) = watch {
                panel.take_levels(watch, rules);
            }
            flow.place(&mut panel.place);
        }
        Ok(self.dashboard)
    }
}

/// How a panel looks.
#[derive(Debug)]
pub(crate) struct Shown {
    picture: Picture,
    unit: Unit,
    query: Query,
    watch: Option<Watch>,
    drill_down: Option<&'static str>,
    w: u32,
    h: u32,
}

impl Picture {
    /// Shows `query` so, in `unit`.
    pub(crate) fn of(self, unit: Unit, query: Query) -> Shown {
        let (w, h) = match self {
            Self::Stat => (6, 4),
            Self::Table => (24, 8),
            _ => (12, 8),
        };
        Shown { picture: self, unit, query, watch: None, drill_down: None, w, h }
    }
}

impl Shown {
    /// With the limits of rules that watch this.
    pub(crate) fn watching(self, watch: Watch) -> Self {
        Self { watch: Some(watch), ..self }
    }

    /// Saying more there.
    pub(crate) fn more_at(self, dashboard: &'static str) -> Self {
        Self { drill_down: Some(dashboard), ..self }
    }

    /// So many columns wide and rows high.
    pub(crate) fn size(self, w: u32, h: u32) -> Self {
        Self { w, h, ..self }
    }
}

/// Puts panels side by side, as text flows.
#[derive(Debug, Default)]
struct Flow {
    x: u32,
    y: u32,
    height: u32,
}

impl Flow {
    fn place(&mut self, place: &mut Place) {
        if self.x.saturating_add(place.w) > GRID {
            self.y = self.y.saturating_add(self.height);
            (self.x, self.height) = (0, 0);
        }
        (place.x, place.y) = (self.x, self.y);
        self.x = self.x.saturating_add(place.w);
        self.height = self.height.max(place.h);
    }
}

/// The same for the same id for ever, so that links stay right when panels come and go: FNV-1a, in
/// six digits.
fn number(id: &str) -> u32 {
    let hash = id
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash % 900_000 + 100_000
}
