//! What is checked, and against what.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use plimsoll_drift::{
    Around, Baseline, Canon, Config, Declared, Report, State, Walked, check_files, check_tree,
    summarize,
};
use plimsoll_ssot::{CANONICAL, Layers, Section, Ssot, SystemSecrets, find_canonical};

use crate::configuration::{ConfigArgs, broken, tell_defaults};
use crate::failure::{Failure, Hint as _};
use crate::glue::{sections, ssot_drift};
use crate::moment;

/// Which repository, and how it is looked at.
#[derive(Debug, Clone, Args)]
pub(crate) struct SubjectArgs {
    /// The repository [default: that of the canonical file, or of the current directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// Only these keys, and all below them
    #[arg(long, value_name = "KEY")]
    pub(crate) only: Vec<String>,
    /// What nobody declares fails too, as with `drift.strict: true`
    #[arg(long)]
    pub(crate) strict: bool,
    /// Leave the baseline out: accepted drift is drift
    #[arg(long)]
    pub(crate) no_baseline: bool,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// A repository and what it is held to.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) root: PathBuf,
    pub(crate) canon: Canon,
    pub(crate) config: Config,
    /// Below the root; `None` if there is none and the defaults stand in.
    pub(crate) canonical: Option<PathBuf>,
    /// What is declared, as it came.
    pub(crate) declared: Vec<Declared>,
    pub(crate) baseline: Option<Baseline>,
}

impl SubjectArgs {
    /// The repository's folder, and its canonical file if it has one.
    pub(crate) fn places(&self) -> Result<(PathBuf, Option<PathBuf>), Failure> {
        let here = std::env::current_dir().context("cannot tell the current directory")?;
        let whole = |path: &Path| {
            fs::canonicalize(here.join(path))
                .with_context(|| format!("cannot read `{}`", path.display()))
        };
        let from = match &self.root {
            Some(root) => whole(root)?,
            None => here.clone(),
        };
        let named = self.config.config.as_deref().filter(|path| !path.as_os_str().is_empty());
        let canonical = match named {
            Some(path) => Some(whole(path).hint("--config names the canonical file")?),
            None => find_canonical(&from).hint("name the file with --config")?,
        };
        let root = match (&self.root, &canonical) {
            (Some(_), _) => from,
            (None, Some(path)) => {
                match path.ancestors().find(|above| path == &above.join(CANONICAL)) {
                    Some(root) => root.to_owned(),
                    None => repository(&here),
                }
            }
            (None, None) => repository(&here),
        };
        Ok((root, canonical))
    }

    /// Everything that a check needs.
    pub(crate) fn read(&self) -> Result<Subject, Failure> {
        let (root, canonical) = self.places()?;
        self.read_at(root, canonical)
    }

    /// The same for files that lie elsewhere.
    pub(crate) fn read_at(
        &self,
        root: PathBuf,
        canonical: Option<PathBuf>,
    ) -> Result<Subject, Failure> {
        let all =
            self.layers(canonical.as_deref())?.check().map_err(|problems| broken(&problems))?;
        let section = |ssot: &Ssot| ssot.section(sections::DRIFT).map(Section::into_inner);
        let mut config: Config = match all.first().map(section) {
            Some(Ok(config)) => config,
            Some(Err(problems)) => return Err(broken(&problems)),
            None => Config::default(),
        };
        config.strict |= self.strict;
        let mut declared = ssot_drift::declared(&all, &config, &root);
        if !self.only.is_empty() {
            let is_wanted = |key: &str| self.only.iter().any(|only| is_part(key, only));
            declared.retain(|value| is_wanted(&value.key) || value.key == "tables");
        }
        let canon = Canon::new(&declared, config.clone()).hint(
            "the canonical file has to declare something; `plimsoll ssot show` has what it says",
        )?;
        let baseline = self.baseline(&root, &config)?;
        let canonical = canonical.map(|path| match path.strip_prefix(&root) {
            Ok(below) => below.to_owned(),
            Err(_) => path,
        });
        if canonical.is_none() {
            tell_defaults();
        }
        Ok(Subject { root, canon, config, canonical, declared, baseline })
    }

