//! Who is told, when, and in which words.

use serde_json::{Value, json};

use super::GrafanaOptions;

const RECEIVER: &str = "plimsoll-discord";

/// Value, limit and strategy of each alert. Grafana takes a `$` of this file for its environment, so
/// there is none.
const MESSAGE: &str = r#"{{ define "plimsoll.title" }}{{ if .Alerts.Firing }}{{ len .Alerts.Firing }} firing{{ else }}resolved{{ end }}: {{ .CommonLabels.alertname }}{{ end }}
{{ define "plimsoll.one" }}**{{ .Labels.severity }} {{ .Annotations.summary }}** {{ .Annotations.value }}, limit {{ .Annotations.threshold }}
{{ if .Labels.strategy_id }}strategy {{ .Labels.strategy_id }} {{ end }}{{ if .Labels.account_id }}account {{ .Labels.account_id }} {{ end }}{{ if .Labels.instrument_id }}instrument {{ .Labels.instrument_id }} {{ end }}{{ if .Labels.venue }}venue {{ .Labels.venue }} {{ end }}{{ if .Labels.env }}env {{ .Labels.env }}{{ end }}
{{ .Annotations.action }}{{ if .PanelURL }}
{{ .PanelURL }}{{ end }}
{{ end }}
{{ define "plimsoll.message" }}{{ range .Alerts.Firing }}{{ template "plimsoll.one" . }}{{ end }}{{ range .Alerts.Resolved }}resolved: {{ template "plimsoll.one" . }}{{ end }}{{ end }}
"#;

pub(super) fn contacts(options: &GrafanaOptions) -> Value {
    json!({ "apiVersion": 1, "contactPoints": [{
        "orgId": 1,
        "name": RECEIVER,
        "receivers": [{
            "uid": "plimsoll-discord",
            "type": "discord",
            "disableResolveMessage": false,
            "settings": {
                "url": format!("${{{}}}", options.webhook_variable),
                "title": "{{ template \"plimsoll.title\" . }}",
                "message": "{{ template \"plimsoll.message\" . }}",
                "use_discord_username": false,
            },
        }],
    }] })
}

/// What is critical waits for nothing. The one entry replaces the whole tree of the organization.
pub(super) fn policies() -> Value {
    json!({ "apiVersion": 1, "policies": [{
        "orgId": 1,
        "receiver": RECEIVER,
        "group_by": ["alertname", "env", "account_id"],
        "group_wait": "30s",
        "group_interval": "5m",
        "repeat_interval": "4h",
        "routes": [{
            "receiver": RECEIVER,
            "object_matchers": [["severity", "=", "critical"]],
            "group_by": ["alertname", "env", "account_id"],
            "group_wait": "0s",
            "group_interval": "10s",
            "repeat_interval": "1h",
        }],
    }] })
}

pub(super) fn templates() -> Value {
    json!({ "apiVersion": 1, "templates": [{
        "orgId": 1, "name": "plimsoll", "template": MESSAGE,
    }] })
}
