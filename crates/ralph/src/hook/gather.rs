//! Gathering what a step needs, and nothing else.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::call::Call;
use super::learned::read_weights;
use super::store::{chain, hex};
use super::transcript::{Newest, WAIT_MAX, read_current};
use super::{clock, progress, transcript, tree};
use crate::classify::{self, Weights};
use crate::config::Config;
use crate::event::{Command, Event, Kind, ToolCall};
use crate::facts::{Facts, Route, Verdict};
use crate::guard_list::{self, Place};
use crate::now::Now;
use crate::record::Level;
use crate::state::State;
use crate::step::{SpentFrom, bounds, needs};
use crate::usage::{Cursor, Spent};

/// The task of a loop that is started without one.
pub(crate) const PROMPT_FILE: &str = "PROMPT.md";
const PROMPT_FILE_BYTES_MAX: u64 = 64 << 10;
/// A larger file is not what the guard list is about.
const EDITED_BYTES_MAX: u64 = 4 << 20;

impl Call<'_> {
    /// Everything that [`step`](crate::step) will look at for an event.
    pub(super) fn facts(&mut self, state: &State, event: &Event, config: &Config) -> Facts {
        let mut needs = needs(state, event, config);
        let mut facts = Facts::at(self.now());
        facts.fresh_id = fresh_id(event, &facts);
        if !state.is_empty() || config.mode == crate::config::Mode::Guard || needs.end {
            facts.process = clock::client(self.options.client_pid, self.boot_id);
        }
        if needs.route
            && let Kind::UserPromptSubmit { prompt } = &event.kind
        {
            let route = self.route(prompt, state, &facts.now, config);
            needs.tree |= matches!(route, Route::Loop { certain: true, .. });
            facts.route = Some(route);
        }
        if needs.verdict
            && let Kind::PreToolUse(tool) = &event.kind
        {
            facts.verdict = Some(self.verdict(tool, config));
        }
        if needs.dead {
            let dead = state.owners().filter(|(_, process)| {
                process.is_none_or(|process| !clock::is_alive(process, self.boot_id))
            });
            facts.dead = dead.map(|(loop_id, _)| loop_id.to_owned()).collect();
        }
        if matches!(event.kind, Kind::SessionStart { .. }) {
            facts.warnings = key_warnings(&self.options.secret_names);
        }
        facts.spent = self.read_spent(state, event, &needs.spent, config);
        if needs.end {
            let own = event.transcript_path.as_deref();
            facts.end = own.map(|path| transcript::end(Path::new(path)));
        }
        if needs.tree {
            facts.tree = self.tree();
        }
        if needs.texts {
            self.texts(state, event, &mut facts);
        }
        facts
    }

    fn read_spent(
        &mut self,
        state: &State,
        event: &Event,
        from: &SpentFrom,
        config: &Config,
    ) -> Option<Spent> {
        let own = event.transcript_path.as_deref();
        let run = event.session_id.as_deref().and_then(|session| state.run_of(session));
        let (path, cursor) = match from {
            SpentFrom::Nowhere => return None,
            SpentFrom::Beginning => (own?, Cursor::default()),
            SpentFrom::Cursor { loop_id } => {
                let (cursor, known) = state.reading(loop_id)?;
                // The session's own transcript, as the client names it now.
                let is_own = run.is_some_and(|run| run.loop_id == *loop_id);
                let path = if is_own { own.or(known) } else { known };
                (path?, cursor.clone())
            }
        };
        let (main, now_secs) = (Path::new(path), self.now().wall_ms() / 1_000);
        let read = || transcript::read(main, &cursor, now_secs);
        let found = match (run, Newest::of(event)) {
            (Some(run), Some(newest)) if !run.is_open() => {
                let wait_max = self.options.transcript_wait_max.unwrap_or(WAIT_MAX);
                let is_near = |spent: &Spent| bounds::is_near(run, spent, config);
                read_current(main, &newest, wait_max, read, is_near)
            }
            _ => read(),
        };
        match found {
            Ok(Some(spent)) => return Some(spent),
            // A client writes the transcript some time after the first message.
            Ok(None) if cursor.files.is_empty() => {}
            Ok(None) => self.note(Level::Warn, "no transcript: what is spent is unknown", path),
            Err(error) => {
                let detail = format!("{path}: {}", chain(&error));
                self.note(Level::Warn, "no transcript: what is spent is unknown", &detail);
            }
        }
        None
    }

    /// The tree, looked at once a call.
    fn tree(&mut self) -> Option<crate::facts::Tree> {
        if self.listing.is_none() {
            match tree::look(&self.project) {
                Ok(listing) => self.listing = Some(listing),
                Err(detail) => self.note(Level::Warn, "the tree cannot be looked at", &detail),
            }
        }
        self.listing.as_ref().map(|listing| listing.tree.clone())
    }

    fn texts(&self, state: &State, event: &Event, facts: &mut Facts) {
        let own = event.session_id.as_deref().and_then(|session| state.run_of(session));
        let target = match &event.kind {
            Kind::UserPromptSubmit { prompt } => match Command::parse(prompt) {
                Some(Command::Resume { loop_id, .. }) => {
                    state.target(loop_id.as_deref(), own.map(|run| run.loop_id.as_str()))
                }
                _ => own.or_else(|| state.adoptable()),
            },
            _ => own,
        };
        facts.progress_tail = target.and_then(|run| progress::tail(&self.dir, &run.loop_id));
        let path = self.project.root().join(PROMPT_FILE);
        let is_small = fs::metadata(&path).is_ok_and(|f| f.len() <= PROMPT_FILE_BYTES_MAX);
        facts.prompt_file = is_small.then(|| fs::read_to_string(&path).ok()).flatten();
    }

    /// How a prompt is to be dealt with. What was learned is a help, so a route without it is one too.
    fn route(&mut self, prompt: &str, state: &State, now: &Now, config: &Config) -> Route {
        let weights = read_weights(&self.dir, now).unwrap_or_else(|error| {
            self.note(Level::Warn, "what was learned is not used", &chain(&error));
            Weights::default()
        });
        let checks: Vec<String> =
            config.checks.iter().map(|check| check.command.join(" ")).collect();
        let checks: Vec<&str> = checks.iter().map(String::as_str).collect();
        let room = state.room(self.event.session_id.as_deref(), config, now);
        classify::route(prompt, &weights, &room, &checks)
    }

    /// What the guard list says of a tool call.
    fn verdict(&self, tool: &ToolCall, config: &Config) -> Verdict {
        let root = self.project.root();
        let cwd = self.event.cwd.as_deref().map_or(root, Path::new);
        guard_list::verdict(tool, &config.guard_list, &Place::new(root, cwd, &read_text))
    }
}

/// A file as it is now, if it is one that people edit.
pub(super) fn read_text(path: &Path) -> Option<String> {
    let found = fs::metadata(path).ok()?;
    let is_text = found.is_file() && found.len() <= EDITED_BYTES_MAX;
    is_text.then(|| fs::read_to_string(path).ok()).flatten()
}

/// What a session is told at its start of keys that its agent could use. Their values are not looked at.
fn key_warnings(names: &[String]) -> Vec<String> {
    if names.is_empty() {
        return Vec::new();
    }
    let names = names.join(", ");
    vec![format!(
        "ralph: keys of an exchange or a wallet are in this session's environment, and so within the agent's reach: \
         {names}. Start the client without them (`env -u NAME claude`)."
    )]
}

/// Eight digits that no other loop of the project has.
fn fresh_id(event: &Event, facts: &Facts) -> String {
    let mut digest = Sha256::new();
    digest.update(event.session_id.as_deref().unwrap_or_default());
    digest.update(facts.now.since_boot.as_nanos().to_le_bytes());
    digest.update(facts.now.wall_ms().to_le_bytes());
    digest.update(std::process::id().to_le_bytes());
    hex(&digest.finalize()).chars().take(8).collect()
}
