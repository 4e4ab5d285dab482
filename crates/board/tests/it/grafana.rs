//! Files for Grafana: stable, linked both ways, and of the shape that Grafana reads.

use std::path::PathBuf;

use plimsoll_board::{
    Board, Compare, Measure, Rule, Unit,
    grafana::{DataSource, Difference, Export, File, GrafanaOptions, MARK, compare, export, lint},
};
use serde_json::Value;

use crate::{
    schema::violations,
    store::{board, rules, tables},
};

fn options(source: DataSource) -> GrafanaOptions {
    GrafanaOptions::default().with_source(source)
}

fn exported() -> Export {
    export(&board(), &options(DataSource::Plugin))
}

fn value(export: &Export, path: &str) -> Value {
    let file = export.files.iter().find(|file| file.path == path).unwrap();
    parsed(file)
}

fn parsed(file: &File) -> Value {
    if file.path.ends_with(".json") {
        serde_json::from_str(&file.text).unwrap()
    } else {
        serde_saphyr::from_str(&file.text).unwrap()
    }
}

#[test]
fn an_export_is_the_same_each_time_and_has_no_fault() {
    for source in [DataSource::Plugin, DataSource::Postgres] {
        for prefix in ["", "bt_"] {
            let options = options(source).with_prefix(prefix);
            let (first, second) = (export(&board(), &options), export(&board(), &options));
            assert_eq!(first, second);
            assert_eq!(first.files.len(), 16);
            let findings = lint(&first.files, &tables(), prefix);
            assert!(findings.is_empty(), "{source:?}: {}", findings[0]);
        }
    }
}

#[test]
fn what_yaml_says_is_what_was_meant() {
    let export = exported();
    let template = value(&export, "provisioning/alerting/plimsoll-templates.yaml");
    let text = template["templates"][0]["template"].as_str().unwrap();
    assert!(text.starts_with("{{ define \"plimsoll.title\" }}") && text.ends_with("{{ end }}\n"));
    assert!(!text.contains('$'), "Grafana would read it");
    let source = value(&export, "provisioning/datasources/plimsoll.yaml");
    assert_eq!(source["datasources"][0]["jsonData"]["port"], 8812);
    assert_eq!(source["datasources"][0]["secureJsonData"]["password"], "${QUESTDB_PASSWORD}");
    let contacts = value(&export, "provisioning/alerting/plimsoll-contacts.yaml");
    let settings = &contacts["contactPoints"][0]["receivers"][0]["settings"];
    assert_eq!(settings["url"], "${DISCORD_WEBHOOK_URL}");
}

#[test]
fn panels_and_rules_link_to_each_other() {
    let export = exported();
    let rules = value(&export, "provisioning/alerting/plimsoll-rules.yaml");
    let all = rules["groups"][0]["rules"].as_array().unwrap();
    let rule = all.iter().find(|rule| rule["title"] == "drawdown_warning").unwrap();
    let dashboard = value(&export, "plimsoll/drawdown.json");
    assert_eq!(rule["dashboardUid"], dashboard["uid"]);
    let panels = dashboard["panels"].as_array().unwrap();
    let panel = panels.iter().find(|panel| panel["id"] == rule["panelId"]).unwrap();
    assert_eq!(panel["title"], "Underwater");
    let links = panel["links"].as_array().unwrap();
    let url = format!("/alerting/grafana/{}/view", rule["uid"].as_str().unwrap());
    assert!(links.iter().any(|link| link["url"] == url), "{links:?}");
    let steps = &panel["fieldConfig"]["defaults"]["thresholds"]["steps"];
    assert_eq!(steps[1]["value"], 0.05);
    assert_eq!(steps[2]["value"], 0.1);
}

#[test]
fn a_rule_keeps_its_limit_its_patience_and_what_silence_means() {
    let mut rule = rules().remove(0);
    rule.pending_for = std::time::Duration::from_secs(30);
    rule.resolve_at = Some(0.09);
    let rules = vec![rule, rules().pop().unwrap()];
    let board = Board::new(tables(), rules).unwrap();
    let export = export(&board, &GrafanaOptions::default());
    let file = value(&export, "provisioning/alerting/plimsoll-rules.yaml");
    let rules = &file["groups"][0]["rules"];
    assert_eq!(rules[0]["for"], "30s");
    assert_eq!(rules[0]["noDataState"], "NoData");
    let condition = &rules[0]["data"][1]["model"]["conditions"][0];
    assert_eq!(condition["evaluator"]["params"][0], 0.1);
    assert_eq!(condition["unloadEvaluator"]["params"][0], 0.09);
    assert_eq!(rules[1]["for"], "0s");
    assert_eq!(rules[1]["noDataState"], "Alerting");
    let sql = rules[1]["data"][0]["model"]["rawSql"].as_str().unwrap();
    assert!(sql.contains("datediff('s', \"value\", $__toTime)"), "{sql}");
}

