//! The packages as a registry would get them.

use crate::command;
use crate::steps::Outcome;
use crate::workspace::Workspace;

pub(super) fn step(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let packages: Vec<_> = workspace.packages()?.into_iter().filter(|p| p.is_published).collect();
    let mut cargo = workspace.cargo(["package", "--no-verify", "--allow-dirty", "--quiet"]);
    for package in &packages {
        cargo.args(["-p", &package.name]);
    }
    let status = command::run(&mut cargo, super::STEP_LIMIT)?;
    Ok(if status.success() {
        Outcome::Passed(format!("{} packages", packages.len()))
    } else {
        Outcome::Failed(status.to_string())
    })
}
