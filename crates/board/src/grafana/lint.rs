//! What is wrong with files before Grafana sees them. Grafana itself takes most of it in silence and
//! shows wrong colors, empty panels, or rules that never fire.

mod alerting;
mod dashboard;
mod sql;

use std::{collections::BTreeSet, fmt};

use serde_json::Value;

use super::File;
use crate::table::Tables;

/// A rule that files must keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Lint {
    /// The text is no JSON or YAML.
    Unreadable,
    /// Something that Grafana needs is missing or of another kind.
    Shape,
    /// An identity is longer than 40 characters or has others than letters, digits, `-` and `_`.
    Uid,
    /// Two things have one identity: Grafana refuses or overwrites one.
    DuplicateUid,
    /// Two panels of a dashboard have one number.
    DuplicatePanel,
    /// A panel lies outside the 24 columns or has no size.
    Grid,
    /// A panel lies on another.
    Overlap,
    /// A panel has no title or no description.
    Words,
    /// A panel says nothing of its unit.
    Unit,
    /// Steps do not ascend from minus infinity: colors would be wrong.
    Thresholds,
    /// A limit makes no sense in the panel's unit, as 5 where 1 is 100 %.
    UnitAgainstThreshold,
    /// A data source that no file declares.
    Source,
    /// A reference to a query that is not there, or two queries of one name.
    Ref,
    /// A table that the store does not have.
    Table,
    /// A column that its table does not have.
    Column,
    /// A macro that the data source does not have, or one that does not work there.
    Macro,
    /// A query over all of time.
    TimeFilter,
    /// An interval that is no multiple of 10 s, or none.
    Interval,
    /// A rule without `for`: Grafana would take its own default.
    For,
    /// Silence or an error that counts as fine.
    NoData,
    /// A `$` that Grafana takes for its environment.
    Dollar,
    /// A link to a dashboard, panel or rule that is not there.
    Link,
    /// A receiver that is not there.
    Receiver,
    /// Two trees of policies for one organization: the second replaces the first.
    Policy,
    /// A template that is not there.
    Template,
    /// A secret in the file instead of a reference to the environment.
    Secret,
    /// A dashboard that reloads faster than every 10 s.
    Refresh,
    /// A severity that no route knows.
    Severity,
}

/// A fault.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// Which rule.
    pub lint: Lint,
    /// In which file.
    pub path: String,
    /// What is wrong, and where.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({:?})", self.path, self.message, self.lint)
    }
}

/// Looks at files as one whole: references may lead from one to another. `prefix` stands before each
/// table's name.
#[must_use]
pub fn lint(files: &[File], tables: &Tables, prefix: &str) -> Vec<Finding> {
    let mut findings = Findings::default();
    let mut parsed = Vec::new();
    for file in files {
        match parse(file) {
            Ok(value) => parsed.push((file.path.as_str(), value)),
            Err(why) => findings.add(Lint::Unreadable, &file.path, why),
        }
    }
    let known = Known::of(&parsed, tables, prefix);
    for (path, value) in &parsed {
        if value.get("panels").is_some() || path.ends_with(".json") {
            dashboard::check(path, value, &known, &mut findings);
        } else {
            alerting::check(path, value, &known, &mut findings);
        }
    }
    known.duplicates(&parsed, &mut findings);
    findings.0
}

fn parse(file: &File) -> Result<Value, String> {
    let is_json = file.path.ends_with(".json");
    let value: Result<Value, String> = if is_json {
        serde_json::from_str(&file.text).map_err(|error| error.to_string())
    } else {
        serde_saphyr::from_str(&file.text).map_err(|error| error.to_string())
    };
    match value? {
        value @ Value::Object(_) => Ok(value),
        _ => Err("it is no map".to_owned()),
    }
}

/// What has been found so far.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, lint: Lint, path: &str, message: impl Into<String>) {
        self.0.push(Finding { lint, path: path.to_owned(), message: message.into() });
    }
}

/// What other files refer to.
#[derive(Debug)]
struct Known<'a> {
    tables: &'a Tables,
    prefix: &'a str,
    sources: BTreeSet<String>,
    dashboards: BTreeSet<String>,
    /// Dashboard and panel.
    panels: BTreeSet<(String, u64)>,
    rules: BTreeSet<String>,
    receivers: BTreeSet<String>,
    templates: BTreeSet<String>,
}

