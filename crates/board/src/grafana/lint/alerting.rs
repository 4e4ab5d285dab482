//! Faults of provisioning files: rules, contact points, policies, templates, data sources.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Findings, Known, Lint, check_uid, dashboard::seconds, items, quoted_after, sql, text};

const SEVERITIES: [&str; 3] = ["info", "warning", "critical"];

pub(super) fn check(path: &str, value: &Value, known: &Known<'_>, findings: &mut Findings) {
    if value.get("apiVersion").and_then(Value::as_u64) != Some(1) {
        findings.add(Lint::Shape, path, "`apiVersion` is not 1");
    }
    for group in items(value, "groups") {
        self::group(path, group, known, findings);
    }
    for point in items(value, "contactPoints") {
        contact(path, point, known, findings);
    }
    let mut trees = BTreeSet::new();
    for policy in items(value, "policies") {
        if !trees.insert(policy.get("orgId").and_then(Value::as_u64)) {
            findings.add(Lint::Policy, path, "a second tree of policies for one organization");
        }
        receivers(path, policy, known, findings);
    }
    for template in items(value, "templates") {
        dollar(path, "template", template.get("template"), findings);
        uses(path, text(template, "template").unwrap_or_default(), known, findings);
    }
    for source in items(value, "datasources") {
        check_uid(path, "data source", source, findings);
        let password = source.get("secureJsonData").and_then(|secure| text(secure, "password"));
        secret(path, "the data source's password", password, findings);
    }
}

fn group(path: &str, group: &Value, known: &Known<'_>, findings: &mut Findings) {
    for key in ["name", "folder"] {
        if text(group, key).is_none_or(str::is_empty) {
            findings.add(Lint::Shape, path, format!("a group has no `{key}`"));
        }
    }
    let interval = text(group, "interval").and_then(seconds);
    if interval.is_none_or(|secs| secs < 10.0 || secs % 10.0 != 0.0) {
        findings.add(Lint::Interval, path, "the interval of a group is no multiple of 10 s");
    }
    for rule in items(group, "rules") {
        self::rule(path, rule, known, findings);
    }
}

fn rule(path: &str, rule: &Value, known: &Known<'_>, findings: &mut Findings) {
    check_uid(path, "rule", rule, findings);
    let name = format!("rule `{}`", text(rule, "title").unwrap_or("?"));
    let mut add = |lint, message: &str| findings.add(lint, path, format!("{name}: {message}"));
    if text(rule, "title").is_none_or(|title| title.is_empty() || title.len() > 190) {
        add(Lint::Shape, "a title has 1 to 190 characters");
    }
    if text(rule, "for").and_then(seconds).is_none() {
        add(Lint::For, "does not say how long it waits");
    }
    let is_fine = |key: &str, fine: &[&str]| text(rule, key).is_some_and(|s| fine.contains(&s));
    if !is_fine("noDataState", &["NoData", "Alerting", "KeepLast"]) {
        add(Lint::NoData, "takes silence for fine");
    }
    if !is_fine("execErrState", &["Error", "Alerting", "KeepLast"]) {
        add(Lint::NoData, "takes an error for fine");
    }
    let severity = rule.get("labels").and_then(|labels| text(labels, "severity"));
    if severity.is_none_or(|severity| !SEVERITIES.contains(&severity)) {
        add(Lint::Severity, "has no severity that a route knows");
    }
    queries(path, &name, rule, known, findings);
    link(path, &name, rule, known, findings);
    dollar(path, &name, rule.get("labels"), findings);
    dollar(path, &name, rule.get("title"), findings);
}

fn queries(path: &str, name: &str, rule: &Value, known: &Known<'_>, findings: &mut Findings) {
    let data = items(rule, "data");
    let mut refs = BTreeSet::new();
    for query in &data {
        let ref_id = text(query, "refId").unwrap_or_default();
        if ref_id.is_empty() || !refs.insert(ref_id) {
            findings.add(
                Lint::Ref,
                path,
                format!("{name}: query `{ref_id}` has no name of its own"),
            );
        }
    }
    let condition = text(rule, "condition").unwrap_or_default();
    if !refs.contains(condition) {
        findings.add(Lint::Ref, path, format!("{name}: its condition `{condition}` is no query"));
    }
    for query in &data {
        let uid = text(query, "datasourceUid");
        known.check_source(path, name, uid, findings);
        let Some(model) = query.get("model") else {
            findings.add(Lint::Shape, path, format!("{name}: a query has no model"));
            continue;
        };
        if uid == Some("__expr__") {
            expression(path, name, model, &refs, findings);
        } else if let Some(sql) = text(model, "rawSql") {
            sql::check(path, name, (sql, model), known, findings);
        } else {
            findings.add(Lint::Shape, path, format!("{name}: a query has no SQL"));
        }
    }
}

