//! As much of JSON Schema as Discord's description of a webhook's message uses. A keyword that is not known is a
//! violation too: nothing is passed unread.

use serde_json::{Map, Value};

/// Where `$ref` may lead no deeper: the schema or the body is a loop.
const DEPTH_MAX: usize = 40;

/// The only pattern of the description: a snowflake.
const SNOWFLAKE: &str = "^(0|[1-9][0-9]*)$";

/// What is wrong with `value`, in words.
pub(super) fn violations(schema: &Value, value: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let root = Root(schema);
    root.check(schema, value, "body", 0, &mut wrong);
    wrong
}

struct Root<'a>(&'a Value);

impl Root<'_> {
    fn check(
        &self,
        schema: &Value,
        value: &Value,
        at: &str,
        depth: usize,
        wrong: &mut Vec<String>,
    ) {
        let Some(schema) = schema.as_object().filter(|_| depth < DEPTH_MAX) else {
            wrong.push(format!("{at}: the schema is no object, or too deep"));
            return;
        };
        for (keyword, wanted) in schema {
            let reason = match keyword.as_str() {
                "$ref" => {
                    let pointer = wanted.as_str().unwrap_or_default().trim_start_matches('#');
                    match self.0.pointer(pointer) {
                        Some(target) => self.check(target, value, at, depth + 1, wrong),
                        None => wrong.push(format!("{at}: no schema at {pointer}")),
                    }
                    None
                }
                "oneOf" => self.one_of(wanted, value, at, depth),
                "allOf" => {
                    for part in wanted.as_array().into_iter().flatten() {
                        self.check(part, value, at, depth + 1, wrong);
                    }
                    None
                }
                "properties" | "additionalProperties" | "required" => {
                    if keyword == "properties" {
                        self.object(schema, value, at, depth, wrong);
                    }
                    None
                }
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(wanted, item, &format!("{at}[{index}]"), depth + 1, wrong);
                    }
                    None
                }
                _ => simple(keyword, wanted, value),
            };
            wrong.extend(reason.map(|reason| format!("{at}: {reason}")));
        }
    }

    fn one_of(&self, parts: &Value, value: &Value, at: &str, depth: usize) -> Option<String> {
        let fits = |part: &&Value| {
            let mut wrong = Vec::new();
            self.check(part, value, at, depth + 1, &mut wrong);
            wrong.is_empty()
        };
        let count = parts.as_array().into_iter().flatten().filter(fits).count();
        (count != 1).then(|| format!("fits {count} of the alternatives, wanted one"))
    }

    fn object(
        &self,
        schema: &Map<String, Value>,
        value: &Value,
        at: &str,
        depth: usize,
        wrong: &mut Vec<String>,
    ) {
        let Some(object) = value.as_object() else { return };
        let known = schema.get("properties").and_then(Value::as_object);
        for (key, value) in object {
            match known.and_then(|known| known.get(key)) {
                Some(part) => self.check(part, value, &format!("{at}.{key}"), depth + 1, wrong),
                None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                    wrong.push(format!("{at}: `{key}` is not known"));
                }
                None => {}
            }
        }
        for key in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            let key = key.as_str().unwrap_or_default();
            if !object.contains_key(key) {
                wrong.push(format!("{at}: `{key}` is missing"));
            }
        }
    }
}

/// Keywords that look at one value only.
fn simple(keyword: &str, wanted: &Value, value: &Value) -> Option<String> {
    let number = wanted.as_f64();
    let len = value.as_str().map(|text| text.chars().count() as f64);
    let count = value.as_array().map(|items| items.len() as f64);
    let exceeds = |found: Option<f64>, is_max: bool| {
        let (found, limit) = (found?, number?);
        let is_wrong = if is_max { found > limit } else { found < limit };
        is_wrong.then(|| format!("{found} against {keyword} {limit}"))
    };
    match keyword {
        "title" | "description" | "format" | "note" | "components" => None,
        "type" => {
            let types = match wanted {
                Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
                other => vec![other.as_str().unwrap_or_default()],
            };
            (!types.iter().any(|wanted| is_a(value, wanted)))
                .then(|| format!("is no {}", types.join(" or ")))
        }
        "const" => (value != wanted).then(|| format!("is not {wanted}")),
        "enum" => {
            let is_in = wanted.as_array().is_some_and(|all| all.contains(value));
            (!is_in).then(|| format!("is none of {wanted}"))
        }
        "maxLength" => exceeds(len, true),
        "minLength" => exceeds(len, false),
        "maxItems" => exceeds(count, true),
        "minItems" => exceeds(count, false),
        "maximum" => exceeds(value.as_f64(), true),
        "minimum" => exceeds(value.as_f64(), false),
        "uniqueItems" => {
            let items = value.as_array().map_or(&[][..], Vec::as_slice);
            let is_twice =
                items.iter().enumerate().any(|(i, item)| items.iter().take(i).any(|o| o == item));
            is_twice.then(|| "has an item twice".to_owned())
        }
        "pattern" if wanted == SNOWFLAKE => {
            let text = value.as_str()?;
            let is_number = text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty();
            (!is_number).then(|| format!("`{text}` is no snowflake"))
        }
        other => Some(format!("the schema's `{other}` is not understood here")),
    }
}

fn is_a(value: &Value, wanted: &str) -> bool {
    match wanted {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => false,
    }
}