impl<'a> Known<'a> {
    fn of(parsed: &[(&str, Value)], tables: &'a Tables, prefix: &'a str) -> Self {
        let all = || parsed.iter().map(|(_, value)| value);
        let texts = |items: Vec<&Value>, key: &str| -> BTreeSet<String> {
            items.into_iter().filter_map(|item| text(item, key)).map(str::to_owned).collect()
        };
        let list = |key: &str| all().flat_map(|value| items(value, key)).collect::<Vec<_>>();
        let dashboards = || all().filter(|value| value.get("panels").is_some());
        let panels = dashboards().flat_map(|dashboard| {
            let uid = text(dashboard, "uid").unwrap_or_default().to_owned();
            let ids = items(dashboard, "panels").into_iter().filter_map(|p| p.get("id")?.as_u64());
            ids.map(move |id| (uid.clone(), id)).collect::<Vec<_>>()
        });
        let templates = list("templates").into_iter().filter_map(|item| text(item, "template"));
        Self {
            tables,
            prefix,
            sources: texts(list("datasources"), "uid"),
            dashboards: texts(dashboards().collect(), "uid"),
            panels: panels.collect(),
            rules: texts(
                list("groups").into_iter().flat_map(|group| items(group, "rules")).collect(),
                "uid",
            ),
            receivers: texts(list("contactPoints"), "name"),
            templates: templates.flat_map(defined).collect(),
        }
    }

    fn duplicates(&self, parsed: &[(&str, Value)], findings: &mut Findings) {
        let mut seen: BTreeSet<(&str, String)> = BTreeSet::new();
        let mut see = |kind: &'static str, uid: Option<&str>, path: &str| {
            let Some(uid) = uid else { return };
            if !seen.insert((kind, uid.to_owned())) {
                findings.add(Lint::DuplicateUid, path, format!("a second {kind} `{uid}`"));
            }
        };
        for (path, value) in parsed {
            if value.get("panels").is_some() {
                see("dashboard", text(value, "uid"), path);
            }
            for source in items(value, "datasources") {
                see("data source", text(source, "uid"), path);
            }
            for rule in items(value, "groups").into_iter().flat_map(|group| items(group, "rules")) {
                see("rule", text(rule, "uid"), path);
            }
            for point in items(value, "contactPoints") {
                for receiver in items(point, "receivers") {
                    see("receiver", text(receiver, "uid"), path);
                }
            }
        }
    }

    fn check_source(&self, path: &str, place: &str, uid: Option<&str>, findings: &mut Findings) {
        let is_own = |uid: &str| matches!(uid, "__expr__" | "-- Grafana --");
        match uid {
            Some(uid) if self.sources.contains(uid) || is_own(uid) => {}
            Some(uid) => {
                findings.add(Lint::Source, path, format!("{place}: no data source `{uid}`"));
            }
            None => findings.add(Lint::Source, path, format!("{place}: names no data source")),
        }
    }
}

/// Names that a template file defines.
fn defined(template: &str) -> Vec<String> {
    quoted_after(template, "define ")
}

/// Texts in quotes behind a word.
fn quoted_after(text: &str, word: &str) -> Vec<String> {
    let rests = text.split(word).skip(1);
    rests.filter_map(|rest| Some(rest.strip_prefix('"')?.split('"').next()?.to_owned())).collect()
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str()
}

fn items<'v>(value: &'v Value, key: &str) -> Vec<&'v Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten().collect()
}

/// Looks at the form of an identity; a missing one is a matter of shape.
fn check_uid(path: &str, kind: &str, value: &Value, findings: &mut Findings) {
    match text(value, "uid") {
        None | Some("") => findings.add(Lint::Shape, path, format!("a {kind} has no `uid`")),
        Some(uid) => {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if uid.len() > super::UID_MAX || !uid.chars().all(is_plain) {
                findings.add(
                    Lint::Uid,
                    path,
                    format!(
                        "{kind} `{uid}`: an identity has at most 40 letters, digits, `-` and `_`"
                    ),
                );
            }
        }
    }
}
