//! The configuration of a command: where its files are, and what to say when something is wrong.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use plimsoll_ssot::{
    CANONICAL, Layers, Look, Problems, Section, Ssot, SystemSecrets, find_canonical,
};

use crate::failure::{Failure, Hint as _};
use crate::glue::sections;

/// Which configuration.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ConfigArgs {
    /// The canonical file [default: config/canonical.yaml of this repository, if it is there]
    #[arg(long, value_name = "FILE", env = "PLIMSOLL_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// The profile: dev, staging, prod, or another one that the file declares
    #[arg(long, value_name = "NAME", env = "PLIMSOLL_PROFILE")]
    pub(crate) profile: Option<String>,
}

impl ConfigArgs {
    /// The canonical file; `None` when there is none and nobody asked for one.
    pub(crate) fn canonical(&self) -> Result<Option<PathBuf>, Failure> {
        if let Some(path) = self.config.as_deref().filter(|path| !path.as_os_str().is_empty()) {
            return Ok(Some(path.to_owned()));
        }
        let here = std::env::current_dir().context("cannot tell the current directory")?;
        let found = find_canonical(&here).hint("name the file with --config")?;
        // Shown in errors: a path from here is shorter than one from the root.
        Ok(found.map(|path| path.strip_prefix(&here).map(Path::to_owned).unwrap_or(path)))
    }

    /// A section as the files say it, for what outlives this command and its environment. `root` is where the canonical
    /// file is looked for, if nobody names one.
    pub(crate) fn section_of_files<T: serde::de::DeserializeOwned>(
        &self,
        name: &str,
        root: &Path,
    ) -> Result<T, Failure> {
        let named = self.config.as_deref().filter(|path| !path.as_os_str().is_empty());
        let path = match named {
            Some(path) => Some(path.to_owned()),
            None => find_canonical(root).hint("name the file with --config")?,
        };
        let ours = std::env::vars_os().filter(|(variable, _)| {
            let prefix = format!("PLIMSOLL_{}__", name.to_ascii_uppercase());
            !variable.to_string_lossy().starts_with(&prefix)
        });
        let layers = sections::all().with_env(ours).with_secrets(SystemSecrets);
        let ssot = self.over(layers, path)?.load().map_err(|problems| broken(&problems))?;
        ssot.section(name).map(Section::into_inner).map_err(|problems| broken(&problems))
    }

    /// Everything that speaks, read and not judged yet.
    pub(crate) fn layers(&self) -> Result<Layers, Failure> {
        let layers = sections::all().with_env(std::env::vars_os()).with_secrets(SystemSecrets);
        self.over(layers, self.canonical()?)
    }

    /// The file and the profile over what is there.
    fn over(&self, mut layers: Layers, canonical: Option<PathBuf>) -> Result<Layers, Failure> {
        if let Some(path) = canonical {
            layers = layers
                .with_files(&path)
                .hint("the file named by --config or PLIMSOLL_CONFIG has to be there")?;
        }
        if let Some(profile) = self.profile.as_deref().filter(|profile| !profile.is_empty()) {
            layers = layers.with_profile(profile);
        }
        Ok(layers)
    }

    /// The configuration. Without a file that is the defaults, which is said once.
    pub(crate) fn load(&self) -> Result<Ssot, Failure> {
        let ssot = self.layers()?.load().map_err(|problems| broken(&problems))?;
        if !ssot.has_file() {
            tell_defaults();
        }
        Ok(ssot)
    }

    /// A section of the configuration, for a command that works with it; nothing is said of
    /// defaults, because they are what such a command does by itself.
    pub(crate) fn section<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, Failure> {
        let ssot = self.layers()?.load().map_err(|problems| broken(&problems))?;
        ssot.section(name).map(Section::into_inner).map_err(|problems| broken(&problems))
    }
}

/// Says that nobody said anything.
pub(crate) fn tell_defaults() {
    eprintln!("no {CANONICAL} here or above: every value is a default");
}

/// All problems as excerpts on stderr.
pub(crate) fn show(problems: &Problems) {
    let look = if std::io::stderr().is_terminal() { Look::Colored } else { Look::Plain };
    eprintln!("{}\n", problems.render(look));
}

/// A configuration that cannot be used: nothing was done with it, and no default stands in.
pub(crate) fn broken(problems: &Problems) -> Failure {
    show(problems);
    let count = problems.len();
    let noun = if count == 1 { "problem" } else { "problems" };
    Failure::new(anyhow::anyhow!("the configuration has {count} {noun}"))
        .with_hint("nothing was done; `plimsoll ssot check` looks again")
}
