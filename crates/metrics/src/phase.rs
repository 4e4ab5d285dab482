//! Opening to closed: how owner, drainer and shipper tell each other where they are.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Where a pipeline is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Running,
    /// No more rows come; the rings are being emptied.
    Closing,
    /// The rings are empty; the store is being waited for.
    Drained,
    /// The last rows about the runs are in the spool.
    Closed,
}

#[derive(Debug)]
struct State {
    stage: Stage,
    /// The shipper has delivered all that is in the spool, or there is none.
    is_shipped: bool,
    /// When waiting ends.
    deadline: Option<Instant>,
    is_abandoned: bool,
}

/// Shared by the owner and its threads.
#[derive(Debug)]
pub(crate) struct Phase {
    state: Mutex<State>,
    changed: Condvar,
}

impl Phase {
    pub(crate) fn new() -> Self {
        let state =
            State { stage: Stage::Running, is_shipped: false, deadline: None, is_abandoned: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Waits at most `bound` for any change.
    pub(crate) fn pause(&self, bound: Duration) {
        let state = self.lock();
        drop(self.changed.wait_timeout(state, bound).unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits `bound`, or until the stage changes or the time for closing is over.
    pub(crate) fn rest(&self, bound: Duration) {
        let state = self.lock();
        let stage = state.stage;
        let bound = left(&state).unwrap_or(bound).min(bound);
        drop(
            self.changed
                .wait_timeout_while(state, bound, |s| s.stage == stage && !s.is_abandoned)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }

    /// Wakes whoever pauses.
    pub(crate) fn wake(&self) {
        self.changed.notify_all();
    }

    #[allow(clippy::disallowed_methods, reason = "the bound of closing is wall time")]
    pub(crate) fn close(&self, timeout: Duration) {
        let deadline = Instant::now().checked_add(timeout);
        self.set(|s| {
            s.stage = s.stage.max(Stage::Closing);
            s.deadline = deadline;
        });
    }

    /// Ends the threads as soon as they look.
    pub(crate) fn abandon(&self) {
        self.set(|s| s.is_abandoned = true);
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.lock().is_abandoned
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.lock().stage >= Stage::Closing
    }

    pub(crate) fn drained(&self) {
        self.set(|s| {
            s.stage = s.stage.max(Stage::Drained);
            s.is_shipped = false;
        });
    }

    pub(crate) fn closed(&self) {
        self.set(|s| {
            s.stage = Stage::Closed;
            s.is_shipped = false;
        });
    }

    /// The shipper found the spool empty. It must have looked after `stage_seen`.
    pub(crate) fn shipped(&self, seen: Seen) {
        self.set(|s| {
            if s.stage == seen.0 {
                s.is_shipped = true;
            }
        });
    }

    /// Where the pipeline is now, for [`Phase::shipped`].
    pub(crate) fn seen(&self) -> Seen {
        Seen(self.lock().stage)
    }

    /// Nobody ships: there is nothing to wait for.
    pub(crate) fn wait_shipped(&self) {
        self.wait(|s| s.is_shipped || s.is_abandoned);
    }

    /// Waits until all is delivered; false when the time was over first.
    pub(crate) fn wait_done(&self) -> bool {
        self.wait(|s| s.stage == Stage::Closed && s.is_shipped)
    }

    /// Waits until the last rows are in the spool; false when the time, and a little more, was
    /// over first: the drainer itself waits for the store until the time is over.
    pub(crate) fn wait_closed(&self) -> bool {
        const GRACE: Duration = Duration::from_secs(3);
        if self.wait(|s| s.stage == Stage::Closed) {
            return true;
        }
        let state = self.lock();
        let waited = self.changed.wait_timeout_while(state, GRACE, |s| s.stage != Stage::Closed);
        waited.unwrap_or_else(PoisonError::into_inner).0.stage == Stage::Closed
    }

    pub(crate) fn is_done(&self) -> bool {
        let state = self.lock();
        state.stage == Stage::Closed && state.is_shipped
    }

    /// Whether the time for closing is over.
    pub(crate) fn is_overdue(&self) -> bool {
        left(&self.lock()).is_some_and(|left| left.is_zero())
    }

    fn wait(&self, is_met: impl Fn(&State) -> bool) -> bool {
        let mut state = self.lock();
        loop {
            if is_met(&state) {
                return true;
            }
            // Without a deadline nobody closes; look again now and then.
            let bound = left(&state).unwrap_or(Duration::from_millis(100));
            if bound.is_zero() {
                return false;
            }
            state =
                self.changed.wait_timeout(state, bound).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Where the pipeline was when somebody looked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen(Stage);

#[allow(clippy::disallowed_methods, reason = "the bound of closing is wall time")]
fn left(state: &State) -> Option<Duration> {
    state.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
}
