//! `plimsoll grafana`: dashboards and alert rules as files of Grafana.

mod export;
mod lint;
mod try_out;

use clap::{Args, Subcommand};
use plimsoll_alerts::AlertsConfig;
use plimsoll_board::Board;
use plimsoll_ssot::sections::Limits;

use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure};
use crate::glue::sections::ALERTS;
use crate::glue::{board_alerts, board_metrics, ssot_alerts};

const EXAMPLES: &str = "\
Examples:
  plimsoll grafana export --out grafana            write all files
  plimsoll grafana export --out grafana --check    say what differs, change nothing
  plimsoll grafana export --out grafana --source postgres --host questdb
  plimsoll grafana lint grafana                    look for faults in files, yours or ours
  plimsoll grafana try --store runs/demo.db        run every query of every panel and rule

Exit codes: 0 fine; 1 a difference, a fault, or a query that fails; 2 could not tell, or wrong usage.";

/// Arguments of `plimsoll grafana`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct GrafanaArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write data source, dashboards, alert rules, contact points, policies and templates
    Export(export::ExportArgs),
    /// Look for faults in files that Grafana would take in silence
    Lint(lint::LintArgs),
    /// Run every query of every panel and rule against a store
    Try(try_out::TryArgs),
}

pub(crate) fn run(args: &GrafanaArgs) -> Result<Exit, Failure> {
    match &args.command {
        Command::Export(args) => export::run(args),
        Command::Lint(args) => lint::run(args),
        Command::Try(args) => try_out::run(args),
    }
}

/// The dashboards with the rules of the configuration, at its limits.
fn board(config: &ConfigArgs) -> Result<Board, Failure> {
    let limits: Limits = config.section("limits")?;
    let alerts: AlertsConfig = config.section(ALERTS)?;
    let rules = board_alerts::configured(&alerts.rules, &ssot_alerts::limits(&limits));
    Ok(Board::new(board_metrics::tables(), rules)?)
}
