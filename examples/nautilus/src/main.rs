//! A NautilusTrader backtest whose order, fill, position and account events become rows of
//! plimsoll-metrics, and are then read back and compared with the engine's own books.

mod backtest;
mod recorder;
mod rows;
mod strategy;
#[cfg(test)]
mod tests;
mod totals;

use std::{fs, path::Path, process::ExitCode, time::Duration};

use anyhow::Context as _;
use plimsoll_metrics::{Counts, Metrics, Mode, Options};

use crate::{recorder::Recorder, totals::Totals};

const BARS: u32 = 2_000;
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);

/// What a run left behind.
struct Outcome {
    engine: Totals,
    store: Totals,
    unmapped: u64,
    counts: Counts,
}

impl Outcome {
    fn is_complete(&self) -> bool {
        let lost = self.counts.dropped_rows + self.counts.rejected_rows;
        self.engine.agrees(&self.store) && self.unmapped == 0 && lost == 0
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "runs/nautilus.db".to_owned());
    let path = Path::new(&path);
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).with_context(|| format!("cannot make `{}`", dir.display()))?;
    }
    let outcome = run(path, BARS)?;
    for (table, rows) in totals::rows_of(path)? {
        println!("{table:<18} {rows:>6} rows");
    }
    print(&outcome);
    Ok(if outcome.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run(path: &Path, bars: u32) -> anyhow::Result<Outcome> {
    let options = Options::embedded(path, Mode::Backtest).with_trader(backtest::TRADER_ID);
    let metrics = Metrics::open(&options)?;
    let mut engine = backtest::engine(bars)?;
    let recorder = Recorder::attach(&engine, metrics, backtest::currency());
    engine.run(None, None, None, false)?;
    let counts = recorder.close(CLOSE_TIMEOUT)?;
    Ok(Outcome {
        engine: Totals::of_engine(&engine)?,
        store: Totals::of_store(path)?,
        unmapped: recorder.unmapped(),
        counts,
    })
}

fn print(outcome: &Outcome) {
    let Outcome { engine, store, unmapped, counts } = outcome;
    println!("{:<18} {:>16} {:>16}", "", "engine", "store");
    println!("{:<18} {:>16} {:>16}", "orders", engine.orders, store.orders);
    println!("{:<18} {:>16} {:>16}", "fills", engine.fills, store.fills);
    for (currency, sum) in &engine.commissions {
        let stored = store
            .commissions
            .get(currency)
            .map_or_else(|| "none".to_owned(), |s| format!("{s:.8}"));
        println!("{:<18} {sum:>16.8} {stored:>16}", format!("commissions {currency}"));
    }
    println!(
        "emitted {}, stored {}, dropped {}, rejected {}; events without a row {unmapped}",
        counts.emitted_rows, counts.stored_rows, counts.dropped_rows, counts.rejected_rows
    );
    println!("{}", if outcome.is_complete() { "equal" } else { "NOT EQUAL" });
}
