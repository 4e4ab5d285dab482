//! Somebody who hears of every row once it is stored.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use plimsoll_metrics::Batch;

use crate::ingest::Body;
use crate::memory::Held;
use crate::station::StartError;

/// Requests that may wait to be followed; the store waits then, so that no row is missed.
const QUEUE: usize = 64;

/// The port: hears of every row that was stored, in the order in which it was, on a thread of its
/// own. A row that was sent twice is heard of twice.
pub trait Follow: Send {
    /// These rows are in the store.
    fn rows(&mut self, batch: &Batch<'_>, now: SystemTime);

    /// Time has passed: called about every `interval`, also when no row comes.
    fn tick(&mut self, now: SystemTime);

    /// The longest time between two calls of [`Follow::tick`]. Default 250 ms.
    fn interval(&self) -> Duration {
        Duration::from_millis(250)
    }
}

/// The way to a follower's thread.
#[derive(Debug)]
pub(crate) struct Follower {
    bodies: SyncSender<(Body, Held)>,
}

impl Follower {
    /// Starts the thread. It ends when the last way to it is gone.
    pub(crate) fn start(follow: Box<dyn Follow>) -> Result<(Self, JoinHandle<()>), StartError> {
        let (bodies, queue) = sync_channel(QUEUE);
        let builder = std::thread::Builder::new().name("plimsoll-follow".to_owned());
        let thread = builder.spawn(move || run(follow, &queue));
        let thread = thread.map_err(|source| StartError::Thread { source })?;
        Ok((Self { bodies }, thread))
    }

    /// Hands stored rows over; waits when too many are on their way.
    pub(crate) fn follow(&self, body: Body, held: Held) {
        if self.bodies.send((body, held)).is_err() {
            tracing::error!("nobody follows the rows any more");
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "a follower's clock is read at this edge")]
fn run(mut follow: Box<dyn Follow>, queue: &Receiver<(Body, Held)>) {
    let mut ticked = SystemTime::now();
    loop {
        let interval = follow.interval();
        let since = SystemTime::now().duration_since(ticked).unwrap_or(interval);
        match queue.recv_timeout(interval.saturating_sub(since)) {
            Ok((body, held)) => {
                let now = SystemTime::now();
                body.batches().for_each(|batch| follow.rows(&batch, now));
                drop(held);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = SystemTime::now();
        if now.duration_since(ticked).is_ok_and(|since| since < interval) {
            continue;
        }
        ticked = now;
        follow.tick(now);
    }
}
