//! `plimsoll alerts resolve`: a person ends an alert.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use plimsoll_alerts::{Monitor, Wish, ask_to_resolve, monitor_holder};

use super::effective::{self, effective};
use super::run::clock::Clock;
use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure, Hint as _};
use crate::stop::Stop;

/// Longest wait for the process that runs the rules.
const WAIT: Duration = Duration::from_secs(10);

/// Arguments of `plimsoll alerts resolve`.
#[derive(Debug, Args)]
#[command(after_help = "\
A latched alert, such as `drawdown_kill`, ends in no other way. If its condition still holds it fires anew.
Exit codes: 0 done; 1 nothing of that name fires, or nobody answered; 2 it could not be asked.

Example:
  plimsoll alerts resolve drawdown_kill --label account_id=HL-main --by amy --reason \"positions closed\"")]
pub(crate) struct ResolveArgs {
    /// Name of the rule
    rule: String,
    /// Only alerts with these labels
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = super::test::pair)]
    labels: Vec<(String, String)>,
    /// Who ends it [default: the login]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Directory of the outbox and the state of the rules [default: as configured, else runs/alerts]
    #[arg(long, value_name = "DIR")]
    outbox: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &ResolveArgs) -> Result<Exit, Failure> {
    let effective = effective(&args.config)?;
    let dir = args.outbox.clone().unwrap_or_else(|| effective.config.outbox.clone()).join("rules");
    let by = super::person(args.by.as_deref())?;
    let labels = args.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let wish = Wish::new(args.rule.as_str(), by, args.reason.as_str()).of(labels.collect());
    if monitor_holder(&dir).is_some() {
        let path = ask_to_resolve(&dir, &wish)?;
        let stop = Stop::listen()?;
        let clock = Clock::start();
        while path.exists() && clock.now().monotonic < WAIT && !stop.is_wanted() {
            stop.pause(Duration::from_millis(50));
        }
        if path.exists() {
            return Err(Failure::refused(anyhow!(
                "the process that runs the rules did not answer"
            ))
            .with_hint("the wish stays; it is obeyed when the process is well again"));
        }
        println!("asked for, and done");
        return Ok(Exit::Fine);
    }
    let clock = Clock::start();
    let rules = effective.config.rules.rules(&effective.limits);
    let (mut monitor, opened) = Monitor::open(&dir, rules, Vec::new(), clock.now())
        .hint("`plimsoll alerts check` says what is wrong with rules")?;
    let ended = monitor.resolve(&wish, clock.now());
    monitor.keep_now(&opened.cursors, clock.now())?;
    ended.iter().for_each(|alert| println!("{}", effective::line(alert)));
    if ended.is_empty() {
        eprintln!("nothing of `{}` fires", args.rule);
        return Ok(Exit::Finding);
    }
    Ok(Exit::Fine)
}
