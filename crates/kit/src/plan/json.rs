//! A member of an object in a JSON file, with every other byte as it is.

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::apply::Verdict;

/// Adds the member `name` to the object `key`; one that is there stays, whatever it says.
pub(super) fn member(
    file: Option<&str>,
    key: &str,
    name: &str,
    value: &str,
    last: Option<&str>,
) -> Verdict {
    let indented = value.trim_end().replace('\n', "\n    ");
    let Some(there) = file else {
        return match last {
            Some(_) => Verdict::theirs(None, "somebody took it away"),
            None => {
                let text = format!("{{\n  \"{key}\": {{\n    \"{name}\": {indented}\n  }}\n}}\n");
                Verdict::become_text(None, text, value)
            }
        };
    };
    let wrong = |why: &str| Verdict::theirs(file, why);
    let Ok(tree) = parse_to_ast(there, &CollectOptions::default(), &ParseOptions::default()) else {
        return wrong("it is not JSON, so nothing can be added to it");
    };
    let Some(Value::Object(root)) = &tree.value else {
        return wrong("it is no object, so nothing can be added to it");
    };
    let (place, text) = match root.get(key).map(|member| &member.value) {
        None => {
            let comma = if root.properties.is_empty() { "\n" } else { "," };
            let member = format!("\n  \"{key}\": {{\n    \"{name}\": {indented}\n  }}{comma}");
            (root.range().start + 1, member)
        }
        Some(Value::Object(object)) if object.get(name).is_some() => {
            return match last {
                Some(last) => Verdict::become_text(file, there.to_owned(), last),
                None => Verdict::theirs(file, "it has one already"),
            };
        }
        Some(_) if last.is_some() => return wrong("somebody took it away"),
        Some(Value::Object(object)) => {
            let comma = if object.properties.is_empty() { "\n  " } else { "," };
            (object.range().start + 1, format!("\n    \"{name}\": {indented}{comma}"))
        }
        Some(_) => return wrong("its servers are no object, so nothing can be added to it"),
    };
    match there.split_at_checked(place) {
        Some((before, behind)) => {
            Verdict::become_text(file, format!("{before}{text}{behind}"), value)
        }
        None => wrong("nothing can be added to it"),
    }
}
