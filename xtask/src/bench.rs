//! `cargo xtask bench`: the benchmarks that exist.

use std::time::Duration;

use anyhow::bail;

use crate::command;
use crate::steps::{Outcome, Steps, Verdict};
use crate::workspace::{Package, Workspace};

const LIMIT: Duration = Duration::from_secs(30 * 60);

pub(crate) fn run(workspace: &Workspace, name: Option<&str>) -> anyhow::Result<Verdict> {
    let packages = chosen(workspace.packages()?, name)?;
    let mut steps = Steps::default();
    for package in &packages {
        steps.run(&format!("bench {}", package.name), || {
            if !package.has_benches {
                return Ok(Outcome::Skipped("the package has no benches/".into()));
            }
            let mut cargo = workspace.cargo(["bench", "--benches", "-p", &package.name]);
            let status = command::run(&mut cargo, LIMIT)?;
            Ok(if status.success() {
                Outcome::Passed(String::new())
            } else {
                Outcome::Failed(status.to_string())
            })
        });
    }
    Ok(steps.finish(&[]))
}

fn chosen(packages: Vec<Package>, name: Option<&str>) -> anyhow::Result<Vec<Package>> {
    let Some(name) = name else {
        return Ok(packages.into_iter().filter(|package| package.has_benches).collect());
    };
    let long = format!("plimsoll-{name}");
    let found: Vec<_> = packages.into_iter().filter(|p| p.name == name || p.name == long).collect();
    if found.is_empty() { bail!("no package is called `{name}` or `{long}`") } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_found_by_its_short_name() {
        let package = |name: &str, has_benches| Package {
            name: name.into(),
            features: Vec::new(),
            is_published: true,
            has_benches,
        };
        let packages = vec![package("plimsoll-metrics", true), package("plimsoll-kit", false)];
        let names = |found: Vec<Package>| found.into_iter().map(|p| p.name).collect::<Vec<_>>();
        assert_eq!(names(chosen(packages.clone(), Some("kit")).unwrap()), ["plimsoll-kit"]);
        assert_eq!(names(chosen(packages.clone(), None).unwrap()), ["plimsoll-metrics"]);
        assert!(chosen(packages, Some("core")).is_err());
    }
}
