#![doc = include_str!("../README.md")]

mod adr;
mod changelog;
mod day;
mod incident;
mod slug;
mod verify;

pub use adr::{
    AcceptError, Adr, AdrProblem, AdrStatus, PROPOSED_DAYS_MAX, accept_adr, adr_index, check_adrs,
    new_adr,
};
pub use changelog::{
    ChangelogError, Commit, Section, changelog_up_to, check_changelog, release_changelog,
    update_changelog,
};
pub use incident::{
    AlertTimes, Incident, IncidentError, Priority, close_incident, incident_field, incident_log,
};
pub use verify::{
    Area, CHECKS, Check, CheckSpec, CheckState, ChecklistLine, Need, VERIFICATION_CHECKLIST,
    Verdict, Verification, Verified, VerifyConfig, VerifyProblem, VerifyReport, verify,
};
