//! Rules made ready for evaluation.

use crate::{
    rule::{Across, Condition, Function, Measure, Over, PeakReset, Query, Rule, Threshold},
    state::{
        machine::{NEVER, Tick, Timing},
        nanos,
    },
    window::{Extreme, keeper::Role, session::SessionClock},
};

/// Most queries of a rule.
pub(crate) const QUERIES_MAX: usize = 3;

/// A rule, with what evaluation needs of it.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) rule: Rule,
    pub(crate) timing: Timing,
    pub(crate) test: Test,
    pub(crate) combine: Combine,
    pub(crate) queries: Vec<QueryPlan>,
    pub(crate) absent_after: Tick,
    /// How many rules lie between this one and samples: it is evaluated after those.
    pub(crate) depth: usize,
    /// The comparison of a rule about one newest value.
    pub(crate) quick: Option<Comparison>,
    /// Whether the value grows by itself.
    pub(crate) grows: bool,
    /// What it reads cannot be read.
    pub(crate) is_unreadable: bool,
}

/// When the rule holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Test {
    Compare(Comparison),
    Absent(Tick),
    All,
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Above,
    AtLeast,
    Below,
    AtMost,
    Equal,
    NotEqual,
}

/// How the queries' numbers become one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Combine {
    One,
    Ratio {
        to_min: f64,
    },
    Difference,
    /// Equity and peak are queries.
    Drawdown,
    /// The rule keeps the peak.
    KeptDrawdown,
    Loss,
}

/// One query.
#[derive(Debug)]
pub(crate) struct QueryPlan {
    pub(crate) query: Query,
    pub(crate) reduce: Reduce,
    pub(crate) span: Tick,
    pub(crate) across: Across,
    pub(crate) samples_min: u64,
    pub(crate) session: Option<SessionClock>,
    /// The operand of a peak or day that the rule keeps; such operands share one cell.
    pub(crate) role: Option<Role>,
}

/// How samples become a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reduce {
    Last,
    LastWithin,
    SinceValue,
    Count,
    Sum,
    Mean,
    Extreme(Extreme),
    Quantile(f64),
    Increase,
    Rate,
    Change,
    Session(Function),
    Keeper,
}

impl Plan {
    /// The rule must have no problems.
    pub(crate) fn new(rule: Rule) -> Self {
        let mut queries = queries(&rule.measure);
        if matches!(rule.condition, Condition::Absent { .. }) {
            // Each series is heard by itself, and only when it spoke matters.
            for query in &mut queries {
                (query.reduce, query.across) = (Reduce::Last, Across::Count);
            }
        }
        let combine = match &rule.measure {
            Measure::Value(_) | Measure::Nothing => Combine::One,
            Measure::Ratio { to_min, .. } => Combine::Ratio { to_min: *to_min },
            Measure::Difference { .. } => Combine::Difference,
            Measure::Drawdown(drawdown) if drawdown.reset == PeakReset::Never => Combine::Drawdown,
            Measure::Drawdown(_) => Combine::KeptDrawdown,
            Measure::SessionLoss(_) => Combine::Loss,
        };
        let test = match &rule.condition {
            Condition::Above(_) => Test::Compare(Comparison::Above),
            Condition::AtLeast(_) => Test::Compare(Comparison::AtLeast),
            Condition::Below(_) => Test::Compare(Comparison::Below),
            Condition::AtMost(_) => Test::Compare(Comparison::AtMost),
            Condition::Equal(_) => Test::Compare(Comparison::Equal),
            Condition::NotEqual(_) => Test::Compare(Comparison::NotEqual),
            Condition::Absent { longer_than, .. } => Test::Absent(ticks(*longer_than)),
            Condition::All(_) => Test::All,
            Condition::Any(_) => Test::Any,
        };
        let absent_after = ticks(rule.absent.after);
        let quick = match (test, combine, queries.first()) {
            (Test::Compare(comparison), Combine::One, Some(query)) => {
                (query.reduce == Reduce::Last).then_some(comparison)
            }
            _ => None,
        };
        let grows = queries.iter().any(|query| query.reduce == Reduce::SinceValue);
        Self {
            timing: Timing::of(&rule),
            test,
            combine,
            queries,
            absent_after,
            depth: 0,
            grows,
            quick,
            is_unreadable: false,
            rule,
        }
    }

