//! The document in parts: what stands before the releases, the releases, and the link lines at the end.

use std::fmt;

use super::{ChangelogError, Section, UP_TO};

const UNRELEASED: &str = "Unreleased";

/// A changelog.
#[derive(Debug)]
pub(super) struct Document {
    preamble: Vec<String>,
    releases: Vec<Release>,
    links: Vec<String>,
}

/// One `##` heading with what is below it.
#[derive(Debug)]
pub(super) struct Release {
    heading: String,
    line: usize,
    body: Vec<String>,
}

impl Document {
    pub(super) fn parse(text: &str) -> Result<Document, ChangelogError> {
        let mut document =
            Document { preamble: Vec::new(), releases: Vec::new(), links: Vec::new() };
        let mut lines: Vec<&str> = text.lines().collect();
        let is_link = |line: &&str| line.starts_with('[') && line.contains("]: ");
        while lines.last().is_some_and(|line| is_link(line) || line.trim().is_empty()) {
            if let Some(line) = lines.pop().filter(is_link) {
                document.links.insert(0, line.to_owned());
            }
        }
        for (index, line) in lines.iter().enumerate() {
            if line.starts_with("## ") {
                let heading = (*line).to_owned();
                document.releases.push(Release { heading, line: index + 1, body: Vec::new() });
            } else {
                let body = document.releases.last_mut().map(|release| &mut release.body);
                body.unwrap_or(&mut document.preamble).push((*line).to_owned());
            }
        }
        if !text.trim().is_empty() && !text.starts_with("# ") {
            let message = "a changelog begins with a heading such as `# Changelog`".to_owned();
            return Err(ChangelogError::Form { line: 1, message });
        }
        if document.preamble.is_empty() {
            document.preamble = [
                "# Changelog",
                "",
                "The format is that of [Keep a Changelog](https://keepachangelog.com/en/1.1.0/).",
                "",
            ]
            .map(str::to_owned)
            .to_vec();
        }
        Ok(document)
    }

    /// The section Unreleased, made where there is none.
    pub(super) fn unreleased(&mut self) -> &mut Release {
        let at = self.releases.iter().position(|release| release.name() == UNRELEASED);
        let at = at.unwrap_or_else(|| {
            let heading = format!("## [{UNRELEASED}]");
            self.releases.insert(0, Release { heading, line: 0, body: vec![String::new()] });
            0
        });
        self.releases.get_mut(at).expect("it was found, or has just been inserted")
    }

    pub(super) fn last_version(&self) -> Option<&str> {
        self.releases.iter().map(Release::name).find(|name| *name != UNRELEASED)
    }

    pub(super) fn release(&mut self, version: &str, date: &str) {
        let release = self.unreleased();
        release.heading = format!("## [{version}] - {date}");
        let heading = format!("## [{UNRELEASED}]");
        self.releases.insert(0, Release { heading, line: 0, body: vec![String::new()] });
        self.move_links(version);
    }

    /// `[Unreleased]: ../compare/v1.0.0...HEAD` begins at the new version from now on, which gets a line of its own.
    fn move_links(&mut self, version: &str) {
        let unreleased = format!("[{UNRELEASED}]: ");
        let Some(at) = self.links.iter().position(|link| link.starts_with(&unreleased)) else {
            return;
        };
        let Some(link) = self.links.get(at).cloned() else { return };
        let parts = link
            .rsplit_once("...HEAD")
            .and_then(|(range, _)| range.strip_prefix(&unreleased)?.rsplit_once("/compare/"));
        let Some((base, last)) = parts else { return };
        let mark = if last.starts_with('v') { "v" } else { "" };
        let moved = [
            format!("{unreleased}{base}/compare/{mark}{version}...HEAD"),
            format!("[{version}]: {base}/compare/{last}...{mark}{version}"),
        ];
        self.links.splice(at..=at, moved);
    }

