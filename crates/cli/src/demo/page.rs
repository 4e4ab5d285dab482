//! The demo's live page: a station in this process, over the demo's own store.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_alerts::Limits;
use plimsoll_metrics::Durability;
use plimsoll_station::{Joined, Station, StationOptions};

use crate::glue::alerts_station::ReplayDesk;
use crate::glue::board_alerts;
use crate::stop::Stop;

use super::args::DemoArgs;
use super::watch::{Bar, Watch};

/// How long an open page may take to end.
const CLOSE: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(500);
/// One bar is one minute, so that all bars fit.
const BARS_PER_HOUR: usize = 60;

/// The page while it is served.
#[derive(Debug)]
pub(super) struct Page(Arc<Station>);

impl Page {
    /// Serves it on a free loopback port; without one the demo goes on, and says so.
    pub(super) fn open(
        args: &DemoArgs,
        store: &Path,
        bars: usize,
        desk: Option<ReplayDesk>,
    ) -> Option<Self> {
        if args.no_page {
            return None;
        }
        let hours = u64::try_from(bars.div_ceil(BARS_PER_HOUR)).unwrap_or(24);
        let options = StationOptions::new(store)
            .with_durability(Durability::Process)
            .with_page(Duration::from_hours(hours.max(1)), ["replay"])
            .with_operate()
            .without_upkeep();
        let mut joined = Joined::default().with_rules(board_alerts::rules(&Limits::default()));
        if let Some(desk) = desk {
            joined = joined.with_alarms(Arc::new(desk.clone())).with_operate(Arc::new(desk));
        }
        match Station::start_joined(options, joined) {
            Ok(station) => {
                eprintln!("page: {}/", station.url());
                Some(Self(Arc::new(station)))
            }
            Err(error) => {
                eprintln!("no page: {:#}", anyhow::Error::from(error));
                None
            }
        }
    }

    /// Somebody who tells open pages of each bar.
    pub(super) fn watch(&self) -> Box<dyn Watch> {
        Box::new(Teller(Arc::clone(&self.0)))
    }

    /// Serves the page on until somebody ends it, if somebody is there to look or asked for it.
    pub(super) fn close(self, args: &DemoArgs, stop: &Stop) {
        let is_watched = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        if args.stay || (is_watched && !args.fast) {
            self.0.rows_changed();
            if !stop.is_wanted() {
                eprintln!("the page stays at {}/ until Ctrl-C", self.0.url());
            }
            while !stop.is_wanted() {
                stop.pause(LOOK);
            }
        }
        if let Some(station) = Arc::into_inner(self.0) {
            let _ended = station.stop(CLOSE);
        }
    }
}

#[derive(Debug)]
struct Teller(Arc<Station>);

impl Watch for Teller {
    fn bar(&mut self, _bar: &Bar<'_>) {
        self.0.rows_changed();
    }
}
