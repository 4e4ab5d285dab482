//! Broken files are refused, each for its one reason.

use plimsoll_board::grafana::File;
use std::sync::LazyLock;

use plimsoll_board::grafana::{DataSource, Finding, GrafanaOptions, Lint, export, lint};
use serde_json::{Value, json};

use crate::store::{board, tables};

const RULES: &str = "provisioning/alerting/plimsoll-rules.yaml";
const CONTACTS: &str = "provisioning/alerting/plimsoll-contacts.yaml";
const POLICIES: &str = "provisioning/alerting/plimsoll-policies.yaml";
const TEMPLATES: &str = "provisioning/alerting/plimsoll-templates.yaml";
const SOURCES: &str = "provisioning/datasources/plimsoll.yaml";
const DRAWDOWN: &str = "plimsoll/drawdown.json";
/// A rule that no panel links to.
const RULE: &str = "/groups/0/rules/6";
const STEPS: &str = "/panels/0/fieldConfig/defaults/thresholds/steps";
const SQL: &str = "/panels/0/targets/0/rawSql";

/// The files with one value of one of them replaced; `null` removes it.
fn broken(source: DataSource, path: &str, pointer: &str, value: &Value) -> Vec<File> {
    static FILES: LazyLock<[Vec<File>; 2]> = LazyLock::new(|| {
        [DataSource::Plugin, DataSource::Postgres]
            .map(|source| export(&board(), &GrafanaOptions::default().with_source(source)).files)
    });
    let mut files = FILES[usize::from(source == DataSource::Postgres)].clone();
    let file = files.iter_mut().find(|file| file.path == path).unwrap();
    let mut whole: Value = if path.ends_with(".json") {
        serde_json::from_str(&file.text).unwrap()
    } else {
        serde_saphyr::from_str(&file.text).unwrap()
    };
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = whole.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}"));
    match parent {
        Value::Object(map) if value.is_null() => drop(map.remove(key).unwrap()),
        Value::Object(map) => drop(map.insert(key.to_owned(), value.clone())),
        Value::Array(items) if key == "-" => items.push(value.clone()),
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value.clone(),
        _ => panic!("{pointer} leads nowhere"),
    }
    // JSON is YAML too.
    file.text = whole.to_string();
    files
}

#[track_caller]
fn check(name: &str, expected: Lint, findings: &[Finding]) {
    assert!(!findings.is_empty(), "{name}: nothing was found");
    for finding in findings {
        assert_eq!(finding.lint, expected, "{name}: {finding}");
    }
    let first = findings[0].to_string();
    assert!(findings.len() == 1, "{name}: {} findings, the first: {first}", findings.len());
}

/// One fault each: what is wrong, in which file, where, what stands there, and why it is refused.
type Case = (&'static str, &'static str, String, Value, Lint);

fn dashboards() -> Vec<Case> {
    let step = |value: Value| json!({ "value": value, "color": "red" });
    let at = |rest: &str| format!("/panels/0{rest}");
    let steps = |values: Vec<Value>| -> Value { values.into_iter().map(step).collect() };
    vec![
        ("no identity", "plimsoll/ralph.json", "/uid".into(), json!(""), Lint::Shape),
        ("no panels of a kind", DRAWDOWN, "/schemaVersion".into(), json!(null), Lint::Shape),
        ("no place", DRAWDOWN, at("/gridPos"), json!(null), Lint::Shape),
        ("no size", DRAWDOWN, at("/gridPos/w"), json!(0), Lint::Grid),
        ("off the grid", DRAWDOWN, at("/gridPos/x"), json!(12), Lint::Grid),
        ("on another", DRAWDOWN, "/panels/1/gridPos/y".into(), json!(0), Lint::Overlap),
        ("no title", DRAWDOWN, at("/title"), json!(""), Lint::Words),
        ("no question", DRAWDOWN, at("/description"), json!(null), Lint::Words),
        ("no unit", DRAWDOWN, at("/fieldConfig/defaults/unit"), json!(null), Lint::Unit),
        ("no overrides", DRAWDOWN, at("/fieldConfig/overrides"), json!(null), Lint::Shape),
        (
            "steps fall",
            DRAWDOWN,
            STEPS.into(),
            steps(vec![json!(null), json!(-0.02), json!(-0.05)]),
            Lint::Thresholds,
        ),
        (
            "steps begin with a number",
            DRAWDOWN,
            STEPS.into(),
            steps(vec![json!(0), json!(0.05)]),
            Lint::Thresholds,
        ),
        (
            "a step twice",
            DRAWDOWN,
            STEPS.into(),
            steps(vec![json!(null), json!(0.05), json!(0.05)]),
            Lint::Thresholds,
        ),
        (
            "percent in a share",
            DRAWDOWN,
            STEPS.into(),
            steps(vec![json!(null), json!(5), json!(10)]),
            Lint::UnitAgainstThreshold,
        ),
        (
            "a share in percent",
            DRAWDOWN,
            at("/fieldConfig/defaults/unit"),
            json!("percent"),
            Lint::UnitAgainstThreshold,
        ),
    ]
}

