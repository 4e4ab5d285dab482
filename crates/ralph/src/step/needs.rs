//! Which facts a step will look at.

use crate::config::{Config, Mode};
use crate::event::{Command, Event, Kind, is_of_a_person};
use crate::facts::Needs;
use crate::state::{Run, State, Status};

/// From where spending is to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpentFrom {
    /// Not at all.
    #[default]
    Nowhere,
    /// From the beginning of the event's transcript.
    Beginning,
    /// From where a loop's cursor is, in that loop's transcript.
    Cursor {
        /// Which loop.
        loop_id: String,
    },
}

/// Returns what [`step`](crate::step) will look at for an event.
#[must_use]
pub fn needs(state: &State, event: &Event, config: &Config) -> Needs {
    if config.mode == Mode::Off {
        return Needs::default();
    }
    let run = event.session_id.as_deref().and_then(|session| state.run_of(session));
    match &event.kind {
        Kind::Stop { .. } => at_stop(run, config),
        Kind::PreToolUse(_) => Needs { verdict: true, ..spending(run, config) },
        Kind::StopFailure { .. } | Kind::SubagentStop { .. } => spending(run, config),
        Kind::SessionEnd { .. } if run.is_none() => settling(state, event),
        Kind::SessionEnd { .. } => spending(run, config),
        Kind::UserPromptSubmit { .. } => at_prompt(state, event, run, config),
        Kind::Command(command) => at_command(state, event, command),
        Kind::SessionStart { .. } => Needs {
            dead: !state.runs.is_empty(),
            texts: run.is_some_and(|run| run.mode == Mode::Loop),
            tree: run.is_none() && config.mode == Mode::Guard,
            ..spending(run, config)
        },
        _ => Needs::default(),
    }
}

fn spending(run: Option<&Run>, config: &Config) -> Needs {
    let spent = match run {
        Some(run) => SpentFrom::Cursor { loop_id: run.loop_id.clone() },
        None if config.mode == Mode::Guard => SpentFrom::Beginning,
        None => SpentFrom::Nowhere,
    };
    Needs { spent, ..Needs::default() }
}

fn at_stop(run: Option<&Run>, config: &Config) -> Needs {
    let counts = match run {
        Some(run) => matches!(run.status, Status::Active | Status::Pending | Status::Paused { .. }),
        None => config.mode == Mode::Guard,
    };
    if !counts {
        return Needs::default();
    }
    Needs { tree: true, ..spending(run, config) }
}

/// A loop has just ended: its last message is to be counted.
fn settling(state: &State, event: &Event) -> Needs {
    let ended = event.session_id.as_deref().and_then(|session| state.unsettled(session));
    let spent = ended
        .map_or(SpentFrom::Nowhere, |ended| SpentFrom::Cursor { loop_id: ended.loop_id.clone() });
    Needs { spent, ..Needs::default() }
}

fn at_prompt(state: &State, event: &Event, run: Option<&Run>, config: &Config) -> Needs {
    let Kind::UserPromptSubmit { prompt } = &event.kind else { return Needs::default() };
    if !is_of_a_person(prompt) {
        return Needs::default();
    }
    if let Some(command) = Command::parse(prompt) {
        return of_command(state, run, &command);
    }
    let is_loop = run.is_some_and(|run| run.mode == Mode::Loop);
    let counted = match run {
        _ if config.mode == Mode::Guard => spending(run, config),
        Some(run) if run.rests() => spending(Some(run), config),
        Some(_) => Needs::default(),
        None => settling(state, event),
    };
    Needs {
        dead: !state.runs.is_empty(),
        route: config.mode == Mode::Loop && !is_loop,
        texts: run.is_some_and(|run| run.context_due) || state.adoptable().is_some(),
        end: config.mode == Mode::Loop,
        ..counted
    }
}

fn at_command(state: &State, event: &Event, command: &Command) -> Needs {
    let run = event.session_id.as_deref().and_then(|session| state.run_of(session));
    of_command(state, run, command)
}

fn of_command(state: &State, run: Option<&Run>, command: &Command) -> Needs {
    let target = match command {
        Command::Resume { loop_id, .. } | Command::Reset { loop_id } => {
            state.target(loop_id.as_deref(), run.map(|run| run.loop_id.as_str()))
        }
        _ => run,
    };
    let spent =
        target.map_or(SpentFrom::Nowhere, |run| SpentFrom::Cursor { loop_id: run.loop_id.clone() });
    Needs {
        spent,
        dead: true,
        end: true,
        texts: true,
        tree: matches!(command, Command::Start { .. } | Command::Resume { .. }),
        ..Needs::default()
    }
}