    /// The canonical file and nothing else: what a machine or a variable says does not hold for the repository.
    fn layers(&self, canonical: Option<&Path>) -> Result<Layers, Failure> {
        let mut layers = sections::all().with_secrets(SystemSecrets);
        if let Some(path) = canonical {
            let text = fs::read(path)
                .with_context(|| format!("cannot read `{}`", path.display()))
                .hint("nothing was compared")?;
            layers = layers.with_file(path, text);
        }
        if let Some(profile) = self.config.profile.as_deref().filter(|profile| !profile.is_empty())
        {
            layers = layers.with_profile(profile);
        }
        Ok(layers)
    }

    /// What is accepted, if it is not to be left out.
    pub(crate) fn baseline(
        &self,
        root: &Path,
        config: &Config,
    ) -> Result<Option<Baseline>, Failure> {
        if self.no_baseline {
            return Ok(None);
        }
        read_baseline(&root.join(&config.baseline))
    }
}

/// Accepted drift; `None` if there is no file.
pub(crate) fn read_baseline(path: &Path) -> Result<Option<Baseline>, Failure> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let failure =
                anyhow::Error::new(error).context(format!("cannot read `{}`", path.display()));
            return Err(
                Failure::new(failure).with_hint("nothing was accepted, and nothing was compared")
            );
        }
    };
    let baseline = Baseline::parse(&text)
        .with_context(|| format!("cannot use `{}`", path.display()))
        .hint("repair it, or look without it: --no-baseline")?;
    Ok(Some(baseline))
}

fn is_part(key: &str, part: &str) -> bool {
    key.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The folder of the repository that a folder is in; the folder itself if it is in none.
fn repository(here: &Path) -> PathBuf {
    here.ancestors().find(|above| above.join(".git").exists()).unwrap_or(here).to_owned()
}

impl Subject {
    /// Checks all files, or some.
    pub(crate) fn check(&self, files: &[PathBuf], mut around: Around) -> Report {
        let walked = if files.is_empty() {
            around.is_whole = true;
            check_tree(&self.canon, &self.root)
        } else {
            self.some(files)
        };
        around.skipped.extend(walked.skipped);
        let mut report = summarize(&self.canon, walked.files, around);
        if let Some(baseline) = &self.baseline {
            let unused = baseline.apply(&mut report, &today(), &self.config.baseline);
            if !unused.is_empty() && !files.is_empty() {
                // Of some files only, what others have is not told.
                report
                    .findings
                    .retain(|finding| finding.rule != "baseline" || finding.state == State::Drift);
            }
        }
        report
    }

    /// Files by their paths, and all below folders.
    fn some(&self, files: &[PathBuf]) -> Walked {
        let mut walked = Walked::default();
        let (folders, files): (Vec<&PathBuf>, Vec<&PathBuf>) =
            files.iter().partition(|path| self.root.join(path).is_dir());
        let files: Vec<PathBuf> = files.into_iter().cloned().collect();
        if !files.is_empty() {
            walked = check_files(&self.canon, &self.root, &files);
        }
        if !folders.is_empty() {
            let below = check_tree(&self.canon, &self.root);
            let is_below =
                |path: &str| folders.iter().any(|folder| Path::new(path).starts_with(folder));
            walked.files.extend(below.files.into_iter().filter(|file| is_below(&file.path)));
            walked
                .skipped
                .extend(below.skipped.into_iter().filter(|skipped| is_below(&skipped.path)));
        }
        walked
    }

    /// Paths as typed here, as paths below the root.
    pub(crate) fn below(&self, files: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
        let below = |path: &PathBuf| {
            let whole = fs::canonicalize(path)
                .with_context(|| format!("cannot read `{}`", path.display()))?;
            let below = whole.strip_prefix(&self.root).map(Path::to_owned);
            below.with_context(|| {
                format!("`{}` is not below `{}`", path.display(), self.root.display())
            })
        };
        let paths: Result<Vec<PathBuf>, anyhow::Error> = files.iter().map(below).collect();
        let paths = paths.hint("name files of this repository, or it with --root")?;
        // The root itself is the whole.
        Ok(if paths.iter().any(|path| path.as_os_str().is_empty()) { Vec::new() } else { paths })
    }
}

/// Today in UTC, as `2026-12-31`.
pub(crate) fn today() -> String {
    let now = jiff::Timestamp::try_from(moment::now()).unwrap_or_default();
    now.to_string().chars().take("2026-12-31".len()).collect()
}
