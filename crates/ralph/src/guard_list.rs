//! Tool calls that a person should decide about: edits of limits, of secrets and of the kill switch, production
//! deploys, force pushes, volumes thrown away, raw calls to where money is real, and what lifts the agent's own bounds.
//!
//! A shell command is read as a shell would read it, so that quotes, variables, `bash -c` and the like change nothing.
//! It is a seat belt, not a sandbox: a script in a file that is run later is not looked into.

mod deploy;
mod effective;
mod files;
mod git;
mod keys;
mod limits;
mod mainnet;
mod programs;
mod protected;
mod shell;
mod volumes;

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::ToolCall;
use crate::facts::Verdict;

pub use keys::is_exchange_key;

/// Longest command that is read, bytes; a longer one is asked about.
const COMMAND_BYTES_MAX: usize = 256 * 1024;

/// What happens when a rule applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// Nothing.
    Off,
    /// A person is asked. Without one, the client refuses.
    Ask,
    /// It is refused.
    Deny,
}

/// A rule of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rule {
    /// The section `limits` of the canonical file.
    Limits,
    /// Files whose name begins with `.env`, except examples.
    EnvFiles,
    /// Code that stops trading.
    KillSwitch,
    /// A change of what runs in production.
    ProductionDeploy,
    /// A push that takes history away from others.
    ForcePush,
    /// Stored data thrown away with its containers.
    Volumes,
    /// A raw call to an exchange or a chain where money is real.
    Mainnet,
    /// What bounds the agent itself: the state and limits of its loop, and the commands that lift them.
    Bounds,
    /// A command that is too long or too deeply nested to be read.
    Unreadable,
}

/// The list, as the section `ralph.guard_list` of the canonical file has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct GuardList {
    /// Edits of the section `limits`. Default `ask`.
    pub limits: Action,
    /// Edits of `.env*`. Default `ask`.
    pub env_files: Action,
    /// Edits of code that stops trading. Default `ask`.
    pub kill_switch: Action,
    /// Production deploys. Default `deny`.
    pub production_deploy: Action,
    /// Force pushes, and deletions of remote branches. Default `deny`.
    pub force_push: Action,
    /// `docker compose down -v` and its kin. Default `deny`.
    pub volumes: Action,
    /// Raw calls to an exchange or a chain. Default `deny`.
    pub mainnet: Action,
    /// Changes of `.ralph`, `plimsoll ralph reset` and its kin. Default `ask`.
    pub bounds: Action,
    /// The canonical file, from the project's root. Default `config/canonical.yaml`.
    pub canonical_file: String,
    /// Files and folders of kill-switch code besides those whose name says so, from the root; `*` fits any text.
    pub kill_switch_paths: Vec<String>,
    /// Words that mean production. Default `prod`, `production`, `live`.
    pub production_words: Vec<String>,
    /// Hosts where money is real, besides the well-known ones.
    pub mainnet_hosts: Vec<String>,
}

impl Default for GuardList {
    fn default() -> Self {
        let words = ["prod", "production", "live"];
        Self {
            limits: Action::Ask,
            env_files: Action::Ask,
            kill_switch: Action::Ask,
            production_deploy: Action::Deny,
            force_push: Action::Deny,
            volumes: Action::Deny,
            mainnet: Action::Deny,
            bounds: Action::Ask,
            canonical_file: "config/canonical.yaml".to_owned(),
            kill_switch_paths: Vec::new(),
            production_words: words.map(str::to_owned).to_vec(),
            mainnet_hosts: Vec::new(),
        }
    }
}

/// Where a tool runs.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Place<'a> {
    /// The project's root.
    pub root: &'a Path,
    /// The session's working directory.
    pub cwd: &'a Path,
    /// Reads a file as it is now; `None` when there is none, or when it cannot be read.
    pub read: &'a dyn Fn(&Path) -> Option<String>,
}

impl<'a> Place<'a> {
    /// A place with these directories.
    #[must_use]
    pub fn new(root: &'a Path, cwd: &'a Path, read: &'a dyn Fn(&Path) -> Option<String>) -> Self {
        Self { root, cwd, read }
    }
}

impl std::fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { root, cwd, read: _ } = self;
        f.debug_struct("Place").field("root", root).field("cwd", cwd).finish_non_exhaustive()
    }
}

