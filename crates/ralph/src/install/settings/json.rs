//! JSON as we write it: keys in the order that people expect, over several lines or on one.

/// A value to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::install) enum Json {
    Object(Vec<(String, Json)>),
    List(Vec<Json>),
    Text(String),
    Number(u32),
}

/// How it is laid out.
#[derive(Debug, Clone, Copy)]
pub(in crate::install) enum Layout<'a> {
    OneLine,
    /// Each part on a line of its own.
    Lines {
        /// One step.
        unit: &'a str,
        /// What every line but the first begins with.
        indent: &'a str,
        line_end: &'a str,
    },
}

impl Json {
    pub(in crate::install) fn text(&self, layout: Layout<'_>) -> String {
        let mut out = String::new();
        self.write(&mut out, layout, 0);
        out
    }

    fn write(&self, out: &mut String, layout: Layout<'_>, depth: usize) {
        match self {
            Json::Text(text) => out.push_str(&serde_json::Value::from(text.as_str()).to_string()),
            Json::Number(number) => out.push_str(&number.to_string()),
            Json::List(items) => {
                let brackets = if items.is_empty() { None } else { Some(('[', ']')) };
                let parts = items.iter().map(|item| (None, item));
                write_parts(out, layout, depth, brackets.ok_or("[]"), parts);
            }
            Json::Object(fields) => {
                let brackets = if fields.is_empty() { None } else { Some(('{', '}')) };
                let parts = fields.iter().map(|(name, item)| (Some(name.as_str()), item));
                write_parts(out, layout, depth, brackets.ok_or("{}"), parts);
            }
        }
    }
}

fn write_parts<'j>(
    out: &mut String,
    layout: Layout<'_>,
    depth: usize,
    brackets: Result<(char, char), &str>,
    parts: impl Iterator<Item = (Option<&'j str>, &'j Json)>,
) {
    let (open, close) = match brackets {
        Ok(brackets) => brackets,
        Err(empty) => return out.push_str(empty),
    };
    let new_line = |out: &mut String, depth: usize| {
        if let Layout::Lines { unit, indent, line_end } = layout {
            out.push_str(line_end);
            out.push_str(indent);
            out.push_str(&unit.repeat(depth));
        }
    };
    out.push(open);
    for (index, (name, part)) in parts.enumerate() {
        if index > 0 {
            out.push_str(if matches!(layout, Layout::OneLine) { ", " } else { "," });
        }
        new_line(out, depth + 1);
        if let Some(name) = name {
            out.push_str(&format!("\"{name}\": "));
        }
        part.write(out, layout, depth + 1);
    }
    new_line(out, depth);
    out.push(close);
}
