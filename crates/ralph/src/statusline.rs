//! One line about a session's loop, for the client's status line.

use crate::config::{Config, Mode};
use crate::price::{dollars, nano_usd};
use crate::state::{Breaker, Overview, State};

/// Returns iteration, money left and breaker of a session's loop or guard; without a session's own, of the only loop
/// of the project. `None`: there is nothing to say.
#[must_use]
pub fn statusline(state: &State, session_id: Option<&str>, config: &Config) -> Option<String> {
    let all = state.overview();
    let own =
        all.iter().find(|run| session_id.is_some() && run.session_id.as_deref() == session_id);
    let mut loops = all.iter().filter(|run| run.mode == Mode::Loop);
    let only = loops.next().filter(|_| loops.next().is_none());
    let run = own.or(only)?;
    let iteration = run.iteration.saturating_sub(run.granted_iteration);
    let what = if run.mode == Mode::Guard { "ralph guard" } else { "ralph" };
    let whose = if own.is_some() { "" } else { " (another session's)" };
    let cause = run.cause.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default();
    Some(format!(
        "{what} {iteration}/{}{whose} · {} · {}{cause}",
        config.max_iterations,
        money_left(run, config),
        word_for(run),
    ))
}

fn money_left(run: &Overview, config: &Config) -> String {
    let max = nano_usd(config.max_budget_usd).unwrap_or_default();
    let left = max.saturating_sub(run.granted_usage.cost_nano_usd);
    let tokens = config.max_tokens.map(|max| {
        let left = max.get().saturating_sub(run.granted_usage.tokens.total());
        format!(", {left} tokens")
    });
    format!("{}{} left", dollars(left), tokens.unwrap_or_default())
}

fn word_for(run: &Overview) -> &'static str {
    match run.breaker {
        Breaker::Open => "open",
        Breaker::HalfOpen => "half-open",
        Breaker::Closed if run.status == "paused" => "paused",
        Breaker::Closed => "closed",
    }
}
