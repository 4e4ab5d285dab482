//! What a commit message says to a user.

/// A commit, as git tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its full name.
    pub hash: String,
    /// First line of the message.
    pub subject: String,
    /// The rest.
    pub body: String,
}

/// Headings of Keep a Changelog, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Section {
    /// New.
    Added,
    /// Different from before.
    Changed,
    /// Will go.
    Deprecated,
    /// Gone.
    Removed,
    /// Mended.
    Fixed,
    /// Against an attack.
    Security,
}

impl Section {
    /// All, in order.
    pub const ALL: [Section; 6] = [
        Section::Added,
        Section::Changed,
        Section::Deprecated,
        Section::Removed,
        Section::Fixed,
        Section::Security,
    ];

    /// The heading.
    pub fn name(self) -> &'static str {
        match self {
            Section::Added => "Added",
            Section::Changed => "Changed",
            Section::Deprecated => "Deprecated",
            Section::Removed => "Removed",
            Section::Fixed => "Fixed",
            Section::Security => "Security",
        }
    }
}

impl Commit {
    /// The heading and line for users; `None` for a commit that is for developers only.
    pub fn entry(&self) -> Option<(Section, String)> {
        let (head, text) = self.subject.split_once(": ")?;
        let is_breaking = head.ends_with('!')
            || self.body.lines().any(|line| {
                line.starts_with("BREAKING CHANGE: ") || line.starts_with("BREAKING-CHANGE: ")
            });
        let head = head.trim_end_matches('!');
        let (kind, scope) = match head.split_once('(') {
            Some((kind, scope)) => (kind, scope.strip_suffix(')')),
            None => (head, None),
        };
        let section = match kind {
            "feat" => Section::Added,
            "fix" => Section::Fixed,
            "perf" => Section::Changed,
            "security" => Section::Security,
            "deprecate" => Section::Deprecated,
            "remove" => Section::Removed,
            _ if is_breaking => Section::Changed,
            _ => return None,
        };
        let section =
            if is_breaking && section == Section::Added { Section::Changed } else { section };
        let breaking = if is_breaking { "**Breaking:** " } else { "" };
        let text = match scope {
            Some(scope) => format!("{scope}: {}.", text.trim().trim_end_matches('.')),
            None => sentence(text),
        };
        Some((section, format!("- {breaking}{text}")))
    }
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), characters.as_str()),
        None => String::new(),
    }
}
