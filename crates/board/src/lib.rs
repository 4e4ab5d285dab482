#![doc = include_str!("../README.md")]

mod board;
mod clock;
mod dashboards;
mod data;
mod draw;
#[cfg(feature = "grafana")]
pub mod grafana;
mod panel;
pub mod query;
mod rule;
mod scope;
pub mod svg;
mod table;
mod unit;

pub use board::{Board, BoardError, Dashboard};
pub use data::{Cell, Data};
pub use draw::{Piece, View, draw, draw_text};
pub use panel::{GRID, Level, Panel, Picture, Place};
pub use rule::{Compare, Function, Measure, OnAbsent, Rule, Sample, Severity, Unrendered};
pub use scope::{Dialect, Scope, Variable};
pub use table::{ColumnKind, Table, Tables};
pub use unit::Unit;
