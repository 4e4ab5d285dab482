//! A decision record has a number, and says what was decided and what follows.

use super::Finding;
use super::tree::Tree;

const HEADINGS: &[&str] = &["## Status", "## Context", "## Decision", "## Consequences"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut numbers = Vec::new();
    for file in &tree.files {
        let name = file.path.strip_prefix("docs/adr/").and_then(|name| name.strip_suffix(".md"));
        let Some(name) = name.filter(|name| !["template", "README"].contains(name)) else {
            continue;
        };
        let number = name.split('-').next().unwrap_or_default();
        if number.len() != 4 || !number.chars().all(|c| c.is_ascii_digit()) {
            findings.push(Finding::new(&file.path, 0, "the name should begin with four digits"));
        }
        if numbers.contains(&number) {
            findings.push(Finding::new(&file.path, 0, format!("the number {number} is taken")));
        }
        numbers.push(number);
        let title = format!("# {number}. ");
        if !file.text.starts_with(&title) {
            findings.push(Finding::new(
                &file.path,
                1,
                format!("the first line should begin with `{title}`"),
            ));
        }
        let missing =
            HEADINGS.iter().filter(|h| !file.text.lines().any(|line| line.trim_end() == **h));
        findings.extend(missing.map(|h| Finding::new(&file.path, 0, format!("no heading `{h}`"))));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "# 0001. A\n\n## Status\n\n## Context\n\n## Decision\n\n## Consequences\n";

    #[track_caller]
    fn check(files: &[(&str, &str)], expected: usize) {
        let findings = super::check(&Tree::of(files));
        assert_eq!(findings.len(), expected, "{findings:?}");
    }

    #[test]
    fn a_record_has_its_number_and_headings() {
        check(&[("docs/adr/0001-a.md", WHOLE), ("docs/adr/template.md", "")], 0);
        check(&[("docs/adr/0001-a.md", &WHOLE.replace("## Decision", "## Verdict"))], 1);
        check(&[("docs/adr/0002-a.md", WHOLE)], 1);
        check(&[("docs/adr/a.md", WHOLE)], 2);
    }

    #[test]
    fn a_number_is_used_once() {
        check(&[("docs/adr/0001-a.md", WHOLE), ("docs/adr/0001-b.md", WHOLE)], 1);
    }
}
