//! Alert rules.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    GrafanaOptions, SOURCE_UID, TITLE_MAX, dashboard_uid, dollars,
    provision::{source_ref, source_type},
    rule_uid,
};
use crate::{
    board::Board,
    query::{DataSource, Query},
    rule::{Compare, Measure, OnAbsent, Rule},
    unit::Unit,
};

/// Folder of dashboards and rules.
pub(super) const FOLDER: &str = "Plimsoll";

/// The file of rules, and the rules that are not in it with the reason.
pub(super) fn groups(board: &Board, options: &GrafanaOptions) -> (Value, Vec<(String, String)>) {
    let mut rules = Vec::new();
    let mut left_out = Vec::new();
    for rule in &board.rules {
        match one(rule, board, options) {
            Ok(rule) => rules.push(rule),
            Err(why) => left_out.push((rule.name.clone(), why)),
        }
    }
    let groups = if rules.is_empty() {
        json!([])
    } else {
        json!([{
            "orgId": 1,
            "name": "plimsoll",
            "folder": FOLDER,
            "interval": span(options.interval),
            "rules": rules,
        }])
    };
    (json!({ "apiVersion": 1, "groups": groups }), left_out)
}

fn one(rule: &Rule, board: &Board, options: &GrafanaOptions) -> Result<Value, String> {
    let (query, window) = rule.query(&board.tables).map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        format!("{error}{}", cause.unwrap_or_default())
    })?;
    let is_silence = matches!(rule.measure, Measure::Silence(_));
    let no_data = match rule.on_absent {
        // A producer that nobody remembers is as silent as one that just died.
        _ if is_silence => "Alerting",
        OnAbsent::NoData => "NoData",
        OnAbsent::Keep => "KeepLast",
    };
    let mut out = json!({
        "uid": rule_uid(&rule.name),
        "title": dollars(&cut(&rule.name)),
        "condition": "C",
        "data": [
            {
                "refId": "A",
                "datasourceUid": SOURCE_UID,
                "relativeTimeRange": { "from": window.as_secs().max(10), "to": 0 },
                "model": sql_model("A", &sql(&query, options), options.source),
            },
            {
                "refId": "C",
                "datasourceUid": "__expr__",
                "relativeTimeRange": { "from": 0, "to": 0 },
                "model": threshold(rule),
            },
        ],
        "noDataState": no_data,
        "execErrState": "Error",
        // Left out, it would be Grafana's own default of five minutes.
        "for": span(rule.pending_for),
        "keepFiringFor": span(rule.keep_firing_for),
        "isPaused": false,
        "labels": labels(rule),
        "annotations": annotations(rule),
    });
    if let (Some((dashboard, panel)), Some(out)) = (board.panel_of(&rule.name), out.as_object_mut())
    {
        let uid = dashboard_uid(&dashboard.id);
        if let Some(Value::Object(annotations)) = out.get_mut("annotations") {
            annotations.insert("__dashboardUid__".to_owned(), json!(uid));
            annotations.insert("__panelId__".to_owned(), json!(panel.number.to_string()));
        }
        out.insert("dashboardUid".to_owned(), json!(uid));
        out.insert("panelId".to_owned(), json!(panel.number));
    }
    Ok(out)
}

/// The query of a rule; a moment becomes its age in seconds.
fn sql(query: &Query, options: &GrafanaOptions) -> String {
    let sql = query.grafana_rule_sql(options.source, &options.prefix);
    let outputs = query.outputs();
    let labels: Vec<String> = query.labels.iter().map(|label| format!("\"{label}\"")).collect();
    let is_moment = outputs.iter().any(|o| o.name == "value" && o.unit == Unit::Moment);
    if !is_moment && outputs.len() == labels.len().saturating_add(1) {
        return sql;
    }
    let now = match options.source {
        DataSource::Plugin => "$__toTime",
        DataSource::Postgres => "$__timeTo()",
    };
    let value = if is_moment {
        format!("datediff('s', \"value\", {now}) AS \"value\"")
    } else {
        "\"value\"".to_owned()
    };
    // Grafana takes every further number for a value of its own.
    let columns: Vec<String> = labels.into_iter().chain([value]).collect();
    format!("SELECT {} FROM ({sql})", columns.join(", "))
}

