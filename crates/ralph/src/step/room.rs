//! How much room there is for a loop that begins now.

use crate::classify::Room;
use crate::config::Config;
use crate::now::Now;
use crate::price::usd;
use crate::state::State;

const HOUR_SECS: u64 = 3_600;

impl State {
    /// What a loop that this session begins now may spend, and what loops of this project have spent.
    pub(crate) fn room(&self, session_id: Option<&str>, config: &Config, now: &Now) -> Room {
        let spent = self.spent_by_ended(session_id.unwrap_or_default()).cost_nano_usd;
        let left = config.max_budget_nano_usd().saturating_sub(spent);
        let now_secs = now.wall_ms() / 1_000;
        let is_recent = |at: &&u64| now_secs.saturating_sub(**at) < HOUR_SECS;
        let calls = self.runs.iter().flat_map(|run| &run.calls_secs).filter(is_recent).count();
        let calls = u32::try_from(calls).unwrap_or(u32::MAX);
        Room {
            confidence_min_ratio: config.start_confidence_min_ratio,
            budget_usd: Some(usd(left)),
            typical_usd: self.median_cost().map(usd),
            calls_left: Some(config.max_calls_per_hour.get().saturating_sub(calls)),
        }
    }

    fn median_cost(&self) -> Option<u64> {
        let mut costs: Vec<u64> =
            self.ended.iter().map(|ended| ended.usage.cost_nano_usd).collect();
        costs.sort_unstable();
        costs.get(costs.len() / 2).copied()
    }
}
