//! Each feature alone, none, and all: a combination that somebody picks has to build.

use crate::command;
use crate::steps::{Outcome, say};
use crate::workspace::{Package, Workspace};

pub(super) fn step(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let mut count = 0_usize;
    let mut failed = Vec::new();
    for package in workspace.packages()? {
        for choice in choices(&package) {
            let shown = format!("{} {}", package.name, choice.join(" "));
            say(&format!("    check -p {shown}"));
            let mut cargo = workspace.cargo(["check", "--quiet", "-p", &package.name]);
            cargo.args(&choice);
            let status = command::run(&mut cargo, super::STEP_LIMIT)?;
            count += 1;
            if !status.success() {
                failed.push(shown);
            }
        }
    }
    Ok(if failed.is_empty() {
        Outcome::Passed(format!("{count} combinations"))
    } else {
        Outcome::Failed(format!("{} of {count} combinations: {}", failed.len(), failed.join("; ")))
    })
}

/// What to give to `cargo check` for one package; nothing for a package without features.
fn choices(package: &Package) -> Vec<Vec<String>> {
    if package.features.is_empty() {
        return Vec::new();
    }
    let none = vec!["--no-default-features".to_owned()];
    let alone = package.features.iter().map(|feature| {
        vec!["--no-default-features".to_owned(), "--features".to_owned(), feature.clone()]
    });
    let all = vec!["--all-features".to_owned()];
    std::iter::once(none).chain(alone).chain(std::iter::once(all)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(features: &[&str], expected: &[&str]) {
        let features = features.iter().map(ToString::to_string).collect();
        let package =
            Package { name: "a".into(), features, is_published: true, has_benches: false };
        let shown: Vec<String> = choices(&package).iter().map(|choice| choice.join(" ")).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn each_feature_is_built_alone_and_with_none_and_all() {
        check(&[], &[]);
        let alone = ["--no-default-features --features x", "--no-default-features --features y"];
        check(&["x", "y"], &["--no-default-features", alone[0], alone[1], "--all-features"]);
    }
}
