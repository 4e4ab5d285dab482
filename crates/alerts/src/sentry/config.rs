//! The section `sentry` of a configuration.

use serde::{Deserialize, Serialize};

use super::SentryProject;
use crate::secret::SecretRef;

/// A project at Sentry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SentryConfig {
    /// Where events go. Default `${SENTRY_DSN}`.
    pub dsn: SecretRef,
    /// Base address of its API, as `https://de.sentry.io`. Default `https://sentry.io`.
    pub url: String,
    /// Short name of the organization.
    pub organization: String,
    /// Short name of the project.
    pub project: String,
    /// A token with the scopes `alerts:write` and `event:read`. Default `${SENTRY_AUTH_TOKEN}`.
    pub token: SecretRef,
    /// Environment that the alert rules look at. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// A channel on Discord that Sentry tells as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discord: Option<SentryDiscord>,
}

/// A channel on Discord, by Sentry's own integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SentryDiscord {
    /// Id of the integration at Sentry.
    pub integration_id: String,
    /// Id of the channel.
    pub channel_id: String,
}

impl Default for SentryConfig {
    fn default() -> Self {
        Self {
            dsn: SecretRef::env("SENTRY_DSN"),
            url: "https://sentry.io".to_owned(),
            organization: String::new(),
            project: String::new(),
            token: SecretRef::env("SENTRY_AUTH_TOKEN"),
            environment: None,
            discord: None,
        }
    }
}

impl SentryConfig {
    /// The project that it names.
    #[must_use]
    pub fn project(&self) -> SentryProject {
        let mut project = SentryProject::new(
            self.organization.as_str(),
            self.project.as_str(),
            self.token.clone(),
        )
        .at(self.url.as_str());
        if let Some(environment) = &self.environment {
            project = project.in_environment(environment.as_str());
        }
        if let Some(discord) = &self.discord {
            project =
                project.with_discord(discord.integration_id.as_str(), discord.channel_id.as_str());
        }
        project
    }
}
