//! A dashboard as Grafana's classic JSON.

use serde_json::{Value, json};

use super::{GrafanaOptions, dashboard_uid, panel, provision::source_ref, rules::sql_model};
use crate::{
    board::{Board, Dashboard},
    query::{DataSource, EVERYTHING},
    scope::Variable,
};

/// The model's version that our JSON is written in; Grafana migrates older ones when it loads them.
const SCHEMA_VERSION: u32 = 39;
const TAG: &str = "plimsoll";

pub(super) fn render(dashboard: &Dashboard, board: &Board, options: &GrafanaOptions) -> Value {
    let panels: Vec<Value> =
        dashboard.panels.iter().map(|panel| panel::render(panel, board, options)).collect();
    json!({
        "uid": dashboard_uid(&dashboard.id),
        "title": format!("Plimsoll: {}", dashboard.title),
        "description": dashboard.question,
        "tags": [TAG],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": false,
        "graphTooltip": 1,
        "timezone": "browser",
        // Slower than data comes, as a page that changes too often is not read.
        "refresh": "30s",
        "time": { "from": if is_slow(dashboard) { "now-7d" } else { "now-6h" }, "to": "now" },
        "templating": { "list": Variable::ALL.map(|v| variable(v, options)) },
        "annotations": { "list": [changes(options)] },
        "links": [{
            "title": "Plimsoll", "type": "dashboards", "tags": [TAG], "icon": "external link",
            "tooltip": "The other dashboards", "asDropdown": true, "targetBlank": false,
            "includeVars": true, "keepTime": true, "url": "",
        }],
        "panels": panels,
    })
}

/// Coding agents work in hours where markets work in seconds.
fn is_slow(dashboard: &Dashboard) -> bool {
    matches!(dashboard.id.as_str(), "agents" | "ralph" | "alerts")
}

/// Several values may be chosen; all of them is a word that queries know.
fn variable(variable: Variable, options: &GrafanaOptions) -> Value {
    let sql = variable.values_sql(&options.prefix);
    let query = match options.source {
        DataSource::Plugin => json!({
            "rawSql": sql, "query": sql, "refId": "variable", "format": 1, "queryType": "sql",
        }),
        DataSource::Postgres => json!(sql),
    };
    json!({
        "type": "query",
        "name": variable.name(),
        "label": variable.title(),
        "datasource": source_ref(options.source),
        "query": query,
        "definition": sql,
        "multi": true,
        "includeAll": true,
        "allValue": format!("'{EVERYTHING}'"),
        "current": { "selected": true, "text": ["All"], "value": ["$__all"] },
        "options": [],
        "refresh": 2,
        "sort": 1,
        "hide": 0,
        "regex": "",
        "skipUrlSync": false,
    })
}

/// Deploys and changes of limits as marks in every picture over time.
fn changes(options: &GrafanaOptions) -> Value {
    let filter = match options.source {
        DataSource::Plugin => "$__timeFilter(ts)",
        DataSource::Postgres => "ts BETWEEN $__timeFrom() AND $__timeTo()",
    };
    let sql = format!(
        "SELECT \"ts\" AS \"time\", concat(\"kind\", ' ', \"target\", ' ', \"outcome\") AS \"text\" FROM \"{}ops_events\" WHERE {filter} ORDER BY \"time\"",
        options.prefix
    );
    json!({
        "name": "Changes",
        "enable": true,
        "hide": false,
        "iconColor": "purple",
        "datasource": source_ref(options.source),
        "target": sql_model("Changes", &sql, options.source),
    })
}
