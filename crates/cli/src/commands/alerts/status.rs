//! `plimsoll alerts status`.

use std::time::{Duration, SystemTime};

use clap::Args;
use plimsoll_alerts::{Open, OutboxError, ReceiverStatus, Status, status};
use serde_json::json;

use super::OutboxArgs;
use crate::failure::{Exit, Failure};
use crate::moment;

/// Arguments of `plimsoll alerts status`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 nothing fires and everything is delivered; 1 something does, or is not; 2 no outbox."
)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    outbox: OutboxArgs,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &StatusArgs) -> Result<Exit, Failure> {
    let (config, dir) = args.outbox.load()?;
    let now = now();
    let (status, holder) = status(&dir, config.delivery, now).map_err(|error| match error {
        OutboxError::Absent { .. } => Failure::new(error)
            .with_hint("nothing was ever delivered from there; name another one with --outbox"),
        other => Failure::new(other),
    })?;
    if args.json {
        let shown = json!({"version": 1, "delivered_by": holder, "status": status});
        println!("{shown:#}");
    } else {
        print(&status, holder.as_deref(), now);
    }
    let is_fine = status.open.is_empty() && !has_trouble(&status);
    Ok(if is_fine { Exit::Fine } else { Exit::Finding })
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(moment::now_ns()).unwrap_or(0))
}

fn has_trouble(status: &Status) -> bool {
    let is_troubled =
        |receiver: &ReceiverStatus| receiver.stopped.is_some() || receiver.failures > 0;
    status.waiting > 0 || status.dead > 0 || status.receivers.iter().any(is_troubled)
}

fn print(status: &Status, holder: Option<&str>, now: SystemTime) {
    let unacked = status.open.iter().filter(|open| open.acked_by.is_none()).count();
    println!(
        "{} open, {unacked} of them not acknowledged; {} messages delivered, {} wait, {} given up",
        status.open.len(),
        status.delivered,
        status.waiting,
        status.dead
    );
    println!("delivered by: {}", holder.unwrap_or("nobody now"));
    for open in &status.open {
        println!("\n{}", headline(open));
        for (name, text) in details(open, now) {
            println!("  {name}: {text}");
        }
    }
    if !status.silences.is_empty() {
        println!("\nsilences:");
        status.silences.iter().for_each(|(id, text)| println!("  {id}  {text}"));
    }
    println!("\nreceivers:");
    status.receivers.iter().for_each(|receiver| println!("  {}", receiver_line(receiver)));
    if !status.dead_letters.is_empty() {
        println!("\ngiven up, newest first:");
        for dead in &status.dead_letters {
            println!(
                "  {} to {}: {}\n      {}",
                dead.id, dead.receiver, dead.headline, dead.detail
            );
        }
    }
}

fn headline(open: &Open) -> String {
    let alert = &open.alert;
    let value = alert.shown_value();
    let limit = alert.shown_threshold();
    let limit = if limit.is_empty() { limit } else { format!(", limit {limit}") };
    let severity = alert.severity.as_str().to_uppercase();
    format!("{severity} {} {}: {value}{limit}", alert.to.as_str(), open.name)
}

fn details(open: &Open, now: SystemTime) -> Vec<(&'static str, String)> {
    let mut details = Vec::new();
    let since = open.alert.active_at.or(open.alert.fired_at);
    if let Some(age) = since.and_then(|since| now.duration_since(since).ok()) {
        details.push(("since", format!("{} s", age.as_secs())));
    }
    details.push(("told", if open.is_told { "yes" } else { "not yet" }.to_owned()));
    details.extend(open.muted.clone().map(|why| ("muted", why)));
    details.extend(open.acked_by.clone().map(|who| ("acknowledged by", who)));
    if !open.escalated_to.is_empty() {
        details.push(("escalated to", open.escalated_to.join(", ")));
    }
    let text = &open.alert.text;
    let told = [("means", &text.meaning), ("do", &text.action), ("runbook", &text.runbook)];
    details
        .extend(told.into_iter().filter(|(_, t)| !t.is_empty()).map(|(name, t)| (name, t.clone())));
    details
}

fn receiver_line(receiver: &ReceiverStatus) -> String {
    let state = match (&receiver.stopped, &receiver.last_error) {
        (Some(why), _) => format!("stopped: {why}"),
        (None, Some(error)) => format!("{} failures in a row: {error}", receiver.failures),
        (None, None) => "fine".to_owned(),
    };
    format!("{}: {state}; {} wait", receiver.name, receiver.waiting)
}
