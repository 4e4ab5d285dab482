//! A panel as Grafana's JSON.

use serde_json::{Value, json};

use super::{
    GrafanaOptions, dashboard_uid, provision::source_ref, rule_uid, rules::sql_model, thresholds,
};
use crate::{
    board::Board,
    panel::{Panel, Picture},
    query::{DataSource, Output, Role},
    unit::Unit,
};

/// Words of states, each with a number, because Grafana takes texts for labels.
const STATES: [(&str, &str); 14] = [
    ("up", "green"),
    ("normal", "green"),
    ("resolved", "green"),
    ("active", "green"),
    ("pending", "orange"),
    ("degraded", "orange"),
    ("reconnecting", "orange"),
    ("reducing", "orange"),
    ("down", "red"),
    ("firing", "red"),
    ("error", "red"),
    ("halted", "red"),
    ("no_data", "purple"),
    ("unknown", "purple"),
];

pub(super) fn render(panel: &Panel, board: &Board, options: &GrafanaOptions) -> Value {
    let place = panel.place;
    json!({
        "id": panel.number,
        "type": ty(panel.picture),
        "title": panel.title,
        "description": description(panel),
        "datasource": source_ref(options.source),
        "gridPos": { "x": place.x, "y": place.y, "w": place.w, "h": place.h },
        // Below a second Grafana's own interval is nothing that QuestDB can sample by.
        "interval": "10s",
        "targets": [target(panel, options)],
        "fieldConfig": {
            "defaults": defaults(panel),
            "overrides": overrides(panel),
        },
        "options": shown(panel),
        "links": links(panel, board),
        "transparent": false,
    })
}

fn ty(picture: Picture) -> &'static str {
    match picture {
        Picture::Lines | Picture::Underwater | Picture::BarsOverTime => "timeseries",
        Picture::Bars => "barchart",
        Picture::Stat => "stat",
        Picture::Timeline => "state-timeline",
        Picture::Table => "table",
    }
}

/// The question, and the limits in words, because colors alone say nothing to some.
fn description(panel: &Panel) -> String {
    let limits = panel.levels.iter().map(|level| {
        let limit = panel.unit.show(level.value);
        format!(
            "\n\n{} ({}): {} {limit}",
            level.title,
            level.severity.as_str(),
            level.compare.sign()
        )
    });
    format!("{}{}", panel.question, limits.collect::<String>())
}

/// Over time the plugin makes a line of each set of labels by itself.
fn is_series(panel: &Panel) -> bool {
    panel.query.has_time && !matches!(panel.picture, Picture::Table | Picture::Bars)
}

fn target(panel: &Panel, options: &GrafanaOptions) -> Value {
    let sql = panel.query.grafana_sql(options.source, &options.prefix);
    let sql = match panel.picture {
        Picture::Timeline => numbered(panel, &sql),
        Picture::Bars if panel.query.labels.len() > 1 => named(panel, &sql),
        _ => sql,
    };
    let mut model = sql_model("A", &sql, options.source);
    if let (true, Some(model)) = (is_series(panel), model.as_object_mut()) {
        let format = match options.source {
            DataSource::Plugin => json!(0),
            DataSource::Postgres => json!("time_series"),
        };
        if options.source == DataSource::Plugin {
            model.insert("selectedFormat".to_owned(), format.clone());
        }
        model.insert("format".to_owned(), format);
    }
    model
}

/// States as numbers.
fn numbered(panel: &Panel, sql: &str) -> String {
    let columns = panel.query.outputs().into_iter().map(|column| {
        if column.role != Role::Value {
            return format!("\"{}\"", column.name);
        }
        let cases = STATES.iter().enumerate().map(|(number, (word, _))| {
            format!("WHEN \"{}\" = '{word}' THEN {number}", column.name)
        });
        format!("CASE {} END AS \"{}\"", cases.collect::<Vec<_>>().join(" "), column.name)
    });
    format!("SELECT {} FROM ({sql})", columns.collect::<Vec<_>>().join(", "))
}

