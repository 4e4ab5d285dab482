//! Packages: what manifests ask for, what lock files hold, what is installed.

mod installed;

use crate::format::Format;
use crate::outline::{Form, Outline};
use crate::report::{Finding, Level, Place, State};
use crate::span::Span;
use crate::value::version::{Range, Version};

/// Where a package comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Ecosystem {
    /// Python.
    Python,
    /// Rust.
    Cargo,
    /// Node.
    Npm,
    /// Images of containers.
    Image,
}

pub(crate) use installed::against_canon;
pub use installed::{Installed, ListInstalled, ask};

/// A package where a manifest or a lock file names it.
#[derive(Clone, Debug)]
pub(crate) struct PackageAt {
    pub(crate) ecosystem: Ecosystem,
    pub(crate) name: String,
    pub(crate) versions: String,
    pub(crate) is_locked: bool,
    pub(crate) place: Place,
}

/// The ecosystem of a manifest or lock file.
pub(crate) fn ecosystem(format: Format, name: &str) -> Option<Ecosystem> {
    match format {
        Format::PyProject | Format::Requirements => Some(Ecosystem::Python),
        Format::CargoManifest => Some(Ecosystem::Cargo),
        Format::PackageJson | Format::PackageLock => Some(Ecosystem::Npm),
        Format::Lock if name.eq_ignore_ascii_case("cargo.lock") => Some(Ecosystem::Cargo),
        Format::Lock => Some(Ecosystem::Python),
        _ => None,
    }
}

/// The packages that an outline of a manifest or lock file has.
pub(crate) fn packages(
    outline: &Outline,
    ecosystem: Ecosystem,
    format: Format,
    text: &str,
    place: impl Fn(Span) -> Place,
) -> Vec<PackageAt> {
    let is_lock = matches!(format, Format::Lock | Format::PackageLock);
    let mut found = Vec::new();
    for statement in &outline.statements {
        let is_locked = statement.form == Form::Pinned;
        let Some(scope) = outline.get(statement.scope) else { continue };
        // A renamed dependency is known by the package that it names.
        let name = scope.also.first().copied().unwrap_or(scope.name).of(text);
        let versions = statement.value.of(text);
        let (name, versions) = match (statement.form, runtime(ecosystem, name)) {
            (Form::Requirement | Form::Pinned, _) => (name.to_owned(), versions.to_owned()),
            (Form::Value, Some(runtime)) if !is_lock => {
                let is_least = ecosystem == Ecosystem::Cargo;
                (runtime.to_owned(), format!("{}{versions}", if is_least { ">=" } else { "" }))
            }
            _ => continue,
        };
        found.push(PackageAt {
            ecosystem,
            name,
            versions,
            is_locked,
            place: place(statement.value),
        });
    }
    found
}

/// The runtime that a key of a manifest asks for.
fn runtime(ecosystem: Ecosystem, key: &str) -> Option<&'static str> {
    match (ecosystem, key) {
        (Ecosystem::Python, "requires-python") => Some("python"),
        (Ecosystem::Cargo, "rust-version") => Some("rust"),
        _ => None,
    }
}

/// The name by which an ecosystem knows a package.
fn normal(ecosystem: Ecosystem, name: &str) -> String {
    match ecosystem {
        Ecosystem::Python => name.to_ascii_lowercase().replace(['_', '.'], "-"),
        Ecosystem::Cargo => name.replace('_', "-"),
        Ecosystem::Npm | Ecosystem::Image => name.to_owned(),
    }
}

fn range(ecosystem: Ecosystem, text: &str) -> Option<Range> {
    match ecosystem {
        Ecosystem::Python | Ecosystem::Image => Range::parse(text),
        Ecosystem::Cargo | Ecosystem::Npm => Range::of_default_caret(text),
    }
}

