//! Two threads emit at a steady rate while the server is killed three times.

use std::time::Duration;

use anyhow::ensure;
use plimsoll_metrics::{Counts, Instrument, Metrics, Mode, Options, Pnl};

use super::Live;
use super::questdb_server::{QuestDb, Start};
use super::stored::{Stored, stored};
use crate::machine;
use crate::steps::Outcome;

const THREADS: u32 = 2;
const KILLS: u32 = 3;
/// Time that the server is away at each kill.
const AWAY: Duration = Duration::from_millis(500);

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let mut server = match QuestDb::start(live.workspace)? {
        Start::Running(server) => server,
        Start::Unavailable(why) => return Ok(Outcome::Skipped(why)),
    };
    let per_second = live.count(20_000, 100_000);
    let seconds = live.count(6, 60);
    let spool = tempfile::tempdir()?;
    let options =
        Options::connect(format!("http://{}", server.http_addr()), spool.path(), Mode::Live)
            .with_creates_tables(true);
    let metrics = Metrics::open(&options)?;
    let account = metrics.strategy("outage")?.account("A")?;
    let mut lines = Vec::new();
    for thread in 0..THREADS {
        lines.push(account.instrument(&format!("I{thread}"), "V", "USD")?);
    }
    let span = Duration::from_secs(seconds);
    let each = per_second / u64::from(THREADS);
    let emitted = std::thread::scope(|scope| {
        let producers: Vec<_> =
            lines.iter().map(|line| scope.spawn(move || emit(line, each, span))).collect();
        for _ in 0..KILLS {
            machine::pause(span / (KILLS + 1));
            server.kill9()?;
            machine::pause(AWAY);
            server.restart()?;
        }
        let rows = producers.into_iter().map(|p| p.join().unwrap_or(0)).sum::<u64>();
        anyhow::Ok(rows)
    })?;
    let begun = machine::now();
    let counts = metrics.close(Duration::from_secs(120))?;
    let caught_up = begun.elapsed().as_secs_f64();
    judge(
        &server,
        emitted,
        counts,
        &format!("{per_second} rows/s for {seconds} s, {KILLS} kills, close took {caught_up:.1} s"),
    )
}

/// Emits `per_second` rows for `span`; how many.
fn emit(line: &Instrument, per_second: u64, span: Duration) -> u64 {
    let begun = machine::now();
    let mut n = 0_u64;
    loop {
        let elapsed = begun.elapsed();
        if elapsed >= span {
            return n;
        }
        let due = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX).saturating_mul(per_second)
            / 1_000_000;
        while n < due {
            #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
            let value = n as f64;
            line.emit_pnl(Pnl::new().realized_pnl(value).unrealized_pnl(-value));
            n += 1;
        }
        machine::pause(Duration::from_millis(1));
    }
}

/// Passed when every row is there, once, without a gap.
pub(super) fn judge(
    server: &QuestDb,
    emitted: u64,
    counts: Counts,
    figure: &str,
) -> anyhow::Result<Outcome> {
    ensure!(counts.dropped_rows == 0, "{} rows dropped by a full ring", counts.dropped_rows);
    let found = stored(server, "trading_pnl", emitted)?;
    let wanted = Stored { rows: emitted, different: emitted, missing: 0 };
    Ok(if found == wanted {
        Outcome::Passed(format!("{emitted} rows: 0 lost, 0 twice, gapless; {figure}"))
    } else {
        Outcome::Failed(format!("{found:?}, wanted {wanted:?}; {figure}"))
    })
}
