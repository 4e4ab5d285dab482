//! An engine on a clock of whole seconds, and its changes as short lines.

use std::time::{Duration, SystemTime};

use plimsoll_alerts::{AlertState, Engine, Now, Options, Rule, Sample, SeriesId, Transition};

/// Second 0 of these tests: 2026-11-24T00:00:00Z.
pub(crate) const ORIGIN: u64 = 1_795_478_400;

pub(crate) struct Desk {
    pub(crate) engine: Engine,
}

pub(crate) fn moment(secs: f64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(ORIGIN) + Duration::from_secs_f64(secs)
}

/// Both clocks at this second.
pub(crate) fn now(secs: f64) -> Now {
    Now::of_row(moment(secs))
}

impl Desk {
    #[track_caller]
    pub(crate) fn new(rules: Vec<Rule>) -> Self {
        Self { engine: Engine::new(rules).unwrap() }
    }

    #[track_caller]
    pub(crate) fn with(rules: Vec<Rule>, options: Options) -> Self {
        Self { engine: Engine::with_options(rules, options).unwrap() }
    }

    pub(crate) fn series(&mut self, metric: &str, labels: &[(&str, &str)]) -> SeriesId {
        self.engine.series(metric, labels).unwrap()
    }

    /// A sample at `secs`; the changes as lines.
    pub(crate) fn observe(&mut self, series: SeriesId, value: f64, secs: f64) -> Vec<String> {
        let changes =
            self.engine.observe(series, Sample::new(value, moment(secs)), now(secs)).to_vec();
        self.lines(&changes)
    }

    pub(crate) fn row(&mut self, samples: &[(SeriesId, f64)], secs: f64) -> Vec<String> {
        let changes = self.engine.observe_row(samples, moment(secs), now(secs)).to_vec();
        self.lines(&changes)
    }

    pub(crate) fn advance(&mut self, secs: f64) -> Vec<String> {
        let changes = self.engine.advance(now(secs)).to_vec();
        self.lines(&changes)
    }

    /// `second rule{labels} from>to value [muted]`.
    pub(crate) fn lines(&self, changes: &[Transition]) -> Vec<String> {
        changes.iter().map(|change| self.line(change)).collect()
    }

    fn line(&self, change: &Transition) -> String {
        let alert = self.engine.alert(change).unwrap();
        let since = alert.row_at.duration_since(moment(0.0)).map_or(-1.0, |d| d.as_secs_f64());
        let labels: Vec<_> = alert.labels.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let labels =
            if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let value = alert.value.map_or(String::new(), |value| format!(" {}", trim(value)));
        let muted = alert.muted.map_or(String::new(), |muted| format!(" {muted:?}"));
        let states = format!("{}>{}", alert.from.as_str(), alert.to.as_str());
        format!("{} {}{labels} {states}{value}{muted}", trim(since), alert.rule)
    }

    /// States of a rule's instances, by labels.
    pub(crate) fn states(&self, rule: &str) -> Vec<AlertState> {
        self.engine.status().iter().filter(|s| s.rule == rule).map(|s| s.state).collect()
    }
}

fn trim(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