fn questions() -> Vec<Case> {
    let at = |rest: &str| format!("/panels/0{rest}");
    let sql = |text: &str| json!(text);
    vec![
        ("another source", DRAWDOWN, at("/datasource/uid"), json!("elsewhere"), Lint::Source),
        ("no source", DRAWDOWN, at("/datasource"), json!(null), Lint::Source),
        (
            "another kind of source",
            DRAWDOWN,
            at("/targets/0/datasource/type"),
            json!("mysql"),
            Lint::Source,
        ),
        (
            "a variable's source",
            DRAWDOWN,
            "/templating/list/0/datasource/uid".into(),
            json!("x"),
            Lint::Source,
        ),
        ("asks nothing", DRAWDOWN, at("/targets"), json!([]), Lint::Shape),
        ("no SQL", DRAWDOWN, at("/targets/0/rawSql"), json!(null), Lint::Shape),
        ("a query without a name", DRAWDOWN, at("/targets/0/refId"), json!(""), Lint::Ref),
        (
            "a table that is not there",
            DRAWDOWN,
            SQL.into(),
            sql("SELECT equity FROM positions WHERE $__timeFilter(ts)"),
            Lint::Table,
        ),
        (
            "a column that is not there",
            DRAWDOWN,
            SQL.into(),
            sql("SELECT ts AS time, drawdown_pct FROM trading_risk WHERE $__timeFilter(ts)"),
            Lint::Column,
        ),
        (
            "a quoted column that is not there",
            DRAWDOWN,
            SQL.into(),
            sql("SELECT \"drawdown\" FROM \"trading_risk\" WHERE $__timeFilter(ts)"),
            Lint::Column,
        ),
        (
            "PostgreSQL's macro",
            DRAWDOWN,
            SQL.into(),
            sql("SELECT equity FROM trading_risk WHERE ts > $__timeFrom()"),
            Lint::Macro,
        ),
        (
            "Grafana's interval",
            DRAWDOWN,
            SQL.into(),
            sql(
                "SELECT ts, last(equity) FROM trading_risk WHERE $__timeFilter(ts) SAMPLE BY $__interval",
            ),
            Lint::Macro,
        ),
        (
            "all of time",
            DRAWDOWN,
            SQL.into(),
            sql("SELECT max(equity) FROM trading_risk"),
            Lint::TimeFilter,
        ),
        (
            "a link to nowhere",
            DRAWDOWN,
            at("/links/0/url"),
            json!("/alerting/grafana/gone/view"),
            Lint::Link,
        ),
        (
            "a dashboard that is gone",
            DRAWDOWN,
            "/panels/1/links/0/url".into(),
            json!("/d/gone?x=1"),
            Lint::Link,
        ),
        ("too fast", DRAWDOWN, "/refresh".into(), json!("5s"), Lint::Refresh),
    ]
}

