//! Open alerts on the page, and the forms by which a person acknowledges and silences them.

use plimsoll_board::svg::escape;
use plimsoll_metrics::Timestamp;

use super::{Asked, Facts};
use crate::alarms::{Alarm, AlarmLevel, Watching};

/// Spans that a silence can be asked for, minutes and words.
const SPANS: [(u32, &str); 4] = [(15, "15 min"), (30, "30 min"), (60, "1 h"), (120, "2 h")];

/// The list, as one part of the page that is replaced when it changes.
pub(super) fn pane(facts: &Facts, asked: &Asked, back: &str) -> String {
    let Some(watching) = &facts.watching else { return String::new() };
    let mut pane =
        "<section class=\"alarms\" id=\"alarms\" data-part aria-label=\"Alerts\">".to_owned();
    if watching.alarms.is_empty() {
        pane.push_str("<p>No alert is open.</p></section>");
        return pane;
    }
    pane.push_str("<ul>");
    for alarm in &watching.alarms {
        pane.push_str(&one(alarm, watching, asked));
        if let Some(key) = facts.form_key.as_ref().filter(|_| !alarm.name.is_empty()) {
            pane.push_str(&forms(alarm, key, back));
        }
        pane.push_str("</li>");
    }
    pane.push_str("</ul></section>");
    pane
}

fn one(alarm: &Alarm, watching: &Watching, asked: &Asked) -> String {
    let class = match alarm.level {
        AlarmLevel::Critical => "b-crit",
        AlarmLevel::Warning => "b-warn",
        AlarmLevel::Info => "b-info",
    };
    let labels: Vec<String> =
        alarm.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let limit = match alarm.limit.as_str() {
        "" => String::new(),
        limit => format!(" beside a limit of {}", escape(limit)),
    };
    let now_ns = watching.clock.map_or(asked.now_ns, |clock| Timestamp::from(clock).as_nanos());
    let minutes = now_ns.saturating_sub(Timestamp::from(alarm.since).as_nanos()) / 60_000_000_000;
    let mut people = String::new();
    if let Some(who) = &alarm.acked_by {
        people.push_str(&format!(" <em class=\"acked\">acknowledged by {}</em>", escape(who)));
    }
    if let Some(why) = &alarm.muted {
        people.push_str(&format!(" <em>nobody is told: {}</em>", escape(why)));
    }
    format!(
        "<li class=\"{class}\" data-alarm=\"{}\"><strong class=\"b-word\">{}, {}</strong> {}: {}{limit}, for {} min{people} <small>{}</small>",
        escape(&alarm.name),
        alarm.level.as_str(),
        escape(&alarm.state.replace('_', " ")),
        escape(&alarm.title),
        escape(&alarm.value),
        minutes.max(0),
        escape(&labels.join(" ")),
    )
}

/// Plain forms, so that they work without a script.
fn forms(alarm: &Alarm, key: &str, back: &str) -> String {
    let hidden = [("key", key), ("alarm", alarm.name.as_str()), ("back", back)];
    let hidden: String = hidden
        .iter()
        .map(|(name, value)| {
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value))
        })
        .collect();
    let (title, name) = (escape(&alarm.title), escape(&alarm.name));
    let ack = match &alarm.acked_by {
        Some(_) => String::new(),
        None => format!(
            "<form method=\"post\" action=\"/api/alerts/ack\" data-operate>{hidden}<button data-key=\"ack {name}\" aria-label=\"Acknowledge {title}\">Ack</button></form>"
        ),
    };
    let spans: String = SPANS
        .iter()
        .map(|(minutes, words)| format!("<option value=\"{minutes}\">{words}</option>"))
        .collect();
    format!(
        "<div class=\"do\">{ack}<details><summary data-key=\"silence {name}\" aria-label=\"Silence {title}\">Silence</summary>\
         <form method=\"post\" action=\"/api/alerts/silence\" data-operate>{hidden}<label>for <select name=\"minutes\">{spans}</select></label>\
         <label>because <input name=\"reason\" required maxlength=\"200\" autocomplete=\"off\"></label><button>Silence</button></form></details></div>"
    )
}
