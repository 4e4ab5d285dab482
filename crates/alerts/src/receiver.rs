//! Who can be told, as a configuration names them.

#[cfg(feature = "http")]
mod build;
mod command;
mod stderr;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::delivery::DeliveryProblem;
use crate::notify::Notify;
use crate::route::span;
use crate::secret::{SecretRef, Secrets};

pub use command::CommandReceiver;
pub use stderr::Stderr;

/// Name of the receiver that is always there.
pub(crate) const STDERR: &str = "stderr";

/// Where somebody can be told. Addresses, keys and tokens are references to secrets, never the secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ReceiverConfig {
    /// A channel on Discord, by its webhook.
    Discord {
        /// Address of the webhook.
        url: SecretRef,
        /// Name that the messages have; that of the webhook if empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        username: String,
        /// Ids of roles that are called when a critical alert fires. Default: nobody is.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mention_roles: Vec<String>,
    },
    /// Any server that takes our JSON by POST.
    Webhook {
        /// Its address.
        url: SecretRef,
        /// Token that goes with it, as `Authorization: Bearer`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bearer: Option<SecretRef>,
    },
    /// PagerDuty, events version 2.
    PagerDuty {
        /// The integration key.
        key: SecretRef,
        /// Where events go, if not to PagerDuty itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    },
    /// A chat on Telegram, by a bot.
    Telegram {
        /// The bot's token.
        token: SecretRef,
        /// The chat.
        chat_id: String,
        /// Where the bot's interface is, if not at Telegram itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    },
    /// A channel on Slack, by its incoming webhook.
    Slack {
        /// Address of the webhook.
        url: SecretRef,
    },
    /// A topic of ntfy.
    Ntfy {
        /// The topic; who knows it can read it.
        topic: SecretRef,
        /// The server. Default: `https://ntfy.sh`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        /// An access token.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<SecretRef>,
    },
    /// A program, which is given the message on its standard input.
    Command {
        /// The program and its arguments.
        argv: Vec<String>,
        /// What it is given.
        #[serde(default)]
        input: CommandInput,
        /// Longest time that it may take. Default 10 s.
        #[serde(default = "command_timeout", with = "span")]
        timeout: Duration,
    },
    /// Standard error of this process.
    Stderr {},
    /// A receiver that the program itself brings along, as a `Notify`.
    Own {},
}

/// What a program is given.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum CommandInput {
    /// The message as people read it.
    #[default]
    Text,
    /// The same JSON that a webhook gets.
    Json,
    /// A mail with headers, as `sendmail -t` takes it.
    Mail {
        /// Who gets it.
        to: String,
        /// Who sends it.
        from: String,
    },
}

/// Why a receiver cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiverError {
    /// This program was built without it.
    #[error("receiver `{receiver}` needs the feature `http` of plimsoll-alerts")]
    NotBuilt {
        /// Name of the receiver.
        receiver: String,
    },
    /// No receiver has this name.
    #[error("no receiver is called `{receiver}`")]
    Unknown {
        /// The name.
        receiver: String,
    },
}

impl ReceiverConfig {
    /// A channel on Discord.
    #[must_use]
    pub fn discord(url: SecretRef) -> Self {
        Self::Discord { url, username: String::new(), mention_roles: Vec::new() }
    }

    /// A server that takes our JSON.
    #[must_use]
    pub fn webhook(url: SecretRef) -> Self {
        Self::Webhook { url, bearer: None }
    }

    /// A program.
    #[must_use]
    pub fn command<'a>(argv: impl IntoIterator<Item = &'a str>) -> Self {
        let argv = argv.into_iter().map(str::to_owned).collect();
        Self::Command { argv, input: CommandInput::Text, timeout: command_timeout() }
    }

    /// References to all of its secrets.
    #[must_use]
    pub fn secrets(&self) -> Vec<&SecretRef> {
        match self {
            Self::Discord { url, .. } | Self::Slack { url } => vec![url],
            Self::Webhook { url, bearer } => [url].into_iter().chain(bearer).collect(),
            Self::PagerDuty { key, .. } => vec![key],
            Self::Telegram { token, .. } => vec![token],
            Self::Ntfy { topic, token, .. } => [topic].into_iter().chain(token).collect(),
            Self::Command { .. } | Self::Stderr {} | Self::Own {} => Vec::new(),
        }
    }

    pub(crate) fn problems(&self, place: &dyn Fn(&str) -> String) -> Vec<DeliveryProblem> {
        let mut problems = Vec::new();
        let mut add = |field: &str, found: &str, wanted: &str| {
            let (found, wanted) = (found.to_owned(), wanted.to_owned());
            problems.push(DeliveryProblem { key: place(field), found, wanted });
        };
        match self {
            Self::Command { argv, .. } if argv.is_empty() => {
                add("command.argv", "nothing", "a program and its arguments");
            }
            Self::Discord { mention_roles, username, .. } => {
                for role in mention_roles {
                    if role.is_empty() || !role.bytes().all(|b| b.is_ascii_digit()) {
                        add("discord.mention_roles", role, "the number of a role");
                    }
                }
                if username.chars().count() > 80 {
                    add("discord.username", username, "at most 80 characters");
                }
            }
            Self::Telegram { chat_id, .. } if chat_id.trim().is_empty() => {
                add("telegram.chat_id", "nothing", "the number or @name of a chat");
            }
            _ => {}
        }
        problems
    }
}

/// Makes a receiver of its configuration. Nothing is read or asked before the first message.
///
/// # Errors
///
/// [`ReceiverError::NotBuilt`] without the feature `http`, for those that need it.
pub fn receiver(
    name: &str,
    config: &ReceiverConfig,
    secrets: &Secrets,
) -> Result<Box<dyn Notify>, ReceiverError> {
    match config {
        ReceiverConfig::Stderr {} => Ok(Box::new(Stderr::new())),
        ReceiverConfig::Own {} => Err(ReceiverError::Unknown { receiver: name.to_owned() }),
        ReceiverConfig::Command { argv, input, timeout } => {
            Ok(Box::new(CommandReceiver::new(name, argv.clone(), input.clone(), *timeout)))
        }
        #[cfg(feature = "http")]
        over_http => Ok(build::over_http(name, over_http, secrets)),
        #[cfg(not(feature = "http"))]
        _ => {
            let _: &Secrets = secrets;
            Err(ReceiverError::NotBuilt { receiver: name.to_owned() })
        }
    }
}

fn command_timeout() -> Duration {
    Duration::from_secs(10)
}
