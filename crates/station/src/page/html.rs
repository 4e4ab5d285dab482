//! The page as text. Everything that comes from outside is escaped.

use std::fmt::Write as _;

use plimsoll_board::svg::{Mark, escape};
use plimsoll_board::{Board, Dashboard, Data, Panel, Picture, Variable, View, draw};
use plimsoll_metrics::Timestamp;
use plimsoll_metrics::read::Rfc3339;

use super::verdict::{State, verdict};
use super::{Asked, Source, alarms, marks, values};
use crate::alarms::Watching;
use crate::behind::{AskError, Reading};

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
    /// Age from which rows are stale, seconds.
    pub(crate) stale_after_secs: f64,
    /// How the rules stand; `None` when nobody evaluates rules here.
    pub(crate) watching: Option<Watching>,
    /// What a form carries; `None` for somebody who may not acknowledge.
    pub(crate) form_key: Option<String>,
}

/// The whole page.
pub(crate) fn whole(
    board: &Board,
    dashboard: &Dashboard,
    source: Source<'_>,
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
    page.push_str(&filters(dashboard, source.store, asked));
    page.push_str(
        "</header><p id=\"off\" role=\"status\">No connection: these figures are old.</p>\
         <p id=\"said\" role=\"status\"></p>",
    );
    push(
        &mut page,
        format_args!(
            "<main id=\"main\" tabindex=\"-1\">{}</main>",
            main(dashboard, source, asked, facts)
        ),
    );
    page.push_str("</body></html>");
    page
}

/// What changes when rows come: parts that the script replaces one by one.
pub(crate) fn main(
    dashboard: &Dashboard,
    source: Source<'_>,
    asked: &Asked,
    facts: &Facts,
) -> String {
    let mut page = first_line(asked, facts);
    let back = format!("/d/{}?{}", dashboard.id, asked.query());
    page.push_str(&alarms::pane(facts, asked, &back));
    push(
        &mut page,
        format_args!(
            "<h1>{}</h1><p class=\"q\">{}</p><div class=\"g\">",
            escape(&dashboard.title),
            escape(&dashboard.question)
        ),
    );
    let marks = marks(source.store, asked);
    for panel in &dashboard.panels {
        let id = format!("{}/{}", dashboard.id, panel.id);
        let data = source.ask(&id, &panel.query, asked);
        page.push_str(&section(panel, data, &marks, asked));
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
fn first_line(asked: &Asked, facts: &Facts) -> String {
    let modes = asked.scope.mode.join(" and ").to_uppercase();
    let modes = if modes.is_empty() { "EVERY MODE".to_owned() } else { modes };
    let found = verdict(facts, asked.now_ns);
    let class = match found.state {
        State::Fine => "b-good",
        State::Firing => "b-crit",
        State::Unknown => "b-unknown",
    };
    let details: String =
        found.details.iter().map(|detail| format!(", {}", escape(detail))).collect();
    let exact = Rfc3339(Timestamp::from_nanos(asked.now_ns)).to_string();
    let at = exact.get(..19).unwrap_or_default().replace('T', " ");
    let live = if modes.contains("LIVE") { " live" } else { "" };
    format!(
        "<p class=\"verdict {class}\" id=\"verdict\" data-part><strong class=\"mode{live}\">{}</strong> \
         <strong class=\"b-word\">{}</strong><span>{details}; <time datetime=\"{}\">{at} UTC</time></span></p>",
        escape(&modes),
        escape(&found.headline),
        escape(&exact)
    )
}

fn section(panel: &Panel, data: Result<Data, AskError>, marks: &[Mark], asked: &Asked) -> String {
    let size = match panel.picture {
        Picture::Stat | Picture::Table => (320, 120),
        _ if panel.place.w > 12 => (960, 300),
        _ => (640, 240),
    };
    let view = View::new((asked.scope.from_ns, asked.scope.to_ns), asked.scope.step_ns)
        .at(asked.now_ns)
        .with_marks(marks.to_vec())
        .sized(size.0, size.1);
    let body = match data {
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
        "<section class=\"p w{width}\" id=\"p-{id}\" data-part aria-labelledby=\"t-{id}\"><h2 id=\"t-{id}\">{title}</h2>{body}</section>"
    )
}

/// A form that works without a script.
fn filters(dashboard: &Dashboard, store: &Reading, asked: &Asked) -> String {
    let picked = Variable::ALL.iter().filter_map(|variable| {
        asked.picked(*variable).map(|value| format!(", {} {}", variable.name(), escape(value)))
    });
    let mut form = format!(
        "<details class=\"filters\"><summary>Last {} h{}</summary><form method=\"get\" action=\"/d/{}\">",
        asked.hours,
        picked.collect::<String>(),
        escape(&dashboard.id)
    );
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
            "<label>Hours <input name=\"hours\" type=\"number\" min=\"1\" max=\"2208\" value=\"{}\"></label><button>Show</button></form></details>",
            asked.hours
        ),
    );
    form
}