fn alerting() -> Vec<Case> {
    let rule = |rest: &str| format!("{RULE}{rest}");
    let contact = |rest: &str| format!("/contactPoints/0/receivers/0{rest}");
    vec![
        ("an identity of 41", RULES, rule("/uid"), json!("x".repeat(41)), Lint::Uid),
        ("an identity with a space", RULES, rule("/uid"), json!("draw down"), Lint::Uid),
        (
            "one identity twice",
            RULES,
            rule("/uid"),
            json!("plimsoll-rule-drawdown_warning"),
            Lint::DuplicateUid,
        ),
        ("a title of 191", RULES, rule("/title"), json!("x".repeat(191)), Lint::Shape),
        ("no for", RULES, rule("/for"), json!(null), Lint::For),
        ("silence is fine", RULES, rule("/noDataState"), json!("OK"), Lint::NoData),
        ("an error is fine", RULES, rule("/execErrState"), json!("OK"), Lint::NoData),
        ("no word on silence", RULES, rule("/noDataState"), json!(null), Lint::NoData),
        ("no severity", RULES, rule("/labels/severity"), json!(null), Lint::Severity),
        ("an unknown severity", RULES, rule("/labels/severity"), json!("page"), Lint::Severity),
        ("a condition of nothing", RULES, rule("/condition"), json!("B"), Lint::Ref),
        (
            "an expression of nothing",
            RULES,
            rule("/data/1/model/expression"),
            json!("B"),
            Lint::Ref,
        ),
        ("no expression", RULES, rule("/data/1/model/expression"), json!(null), Lint::Ref),
        ("no limit", RULES, rule("/data/1/model/conditions"), json!([]), Lint::Shape),
        ("another source", RULES, rule("/data/0/datasourceUid"), json!("x"), Lint::Source),
        (
            "a table that is not there",
            RULES,
            rule("/data/0/model/rawSql"),
            json!("SELECT x FROM account WHERE $__timeFilter(ts)"),
            Lint::Table,
        ),
        (
            "a label that Grafana reads",
            RULES,
            rule("/labels/strategy"),
            json!("{{ $labels.x }}"),
            Lint::Dollar,
        ),
        ("a panel that is gone", RULES, "/groups/0/rules/0/panelId".into(), json!(1), Lint::Link),
        ("an interval of 15 s", RULES, "/groups/0/interval".into(), json!("15s"), Lint::Interval),
        ("no interval", RULES, "/groups/0/interval".into(), json!(null), Lint::Interval),
        ("no folder", RULES, "/groups/0/folder".into(), json!(""), Lint::Shape),
        ("another version", RULES, "/apiVersion".into(), json!(2), Lint::Shape),
        (
            "an address in the file",
            CONTACTS,
            contact("/settings/url"),
            json!("https://discord.example/api/webhooks/1/secret"),
            Lint::Secret,
        ),
        (
            "a message that Grafana reads",
            CONTACTS,
            contact("/settings/message"),
            json!("{{ $labels.x }}"),
            Lint::Dollar,
        ),
        (
            "a template that is gone",
            CONTACTS,
            contact("/settings/title"),
            json!("{{ template \"gone\" . }}"),
            Lint::Template,
        ),
        ("no kind of receiver", CONTACTS, contact("/type"), json!(null), Lint::Shape),
        (
            "nobody of that name",
            POLICIES,
            "/policies/0/routes/0/receiver".into(),
            json!("nobody"),
            Lint::Receiver,
        ),
        ("nobody at all", POLICIES, "/policies/0/receiver".into(), json!(null), Lint::Receiver),
        (
            "two trees",
            POLICIES,
            "/policies/-".into(),
            json!({ "orgId": 1, "receiver": "plimsoll-discord" }),
            Lint::Policy,
        ),
        (
            "a variable in a template",
            TEMPLATES,
            "/templates/0/template".into(),
            json!(
                "{{ define \"plimsoll.title\" }}{{ end }}{{ define \"plimsoll.message\" }}{{ range $i, $a := .Alerts }}{{ end }}{{ end }}"
            ),
            Lint::Dollar,
        ),
        (
            "a password in the file",
            SOURCES,
            "/datasources/0/secureJsonData/password".into(),
            json!("quest"),
            Lint::Secret,
        ),
    ]
}

#[test]
fn each_broken_file_is_refused_for_its_one_reason() {
    let cases: Vec<Case> = dashboards().into_iter().chain(questions()).chain(alerting()).collect();
    for (name, path, pointer, value, expected) in &cases {
        let files = broken(DataSource::Plugin, path, pointer, value);
        check(name, *expected, &lint(&files, &tables(), ""));
    }
    assert!(cases.len() >= 60, "{}", cases.len());
}

#[test]
fn what_works_with_one_source_is_refused_with_the_other() {
    let sql = |text: &str| {
        lint(&broken(DataSource::Postgres, DRAWDOWN, SQL, &json!(text)), &tables(), "")
    };
    check(
        "no brackets",
        Lint::Macro,
        &sql("SELECT equity FROM trading_risk WHERE ts > $__timeFrom"),
    );
    check(
        "the plugin's macro",
        Lint::Macro,
        &sql("SELECT equity FROM trading_risk WHERE $__timeFilter(ts)"),
    );
    assert_eq!(sql("SELECT equity FROM trading_risk WHERE ts > $__timeFrom()"), []);
}

#[test]
fn what_cannot_be_read_is_said_with_its_place() {
    for (path, text) in [
        ("a.json", "{"),
        ("a.json", "[]"),
        ("a.yaml", "a: [1"),
        ("a.yaml", "- 1"),
        ("a.json", "{\"panels\": [}"),
    ] {
        let findings = lint(&[File::new(path, text)], &tables(), "");
        check(text, Lint::Unreadable, &findings);
    }
}

#[test]
fn a_second_panel_of_one_number_is_refused() {
    let board = board();
    let number = board.dashboard("drawdown").unwrap().panels[0].number;
    // Nothing links to the panel that loses its number.
    let files = broken(DataSource::Plugin, DRAWDOWN, "/panels/2/id", &json!(number));
    check("twice", Lint::DuplicatePanel, &lint(&files, &tables(), ""));
}
