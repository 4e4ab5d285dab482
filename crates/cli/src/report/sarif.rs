//! SARIF 2.1.0, the form of OASIS that code scanning reads.
#![allow(clippy::indexing_slicing, reason = "an index of a JSON object makes the entry")]

use serde_json::{Value, json};

use super::{Entry, Findings, Level, Place};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn render(findings: &Findings) -> String {
    let rules: Vec<Value> = findings
        .rules
        .iter()
        .map(|rule| json!({"id": rule.id, "shortDescription": {"text": rule.title}}))
        .collect();
    let results: Vec<Value> =
        findings.entries.iter().map(|entry| result(entry, findings)).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": format!("plimsoll {}", findings.tool),
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn result(entry: &Entry, findings: &Findings) -> Value {
    let level = match entry.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    let mut result =
        json!({"ruleId": entry.rule, "level": level, "message": {"text": entry.message}});
    if let Some(index) = findings.rules.iter().position(|rule| rule.id == entry.rule) {
        result["ruleIndex"] = index.into();
    }
    if let Some(place) = &entry.place {
        result["locations"] = json!([location(place)]);
    }
    if let Some(fingerprint) = &entry.fingerprint {
        result["partialFingerprints"] = json!({"plimsoll/v1": fingerprint});
    }
    result
}

fn location(place: &Place) -> Value {
    let mut region = json!({"startLine": place.line, "endLine": place.end_line});
    if let Some((first, end)) = place.columns {
        region["startColumn"] = first.into();
        region["endColumn"] = end.into();
    }
    json!({"physicalLocation": {"artifactLocation": {"uri": uri(&place.path)}, "region": region}})
}

/// A relative path as a relative reference: everything but unreserved characters and `/` is escaped.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
