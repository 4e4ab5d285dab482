//! `plimsoll ssot watch`.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use plimsoll_ssot::{Change, Live, Reload, Scalar, SystemSecrets, WatchError, WatchOptions};
use serde_json::{Value, json};
use signal_hook::consts::SIGHUP;

use crate::configuration::{self, ConfigArgs};
use crate::failure::{Exit, Failure};
use crate::glue::sections;
use crate::stop::Stop;

const EXAMPLES: &str = "\
Examples:
  plimsoll ssot watch
  plimsoll ssot watch --profile prod --json
  kill -HUP PID        look now

One line for each change of the files: what is another value, or why the old configuration goes on
holding. Ends on Ctrl-C or SIGTERM.";

/// How long signals wait to be seen.
const LOOK: Duration = Duration::from_millis(250);

/// Arguments of `plimsoll ssot watch`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct WatchArgs {
    /// Milliseconds between two looks at the files
    #[arg(long, value_name = "MS", default_value_t = 1000)]
    interval_ms: u64,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &WatchArgs) -> Result<Exit, Failure> {
    let stop = Stop::listen()?;
    let is_asked = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGHUP, Arc::clone(&is_asked))?;
    let Some(path) = args.config.canonical()? else {
        return Err(Failure::new(anyhow::anyhow!("there is no file to watch"))
            .with_hint("`plimsoll ssot defaults` prints one to begin with"));
    };
    let mut layers = sections::all().with_env(std::env::vars_os()).with_secrets(SystemSecrets);
    if let Some(profile) = args.config.profile.as_deref().filter(|profile| !profile.is_empty()) {
        layers = layers.with_profile(profile);
    }
    let is_json = args.json;
    let options = WatchOptions::default().with_interval(Duration::from_millis(args.interval_ms));
    let live = Live::start(layers, &path, &options, move |reload| {
        // Nobody reads any more: the next signal ends the command, and there is nothing to tell.
        drop(tell(reload, is_json));
    })
    .map_err(|error| match error {
        WatchError::Wrong(problems) => configuration::broken(&problems),
        other => Failure::new(other),
    })?;
    let begin = json!({ "version": 1, "digest": live.current().digest().to_string() });
    line(&if is_json { begin.to_string() } else { format!("watching {}", path.display()) })?;
    while !stop.is_wanted() {
        if is_asked.swap(false, Ordering::SeqCst) {
            live.look();
        }
        stop.pause(LOOK);
    }
    drop(live.close());
    Ok(Exit::Fine)
}

fn tell(reload: &Reload, is_json: bool) -> io::Result<()> {
    if is_json {
        return line(&json(reload).to_string());
    }
    match reload {
        Reload::Unchanged => line("read again: every value is what it was"),
        Reload::Swapped { changes } => {
            line("the new configuration holds")?;
            changes.iter().try_for_each(|change| line(&format!("  {}", words(change))))
        }
        Reload::Kept(kept) => line(&format!("the old configuration goes on holding: {kept}")),
        _ => Ok(()),
    }
}

fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{text}")?;
    out.flush()
}

fn words(change: &Change) -> String {
    let text =
        |value: &Option<Scalar>| value.as_ref().map_or("none".to_owned(), ToString::to_string);
    format!("{} {} -> {} ({})", change.key, text(&change.from), text(&change.to), change.origin)
}

fn json(reload: &Reload) -> Value {
    match reload {
        Reload::Unchanged => json!({ "event": "unchanged" }),
        Reload::Swapped { changes } => {
            let changes: Vec<Value> = changes.iter().map(super::set::change_json).collect();
            json!({ "event": "swapped", "changes": changes })
        }
        Reload::Kept(kept) => json!({ "event": "kept", "why": kept.to_string() }),
        _ => json!({ "event": "other" }),
    }
}
