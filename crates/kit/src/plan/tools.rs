//! A tool in the list of a coding agent's definition, with every other byte as it is.

use super::apply::Verdict;

/// Adds the tool to the line `tools:` between the dashes at the top. A definition without that line has every tool, and
/// one from which somebody took ours stays without it.
pub(super) fn tool(file: Option<&str>, name: &str, last: Option<&str>) -> Verdict {
    let Some(there) = file else { return Verdict::theirs(None, "somebody took it away") };
    let in_step = || Verdict::become_text(file, there.to_owned(), name);
    let Some((start, end)) = line_of_tools(there) else { return in_step() };
    let (before, line, after) = (there.get(..start), there.get(start..end), there.get(end..));
    let (Some(before), Some(line), Some(after)) = (before, line, after) else { return in_step() };
    let tools = line.trim_start_matches("tools:").split(',').map(str::trim);
    if tools
        .clone()
        .any(|tool| tool == name || tool.starts_with(&format!("{name}__")) || tool == "*")
    {
        return in_step();
    }
    if last.is_some() {
        return Verdict::theirs(file, "somebody took the tool out");
    }
    if tools.clone().all(str::is_empty) {
        return Verdict::theirs(file, "its tools are no list on one line");
    }
    Verdict::become_text(file, format!("{before}{line}, {name}{after}"), name)
}

/// Where the line `tools:` of the front matter begins and ends.
fn line_of_tools(text: &str) -> Option<(usize, usize)> {
    let rest = text.strip_prefix("---\n")?;
    let front = rest.split("\n---").next()?;
    let mut start = "---\n".len();
    for line in front.split('\n') {
        if line.starts_with("tools:") {
            return Some((start, start + line.trim_end().len()));
        }
        start += line.len() + 1;
    }
    None
}
