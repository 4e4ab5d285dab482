//! The client, asked for its version.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use plimsoll_process::Command;
use plimsoll_ralph::Version;
use plimsoll_ralph::install::Client;

use crate::failure::{Failure, Hint as _};

/// The older clients take two seconds to say it.
const VERSION_LIMIT: Duration = Duration::from_secs(60);

/// Which client.
#[derive(Debug, Clone, Args)]
pub(crate) struct ClientArgs {
    /// The client's program, which is asked for its version
    #[arg(long, value_name = "PROGRAM", default_value = "claude")]
    client: PathBuf,
    /// Take this version for the client's, and ask nobody
    #[arg(long, value_name = "VERSION")]
    client_version: Option<String>,
}

impl ClientArgs {
    /// What is known of it. That it cannot be asked is said, and is no failure.
    pub(crate) fn ask(&self) -> Result<Client, Failure> {
        let mut client = Client::default();
        let cap = std::env::var_os("CLAUDE_CODE_STOP_HOOK_BLOCK_CAP");
        client.block_cap = cap.and_then(|cap| cap.to_str()?.trim().parse().ok());
        client.version = match &self.client_version {
            Some(text) => Some(
                text.parse::<Version>()
                    .map_err(|_| anyhow::anyhow!("`{text}` is no version"))
                    .hint("write it as `claude --version` does, such as 2.1.330")?,
            ),
            None => self.version(),
        };
        Ok(client)
    }

    fn version(&self) -> Option<Version> {
        let command =
            Command::new(&self.client).args(["--version"]).env_allow(["CLAUDE_CONFIG_DIR"]);
        let said = match command.timeout(VERSION_LIMIT).run() {
            Ok(output) if output.code() == Some(0) => output.stdout.text().trim().to_owned(),
            Ok(output) => format!("it ended with {}", output.exit),
            Err(error) => error.to_string(),
        };
        let version = said.parse().ok();
        if version.is_none() {
            let client = self.client.display();
            eprintln!(
                "the version of `{client}` cannot be told ({said}): only what every client knows is used"
            );
            eprintln!("hint: --client PROGRAM names the client, --client-version its version");
        }
        version
    }
}
