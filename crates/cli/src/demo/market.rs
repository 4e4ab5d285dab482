//! What is traded: the shipped sample or a person's own file.

use plimsoll_paper::{Bars, SessionConfig};

use crate::failure::{Failure, Hint as _};

use super::args::DemoArgs;

/// Ten years around the crash would be long to watch; these three show it.
const SAMPLE_FROM: &str = "2007-01-01";
const SAMPLE_TO: &str = "2010-01-01";
/// Dates outside any data that is read.
const FIRST: &str = "1970-01-01";
const LAST: &str = "2200-01-01";

/// Bars, and the session that suits them.
#[derive(Debug)]
pub(super) struct Market {
    pub(super) bars: Bars,
    pub(super) config: SessionConfig,
}

/// What was traded, for people.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) name: String,
    pub(super) bars: usize,
    pub(super) first_date: String,
    pub(super) last_date: String,
}

impl About {
    pub(super) fn line(&self) -> String {
        let Self { name, bars, first_date, last_date } = self;
        format!("{name}: {bars} bars from {first_date} to {last_date}")
    }
}

impl Market {
    pub(super) fn load(args: &DemoArgs) -> Result<Self, Failure> {
        let (all, mut config, default_range) = match &args.data {
            None => (Bars::sample()?, SessionConfig::sample(), (SAMPLE_FROM, SAMPLE_TO)),
            Some(path) => {
                let bars = Bars::from_csv(path).hint(
                    "wanted CSV with a header: time, open, high, low, close and maybe volume; or \
                     time, price and quantity of trades",
                )?;
                (bars, SessionConfig::default(), (FIRST, LAST))
            }
        };
        let from = args.from.as_deref().unwrap_or(default_range.0);
        let to = args.to.as_deref().unwrap_or(default_range.1);
        let bars = all.between(from, to).map_err(|error| {
            let have = describe(&all);
            Failure::new(error)
                .with_hint(format!("`--from` and `--to` are YYYY-MM-DD; there is {have}"))
        })?;
        if let Some(path) = &args.data {
            let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
            if let Some(name) = stem.as_deref().and_then(instrument_id) {
                config.venue.instrument_id = name;
            }
        }
        Ok(Self { bars, config })
    }

    pub(super) fn about(&self) -> About {
        let date = |index| self.bars.date(index).unwrap_or_default();
        About {
            name: self.bars.name().to_owned(),
            bars: self.bars.len(),
            first_date: date(0),
            last_date: date(self.bars.len() - 1),
        }
    }
}

fn describe(bars: &Bars) -> String {
    let date = |index| bars.date(index).unwrap_or_default();
    format!("{} to {}", date(0), date(bars.len() - 1))
}

/// A file's name as the name of an instrument, if it can be one.
fn instrument_id(stem: &str) -> Option<String> {
    let name: String =
        stem.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).take(40).collect();
    (!name.is_empty()).then(|| name.to_ascii_uppercase())
}
