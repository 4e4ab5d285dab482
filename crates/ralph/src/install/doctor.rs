//! What is wrong with an installation: by looking at the settings, and by firing each hook with a sample.

mod samples;

use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_process::{Command, Exit};

use super::events::{EXEC_FORM_SINCE, TOLERANT_SINCE, WANTED, is_known};
use super::settings::{Installed, hooks, top_level};
use crate::config::Config;
use crate::event::Version;

/// A hook that takes longer makes every tool call feel slow.
const SLOW: Duration = Duration::from_millis(500);
const TRY_TIMEOUT: Duration = Duration::from_secs(30);
/// From here on the client ends a chain of turns without tools by itself.
const CLIENT_CAP: u32 = 8;
const CAP_SINCE: Version = Version(2, 1, 143);

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// All is well.
    Fine,
    /// It works, but not as one might think.
    Warning,
    /// It does not work.
    Problem,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What was found.
    pub what: String,
    /// What to do.
    pub hint: String,
}

impl Finding {
    /// A finding of this severity.
    #[must_use]
    pub fn new(severity: Severity, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { severity, what: what.into(), hint: hint.into() }
    }
}

/// What is known of the client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Client {
    /// Its version; `None` if it could not be asked.
    pub version: Option<Version>,
    /// `CLAUDE_CODE_STOP_HOOK_BLOCK_CAP`, if it is set.
    pub block_cap: Option<u32>,
}

impl Client {
    /// A client of this version.
    #[must_use]
    pub fn new(version: Option<Version>) -> Self {
        Self { version, block_cap: None }
    }
}

/// Looks at settings files and what is in them. Each is a path and its text.
#[must_use]
pub fn examine(files: &[(PathBuf, String)], client: &Client, config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut ours: Vec<(&Path, Installed)> = Vec::new();
    for (path, text) in files {
        match hooks(text) {
            Err(error) => findings.push(Finding::new(
                Severity::Problem,
                format!("{}: {error}", path.display()),
                "the client ignores this file: mend it",
            )),
            Ok(found) => {
                voided(path, text, &found, client, &mut findings);
                ours.extend(
                    found.into_iter().filter(Installed::is_ours).map(|hook| (path.as_path(), hook)),
                );
            }
        }
    }
    if ours.is_empty() {
        let hint = "`plimsoll ralph install` puts them in";
        findings.push(Finding::new(Severity::Problem, "no hooks are installed", hint));
        return findings;
    }
    missing_and_twice(&ours, client, &mut findings);
    for (path, hook) in &ours {
        if hook.args.is_some() && client.version.is_some_and(|version| version < EXEC_FORM_SINCE) {
            let what =
                format!("{}: {} has arguments apart from its program", path.display(), hook.event);
            let hint = format!(
                "clients before {EXEC_FORM_SINCE} ignore them: `plimsoll ralph install` writes it anew"
            );
            findings.push(Finding::new(Severity::Problem, what, hint));
        }
        let timeout = hook.timeout_secs.unwrap_or(600);
        if hook.event == "Stop" && timeout <= config.hook_wait_max_secs {
            let what = format!(
                "the client ends the Stop hook after {timeout} s, and it may wait {} s",
                config.hook_wait_max_secs
            );
            findings.push(Finding::new(
                Severity::Problem,
                what,
                "`plimsoll ralph install` writes it anew",
            ));
        }
    }
    capped(client, config, &mut findings);
    findings
}

/// What makes a client drop a whole file.
fn voided(
    path: &Path,
    text: &str,
    found: &[Installed],
    client: &Client,
    findings: &mut Vec<Finding>,
) {
    let path = path.display();
    if top_level(text, "disableAllHooks").is_ok_and(|value| value == Some("true")) {
        let what = format!("{path}: disableAllHooks is true");
        findings.push(Finding::new(Severity::Problem, what, "no hook runs: remove it"));
    }
    let Some(version) = client.version.filter(|version| *version < TOLERANT_SINCE) else { return };
    let mut unknown: Vec<&str> = found
        .iter()
        .map(|hook| hook.event.as_str())
        .filter(|event| !is_known(event, version))
        .collect();
    unknown.dedup();
    if !unknown.is_empty() {
        let what = format!("{path}: {} is unknown to client {version}", unknown.join(", "));
        let hint =
            "this client drops the whole file without a word: update it, or remove the event";
        findings.push(Finding::new(Severity::Problem, what, hint));
    }
    if top_level(text, "permissions")
        .is_ok_and(|value| value.is_some_and(|value| value.contains("(*)")))
    {
        let what = format!("{path}: a permission such as `Bash(*)`");
        let hint =
            format!("clients before {TOLERANT_SINCE} drop the whole file for it: write `Bash`");
        findings.push(Finding::new(Severity::Problem, what, hint));
    }
}

