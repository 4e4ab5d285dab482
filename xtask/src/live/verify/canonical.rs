//! The configuration of the desk.

use std::path::Path;

/// Every check with something outside of the program in it; the others try out the program itself.
pub(super) const REQUIRED: [&str; 24] = [
    "security.bandit",
    "security.gitleaks",
    "security.dependabot-alerts",
    "monitoring.canary-row",
    "monitoring.station",
    "monitoring.trade-rows",
    "monitoring.latency",
    "monitoring.rules",
    "monitoring.drawdown-alert",
    "monitoring.discord",
    "monitoring.sentry-event",
    "review.model",
    "review.comment",
    "staging.deploy",
    "staging.backtest",
    "staging.metrics",
    "rollback.drill",
    "rollback.resumes",
    "rollback.snapshot",
    "hooks.doctor",
    "drift.configuration",
    "drift.documents",
    "drift.files",
    "drift.decisions",
];

/// Where things are that the configuration names.
#[derive(Debug)]
pub(super) struct Places<'a> {
    pub(super) root: &'a Path,
    pub(super) program: &'a Path,
    pub(super) station: u16,
    pub(super) web: [u16; 2],
    pub(super) venue: &'a str,
    pub(super) spare: &'a Path,
    /// Organization, project and address.
    pub(super) sentry: [&'a str; 3],
}

/// The text of the canonical file.
pub(super) fn canonical(places: &Places<'_>) -> String {
    let Places { root, program, station, web: [web_1, web_2], venue, spare, sentry } = places;
    let [organization, project, sentry] = sentry;
    let required = REQUIRED.join(", ");
    let (root, program) = (root.display(), program.display());
    format!(
        r#"schema_version: 1
ports: {{grafana: 3000}}
staging: {{shares_host: false}}
metrics: {{store: runs/desk.db}}
station: {{listen: "127.0.0.1:{station}", store: runs/station.db}}
sentry: {{organization: {organization}, project: {project}, url: "{sentry}"}}
alerts:
  delivery:
    receivers:
      ops: {{webhook: {{url: "${{OPS_HOOK}}"}}}}
      discord: {{discord: {{url: "${{DISCORD_HOOK}}"}}}}
      spare: {{webhook: {{url: "file:{spare}"}}}}
    routes:
      - {{name: all, to: [ops]}}
verify:
  required: [{required}]
  limit_s: 100
  python_paths: [strategies]
  backtest: [python3, strategies/backtest.py]
snapshot:
  files: {{desk: {{roots: [config]}}}}
deploy:
  staging:
    free_disk_min_mb: 100
    watch_secs: 1
    services:
      web:
        run: [python3, -m, http.server, "{{port}}", --bind, 127.0.0.1]
        ports: [{web_1}, {web_2}]
        ready_secs: 5
        health: {{http: "http://127.0.0.1:{{port}}/index.html", contains: is well}}
      trend:
        kind: strategy
        lease: trend@paper
        run: [sh, -c, "exec {program} paper trade --venue {venue} --lease trend@paper --trading-dir {root}/.plimsoll/trading --name $(cat version)-$(date +%s%N) --patience 60"]
    smoke:
      fault: {{run: [sh, -c, "! grep -qx broken fault"]}}
profiles:
  prod:
    paper: {{listen: "127.0.0.1:8799"}}
  staging:
    ports: {{grafana: 3001}}
    metrics: {{store: runs/staging.db}}
"#,
        spare = spare.display(),
    )
}