/// Returns what the list says of a tool call.
#[must_use]
pub fn verdict(tool: &ToolCall, list: &GuardList, place: &Place<'_>) -> Verdict {
    let Some((rule, action)) = judge(&tool.name, tool.input(), list, place) else {
        return Verdict::Pass;
    };
    let (rule, advice) = (rule.name().to_owned(), rule.advice().to_owned());
    if action == Action::Deny {
        Verdict::Deny { rule, advice }
    } else {
        Verdict::Ask { rule, advice }
    }
}

/// Returns the rule that applies to a tool call, and what it does; the strictest if several do.
#[must_use]
pub fn judge(
    tool: &str,
    input: &Value,
    list: &GuardList,
    place: &Place<'_>,
) -> Option<(Rule, Action)> {
    let rules = match tool {
        "Bash" => {
            let command = input.get("command").and_then(Value::as_str).unwrap_or_default();
            of_script(command, list, place)
        }
        "Write" | "Edit" | "MultiEdit" | "NotebookEdit" => {
            protected::by_edit(tool, input, list, place).into_iter().collect()
        }
        _ => Vec::new(),
    };
    let acting = rules.into_iter().map(|rule| (rule, list.action(rule)));
    acting
        .filter(|(_, action)| *action != Action::Off)
        .max_by_key(|(rule, action)| (*action, std::cmp::Reverse(*rule)))
}

fn of_script(script: &str, list: &GuardList, place: &Place<'_>) -> Vec<Rule> {
    if script.len() > COMMAND_BYTES_MAX {
        return vec![Rule::Unreadable];
    }
    let effective = effective::effective(script);
    let production: Vec<&str> = list.production_words.iter().map(String::as_str).collect();
    let mut rules = Vec::new();
    if effective.is_incomplete {
        rules.push(Rule::Unreadable);
    }
    for command in &effective.commands {
        rules.extend(protected::by_command(command, list, place));
        let applies = [
            (Rule::ProductionDeploy, deploy::is_to_production(command, &production)),
            (Rule::ForcePush, git::forces_a_push(command)),
            (Rule::Volumes, volumes::removes_volumes(command)),
            (Rule::Mainnet, mainnet::is_called(command, &list.mainnet_hosts)),
        ];
        rules.extend(applies.into_iter().filter(|(_, applies)| *applies).map(|(rule, _)| rule));
    }
    let in_code =
        effective.code.iter().any(|code| mainnet::is_called_in_code(code, &list.mainnet_hosts));
    rules.extend(in_code.then_some(Rule::Mainnet));
    rules
}

impl GuardList {
    fn action(&self, rule: Rule) -> Action {
        match rule {
            Rule::Limits => self.limits,
            Rule::EnvFiles => self.env_files,
            Rule::KillSwitch => self.kill_switch,
            Rule::ProductionDeploy => self.production_deploy,
            Rule::ForcePush => self.force_push,
            Rule::Volumes => self.volumes,
            Rule::Mainnet => self.mainnet,
            Rule::Bounds => self.bounds,
            Rule::Unreadable => Action::Ask,
        }
    }
}

impl Rule {
    /// The key of the list, for records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Limits => "limits",
            Self::EnvFiles => "env_files",
            Self::KillSwitch => "kill_switch",
            Self::ProductionDeploy => "production_deploy",
            Self::ForcePush => "force_push",
            Self::Volumes => "volumes",
            Self::Mainnet => "mainnet",
            Self::Bounds => "bounds",
            Self::Unreadable => "unreadable",
        }
    }

    /// What to do instead, for the agent and the person who reads it.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::Limits => {
                "a person changes limits: propose the new value and why, or let them run `plimsoll ssot set --reason`"
            }
            Self::EnvFiles => {
                "secrets belong to a person: say which variable is missing, and put its name into `.env.example`"
            }
            Self::KillSwitch => {
                "code that stops trading changes only under a person's eyes: propose the change as a diff"
            }
            Self::ProductionDeploy => {
                "a person deploys to production: deploy to staging, and say what is ready"
            }
            Self::ForcePush => "push without force to a new branch, or let a person do it",
            Self::Volumes => {
                "stop without `-v`: the volumes hold recorded data; a person may remove them after a backup"
            }
            Self::Mainnet => "use the testnet or the paper venue: no raw calls where money is real",
            Self::Bounds => {
                "a person lifts the bounds of a loop: say which one stopped the work, and what is left to do"
            }
            Self::Unreadable => "split the command into shorter ones that can be read",
        }
    }
}
