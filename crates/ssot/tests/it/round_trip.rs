//! Any value of any file can be set, and only that.

use plimsoll_ssot::{EditError, Layers, SectionSpec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Writes trees as people do: in lines or in brackets, with quotes, comments and gaps.
struct Writer {
    choices: Vec<u8>,
    at: usize,
    text: String,
    comments: usize,
}

impl Writer {
    fn choose(&mut self, of: u8) -> u8 {
        self.at += 1;
        self.choices[self.at % self.choices.len()] % of
    }

    fn scalar(&mut self, value: &Value) -> String {
        match value {
            Value::String(text) => {
                let is_plain = text.chars().all(|c| c.is_ascii_lowercase()) && text.len() > 3;
                match self.choose(3) {
                    0 if is_plain && !["true", "null", "false"].contains(&text.as_str()) => {
                        text.clone()
                    }
                    1 => format!("'{}'", text.replace('\'', "''")),
                    _ => json!(text).to_string(),
                }
            }
            Value::Null if self.choose(2) == 0 => "~".to_owned(),
            other => other.to_string(),
        }
    }

    fn flow(&mut self, value: &Value) -> String {
        let gap = if self.choose(2) == 0 { " " } else { "" };
        match value {
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.flow(item)).collect();
                format!("[{gap}{}{gap}]", items.join(", "))
            }
            Value::Object(map) => {
                let entries =
                    map.iter().map(|(name, value)| format!("{name}: {}", self.flow(value)));
                let entries: Vec<String> = entries.collect();
                format!("{{{gap}{}{gap}}}", entries.join(", "))
            }
            scalar => self.scalar(scalar),
        }
    }

    fn end(&mut self) {
        if self.choose(3) == 0 {
            self.comments += 1;
            self.text.push_str(&format!(" # comment {}", self.comments));
        }
        self.text.push('\n');
    }

    fn gap(&mut self, indent: usize) {
        match self.choose(6) {
            0 => self.text.push('\n'),
            1 => {
                self.comments += 1;
                let blanks = " ".repeat(indent);
                self.text.push_str(&format!("{blanks}# comment: {}\n", self.comments));
            }
            _ => {}
        }
    }

    /// What follows a key or a dash, with the end of its line.
    fn value(&mut self, value: &Value, indent: usize) {
        let is_block = self.choose(3) > 0;
        match value {
            Value::Object(map) if is_block && !map.is_empty() => {
                self.end();
                self.map(map, indent + 1 + usize::from(self.choices[0] % 4));
            }
            Value::Array(items) if is_block && !items.is_empty() => {
                self.end();
                self.list(items, indent + 2);
            }
            Value::String(text) if text.len() > 3 && text.is_ascii() && self.choose(5) == 0 => {
                let blanks = " ".repeat(indent + 3);
                self.text.push_str(&format!(" |-\n{blanks}{text}\n"));
            }
            other => {
                let text = self.flow(other);
                self.text.push_str(&format!(" {text}"));
                self.end();
            }
        }
    }

    fn map(&mut self, map: &Map<String, Value>, indent: usize) {
        for (name, value) in map {
            self.gap(indent);
            self.text.push_str(&format!("{}{name}:", " ".repeat(indent)));
            self.value(value, indent);
        }
    }

    fn list(&mut self, items: &[Value], indent: usize) {
        for item in items {
            self.text.push_str(&format!("{}-", " ".repeat(indent)));
            match item {
                Value::Object(map) if map.len() > 1 && self.choose(2) == 0 => {
                    let mut entries = map.iter();
                    let (name, value) = entries.next().unwrap();
                    let first = self.flow(value);
                    self.text.push_str(&format!(" {name}: {first}"));
                    self.end();
                    let rest = entries.map(|(n, v)| (n.clone(), v.clone())).collect();
                    self.map(&rest, indent + 2);
                }
                other => {
                    let text = self.flow(other);
                    self.text.push_str(&format!(" {text}"));
                    self.end();
                }
            }
        }
    }
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i16>().prop_map(|n| json!(n)),
        any::<bool>().prop_map(|b| json!(b)),
        "[a-z]{4,9}".prop_map(|t| json!(t)),
        "[ -~]{4,9}".prop_map(|t| json!(format!("x{}", t.trim_end()))),
        Just(Value::Null),
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::btree_map("[a-f]{2,4}", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn sections() -> impl Strategy<Value = Map<String, Value>> {
    let section = proptest::collection::btree_map("[a-f]{2,4}", tree(), 0..5);
    let section = section.prop_map(|map| Value::Object(map.into_iter().collect()));
    proptest::collection::btree_map("s[1-3]", section, 0..4)
        .prop_map(|map| map.into_iter().collect())
}

fn layers(text: &str) -> Layers {
    ["s1", "s2", "s3"]
        .into_iter()
        .fold(Layers::new(), |layers, name| layers.with_section(SectionSpec::new(name, &json!({}))))
        .with_file("f.yaml", text)
}

/// Every key below a value.
fn keys(value: &Value, key: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let key = format!("{key}.{name}");
                found.push(key.clone());
                keys(value, &key, found);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let key = format!("{key}[{at}]");
                found.push(key.clone());
                keys(item, &key, found);
            }
        }
        _ => {}
    }
}

