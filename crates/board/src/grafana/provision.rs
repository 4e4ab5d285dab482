//! Data source and dashboard provider.

use serde_json::{Value, json};

use super::{GrafanaOptions, SOURCE_UID};
use crate::query::DataSource;

/// Type of the data source, as Grafana names plugins.
pub(super) fn source_type(source: DataSource) -> &'static str {
    match source {
        DataSource::Plugin => "questdb-questdb-datasource",
        DataSource::Postgres => "grafana-postgresql-datasource",
    }
}

/// A reference to the data source.
pub(super) fn source_ref(source: DataSource) -> Value {
    json!({ "type": source_type(source), "uid": SOURCE_UID })
}

/// User and password come from Grafana's environment. The plugin runs any SQL that it is given, so
/// the user should be QuestDB's read-only one.
pub(super) fn data_sources(options: &GrafanaOptions) -> Value {
    let GrafanaOptions { source, host, port, .. } = options;
    let mut of = json!({
        "name": "Plimsoll",
        "uid": SOURCE_UID,
        "type": source_type(*source),
        "access": "proxy",
        "editable": false,
        "orgId": 1,
        "secureJsonData": { "password": "${QUESTDB_PASSWORD}" },
    });
    let settings = match source {
        DataSource::Plugin => json!({ "jsonData": {
            "server": host, "port": port, "username": "${QUESTDB_USER}", "tlsMode": "disable",
            "timeout": "10", "queryTimeout": "60",
            "maxOpenConnections": 20, "maxIdleConnections": 4, "maxConnectionLifetime": 3600,
        } }),
        DataSource::Postgres => json!({
            "url": format!("{host}:{port}"),
            "user": "${QUESTDB_USER}",
            "jsonData": {
                "database": "qdb", "sslmode": "disable", "postgresVersion": 1200,
                "timescaledb": false, "maxOpenConns": 20, "maxIdleConns": 4, "connMaxLifetime": 3600,
            },
        }),
    };
    if let (Some(of), Value::Object(settings)) = (of.as_object_mut(), settings) {
        of.extend(settings);
    }
    json!({ "apiVersion": 1, "datasources": [of] })
}

pub(super) fn providers(options: &GrafanaOptions) -> Value {
    json!({ "apiVersion": 1, "providers": [{
        "name": "plimsoll",
        "orgId": 1,
        "folder": super::rules::FOLDER,
        "type": "file",
        "disableDeletion": false,
        "allowUiUpdates": false,
        "updateIntervalSeconds": 30,
        "options": { "path": options.dashboards_path },
    }] })
}
