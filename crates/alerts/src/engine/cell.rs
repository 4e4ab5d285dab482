//! What is kept of the samples of one query of one instance, and the number that it gives.

use serde::{Deserialize, Serialize};

use super::{
    clock::Clock,
    options::{Empty, Options},
    plan::{QueryPlan, Reduce},
};
use crate::{
    state::{
        Cause,
        machine::{NEVER, Tick},
    },
    window::{
        Counter, Extreme, Extremes, Quantiles, Sums,
        keeper::{Equity, Keeper, Role},
        session::{SessionClock, Sessions, Tally, Wall},
    },
};

/// Samples of one query of one instance.
#[derive(Debug)]
pub(crate) enum Cell {
    Latest(Latest),
    Sums(Box<Sums>),
    Extremes(Box<Extremes>),
    Quantiles(Box<Quantiles>),
    Counter(Box<Counter>),
    Session(Box<SessionCell>),
    Keeper(Box<Keeper>),
}

/// The newest value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Latest {
    pub(crate) value: f64,
    pub(crate) tick: Tick,
    pub(crate) arrived: Tick,
    /// Series of the newest value.
    pub(crate) series: u32,
    pub(crate) is_there: bool,
    /// Whether it is the newest value of a window, which the end of a series does not empty.
    is_windowed: bool,
}

/// Numbers of a session.
#[derive(Debug)]
pub(crate) struct SessionCell {
    clock: SessionClock,
    tally: Option<Sessions<Tally>>,
}

/// A sample on its way into a cell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) series: u32,
    pub(crate) value: f64,
    pub(crate) tick: Tick,
    pub(crate) wall: Wall,
    pub(crate) arrived: Tick,
}

/// When and how a cell is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) now: Tick,
    pub(crate) wall: Wall,
    pub(crate) options: &'a Options,
    /// From this age on a newest value is none.
    pub(crate) absent_after: Tick,
    /// Since when somebody waits for a first sample.
    pub(crate) born: Tick,
}

/// A number, and when it will be another one without a new sample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) value: Result<f64, Cause>,
    pub(crate) due: Tick,
    /// The same for somebody who only asks whether the value became greater: what leaves a count or a
    /// maximum makes it smaller.
    pub(crate) due_above: Tick,
}

impl Reading {
    pub(crate) fn none(cause: Cause) -> Self {
        Self { value: Err(cause), due: NEVER, due_above: NEVER }
    }
}

impl Cell {
    pub(crate) fn new(plan: &QueryPlan) -> Self {
        match plan.reduce {
            Reduce::LastWithin => Self::Latest(Latest { is_windowed: true, ..Latest::NONE }),
            Reduce::Last | Reduce::SinceValue => Self::Latest(Latest::NONE),
            Reduce::Count | Reduce::Sum | Reduce::Mean => {
                Self::Sums(Box::new(Sums::new(plan.span)))
            }
            Reduce::Extreme(which) => Self::Extremes(Box::new(Extremes::new(plan.span, which))),
            Reduce::Quantile(_) => Self::Quantiles(Box::new(Quantiles::new(plan.span))),
            Reduce::Increase | Reduce::Rate | Reduce::Change => {
                Self::Counter(Box::new(Counter::new(plan.span)))
            }
            Reduce::Session(_) => match &plan.session {
                Some(clock) => {
                    Self::Session(Box::new(SessionCell { clock: clock.clone(), tally: None }))
                }
                None => Self::Latest(Latest::NONE),
            },
            Reduce::Keeper => Self::Keeper(Box::new(Keeper::new(plan.session.clone()))),
        }
    }

    pub(crate) fn push(&mut self, arrival: Arrival, role: Option<Role>) {
        let Arrival { value, tick, wall, .. } = arrival;
        match self {
            Self::Latest(latest) => latest.push(arrival),
            Self::Sums(sums) => sums.push(tick, value),
            Self::Extremes(extremes) => extremes.push(tick, value),
            Self::Quantiles(quantiles) => quantiles.push(tick, value),
            Self::Counter(counter) => counter.push(tick, value),
            Self::Session(cell) => cell.push(value, wall),
            Self::Keeper(keeper) => {
                keeper.push(role.unwrap_or(Role::Equity), value, wall, arrival.arrived);
            }
        }
    }

    /// A series says no more; a newest value of it is none from now on. True when that was the value.
    pub(crate) fn end(&mut self, series: u32) -> bool {
        match self {
            Self::Latest(latest) if latest.series == series && !latest.is_windowed => {
                latest.is_there = false;
                true
            }
            _ => false,
        }
    }

