//! Whoever follows hears of every row, once it is stored.

use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, SystemTime};

use plimsoll_metrics::Batch;
use plimsoll_station::{Follow, Joined, Station, StationOptions};

use crate::client::send;

struct Ear {
    heard: Arc<Mutex<Vec<(String, usize)>>>,
    ticked: mpsc::Sender<()>,
}

impl Follow for Ear {
    fn rows(&mut self, batch: &Batch<'_>, _now: SystemTime) {
        self.heard.lock().unwrap().push((batch.schema().name.to_string(), batch.len()));
    }

    fn tick(&mut self, _now: SystemTime) {
        self.ticked.send(()).ok();
    }

    fn interval(&self) -> Duration {
        Duration::from_millis(5)
    }
}

#[test]
fn a_follower_hears_of_what_was_stored_and_of_nothing_that_was_refused() {
    let dir = tempfile::TempDir::new().unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (ticked, ticks) = mpsc::channel();
    let ear = Ear { heard: Arc::clone(&heard), ticked };
    let options = StationOptions::new(dir.path().join("store.db"));
    let station =
        Station::start_joined(options, Joined::default().with_follow(Box::new(ear))).unwrap();
    let write = |body: &str| send(station.address(), "POST", "/write", &[], body.as_bytes());
    write("trading_pnl total_pnl=1 1\norder_latency latency_ms=1 1\ntrading_pnl total_pnl=1 2\n")
        .is(204);
    write("trading_pnl total_pnl=x 1\n").is(400);
    ticks.recv_timeout(Duration::from_secs(10)).unwrap();
    // Ending waits until all was heard.
    assert_eq!(station.stop(Duration::from_secs(10)).rows_stored, 3);
    let heard = heard.lock().unwrap().clone();
    assert_eq!(heard, [("trading_pnl".to_owned(), 2), ("order_latency".to_owned(), 1)]);
}
