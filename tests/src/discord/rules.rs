//! What Discord refuses in the body of a webhook's message, also where its published schema does not say so.

use serde_json::Value;

const TOTAL_MAX: usize = 6_000;

/// What is wrong with a body, in words.
pub(super) fn violations(body: &Value, is_edit: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(fields) = body.as_object() else {
        return vec!["the body is no JSON object".to_owned()];
    };
    const KNOWN: [&str; 4] = ["content", "embeds", "allowed_mentions", "username"];
    for key in fields.keys().filter(|key| !KNOWN.contains(&key.as_str())) {
        wrong.push(format!("unknown key `{key}`"));
    }
    if is_edit && body.get("username").is_some() {
        wrong.push("an edit cannot change the name".to_owned());
    }
    if body.get("allowed_mentions").is_none() {
        wrong.push("allowed_mentions is missing: a label could call everyone".to_owned());
    }
    let embeds = body["embeds"].as_array().map_or(&[][..], Vec::as_slice);
    let content = body["content"].as_str().unwrap_or_default();
    if content.trim().is_empty() && embeds.is_empty() {
        wrong.push("the message is empty".to_owned());
    }
    limit(&mut wrong, "content", content, 2_000);
    if embeds.len() > 10 {
        wrong.push(format!("{} embeds", embeds.len()));
    }
    let total: usize = embeds.iter().map(|embed| check_embed(&mut wrong, embed)).sum();
    if total > TOTAL_MAX {
        wrong.push(format!("all embeds together have {total} characters, more than {TOTAL_MAX}"));
    }
    let name = body["username"].as_str().unwrap_or("fine").to_lowercase();
    if ["discord", "clyde"].iter().any(|reserved| name.contains(reserved)) || name.is_empty() {
        wrong.push(format!("the name `{name}` is reserved or empty"));
    }
    wrong
}

/// Checks an embed and returns what it takes of the total.
fn check_embed(wrong: &mut Vec<String>, embed: &Value) -> usize {
    let mut total = 0;
    let texts = [
        ("title", embed.pointer("/title"), 256),
        ("description", embed.pointer("/description"), 4_096),
        ("footer", embed.pointer("/footer/text"), 2_048),
        ("author", embed.pointer("/author/name"), 256),
    ];
    for (name, value, max) in texts {
        if let Some(text) = value.and_then(Value::as_str) {
            total += limit(wrong, name, text, max);
        }
    }
    let fields = embed["fields"].as_array().map_or(&[][..], Vec::as_slice);
    if fields.len() > 25 {
        wrong.push(format!("{} fields", fields.len()));
    }
    for field in fields {
        for (name, max) in [("name", 256), ("value", 1_024)] {
            let text = field[name].as_str().unwrap_or_default();
            if text.trim().is_empty() {
                wrong.push(format!("a field's {name} is empty"));
            }
            total += limit(wrong, name, text, max);
        }
    }
    if total == 0 {
        wrong.push("an embed is empty".to_owned());
    }
    total
}

/// Length in UTF-16 units, the strictest way to count.
fn limit(wrong: &mut Vec<String>, name: &str, text: &str, max: usize) -> usize {
    let len = text.encode_utf16().count();
    if len > max {
        wrong.push(format!("{name} has {len} characters, more than {max}"));
    }
    len
}