    /// The number at `asked.now`.
    pub(crate) fn read(&mut self, plan: &QueryPlan, asked: &Asked<'_>) -> Reading {
        let edge = asked.options.edge;
        let now = asked.now;
        match self {
            Self::Latest(latest) => latest.read(plan, asked),
            Self::Sums(sums) => {
                sums.expire(now, edge);
                let value = match plan.reduce {
                    Reduce::Count => count(sums.count()),
                    Reduce::Sum => sums.sum(),
                    _ => sums.mean(),
                };
                let is_zero = plan.reduce != Reduce::Mean && asked.options.empty == Empty::Zero;
                let first = if is_zero { Some(value) } else { (sums.count() > 0).then_some(value) };
                let reading = windowed(first, sums.count(), sums.due(edge), plan);
                let is_count = plan.reduce == Reduce::Count && is_zero && plan.samples_min == 0;
                Reading { due_above: if is_count { NEVER } else { reading.due }, ..reading }
            }
            Self::Extremes(extremes) => {
                extremes.expire(now, edge);
                let n = extremes.count();
                let value = (n > 0).then(|| extremes.value());
                let reading = windowed(value, n, extremes.due(edge), plan);
                let is_max = plan.reduce == Reduce::Extreme(Extreme::Max) && plan.samples_min <= 1;
                let last = extremes.empty_at(edge).filter(|_| is_max && reading.value.is_ok());
                Reading { due_above: last.unwrap_or(reading.due), ..reading }
            }
            Self::Quantiles(quantiles) => {
                quantiles.expire(now, edge);
                let n = quantiles.count();
                let q = if let Reduce::Quantile(q) = plan.reduce { q } else { 0.5 };
                windowed((n > 0).then(|| quantiles.value(q)), n, quantiles.due(edge), plan)
            }
            Self::Counter(counter) => {
                counter.expire(now, edge);
                let counting = asked.options.counting;
                let value = match plan.reduce {
                    Reduce::Change => counter.change(now, counting),
                    Reduce::Rate => counter
                        .increase(now, counting)
                        .map(|increase| increase / counter.span_secs()),
                    _ => counter.increase(now, counting),
                };
                // An extrapolated value moves with time alone; rules that use it ask at intervals.
                let reading = windowed(value, counter.count(), counter.due(edge), plan);
                let is_growth = plan.reduce != Reduce::Change && plan.samples_min <= 2;
                let last = counter.alone_at(edge).filter(|_| is_growth && reading.value.is_ok());
                Reading { due_above: last.unwrap_or(reading.due), ..reading }
            }
            Self::Session(cell) => cell.read(plan, asked),
            Self::Keeper(_) => Reading::none(Cause::Unknown),
        }
    }
}

/// What a cell holds, over a restart. Samples are kept with their time on the wall clock; what is
/// about silence with its age, because the time that nobody listened is no silence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum SavedCell {
    Latest { value: Option<f64>, at_ns: Wall, silent_for_ns: Tick },
    Entries(Vec<(Wall, Option<f64>, u32)>),
    Session { at_ns: Wall, tally: Tally },
    Keeper { at_ns: Wall, equity: Equity, silent_for_ns: Tick },
    Nothing,
}

impl Cell {
    pub(crate) fn save(&self, clock: &Clock) -> SavedCell {
        let now = clock.tick();
        // JSON has no word for "not a number".
        let number = |value: f64| value.is_finite().then_some(value);
        let entries = |entries: &mut dyn Iterator<Item = (Tick, f64, u32)>| {
            let of = |(tick, value, n)| (clock.wall_at(tick), number(value), n);
            SavedCell::Entries(entries.map(of).collect())
        };
        match self {
            Self::Latest(latest) if latest.was_there() && latest.is_there => SavedCell::Latest {
                value: number(latest.value),
                at_ns: clock.wall_at(latest.tick),
                silent_for_ns: now.saturating_sub(latest.arrived),
            },
            Self::Latest(_) => SavedCell::Nothing,
            Self::Sums(sums) => entries(&mut sums.entries()),
            Self::Extremes(extremes) => entries(&mut extremes.entries()),
            Self::Quantiles(quantiles) => entries(&mut quantiles.entries()),
            Self::Counter(counter) => entries(&mut counter.entries()),
            Self::Session(cell) => cell.tally.as_ref().map_or(SavedCell::Nothing, |sessions| {
                SavedCell::Session { at_ns: sessions.span().start, tally: sessions.get().clone() }
            }),
            Self::Keeper(keeper) => match keeper.saved() {
                Some((at_ns, equity)) => {
                    let silent_for_ns = now.saturating_sub(keeper.arrived());
                    SavedCell::Keeper { at_ns, equity, silent_for_ns }
                }
                None => SavedCell::Nothing,
            },
        }
    }

