//! Putting hooks in: each change is a piece of text that becomes another one, so that it can be turned back.

use jsonc_parser::ast::Object;
use jsonc_parser::common::{Range, Ranged};
use serde::{Deserialize, Serialize};

use super::json::{Json, Layout};
use super::{Parsed, SettingsError, groups, kind, with_parsed};

/// A piece of text that became another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::install) struct Edit {
    #[serde(skip)]
    at: usize,
    pub(in crate::install) old: String,
    pub(in crate::install) new: String,
}

/// A hook to put in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::install) struct Entry {
    pub(in crate::install) event: String,
    pub(in crate::install) command: String,
    pub(in crate::install) args: Option<Vec<String>>,
    pub(in crate::install) timeout_secs: u32,
}

/// Something to put in, with its name if it goes into an object.
type Item = (Option<String>, Json);

impl Entry {
    /// `{"hooks": [..]}`, a group of one hook for every tool and source.
    pub(in crate::install) fn group(&self) -> Json {
        let mut hook =
            vec![("type".into(), text("command")), ("command".into(), text(&self.command))];
        if let Some(args) = &self.args {
            hook.push(("args".into(), Json::List(args.iter().map(|arg| text(arg)).collect())));
        }
        hook.push(("timeout".into(), Json::Number(self.timeout_secs)));
        Json::Object(vec![("hooks".into(), Json::List(vec![Json::Object(hook)]))])
    }
}

/// The value of `hooks` with these entries alone.
pub(in crate::install) fn hooks_value(entries: &[Entry]) -> Json {
    Json::Object(
        entries
            .iter()
            .map(|entry| (entry.event.clone(), Json::List(vec![entry.group()])))
            .collect(),
    )
}

fn text(text: &str) -> Json {
    Json::Text(text.to_owned())
}

/// Puts hooks, and a status line if one is given and there is none, into a settings file.
pub(in crate::install) fn add(
    text: &str,
    entries: &[Entry],
    status_line: Option<&str>,
) -> Result<(String, Vec<Edit>), SettingsError> {
    let edits = with_parsed(text, |parsed| match parsed {
        Some(parsed) => Inserting { text, parsed }.edits(entries, status_line),
        None => {
            let (filled, _) = add("{}\n", entries, status_line)?;
            Ok(vec![Edit { at: 0, old: text.to_owned(), new: filled }])
        }
    })?;
    let mut after = text.to_owned();
    for edit in edits.iter().rev() {
        after.replace_range(edit.at..edit.at + edit.old.len(), &edit.new);
    }
    Ok((after, edits))
}

struct Inserting<'t, 'p, 'a, 'b> {
    text: &'t str,
    parsed: &'p Parsed<'a, 'b>,
}

/// An object or a list, as far as putting something in is concerned.
#[derive(Clone, Copy)]
struct Container {
    range: Range,
    last_child: Option<Range>,
}

impl Inserting<'_, '_, '_, '_> {
    fn edits(
        &self,
        entries: &[Entry],
        status_line: Option<&str>,
    ) -> Result<Vec<Edit>, SettingsError> {
        let root = self.parsed.root;
        let mut edits = Vec::new();
        let mut for_root: Vec<Item> = Vec::new();
        match root.get("hooks") {
            None => for_root.push((Some("hooks".to_owned()), hooks_value(entries))),
            Some(prop) => {
                let hooks = prop.value.as_object().ok_or_else(|| SettingsError::Shape {
                    key: "hooks".to_owned(),
                    found: kind(&prop.value),
                    wanted: "an object",
                })?;
                self.put_into_hooks(hooks, entries, &mut edits)?;
            }
        }
        if let Some(command) = status_line.filter(|_| root.get("statusLine").is_none()) {
            let value = Json::Object(vec![
                ("type".into(), text("command")),
                ("command".into(), text(command)),
            ]);
            for_root.push((Some("statusLine".to_owned()), value));
        }
        if !for_root.is_empty() {
            edits.push(self.insert(container(root), &for_root));
        }
        edits.sort_by_key(|edit| edit.at);
        Ok(edits)
    }

