//! `plimsoll snapshot create`.

use clap::{Args, ValueEnum};
use plimsoll_snapshot::{CreateError, CreateOptions, Manifest, Need, Outcome, Secrets, create};

use super::place::{PartArgs, PlaceArgs, tool_version};
use crate::failure::{Exit, Failure};
use crate::moment::now;
use crate::progress::{Bar, bytes};

const EXAMPLES: &str = "\
Examples:
  plimsoll snapshot create --tag before-deploy
  plimsoll snapshot create --files config --git . --env 'PLIMSOLL_*'
  plimsoll snapshot create --secrets by-reference --json

A part that fails does not end the others. If a required one failed, the exit code is 1, and the
snapshot is listed as failed and never found as `latest`.";

/// What to do with secrets in a store that is not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SecretsArg {
    /// The part fails and says where the secret stands
    Refuse,
    /// The file is left out, and the snapshot says where it was
    ByReference,
}

impl From<SecretsArg> for Secrets {
    fn from(arg: SecretsArg) -> Self {
        match arg {
            SecretsArg::Refuse => Self::Refuse,
            SecretsArg::ByReference => Self::ByReference,
        }
    }
}

/// Arguments of `plimsoll snapshot create`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CreateArgs {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    parts: PartArgs,
    /// A word by which it can be found and kept; `keep` is never pruned
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// What to do with secrets, if the store is not sealed
    #[arg(long, value_name = "HOW", value_enum, default_value_t = SecretsArg::Refuse)]
    secrets: SecretsArg,
    /// Print the manifest as JSON
    #[arg(long)]
    json: bool,
    /// Draw no bar
    #[arg(long)]
    quiet: bool,
}

pub(super) fn run(args: &CreateArgs) -> Result<Exit, Failure> {
    let place = args.place.read()?;
    let mut parts = place.parts(&args.parts)?;
    let store = place.open()?;
    let bar = Bar::new(args.quiet);
    let options = CreateOptions::new(now(), tool_version())
        .with_config_digest(&place.config_digest)
        .with_tags(&args.tag)
        .with_secrets(args.secrets.into())
        .with_progress(&bar);
    let created = create(&store, &mut parts, &options);
    bar.clear();
    let manifest = created.map_err(failure)?;
    if args.json {
        println!("{}", serde_json::json!({ "version": 1, "snapshot": manifest }));
    } else {
        print!("{}", described(&manifest));
    }
    let failed = FailedParts::of(&manifest);
    if !failed.required.is_empty() {
        eprintln!("FAILED: {} not captured; this snapshot is no good", failed.required.join(", "));
        return Ok(Exit::Finding);
    }
    if !failed.optional.is_empty() {
        eprintln!("without {}, which may be missing", failed.optional.join(", "));
    }
    Ok(Exit::Fine)
}

pub(crate) fn failure(error: CreateError) -> Failure {
    let hint = match &error {
        CreateError::Locked { .. } => "wait for it with --wait SECS",
        error if error.is_out_of_space() => "`plimsoll snapshot prune` makes room",
        CreateError::Write { .. } => "repair the store's place, and run it again",
        CreateError::ReadBack { .. } => {
            "run it again; if that repeats, do not trust the store's disk"
        }
        _ => "see `plimsoll snapshot create --help`",
    };
    Failure::refused(error).with_hint(hint)
}

/// Names of parts that failed.
#[derive(Debug, Default)]
pub(crate) struct FailedParts {
    pub(crate) required: Vec<String>,
    pub(crate) optional: Vec<String>,
}

impl FailedParts {
    pub(crate) fn of(manifest: &Manifest) -> Self {
        let mut failed = Self::default();
        for part in &manifest.parts {
            if !matches!(part.outcome, Outcome::Failed { .. }) {
                continue;
            }
            match part.need {
                Need::Required => failed.required.push(format!("`{}`", part.name)),
                Need::Optional => failed.optional.push(format!("`{}`", part.name)),
            }
        }
        failed
    }
}

/// A snapshot and its parts, a line each.
pub(crate) fn described(manifest: &Manifest) -> String {
    let state = if manifest.is_good() { "good" } else { "FAILED" };
    let entries: u64 = manifest.parts.iter().map(|part| part.entries).sum();
    let len: u64 = manifest.parts.iter().map(|part| part.len_bytes).sum();
    let mut text = format!(
        "{}  {state}  {entries} entries, {}; {} in packs\n",
        manifest.id,
        bytes(len),
        bytes(manifest.stored_bytes())
    );
    let width = manifest.parts.iter().map(|part| part.name.chars().count()).max().unwrap_or(0);
    for part in &manifest.parts {
        let (word, rest) = match &part.outcome {
            Outcome::Captured => {
                ("captured", format!("{} entries, {}", part.entries, bytes(part.len_bytes)))
            }
            Outcome::Failed { why } => ("FAILED", why.clone()),
            Outcome::Skipped { why } => ("skipped", why.clone()),
            _ => ("unknown", String::new()),
        };
        text.push_str(&format!("  {:<width$}  {word:<8}  {rest}\n", part.name));
        for note in &part.notes {
            text.push_str(&format!("  {:<width$}  note      {note}\n", ""));
        }
    }
    text
}
