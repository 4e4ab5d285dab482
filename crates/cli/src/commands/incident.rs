//! `plimsoll incident`: documents of what went wrong, with the times that the alert history knows.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};
use plimsoll_kit::{AlertTimes, Incident, Priority, close_incident, incident_field, incident_log};

use crate::documents::{self, Document};
use crate::failure::{Exit, Failure};
use crate::moment;
use crate::store::StoreArgs;

const LOG: &str = "README.md";
const REVIEW: &str = "-review.md";

/// Arguments of `plimsoll incident`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll incident new \"Feed of HL lost\" --priority P2 --alert 01J9…    a document from the template
  plimsoll incident close INC-2026-001 --store plimsoll.db              with times from the alert history
  plimsoll incident review INC-2026-001                                 the document of the review after it")]
pub(crate) struct IncidentArgs {
    #[command(subcommand)]
    command: Command,
    /// Folder of the documents
    #[arg(long, global = true, default_value = "docs/incidents", value_name = "DIR")]
    dir: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open a document, and list it in the log
    New {
        /// What happened, as a sentence
        title: String,
        /// P1 (money is being lost) to P4 (nothing at risk)
        #[arg(long, value_parser = priority, value_name = "P1..P4")]
        priority: Priority,
        /// The alert that told of it, by its `alert_id`
        #[arg(long, value_name = "ID")]
        alert: Option<String>,
    },
    /// Close one, with the times to detect, respond and resolve
    Close {
        /// Such as INC-2026-001
        id: String,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Write the document of the review after one
    Review {
        /// Such as INC-2026-001
        id: String,
    },
    /// Write the log anew
    Log,
}

fn priority(text: &str) -> Result<Priority, String> {
    Priority::parse(text).ok_or_else(|| format!("`{text}` is no priority, wanted P1, P2, P3 or P4"))
}

pub(crate) fn run(args: &IncidentArgs) -> Result<Exit, Failure> {
    let dir = args.dir.as_path();
    match &args.command {
        Command::New { title, priority, alert } => new(dir, title, *priority, alert.as_deref()),
        Command::Close { id, store } => close(dir, id, store),
        Command::Review { id } => {
            let (incident, _) = find(dir, id)?;
            let path = dir.join(format!("{}{REVIEW}", incident.id));
            documents::create(&path, &incident.post_mortem())?;
            println!("{}", path.display());
            Ok(Exit::Fine)
        }
        Command::Log => {
            write_log(dir)?;
            println!("{}", dir.join(LOG).display());
            Ok(Exit::Fine)
        }
    }
}

/// Every incident with its document; one that cannot be read is an error, so that none is missing in the log.
fn all(dir: &Path) -> Result<Vec<(Incident, Document)>, Failure> {
    let documents = documents::read(dir, &[LOG, "template.md", "post-mortem-template.md"])?;
    documents
        .into_iter()
        .filter(|doc| !doc.name.ends_with(REVIEW))
        .map(|doc| Ok((Incident::parse(&doc.name, &doc.text)?, doc)))
        .collect()
}

fn find(dir: &Path, id: &str) -> Result<(Incident, Document), Failure> {
    all(dir)?.into_iter().find(|(incident, _)| incident.id.eq_ignore_ascii_case(id)).ok_or_else(
        || {
            Failure::new(anyhow!("no incident {id} in `{}`", dir.display()))
                .with_hint("the log in its README.md lists them; --dir names another folder")
        },
    )
}

fn new(dir: &Path, title: &str, priority: Priority, alert: Option<&str>) -> Result<Exit, Failure> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make `{}`", dir.display()))?;
    let there: Vec<_> = all(dir)?.into_iter().map(|(incident, _)| incident).collect();
    let mut incident = Incident::new(&there, title, priority, moment::now());
    if let Some(alert) = alert {
        incident = incident.with_alert(alert);
    }
    let path = dir.join(&incident.name);
    documents::create(&path, &incident.document())?;
    write_log(dir)?;
    println!("{}", path.display());
    Ok(Exit::Fine)
}

fn close(dir: &Path, id: &str, store: &StoreArgs) -> Result<Exit, Failure> {
    let (incident, document) = find(dir, id)?;
    let times = match &incident.alert_id {
        Some(alert) => times(store, alert)?,
        None => AlertTimes::default(),
    };
    let closed = close_incident(&document.name, &document.text, &times, moment::now())
        .map_err(Failure::refused)?;
    plimsoll_durable::replace(dir.join(&document.name), &closed)?;
    write_log(dir)?;
    println!("{} closed", incident.id);
    for key in ["Time to detect", "Time to respond", "Time to resolve"] {
        println!("  {key:<16} {}", incident_field(&closed, key).unwrap_or_default());
    }
    if incident.alert_id.is_none() {
        eprintln!("no alert is named in it, so its times are not known");
    }
    Ok(Exit::Fine)
}

/// The moments of one alert by DOMAIN's definition: breached is `active_at`, delivered is the first delivery that
/// succeeded.
fn times(store: &StoreArgs, alert: &str) -> Result<AlertTimes, Failure> {
    let id = alert.replace('\'', "''");
    let sql = format!(
        "SELECT min(active_at) AS breached, \
         min(CASE WHEN kind = 'delivery' AND delivered = 1 THEN sent_at END) AS delivered, \
         min(CASE WHEN kind = 'ack' THEN ts END) AS acked, max(resolved_at) AS resolved, count(*) AS n \
         FROM alert_history WHERE alert_id = '{id}'"
    );
    let rows = store.open()?.query(&sql, 1)?;
    let row = rows.rows.first().cloned().unwrap_or_default();
    let moment = |index: usize| row.get(index).and_then(moment_of);
    let count = row.get(4).and_then(serde_json::Value::as_i64).unwrap_or(0);
    if count == 0 {
        return Err(Failure::new(anyhow!("the store has no alert `{alert}`"))
            .with_hint("`plimsoll alerts history` lists them; --store names another store"));
    }
    Ok(AlertTimes::new(moment(0), moment(1), moment(2), moment(3)))
}

/// A moment as a store gives it: nanoseconds, or QuestDB's text.
fn moment_of(value: &serde_json::Value) -> Option<SystemTime> {
    let ns = value.as_i64().or_else(|| moment::parse_rfc_ns(value.as_str()?))?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(ns).ok()?))
}

fn write_log(dir: &Path) -> Result<(), Failure> {
    let incidents: Vec<_> = all(dir)?
        .into_iter()
        .map(|(incident, doc)| {
            let known = incident_field(&doc.text, "Time to resolve").map(str::to_owned);
            (incident, known)
        })
        .collect();
    plimsoll_durable::replace(dir.join(LOG), incident_log(&incidents))?;
    Ok(())
}
