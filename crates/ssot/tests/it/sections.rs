//! The sections that belong to no other crate.

use plimsoll_ssot::sections::{self, Contacts, Limits, Ports, Strategies, Versions};
use plimsoll_ssot::{Layers, ProblemKind};

fn layers(text: &str) -> Layers {
    sections::register(Layers::new()).with_file("c.yaml", text)
}

/// What is said, each thing in a line with the keys that take part.
fn said(text: &str) -> Vec<String> {
    let problems = layers(text).load().unwrap_err();
    let line = |problem: &plimsoll_ssot::Problem| {
        let related: Vec<&str> = problem.related.iter().map(|(_, label)| label.as_str()).collect();
        format!("{} | {} | {}", problem.origin, problem.message, related.join(" "))
    };
    problems.iter().map(line).collect()
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(said(text), expected, "{text}");
}

#[track_caller]
fn fine(text: &str) {
    let loaded = layers(text).load();
    assert!(loaded.is_ok(), "{text}\n{}", loaded.unwrap_err());
}

#[test]
fn limits_that_exclude_each_other_are_told_with_both_places() {
    check(
        "limits:\n  drawdown_warn_ratio: 0.1\n  drawdown_kill_ratio: 0.1\n",
        &[
            "c.yaml:2:24 | `drawdown_warn_ratio` of 0.1 is not below `drawdown_critical_ratio` of 0.1 | `limits.drawdown_critical_ratio`",
            "default | `drawdown_critical_ratio` of 0.1 is not below `drawdown_kill_ratio` of 0.1 | `limits.drawdown_kill_ratio`",
        ],
    );
    check(
        "limits:\n  max_daily_loss_ratio: 0.2\n",
        &[
            "c.yaml:2:25 | a daily loss of 0.2 is allowed, and a drawdown of 0.15 stops trading before | `limits.drawdown_kill_ratio`",
        ],
    );
    check(
        "limits:\n  portfolio: {max_gross_ratio: 1, max_net_ratio: 2}\n",
        &[
            "c.yaml:2:50 | a net of 2 cannot be reached where the gross ends at 1 | `limits.portfolio.max_gross_ratio`",
        ],
    );
}

#[test]
fn a_limit_out_of_range_is_told_with_what_was_meant() {
    for (value, why) in [
        ("5", "found 5, wanted a ratio above 0 and at most 1, such as 0.05 for 5 %"),
        ("0", "found 0, wanted a ratio above 0"),
        ("-0.1", "found -0.1, wanted a ratio above 0"),
    ] {
        let said = said(&format!("limits:\n  drawdown_warn_ratio: {value}\n"));
        assert!(said[0].starts_with("c.yaml:2:24 |") && said[0].contains(why), "{said:?}");
    }
    assert!(said("limits: {session_start: 25:00}\n")[0].contains("wanted a time such as 08:30"));
    fine("limits: {session_start: 08:30}\n");
    fine("limits: {session_start: \"23:59\"}\n");
}

#[test]
fn a_position_has_exactly_one_size_and_one_limit() {
    fine(
        "limits:\n  position:\n    - {match: \"BTC-*.HYPERLIQUID\", max_notional: 50000}\n    - {match: \"BTC-*.HYPERLIQUID\", account: HL-main, max_qty: 2}\n",
    );
    check(
        "limits:\n  position:\n    - match: a\n    - {match: b, max_qty: 1, max_notional: 2}\n    - {match: b, max_qty: 3}\n    - {match: \"\", max_qty: 3}\n",
        &[
            "c.yaml:3:7 | no size: wanted max_qty, max_notional or max_equity_ratio | ",
            "c.yaml:4:27 | several sizes: only one of them can be the limit | `limits.position[1].max_notional`",
            "c.yaml:5:15 | `b` has a limit already | `limits.position[1].match`",
            "c.yaml:6:15 | an empty pattern matches nothing | ",
        ],
    );
    let limits = layers("limits: {position: [{match: a, max_qty: 1}], position_default: ~}\n");
    let limits = limits.load().unwrap().section::<Limits>("limits").unwrap().into_inner();
    assert_eq!(limits.position_default, None);
    assert_eq!(
        (limits.position[0].account.as_str(), limits.position[0].count_open_orders),
        ("*", true)
    );
}

#[test]
fn ports_are_used_once_and_services_name_what_is_there() {
    check(
        "ports: {grafana: 9000}\n",
        &["default | port 9000 is used by `grafana` and by `questdb_http` | `ports.grafana`"],
    );
    check(
        "services:\n  quest-db:\n    image: registry:5000/questdb/questdb:9.2.3\n    ports: [questdb_http, pg]\n    health_path: ping\n",
        &[
            "c.yaml:3:12 | the image names its version, which belongs in `versions.quest-db` | ",
            "c.yaml:4:27 | `ports` has no `pg` | ",
            "c.yaml:5:18 | a path begins with `/` | ",
        ],
    );
    fine(
        "services:\n  questdb: {image: \"registry:5000/questdb/questdb\", ports: [questdb_http], health_path: /ping}\n",
    );
    let ports = layers("ports: {redis: null, pg: 8812}\n").load().unwrap();
    let Ports(ports) = ports.section::<Ports>("ports").unwrap().into_inner();
    assert_eq!(ports.keys().collect::<Vec<_>>(), ["grafana", "pg", "questdb_http", "questdb_ilp"]);
}

