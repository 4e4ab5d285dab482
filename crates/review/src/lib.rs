#![doc = include_str!("../README.md")]

mod answer;
#[cfg(feature = "anthropic")]
mod anthropic;
mod ask;
mod batch;
mod checklist;
mod code;
mod comments;
mod config;
mod diff;
mod finding;
mod language;
mod lint;
mod literal;
mod region;
mod request;
mod review;

pub use answer::Usage;
#[cfg(feature = "anthropic")]
pub use anthropic::{Anthropic, ApiKey, ClientError};
pub use ask::{Ask, AskError, Recorder, Recording};
pub use batch::LeftOut;
pub use checklist::{CHECKLIST, Part, checklist_markdown};
pub use comments::{Action, Comment, is_summary, plan, summary};
pub use config::{Config, Problem};
pub use diff::{Diff, DiffError, FileDiff, Hunk, Line, Side};
pub use finding::{Finding, Focus, Origin, Severity};
pub use lint::{Lint, lint, lints};
pub use request::Request;
pub use review::{ModelPart, Report, Review, Spent};