/// A query in the words of a data source, whose answer is a table.
pub(super) fn sql_model(ref_id: &str, sql: &str, source: DataSource) -> Value {
    match source {
        DataSource::Plugin => json!({
            "refId": ref_id, "datasource": source_ref(source), "queryType": "sql",
            "rawSql": sql, "format": 1, "selectedFormat": 1,
        }),
        DataSource::Postgres => json!({
            "refId": ref_id, "datasource": source_ref(source), "editorMode": "code",
            "rawQuery": true, "rawSql": sql, "format": "table",
        }),
    }
}

fn threshold(rule: &Rule) -> Value {
    let ty = match rule.compare {
        Compare::Above => "gt",
        Compare::AtLeast => "gte",
        Compare::Below => "lt",
        Compare::AtMost => "lte",
        Compare::Equal => "eq",
        Compare::NotEqual => "ne",
    };
    let mut condition = json!({ "evaluator": { "type": ty, "params": [rule.limit] } });
    let back = match rule.compare {
        Compare::Above => Some("lte"),
        Compare::AtLeast => Some("lt"),
        Compare::Below => Some("gte"),
        Compare::AtMost => Some("gt"),
        Compare::Equal | Compare::NotEqual => None,
    };
    if let (Some(back), Some(at), Some(condition)) =
        (back, rule.resolve_at, condition.as_object_mut())
    {
        condition.insert("unloadEvaluator".to_owned(), json!({ "type": back, "params": [at] }));
    }
    json!({
        "refId": "C", "type": "threshold", "expression": "A",
        "datasource": { "type": "__expr__", "uid": "__expr__" },
        "conditions": [condition],
    })
}

/// Grafana reads `$` in labels, so that it is doubled.
fn labels(rule: &Rule) -> Value {
    let mut labels = serde_json::Map::new();
    for (name, value) in &rule.labels {
        labels.insert(name.clone(), json!(dollars(value)));
    }
    labels.insert("severity".to_owned(), json!(rule.severity.as_str()));
    labels.insert("rule".to_owned(), json!(dollars(&rule.name)));
    Value::Object(labels)
}

/// What the message is made of. Here Grafana reads `${NAME}` only.
fn annotations(rule: &Rule) -> Value {
    let value = match rule.unit {
        Unit::Ratio => "{{ humanizePercentage $values.A.Value }}",
        Unit::Secs => "{{ humanizeDuration $values.A.Value }}",
        Unit::Ms => "{{ printf \"%.1f\" $values.A.Value }} ms",
        Unit::Count => "{{ printf \"%.0f\" $values.A.Value }}",
        _ => "{{ printf \"%.6g\" $values.A.Value }}",
    };
    let limit = format!("{} {}", rule.compare.sign(), rule.unit.show(rule.limit));
    let mut all = serde_json::Map::new();
    let braces = |text: &str| text.replace("${", "$ {");
    all.insert("summary".to_owned(), json!(braces(&rule.title)));
    all.insert("value".to_owned(), json!(value));
    all.insert("threshold".to_owned(), json!(braces(&limit)));
    all.insert("strategy".to_owned(), json!("{{ $labels.strategy_id }}"));
    for (name, text) in
        [("description", &rule.meaning), ("action", &rule.action), ("runbook_url", &rule.runbook)]
    {
        if !text.is_empty() {
            all.insert(name.to_owned(), json!(braces(text)));
        }
    }
    Value::Object(all)
}

/// A span in Grafana's words; none is `0s`, which is always written.
fn span(span: Duration) -> String {
    format!("{}s", span.as_secs())
}

fn cut(title: &str) -> String {
    title.chars().take(TITLE_MAX).collect()
}

/// Type of the data source of a rule's query, for lints.
pub(super) fn is_source_type(ty: &str) -> bool {
    [DataSource::Plugin, DataSource::Postgres].into_iter().any(|source| source_type(source) == ty)
}