#[test]
fn staging_on_the_host_of_production_has_ports_of_its_own() {
    let text = |grafana: u16, shares: bool| {
        format!(
            "staging: {{shares_host: {shares}}}\nprofiles:\n  prod: {{}}\n  staging:\n    ports: {{grafana: {grafana}, questdb_http: 9001, questdb_ilp: 9010, redis: 6380}}\n"
        )
    };
    assert!(layers(&text(3001, true)).check().is_ok());
    let problems = layers(&text(3000, true)).check().unwrap_err();
    assert!(
        problems.to_string().contains("`ports.grafana` is the same in staging as in production"),
        "{problems}"
    );
    assert!(layers(&text(9000, true)).check().is_err(), "another service's port is one too");
    assert!(layers(&text(3000, false)).check().is_ok());
}

#[test]
fn versions_and_requirements_are_ones() {
    fine("versions: {grafana: 12.3.1, questdb: 9.10, x: v1, y: 1.222.0a20250112, z: \"1\"}\n");
    fine(
        "runtime: {python: \">=3.12\", rust: 1.95, nt: \">=1.222.0,<2\", node: ^20, tool: ~=1.2}\n",
    );
    check(
        "versions: {grafana: latest}\nruntime: {nautilus: 1.222.0+, python: three}\n",
        &[
            "c.yaml:1:21 | \"latest\" names no version, wanted one such as 9.2.3 | ",
            "c.yaml:2:21 | \"1.222.0+\" is not read by anything, write \">=1.222.0\" | ",
            "c.yaml:2:39 | \"three\" is no requirement, wanted one such as >=3.12,<4 | ",
        ],
    );
    let ssot = layers("versions: {questdb: 9.10}\n").load().unwrap();
    let Versions(versions) = ssot.section::<Versions>("versions").unwrap().into_inner();
    assert_eq!(versions["questdb"], "9.10", "ten is not one");
}

#[test]
fn files_stay_inside_of_the_repository() {
    fine("derived_files: [.env, docs/ARCHITECTURE.md]\npaths: {catalog: ~/catalog/}\n");
    check(
        "derived_files: [../x, /etc/passwd, a, a]\nstaging: {compose_file: ../c.yml}\npaths: {p: \"\"}\n",
        &[
            "c.yaml:1:17 | \"../x\" is no path inside of the repository | ",
            "c.yaml:1:23 | \"/etc/passwd\" is no path inside of the repository | ",
            "c.yaml:1:39 | \"a\" is there twice | `derived_files[2]`",
            "c.yaml:2:25 | \"../c.yml\" is no path inside of the repository | ",
            "c.yaml:3:12 | \"\" is no path | ",
        ],
    );
}

#[test]
fn people_can_be_reached_in_order() {
    let people = "contacts:\n  people:\n    ada: {name: Ada, reach: [\"tel:+44 20 7946 0958\"]}\n    bob: {name: Bob, reach: []}\n";
    check(people, &["c.yaml:4:22 | there is no way to reach `bob` | "]);
    let steps = "  escalation:\n    - {contact: ada, after_minutes: 5}\n    - {contact: eve, after_minutes: 5}\n";
    let said = said(&(people.replace("reach: []", "reach: [x]") + steps));
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("nobody in `contacts.people` is called `eve`"), "{said:?}");
    assert!(said[1].contains("which is not later than the step before"), "{said:?}");
    let none = layers("").load().unwrap().section::<Contacts>("contacts").unwrap().into_inner();
    assert_eq!(none, Contacts::default());
}

#[test]
fn money_has_a_currency_and_strategies_have_some() {
    fine("accounting: {base_currency: USDT}\nstrategies: {ema-001: {capital: 1e6}}\n");
    assert!(said("accounting: {base_currency: dollar}\n")[0].contains("is no currency"));
    assert!(
        said("strategies: {ema-001: {capital: 0}}\n")[0]
            .contains("found 0, wanted a number above 0")
    );
    let missing = layers("strategies: {ema-001: {}}\n").load().unwrap_err();
    assert_eq!(missing.iter().next().unwrap().kind, ProblemKind::MissingKey);
    let ssot = layers("strategies: {ema.001: {capital: 5}}\n").load().unwrap();
    let Strategies(strategies) = ssot.section::<Strategies>("strategies").unwrap().into_inner();
    assert_eq!(strategies["ema.001"].capital.get(), 5.0);
    assert_eq!(ssot.get("strategies.\"ema.001\".capital").unwrap().to_string(), "5.0");
}