fn missing_and_twice(ours: &[(&Path, Installed)], client: &Client, findings: &mut Vec<Finding>) {
    for wanted in WANTED {
        let here: Vec<_> = ours.iter().filter(|(_, hook)| hook.event == wanted.event).collect();
        let is_known = client.version.is_none_or(|version| version >= wanted.since);
        match here.len() {
            0 if is_known => findings.push(Finding::new(
                Severity::Warning,
                format!("no hook for {}: {}", wanted.event, wanted.without),
                "`plimsoll ralph install` puts in what this client knows",
            )),
            0 | 1 => {}
            count => findings.push(Finding::new(
                Severity::Warning,
                format!("{count} hooks of ours for {}", wanted.event),
                "each runs: uninstall one, by --user, --project or --local",
            )),
        }
    }
}

/// The client's own end of a chain of blocked stops.
fn capped(client: &Client, config: &Config, findings: &mut Vec<Finding>) {
    let cap = client.block_cap.unwrap_or(CLIENT_CAP);
    let has_cap = client.version.is_none_or(|version| version >= CAP_SINCE) && cap > 0;
    if has_cap && config.max_no_progress.get() > cap {
        let what = format!(
            "max_no_progress is {}, and the client ends a loop after {cap} turns without tools",
            config.max_no_progress
        );
        let hint = "it would end without a record: lower max_no_progress, or set CLAUDE_CODE_STOP_HOOK_BLOCK_CAP";
        findings.push(Finding::new(Severity::Warning, what, hint));
    }
}

/// Fires a hook with a sample of its event, in a folder that nothing else is in.
///
/// A hook must answer within 30 s by exit code 0 and one JSON object.
#[must_use]
pub fn try_hook(hook: &Installed, scratch: &Path) -> Finding {
    let sample = samples::sample(&hook.event, scratch);
    let command = match &hook.args {
        Some(args) => Command::new(&hook.command).args(args),
        None => Command::new("sh").args(["-c", &hook.command]),
    };
    let command = command
        .current_dir(scratch)
        .env("CLAUDE_PROJECT_DIR", scratch)
        .stdin(sample)
        .timeout(TRY_TIMEOUT);
    let event = &hook.event;
    let problem = |what: String, hint: &str| Finding::new(Severity::Problem, what, hint);
    let output = match command.run() {
        Ok(output) => output,
        Err(error) => {
            let hint = "the client would end every turn without a word: `plimsoll ralph install` writes it anew";
            return problem(format!("{event}: {}", crate::hook::chain(&error)), hint);
        }
    };
    let said = output.stdout.text();
    if output.exit != Exit::Code(0) {
        let errors = output.stderr.text();
        let what = format!("{event}: ended with {}: {}", output.exit, errors.trim());
        return problem(what, "run the command by hand");
    }
    if !serde_json::from_str::<serde_json::Value>(said.trim()).is_ok_and(|value| value.is_object())
    {
        let what = format!("{event}: answered `{}`, wanted a JSON object", said.trim());
        return problem(what, "something else than plimsoll-hook answers there");
    }
    let took_ms = output.elapsed.as_millis();
    if output.elapsed > SLOW {
        let what = format!("{event}: took {took_ms} ms");
        return Finding::new(
            Severity::Warning,
            what,
            "every such event waits that long: is the machine busy?",
        );
    }
    Finding::new(Severity::Fine, format!("{event}: answers in {took_ms} ms"), "")
}
