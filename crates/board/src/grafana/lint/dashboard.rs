//! Faults of dashboards.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Findings, Known, Lint, check_uid, items, sql, text};
use crate::panel::GRID;

/// The largest limit that a share of one can sensibly have: ten times all of it.
const RATIO_MAX: f64 = 10.0;

pub(super) fn check(path: &str, value: &Value, known: &Known<'_>, findings: &mut Findings) {
    check_uid(path, "dashboard", value, findings);
    for key in ["title", "schemaVersion", "templating", "annotations", "panels"] {
        if value.get(key).is_none() {
            findings.add(Lint::Shape, path, format!("the dashboard has no `{key}`"));
        }
    }
    if text(value, "refresh").and_then(seconds).is_some_and(|secs| secs < 10.0) {
        findings.add(Lint::Refresh, path, "the dashboard reloads faster than every 10 s");
    }
    for of in ["templating", "annotations"] {
        for item in value.get(of).map(|of| items(of, "list")).unwrap_or_default() {
            let uid = item.get("datasource").and_then(|source| text(source, "uid"));
            let name = text(item, "name").unwrap_or("?");
            known.check_source(path, &format!("`{name}`"), uid, findings);
        }
    }
    let mut numbers = BTreeSet::new();
    let mut taken: Vec<(Place, String)> = Vec::new();
    for panel in items(value, "panels") {
        let name = text(panel, "title").unwrap_or_default().to_owned();
        let at = Panel { path, name: &name, value: panel };
        match panel.get("id").and_then(Value::as_u64) {
            None => findings.add(Lint::Shape, path, format!("panel `{name}` has no `id`")),
            Some(id) if !numbers.insert(id) => {
                findings.add(Lint::DuplicatePanel, path, format!("a second panel {id}"));
            }
            Some(_) => {}
        }
        at.place(&mut taken, findings);
        if text(panel, "type") == Some("row") {
            continue;
        }
        at.words(findings);
        at.field(findings);
        at.targets(known, findings);
        at.links(known, findings);
    }
}

/// `30s`, `5m` in seconds.
pub(super) fn seconds(text: &str) -> Option<f64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: f64 = digits.parse().ok()?;
    let factor = match text.get(digits.len()..)? {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    Some(number * factor)
}

#[derive(Debug, Clone, Copy)]
struct Place {
    x: u64,
    y: u64,
    w: u64,
    h: u64,
}

impl Place {
    fn overlaps(self, other: Self) -> bool {
        let apart = |a: u64, a_len: u64, b: u64, b_len: u64| {
            a.saturating_add(a_len) <= b || b.saturating_add(b_len) <= a
        };
        !apart(self.x, self.w, other.x, other.w) && !apart(self.y, self.h, other.y, other.h)
    }
}

#[derive(Debug, Clone, Copy)]
struct Panel<'a> {
    path: &'a str,
    name: &'a str,
    value: &'a Value,
}

