#![doc = include_str!("../README.md")]

mod adr;
mod changelog;
mod day;
mod facts;
mod filling;
mod incident;
mod mark;
mod merge;
mod piece;
mod plan;
mod record;
mod retire;
mod slug;
mod survey;
mod template;
mod verify;

pub use adr::{
    AcceptError, Adr, AdrProblem, AdrStatus, PROPOSED_DAYS_MAX, accept_adr, adr_index, check_adrs,
    new_adr,
};
pub use changelog::{
    ChangelogError, Commit, Section, changelog_up_to, check_changelog, release_changelog,
    update_changelog,
};
pub use facts::{Config, ConfigProblem, Facts, Person, Service};
pub use incident::{
    AlertTimes, Incident, IncidentError, Priority, close_incident, incident_field, incident_log,
};
pub use piece::Piece;
pub use plan::{Change, Plan, State, Wish, plan};
pub use record::{RECORD_FILE, Record, RecordError};
pub use retire::{AgentState, RetiredAgent, Retirement, retired_agents};
pub use survey::{PythonTool, Survey};
pub use verify::{
    Area, CHECKS, Check, CheckSpec, CheckState, ChecklistLine, Need, VERIFICATION_CHECKLIST,
    Verdict, Verification, Verified, VerifyConfig, VerifyProblem, VerifyReport, verify,
};