/// The findings about packages, and how many versions were compared.
pub(crate) fn agree(packages: &[&PackageAt], installed: &[Installed]) -> (Vec<Finding>, usize) {
    let mut findings = Vec::new();
    let mut compared = 0;
    for wanted in packages.iter().filter(|package| !package.is_locked) {
        let Some(range) = range(wanted.ecosystem, &wanted.versions) else { continue };
        let locks = locks_of(wanted, packages);
        if !locks.is_empty() {
            compared += 1;
            findings.extend(against_lock(wanted, &range, &locks));
        }
        let name = normal(wanted.ecosystem, &wanted.name);
        let here = installed.iter().find(|have| {
            // Cargo installs programs; a dependency of the same name is built from the lock file.
            have.ecosystem == wanted.ecosystem
                && (have.ecosystem != Ecosystem::Cargo || name == "rust")
                && normal(have.ecosystem, &have.name) == name
        });
        if let Some(have) = here {
            compared += 1;
            let is_right =
                Version::parse(&have.version).is_some_and(|version| range.contains(&version));
            if !is_right {
                let message = format!(
                    "the manifest asks for `{}` {}, and {} is installed",
                    wanted.name, wanted.versions, have.version
                );
                let finding = Finding::new(
                    "installed",
                    State::Drift,
                    Level::Error,
                    &wanted.name,
                    wanted.place.clone(),
                );
                findings.push(Finding {
                    found: Some(have.version.clone()),
                    declared: Some(wanted.versions.clone()),
                    ..finding.with_message(message)
                });
            }
        }
    }
    (findings, compared)
}

/// The entries of the nearest lock file that has this package's ecosystem: in its folder, or above it.
fn locks_of<'a>(wanted: &PackageAt, packages: &[&'a PackageAt]) -> Vec<&'a PackageAt> {
    let folder = folder(&wanted.place.path);
    // Only Cargo looks for a lock file above; elsewhere each folder with a manifest is a project of its own.
    let is_above = |package: &&&PackageAt| {
        let lock = &package.place.path;
        let is_near = self::folder(lock) == folder
            || (wanted.ecosystem == Ecosystem::Cargo && is_at_or_above(folder, lock));
        package.is_locked && package.ecosystem == wanted.ecosystem && is_near
    };
    let nearest = packages
        .iter()
        .filter(is_above)
        .map(|package| package.place.path.as_str())
        .max_by_key(|path| path.len());
    let Some(nearest) = nearest else { return Vec::new() };
    packages
        .iter()
        .filter(|package| package.is_locked && package.place.path == nearest)
        .copied()
        .collect()
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn is_at_or_above(below: &str, lock: &str) -> bool {
    let above = folder(lock);
    above.is_empty()
        || below == above
        || below.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
}

fn against_lock(wanted: &PackageAt, range: &Range, locks: &[&PackageAt]) -> Option<Finding> {
    let name = normal(wanted.ecosystem, &wanted.name);
    let locked: Vec<&&PackageAt> =
        locks.iter().filter(|package| normal(package.ecosystem, &package.name) == name).collect();
    let is_right = |package: &&&PackageAt| {
        Version::parse(&package.versions).is_none_or(|version| range.contains(&version))
    };
    if locked.iter().any(is_right) {
        return None;
    }
    let Some(first) = locked.first() else {
        let lock = locks.first()?;
        // Runtimes are in no lock file's list.
        if ["python", "rust", "node", "npm"].contains(&name.as_str()) {
            return None;
        }
        let message = format!(
            "the manifest asks for `{}` {}, and {} does not have it",
            wanted.name, wanted.versions, lock.place.path
        );
        let finding = Finding::new(
            "lock",
            State::MissingInDocument,
            Level::Warning,
            &wanted.name,
            wanted.place.clone(),
        );
        return Some(Finding {
            declared: Some(wanted.versions.clone()),
            ..finding.with_message(message)
        });
    };
    let message = format!(
        "the manifest asks for `{}` {} ({}), and the lock file holds {}",
        wanted.name, wanted.versions, wanted.place, first.versions
    );
    let finding =
        Finding::new("lock", State::Drift, Level::Error, &wanted.name, first.place.clone());
    Some(Finding {
        found: Some(first.versions.clone()),
        declared: Some(wanted.versions.clone()),
        related: vec![(wanted.place.clone(), "asks for it".to_owned())],
        ..finding.with_message(message)
    })
}
