//! A client of GitHub's REST API: pull requests and their comments, nothing else.

mod call;
mod own_pulls;
mod pulls;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use plimsoll_process::git::Git;
use plimsoll_redact::Secret;

use crate::failure::{Failure, Hint as _};
use crate::secret;

pub(crate) use own_pulls::NewPull;
pub(crate) use pulls::{Pull, ReviewComment};

/// Which repository, and with which token.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct GitHubArgs {
    /// The repository as OWNER/NAME [default: that of the remote `origin`]
    #[arg(long = "repo", env = "GITHUB_REPOSITORY", value_name = "OWNER/NAME")]
    repository: Option<String>,
    /// A file with the token, instead of the variable `GITHUB_TOKEN` or `GH_TOKEN`
    #[arg(long = "github-token-file", env = "GITHUB_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Address of the service
    #[arg(
        long = "github-api",
        env = "GITHUB_API_URL",
        default_value = "https://api.github.com",
        value_name = "URL",
        hide = true
    )]
    api: String,
}

/// One repository at GitHub. The token is shown nowhere.
#[derive(Debug)]
pub(crate) struct GitHub {
    client: reqwest::blocking::Client,
    /// `https://api.github.com/repos/OWNER/NAME`.
    base: String,
    owner: String,
    token: Secret,
}

impl GitHubArgs {
    /// Whether a token was given; nothing is asked yet.
    pub(crate) fn has_token(&self) -> bool {
        matches!(self.token(), Ok(Some(_)))
    }

    /// A client, if there is a token.
    pub(crate) fn connect(&self) -> Result<GitHub, Failure> {
        let token = self.token()?.ok_or_else(|| {
            Failure::new(anyhow::anyhow!("no token for GitHub"))
                .with_hint("set GITHUB_TOKEN; it needs contents: read and pull-requests: write")
        })?;
        let repository = match self.repository.as_deref().filter(|text| !text.is_empty()) {
            Some(named) => named.to_owned(),
            None => of_origin()?,
        };
        GitHub::new(&self.api, &repository, token)
    }

    fn token(&self) -> anyhow::Result<Option<Secret>> {
        secret::given("token", self.token_file.as_deref(), &["GITHUB_TOKEN", "GH_TOKEN"])
    }
}

impl GitHub {
    fn new(api: &str, repository: &str, token: Secret) -> Result<GitHub, Failure> {
        let is_name = |part: &str| {
            !matches!(part, "" | "." | "..")
                && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        };
        let (owner, name) = repository
            .split_once('/')
            .filter(|(owner, name)| is_name(owner) && is_name(name))
            .with_context(|| format!("`{repository}` is no repository"))
            .hint("wanted OWNER/NAME, such as --repo desk/strategies")?;
        let url = reqwest::Url::parse(api).context("the address of GitHub's API is no URL")?;
        if !plimsoll_redact::is_private_way(url.scheme(), url.host_str().unwrap_or_default()) {
            return Err(Failure::new(anyhow::anyhow!(
                "the address of GitHub's API is neither https nor on this machine"
            )));
        }
        Ok(GitHub {
            client: call::client()?,
            base: format!("{}/repos/{owner}/{name}", api.trim_end_matches('/')),
            owner: owner.to_owned(),
            token,
        })
    }
}

/// `OWNER/NAME` of the remote `origin`.
fn of_origin() -> Result<String, Failure> {
    const WANTED: &str = "name the repository with --repo OWNER/NAME";
    let url = Git::at(".").run(["remote", "get-url", "origin"]).hint(WANTED)?;
    let url = String::from_utf8_lossy(&url).trim().to_owned();
    repository_of(&url).context("the remote `origin` is not at GitHub").hint(WANTED)
}

/// Both spellings: `git@github.com:OWNER/NAME.git` and `https://github.com/OWNER/NAME`.
fn repository_of(url: &str) -> Option<String> {
    let (_, path) = url.split_once("github.com")?;
    let path = path.trim_start_matches([':', '/']).trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let (owner, name) = path.split_once('/')?;
    (!owner.is_empty() && !name.is_empty() && !name.contains('/')).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_names_its_repository_in_either_spelling() {
        for url in [
            "git@github.com:desk/strategies.git",
            "https://github.com/desk/strategies",
            "https://x-access-token:abc@github.com/desk/strategies.git/",
            "ssh://git@github.com/desk/strategies.git",
        ] {
            assert_eq!(repository_of(url).as_deref(), Some("desk/strategies"), "{url}");
        }
        for url in ["../elsewhere", "https://example.com/desk/strategies", "git@github.com:desk"] {
            assert_eq!(repository_of(url), None, "{url}");
        }
    }

    #[test]
    fn a_repository_that_would_change_the_address_is_refused() {
        for name in ["desk", "desk/..", "desk/a/b", "desk/a?x", "../a", "/"] {
            assert!(
                GitHub::new("https://api.github.com", name, Secret::new("t")).is_err(),
                "{name}"
            );
        }
        assert!(GitHub::new("http://api.github.com", "a/b", Secret::new("t")).is_err());
    }
}
