//! What is said: to the agent in few words, as a stop's reason is paid for twice, and to people.

use crate::cause::{Cause, span, whole_secs};
use crate::config::Config;
use crate::now::Now;
use crate::price::dollars;
use crate::state::{Overview, Run, State};
use crate::usage::{CheckResult, Usage};

pub(super) const CLAIM_WITHOUT_WORK: &str =
    "You said that it is done, but in that turn no tool was called: show it by doing it.";
pub(super) const DONE_CHECKED: &str = "the checks pass";
pub(super) const DONE_UNCHECKED: &str = "no checks are configured, so it was taken at its word";
/// Over 10,000 characters the client shows the agent a preview only.
const CONTEXT_CHARS_MAX: usize = 9_500;
const REMINDER_CHARS_MAX: usize = 240;

/// Whether the last line of a message is the completion tag.
pub(super) fn claims(message: &str, tag: &str) -> bool {
    message.lines().rev().map(str::trim).find(|line| !line.is_empty()) == Some(tag)
}

/// The prompt that begins the next turn of a loop.
pub(super) fn go_on(run: &mut Run, config: &Config) -> String {
    let feedback = run.feedback.take().map(|text| format!("{text}\n")).unwrap_or_default();
    let stuck = match run.counters.no_progress {
        0 => String::new(),
        1 => "The last turn changed nothing. ".to_owned(),
        n => format!("The last {n} turns changed nothing; try another way. "),
    };
    let next = run.iteration.saturating_add(1).saturating_sub(run.grant.iteration);
    format!(
        "{feedback}{stuck}Go on with the task (iteration {next} of {}, {}): {}\n\
         When it is done, end your message with the line {}",
        config.max_iterations,
        money(run, config),
        shorten(&run.task, REMINDER_CHARS_MAX),
        config.completion_tag,
    )
}

/// What has been spent of the budget.
pub(super) fn money(run: &Run, config: &Config) -> String {
    let spent = run.usage.minus(run.grant.usage);
    let of = dollars(config.max_budget_nano_usd());
    let more = match spent.unpriced_tokens {
        0 => String::new(),
        tokens => format!(" and {tokens} tokens whose price is unknown"),
    };
    format!("{}{more} of {of}", dollars(spent.cost_nano_usd))
}

/// What a loop's agent is told when it begins.
pub(super) fn begin(config: &Config) -> String {
    let checks = match config.checks.as_slice() {
        [] => String::new(),
        checks => {
            let names: Vec<&str> = checks.iter().map(|check| check.name.as_str()).collect();
            format!(" It counts as done only when these checks pass: {}.", names.join(", "))
        }
    };
    format!(
        "This task runs unattended, for up to {} iterations. Work in small steps and keep the tree \
         in a working state; what happened is in .ralph/progress.md. When all of it is done, \
         end your message with the line {} and nothing after it.{checks}",
        config.max_iterations, config.completion_tag,
    )
}

/// How a creative task is dealt with, for the record; no word of the task.
pub(super) fn explored(config: &Config) -> String {
    let names: Vec<&str> = config.checks.iter().map(|check| check.name.as_str()).collect();
    let by = match names.as_slice() {
        [] => "no check is configured to compare them".to_owned(),
        names => format!("compared by {}", names.join(", ")),
    };
    format!("three or more on branches explore/NAME, {by}")
}

/// What an agent needs to go on after a compaction, or in another session.
pub(super) fn context(run: &Run, progress_tail: Option<&str>, config: &Config) -> String {
    let head = format!(
        "An unattended loop goes on here ({}): iteration {} of {}, {}.\nTask:\n{}\n",
        run.loop_id,
        run.iteration.saturating_sub(run.grant.iteration),
        config.max_iterations,
        money(run, config),
        shorten(&run.task, CONTEXT_CHARS_MAX / 2),
    );
    let end = format!(
        "\nWhen it is done, end your message with the line {} and nothing after it.",
        config.completion_tag
    );
    let left = CONTEXT_CHARS_MAX
        .saturating_sub(head.chars().count())
        .saturating_sub(end.chars().count())
        .saturating_sub(40);
    let tail = progress_tail.map(|tail| last_chars(tail.trim(), left)).unwrap_or_default();
    let tail = if tail.is_empty() { String::new() } else { format!("Progress so far:\n{tail}\n") };
    format!("{head}{tail}{end}")
}

