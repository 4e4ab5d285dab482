//! Takes everything secret out of an event: by value, by key, and what Sentry's own scrubber would take.

mod email;
mod keys;

use plimsoll_redact::{Rules, find};
use serde_json::Value;

/// What stands for something that was taken out. Sentry's scrubber leaves it as it is.
const FILTERED: &str = "[Filtered]";

/// Fields that say what an event is, and hold nothing of the caller's.
const OWN: [&str; 9] = [
    "event_id",
    "timestamp",
    "level",
    "platform",
    "sdk",
    "type",
    "release",
    "server_name",
    "environment",
];

/// Takes everything secret out of an event, and these names where they are words.
pub(super) fn event(event: &mut Value, rules: &Rules, names: &[String]) {
    let Some(fields) = event.as_object_mut() else { return };
    for (name, value) in fields.iter_mut().filter(|(name, _)| !OWN.contains(&name.as_str())) {
        let scrubber = Scrubber { rules, names };
        scrubber.value(name, value, is_for_people(&[], name));
    }
}

/// Brings tags into the form that Sentry takes. After everything secret is out: what is cut would not be found.
pub(super) fn fit_tags(event: &mut Value) {
    let Some(tags) = event.get_mut("tags").and_then(Value::as_object_mut) else { return };
    *tags = std::mem::take(tags)
        .into_iter()
        .map(|(name, value)| {
            (tag_name(&name), tag_value(value.as_str().unwrap_or_default()).into())
        })
        .collect();
}

/// A tag's name has 32 characters at most, of these.
fn tag_name(name: &str) -> String {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '-');
    name.chars().map(|c| if is_fine(c) { c } else { '_' }).take(32).collect()
}

/// A tag's value is one line of 200 characters at most, and not empty.
fn tag_value(value: &str) -> String {
    let line: String = value.replace(['\n', '\r'], " ").chars().take(200).collect();
    if line.trim().is_empty() { "-".to_owned() } else { line }
}

struct Scrubber<'a> {
    rules: &'a Rules,
    names: &'a [String],
}

impl Scrubber<'_> {
    fn value(&self, key: &str, value: &mut Value, for_people: bool) {
        if keys::is_secret(key) {
            return filter(value);
        }
        match value {
            Value::String(text) => {
                if let Some(clean) = self.text(text, for_people) {
                    *text = clean;
                }
            }
            Value::Array(items) => self.array(key, items, for_people),
            Value::Object(fields) => {
                let names: Vec<String> = fields.keys().cloned().collect();
                for name in names {
                    if let Some(value) = fields.get_mut(&name) {
                        self.value(&name, value, is_for_people(&[key], &name));
                    }
                    // A secret can stand as a name, in a map by key.
                    if let Some(clean) = self.text(&name, true)
                        && let Some(value) = fields.remove(&name)
                    {
                        fields.insert(clean, value);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Items of a list; those of a list of pairs by their first.
    fn array(&self, key: &str, items: &mut [Value], for_people: bool) {
        if let [Value::String(name), value] = items {
            let name = name.clone();
            return self.value(&name, value, false);
        }
        for item in items {
            self.value(key, item, for_people);
        }
    }

    /// A text without its secrets. `None`: it has none.
    fn text(&self, text: &str, for_people: bool) -> Option<String> {
        let mut clean = self.without_shapes(text);
        for name in self.names {
            clean = replace_words(&clean, name);
        }
        clean = keys::without_query_secrets(&clean, FILTERED);
        clean = email::without(&clean, FILTERED);
        clean = keys::without_schemes(&clean, FILTERED);
        if clean == text {
            return None;
        }
        Some(if for_people || !keys::names_a_secret(&clean) { clean } else { FILTERED.to_owned() })
    }

    fn without_shapes(&self, text: &str) -> String {
        let mut clean = String::with_capacity(text.len());
        let mut from = 0;
        for span in find(text, self.rules) {
            clean.push_str(text.get(from..span.range.start).unwrap_or_default());
            clean.push_str(FILTERED);
            from = span.range.end;
        }
        clean.push_str(text.get(from..).unwrap_or_default());
        clean
    }
}

/// Everything in it goes; the form stays.
fn filter(value: &mut Value) {
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter_mut().for_each(filter),
        Value::Object(fields) => fields.values_mut().for_each(filter),
        Value::String(_) | Value::Number(_) | Value::Bool(_) => *value = FILTERED.into(),
    }
}

/// Texts for people, of which only the secret itself is taken out: `message` of the event and of its log entry,
/// `value` of an exception. Of any other text that had a secret and still says what sort it was, Sentry's scrubber
/// leaves nothing, and so do we.
fn is_for_people(path: &[&str], name: &str) -> bool {
    let is_in = |parents: &[&str]| path.last().is_none_or(|last| parents.contains(last));
    match name {
        "message" | "formatted" => is_in(&["logentry"]),
        "value" => path.last() == Some(&"values"),
        _ => false,
    }
}

/// Replaces a name where it is a word of its own, not a part of a longer one.
fn replace_words(text: &str, word: &str) -> String {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = None;
    while let Some(at) = rest.find(word) {
        let (start, found) = rest.split_at(at);
        let after = found.get(word.len()..).unwrap_or_default();
        let left = start.chars().next_back().or(before);
        let is_word = !is_part(left) && !is_part(after.chars().next());
        clean.push_str(start);
        clean.push_str(if is_word { FILTERED } else { word });
        before = word.chars().next_back();
        rest = after;
    }
    clean.push_str(rest);
    clean
}
