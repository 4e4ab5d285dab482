//! As much of YAML as the files need.

use serde_json::Value;

/// A value as YAML, keys in their order.
pub(super) fn text(value: &Value) -> String {
    let mut out = String::new();
    block(value, 0, &mut out);
    out
}

fn block(value: &Value, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                out.push_str(&format!("{indent}{}:", scalar_text(key)));
                member(value, depth, out);
            }
        }
        Value::Array(items) => {
            for item in items {
                let mut inner = String::new();
                if is_block(item) {
                    block(item, depth.saturating_add(1), &mut inner);
                    let start = indent.len().saturating_add(2);
                    out.push_str(&format!("{indent}- {}", inner.get(start..).unwrap_or_default()));
                } else {
                    out.push_str(&format!("{indent}- {}\n", scalar(item)));
                }
            }
        }
        other => out.push_str(&format!("{indent}{}\n", scalar(other))),
    }
}

fn member(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::String(text) if is_literal(text) => {
            out.push_str(" |\n");
            let indent = "  ".repeat(depth.saturating_add(1));
            for line in text.lines() {
                let line =
                    if line.is_empty() { "\n".to_owned() } else { format!("{indent}{line}\n") };
                out.push_str(&line);
            }
        }
        value if is_block(value) => {
            out.push('\n');
            block(value, depth.saturating_add(1), out);
        }
        value => out.push_str(&format!(" {}\n", scalar(value))),
    }
}

fn is_block(value: &Value) -> bool {
    match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

/// Several plain lines with one break at their end, which a literal block gives back as they are.
fn is_literal(text: &str) -> bool {
    text.contains('\n')
        && text.ends_with('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\n'])
        && !text.contains(['\r', '\t'])
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => scalar_text(text),
        // Empty lists and maps, numbers, true, false and null are the same in both.
        other => other.to_string(),
    }
}

/// A word without quotes where no reader can take it for something else; else as in JSON.
fn scalar_text(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/' | '.');
    let starts_plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '/');
    let is_word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        .contains(&text.to_ascii_lowercase().as_str());
    if starts_plain && !is_word && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        Value::String(text.to_owned()).to_string()
    }
}