/// The same on the tree: the JSON pointer of a key.
fn pointer(key: &str) -> String {
    format!("/{}", key.replace(['.', '['], "/").replace(']', ""))
}

fn written(sections: &Map<String, Value>, choices: Vec<u8>) -> String {
    let mut writer = Writer { choices, at: 0, text: String::new(), comments: 0 };
    writer.map(sections, 0);
    writer.text
}

fn all(layers: &Layers) -> Value {
    let ssot = layers.load().unwrap();
    serde_json::to_value(ssot.tree("").unwrap()).unwrap()
}

/// What was before the change and after it, in bytes.
fn same(before: &str, after: &str) -> (usize, usize) {
    let (before, after) = (before.as_bytes(), after.as_bytes());
    let front = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let (before, after) = (&before[front..], &after[front..]);
    let back = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
    (front, back)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_value_that_is_there_is_set_and_nothing_else(
        sections in sections(),
        choices in proptest::collection::vec(any::<u8>(), 40),
        chosen in any::<prop::sample::Index>(),
        value in leaf(),
    ) {
        let text = written(&sections, choices);
        let before = layers(&text);
        let mut tree = all(&before);
        let mut found = Vec::new();
        for (name, section) in &sections {
            keys(section, name, &mut found);
        }
        prop_assume!(!found.is_empty());
        let key = chosen.get(&found);
        let old = tree.pointer_mut(&pointer(key)).unwrap();
        let is_nested = old.is_object() || old.is_array();
        *old = value.clone();
        let edit = match before.edit(key, None, &json!(value).to_string()) {
            Err(EditError::Comments { .. }) if is_nested => return Ok(()),
            edit => edit.unwrap_or_else(|error| panic!("{error} {key}\n{text}")),
        };
        prop_assert_eq!(all(&layers(&edit.after)), tree, "{} in\n{}", key, text);
        let comments = |text: &str| text.matches("# comment").count();
        prop_assert_eq!(comments(&edit.after), comments(&text));
        if !is_nested {
            let (front, back) = same(&text, &edit.after);
            let changed = &text[front..text.len() - back.min(text.len() - front)];
            prop_assert!(!changed.contains("# comment"), "{changed:?}");
        }
        let again = layers(&edit.after).edit(key, None, &json!(value).to_string()).unwrap();
        prop_assert_eq!(again.after, edit.after, "the second time changes nothing");
    }

    #[test]
    fn a_value_that_is_not_there_is_added_and_nothing_else(
        sections in sections(),
        choices in proptest::collection::vec(any::<u8>(), 40),
        chosen in any::<prop::sample::Index>(),
        below in 1_usize..3,
        value in leaf(),
    ) {
        let text = written(&sections, choices);
        let before = layers(&text);
        let mut tree = all(&before);
        let mut maps: Vec<String> = vec!["s1".to_owned(), "s2".to_owned()];
        let mut found = Vec::new();
        for (name, section) in &sections {
            keys(section, name, &mut found);
        }
        maps.extend(found.into_iter().filter(|key| tree.pointer(&pointer(key)).unwrap().is_object()));
        let parent = chosen.get(&maps);
        let names = ["new", "deeper"].iter().take(below);
        let inner = names.clone().rev().fold(value.clone(), |inner, name| json!({ *name: inner }));
        let map = tree.pointer_mut(&pointer(parent)).unwrap().as_object_mut().unwrap();
        map.extend(inner.as_object().unwrap().clone());
        let key = names.fold(parent.clone(), |key, name| format!("{key}.{name}"));
        let edit = before.edit(&key, None, &json!(value).to_string());
        let edit = edit.unwrap_or_else(|error| panic!("{error} {key}\n{text}"));
        prop_assert_eq!(all(&layers(&edit.after)), tree, "{} in\n{}\n{}", key, text, edit.after);
        let (front, back) = same(&text, &edit.after);
        prop_assert!(front + back >= text.len(), "something was taken away:\n{text}\n{}", edit.after);
    }
}
