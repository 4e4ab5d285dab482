//! What the commands of trading have to know.

use std::path::PathBuf;

use clap::Args;
use plimsoll_snapshot::capture::Positions;
use plimsoll_snapshot::config::{Config as SnapshotConfig, Edge};
use plimsoll_snapshot::trading::Config;
use plimsoll_ssot::Section;

use crate::commands::snapshot::{pause, repository};
use crate::configuration::{ConfigArgs, broken};
use crate::failure::{Failure, Hint as _};
use crate::glue::sections;
use crate::moment::now;

/// Which configuration, and where the latch and the leases are.
#[derive(Debug, Clone, Args)]
pub(crate) struct DeskArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Directory of the latch and the leases [default: as configured]
    #[arg(long, value_name = "DIR", env = "PLIMSOLL_TRADING__DIR")]
    trading_dir: Option<PathBuf>,
}

/// The settings of trading, and what reads the accounts.
pub(crate) struct Desk {
    pub(crate) config: Config,
    /// Relative paths count from here.
    pub(crate) base: PathBuf,
    /// The name of the environment, for rows.
    pub(crate) env: String,
    pub(crate) accounts: Vec<(String, Positions)>,
}

impl DeskArgs {
    pub(crate) fn new(config: ConfigArgs, trading_dir: Option<PathBuf>) -> Self {
        Self { config, trading_dir }
    }

    pub(crate) fn read(&self) -> Result<Desk, Failure> {
        let ssot = self.config.layers()?.load().map_err(|problems| broken(&problems))?;
        let section = ssot.section::<Config>(sections::TRADING).map(Section::into_inner);
        let mut config = section.map_err(|problems| broken(&problems))?;
        let here = std::env::current_dir()?;
        if let Some(dir) = &self.trading_dir {
            config.dir = here.join(dir);
        }
        let base = self.config.canonical()?.map(|file| here.join(repository(&here.join(file))));
        let base = base.unwrap_or(here);
        let section = ssot.section::<SnapshotConfig>(sections::SNAPSHOT).map(Section::into_inner);
        let snapshot = section.map_err(|problems| broken(&problems))?;
        let edge = Edge::new(&base, now, pause).with_variables(std::env::vars_os());
        let accounts = snapshot.accounts(&edge).hint("correct section `snapshot.positions`")?;
        let env = ssot.profile().unwrap_or("dev").to_owned();
        Ok(Desk { config, base, env, accounts })
    }
}

impl Desk {
    /// The directory of the latch and the leases.
    pub(crate) fn dir(&self) -> PathBuf {
        self.base.join(&self.config.dir)
    }
}
