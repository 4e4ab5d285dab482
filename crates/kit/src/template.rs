//! Fills a template: `@{name}` is a value, lines from `@if name` to `@end` are there only with a flag.
//!
//! Neither is anything to a workflow, a shell, TOML or Markdown, which all have their own braces.

use std::collections::{BTreeMap, BTreeSet};

/// What a template is filled with.
#[derive(Debug, Default)]
pub(crate) struct Filling {
    values: BTreeMap<&'static str, String>,
    flags: BTreeSet<&'static str>,
}

impl Filling {
    /// Sets a value.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.values.insert(name, value.into());
        self
    }

    /// Sets a flag if the condition holds.
    pub(crate) fn with_flag(mut self, name: &'static str, holds: impl Into<Option<()>>) -> Self {
        if holds.into().is_some() {
            self.flags.insert(name);
        }
        self
    }

    /// Fills a template. A line that is nothing but a value of several lines gives each of them the line's indentation;
    /// one that is empty leaves no line behind.
    pub(crate) fn fill(&self, template: &str) -> String {
        let mut out = String::new();
        let mut open: Vec<bool> = Vec::new();
        for line in template.lines() {
            let word = line.trim();
            if let Some(flag) = word.strip_prefix("@if ") {
                open.push(self.holds(flag));
            } else if word == "@end" {
                open.pop();
            } else if open.iter().all(|holds| *holds) {
                self.line(line, &mut out);
            }
        }
        out
    }

    fn holds(&self, flag: &str) -> bool {
        flag.split(" or ").any(|flag| match flag.trim().strip_prefix("not ") {
            Some(flag) => !self.flags.contains(flag),
            None => self.flags.contains(flag.trim()),
        })
    }

    fn line(&self, line: &str, out: &mut String) {
        let word = line.trim_start();
        let indent = line.len() - word.len();
        let whole = word.strip_prefix("@{").and_then(|rest| rest.strip_suffix('}'));
        if let Some(value) = whole.and_then(|name| self.values.get(name)) {
            for part in value.lines() {
                if !part.is_empty() {
                    out.extend(line.chars().take(indent));
                }
                out.push_str(part);
                out.push('\n');
            }
            return;
        }
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("@{") {
            out.push_str(before);
            let known = after
                .split_once('}')
                .and_then(|(name, after)| self.values.get(name).map(|value| (value, after)));
            match known {
                Some((value, after)) => {
                    out.push_str(value);
                    rest = after;
                }
                None => {
                    out.push_str("@{");
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        out.push('\n');
    }
}

/// `Some` where a condition holds, as [`Filling::with_flag`] wants it.
pub(crate) fn when(holds: impl FnOnce() -> bool) -> Option<()> {
    holds().then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_flags_are_filled_and_everything_else_stays() {
        let filling = Filling::default()
            .with("name", "ci")
            .with("steps", "- a\n\n  b")
            .with("none", "")
            .with_flag("rust", Some(()));
        let template = "on: @{name}-${{ x }}\n@if rust\n  @{steps}\n@end\n@if python\nno\n@end\n\
                        @if not python\nyes\n@end\n@{none}\n@if python or rust\nboth\n@end\n";
        let filled = filling.fill(template);
        assert_eq!(filled, "on: ci-${{ x }}\n  - a\n\n    b\nyes\nboth\n");
    }
}
