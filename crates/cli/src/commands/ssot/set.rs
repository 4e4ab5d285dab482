//! `plimsoll ssot set`.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use plimsoll_durable::{Lock, replace};
use plimsoll_metrics::Config as Metrics;
use plimsoll_ssot::{Change, Edit, EditError, Layers, Scalar, Section};
use serde_json::{Value, json};

use crate::configuration::{self, ConfigArgs};
use crate::failure::{Exit, Failure, Hint as _};
use crate::glue::sections;
use crate::glue::ssot_metrics::{Record, Recorded, has_store};

const EXAMPLES: &str = "\
Examples:
  plimsoll ssot set ports.grafana 3001 --profile staging
  plimsoll ssot set limits.max_leverage 2
  plimsoll ssot set limits.max_leverage 4 --profile prod --reason 'agreed with risk, ticket 812'
  plimsoll ssot set limits.position '[{match: \"BTC-*\", max_notional: 50000}]' --dry-run

Comments, order and every other byte of the file stay. A value with which any profile would be wrong
is refused. A limit that gets looser in production needs a reason, which goes to `ops_events`.";

/// Longest wait for somebody else who is changing the same file.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// Arguments of `plimsoll ssot set`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SetArgs {
    /// The key, such as `limits.max_leverage`
    key: String,
    /// The value, as in YAML: 12, 0.5, text, [a, b], null
    #[arg(allow_hyphen_values = true)]
    value: String,
    /// Why; needed where a limit gets looser in production
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Show what would change, write nothing
    #[arg(long)]
    dry_run: bool,
    /// One JSON object: version, file, changes
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &SetArgs) -> Result<Exit, Failure> {
    let path = args.config.canonical()?;
    let _lock = match (&path, args.dry_run) {
        (Some(path), false) => Some(lock(path)?),
        _ => None,
    };
    let layers = args.config.layers()?;
    let profile = args.config.profile.as_deref().filter(|profile| !profile.is_empty());
    let edit = layers.edit(&args.key, profile, &args.value).map_err(refused)?;
    let loosened: Vec<&Change> = edit.loosened_in_production().collect();
    let reason = args.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    if !loosened.is_empty() && reason.is_none() && !args.dry_run {
        return Err(needs_reason(&loosened));
    }
    if !args.dry_run {
        write(&layers, &edit, reason)?;
    }
    if args.json {
        println!("{}", report(&edit, args.dry_run));
    } else {
        tell(&edit, args.dry_run, &loosened);
    }
    Ok(Exit::Fine)
}

fn lock(path: &Path) -> Result<Lock, Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let path = path.with_file_name(format!(".{name}.lock"));
    Lock::acquire(path, "plimsoll ssot set", LOCK_WAIT)
        .map_err(|error| Failure::refused(error).with_hint("somebody else is changing the file"))
}

/// Writes the file; where a limit gets looser in production, not before its record can be kept.
fn write(layers: &Layers, edit: &Edit, reason: Option<&str>) -> Result<(), Failure> {
    if edit.before == edit.after {
        return Ok(());
    }
    let all = records(layers, edit)?;
    let must = edit.loosened_in_production().next().is_some();
    let is_worth = reason.is_some() || all.iter().any(|recorded| recorded.change.is_limit);
    let config = store(layers, edit)?;
    let record = match must || is_worth && has_store(&config) {
        true => Some(Record::open(&config)?),
        false => None,
    };
    if let Some(parent) = edit.path.parent() {
        std::fs::create_dir_all(parent).hint("the directory of the canonical file")?;
    }
    replace(&edit.path, &edit.after).map_err(|error| {
        Failure::refused(error).with_hint("the file is as it was; a link is changed at its target")
    })?;
    match record {
        Some(record) => record.write(&all, &actor(), reason.unwrap_or_default()),
        None => Ok(()),
    }
}

