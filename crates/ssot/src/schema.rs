//! The JSON Schema of a whole configuration, out of those of its sections.

use serde_json::{Map, Value, json};

use crate::layers::Layers;
use crate::node::{self, Node};
use crate::setting::Scalar;
use crate::unit;

impl Layers {
    /// Returns the JSON Schema of the canonical file, for editors: every section with its
    /// descriptions, units and defaults.
    ///
    /// A section without a schema of its own is a map of anything.
    #[must_use]
    pub fn json_schema(&self) -> String {
        let mut sections = Map::new();
        let mut definitions = Map::new();
        for section in &self.sections {
            let own = section.schema.as_deref().and_then(|text| serde_json::from_str(text).ok());
            let mut schema = own.unwrap_or_else(|| json!({ "type": "object" }));
            move_definitions(&section.name, &mut schema, &mut definitions);
            if let Ok(defaults) = &section.defaults {
                add_defaults(&mut schema, defaults);
            }
            sections.insert(section.name.clone(), schema);
        }
        definitions.values_mut().chain(sections.values_mut()).for_each(add_units);
        let references = sections.keys().map(|name| {
            let reference = format!("#/$defs/section.{name}");
            (name.clone(), json!({ "anyOf": [{ "$ref": reference }, { "type": "null" }] }))
        });
        let mut properties: Map<String, Value> = references.collect();
        let profile = json!({
            "type": ["object", "null"],
            "properties": properties.clone(),
            "patternProperties": { "^x-": {} },
            "additionalProperties": false,
        });
        for (name, section) in sections {
            definitions.insert(format!("section.{name}"), section);
        }
        properties.insert("schema_version".to_owned(), json!({ "const": 1 }));
        properties.insert(
            "profiles".to_owned(),
            json!({
                "description": "What differs in a profile, by its name: dev, staging, prod or another.",
                "type": ["object", "null"],
                "additionalProperties": profile,
            }),
        );
        let whole = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Plimsoll configuration",
            "type": "object",
            "properties": properties,
            "patternProperties": { "^x-": {} },
            "additionalProperties": false,
            "$defs": definitions,
        });
        format!("{whole:#}")
    }
}

/// Definitions of all sections lie in one place, under the section's name.
fn move_definitions(section: &str, schema: &mut Value, definitions: &mut Map<String, Value>) {
    let own = schema.as_object_mut().and_then(|schema| {
        schema.remove("$schema");
        schema.remove("$defs")
    });
    rename(section, schema);
    for (name, mut definition) in own.and_then(|own| own.as_object().cloned()).unwrap_or_default() {
        rename(section, &mut definition);
        definitions.insert(format!("{section}.{name}"), definition);
    }
}

fn rename(section: &str, schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get_mut("$ref")
                && let Some(name) = reference.strip_prefix("#/$defs/")
            {
                *reference = format!("#/$defs/{section}.{name}");
            }
            map.values_mut().for_each(|value| rename(section, value));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(section, item)),
        _ => {}
    }
}

fn properties(schema: &mut Value) -> impl Iterator<Item = (&String, &mut Map<String, Value>)> {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    properties.into_iter().flatten().filter_map(|(name, property)| match property {
        Value::Object(property) => Some((name, property)),
        _ => None,
    })
}

/// What holds where nobody says anything, for the keys that an editor completes.
fn add_defaults(schema: &mut Value, defaults: &Node) {
    let Some(map) = defaults.as_map() else { return };
    for (name, property) in properties(schema) {
        if let Some(entry) = map.get(name)
            && !matches!(entry.node.value, node::Value::Null)
        {
            property.insert("default".to_owned(), plain(&entry.node));
        }
    }
    if let Some(schema) = schema.as_object_mut().filter(|schema| schema.contains_key("default")) {
        schema.insert("default".to_owned(), plain(defaults));
    }
}

fn plain(node: &Node) -> Value {
    match &node.value {
        node::Value::List(items) => items.iter().map(|item| plain(&item.node)).collect(),
        node::Value::Map(map) => {
            map.ordered().into_iter().map(|(name, e)| (name.to_owned(), plain(&e.node))).collect()
        }
        _ => Scalar::of(node).and_then(|s| serde_json::to_value(s).ok()).unwrap_or(Value::Null),
    }
}

/// The unit is said where the description leaves it to the name.
fn add_units(schema: &mut Value) {
    for (name, property) in properties(schema) {
        let Some(unit) = unit::of(name) else { continue };
        let before = property.get("description").and_then(Value::as_str).unwrap_or_default();
        let description = format!("{before}\n\nUnit: {unit}.").trim_start().to_owned();
        property.insert("description".to_owned(), Value::String(description));
        property.insert("x-unit".to_owned(), Value::String(unit.to_owned()));
    }
}