    /// Takes over what [`Cell::save`] of a cell of the same query gave.
    pub(crate) fn restore(&mut self, saved: &SavedCell, clock: &Clock, now: Tick) {
        let heard = |silent_for: Tick| now.saturating_sub(silent_for.max(0));
        match (self, saved) {
            (Self::Latest(latest), SavedCell::Latest { value, at_ns, silent_for_ns }) => {
                *latest = Latest {
                    value: value.unwrap_or(f64::NAN),
                    tick: clock.tick_at(*at_ns).min(now),
                    arrived: heard(*silent_for_ns),
                    series: u32::MAX,
                    is_there: true,
                    is_windowed: latest.is_windowed,
                };
            }
            (Self::Session(cell), SavedCell::Session { at_ns, tally }) => {
                cell.tally = Some(Sessions::new(cell.clock.span(*at_ns), tally.clone()));
            }
            (Self::Keeper(keeper), SavedCell::Keeper { at_ns, equity, silent_for_ns }) => {
                keeper.put_back(*at_ns, *equity, heard(*silent_for_ns));
            }
            (cell, SavedCell::Entries(entries)) => {
                for (wall, value, n) in entries {
                    let tick = clock.tick_at(*wall).min(now);
                    let value = value.unwrap_or(f64::NAN);
                    match cell {
                        Self::Sums(sums) => sums.put_back(tick, value, *n),
                        Self::Extremes(extremes) => extremes.push(tick, value),
                        Self::Quantiles(quantiles) => quantiles.push(tick, value),
                        Self::Counter(counter) => counter.push(tick, value),
                        _ => return,
                    }
                }
            }
            _ => {}
        }
    }
}

/// Checks a window's number: enough samples, and a number.
fn windowed(value: Option<f64>, n: u64, due: Option<Tick>, plan: &QueryPlan) -> Reading {
    let value = match value {
        Some(_) if n < plan.samples_min => Err(Cause::TooFew),
        Some(value) if value.is_nan() => Err(Cause::NotANumber),
        Some(value) => Ok(value),
        None => Err(Cause::TooFew),
    };
    let due = if value == Err(Cause::TooFew) { NEVER } else { due.unwrap_or(NEVER) };
    Reading { value, due, due_above: due }
}

#[expect(clippy::cast_precision_loss, reason = "a count of samples is far below 2^52")]
fn count(n: u64) -> f64 {
    n as f64
}

impl Latest {
    const NONE: Self = Self {
        value: 0.0,
        tick: Tick::MIN,
        arrived: Tick::MIN,
        series: 0,
        is_there: false,
        is_windowed: false,
    };

    fn push(&mut self, arrival: Arrival) {
        self.arrived = arrival.arrived;
        if arrival.tick >= self.tick {
            self.value = arrival.value;
            self.tick = arrival.tick;
            self.series = arrival.series;
            self.is_there = true;
        }
    }

    /// Whether there ever was a sample.
    pub(crate) fn was_there(&self) -> bool {
        self.arrived > Tick::MIN
    }

    fn read(&self, plan: &QueryPlan, asked: &Asked<'_>) -> Reading {
        let edge = asked.options.edge;
        if !self.was_there() {
            // Who has just begun to wait cannot say yet that nothing comes.
            let due = asked.born.saturating_add(asked.absent_after);
            let is_over = asked.now >= due;
            let cause = if is_over { Cause::Absent } else { Cause::TooFew };
            let due = if is_over { NEVER } else { due };
            return Reading { due, due_above: due, ..Reading::none(cause) };
        }
        // A window goes by the sample's own time, silence by that of its arrival.
        let (since, span) = match plan.reduce {
            Reduce::LastWithin => (self.tick, plan.span),
            _ => (self.arrived, asked.absent_after),
        };
        if !self.is_there || edge.is_past(since, span, asked.now) {
            return Reading::none(Cause::Absent);
        }
        let due = edge.leaves_at(since, span);
        let value = match plan.reduce {
            Reduce::SinceValue => secs(asked.wall) - self.value,
            _ => self.value,
        };
        let value = if value.is_nan() { Err(Cause::NotANumber) } else { Ok(value) };
        Reading { value, due, due_above: due }
    }
}

/// Seconds since 1970.
#[expect(
    clippy::cast_precision_loss,
    reason = "half a microsecond is lost, and no rule asks for it"
)]
pub(crate) fn secs(wall: Wall) -> f64 {
    wall as f64 / 1e9
}

impl SessionCell {
    fn push(&mut self, value: f64, wall: Wall) {
        let Self { clock, tally } = self;
        let sessions =
            tally.get_or_insert_with(|| Sessions::new(clock.span(wall), Tally::default()));
        if let Some(tally) = sessions.at(wall, clock, |_| Tally::default()) {
            tally.push(value);
        }
    }

    fn read(&mut self, plan: &QueryPlan, asked: &Asked<'_>) -> Reading {
        let Reduce::Session(function) = plan.reduce else {
            return Reading::none(Cause::Unknown);
        };
        let Self { clock, tally } = self;
        let sessions =
            tally.get_or_insert_with(|| Sessions::new(clock.span(asked.wall), Tally::default()));
        let tally = sessions.at(asked.wall, clock, |_| Tally::default()).cloned();
        let ends_in = sessions.span().end.saturating_sub(asked.wall);
        let tally = tally.unwrap_or_default();
        windowed(tally.value(function), tally.n, Some(asked.now.saturating_add(ends_in)), plan)
    }
}
