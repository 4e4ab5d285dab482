//! Dashboards fitted to tables and rules.

use std::collections::BTreeSet;

use plimsoll_board::{Board, BoardError, GRID, Picture, Table, Tables, query::QueryProblem};

use crate::store::{board, rules, tables};

#[test]
fn every_dashboard_that_people_ask_for_is_there() {
    let board = board();
    let ids: Vec<&str> = board.dashboards.iter().map(|d| d.id.as_str()).collect();
    let wanted = [
        "now",
        "pnl",
        "drawdown",
        "latency",
        "errors",
        "positions",
        "health",
        "alerts",
        "agents",
        "ralph",
    ];
    assert_eq!(ids, wanted);
}

#[test]
fn ids_and_numbers_are_unique_and_panels_do_not_overlap() {
    for dashboard in board().dashboards {
        let mut ids = BTreeSet::new();
        let mut numbers = BTreeSet::new();
        let mut taken = BTreeSet::new();
        for panel in &dashboard.panels {
            let name = format!("{}/{}", dashboard.id, panel.id);
            assert!(ids.insert(&panel.id), "{name}");
            assert!(numbers.insert(panel.number), "{name}");
            assert!(panel.question.contains('?'), "{name} asks nothing");
            let place = panel.place;
            assert!(place.x + place.w <= GRID, "{name}");
            for x in place.x..place.x + place.w {
                for y in place.y..place.y + place.h {
                    assert!(taken.insert((x, y)), "{name} lies on another panel");
                }
            }
        }
    }
}

#[test]
fn a_panel_has_the_limits_of_the_rules_that_watch_the_same() {
    let board = board();
    let levels = |dashboard: &str, panel: &str| {
        let panel = board.dashboard(dashboard).unwrap().panel(panel).unwrap();
        panel.levels.iter().map(|level| (level.rule.clone(), level.value)).collect::<Vec<_>>()
    };
    let both = vec![("drawdown_warning".to_owned(), 0.05), ("drawdown_critical".to_owned(), 0.10)];
    assert_eq!(levels("drawdown", "underwater"), both);
    assert_eq!(levels("now", "drawdown"), both);
    assert_eq!(levels("drawdown", "leverage"), [("leverage_max".to_owned(), 3.0)]);
    assert_eq!(levels("drawdown", "day"), [("daily_loss".to_owned(), -0.02)]);
    assert_eq!(levels("latency", "ack"), [("latency_p99".to_owned(), 500.0)]);
    assert_eq!(levels("errors", "rate"), [("error_rate".to_owned(), 0.01)]);
    assert_eq!(levels("pnl", "equity"), []);
}

#[test]
fn a_rule_finds_the_picture_that_shows_it() {
    let board = board();
    let (dashboard, panel) = board.panel_of("drawdown_warning").unwrap();
    assert_eq!((dashboard.id.as_str(), panel.id.as_str()), ("drawdown", "underwater"));
    assert_eq!(panel.picture, Picture::Underwater);
    assert!(board.panel_of("heartbeat").is_none());
}

#[test]
fn a_drill_down_leads_somewhere() {
    let board = board();
    for panel in board.dashboards.iter().flat_map(|dashboard| &dashboard.panels) {
        if let Some(there) = &panel.drill_down {
            assert!(board.dashboard(there).is_some(), "{} leads to {there}", panel.id);
        }
    }
}

#[test]
fn a_column_that_is_missing_is_named() {
    let without = |column: &str| {
        let all = tables();
        let cut = all.iter().map(|table| {
            let kept = table.columns.iter().filter(|(name, _)| *name != column);
            Table::new(table.name.clone(), kept.map(|(name, kind)| (name.clone(), *kind)))
        });
        Board::new(cut.collect(), rules())
    };
    let BoardError::Query { dashboard, panel, source } = without("drawdown_ratio").unwrap_err()
    else {
        panic!("another error")
    };
    assert_eq!((dashboard.as_str(), panel.as_str()), ("now", "drawdown"));
    assert_eq!(source.to_string(), "table `trading_risk` has no column `drawdown_ratio`");
    let BoardError::Query { source, .. } = Board::new(Tables::default(), rules()).unwrap_err()
    else {
        panic!("another error")
    };
    assert_eq!(source, QueryProblem::Table { table: "trading_risk".to_owned() });
}
