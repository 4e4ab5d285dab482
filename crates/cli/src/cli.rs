//! What can be typed.

use clap::{Parser, Subcommand};

use crate::commands;
use crate::demo;
use crate::failure::{Exit, Failure};

const EXAMPLES: &str = "\
Examples:
  plimsoll demo                      a paper strategy over the crash of 2008, in half a minute
  plimsoll demo --fast               the same rows, as fast as it goes
  plimsoll demo --data my-bars.csv   over your own market data
  plimsoll station                   take rows in from any QuestDB or InfluxDB client
  plimsoll metrics gaps              whether every row arrived, proven
  plimsoll ralph report              why a coding agent's loop stopped, iteration by iteration
  plimsoll completions bash          completions for a shell

Exit codes: 0 done and fine; 1 a finding, or something refused or not completed; 2 could not tell, or wrong usage.";

/// Watches a trading operation. It watches; it never trades.
#[derive(Debug, Parser)]
#[command(name = "plimsoll", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Trade recorded market data on paper, and see what Plimsoll records of it
    Demo(demo::DemoArgs),
    /// Run a paper venue as a process of its own, or trade at one
    Paper(commands::paper::PaperArgs),
    /// Ask a venue for fills, money and orders that a store does not have
    Backfill(commands::backfill::BackfillArgs),
    /// Compare a store with the venue's own statement
    Reconcile(commands::reconcile::ReconcileArgs),
    /// Read what was recorded, prove that it is whole, deliver what waits
    Metrics(commands::metrics::MetricsArgs),
    /// Take rows in over line protocol, keep them, show a live page
    Station(commands::station::StationArgs),
    /// Show strategies, drawdown, latency, alerts and loops in this terminal, live
    Top(commands::top::TopArgs),
    /// Create and change the tables of a store
    Tables(commands::tables::TablesArgs),
    /// Tell people: set receivers up, try them, see what fires, silence and acknowledge
    Alerts(commands::alerts::AlertsArgs),
    /// Set up Sentry's own alert rules, and try whether events arrive
    Sentry(commands::sentry::SentryArgs),
    /// Watch another host's process, and tell when it dies
    Watch(commands::watch::WatchArgs),
    /// Propose what a well-run repository has, and write it with --apply
    Init(commands::kit::InitArgs),
    /// Keep those files in step with the configuration
    Kit(commands::kit::KitArgs),
    /// Dashboards and alert rules as files of Grafana: write, check, look for faults, try
    Grafana(commands::grafana::GrafanaArgs),
    /// Write, accept and check decision records
    Adr(commands::adr::AdrArgs),
    /// Open and close the documents of incidents
    Incident(commands::incident::IncidentArgs),
    /// Fill the changelog from commits, cut a release
    Changelog(commands::changelog::ChangelogArgs),
    /// Review a change by lints and by a model
    Review(commands::review::ReviewArgs),
    /// Find what disagrees with the configuration, and bring it back
    Drift(commands::drift::DriftArgs),
    /// Read, explain, check and change the configuration
    Ssot(commands::ssot::SsotArgs),
    /// Look after the loops of coding agents: status, record, resume, restore
    Ralph(commands::ralph::RalphArgs),
    /// Prove that the set-up works, part by part
    Verify(commands::verify::VerifyArgs),
    /// The same as `verify`, without anything that is sent
    Doctor(commands::verify::VerifyArgs),
    /// Capture the state around a deploy, verify it, restore it
    Snapshot(commands::snapshot::SnapshotArgs),
    /// Make a snapshot on a timer, and prove now and then that it can be restored
    Backup(commands::backup::BackupArgs),
    /// Deploy a commit; what fails is taken back by itself
    Deploy(commands::deploy::DeployArgs),
    /// Go back to a version that ran before
    Rollback(commands::rollback::RollbackArgs),
    /// Halt trading; it stays halted until it is resumed
    Halt(commands::trading::HaltArgs),
    /// Resume trading, once the venue and the limits allow it
    Resume(commands::trading::ResumeArgs),
    /// Show who may send orders, take that away, or arm it
    Lease(commands::lease::LeaseArgs),
    /// Write units of systemd that run the station and the backup
    Install(commands::install::InstallArgs),
    /// Print the completions of a shell
    Completions(commands::completions::CompletionsArgs),
}

impl Cli {
    /// The commands by name, and each of their subcommands as `ssot check`; a command that opens a pull request also as
    /// `drift --pr`.
    pub(crate) fn names() -> Vec<String> {
        let cli = <Self as clap::CommandFactory>::command();
        let names = |command: &clap::Command| {
            let name = command.get_name().to_owned();
            let below =
                command.get_subcommands().map(|below| format!("{name} {}", below.get_name()));
            let pull = command.get_arguments().find(|one| one.get_long() == Some("pr"));
            let pull = pull.map(|_| format!("{name} --pr"));
            below.chain(pull).chain([name.clone()]).collect::<Vec<String>>()
        };
        cli.get_subcommands().flat_map(names).collect()
    }

    /// Does what was asked for.
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        match self.command {
            Command::Demo(args) => demo::run(&args),
            Command::Paper(args) => commands::paper::run(&args),
            Command::Backfill(args) => commands::backfill::run(&args),
            Command::Reconcile(args) => commands::reconcile::run(&args),
            Command::Metrics(args) => commands::metrics::run(&args),
            Command::Station(args) => commands::station::run(&args),
            Command::Top(args) => commands::top::run(&args),
            Command::Tables(args) => commands::tables::run(&args),
            Command::Alerts(args) => commands::alerts::run(&args),
            Command::Sentry(args) => commands::sentry::run(&args),
            Command::Watch(args) => commands::watch::run(&args),
            Command::Init(args) => commands::kit::init(&args),
            Command::Kit(args) => commands::kit::run(&args),
            Command::Grafana(args) => commands::grafana::run(&args),
            Command::Adr(args) => commands::adr::run(&args),
            Command::Incident(args) => commands::incident::run(&args),
            Command::Changelog(args) => commands::changelog::run(&args),
            Command::Review(args) => commands::review::run(&args),
            Command::Drift(args) => commands::drift::run(&args),
            Command::Ssot(args) => commands::ssot::run(&args),
            Command::Ralph(args) => commands::ralph::run(&args),
            Command::Verify(args) => commands::verify::run(&args),
            Command::Doctor(args) => commands::verify::run(&args.without_network()),
            Command::Snapshot(args) => commands::snapshot::run(&args),
            Command::Backup(args) => commands::backup::run(&args),
            Command::Deploy(args) => commands::deploy::run(&args),
            Command::Rollback(args) => commands::rollback::run(&args),
            Command::Halt(args) => commands::trading::halt(&args),
            Command::Resume(args) => commands::trading::resume(&args),
            Command::Lease(args) => commands::lease::run(&args),
            Command::Install(args) => commands::install::run(&args),
            Command::Completions(args) => commands::completions::run(&args),
        }
    }
}

/// Whether a subcommand is listed in the help, so that it may be recommended.
pub(crate) fn is_listed(name: &str) -> bool {
    use clap::CommandFactory;
    Cli::command()
        .get_subcommands()
        .any(|command| command.get_name() == name && !command.is_hide_set())
}
