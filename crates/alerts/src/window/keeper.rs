//! A peak, and a day's start, that a rule keeps by itself: from equity and from money that came and
//! went.

use super::session::{SessionClock, Sessions, Wall};
use crate::state::machine::Tick;

/// Which operand a sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Mark to market.
    Equity,
    /// What the producer knows: the peak, or the equity at the session's start.
    Seed,
    /// A deposit (> 0) or withdrawal (< 0).
    Flow,
}

/// What is known of one owner's equity.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Equity {
    pub(crate) equity: Option<f64>,
    /// Highest equity, scaled by flows.
    pub(crate) peak: Option<f64>,
    /// Equity at the start of the session.
    pub(crate) start: Option<f64>,
    /// Deposits less withdrawals since then.
    pub(crate) flows: f64,
}

/// The same, session by session where there are sessions.
#[derive(Debug, Clone)]
pub(crate) struct Keeper {
    clock: Option<SessionClock>,
    equity: Option<Sessions<Equity>>,
    /// When the newest equity arrived.
    arrived: Tick,
}

impl Keeper {
    pub(crate) fn new(clock: Option<SessionClock>) -> Self {
        Self { clock, equity: None, arrived: Tick::MIN }
    }

    pub(crate) fn push(&mut self, role: Role, value: f64, at: Wall, arrived: Tick) {
        if role == Role::Equity {
            self.arrived = arrived;
        }
        let Some(equity) = self.at(at) else { return };
        match role {
            Role::Equity => equity.take(value),
            Role::Seed => equity.seed(value),
            Role::Flow => equity.flow(value),
        }
    }

    /// When the newest equity arrived.
    pub(crate) fn arrived(&self) -> Tick {
        self.arrived
    }

    /// What is known in the session of `at`.
    fn at(&mut self, at: Wall) -> Option<&mut Equity> {
        let Some(clock) = &self.clock else {
            let forever = super::session::Span { start: Wall::MIN, end: Wall::MAX };
            let equity =
                self.equity.get_or_insert_with(|| Sessions::new(forever, Equity::default()));
            return Some(equity.only());
        };
        let equity =
            self.equity.get_or_insert_with(|| Sessions::new(clock.span(at), Equity::default()));
        equity.at(at, clock, Equity::next)
    }

    /// What is known now; `at` ends a session.
    pub(crate) fn get(&mut self, at: Wall) -> Equity {
        self.at(at).copied().unwrap_or_default()
    }

    /// When the session ends.
    pub(crate) fn ends(&self) -> Option<Wall> {
        self.clock.as_ref()?;
        self.equity.as_ref().map(|sessions| sessions.span().end)
    }

    /// The peak starts anew at the newest equity.
    pub(crate) fn reset(&mut self) {
        if let Some(sessions) = &mut self.equity {
            let equity = sessions.only();
            equity.peak = equity.equity;
        }
    }

    pub(crate) fn saved(&self) -> Option<(Wall, Equity)> {
        self.equity.as_ref().map(|sessions| (sessions.span().start, *sessions.get()))
    }

    pub(crate) fn put_back(&mut self, at: Wall, equity: Equity, arrived: Tick) {
        self.arrived = arrived;
        if let Some(known) = self.at(at) {
            *known = equity;
        }
    }
}

impl Equity {
    fn take(&mut self, equity: f64) {
        if !equity.is_finite() {
            self.equity = None;
            return;
        }
        self.equity = Some(equity);
        self.peak = self.peak.map(|peak| peak.max(equity));
    }

    /// Only what nobody knows yet: a peak that a person reset stays reset.
    fn seed(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.peak = self.peak.or_else(|| Some(self.equity.map_or(value, |e| e.max(value))));
        self.start = self.start.or(Some(value));
    }

    fn flow(&mut self, flow: f64) {
        if !flow.is_finite() {
            // Money of unknown size moved: what it was measured against is not known any more.
            (self.peak, self.start) = (None, None);
            return;
        }
        self.flows += flow;
        let Some(equity) = self.equity else { return };
        let after = equity + flow;
        // With nothing there before or nothing left after, a ratio to the old peak has no meaning.
        let is_scaled = equity > 0.0 && after > 0.0;
        self.peak = self.peak.filter(|_| is_scaled).map(|peak| peak * after / equity);
        self.equity = Some(after);
    }

    /// A new session begins where the last one ended; what was not known then is known now.
    fn next(&self) -> Self {
        Self { equity: self.equity, peak: self.equity, start: self.equity, flows: 0.0 }
    }
}
