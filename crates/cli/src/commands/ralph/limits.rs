//! `plimsoll ralph limits`, and the same for other commands: bounds from the configuration to the file that hooks read.

use clap::Args;
use plimsoll_ralph::Config;
use plimsoll_ralph::hook::{LimitsFile, Project, source_digest};
use plimsoll_ralph::install::Severity;

use super::DirArgs;
use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure, Hint as _};
use crate::glue::sections::RALPH;

const STALE: &str = "`plimsoll ralph limits` writes them anew";

/// Arguments of `plimsoll ralph limits`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 written, or --check and up to date; 1 --check and stale; 2 it cannot be told."
)]
pub(crate) struct LimitsArgs {
    /// Only say whether the file is up to date
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    dir: DirArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &LimitsArgs) -> Result<Exit, Failure> {
    let project = args.dir.open()?;
    if args.check {
        let stale = stale(&project, &args.config)?;
        match &stale {
            Some(stale) => println!("{}\nhint: {STALE}", stale.what),
            None => println!("up to date"),
        }
        return Ok(if stale.is_some() { Exit::Finding } else { Exit::Fine });
    }
    write(&project, &resolved(&project, &args.config)?)?;
    println!("wrote {}", super::scope::shown(&project.dir().join(plimsoll_ralph::hook::LIMITS)));
    Ok(Exit::Fine)
}

/// The bounds that the configuration says, without this shell's environment: hooks look at their own.
pub(crate) fn resolved(project: &Project, args: &ConfigArgs) -> Result<LimitsFile, Failure> {
    let config: Config = args.section_of_files(RALPH, project.root())?;
    let digest = source_digest(project.root(), &config.guard_list.canonical_file);
    Ok(LimitsFile::new(config, digest))
}

/// Writes them for the hooks.
pub(crate) fn write(project: &Project, limits: &LimitsFile) -> Result<(), Failure> {
    let dir = project
        .make_dir()
        .map_err(|error| anyhow::anyhow!("cannot make `{}`: {error}", project.dir().display()))
        .hint("make the project's directory writable")?;
    Ok(limits.write(&dir)?)
}

/// How the file of the hooks differs from what the configuration says.
#[derive(Debug)]
pub(crate) struct Stale {
    /// What differs, key by key.
    pub(crate) what: String,
    /// How bad that is: with other bounds hooks are wrong, and do not mend it by themselves.
    pub(crate) severity: Severity,
}

/// Compares the file of the hooks with the configuration; `None`: it is what the configuration says.
pub(crate) fn stale(project: &Project, args: &ConfigArgs) -> Result<Option<Stale>, Failure> {
    let wanted = resolved(project, args)?;
    let Some(found) = LimitsFile::read(&project.dir()).hint(STALE)? else {
        let what =
            "the bounds of the configuration are not written yet: the next session writes them";
        let is_stale = wanted.source_digest.is_some();
        return Ok(is_stale.then(|| Stale { what: what.to_owned(), severity: Severity::Warning }));
    };
    if found.ralph != wanted.ralph {
        let what = differing(&found.ralph, &wanted.ralph)?;
        return Ok(Some(Stale { what, severity: Severity::Problem }));
    }
    if found.source_digest == wanted.source_digest {
        return Ok(None);
    }
    let short = |digest: Option<String>| {
        digest.map_or_else(|| "no file".to_owned(), |text| text.chars().take(12).collect())
    };
    let what = format!(
        "the bounds were written from {}, the configuration is {} now; the values are the same, and the next session \
         takes note",
        short(found.source_digest),
        short(wanted.source_digest)
    );
    Ok(Some(Stale { what, severity: Severity::Fine }))
}

fn differing(found: &Config, wanted: &Config) -> Result<String, Failure> {
    let (found, wanted) = (serde_json::to_value(found)?, serde_json::to_value(wanted)?);
    let fields = wanted.as_object().into_iter().flatten();
    let differ: Vec<String> = fields
        .filter(|(key, value)| found.get(key.as_str()) != Some(value))
        .map(|(key, value)| {
            let found = found.get(key.as_str()).unwrap_or(&serde_json::Value::Null);
            format!("ralph.{key}: hooks have {found}, the configuration says {value}")
        })
        .collect();
    Ok(differ.join("\n"))
}
