//! Whether a change of the canonical file touches what it says about limits.

/// The section that only a person changes.
const SECTION: &str = "limits";

/// Whether the section differs between two texts of the file. Comments and blank lines make no difference.
pub(super) fn differ(before: &str, after: &str) -> bool {
    let (before, after) = (section(before), section(after));
    before != after
}

/// The lines of the section without comments. The whole text where its beginning and end cannot be told, and where
/// anchors could bring values in from elsewhere.
fn section(text: &str) -> Vec<&str> {
    let lines = || text.lines().map(without_comment).filter(|line| !line.is_empty());
    let is_top = |line: &str| !line.starts_with([' ', '\t', '-', '}', ']']);
    let mut is_inside = false;
    let mut found = Vec::new();
    for line in lines() {
        if line.starts_with(['{', '[']) {
            return lines().collect();
        }
        if is_top(line) {
            is_inside = key_of(line) == SECTION;
        }
        if is_inside {
            found.push(line);
        }
    }
    let has_alias = found.iter().any(|line| line.contains(" *") || line.contains("<<"));
    if has_alias { lines().collect() } else { found }
}

fn key_of(line: &str) -> &str {
    line.split(':').next().unwrap_or_default().trim().trim_matches(['"', '\''])
}

/// A line without what stands behind ` #`, and without blanks at its end.
fn without_comment(line: &str) -> &str {
    let start = line.trim_start();
    if start.starts_with('#') {
        return "";
    }
    line.split(" #").next().unwrap_or_default().trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "name: a\nlimits:\n  max_leverage: 3 # never more\n  position:\n    BTC: 2\nralph:\n  max_iterations: 15\n";

    #[track_caller]
    fn check(from: &str, to: &str, expected: bool) {
        assert!(FILE.contains(from), "{from}");
        assert_eq!(differ(FILE, &FILE.replace(from, to)), expected, "{from} -> {to}");
    }

    #[test]
    fn only_the_section_counts() {
        check("max_leverage: 3", "max_leverage: 5", true);
        check("    BTC: 2", "    BTC: 20", true);
        check("limits:", "limit:", true);
        check("ralph:\n", "  max_daily_loss_ratio: 0.5\nralph:\n", true);
        check("max_iterations: 15", "max_iterations: 99", false);
        check(" # never more", " # at most", false);
        check("name: a", "name: b\n\n# a comment", false);
    }

    #[test]
    fn where_the_section_cannot_be_told_every_change_counts() {
        let anchored = "defaults: &d\n  max_leverage: 3\nlimits:\n  <<: *d\nralph:\n  x: 1\n";
        assert!(differ(anchored, &anchored.replace("max_leverage: 3", "max_leverage: 9")));
        let flow = "{limits: {max_leverage: 3}, ralph: {x: 1}}";
        assert!(differ(flow, &flow.replace("x: 1", "x: 2")));
        assert!(!differ(flow, flow));
    }
}
