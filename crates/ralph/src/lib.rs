#![doc = include_str!("../README.md")]

mod cause;
pub mod classify;
mod config;
mod decision;
mod event;
mod facts;
pub mod guard_list;
#[cfg(feature = "hook")]
pub mod hook;
#[cfg(feature = "install")]
pub mod install;
mod loop_end;
mod now;
mod price;
mod prompt_file;
mod record;
mod render;
mod report;
mod state;
mod statusline;
mod step;
mod tests_first;
mod usage;
mod utc;

pub use cause::Cause;
pub use config::{Check, Checkpoint, Config, EnvProblem, Mode, Problem, QuietHours};
pub use decision::{Decision, Effect, Step};
pub use event::{Agent, Background, Command, Event, Kind, ToolCall, Version};
pub use facts::{Facts, Needs, Process, Route, Tree, Verdict};
pub use loop_end::{Announce, LoopEnd, LoopEnds};
pub use now::Now;
pub use price::Price;
pub use prompt_file::prompt_file;
pub use record::{
    AgentRecord, EditRecord, IterationRecord, Level, Line, LogRecord, LoopRecord, Observe,
    RECORD_VERSION, Record, SessionRecord, ToolRecord,
};
pub use render::{Answer, render};
pub use report::{
    AgentSum, Alternative, IterationLine, LoopReport, Moment, REPORT_VERSION, Report, ToolSum,
};
pub use state::{Breaker, DIR_NAME, Overview, SCHEMA_VERSION, State};
pub use statusline::statusline;
pub use step::{SpentFrom, needs, step};
pub use tests_first::{TestsFirst, TestsFirstVerdict};
pub use usage::{CheckOutcome, CheckResult, Cursor, Spent, Tokens, Usage};