impl Panel<'_> {
    fn add(&self, lint: Lint, message: &str, findings: &mut Findings) {
        findings.add(lint, self.path, format!("panel `{}`: {message}", self.name));
    }

    fn place(&self, taken: &mut Vec<(Place, String)>, findings: &mut Findings) {
        let number = |key: &str| self.value.get("gridPos")?.get(key)?.as_u64();
        let (Some(x), Some(y), Some(w), Some(h)) =
            (number("x"), number("y"), number("w"), number("h"))
        else {
            return self.add(Lint::Shape, "has no place on the grid", findings);
        };
        let place = Place { x, y, w, h };
        if w == 0 || h == 0 || x.saturating_add(w) > u64::from(GRID) {
            return self.add(Lint::Grid, "lies outside the 24 columns or has no size", findings);
        }
        if let Some((_, other)) = taken.iter().find(|(other, _)| place.overlaps(*other)) {
            self.add(Lint::Overlap, &format!("lies on panel `{other}`"), findings);
        }
        taken.push((place, self.name.to_owned()));
    }

    fn words(&self, findings: &mut Findings) {
        for key in ["title", "description"] {
            if text(self.value, key).is_none_or(str::is_empty) {
                self.add(Lint::Words, &format!("has no {key}"), findings);
            }
        }
    }

    /// Unit and steps, of the panel and of its overrides.
    fn field(&self, findings: &mut Findings) {
        let Some(config) = self.value.get("fieldConfig") else {
            return self.add(Lint::Shape, "has no `fieldConfig`", findings);
        };
        let Some(defaults) = config.get("defaults") else {
            return self.add(Lint::Shape, "has no `fieldConfig.defaults`", findings);
        };
        if config.get("overrides").is_none() {
            self.add(Lint::Shape, "has no `fieldConfig.overrides`", findings);
        }
        let unit = text(defaults, "unit");
        if unit.is_none_or(str::is_empty) {
            self.add(Lint::Unit, "says nothing of its unit", findings);
        }
        if let Some(thresholds) = defaults.get("thresholds") {
            self.steps(thresholds, unit, findings);
        }
        for over in items(config, "overrides") {
            let of = |id: &str| {
                let all = items(over, "properties");
                all.into_iter().find(|p| text(p, "id") == Some(id)).and_then(|p| p.get("value"))
            };
            let unit = of("unit").and_then(Value::as_str).or(unit);
            if let Some(thresholds) = of("thresholds") {
                self.steps(thresholds, unit, findings);
            }
        }
    }

    fn steps(&self, thresholds: &Value, unit: Option<&str>, findings: &mut Findings) {
        let values: Vec<Option<f64>> = items(thresholds, "steps")
            .iter()
            .map(|step| step.get("value").and_then(Value::as_f64))
            .collect();
        let numbers: Vec<f64> = values.iter().skip(1).flatten().copied().collect();
        let is_whole =
            values.first() == Some(&None) && numbers.len() == values.len().saturating_sub(1);
        let ascends = numbers.iter().zip(numbers.iter().skip(1)).all(|(a, b)| a < b);
        if !is_whole || !ascends {
            return self.add(
                Lint::Thresholds,
                "its steps do not ascend from minus infinity",
                findings,
            );
        }
        let is_wrong = |limit: &f64| match unit {
            Some("percentunit") => {
                limit.abs() >= 1.0 && limit.abs() < 101.0 && limit.fract() == 0.0
                    || limit.abs() > RATIO_MAX
            }
            Some("percent") => *limit != 0.0 && limit.abs() < 1.0,
            _ => false,
        };
        if let Some(limit) = numbers.iter().find(|limit| is_wrong(limit)) {
            let message =
                format!("a limit of {limit} against the unit `{}`", unit.unwrap_or_default());
            self.add(Lint::UnitAgainstThreshold, &message, findings);
        }
    }

    fn targets(&self, known: &Known<'_>, findings: &mut Findings) {
        let source = self.value.get("datasource").and_then(|source| text(source, "uid"));
        let place = format!("panel `{}`", self.name);
        known.check_source(self.path, &place, source, findings);
        let targets = items(self.value, "targets");
        if targets.is_empty() {
            self.add(Lint::Shape, "asks nothing", findings);
        }
        let mut refs = BTreeSet::new();
        for target in targets {
            let ref_id = text(target, "refId").unwrap_or_default();
            if ref_id.is_empty() || !refs.insert(ref_id) {
                self.add(Lint::Ref, &format!("query `{ref_id}` has no name of its own"), findings);
            }
            match text(target, "rawSql") {
                Some(sql) => sql::check(self.path, &place, (sql, target), known, findings),
                None => self.add(Lint::Shape, &format!("query `{ref_id}` has no SQL"), findings),
            }
        }
    }

    fn links(&self, known: &Known<'_>, findings: &mut Findings) {
        for link in items(self.value, "links") {
            let url = text(link, "url").unwrap_or_default();
            let after = |start: &str| {
                Some(url.strip_prefix(start)?.split(['/', '?']).next().unwrap_or_default())
            };
            let is_dead = match (after("/d/"), after("/alerting/grafana/")) {
                (Some(uid), _) => !known.dashboards.contains(uid),
                (_, Some(uid)) => !known.rules.contains(uid),
                _ => false,
            };
            if is_dead {
                self.add(Lint::Link, &format!("`{url}` leads nowhere"), findings);
            }
        }
    }
}
