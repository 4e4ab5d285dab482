//! What sort of secret was found.

use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident => $name:literal,)*) => {
        /// What sort of secret was found.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Kind { $($(#[$doc])* $variant,)* }

        impl Kind {
            /// Every kind there is.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Returns the name that stands in `[redacted:NAME]`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

kinds! {
    /// A value given to [`Rules::with_known`](crate::Rules::with_known).
    Known => "known",
    /// A value after a key such as `password`.
    Assignment => "assignment",
    /// The credentials of an `Authorization` header.
    Authorization => "authorization",
    /// A password in a URL, as in `postgres://user:password@host`.
    UrlPassword => "url-password",
    /// The key in a Sentry DSN, or a Sentry token.
    Sentry => "sentry",
    /// The token of a Discord webhook URL, or a bot's token.
    Discord => "discord",
    /// The path of a Slack webhook URL, or a Slack token.
    Slack => "slack",
    /// The path of a Microsoft Teams webhook URL.
    Teams => "teams",
    /// A Telegram bot token.
    Telegram => "telegram",
    /// A key in a `PagerDuty` URL.
    PagerDuty => "pagerduty",
    /// An ntfy access token.
    Ntfy => "ntfy",
    /// A GitHub token.
    GitHub => "github",
    /// A GitLab token.
    GitLab => "gitlab",
    /// An AWS access key id or secret access key.
    Aws => "aws",
    /// A Google API key, OAuth secret or access token.
    Google => "google",
    /// An Anthropic key.
    Anthropic => "anthropic",
    /// An `OpenAI` key, or one of the same shape.
    OpenAi => "openai",
    /// A Stripe key or webhook secret.
    Stripe => "stripe",
    /// A token of a package registry or image registry.
    Registry => "registry",
    /// A Grafana token.
    Grafana => "grafana",
    /// A token of another service that is known by its prefix.
    Token => "token",
    /// A JSON web token.
    Jwt => "jwt",
    /// A PEM block with a private key, or an age key.
    PrivateKey => "private-key",
    /// A wallet's private key next to words that say so.
    WalletKey => "wallet-key",
    /// A wallet's mnemonic phrase next to words that say so.
    Mnemonic => "mnemonic",
    /// An exchange's or another service's key next to words that say so.
    ApiKey => "api-key",
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