fn expression(
    path: &str,
    name: &str,
    model: &Value,
    refs: &BTreeSet<&str>,
    findings: &mut Findings,
) {
    let of = text(model, "expression").unwrap_or_default();
    if !refs.contains(of) {
        findings.add(
            Lint::Ref,
            path,
            format!("{name}: its expression is of `{of}`, which is no query"),
        );
    }
    let limits = items(model, "conditions").into_iter().filter_map(|condition| {
        condition.get("evaluator")?.get("params")?.as_array()?.first()?.as_f64()
    });
    if text(model, "type") == Some("threshold") && limits.count() == 0 {
        findings.add(Lint::Shape, path, format!("{name}: its threshold has no limit"));
    }
}

/// Both ways of naming the panel must name the same one, which must be there.
fn link(path: &str, name: &str, rule: &Value, known: &Known<'_>, findings: &mut Findings) {
    let (uid, id) = (text(rule, "dashboardUid"), rule.get("panelId").and_then(Value::as_u64));
    let annotations = rule.get("annotations");
    let of = |key: &str| annotations.and_then(|annotations| text(annotations, key));
    let shown = (of("__dashboardUid__"), of("__panelId__").and_then(|id| id.parse().ok()));
    if (uid, id) != shown {
        findings.add(
            Lint::Link,
            path,
            format!("{name}: names one panel in its fields and another in its annotations"),
        );
        return;
    }
    if let (Some(uid), Some(id)) = (uid, id)
        && !known.panels.contains(&(uid.to_owned(), id))
    {
        findings.add(Lint::Link, path, format!("{name}: there is no panel {id} of `{uid}`"));
    }
}

fn contact(path: &str, point: &Value, known: &Known<'_>, findings: &mut Findings) {
    if text(point, "name").is_none_or(str::is_empty) {
        findings.add(Lint::Shape, path, "a contact point has no `name`");
    }
    for receiver in items(point, "receivers") {
        check_uid(path, "receiver", receiver, findings);
        if text(receiver, "type").is_none() {
            findings.add(Lint::Shape, path, "a receiver has no `type`");
        }
        let Some(settings) = receiver.get("settings") else {
            findings.add(Lint::Shape, path, "a receiver has no `settings`");
            continue;
        };
        secret(path, "the address of a receiver", text(settings, "url"), findings);
        dollar(path, "receiver", Some(settings), findings);
        for key in ["title", "message"] {
            uses(path, text(settings, key).unwrap_or_default(), known, findings);
        }
    }
}

fn receivers(path: &str, policy: &Value, known: &Known<'_>, findings: &mut Findings) {
    match text(policy, "receiver") {
        Some(name) if known.receivers.contains(name) || name == "grafana-default-email" => {}
        Some(name) => findings.add(Lint::Receiver, path, format!("no receiver `{name}`")),
        None => findings.add(Lint::Receiver, path, "a policy names no receiver"),
    }
    for route in items(policy, "routes") {
        receivers(path, route, known, findings);
    }
}

fn uses(path: &str, template: &str, known: &Known<'_>, findings: &mut Findings) {
    let unknown = |name: &String| !known.templates.contains(name) && !name.starts_with("default.");
    for name in quoted_after(template, "template ").into_iter().filter(unknown) {
        findings.add(Lint::Template, path, format!("no template `{name}`"));
    }
}

/// A secret must be nothing but a reference to the environment.
fn secret(path: &str, what: &str, value: Option<&str>, findings: &mut Findings) {
    let is_reference = |value: &str| {
        value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).is_some_and(is_name)
    };
    if value.is_some_and(|value| !is_reference(value)) {
        findings.add(Lint::Secret, path, format!("{what} stands in the file; write ${{NAME}}"));
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// A `$` that is neither doubled nor `${NAME}`.
fn dollar(path: &str, what: &str, value: Option<&Value>, findings: &mut Findings) {
    match value {
        Some(Value::String(text)) => {
            let bare = text.replace("$$", "");
            let is_taken = bare.split('$').skip(1).any(|rest| {
                let name = rest.strip_prefix('{').and_then(|rest| rest.split('}').next());
                !name.is_some_and(is_name)
            });
            if is_taken {
                findings.add(
                    Lint::Dollar,
                    path,
                    format!("{what}: Grafana reads the `$` in `{text}`; write `$$`"),
                );
            }
        }
        Some(Value::Object(map)) => {
            for value in map.values() {
                dollar(path, what, Some(value), findings);
            }
        }
        Some(Value::Array(items)) => {
            for value in items {
                dollar(path, what, Some(value), findings);
            }
        }
        _ => {}
    }
}
