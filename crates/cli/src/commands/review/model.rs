//! The model's part: a key, recorded answers, or none.

use std::path::PathBuf;
use std::time::Duration;
use std::{fs, thread};

use anyhow::Context as _;
use clap::Args;
use plimsoll_review::{Anthropic, ApiKey, Ask, Config, Recorder, Recording, Report, Review};

use crate::failure::Failure;
use crate::secret;

/// Whom to ask.
#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    /// Run the lints only
    #[arg(long)]
    no_model: bool,
    /// Show which requests a model would get, and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Exit with 2 where the model did not see the whole change
    #[arg(long)]
    pub(crate) require_model: bool,
    /// Use recorded answers instead of a network
    #[arg(long, value_name = "FILE", conflicts_with_all = ["record", "no_model"])]
    replay: Option<PathBuf>,
    /// Keep the model's answers in a file
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// A file with the key, instead of the variable `ANTHROPIC_API_KEY`
    #[arg(long, env = "ANTHROPIC_API_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Address of the service
    #[arg(
        long,
        env = "ANTHROPIC_BASE_URL",
        default_value = "https://api.anthropic.com",
        value_name = "URL",
        hide = true
    )]
    base_url: String,
}

impl ModelArgs {
    /// Reviews with whom it can.
    pub(crate) fn review(&self, review: &Review<'_>, config: &Config) -> Result<Report, Failure> {
        if self.no_model {
            return Ok(review.without_model("--no-model was given"));
        }
        if let Some(path) = &self.replay {
            let text = fs::read_to_string(path)
                .with_context(|| format!("cannot read `{}`", path.display()))?;
            let mut recording: Recording = serde_json::from_str(&text)
                .with_context(|| format!("`{}` holds no recorded answers", path.display()))?;
            return Ok(review.with_model(&mut recording, &mut pause));
        }
        let Some(key) = self.key()? else {
            return Ok(review.without_model("neither ANTHROPIC_API_KEY nor a key file is set"));
        };
        let client = Anthropic::new(&self.base_url, key, config.request_timeout())?;
        let Some(path) = &self.record else {
            return Ok(ask(review, client));
        };
        let mut recorder = Recorder::new(client);
        let report = review.with_model(&mut recorder, &mut pause);
        super::write(path, &serde_json::to_string_pretty(recorder.recording())?)?;
        Ok(report)
    }

    fn key(&self) -> anyhow::Result<Option<ApiKey>> {
        let key = secret::given("key", self.key_file.as_deref(), &["ANTHROPIC_API_KEY"])?;
        Ok(key.map(|key| ApiKey::new(key.expose())))
    }
}

fn ask(review: &Review<'_>, mut client: impl Ask) -> Report {
    review.with_model(&mut client, &mut pause)
}

#[allow(clippy::disallowed_methods, reason = "bounded by the review to 60 s and a few times")]
fn pause(wait: Duration) {
    eprintln!("the service asks to wait {} s", wait.as_secs());
    thread::sleep(wait);
}
