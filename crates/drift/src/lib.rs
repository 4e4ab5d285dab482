#![doc = include_str!("../README.md")]

mod baseline;
mod bind;
mod check;
mod class;
mod config;
mod cursor;
mod declared;
mod fact;
mod fix;
mod format;
mod globs;
mod lexicon;
mod live;
mod marker;
mod outline;
mod packages;
mod propose;
mod report;
mod show;
mod span;
mod tables;
mod tree;
mod value;
mod walk;

pub use baseline::{Accepted, Baseline, BaselineError};
pub use check::{Around, Canon, CanonError, Checked, check_text, summarize};
pub use config::{Config, Ignore, Scope};
pub use declared::{Declared, Origin, Said, TableShape};
pub use fix::{Edit, FileFix, FixError, FixOptions, FixPlan, apply, plan};
pub use format::Format;
pub use live::{ListTables, check_tables};
pub use packages::{Ecosystem, Installed, ListInstalled, ask};
pub use propose::{Proposal, Stated, explorer, propose};
pub use report::{
    Finding, Level, Occurrence, Place, REPORT_VERSION, Report, Skipped, State, Verdict,
};
pub use show::excerpt;
pub use span::{Position, Span};
pub use walk::{Walked, check_files, check_tree};
