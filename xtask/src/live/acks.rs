//! Every fifth reply of the server is lost on its way back.

use std::num::NonZeroU32;
use std::time::Duration;

use plimsoll_metrics::{Metrics, Mode, Options, Pnl};
use testbed::{Fault, FlakyProxy};

use super::Live;
use super::outage::judge;
use super::questdb_server::{QuestDb, Start};
use crate::machine;
use crate::steps::Outcome;

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let server = match QuestDb::start(live.workspace)? {
        Start::Running(server) => server,
        Start::Unavailable(why) => return Ok(Outcome::Skipped(why)),
    };
    let mut proxy = FlakyProxy::start(server.http_addr())?;
    proxy.set(Fault::DropReplies { every: const { NonZeroU32::new(5).expect("five") } })?;
    let spool = tempfile::tempdir()?;
    let options = Options::connect(proxy.url(), spool.path(), Mode::Live).with_creates_tables(true);
    let metrics = Metrics::open(&options)?;
    let line = metrics.strategy("acks")?.account("A")?.instrument("I", "V", "USD")?;
    let rows = live.count(20_000, 100_000);
    for n in 0..rows {
        #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
        line.emit_pnl(Pnl::new().realized_pnl(n as f64));
        if n % 500 == 499 {
            // Many small batches, so that many replies are lost.
            machine::pause(Duration::from_millis(25));
        }
    }
    let counts = metrics.close(Duration::from_secs(120))?;
    let lost = proxy.counts().replies_lost;
    if lost == 0 {
        return Ok(Outcome::Failed("no reply was lost: it proves nothing".to_owned()));
    }
    judge(&server, rows, counts, &format!("{lost} replies lost"))
}
