//! The thread that writes the rows of a recorder.

use std::{
    io,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use super::Recorder;

/// Shortest time between two flushes.
const INTERVAL_MIN: Duration = Duration::from_millis(10);

/// Stops the thread of a [`Recorder`] when it is closed or dropped, after a last flush. Let it go
/// before the pipeline is closed, or the last rows are refused.
#[derive(Debug)]
#[must_use = "the recorder stops writing rows when this is dropped"]
pub struct RecorderGuard {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Stop {
    is_told: Mutex<bool>,
    changed: Condvar,
}

impl Recorder {
    /// Starts a thread that flushes every `interval` (1 s is usual, 10 ms the least).
    ///
    /// # Errors
    ///
    /// [`io::Error`] if the system has no thread left.
    pub fn start(&self, interval: Duration) -> io::Result<RecorderGuard> {
        let stop = Arc::new(Stop::default());
        let (recorder, told) = (self.clone(), Arc::clone(&stop));
        let thread = std::thread::Builder::new().name("plimsoll-recorder".to_owned());
        let thread = thread.spawn(move || {
            while !told.wait(interval.max(INTERVAL_MIN)) {
                recorder.flush();
            }
            recorder.flush();
        })?;
        Ok(RecorderGuard { stop, thread: Some(thread) })
    }
}

impl Stop {
    fn tell(&self) {
        *self.is_told.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Waits at most `bound`; whether to stop.
    fn wait(&self, bound: Duration) -> bool {
        let is_told = self.is_told.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(is_told, bound, |is_told| !*is_told);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl RecorderGuard {
    /// Flushes a last time and ends the thread.
    pub fn close(self) {}
}

impl Drop for RecorderGuard {
    fn drop(&mut self) {
        self.stop.tell();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing more to say.
            thread.join().unwrap_or_default();
        }
    }
}
