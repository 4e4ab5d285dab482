//! What is installed, against what is declared.

use super::Ecosystem;
use crate::Around;
use crate::check::{Canon, check_text};
use crate::report::{Finding, Level, Occurrence, Place, State};

/// A package, a runtime or a container's image that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Installed {
    /// Where it comes from.
    pub ecosystem: Ecosystem,
    /// Its name; of an image with its registry, without its tag.
    pub name: String,
    /// Its version; of an image its tag.
    pub version: String,
    /// Where it is, as a name for people: the container of an image. Which environment that belongs to is read from it.
    pub at: String,
}

impl Installed {
    /// A package that is installed.
    pub fn new(ecosystem: Ecosystem, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { ecosystem, name: name.into(), version: version.into(), at: String::new() }
    }

    /// Says where it is.
    #[must_use]
    pub fn at(self, at: impl Into<String>) -> Self {
        Self { at: at.into(), ..self }
    }

    /// It as a file would state it, which decides what it is compared with. `None` if no file could.
    fn as_file(&self) -> Option<(&'static str, String)> {
        let is_plain = |text: &str, more: &str| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|c| c.is_alphanumeric() || "-_.+!".contains(c) || more.contains(c))
        };
        let Self { ecosystem, name, version, at } = self;
        if !is_plain(name, "/:@") || !is_plain(version, "") {
            return None;
        }
        Some(match (ecosystem, name.as_str()) {
            (Ecosystem::Image, _) => {
                let service = if is_plain(at, "") { at } else { "container" };
                let text = format!("services:\n  {service}:\n    image: \"{name}:{version}\"\n");
                ("compose.yml", text)
            }
            (Ecosystem::Python, "python") => (".python-version", format!("{version}\n")),
            (Ecosystem::Cargo, "rust") => ("rust-toolchain", format!("{version}\n")),
            _ => ("requirements.txt", format!("{name}=={version}\n")),
        })
    }

    fn place(&self) -> String {
        match self.ecosystem {
            Ecosystem::Image => format!("container:{}", self.at),
            Ecosystem::Python => format!("python:{}", self.name),
            Ecosystem::Cargo => format!("cargo:{}", self.name),
            Ecosystem::Npm => format!("npm:{}", self.name),
        }
    }
}

/// A port: tells what is installed.
pub trait ListInstalled {
    /// The packages and runtimes that are installed, runtimes by `python` and `rust`; of an engine the images of the
    /// containers that run.
    ///
    /// # Errors
    ///
    /// Why nobody could tell, as a fragment of a sentence.
    fn list(&self) -> Result<Vec<Installed>, String>;
}

/// Asks what is installed. Who does not answer is a finding, `unreachable`, by a name for people.
pub fn ask(around: &mut Around, from: &dyn ListInstalled, name: &str) {
    match from.list() {
        Ok(installed) => around.installed.extend(installed),
        Err(why) => {
            let place = Place::top_of(format!("{name}:"));
            let finding = Finding::new("installed", State::Unreachable, Level::Error, name, place);
            let message = format!("nobody can tell what is installed for {name}: {why}");
            around.findings.push(finding.with_message(message));
        }
    }
}

/// The findings about what is installed, and how many versions were compared with what is declared.
pub(crate) fn against_canon(canon: &Canon, installed: &[Installed]) -> (Vec<Finding>, usize) {
    let mut findings = Vec::new();
    let mut compared = 0;
    for have in installed {
        let Some((path, text)) = have.as_file() else { continue };
        let occurrences = check_text(canon, path, &text).occurrences;
        compared += occurrences.len();
        let drifted = occurrences.iter().filter(|found| found.state == State::Drift);
        findings.extend(drifted.map(|found| finding(have, found)));
    }
    (findings, compared)
}

fn finding(have: &Installed, found: &Occurrence) -> Finding {
    let key = found.keys.join(" or ");
    let profile = found.profile.as_ref().map(|name| format!(" in {name}")).unwrap_or_default();
    let what = match have.ecosystem {
        Ecosystem::Image => format!("the container `{}` runs", have.at),
        _ => "what is installed is".to_owned(),
    };
    let message = format!(
        "`{key}`{profile} is {}, and {what} `{}` {} (declared at {})",
        found.declared, have.name, have.version, found.origin
    );
    let place = Place::top_of(have.place());
    let finding = Finding::new("installed", State::Drift, Level::Error, key, place);
    Finding {
        found: Some(have.version.clone()),
        declared: Some(found.declared.clone()),
        origin: Some(found.origin.clone()),
        profile: found.profile.clone(),
        ..finding.with_message(message)
    }
}