#[test]
fn a_rule_that_grafana_cannot_evaluate_is_named_with_its_reason() {
    let joined = Measure::Engine("it is made of other rules".to_owned());
    let mut rules = rules();
    rules.push(Rule::new("kill", joined, Compare::Above, 0.0, Unit::None));
    let board = Board::new(tables(), rules).unwrap();
    let export = export(&board, &GrafanaOptions::default());
    let reason = "only the engine can tell it: it is made of other rules".to_owned();
    assert_eq!(export.left_out, [("kill".to_owned(), reason)]);
}

#[test]
fn identities_are_short_plain_and_tell_long_names_apart() {
    let rule = |name: String| {
        let measure = rules()[0].measure.clone();
        Rule::new(name, measure, Compare::Above, 0.1, Unit::Ratio)
    };
    let names = ["é", "$x", &"a".repeat(60), &format!("{}b", "a".repeat(60))];
    let rules = names.iter().map(|name| rule((*name).to_owned())).collect();
    let board = Board::new(tables(), rules).unwrap();
    let export = export(&board, &GrafanaOptions::default());
    assert_eq!(lint(&export.files, &tables(), ""), []);
}

#[test]
fn a_check_says_what_differs() {
    let wanted = exported().files;
    assert_eq!(compare(&wanted, &wanted), []);
    let mut there = wanted.clone();
    let missing = there.remove(0).path;
    let changed = &mut there[3];
    changed.text = changed.text.replacen("1", "2", 1);
    let path = changed.path.clone();
    there.push(File::new("old.yaml", format!("{MARK}\na: 1\n")));
    there.push(File::new("theirs.yaml", "a: 1\n"));
    let found = compare(&there, &wanted);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.contains(&Difference::Missing { path: missing }));
    assert!(found.contains(&Difference::Extra { path: "old.yaml".to_owned() }));
    let is_changed = |d: &Difference| matches!(d, Difference::Changed { path: p, line, .. } if *p == path && *line > 0);
    assert!(found.iter().any(is_changed), "{found:?}");
}

#[test]
fn alerting_files_have_the_shape_that_grafana_reads() {
    let schema = include_str!("../../schemas/grafana-alerting.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let export = exported();
    let files = export.files.iter().filter(|file| file.path.contains("/alerting/"));
    let mut count = 0;
    for file in files {
        assert_eq!(violations(&schema, "", &parsed(file)), Vec::<String>::new(), "{}", file.path);
        count += 1;
    }
    assert_eq!(count, 4);
}

fn fixture(name: &str) -> Option<Value> {
    let dir = std::env::var_os("PLIMSOLL_FIXTURES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures"),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(dir.join("grafana").join(name)).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

/// Schemas of the makers, where they are.
#[test]
fn dashboards_fit_the_schemas_of_grafana() {
    let schema = |name: &str| {
        let found = fixture(name);
        if found.is_none() {
            println!("SKIPPED: no {name} in the fixtures");
        }
        found
    };
    let (Some(dashboard), Some(series), Some(stat), Some(table), Some(expression)) = (
        schema("dashboard.json"),
        schema("timeseries.json"),
        schema("stat.json"),
        schema("table.json"),
        schema("expr.json"),
    ) else {
        return;
    };
    for source in [DataSource::Plugin, DataSource::Postgres] {
        let export = export(&board(), &options(source));
        for file in export.files.iter().filter(|file| file.path.ends_with(".json")) {
            let value = parsed(file);
            let wrong = violations(&dashboard, "/definitions/Dashboard", &value);
            assert_eq!(wrong, Vec::<String>::new(), "{}", file.path);
            for panel in value["panels"].as_array().unwrap() {
                let name = format!("{}: {}", file.path, panel["title"]);
                let fits = |schema: &Value, of: &str, value: &Value| {
                    let wrong = violations(schema, of, value);
                    assert_eq!(wrong, Vec::<String>::new(), "{name}");
                };
                fits(&dashboard, "/definitions/Panel", panel);
                let custom = &panel["fieldConfig"]["defaults"]["custom"];
                match panel["type"].as_str().unwrap() {
                    "timeseries" => {
                        fits(&series, "/definitions/Options", &panel["options"]);
                        fits(&series, "/definitions/GraphFieldConfig", custom);
                    }
                    "stat" => fits(&stat, "/definitions/Options", &panel["options"]),
                    "table" => {
                        fits(&table, "/definitions/Options", &panel["options"]);
                        fits(&table, "/definitions/FieldConfig", custom);
                    }
                    _ => {}
                }
            }
        }
        let rules = value(&export, "provisioning/alerting/plimsoll-rules.yaml");
        for rule in rules["groups"][0]["rules"].as_array().unwrap() {
            let model = &rule["data"][1]["model"];
            let wrong = violations(&expression, "/definitions/TypeThreshold", model);
            assert_eq!(wrong, Vec::<String>::new(), "{}", rule["title"]);
        }
    }
}
