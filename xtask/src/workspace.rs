//! Where the workspace is, and what cargo knows about it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;

use crate::{command, machine};

/// The checkout that this program was built from.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
}

/// One member of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Without `default`; sorted.
    pub(crate) features: Vec<String>,
    pub(crate) is_published: bool,
    pub(crate) has_benches: bool,
}

impl Workspace {
    pub(crate) fn here() -> anyhow::Result<Workspace> {
        // The one of this run: a shared target directory may hold a program that another checkout built.
        let now = machine::env("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let manifest_dir = now.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).to_owned());
        let root = manifest_dir.parent().context("xtask has no parent directory")?;
        Ok(Workspace { root: root.to_owned() })
    }

    /// `cargo` in the root, with these arguments.
    pub(crate) fn cargo<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        let cargo = machine::env("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(args).current_dir(&self.root);
        command
    }

    /// Where our own scratch goes: beside cargo's output, so that `cargo clean` removes it.
    pub(crate) fn scratch(&self) -> anyhow::Result<PathBuf> {
        let target =
            machine::env("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
        let scratch = self.root.join(target).join("xtask");
        std::fs::create_dir_all(&scratch)
            .with_context(|| format!("cannot create `{}`", scratch.display()))?;
        Ok(scratch)
    }

    /// The members, by name.
    pub(crate) fn packages(&self) -> anyhow::Result<Vec<Package>> {
        let mut command = self.cargo(["metadata", "--format-version", "1", "--no-deps"]);
        let json = command::stdout_of(&mut command, Duration::from_secs(300))?;
        packages_of(&serde_json::from_str(&json).context("cargo metadata is not JSON")?)
    }
}

fn packages_of(metadata: &Value) -> anyhow::Result<Vec<Package>> {
    let packages = metadata.get("packages").and_then(Value::as_array);
    let packages = packages.context("cargo metadata has no packages")?;
    let mut found = packages.iter().map(package_of).collect::<anyhow::Result<Vec<_>>>()?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn package_of(package: &Value) -> anyhow::Result<Package> {
    let name = package.get("name").and_then(Value::as_str).context("a package has no name")?;
    let features = package.get("features").and_then(Value::as_object);
    let features = features.with_context(|| format!("`{name}` has no features table"))?;
    let mut features: Vec<String> = features.keys().filter(|f| *f != "default").cloned().collect();
    features.sort();
    let targets = package.get("targets").and_then(Value::as_array).cloned().unwrap_or_default();
    let is_bench = |target: &Value| {
        let kinds = target.get("kind").and_then(Value::as_array);
        kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "bench"))
    };
    let is_published = package
        .get("publish")
        .is_none_or(|publish| publish.as_array().is_none_or(|to| !to.is_empty()));
    Ok(Package {
        name: name.to_owned(),
        features,
        is_published,
        has_benches: targets.iter().any(is_bench),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_read_from_cargo_metadata() {
        let json = r#"{"packages": [
            {"name": "b", "features": {"default": ["x"], "x": [], "a": []}, "publish": null,
             "targets": [{"kind": ["lib"]}, {"kind": ["bench"]}]},
            {"name": "a", "features": {}, "publish": [], "targets": [{"kind": ["bin"]}]}]}"#;
        let packages = packages_of(&serde_json::from_str(json).unwrap()).unwrap();
        let names: Vec<_> = packages.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(packages[1].features, ["a", "x"]);
        assert!(packages[1].is_published && packages[1].has_benches);
        assert!(!packages[0].is_published && !packages[0].has_benches);
    }
}
