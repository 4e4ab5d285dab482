//! Where a deploy goes, and everything that belongs to that place.

use std::path::PathBuf;

use clap::Args;
use plimsoll_alerts::AlertsConfig;
use plimsoll_snapshot::capture::Positions;
use plimsoll_snapshot::deploy::{Config, Environment, Releases, Subject, plan};
use plimsoll_snapshot::trading::Program;
use plimsoll_ssot::Section;
use serde_json::json;

use crate::commands::snapshot::{Place, PlaceArgs};
use crate::commands::trading::{Desk, DeskArgs};
use crate::failure::{Exit, Failure, Hint as _};
use crate::glue::sections;
use crate::glue::snapshot_alerts::Windows;

/// Which configuration, and how to report.
#[derive(Debug, Clone, Args)]
pub(crate) struct SiteArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Directory of the latch and the leases [default: as configured]
    #[arg(long, value_name = "DIR", env = "PLIMSOLL_TRADING__DIR")]
    trading_dir: Option<PathBuf>,
    /// Metrics store that takes a row of `ops_events`: an SQLite file, or <http://host:port>
    #[arg(long, value_name = "STORE", env = "PLIMSOLL_METRICS__STORE", hide_env_values = true)]
    record: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A place to deploy to.
pub(crate) struct Site {
    pub(crate) name: String,
    pub(crate) settings: Environment,
    pub(crate) releases: Releases,
    pub(crate) dir: PathBuf,
    pub(crate) place: Place,
    pub(crate) trading_dir: PathBuf,
    pub(crate) accounts: Vec<(String, Positions)>,
    pub(crate) cancel: Option<Program>,
    /// Whoever watches is told of the downtime there.
    pub(crate) windows: Windows,
    pub(crate) record: Option<String>,
}

impl SiteArgs {
    pub(crate) fn read(&self, name: &str) -> Result<Site, Failure> {
        let ssot = self.place.config.load()?;
        let section = ssot.section::<Config>(sections::DEPLOY);
        let config = section
            .map(Section::into_inner)
            .map_err(|problems| crate::configuration::broken(&problems))?;
        let settings = config.environment(name).cloned().ok_or_else(|| {
            Failure::new(anyhow::anyhow!("section `deploy` has no `{name}`")).with_hint(format!(
                "say in config/canonical.yaml what runs: deploy.{name}.services"
            ))
        })?;
        let alerts = ssot.section::<AlertsConfig>(sections::ALERTS);
        let alerts = alerts.map_err(|problems| crate::configuration::broken(&problems))?;
        let place = self.place.read()?;
        let desk: Desk =
            DeskArgs::new(self.place.config.clone(), self.trading_dir.clone()).read()?;
        let trading_dir = desk.dir();
        let own = |dir: PathBuf| desk.base.join(dir);
        let dir = own(settings
            .dir
            .clone()
            .unwrap_or_else(|| PathBuf::from(".plimsoll/deploy").join(name)));
        std::fs::create_dir_all(&dir).hint("may you write there?")?;
        let repository = desk.base.join(&settings.repository);
        let mut accounts = Vec::new();
        for (account, positions) in desk.accounts {
            if settings.accounts.contains(&account) {
                accounts.push((account, positions));
            }
        }
        if let Some(missing) = settings
            .accounts
            .iter()
            .find(|wanted| !accounts.iter().any(|(name, _)| name == *wanted))
        {
            return Err(Failure::new(anyhow::anyhow!("no account is called `{missing}`"))
                .with_hint("accounts stand in section `snapshot.positions`"));
        }
        Ok(Site {
            windows: Windows::new(&desk.base.join(&alerts.outbox), name, &settings.downtime),
            name: name.to_owned(),
            releases: Releases::new(&dir, repository),
            settings,
            dir,
            place,
            trading_dir,
            accounts,
            cancel: desk.config.cancel,
            record: self.record.clone(),
        })
    }
}

impl Site {
    /// Where the journals are.
    pub(crate) fn plans_dir(&self) -> PathBuf {
        self.dir.join("plans")
    }
}

/// Shows what would be done.
pub(crate) fn rehearse(subject: &Subject, is_json: bool) -> Result<Exit, Failure> {
    let plan = plan(subject)?;
    let from = subject.from.as_ref().map(|from| from.id.as_str());
    if is_json {
        println!(
            "{}",
            json!({ "version": 1, "from": from, "to": subject.to, "steps": plan.steps })
        );
        return Ok(Exit::Fine);
    }
    println!(
        "{} of {}: {} -> {}",
        subject.request.as_str(),
        subject.environment,
        from.unwrap_or("nothing"),
        subject.to.id
    );
    for (number, step) in (1..).zip(&plan.steps) {
        println!("{number:>3}  {}", step.name);
    }
    println!("nothing was changed");
    Ok(Exit::Fine)
}
