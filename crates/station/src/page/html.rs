//! The page as text. Everything that comes from outside is escaped.

use std::fmt::Write as _;

use plimsoll_board::svg::escape;
use plimsoll_board::{Board, Dashboard, Panel, Picture, Variable, View, draw};
use plimsoll_metrics::Timestamp;
use plimsoll_metrics::read::Rfc3339;

use super::{Asked, ask, values};
use crate::alarms::{Alarm, AlarmLevel};
use crate::behind::Reading;

/// Asks for the page again when a row has come; without it the page is whole and stands still.
pub(crate) const SCRIPT: &str = include_str!("page.js");

/// Layout; pictures bring their own.
pub(crate) const CSS: &str = include_str!("page.css");

/// What the station knows of itself.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) rows_stored: u64,
    /// Age of the newest commit, seconds; `None` before the first.
    pub(crate) age_secs: Option<f64>,
    /// Open alerts; `None` when nobody evaluates rules here.
    pub(crate) alarms: Option<Vec<Alarm>>,
}

/// The whole page.
pub(crate) fn whole(
    board: &Board,
    dashboard: &Dashboard,
    store: &Reading,
    asked: &Asked,
    facts: &Facts,
) -> String {
    let title = escape(&dashboard.title);
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title} · plimsoll</title><link rel=\"icon\" href=\"/icon.svg\">\
         <link rel=\"stylesheet\" href=\"/page.css\"><script src=\"/page.js\" defer></script></head>\
         <body><a class=\"skip\" href=\"#main\">Skip to the figures</a><header><strong>plimsoll</strong>\
         <nav aria-label=\"Dashboards\"><ul>"
    );
    for one in &board.dashboards {
        let here = if one.id == dashboard.id { " aria-current=\"page\"" } else { "" };
        let (id, title, query) = (escape(&one.id), escape(&one.title), escape(&asked.query()));
        push(&mut page, format_args!("<li><a href=\"/d/{id}?{query}\"{here}>{title}</a></li>"));
    }
    page.push_str("</ul></nav>");
    page.push_str(&filters(dashboard, store, asked));
    page.push_str(
        "</header><p id=\"off\" role=\"status\">No connection: these figures are old.</p>",
    );
    push(
        &mut page,
        format_args!(
            "<main id=\"main\" tabindex=\"-1\">{}</main>",
            main(dashboard, store, asked, facts)
        ),
    );
    page.push_str("</body></html>");
    page
}

/// What changes when rows come.
pub(crate) fn main(dashboard: &Dashboard, store: &Reading, asked: &Asked, facts: &Facts) -> String {
    let mut page = verdict(asked, facts);
    if let Some(alarms) = &facts.alarms {
        page.push_str(&alarm_list(alarms, asked));
    }
    push(
        &mut page,
        format_args!(
            "<h1>{}</h1><p class=\"q\">{}</p><div class=\"g\">",
            escape(&dashboard.title),
            escape(&dashboard.question)
        ),
    );
    for panel in &dashboard.panels {
        page.push_str(&section(panel, store, asked));
    }
    page.push_str("</div>");
    page
}

fn push(page: &mut String, text: std::fmt::Arguments<'_>) {
    if page.write_fmt(text).is_err() {
        tracing::error!("a page could not be written");
    }
}

/// What kind of trading this is, and whether all is well, in one line of words.
fn verdict(asked: &Asked, facts: &Facts) -> String {
    let modes = asked.scope.mode.join(" and ").to_uppercase();
    let modes = if modes.is_empty() { "EVERY MODE".to_owned() } else { modes };
    let firing =
        facts.alarms.as_ref().map(|all| all.iter().filter(|alarm| alarm.is_firing).count());
    let firing = match firing {
        None => "no rules are evaluated here".to_owned(),
        Some(n) => format!("{n} firing"),
    };
    let age = match facts.age_secs {
        None => "no row yet".to_owned(),
        Some(age) => format!("last row stored {age:.1} s ago"),
    };
    let class = match (&facts.alarms, firing.starts_with("0 ")) {
        (None, _) => "b-unknown",
        (_, true) => "b-good",
        _ => "b-crit",
    };
    // Beside a producer that writes into the store itself, the station stores none.
    let rows = match facts.rows_stored {
        0 => String::new(),
        rows => format!(", {rows} rows stored since the start"),
    };
    let at = Rfc3339(Timestamp::from_nanos(asked.now_ns)).to_string();
    let at = at.get(..19).unwrap_or_default().replace('T', " ");
    format!(
        "<p class=\"verdict\"><strong>{}</strong> <span class=\"b-word {class}\">{firing}</span>, {age}{rows}; \
         {at} UTC</p>",
        escape(&modes)
    )
}

