//! The parameters and fields that GitHub's published description (2022-11-28) names for the requests about pull
//! requests, with their types. What it does not name is wrong, also where the service would pass it over.

use serde_json::Value;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Truth,
    Whole,
    OneOf(&'static [&'static str]),
}

/// A name, its kind, and whether it has to be there.
type Field = (&'static str, Kind, bool);

const STATES: &[&str] = &["open", "closed", "all"];
const SORTS: &[&str] = &["created", "updated", "popularity", "long-running"];
const DIRECTIONS: &[&str] = &["asc", "desc"];

const LIST: &[Field] = &[
    ("state", Kind::OneOf(STATES), false),
    ("head", Kind::Text, false),
    ("base", Kind::Text, false),
    ("sort", Kind::OneOf(SORTS), false),
    ("direction", Kind::OneOf(DIRECTIONS), false),
    ("per_page", Kind::Whole, false),
    ("page", Kind::Whole, false),
];
const CREATE: &[Field] = &[
    ("title", Kind::Text, false),
    ("head", Kind::Text, true),
    ("head_repo", Kind::Text, false),
    ("base", Kind::Text, true),
    ("body", Kind::Text, false),
    ("maintainer_can_modify", Kind::Truth, false),
    ("draft", Kind::Truth, false),
    ("issue", Kind::Whole, false),
];
const UPDATE: &[Field] = &[
    ("title", Kind::Text, false),
    ("body", Kind::Text, false),
    ("state", Kind::OneOf(&["open", "closed"]), false),
    ("base", Kind::Text, false),
    ("maintainer_can_modify", Kind::Truth, false),
];

/// What is wrong with a request about pull requests; nothing is said of others.
pub(super) fn wrong(method: &str, parts: &[&str], query: &str, body: &Value) -> Vec<String> {
    match (method, parts) {
        ("GET", ["pulls"]) => of_query(query),
        ("POST", ["pulls"]) => {
            let mut wrong = of_body(CREATE, body);
            if body.get("title").is_none() && body.get("issue").is_none() {
                wrong.push("neither title nor issue".to_owned());
            }
            wrong
        }
        ("PATCH", ["pulls", _]) => of_body(UPDATE, body),
        _ => Vec::new(),
    }
}

fn of_query(query: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let field = LIST.iter().find(|(known, ..)| *known == name);
        let is_right = field.is_some_and(|(_, kind, _)| match kind {
            Kind::OneOf(known) => known.contains(&value),
            Kind::Whole => {
                value.parse::<u32>().is_ok_and(|number| name != "per_page" || number <= 100)
            }
            _ => !value.is_empty(),
        });
        // Of another repository's branch: OWNER:BRANCH, or every pull request is listed.
        let has_owner = name != "head" || value.contains("%3A") || value.contains(':');
        if !(is_right && has_owner) {
            wrong.push(format!("the parameter {part}"));
        }
    }
    wrong
}

fn of_body(fields: &[Field], body: &Value) -> Vec<String> {
    let Some(object) = body.as_object() else { return vec!["a body that is no object".to_owned()] };
    let mut wrong = Vec::new();
    for (name, value) in object {
        let field = fields.iter().find(|(known, ..)| known == name);
        let is_right = field.is_some_and(|(_, kind, _)| match kind {
            Kind::Text => value.is_string(),
            Kind::Truth => value.is_boolean(),
            Kind::Whole => value.is_i64() || value.is_u64(),
            Kind::OneOf(known) => value.as_str().is_some_and(|text| known.contains(&text)),
        });
        if !is_right {
            wrong.push(format!("the field {name}: {value}"));
        }
    }
    for (name, ..) in
        fields.iter().filter(|(name, _, is_needed)| *is_needed && !object.contains_key(*name))
    {
        wrong.push(format!("no field {name}"));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_description_does_not_name_is_wrong() {
        let pulls = ["pulls"];
        let right = json!({"title": "t", "head": "b", "base": "main", "body": "", "draft": false});
        assert_eq!(wrong("POST", &pulls, "", &right), Vec::<String>::new());
        for body in [
            json!({"title": "t", "head": "b"}),
            json!({"head": "b", "base": "main"}),
            json!({"title": 1, "head": "b", "base": "main"}),
            json!({"title": "t", "head": "b", "base": "main", "labels": []}),
            json!([]),
        ] {
            assert!(!wrong("POST", &pulls, "", &body).is_empty(), "{body}");
        }
        assert!(!wrong("PATCH", &["pulls", "1"], "", &json!({"state": "merged"})).is_empty());
        assert!(
            wrong("GET", &pulls, "state=open&head=a%3Ab&per_page=100", &Value::Null).is_empty()
        );
        for query in ["state=merged", "head=b", "per_page=1000", "author=a"] {
            assert!(!wrong("GET", &pulls, query, &Value::Null).is_empty(), "{query}");
        }
    }
}
