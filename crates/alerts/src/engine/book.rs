//! All instances with their samples, and what they say.

use super::{
    cell::{Asked, Cell, Reading, secs},
    clock::Clock,
    instance::{Info, Input, Instance},
    options::{Empty, Options},
    plan::{Combine, Comparison, Plan, Test},
};
use crate::{
    rule::{Across, OnAbsent, Threshold},
    state::{
        Cause,
        machine::{NEVER, Tick, Verdict},
    },
};

/// Instances and cells by number.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) instances: Vec<Instance>,
    pub(crate) infos: Vec<Info>,
    pub(crate) cells: Vec<Cell>,
    /// Cells of one query, one for each series.
    pub(crate) lists: Vec<Vec<u32>>,
}

/// What an instance says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opinion {
    pub(crate) verdict: Verdict,
    pub(crate) value: Option<f64>,
    /// When it must be asked again.
    pub(crate) due: Tick,
}

pub(crate) fn at(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

impl Book {
    /// What instance `index` of `plan` says at `now`.
    pub(crate) fn opinion(
        &mut self,
        index: u32,
        plan: &Plan,
        clock: &Clock,
        options: &Options,
        now: Tick,
    ) -> Opinion {
        let silent = Opinion { verdict: Verdict::Clear, value: None, due: NEVER };
        let Some(instance) = self.instances.get(at(index)) else { return silent };
        let asked = Asked {
            now,
            wall: clock.wall_at(now),
            options,
            absent_after: plan.absent_after,
            born: instance.born,
        };
        let (inputs, limit, is_ended) = (instance.inputs, instance.limit, instance.is_ended);
        match plan.test {
            Test::Compare(_) | Test::Absent(_) if is_ended => silent,
            Test::Compare(comparison) => {
                let measured = self.measure(inputs, plan, &asked);
                judge(measured, comparison, limit, plan, &asked)
            }
            Test::Absent(span) => self.silence(inputs[0], span, &asked),
            Test::All | Test::Any => {
                let parts = self.infos.get(at(index)).map_or(&[][..], |info| &info.parts);
                super::joins::opinion(parts, plan)
            }
        }
    }

    /// Whether none of the newest values that the instance looks at is there any more.
    pub(crate) fn has_no_value(&self, index: u32) -> bool {
        let Some(instance) = self.instances.get(at(index)) else { return true };
        let is_gone = |cell: &u32| match self.cells.get(at(*cell)) {
            Some(Cell::Latest(latest)) => !latest.is_there,
            _ => false,
        };
        instance.inputs.iter().all(|input| match input {
            Input::None => true,
            Input::One(cell) => is_gone(cell),
            Input::Many(list) => {
                self.lists.get(at(*list)).is_none_or(|list| list.iter().all(is_gone))
            }
        })
    }

    /// The numbers that the rule compares.
    fn measure(&mut self, inputs: [Input; 3], plan: &Plan, asked: &Asked<'_>) -> Measured {
        match plan.combine {
            Combine::One => Measured::one(self.read(inputs[0], plan, 0, asked)),
            Combine::Ratio { to_min } => {
                let of = self.read(inputs[0], plan, 0, asked);
                let to = self.read(inputs[1], plan, 1, asked);
                Measured::both(of, to, |of, to| {
                    // An empty denominator says nothing; Prometheus divides by it all the same.
                    let is_strict = asked.options.empty == Empty::Zero;
                    if to < to_min || (is_strict && to == 0.0) {
                        return Err(Cause::TooFew);
                    }
                    Ok(of / to)
                })
            }
            Combine::Difference => {
                let of = self.read(inputs[0], plan, 0, asked);
                let minus = self.read(inputs[1], plan, 1, asked);
                Measured::both(of, minus, |of, minus| Ok(of - minus))
            }
            Combine::Drawdown => {
                let equity = self.read(inputs[0], plan, 0, asked);
                let peak = self.read(inputs[1], plan, 1, asked);
                let peak = Reading { value: peak.value.map_err(unknown), ..peak };
                Measured::fall(equity.value, peak.value, equity.due.min(peak.due))
            }
            Combine::KeptDrawdown | Combine::Loss => self.kept(inputs[0], plan, asked),
        }
    }

    /// A peak or a day that the rule keeps.
    fn kept(&mut self, input: Input, plan: &Plan, asked: &Asked<'_>) -> Measured {
        let Input::One(cell) = input else { return Measured::nothing(Cause::Unknown) };
        let Some(Cell::Keeper(keeper)) = self.cells.get_mut(at(cell)) else {
            return Measured::nothing(Cause::Unknown);
        };
        let arrived = keeper.arrived();
        let edge = asked.options.edge;
        if edge.is_past(arrived, asked.absent_after, asked.now) {
            return Measured::nothing(Cause::Absent);
        }
        let equity = keeper.get(asked.wall);
        let ends = keeper
            .ends()
            .map_or(NEVER, |end| asked.now.saturating_add(end.saturating_sub(asked.wall)));
        let due = ends.min(edge.leaves_at(arrived, asked.absent_after));
        let known = equity.equity.ok_or(Cause::TooFew);
        if plan.combine == Combine::KeptDrawdown {
            return Measured::fall(known, equity.peak.ok_or(Cause::Unknown), due);
        }
        // A deposit raises what the day is measured from by as much as it raises equity.
        let base = equity.start.ok_or(Cause::Unknown);
        let without_flows = known.map(|known| known - equity.flows);
        Measured::fall(without_flows, base, due)
    }

    fn read(&mut self, input: Input, plan: &Plan, query: usize, asked: &Asked<'_>) -> Reading {
        let none = Reading::none(Cause::Absent);
        let Some(query) = plan.queries.get(query) else { return none };
        match input {
            Input::None => none,
            Input::One(cell) => {
                self.cells.get_mut(at(cell)).map_or(none, |cell| cell.read(query, asked))
            }
            Input::Many(list) => {
                let Self { lists, cells, .. } = self;
                let Some(list) = lists.get(at(list)) else { return none };
                let mut fold = Fold::default();
                for index in list {
                    if let Some(cell) = cells.get_mut(at(*index)) {
                        fold.take(cell.read(query, asked));
                    }
                }
                fold.finish(query.across)
            }
        }
    }

    /// Whether nothing has come for `span`.
    fn silence(&self, input: Input, span: Tick, asked: &Asked<'_>) -> Opinion {
        let edge = asked.options.edge;
        let (Input::Many(_) | Input::One(_)) = input else {
            return Opinion { verdict: Verdict::Holds, value: None, due: NEVER };
        };
        let cells: &[u32] = match &input {
            Input::Many(list) => self.lists.get(at(*list)).map_or(&[], |list| list),
            Input::One(cell) => std::slice::from_ref(cell),
            Input::None => &[],
        };
        let latest = cells.iter().filter_map(|cell| match self.cells.get(at(*cell)) {
            Some(Cell::Latest(latest)) if latest.was_there() => Some(latest),
            _ => None,
        });
        // Before the first sample the wait counts from when it began.
        let is_waiting = asked.options.empty == Empty::Zero;
        let mut since = is_waiting.then_some(asked.born);
        let mut is_silent = !is_waiting;
        for latest in latest {
            since = Some(since.map_or(latest.arrived, |since| since.max(latest.arrived)));
            is_silent &= !latest.is_there || edge.is_past(latest.arrived, span, asked.now);
        }
        let since = since.unwrap_or(asked.born);
        if is_waiting {
            is_silent = edge.is_past(since, span, asked.now);
        }
        let verdict = if is_silent { Verdict::Holds } else { Verdict::Clear };
        let due = if is_silent { NEVER } else { edge.leaves_at(since, span) };
        Opinion { verdict, value: Some(secs(asked.now.saturating_sub(since))), due }
    }
}

fn unknown(cause: Cause) -> Cause {
    if cause == Cause::TooFew { Cause::Unknown } else { cause }
}

/// Numbers that a rule compares with its limit.
#[derive(Debug, Clone, Copy)]
struct Measured {
    value: Result<Number, Cause>,
    due: Tick,
    due_above: Tick,
}

/// A value, or a fall from a base: a fall is compared without dividing.
#[derive(Debug, Clone, Copy)]
enum Number {
    Plain(f64),
    Fall { from: f64, to: f64 },
}

impl Measured {
    fn nothing(cause: Cause) -> Self {
        Self { value: Err(cause), due: NEVER, due_above: NEVER }
    }

    fn one(reading: Reading) -> Self {
        let Reading { value, due, due_above } = reading;
        Self { value: value.map(Number::Plain), due, due_above }
    }

    fn both(a: Reading, b: Reading, join: impl FnOnce(f64, f64) -> Result<f64, Cause>) -> Self {
        let value = match (a.value, b.value) {
            (Ok(a), Ok(b)) => join(a, b),
            (Err(a), Err(b)) => Err(louder(a, b)),
            (Err(cause), _) | (_, Err(cause)) => Err(cause),
        };
        let value = value.and_then(|v| if v.is_nan() { Err(Cause::NotANumber) } else { Ok(v) });
        let due = a.due.min(b.due);
        Self { value: value.map(Number::Plain), due, due_above: due }
    }

    fn fall(to: Result<f64, Cause>, from: Result<f64, Cause>, due: Tick) -> Self {
        let value = match (to, from) {
            // Nothing left is a total loss, whatever it was before.
            (Ok(to), _) if to <= 0.0 => Ok(Number::Fall { from: 1.0, to: 0.0 }),
            (Ok(to), Ok(from)) => Ok(Number::Fall { from, to }),
            (Err(cause), _) | (_, Err(cause)) => Err(cause),
        };
        Self { value, due, due_above: due }
    }
}

/// Of two causes the one that a person should learn of.
fn louder(a: Cause, b: Cause) -> Cause {
    if a == Cause::TooFew { b } else { a }
}

impl Number {
    fn value(self) -> f64 {
        match self {
            Self::Plain(value) => value,
            Self::Fall { from, to } => (from - to) / from,
        }
    }

    fn holds(self, comparison: Comparison, limit: f64) -> bool {
        match self {
            Self::Plain(value) => comparison.holds(value, limit),
            Self::Fall { from, to } => comparison.holds(from - to, limit * from),
        }
    }
}

fn judge(
    measured: Measured,
    comparison: Comparison,
    limit: Option<Threshold>,
    plan: &Plan,
    asked: &Asked<'_>,
) -> Opinion {
    let Some(limit) = limit else {
        return Opinion { verdict: Verdict::Clear, value: None, due: NEVER };
    };
    let mut due = measured.due;
    let number = match measured.value {
        Ok(number) => number,
        // Where silence ends an alert, "no number" is compared as others do it: it is another number.
        Err(Cause::NotANumber)
            if comparison == Comparison::NotEqual && plan.timing.on_absent == OnAbsent::Resolve =>
        {
            return Opinion { verdict: Verdict::Holds, value: None, due };
        }
        Err(cause) => return Opinion { verdict: Verdict::Blind(cause), value: None, due },
    };
    let value = number.value();
    let verdict = if number.holds(comparison, limit.threshold) {
        Verdict::Holds
    } else if limit.resolve_at.is_some_and(|at| number.holds(comparison, at)) {
        Verdict::Between
    } else {
        Verdict::Clear
    };
    let is_up = matches!(comparison, Comparison::Above | Comparison::AtLeast);
    if verdict == Verdict::Clear && is_up {
        due = measured.due_above;
    }
    if plan.grows && verdict != Verdict::Holds && value <= limit.threshold {
        due = due.min(asked.now.saturating_add(ticks_until(limit.threshold - value)));
    }
    Opinion { verdict, value: Some(value), due }
}

/// Ticks until a value that grows by 1 a second has grown by more than `secs`.
fn ticks_until(secs: f64) -> Tick {
    let span = std::time::Duration::try_from_secs_f64(secs.max(0.0)).unwrap_or_default();
    // A microsecond more: the seconds since 1970 are no finer than that in a double.
    Tick::try_from(span.as_nanos()).unwrap_or(NEVER).saturating_add(1_000)
}

/// Values of several series on their way to one.
#[derive(Debug)]
struct Fold {
    n: u32,
    sum: f64,
    min: f64,
    max: f64,
    cause: Option<Cause>,
    is_bad: bool,
    due: Tick,
}

impl Default for Fold {
    fn default() -> Self {
        Self {
            n: 0,
            sum: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            cause: None,
            is_bad: false,
            due: NEVER,
        }
    }
}

impl Fold {
    fn take(&mut self, reading: Reading) {
        self.due = self.due.min(reading.due);
        match reading.value {
            Ok(value) => {
                self.n = self.n.saturating_add(1);
                self.sum += value;
                self.min = self.min.min(value);
                self.max = self.max.max(value);
            }
            Err(cause) => {
                self.is_bad |= cause == Cause::NotANumber;
                self.cause = Some(self.cause.map_or(cause, |known| louder(known, cause)));
            }
        }
    }

    fn finish(&self, across: Across) -> Reading {
        let n = f64::from(self.n);
        let value = match across {
            _ if self.is_bad => Err(Cause::NotANumber),
            _ if self.n == 0 => Err(self.cause.unwrap_or(Cause::TooFew)),
            Across::Pool | Across::Sum => Ok(self.sum),
            Across::Max => Ok(self.max),
            Across::Min => Ok(self.min),
            Across::Mean => Ok(self.sum / n),
            Across::Count => Ok(n),
        };
        Reading { value, due: self.due, due_above: self.due }
    }
}