    fn put_into_hooks(
        &self,
        hooks: &Object<'_>,
        entries: &[Entry],
        edits: &mut Vec<Edit>,
    ) -> Result<(), SettingsError> {
        let mut fresh: Vec<Item> = Vec::new();
        for entry in entries {
            match groups(hooks, &entry.event)? {
                Some(groups) => {
                    let last_child = groups.elements.last().map(Ranged::range);
                    let list = Container { range: groups.range, last_child };
                    edits.push(self.insert(list, &[(None, entry.group())]));
                }
                None => fresh.push((Some(entry.event.clone()), Json::List(vec![entry.group()]))),
            }
        }
        if !fresh.is_empty() {
            edits.push(self.insert(container(hooks), &fresh));
        }
        Ok(())
    }

    /// Puts items behind the last child, in the way in which the children stand.
    fn insert(&self, into: Container, items: &[Item]) -> Edit {
        let Some(last) = into.last_child else { return self.fill(into.range, items) };
        let unit = self.unit();
        let on_own_line = self.between(into.range.start, last.start).contains('\n');
        let indent = self.own_indent(last.start);
        let indent =
            indent.unwrap_or_else(|| format!("{}{unit}", self.indent_at(into.range.start)));
        let line_end = self.line_end();
        let (layout, separator) = if on_own_line {
            (
                Layout::Lines { unit: &unit, indent: &indent, line_end },
                format!("{line_end}{indent}"),
            )
        } else {
            (Layout::OneLine, " ".to_owned())
        };
        let joined = joined(items, layout, &separator);
        let close = into.range.end - 1;
        let comma = self.parsed.commas.iter().copied().find(|at| (last.end..close).contains(at));
        let after = comma.map_or(last.end, |at| at + 1);
        let comment = self.parsed.comments.iter().rfind(|(start, end)| {
            *start >= after && *end <= close && !self.between(after, *start).contains('\n')
        });
        match (comma, comment) {
            (None, None) => {
                Edit { at: last.end, old: String::new(), new: format!(",{separator}{joined}") }
            }
            // The comment stays beside what it is about.
            (None, Some((_, end))) => {
                let old = self.between(last.end, *end).to_owned();
                Edit { at: last.end, new: format!(",{old}{line_end}{indent}{joined}"), old }
            }
            (Some(_), Some((_, end))) => {
                let new = format!("{line_end}{indent}{joined},");
                Edit { at: *end, old: String::new(), new }
            }
            (Some(_), None) => {
                Edit { at: after, old: String::new(), new: format!("{separator}{joined},") }
            }
        }
    }

    /// Puts items into an object or a list that has none.
    fn fill(&self, range: Range, items: &[Item]) -> Edit {
        let (unit, base, line_end) = (self.unit(), self.indent_at(range.start), self.line_end());
        let indent = format!("{base}{unit}");
        let layout = Layout::Lines { unit: &unit, indent: &indent, line_end };
        let joined = joined(items, layout, &format!("{line_end}{indent}"));
        let old = self.between(range.start + 1, range.end - 1).to_owned();
        let new = format!("{}{line_end}{indent}{joined}{line_end}{base}", old.trim_end());
        Edit { at: range.start + 1, old, new }
    }

    fn between(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).unwrap_or_default()
    }

    fn line_end(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// One step of indentation: that of the root's first part that stands on a line of its own.
    fn unit(&self) -> String {
        let own = self.parsed.root.properties.iter().find_map(|prop| self.own_indent(prop.start()));
        own.filter(|indent| !indent.is_empty()).unwrap_or_else(|| "  ".to_owned())
    }

    /// The blanks before a place, if nothing else is before it on its line.
    fn own_indent(&self, at: usize) -> Option<String> {
        let (_, line) = self.between(0, at).rsplit_once('\n')?;
        line.chars().all(|c| c == ' ' || c == '\t').then(|| line.to_owned())
    }

    /// The blanks at the beginning of the line of a place.
    fn indent_at(&self, at: usize) -> String {
        let before = self.between(0, at);
        let line = before.rsplit('\n').next().unwrap_or(before);
        line.chars().take_while(|c| *c == ' ' || *c == '\t').collect()
    }
}

fn container(object: &Object<'_>) -> Container {
    Container { range: object.range, last_child: object.properties.last().map(Ranged::range) }
}

fn joined(items: &[Item], layout: Layout<'_>, separator: &str) -> String {
    let texts: Vec<String> = items
        .iter()
        .map(|(name, value)| match name {
            Some(name) => format!("\"{name}\": {}", value.text(layout)),
            None => value.text(layout),
        })
        .collect();
    texts.join(&format!(",{separator}"))
}
