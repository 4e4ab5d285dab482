//! The edge: reads one event, gathers what the step needs, writes the state, answers.

mod alternatives;
mod announce;
mod append;
mod baseline;
mod call;
mod checkpoint;
mod checks;
mod clock;
mod edits;
mod effects;
mod gather;
mod learned;
mod limits;
mod options;
mod progress;
mod project;
mod refresh;
mod restore;
mod store;
mod swap;
mod transcript;
mod tree;

use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use crate::config::{Config, Mode};
use crate::decision::{Decision, Step};
use crate::event::{Command, Event, Kind, Version};
use crate::record::Observe;
use crate::render::{Answer, render};
use crate::state::State;
use crate::step::words;

pub use alternatives::{AlternativesError, alternatives};
pub use append::{AGENT_SPAWNS, EVENTS, Tail, read_lines};
pub use learned::{WEIGHTS, WeightsError, read_weights, reset_weights};
pub use limits::{LIMITS, LimitsError, LimitsFile, source_digest};
pub use options::Options;
pub use progress::PROGRESS;
pub use project::{DIR_NAME, Project};
pub use restore::{Kept, RestoreError, RestorePlan, kept, plan, restore};
pub use store::StoreError;

#[cfg(feature = "install")]
pub(crate) use store::{chain, hex, opened, sealed};

use call::Call;

/// No event is larger; what comes after is not read.
const INPUT_BYTES_MAX: u64 = 64 << 20;

/// How a hook call ended; always after a valid answer was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Answered from the state.
    Decided,
    /// Answered with the safe side, because something was not to be had.
    Degraded,
    /// Answered by exit code 2, as [`Options::with_exit_code_2`] asks for.
    Blocked,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Decided | Outcome::Degraded => Self::SUCCESS,
            Outcome::Blocked => Self::from(2),
        }
    }
}

/// Runs one hook call: reads an event from `input`, writes one JSON object to `output`.
///
/// Never panics and never fails. Whatever is broken, the answer is valid and on the safe side:
/// a loop lets the stop through, and a guard is never more permissive about an exhausted budget
/// than it was before.
pub fn run(
    input: impl Read,
    mut output: impl Write,
    options: &Options,
    observe: &mut dyn Observe,
) -> Outcome {
    let mut bytes = Vec::new();
    let read = input.take(INPUT_BYTES_MAX).read_to_end(&mut bytes);
    let event = match read {
        Ok(_) => Event::parse(&bytes),
        Err(error) => Event::new(Kind::Unreadable { detail: error.to_string() }),
    };
    let decided = catch_unwind(AssertUnwindSafe(|| decide(&event, options, observe)));
    let (answer, outcome) = decided.unwrap_or_else(|_panic| {
        // What panicked may panic again; what is left then is the answer that says nothing.
        let safe = catch_unwind(AssertUnwindSafe(|| after_panic(&event, options)));
        (safe.unwrap_or_else(|_panic| empty_answer()), Outcome::Degraded)
    });
    let wrote = write(&mut output, &answer);
    match (wrote, answer.exit_code) {
        (Ok(()), 2) => Outcome::Blocked,
        (Ok(()), _) => outcome,
        (Err(_), _) => Outcome::Degraded,
    }
}

#[allow(clippy::print_stderr, reason = "exit code 2 is answered on standard error")]
fn write(output: &mut impl Write, answer: &Answer) -> std::io::Result<()> {
    if !answer.stderr.is_empty() {
        eprintln!("{}", answer.stderr);
    }
    if !answer.stdout.is_empty() {
        output.write_all(answer.stdout.as_bytes())?;
        output.write_all(b"\n")?;
    }
    output.flush()
}

fn empty_answer() -> Answer {
    Answer { stdout: "{}".to_owned(), stderr: String::new(), exit_code: 0 }
}

fn decide(event: &Event, options: &Options, observe: &mut dyn Observe) -> (Answer, Outcome) {
    if options.mode_from_env() == Some(Mode::Off) {
        return (empty_answer(), Outcome::Decided);
    }
    let Some(call) = Call::open(event, options) else {
        return (empty_answer(), Outcome::Decided);
    };
    let (step, outcome) = call.run(observe);
    let answer = render(event, &step, event.client);
    (if options.exit_code_2 { answer.with_exit_code_2(&step) } else { answer }, outcome)
}

/// What was decided before still holds: an open breaker of this session stays open.
fn after_panic(event: &Event, options: &Options) -> Answer {
    let open = Call::open(event, options).and_then(|call| call.open_breaker());
    let Some(cause) = open else { return empty_answer() };
    let step = Step {
        state: State::default(),
        decision: Decision::Halt { cause },
        notices: Vec::new(),
        effects: Vec::new(),
    };
    render(event, &step, Version::default())
}

/// Does what a person says at a shell, and returns what to tell them.
///
/// # Errors
///
/// [`StoreError`] if the state cannot be read or written; then nothing has changed.
pub fn command(
    project: &Project,
    command: &Command,
    options: &Options,
    observe: &mut dyn Observe,
) -> Result<String, StoreError> {
    let event = Event::new(Kind::Command(command.clone()));
    Call::of_project(project.clone(), &event, options).run_command(observe)
}

/// Says how the loops and guards of a state stand, for a person.
#[must_use]
pub fn status(state: &State, config: &Config) -> String {
    words::status(state, config, &clock::now(clock::boot_id()))
}

/// Reads the bounds that hold in a project: those of its `limits.json` with the environment over
/// them, or the defaults if there is no such file.
///
/// # Errors
///
/// [`LimitsError`] if there is a file that cannot be used.
pub fn config(project: &Project, options: &Options) -> Result<Config, LimitsError> {
    call::config(&project.dir(), options, &mut Vec::new())
}

/// Reads the state of a project as it is now.
///
/// # Errors
///
/// [`StoreError`] if it cannot be read. No state is an empty one.
pub fn state(project: &Project) -> Result<State, StoreError> {
    store::peek(&project.dir()).map(|loaded| loaded.state)
}