/// Labels joined into one name, as a bar has one.
fn named(panel: &Panel, sql: &str) -> String {
    let labels = panel.query.labels.iter().map(|label| format!("\"{label}\""));
    let name = labels.collect::<Vec<_>>().join(", ' ', ");
    let values = panel.query.outputs().into_iter().filter(|column| column.role == Role::Value);
    let values: Vec<String> = values.map(|column| format!("\"{}\"", column.name)).collect();
    format!("SELECT concat({name}) AS \"name\", {} FROM ({sql})", values.join(", "))
}

fn defaults(panel: &Panel) -> Value {
    let has_limits = !panel.levels.is_empty();
    let is_watched_table = panel.picture == Picture::Table && has_limits;
    let steps = thresholds::steps(if is_watched_table { &[] } else { &panel.levels });
    let mut defaults = json!({
        "unit": unit(panel.unit),
        "noValue": "no data",
        "color": { "mode": if has_limits && !is_series(panel) { "thresholds" } else { "palette-classic" } },
        "thresholds": steps,
        "mappings": if panel.picture == Picture::Timeline { states() } else { json!([]) },
        "custom": custom(panel),
    });
    if let (Some(digits), Some(defaults)) = (decimals(panel.unit), defaults.as_object_mut()) {
        defaults.insert("decimals".to_owned(), json!(digits));
    }
    defaults
}

fn custom(panel: &Panel) -> Value {
    let style = if panel.levels.is_empty() { "off" } else { "dashed" };
    match panel.picture {
        Picture::Lines => json!({
            "drawStyle": "line", "lineWidth": 1, "fillOpacity": 0, "showPoints": "auto",
            "spanNulls": false, "thresholdsStyle": { "mode": style },
        }),
        Picture::Underwater => json!({
            "drawStyle": "line", "lineWidth": 1, "fillOpacity": 25, "showPoints": "auto",
            "spanNulls": false, "axisSoftMin": 0, "thresholdsStyle": { "mode": style },
        }),
        Picture::BarsOverTime => json!({
            "drawStyle": "bars", "lineWidth": 1, "fillOpacity": 70, "showPoints": "never",
            "stacking": { "mode": "normal", "group": "A" }, "thresholdsStyle": { "mode": style },
        }),
        Picture::Bars => json!({ "fillOpacity": 80, "lineWidth": 1 }),
        Picture::Timeline => json!({ "fillOpacity": 70, "lineWidth": 0 }),
        Picture::Table => {
            json!({ "align": "auto", "cellOptions": { "type": "auto" }, "inspect": false })
        }
        Picture::Stat => json!({}),
    }
}

/// Columns that are measured in something else; and limits on the column that they are meant for.
fn overrides(panel: &Panel) -> Value {
    let all = panel.query.outputs().into_iter().filter(|column| column.role != Role::Time);
    let all = all.filter_map(|column| {
        let properties = properties(panel, &column);
        let matcher = if is_series(panel) {
            // Lines are called after the value and their labels.
            json!({ "id": "byRegexp", "options": format!("/^{}\\b.*/", column.name) })
        } else {
            json!({ "id": "byName", "options": column.name })
        };
        (!properties.is_empty()).then(|| json!({ "matcher": matcher, "properties": properties }))
    });
    all.collect()
}

fn properties(panel: &Panel, column: &Output) -> Vec<Value> {
    let property = |id: &str, value: Value| json!({ "id": id, "value": value });
    let mut all = Vec::new();
    if is_series(panel) && column.role == Role::Label {
        return all;
    }
    if column.unit != panel.unit {
        all.push(property("unit", json!(unit(column.unit))));
        all.extend(decimals(column.unit).map(|digits| property("decimals", json!(digits))));
        if is_series(panel) && column.role == Role::Value {
            all.push(property("custom.axisPlacement", json!("right")));
        }
    }
    let is_watched = column.role == Role::Value && column.unit == panel.unit;
    if panel.picture == Picture::Table && !panel.levels.is_empty() && is_watched {
        all.push(property("thresholds", thresholds::steps(&panel.levels)));
        all.push(property("custom.cellOptions", json!({ "type": "color-text" })));
    }
    if matches!(column.name.as_str(), "lowest" | "highest") {
        all.push(property("custom.lineStyle", json!({ "fill": "dot", "dash": [2, 4] })));
    }
    all
}

