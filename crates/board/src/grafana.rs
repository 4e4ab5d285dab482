//! The same dashboards and rules as files that Grafana provisions itself from. The texts depend on
//! nothing but the board and the options, so a second run changes nothing.

mod compare;
mod dashboard;
mod lint;
mod notify;
mod panel;
mod provision;
mod rules;
mod thresholds;
mod yaml;

use std::time::Duration;

use serde_json::Value;

pub use crate::query::DataSource;
pub use compare::{Difference, compare};
pub use lint::{Finding, Lint, lint};

use crate::board::Board;

/// Identity of the data source that all files refer to.
pub const SOURCE_UID: &str = "plimsoll-store";
/// First line of every file that is not JSON, so that an export knows its own.
pub const MARK: &str = "# Made by `plimsoll grafana export`; a change here is lost.";
/// Grafana's longest identity.
const UID_MAX: usize = 40;
/// The longest name of a rule that Grafana takes.
const TITLE_MAX: usize = 190;

/// What the files are made for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GrafanaOptions {
    /// How Grafana reaches QuestDB. Default: QuestDB's plugin, which needs Grafana 12.3 or newer.
    pub source: DataSource,
    /// Host that QuestDB's `PostgreSQL` port is on. Default `127.0.0.1`.
    pub host: String,
    /// That port. Default 8812.
    pub port: u16,
    /// Before each table's name, such as `bt_`. Default nothing.
    pub prefix: String,
    /// How often rules are evaluated; a multiple of 10 s. Default 10 s, Grafana's shortest.
    pub interval: Duration,
    /// Where Grafana finds the dashboards' files. Default `/etc/grafana/provisioning/plimsoll`.
    pub dashboards_path: String,
    /// Environment variable of Grafana's that holds the address of the Discord webhook. Default
    /// `DISCORD_WEBHOOK_URL`.
    pub webhook_variable: String,
}

impl Default for GrafanaOptions {
    fn default() -> Self {
        Self {
            source: DataSource::Plugin,
            host: "127.0.0.1".to_owned(),
            port: 8812,
            prefix: String::new(),
            interval: Duration::from_secs(10),
            dashboards_path: "/etc/grafana/provisioning/plimsoll".to_owned(),
            webhook_variable: "DISCORD_WEBHOOK_URL".to_owned(),
        }
    }
}

impl GrafanaOptions {
    /// Reaching QuestDB so.
    #[must_use]
    pub fn with_source(self, source: DataSource) -> Self {
        Self { source, ..self }
    }

    /// Reaching QuestDB there.
    #[must_use]
    pub fn with_address(self, host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port, ..self }
    }

    /// Of tables whose names begin with `prefix`.
    #[must_use]
    pub fn with_prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// Evaluating rules this often.
    #[must_use]
    pub fn with_interval(self, interval: Duration) -> Self {
        Self { interval, ..self }
    }
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct File {
    /// Path below the directory of the export, with `/`.
    pub path: String,
    /// Text, ending in a line break.
    pub text: String,
}

impl File {
    /// A file of this text.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }
}

/// Files, and what is not in them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Export {
    /// The files, by path.
    pub files: Vec<File>,
    /// Rules that Grafana cannot evaluate, and why; the station does.
    pub left_out: Vec<(String, String)>,
}

/// Renders a board for Grafana.
#[must_use]
pub fn export(board: &Board, options: &GrafanaOptions) -> Export {
    let mut files = vec![
        yaml_file("provisioning/datasources/plimsoll.yaml", &provision::data_sources(options)),
        yaml_file("provisioning/dashboards/plimsoll.yaml", &provision::providers(options)),
        yaml_file("provisioning/alerting/plimsoll-contacts.yaml", &notify::contacts(options)),
        yaml_file("provisioning/alerting/plimsoll-policies.yaml", &notify::policies()),
        yaml_file("provisioning/alerting/plimsoll-templates.yaml", &notify::templates()),
    ];
    let (rules, left_out) = rules::groups(board, options);
    files.push(yaml_file("provisioning/alerting/plimsoll-rules.yaml", &rules));
    for dashboard in &board.dashboards {
        let value = dashboard::render(dashboard, board, options);
        files.push(json_file(&format!("plimsoll/{}.json", dashboard.id), &value));
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Export { files, left_out }
}

fn yaml_file(path: &str, value: &Value) -> File {
    File::new(path, format!("{MARK}\n{}", yaml::text(value)))
}

fn json_file(path: &str, value: &Value) -> File {
    File::new(path, format!("{value:#}\n"))
}

/// Identity of a dashboard.
fn dashboard_uid(id: &str) -> String {
    uid(&format!("plimsoll-{id}"))
}

/// Identity of a rule.
fn rule_uid(name: &str) -> String {
    uid(&format!("plimsoll-rule-{name}"))
}

/// The same identity for the same name for ever, of at most 40 plain characters. What does not fit
/// ends in a hash of all of it.
fn uid(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.len() <= UID_MAX && name.chars().all(is_plain) {
        return name.to_owned();
    }
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let kept: String =
        name.chars().map(|c| if is_plain(c) { c } else { '-' }).take(UID_MAX - 17).collect();
    format!("{kept}-{hash:016x}")
}

/// A text that Grafana reads `$` in.
fn dollars(text: &str) -> String {
    text.replace('$', "$$")
}
