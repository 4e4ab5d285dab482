//! A figure that nobody can measure again is a claim.

use super::Finding;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        if !["PROOFS.md", "BENCHMARKS.md"].contains(&name) {
            continue;
        }
        let mut is_body = false;
        for (index, line) in file.text.lines().enumerate() {
            if !line.trim_start().starts_with('|') {
                is_body = false;
            } else if line.chars().all(|c| "|-: ".contains(c)) {
                is_body = true;
            } else if is_body && !names_command(line) {
                let message = "the row names no command in backticks that measures it again";
                findings.push(Finding::new(&file.path, index + 1, message));
            }
        }
    }
    findings
}

fn names_command(row: &str) -> bool {
    row.split('`')
        .skip(1)
        .step_by(2)
        .any(|code| code.starts_with("cargo ") || code.contains(" cargo "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, row: &str, expected: usize) {
        let text = format!("# Proofs\n\n| proof | command |\n|---|---|\n{row}\n");
        let findings = super::check(&Tree::of(&[(path, &text)]));
        assert_eq!(findings.len(), expected, "{row}: {findings:?}");
    }

    #[test]
    fn a_figure_names_its_command() {
        check("PROOFS.md", "| kill | `cargo xtask live kill --full` |", 0);
        check("crates/metrics/BENCHMARKS.md", "| push | `taskset -c 1 cargo bench -p a` |", 0);
        check("PROOFS.md", "| kill | by hand |", 1);
        check("PROOFS.md", "| kill | cargo xtask live kill |", 1);
        check("README.md", "| kill | by hand |", 0);
    }
}
