//! A canonical file to begin with: every key with its default, none of them said yet.

use serde_json::Value;

use crate::layers::Layers;
use crate::node::Node;
use crate::setting::one_line;

/// Where a comment is broken.
const WIDTH: usize = 96;

impl Layers {
    /// Returns the text of a canonical file in which every key stands as a comment, `#key: value`,
    /// below what it means. As long as nothing is uncommented it says nothing.
    #[must_use]
    pub fn starter(&self) -> String {
        let schema: Value = serde_json::from_str(&self.json_schema()).unwrap_or_default();
        let sections = schema.get("$defs").unwrap_or(&Value::Null);
        let mut text = "schema_version: 1\n".to_owned();
        for section in &self.sections {
            let name = format!("section.{}", section.name);
            let described = sections.get(name).unwrap_or(&Value::Null);
            text.push('\n');
            comment(described, 0, &mut text);
            text.push_str(&format!("{}:\n", section.name));
            if let Ok(defaults) = &section.defaults {
                keys(described, defaults, &mut text);
            }
        }
        text
    }
}

fn keys(described: &Value, defaults: &Node, text: &mut String) {
    let Some(map) = defaults.as_map() else {
        text.push_str(&format!("  #{}\n", one_line(defaults)));
        return;
    };
    for (name, entry) in map.ordered() {
        let property = described.get("properties").and_then(|properties| properties.get(name));
        comment(property.unwrap_or(&Value::Null), 2, text);
        text.push_str(&format!("  #{name}: {}\n", one_line(&entry.node)));
    }
}

/// The description as comment lines.
fn comment(described: &Value, indent: usize, text: &mut String) {
    let description = described.get("description").and_then(Value::as_str).unwrap_or_default();
    for paragraph in description.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
        let start = format!("{}#", " ".repeat(indent));
        let mut line = start.clone();
        for word in paragraph.split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > WIDTH && line != start {
                text.push_str(&line);
                text.push('\n');
                line.clone_from(&start);
            }
            line.push(' ');
            line.push_str(word);
        }
        text.push_str(&line);
        text.push('\n');
    }
}
