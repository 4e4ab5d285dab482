//! The repository: scanners, hooks, configuration, documents.

use plimsoll_kit::CheckState;

use super::Surroundings;

/// No finding of severity HIGH in Python code.
pub(super) fn bandit(around: &Surroundings) -> CheckState {
    let mut args = vec!["-q", "-r", "--severity-level", "high", "-f", "json"];
    args.extend(around.config.python_paths.iter().map(String::as_str));
    let ran = match around.program.tool("bandit", &args) {
        Ok(ran) => ran,
        Err(state) => return state,
    };
    let report: Option<serde_json::Value> = serde_json::from_str(&ran.out).ok();
    let scanned = report.as_ref().and_then(|json| json.pointer("/metrics/_totals/loc")?.as_u64());
    match (ran.code, scanned) {
        (0, Some(lines)) => CheckState::ok(format!("{lines} lines of Python, none HIGH")),
        (1, Some(_)) => CheckState::failed(
            "findings of severity HIGH",
            "run `bandit -r --severity-level high`, and mend what it names",
        ),
        _ => CheckState::failed(ran.complaint(), "run bandit by hand, to see why"),
    }
}

/// No secret in any commit.
pub(super) fn gitleaks(around: &Surroundings) -> CheckState {
    match around.program.tool("gitleaks", &["git", "--no-banner", "--redact", "--no-color"]) {
        Ok(ran) if ran.code == 0 => CheckState::ok(ran.last_words()),
        Ok(ran) => CheckState::failed(
            ran.complaint(),
            "run `gitleaks git --redact -v`; a secret that was pushed has to be replaced where it is used",
        ),
        Err(state) => state,
    }
}

/// No critical advisory open at GitHub.
pub(super) fn dependabot_alerts(around: &Surroundings) -> CheckState {
    if !around.github.has_token() {
        return CheckState::skipped("no token: set GITHUB_TOKEN");
    }
    match around.github.connect().and_then(|github| github.critical_alerts()) {
        Ok(0) => CheckState::ok("0 critical advisories open"),
        Ok(count) => CheckState::failed(
            format!("{count} critical advisories open"),
            "look at the repository's page Security, and merge what Dependabot proposes",
        ),
        Err(failure) => CheckState::failed(
            failure.to_string(),
            "the token needs Dependabot alerts: read, and alerts have to be on",
        ),
    }
}

/// Each installed hook answers a sample.
pub(super) fn hooks(around: &Surroundings) -> CheckState {
    let settings = [".claude/settings.json", ".claude/settings.local.json"];
    if !settings.iter().any(|path| std::path::Path::new(path).exists()) {
        let fix = "`plimsoll ralph install` puts them in";
        return around.absent("hooks.doctor", "no hooks are installed", fix);
    }
    around.program.own(&["ralph", "doctor"], "run `plimsoll ralph doctor`; it says what is wrong")
}

/// Sentry's server is named for coding agents. Whether somebody is logged in is known to the client alone, so this is
/// never ok by itself.
pub(super) fn sentry_login(around: &Surroundings) -> CheckState {
    let text = std::fs::read_to_string(".mcp.json").unwrap_or_default();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    if json.pointer("/mcpServers/sentry").is_none() {
        let fix = "`plimsoll kit update --with mcp` proposes it";
        return around.absent("hooks.sentry-login", "`.mcp.json` names no server of Sentry's", fix);
    }
    CheckState::degraded(
        "`.mcp.json` names it; only the client knows whether somebody is logged in: start it here, \
         type /mcp, choose sentry, and authenticate",
    )
}

/// The configuration is valid.
pub(super) fn configuration(around: &Surroundings) -> CheckState {
    around.program.own(&["ssot", "check"], "run `plimsoll ssot check`; it names file and line")
}

/// Nothing disagrees with the configuration.
pub(super) fn documents(around: &Surroundings) -> CheckState {
    around.program.own(&["drift"], "run `plimsoll drift --fix --diff`")
}

/// Rendered files are in step.
pub(super) fn files(around: &Surroundings) -> CheckState {
    let fix = "run `plimsoll kit update`";
    // Without a record of what was rendered, nobody asked for these files.
    if std::path::Path::new(plimsoll_kit::RECORD_FILE).exists() {
        around.program.own(&["kit", "check"], fix)
    } else {
        around.absent("drift.files", "nothing is rendered here", "`plimsoll init` proposes files")
    }
}

/// Decision records are in order.
pub(super) fn decisions(around: &Surroundings) -> CheckState {
    around.program.own(&["adr", "check"], "run `plimsoll adr check`; it names the record")
}
