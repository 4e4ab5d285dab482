//! The body of a message, within all of Discord's limits.

use serde_json::{Map, Value, json};

use crate::Severity;
use crate::notification::cut::units;
use crate::notification::{Item, Kind, Notification, cut, details, headline, moment, text};

/// Limits in characters, by Discord's description; we count UTF-16 units, which are never fewer.
const CONTENT_MAX: usize = 2_000;
const NAME_OF_SENDER_MAX: usize = 80;
const EMBEDS_MAX: usize = 10;
const TITLE_MAX: usize = 256;
const DESCRIPTION_MAX: usize = 4_096;
const FIELDS_MAX: usize = 25;
const NAME_MAX: usize = 256;
const VALUE_MAX: usize = 1_024;
const FOOTER_MAX: usize = 2_048;
/// All texts of all embeds together.
const TOTAL_MAX: usize = 6_000;

/// What one embed may take of the total, so that several alerts fit.
const EMBED_MAX: usize = 1_500;

/// Colors beside the words.
const RED: u32 = 0xC0_39_2B;
const ORANGE: u32 = 0xE6_7E_22;
const BLUE: u32 = 0x29_80_B9;
const GREEN: u32 = 0x27_AE_60;
const GRAY: u32 = 0x7F_8C_8D;

/// A message about `items`.
pub(super) fn message(
    of: &Notification,
    items: &[Item],
    username: &str,
    roles: &[String],
) -> Value {
    let mut of_items = of.clone();
    of_items.items = items.to_vec();
    let mut body = Map::new();
    body.insert("content".to_owned(), json!(content(&of_items, roles)));
    body.insert("embeds".to_owned(), json!(embeds(&of_items)));
    body.insert("allowed_mentions".to_owned(), allowed(of, roles));
    if !username.trim().is_empty() {
        body.insert("username".to_owned(), json!(cut(username.trim(), NAME_OF_SENDER_MAX)));
    }
    Value::Object(body)
}

/// The same in one line, for when the rich form was refused.
pub(super) fn plain(of: &Notification, roles: &[String]) -> Value {
    let text = format!("{}\n{}", content(of, roles), escaped(&of.id));
    json!({"content": cut(&text, CONTENT_MAX), "allowed_mentions": allowed(of, roles)})
}

/// Who is called: the roles that are configured, when something critical fires or nobody acknowledged.
fn called<'a>(of: &Notification, roles: &'a [String]) -> &'a [String] {
    let is_loud = match of.kind {
        Kind::Escalation => true,
        Kind::News | Kind::Repeat => !of.is_over() && of.severity() >= Severity::Critical,
        Kind::Acknowledged | Kind::Test => false,
    };
    if is_loud { roles } else { &[] }
}

fn allowed(of: &Notification, roles: &[String]) -> Value {
    match called(of, roles) {
        [] => json!({"parse": []}),
        roles => json!({"parse": [], "roles": roles}),
    }
}

fn content(of: &Notification, roles: &[String]) -> String {
    let calls: String = called(of, roles).iter().map(|role| format!("<@&{role}> ")).collect();
    let note = of.note.iter().map(|note| format!("\n{}", escaped(note))).collect::<String>();
    cut(&format!("{calls}{}{note}", escaped(&headline(of))), CONTENT_MAX)
}

fn embeds(of: &Notification) -> Vec<Value> {
    let mut left = TOTAL_MAX;
    let mut embeds = Vec::new();
    for (index, item) in of.items.iter().enumerate() {
        let rest = of.items.get(index..).unwrap_or_default();
        let is_last_place = embeds.len() + 1 == EMBEDS_MAX;
        if rest.len() > 1 && (is_last_place || left < 2 * EMBED_MAX) {
            embeds.push(others(rest, left));
            return embeds;
        }
        let embed = one(of, item, left.min(EMBED_MAX));
        left = left.saturating_sub(size(&embed));
        embeds.push(embed);
    }
    if embeds.is_empty() {
        embeds.push(json!({
            "title": "Plimsoll",
            "description": "This is a test. Alerts will come here.",
            "color": GRAY,
            "footer": {"text": cut(&of.id, FOOTER_MAX)},
        }));
    }
    embeds
}

/// One alert with all there is to know, within `room`.
fn one(of: &Notification, item: &Item, room: usize) -> Value {
    let title = format!("{}: {}", text::status(item), text::title(item));
    let title = cut(&escaped(&title), TITLE_MAX);
    let footer = cut(&of.id, FOOTER_MAX.min(200));
    let mut left = room.saturating_sub(units(&title)).saturating_sub(units(&footer));
    let all = details(item);
    let (said, facts): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(name, _)| ["means", "do", "runbook"].contains(name));
    let said: Vec<String> = said.iter().map(|(name, text)| sentence(name, text)).collect();
    // Half of the room is for the facts.
    let description = cut(&said.join("\n"), DESCRIPTION_MAX.min(left / 2));
    left = left.saturating_sub(units(&description));
    let mut fields = Vec::new();
    for (name, text) in facts.into_iter().take(FIELDS_MAX) {
        let (name, is_short) = (cut(name, NAME_MAX), units(&text) < 40);
        let room = VALUE_MAX.min(left.saturating_sub(units(&name)));
        let value = cut(&filled(&escaped(&text)), room);
        if value.trim().is_empty() {
            break;
        }
        left = left.saturating_sub(units(&name)).saturating_sub(units(&value));
        fields.push(json!({"name": name, "value": value, "inline": is_short}));
    }
    json!({
        "title": title,
        "description": (!description.trim().is_empty()).then_some(description),
        "color": color(item),
        "fields": fields,
        "footer": {"text": footer},
        "timestamp": moment::rfc3339(item.alert.wall_at),
    })
}

/// The alerts that have no place of their own, a line each.
fn others(items: &[Item], room: usize) -> Value {
    let title = format!("{} more", items.len());
    let lines: Vec<String> = items
        .iter()
        .map(|item| escaped(&format!("{}: {}", text::status(item), text::subject(item))))
        .collect();
    let room = DESCRIPTION_MAX.min(room.saturating_sub(units(&title)));
    json!({
        "title": title,
        "color": items.iter().map(color).next().unwrap_or(GRAY),
        "description": filled(&cut(&lines.join("\n"), room)),
    })
}

fn sentence(name: &str, text: &str) -> String {
    match name {
        // An address stays an address.
        "runbook" if text.starts_with("https://") => format!("runbook: {text}"),
        _ => format!("{name}: {}", escaped(text)),
    }
}

fn color(item: &Item) -> u32 {
    match item.alert.severity {
        _ if !item.is_open() => GREEN,
        _ if item.muted.is_some() => GRAY,
        Severity::Critical => RED,
        Severity::Warning => ORANGE,
        _ => BLUE,
    }
}

/// What an embed takes of the total.
fn size(embed: &Value) -> usize {
    let of =
        |value: &Value, pointer| value.pointer(pointer).and_then(Value::as_str).map_or(0, units);
    let fields = embed.get("fields").and_then(Value::as_array).into_iter().flatten();
    let fields: usize = fields.map(|field| of(field, "/name") + of(field, "/value")).sum();
    ["/title", "/description", "/footer/text"].iter().map(|at| of(embed, at)).sum::<usize>()
        + fields
}

/// Discord refuses a message for one empty field.
fn filled(text: &str) -> String {
    if text.trim().is_empty() { "-".to_owned() } else { text.to_owned() }
}

/// A text that shows as it is: names have underscores, and nothing in them is a link or calls anybody.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '[' | ']' | '#' | '<') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
