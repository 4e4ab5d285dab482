//! Which bound is reached, and how long a loop has to wait.

use std::time::Duration;

use crate::cause::{Cause, whole_secs};
use crate::config::Config;
use crate::facts::Facts;
use crate::now::Now;
use crate::state::Run;
#[cfg(feature = "hook")]
use crate::usage::Spent;
use crate::usage::Usage;

const HOUR_SECS: u64 = 3_600;
/// A call that is said to be later than this from now was made by another clock, and counts as now.
const CLOCK_SLACK_SECS: u64 = 300;

/// The one whose cost is not known yet, and the one that follows if nobody stops it.
#[cfg(feature = "hook")]
const CALLS_AHEAD: u64 = 2;

/// The bound that is reached in the middle of a turn, with what was spent since the last step.
pub(super) fn in_turn(run: &Run, more: Usage, config: &Config, now: &Now) -> Option<Cause> {
    let spent = run.usage.plus(more).minus(run.grant.usage);
    let max_nano_usd = config.max_budget_nano_usd();
    if spent.cost_nano_usd >= max_nano_usd {
        return Some(Cause::Budget { spent_nano_usd: spent.cost_nano_usd, max_nano_usd });
    }
    let used = spent.tokens.total();
    if let Some(max) = config.max_tokens.filter(|max| used >= max.get()) {
        return Some(Cause::Tokens { used, max: max.get() });
    }
    let (elapsed, max) = (run.grant.at.elapsed(now), config.max_wall_clock());
    (elapsed >= max)
        .then(|| Cause::WallClock { elapsed_secs: whole_secs(elapsed), max_secs: whole_secs(max) })
}

/// Whether a call or two more, as large as the largest of late, reach the budget.
#[cfg(feature = "hook")]
pub(crate) fn is_near(run: &Run, spent: &Spent, config: &Config) -> bool {
    let usage = run.usage.plus(spent.usage(&config.prices)).minus(run.grant.usage);
    let tokens = usage.tokens.total();
    let next = spent.cursor.largest_call().saturating_mul(CALLS_AHEAD);
    let reaches = |spent: u64, more: u64, max: u64| spent.saturating_add(more) >= max;
    if config.max_tokens.is_some_and(|max| reaches(tokens, next, max.get())) {
        return true;
    }
    // What such a call costs, if tokens cost what they did up to now.
    let cost = u128::from(usage.cost_nano_usd).saturating_mul(u128::from(next));
    let cost = u64::try_from(cost.checked_div(u128::from(tokens)).unwrap_or_default());
    reaches(usage.cost_nano_usd, cost.unwrap_or(u64::MAX), config.max_budget_nano_usd())
}

/// The bound that is reached at the end of a turn.
pub(super) fn at_end(run: &Run, failed: &[String], config: &Config, now: &Now) -> Option<Cause> {
    if let Some(cause) = in_turn(run, Usage::default(), config, now) {
        return Some(cause);
    }
    let reached = |count: u32, max: std::num::NonZeroU32| count >= max.get();
    let counters = run.counters;
    if reached(counters.failed_checks, config.max_failed_checks) {
        return Some(Cause::FailedChecks {
            count: counters.failed_checks,
            max: config.max_failed_checks.get(),
            failed: failed.to_vec(),
        });
    }
    if reached(counters.errors, config.max_consecutive_errors) {
        let max = config.max_consecutive_errors.get();
        return Some(Cause::ConsecutiveErrors { count: counters.errors, max });
    }
    if reached(counters.no_progress, config.max_no_progress) {
        let max = config.max_no_progress.get();
        return Some(Cause::NoProgress { count: counters.no_progress, max });
    }
    let count = run.iteration.saturating_sub(run.grant.iteration);
    let max = config.max_iterations;
    reached(count, max).then_some(Cause::Iterations { count, max: max.get() })
}

/// Why the next turn cannot begin now, and for how long.
#[derive(Debug)]
pub(super) struct Hold {
    pub(super) wait: Duration,
    /// `None` for the pause between two iterations, which is nothing to tell anybody of.
    pub(super) cause: Option<Cause>,
}

/// How long the next turn has to wait.
pub(super) fn hold(run: &Run, config: &Config, now: &Now) -> Option<Hold> {
    let at = |wait: Duration| now.wall_ms().saturating_add(crate::now::ms(wait));
    if let Some(wait) = config.quiet_hours_utc.and_then(|hours| hours.remaining(now.wall)) {
        return Some(Hold { wait, cause: Some(Cause::QuietHours { resume_at_ms: at(wait) }) });
    }
    let interval = config.iteration_interval_min().saturating_sub(run.round.at.elapsed(now));
    if let Some((calls, wait)) = calls_over(run, config, now) {
        let max = config.max_calls_per_hour.get();
        let cause = Cause::CallsPerHour { calls, max, resume_at_ms: at(wait) };
        return Some(Hold { wait: wait.max(interval), cause: Some(cause) });
    }
    (!interval.is_zero()).then_some(Hold { wait: interval, cause: None })
}

/// Calls of the last hour, and how long until there is room, if there are too many.
fn calls_over(run: &Run, config: &Config, now: &Now) -> Option<(u32, Duration)> {
    let now_secs = now.wall_ms() / 1_000;
    let recent: Vec<u64> = in_the_last_hour(&run.calls_secs, now_secs).collect();
    let calls = u32::try_from(recent.len()).unwrap_or(u32::MAX);
    let max = config.max_calls_per_hour.get();
    if calls < max {
        return None;
    }
    // There is room when the oldest call that is one too many is an hour old.
    let excess = usize::try_from(calls.saturating_sub(max)).unwrap_or_default();
    let frees_at = recent.get(excess).copied().unwrap_or(now_secs).saturating_add(HOUR_SECS);
    Some((calls, Duration::from_secs(frees_at.saturating_sub(now_secs).max(1))))
}

fn in_the_last_hour(calls_secs: &[u64], now_secs: u64) -> impl Iterator<Item = u64> {
    let oldest = now_secs.saturating_sub(HOUR_SECS);
    calls_secs.iter().copied().filter(move |call| *call > oldest)
}

/// Adds calls, and forgets those that are an hour old or more than are needed for the bound.
pub(super) fn remember_calls(
    known: &mut Vec<u64>,
    new_secs: &[u64],
    facts: &Facts,
    config: &Config,
) {
    let now_secs = facts.now.wall_ms() / 1_000;
    let latest = now_secs.saturating_add(CLOCK_SLACK_SECS);
    known.extend(new_secs.iter().map(|&call| if call > latest { now_secs } else { call }));
    known.sort_unstable();
    let mut recent: Vec<u64> = in_the_last_hour(known, now_secs).collect();
    let kept = usize::try_from(config.max_calls_per_hour.get()).unwrap_or(usize::MAX);
    // A few more than the bound, so that the record says by how much it was passed.
    let excess = recent.len().saturating_sub(kept.saturating_mul(2));
    recent.drain(..excess);
    *known = recent;
}