    pub(super) fn set_up_to(&mut self, hash: &str) {
        let mark = format!("{UP_TO}{hash} -->");
        let lines = self.preamble.iter_mut();
        let old = lines.chain(self.releases.iter_mut().flat_map(|release| &mut release.body));
        let mut old = old.filter(|line| line.starts_with(UP_TO));
        if let Some(line) = old.next() {
            *line = mark;
            return;
        }
        drop(old);
        while self.preamble.last().is_some_and(|line| line.trim().is_empty()) {
            self.preamble.pop();
        }
        self.preamble.extend([String::new(), mark, String::new()]);
    }

    pub(super) fn problems(&self) -> Vec<(usize, String)> {
        let mut problems = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        let mut previous: Option<semver::Version> = None;
        for release in &self.releases {
            let name = release.name();
            if seen.contains(&name) {
                problems.push((release.line, format!("`{name}` stands twice")));
            }
            seen.push(name);
            for (offset, line) in release.body.iter().enumerate() {
                let known = |title| Section::ALL.iter().any(|section| section.name() == title);
                if let Some(title) = line.strip_prefix("### ")
                    && !known(title.trim())
                {
                    let message = format!(
                        "`{title}` is no heading of Keep a Changelog: Added, Changed, Deprecated, Removed, Fixed, Security"
                    );
                    problems.push((release.line + offset + 1, message));
                }
            }
            if name == UNRELEASED {
                continue;
            }
            let date = release.heading.split_once(" - ").map(|(_, date)| date.trim());
            if date.is_none_or(|date| date.parse::<jiff::civil::Date>().is_err()) {
                problems.push((
                    release.line,
                    format!("`{}` has no date such as 2026-11-24", release.heading),
                ));
            }
            let Ok(version) = semver::Version::parse(name) else {
                problems.push((release.line, format!("`{name}` is no version such as 1.2.0")));
                continue;
            };
            if previous.as_ref().is_some_and(|previous| *previous < version) {
                problems.push((release.line, format!("{version} stands below an earlier version")));
            }
            previous = Some(version);
        }
        problems
    }
}

impl Release {
    /// `Unreleased` or the version, without brackets and date.
    fn name(&self) -> &str {
        let name = self.heading.trim_start_matches("## ").split(" - ").next().unwrap_or_default();
        name.trim().trim_start_matches('[').trim_end_matches(']')
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.body.iter().any(|line| line.starts_with("- ") || line.starts_with("* "))
    }

    /// Adds a line below its heading, which is made in its place if it is not there.
    pub(super) fn add(&mut self, section: Section, entry: &str) {
        if self.body.iter().any(|line| line == entry) {
            return;
        }
        let heading = format!("### {}", section.name());
        let Some(start) = self.body.iter().position(|line| line.trim_end() == heading) else {
            let before = self.body.iter().position(|line| {
                Section::ALL
                    .iter()
                    .any(|other| *other > section && *line == format!("### {}", other.name()))
            });
            let block = [heading, String::new(), entry.to_owned(), String::new()];
            match before {
                Some(at) => drop(self.body.splice(at..at, block)),
                None => {
                    while self.body.last().is_some_and(|line| line.trim().is_empty()) {
                        self.body.pop();
                    }
                    self.body.push(String::new());
                    self.body.extend(block);
                }
            }
            return;
        };
        let rest = self.body.iter().skip(start + 1);
        let length = rest.take_while(|line| !line.starts_with("### ")).count();
        let mut end = start + 1 + length;
        while end > start + 1 && self.body.get(end - 1).is_some_and(|line| line.trim().is_empty()) {
            end -= 1;
        }
        if end == start + 1 {
            self.body.insert(end, String::new());
            end += 1;
        }
        self.body.insert(end, entry.to_owned());
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        let mut add = |line: &str| {
            text.push_str(line);
            text.push('\n');
        };
        self.preamble.iter().for_each(|line| add(line));
        for release in &self.releases {
            add(&release.heading);
            release.body.iter().for_each(|line| add(line));
        }
        let mut text = text.trim_end().to_owned();
        text.push('\n');
        if !self.links.is_empty() {
            text.push('\n');
        }
        for link in &self.links {
            text.push_str(link);
            text.push('\n');
        }
        f.write_str(&text)
    }
}