    /// The limit of instances that no exception matches.
    pub(crate) fn limit(&self) -> Option<Threshold> {
        self.rule.condition.threshold()
    }
}

fn ticks(span: std::time::Duration) -> Tick {
    nanos::of_span(span)
}

fn queries(measure: &Measure) -> Vec<QueryPlan> {
    let keeper = |query: &Query, role, session: Option<SessionClock>| QueryPlan {
        reduce: Reduce::Keeper,
        role: Some(role),
        session,
        across: Across::Pool,
        ..QueryPlan::new(query)
    };
    match measure {
        Measure::Drawdown(drawdown) if drawdown.reset != PeakReset::Never => {
            let session = match &drawdown.reset {
                PeakReset::Daily(session) => SessionClock::new(session),
                PeakReset::Never | PeakReset::Manual => None,
            };
            let mut plans = vec![
                keeper(&drawdown.equity, Role::Equity, session),
                keeper(&drawdown.peak, Role::Seed, None),
            ];
            plans.extend(drawdown.flows.iter().map(|flows| keeper(flows, Role::Flow, None)));
            plans
        }
        // A peak that the producer keeps is scaled by it too.
        Measure::Drawdown(drawdown) => {
            vec![QueryPlan::new(&drawdown.equity), QueryPlan::new(&drawdown.peak)]
        }
        Measure::SessionLoss(loss) => {
            let mut plans =
                vec![keeper(&loss.equity, Role::Equity, SessionClock::new(&loss.session))];
            plans.extend(loss.flows.iter().map(|flows| keeper(flows, Role::Flow, None)));
            plans.extend(loss.start.iter().map(|start| keeper(start, Role::Seed, None)));
            plans
        }
        other => other.queries().into_iter().map(QueryPlan::new).collect(),
    }
}

impl QueryPlan {
    fn new(query: &Query) -> Self {
        let span = match &query.over {
            Over::Rolling(span) => ticks(*span),
            Over::Latest | Over::Session(_) => NEVER,
        };
        let session = match &query.over {
            Over::Session(session) => SessionClock::new(session),
            Over::Latest | Over::Rolling(_) => None,
        };
        let reduce = match (query.function, &query.over) {
            (function, Over::Session(_)) => Reduce::Session(function),
            (Function::Last, Over::Rolling(_)) => Reduce::LastWithin,
            (Function::Last, Over::Latest) => Reduce::Last,
            (Function::SinceValue, _) => Reduce::SinceValue,
            (Function::Count, _) => Reduce::Count,
            (Function::Sum, _) => Reduce::Sum,
            (Function::Mean, _) => Reduce::Mean,
            (Function::Min, _) => Reduce::Extreme(Extreme::Min),
            (Function::Max, _) => Reduce::Extreme(Extreme::Max),
            (Function::Quantile(q), _) => Reduce::Quantile(q),
            (Function::Increase, _) => Reduce::Increase,
            (Function::Rate, _) => Reduce::Rate,
            (Function::Change, _) => Reduce::Change,
        };
        let is_counter = matches!(reduce, Reduce::Increase | Reduce::Rate);
        let across = match query.across {
            // Counters of several series cannot be mixed into one.
            Across::Pool if is_counter => Across::Sum,
            across => across,
        };
        Self {
            query: query.clone(),
            reduce,
            span,
            across,
            samples_min: u64::from(query.samples_min),
            session,
            role: None,
        }
    }
}

impl Comparison {
    /// Whether `value` is too much for `limit`.
    pub(crate) fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Above => value > limit,
            Self::AtLeast => value >= limit,
            Self::Below => value < limit,
            Self::AtMost => value <= limit,
            Self::Equal => value == limit,
            Self::NotEqual => value != limit,
        }
    }

    /// The worse of two values.
    pub(crate) fn worse(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Below | Self::AtMost => a.min(b),
            Self::Above | Self::AtLeast | Self::Equal | Self::NotEqual => a.max(b),
        }
    }
}
