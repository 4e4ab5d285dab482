//! Trades the shipped sample, or the CSV file given as the first argument, and prints how it went.
#![allow(clippy::print_stdout, reason = "an example talks to the person who runs it")]

use std::error::Error;
use std::path::Path;

use plimsoll_paper::{Bars, Labels, Record, ReplayClock, Row, Session, SessionConfig};

struct Nobody;

impl Record for Nobody {
    fn record(&mut self, _: &Labels, _ts_ns: i64, _: Row<'_>) {}
}

fn main() -> Result<(), Box<dyn Error>> {
    let (bars, config) = match std::env::args().nth(1) {
        Some(file) => (Bars::from_csv(Path::new(&file))?, SessionConfig::default()),
        None => (Bars::sample()?, SessionConfig::sample()),
    };
    let clock = ReplayClock::new(bars.len(), 1_790_000_000_000_000_000)?;
    let mut session = Session::new(config, bars, clock)?;
    let mut limits = [0.05, 0.10, 0.15].into_iter().peekable();
    while let Some(step) = session.step(&mut Nobody)? {
        if let Some(limit) = limits.next_if(|limit| step.drawdown_ratio > *limit) {
            println!("{} (bar {}): more than {limit} below the peak", step.date, step.bar_index);
        }
    }
    println!("{:#?}", session.summary()?);
    Ok(())
}