fn shown(panel: &Panel) -> Value {
    let tooltip = json!({ "mode": "multi", "sort": "desc" });
    let legend = json!({
        "displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": ["lastNotNull"],
    });
    match panel.picture {
        Picture::Lines | Picture::Underwater | Picture::BarsOverTime => {
            json!({ "legend": legend, "tooltip": tooltip })
        }
        Picture::Bars => json!({
            "legend": legend, "tooltip": tooltip, "orientation": "horizontal", "xTickLabelRotation": 0,
            "showValue": "auto", "stacking": "none", "barWidth": 0.9, "groupWidth": 0.7,
        }),
        Picture::Stat => json!({
            "reduceOptions": { "calcs": ["lastNotNull"], "fields": "", "values": !is_series(panel) },
            "orientation": "auto", "textMode": "auto", "justifyMode": "auto",
            "graphMode": if is_series(panel) { "area" } else { "none" },
            "colorMode": if panel.levels.is_empty() { "none" } else { "value" },
            "percentChangeColorMode": "standard", "showPercentChange": false, "wideLayout": true,
        }),
        Picture::Timeline => json!({
            "legend": legend, "tooltip": tooltip, "showValue": "auto", "mergeValues": true,
            "rowHeight": 0.9, "alignValue": "left",
        }),
        Picture::Table => json!({ "frameIndex": 0, "showHeader": true, "cellHeight": "sm" }),
    }
}

fn states() -> Value {
    let mut options = serde_json::Map::new();
    for (number, (word, color)) in STATES.iter().enumerate() {
        options
            .insert(number.to_string(), json!({ "text": word, "color": color, "index": number }));
    }
    json!([{ "type": "value", "options": options }])
}

/// To the dashboard that says more, and to each rule whose limit is drawn.
fn links(panel: &Panel, board: &Board) -> Vec<Value> {
    let there = panel.drill_down.as_deref().and_then(|id| board.dashboard(id));
    let there = there.map(|dashboard| {
        let url = format!(
            "/d/{}?${{__all_variables}}&${{__url_time_range}}",
            dashboard_uid(&dashboard.id)
        );
        link(&format!("More: {}", dashboard.title), &url, "dashboard")
    });
    let rules = panel.levels.iter().map(|level| {
        let url = format!("/alerting/grafana/{}/view", rule_uid(&level.rule));
        link(&format!("Rule: {}", level.rule), &url, "bell")
    });
    there.into_iter().chain(rules).collect()
}

fn link(title: &str, url: &str, icon: &str) -> Value {
    json!({
        "title": title, "type": "link", "icon": icon, "tooltip": "", "url": url, "tags": [],
        "asDropdown": false, "targetBlank": false, "includeVars": false, "keepTime": false,
    })
}

/// Grafana's name of a unit.
pub(super) fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::None | Unit::Qty | Unit::Money => "none",
        Unit::Text => "string",
        Unit::Ratio => "percentunit",
        Unit::Count => "short",
        Unit::PerSecond => "cps",
        Unit::Ms => "ms",
        Unit::Secs => "s",
        Unit::Bps => "suffix: bp",
        Unit::Usd => "currencyUSD",
        Unit::Bytes => "decbytes",
        Unit::Moment => "dateTimeFromNow",
    }
}

fn decimals(unit: Unit) -> Option<u32> {
    match unit {
        Unit::Money | Unit::Usd | Unit::Ratio => Some(2),
        _ => None,
    }
}