/// Each change with the digest of the configuration in which it holds.
fn records<'a>(layers: &Layers, edit: &'a Edit) -> Result<Vec<Recorded<'a>>, Failure> {
    let mut records = Vec::new();
    let layers = layers.clone().with_file(&edit.path, edit.after.clone());
    for (profile, changes) in edit.changes.iter().filter(|(_, changes)| !changes.is_empty()) {
        let layers = match profile {
            Some(profile) => layers.clone().with_profile(profile),
            None => layers.clone(),
        };
        let ssot = layers.load().map_err(|problems| configuration::broken(&problems))?;
        let digest = ssot.digest().to_string();
        let profile = profile.as_deref();
        records.extend(changes.iter().map(|change| Recorded {
            change,
            profile,
            digest: digest.clone(),
        }));
    }
    Ok(records)
}

/// The store that holds after the change, on this machine.
fn store(layers: &Layers, edit: &Edit) -> Result<Metrics, Failure> {
    let layers = layers.clone().with_file(&edit.path, edit.after.clone());
    let ssot = layers.load().map_err(|problems| configuration::broken(&problems))?;
    ssot.section(sections::METRICS)
        .map(Section::into_inner)
        .map_err(|problems| configuration::broken(&problems))
}

/// Who changes it, as far as the environment says.
fn actor() -> String {
    let names = ["SUDO_USER", "USER", "LOGNAME"].iter().filter_map(std::env::var_os);
    let names = names.filter_map(|name| name.into_string().ok());
    names.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

fn refused(error: EditError) -> Failure {
    let hint = match &error {
        EditError::Unreadable(problems) | EditError::Wrong(problems) => {
            configuration::show(problems);
            "the file is as it was"
        }
        EditError::Key { .. } => "`plimsoll ssot show` lists all keys; the file is as it was",
        _ => "the file is as it was",
    };
    Failure::refused(error).with_hint(hint)
}

fn needs_reason(loosened: &[&Change]) -> Failure {
    let all: Vec<String> = loosened.iter().map(|change| line(change)).collect();
    Failure::refused(anyhow::anyhow!("this allows more in production: {}", all.join("; ")))
        .with_hint("say why with --reason; the file is as it was")
}

fn line(change: &Change) -> String {
    let text =
        |value: &Option<Scalar>| value.as_ref().map_or("none".to_owned(), ToString::to_string);
    format!("{} {} -> {}", change.key, text(&change.from), text(&change.to))
}

fn tell(edit: &Edit, is_rehearsal: bool, loosened: &[&Change]) {
    let verb = if is_rehearsal { "would change" } else { "changed" };
    if edit.before == edit.after {
        println!("{} says so already", edit.path.display());
        return;
    }
    println!("{verb} {}", edit.path.display());
    for (profile, changes) in &edit.changes {
        let profile = profile.as_deref().unwrap_or("none");
        for change in changes {
            println!("  profile {profile}: {}", line(change));
        }
    }
    if is_rehearsal && !loosened.is_empty() {
        println!("  it allows more in production, and needs --reason");
    }
}

fn report(edit: &Edit, is_rehearsal: bool) -> Value {
    let changes = edit.changes.iter().flat_map(|(profile, changes)| {
        changes
            .iter()
            .map(move |change| json!({ "profile": profile, "change": change_json(change) }))
    });
    json!({
        "version": 1,
        "file": edit.path.display().to_string(),
        "is_written": !is_rehearsal && edit.before != edit.after,
        "changes": changes.collect::<Vec<_>>(),
    })
}

/// A change as programs read it.
pub(super) fn change_json(change: &Change) -> Value {
    let value = |value: &Option<Scalar>| serde_json::to_value(value).unwrap_or(Value::Null);
    json!({
        "key": change.key,
        "from": value(&change.from),
        "to": value(&change.to),
        "origin": super::show::origin_json(&change.origin),
        "is_limit": change.is_limit,
        "loosens": change.loosens,
    })
}
