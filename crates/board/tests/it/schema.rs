//! As much of JSON Schema (draft 7) as the schemas here use. A keyword that is not known is a fault
//! too: nothing is passed unread.

use serde_json::{Map, Value};

/// What is wrong with `value`, in words.
pub(crate) fn violations(schema: &Value, start: &str, value: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let part = schema.pointer(start).unwrap_or_else(|| panic!("no schema at {start}"));
    Root(schema).check(part, value, "", &mut wrong);
    wrong
}

struct Root<'a>(&'a Value);

impl Root<'_> {
    fn check(&self, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
        let Some(schema) = schema.as_object() else { return };
        if is_anything(schema) {
            return;
        }
        for (keyword, wanted) in schema {
            match keyword.as_str() {
                "$ref" => {
                    let pointer = wanted.as_str().unwrap().trim_start_matches('#');
                    let part = self.0.pointer(pointer).unwrap_or_else(|| panic!("no {pointer}"));
                    self.check(part, value, at, wrong);
                }
                "allOf" => {
                    for part in wanted.as_array().unwrap() {
                        self.check(part, value, at, wrong);
                    }
                }
                "oneOf" | "anyOf" => {
                    let fits = wanted.as_array().unwrap().iter().filter(|part| {
                        let mut inner = Vec::new();
                        self.check(part, value, at, &mut inner);
                        inner.is_empty()
                    });
                    if fits.count() == 0 {
                        wrong.push(format!("{at}: fits none of the alternatives: {value}"));
                    }
                }
                "properties" => {}
                "additionalProperties" => self.members(schema, value, at, wrong),
                "required" => {
                    for key in wanted.as_array().unwrap() {
                        let key = key.as_str().unwrap();
                        if value.is_object() && value.get(key).is_none() {
                            wrong.push(format!("{at}: `{key}` is missing"));
                        }
                    }
                }
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(wanted, item, &format!("{at}/{index}"), wrong);
                    }
                }
                _ => {
                    wrong.extend(simple(keyword, wanted, value).map(|why| format!("{at}: {why}")));
                }
            }
        }
        if !schema.contains_key("additionalProperties") {
            self.members(schema, value, at, wrong);
        }
    }

    fn members(
        &self,
        schema: &Map<String, Value>,
        value: &Value,
        at: &str,
        wrong: &mut Vec<String>,
    ) {
        let known = schema.get("properties").and_then(Value::as_object);
        for (key, member) in value.as_object().into_iter().flatten() {
            let at = format!("{at}/{key}");
            match (known.and_then(|known| known.get(key)), schema.get("additionalProperties")) {
                (Some(part), _) => self.check(part, member, &at, wrong),
                (None, Some(Value::Bool(false))) => wrong.push(format!("{at}: is not known")),
                (None, Some(part)) => self.check(part, member, &at, wrong),
                (None, None) => {}
            }
        }
    }
}

/// What the makers' generator writes for a value of any kind, though it says "an object".
fn is_anything(schema: &Map<String, Value>) -> bool {
    let is_open = schema.get("additionalProperties") == Some(&Value::Object(Map::new()));
    is_open && !schema.contains_key("properties")
}

fn simple(keyword: &str, wanted: &Value, value: &Value) -> Option<String> {
    let text_len = value.as_str().map(|text| text.chars().count() as u64);
    let count = value.as_array().map(|items| items.len() as u64);
    let limit = wanted.as_u64().unwrap_or_default();
    if keyword.starts_with("x-") {
        return None;
    }
    let is_wrong = match keyword {
        "title" | "description" | "$schema" | "definitions" | "default" | "format"
        | "deprecated" => false,
        "type" => {
            let types = match wanted {
                Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
                other => vec![other.as_str().unwrap()],
            };
            !types.iter().any(|ty| is_a(value, ty))
        }
        "const" => value != wanted,
        "enum" => !wanted.as_array().unwrap().contains(value),
        "minLength" => text_len.is_some_and(|len| len < limit),
        "maxLength" => text_len.is_some_and(|len| len > limit),
        "minItems" => count.is_some_and(|count| count < limit),
        "maxItems" => count.is_some_and(|count| count > limit),
        "minimum" => value.as_f64().is_some_and(|number| number < wanted.as_f64().unwrap()),
        "exclusiveMinimum" => {
            value.as_f64().is_some_and(|number| number <= wanted.as_f64().unwrap())
        }
        "exclusiveMaximum" => {
            value.as_f64().is_some_and(|number| number >= wanted.as_f64().unwrap())
        }
        "maximum" => value.as_f64().is_some_and(|number| number > wanted.as_f64().unwrap()),
        other => panic!("the schema's `{other}` is not understood here"),
    };
    is_wrong.then(|| format!("{value} against {keyword} {wanted}"))
}

fn is_a(value: &Value, wanted: &str) -> bool {
    match wanted {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        other => panic!("{other} is no type"),
    }
}

#[test]
fn faults_are_found_with_their_place() {
    let schema: Value =
        serde_json::from_str(include_str!("../../schemas/grafana-alerting.schema.json")).unwrap();
    let of = |text: &str| violations(&schema, "", &serde_json::from_str(text).unwrap());
    assert_eq!(of(r#"{"apiVersion":1,"groups":[]}"#), Vec::<String>::new());
    assert_eq!(of(r#"{"apiVersion":2}"#), ["/apiVersion: 2 against const 1"]);
    assert_eq!(of(r#"{"apiVersion":1,"x":1}"#), ["/x: is not known"]);
    let group = r#"{"apiVersion":1,"groups":[{"orgId":0,"name":"n","folder":"f","interval":"10s","rules":[]}]}"#;
    assert_eq!(
        of(group),
        ["/groups/0/orgId: 0 against minimum 1", "/groups/0/rules: [] against minItems 1"]
    );
}
