//! `plimsoll alerts ack`.

use std::time::Duration;

use clap::Args;
use plimsoll_alerts::{AskError, Control, ask};

use super::{OutboxArgs, person};
use crate::failure::{Exit, Failure};

/// Longest wait for the process that delivers.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Arguments of `plimsoll alerts ack`.
#[derive(Debug, Args)]
pub(crate) struct AckArgs {
    /// Name of the rule, the alert's id, or rule and labels as `alerts status` shows them
    alert: String,
    /// Who takes care [default: the login]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// What there is to say
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    #[command(flatten)]
    outbox: OutboxArgs,
}

pub(crate) fn run(args: &AckArgs) -> Result<Exit, Failure> {
    let (config, dir) = args.outbox.load()?;
    let by = person(args.by.as_deref())?;
    let wish = Control::Ack { alert: args.alert.clone(), by, note: args.note.clone() };
    let acked = ask(&dir, config.delivery, &wish, ANSWER_MAX).map_err(refused)?;
    for alert in acked.lines() {
        println!("acknowledged {alert}");
    }
    Ok(Exit::Fine)
}

/// A wish that was refused is a finding; one that nobody answered leaves the question open.
pub(super) fn refused(error: AskError) -> Failure {
    match error {
        AskError::Refused(_) => {
            Failure::refused(error).with_hint("`plimsoll alerts status` shows what is open")
        }
        AskError::NoAnswer { .. } => Failure::new(error)
            .with_hint("the wish is kept and fulfilled as soon as that process answers"),
        other => Failure::new(other),
    }
}