fn alarm_list(alarms: &[Alarm], asked: &Asked) -> String {
    if alarms.is_empty() {
        return "<section class=\"alarms\" aria-label=\"Alerts\"><p>No alert is open.</p></section>".to_owned();
    }
    let mut list = "<section class=\"alarms\" aria-label=\"Alerts\"><ul>".to_owned();
    for alarm in alarms {
        let (class, word) = match alarm.level {
            AlarmLevel::Critical => ("b-crit", "critical"),
            AlarmLevel::Warning => ("b-warn", "warning"),
            AlarmLevel::Info => ("b-info", "info"),
        };
        let labels: Vec<String> =
            alarm.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let since = Timestamp::from(alarm.since).as_nanos();
        let limit = match alarm.limit.as_str() {
            "" => String::new(),
            limit => format!(" beside a limit of {}", escape(limit)),
        };
        let minutes = asked.now_ns.saturating_sub(since) / 60_000_000_000;
        push(
            &mut list,
            format_args!(
                "<li class=\"{class}\"><strong class=\"b-word\">{word}, {}</strong> {}: {}{limit}, for {minutes} min <small>{}</small></li>",
                escape(&alarm.state),
                escape(&alarm.title),
                escape(&alarm.value),
                escape(&labels.join(" ")),
            ),
        );
    }
    list.push_str("</ul></section>");
    list
}

fn section(panel: &Panel, store: &Reading, asked: &Asked) -> String {
    let size = match panel.picture {
        Picture::Stat | Picture::Table => (320, 120),
        _ => (640, 240),
    };
    let view = View::new((asked.scope.from_ns, asked.scope.to_ns), asked.scope.step_ns)
        .at(asked.now_ns)
        .sized(size.0, size.1);
    let body = match ask(store, &panel.query, asked) {
        Ok(data) => draw(panel, &data, &view),
        Err(error) => {
            tracing::warn!(panel = panel.id, %error, "a panel could not be asked");
            "<p class=\"b-empty\">the store cannot be asked just now</p>".to_owned()
        }
    };
    let title = escape(&panel.title);
    let title = match &panel.drill_down {
        Some(id) => format!("<a href=\"/d/{}?{}\">{title}</a>", escape(id), escape(&asked.query())),
        None => title.clone(),
    };
    let (width, id) = (panel.place.w.clamp(1, 24), escape(&panel.id));
    format!(
        "<section class=\"p w{width}\" aria-labelledby=\"t-{id}\"><h2 id=\"t-{id}\">{title}</h2>{body}</section>"
    )
}

/// A form that works without a script.
fn filters(dashboard: &Dashboard, store: &Reading, asked: &Asked) -> String {
    let mut form = format!("<form method=\"get\" action=\"/d/{}\">", escape(&dashboard.id));
    for variable in Variable::ALL {
        let picked = asked.picked(variable).unwrap_or_default();
        let (name, title) = (variable.name(), variable.title());
        push(
            &mut form,
            format_args!(
                "<label>{title} <select name=\"{name}\"><option value=\"\">usual</option>"
            ),
        );
        for value in values(store, variable) {
            let is = if value == picked { " selected" } else { "" };
            let value = escape(&value);
            push(&mut form, format_args!("<option value=\"{value}\"{is}>{value}</option>"));
        }
        form.push_str("</select></label>");
    }
    push(
        &mut form,
        format_args!(
            "<label>Hours <input name=\"hours\" type=\"number\" min=\"1\" max=\"2208\" value=\"{}\"></label><button>Show</button></form>",
            asked.hours
        ),
    );
    form
}