pub(super) fn refuted(result: &CheckResult) -> String {
    let failed = result.outcomes.iter().filter(|outcome| !outcome.passed);
    let lines: Vec<String> = failed
        .map(|outcome| format!("{}: {}", outcome.name, shorten(&outcome.detail, 400)))
        .collect();
    format!("You said that it is done, but these checks fail:\n{}", lines.join("\n"))
}

pub(super) fn started(run: &Run, config: &Config, reason: &str) -> String {
    let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    format!(
        "ralph: loop {} begins{reason}: at most {} iterations, {}, {}. STOP RALPH ends it, RALPH \
         STATUS says how it stands.",
        run.loop_id,
        config.max_iterations,
        dollars(config.max_budget_nano_usd()),
        span(whole_secs(config.max_wall_clock())),
    )
}

pub(super) fn tripped(run: &Run, cause: &Cause) -> String {
    format!("ralph: {} stopped: {cause}. Next: {}", run.loop_id, cause.advice())
}

pub(super) fn postponed(run: &Run, cause: &Cause) -> String {
    format!("ralph: loop {} waits: {cause}. Next: {}", run.loop_id, cause.advice())
}

pub(super) fn done(run: &Run, how: &str) -> String {
    format!(
        "ralph: loop {} is done after {} iterations and {}: {how}.",
        run.loop_id,
        run.iteration,
        dollars(run.usage.cost_nano_usd),
    )
}

pub(super) fn unpriced(models: &str) -> String {
    format!(
        "ralph: the price of {models} is unknown: its tokens count, but not against \
         max_budget_usd. Add it to ralph.prices, or set ralph.max_tokens."
    )
}

/// The offer of loops whose owner has died.
pub(super) fn orphans(runs: &[&Run]) -> String {
    let list: Vec<String> = runs
        .iter()
        .map(|run| {
            let task = shorten(&run.task, 80);
            format!("{} at iteration {} ({task})", run.loop_id, run.iteration)
        })
        .collect();
    format!(
        "ralph: a loop here has lost its session: {}. RALPH RESUME goes on with it, RALPH DISCARD \
         forgets it; until then it waits.",
        list.join("; ")
    )
}

/// Every loop and guard, for a person.
pub(crate) fn status(state: &State, config: &Config, now: &Now) -> String {
    let overviews = state.overview();
    if overviews.is_empty() {
        let last = state.ended.last().map(|ended| {
            let ago = span(whole_secs(ended.at.elapsed(now)));
            format!(" The last one, {}, ended {ago} ago: {}.", ended.loop_id, ended.cause)
        });
        return format!("ralph: no loop here.{}", last.unwrap_or_default());
    }
    let lines: Vec<String> = overviews.iter().map(|run| status_line(run, config)).collect();
    lines.join("\n")
}

/// One loop or guard in a line.
pub(crate) fn status_line(run: &Overview, config: &Config) -> String {
    let left = left_nano_usd(run.granted_usage, config);
    let cause = run.cause.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
    let task = match shorten(&run.task, 80) {
        task if task.is_empty() => task,
        task => format!(": {task}"),
    };
    format!(
        "ralph: {} {} {}{cause}, iteration {} of {}, {} left, breaker {}{task}",
        run.mode.name(),
        run.loop_id,
        run.status,
        run.iteration.saturating_sub(run.granted_iteration),
        config.max_iterations,
        dollars(left),
        run.breaker.name(),
    )
}

fn left_nano_usd(spent: Usage, config: &Config) -> u64 {
    config.max_budget_nano_usd().saturating_sub(spent.cost_nano_usd)
}

/// A text on one line, cut at a number of characters.
pub(crate) fn shorten(text: &str, chars_max: usize) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if one_line.chars().count() <= chars_max {
        return one_line;
    }
    let cut: String = one_line.chars().take(chars_max.saturating_sub(1)).collect();
    format!("{cut}…")
}

/// A text cut at a number of characters, its lines kept.
pub(super) fn shorten_keeping_lines(text: &str, chars_max: usize) -> String {
    text.trim().chars().take(chars_max).collect()
}

fn last_chars(text: &str, chars_max: usize) -> String {
    let skipped = text.chars().count().saturating_sub(chars_max);
    text.chars().skip(skipped).collect()
}
