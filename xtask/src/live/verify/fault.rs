//! What is broken, one at a time.

/// One thing that is broken, and the one check that has to fail.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) what: &'static str,
    pub(super) check: &'static str,
    pub(super) how: How,
}

/// How it is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// A file holds this.
    Holds(&'static str, &'static str),
    /// In a file, one text stands where another was.
    Says(&'static str, &'static str, &'static str),
    /// A file or folder is not there.
    Gone(&'static str),
    /// The first file of a folder has other bytes.
    Spoiled(&'static str),
    /// This statement ran on a store.
    Sql(&'static str, &'static str),
    /// A secret is in a commit.
    Committed,
    /// The station was killed.
    Station,
    /// The strategy was killed.
    Strategy,
    /// The hooks were taken out.
    Hooks,
    /// A service outside refuses everything.
    Refuses(Service),
    /// GitHub knows of a critical advisory.
    Advisory,
    /// A pull request that nobody reviewed.
    Pull,
    /// A deploy whose smoke test fails.
    Deploy,
    /// A way back that does not come up.
    Rollback,
}

/// A service outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// The receiver that rules tell.
    Ops,
    /// The channel.
    Discord,
    /// Sentry's intake.
    Sentry,
    /// The Messages API.
    Model,
}

const fn fault(check: &'static str, what: &'static str, how: How) -> Fault {
    Fault { what, check, how }
}

const SHELL: &str = "import subprocess\n\n\ndef run(words: str) -> int:\n    return subprocess.call(words, shell=True)\n";
const OLD: &str = "# 0002. Ask again\n\nDate: 2020-01-01\n\n## Status\n\nProposed\n\n## Context\n\nOne.\n\n## Decision\n\nTwo.\n\n## Consequences\n\nThree.\n";

/// Every required check has at least one.
pub(super) const FAULTS: &[Fault] = &[
    fault("security.bandit", "a shell in Python code", How::Holds("strategies/shell.py", SHELL)),
    fault("security.gitleaks", "a key in a commit", How::Committed),
    fault("security.dependabot-alerts", "a critical advisory", How::Advisory),
    fault("monitoring.canary-row", "the store is gone", How::Gone("runs/desk.db")),
    fault(
        "monitoring.canary-row",
        "the store is not one",
        How::Holds("runs/desk.db", "this is no store"),
    ),
    fault("monitoring.station", "the station is down", How::Station),
    fault(
        "monitoring.trade-rows",
        "no fill is in the store",
        How::Sql("runs/desk.db", "DELETE FROM _trading_fills"),
    ),
    fault(
        "monitoring.latency",
        "no latency is in the store",
        How::Sql("runs/desk.db", "DELETE FROM _order_latency"),
    ),
    fault("monitoring.rules", "a receiver's secret is gone", How::Gone("../spare")),
    fault("monitoring.drawdown-alert", "the webhook refuses", How::Refuses(Service::Ops)),
    fault("monitoring.discord", "the channel's webhook is gone", How::Refuses(Service::Discord)),
    fault("monitoring.sentry-event", "Sentry refuses events", How::Refuses(Service::Sentry)),
    fault("review.model", "the key of the model is revoked", How::Refuses(Service::Model)),
    fault("review.comment", "a pull request without review", How::Pull),
    fault("staging.deploy", "a deploy was taken back", How::Deploy),
    fault("staging.backtest", "the data of the backtest is gone", How::Gone("strategies/bars.csv")),
    fault("staging.metrics", "the staging store is gone", How::Gone("runs/staging.db")),
    fault(
        "staging.metrics",
        "the staging store is not one",
        How::Holds("runs/staging.db", "this is no store"),
    ),
    fault("rollback.drill", "the way back does not come up", How::Rollback),
    fault("rollback.resumes", "the strategy died", How::Strategy),
    fault("rollback.snapshot", "the snapshots are gone", How::Gone(".plimsoll/snapshots")),
    fault(
        "rollback.snapshot",
        "a snapshot has other bytes",
        How::Spoiled(".plimsoll/snapshots/packs"),
    ),
    fault("hooks.doctor", "the hooks are uninstalled", How::Hooks),
    fault(
        "drift.configuration",
        "the canonical file is not readable",
        How::Holds("config/canonical.yaml", "ports: [\n"),
    ),
    fault(
        "drift.configuration",
        "a profile has a value of another type",
        How::Says("config/canonical.yaml", "127.0.0.1:8799", "nowhere"),
    ),
    fault(
        "drift.documents",
        "a document has another port",
        How::Holds("README.md", "Grafana on port 3999.\n"),
    ),
    fault(
        "drift.files",
        "the configuration asks for another branch than the workflows have",
        How::Says(
            "config/canonical.yaml",
            "profiles:\n",
            "kit: {default_branch: trunk}\nprofiles:\n",
        ),
    ),
    fault(
        "drift.files",
        "the mark at the end of a rendered part is gone",
        How::Says("CONTRIBUTING.md", "plimsoll:end contributing", "an end"),
    ),
    fault(
        "drift.decisions",
        "a decision has been open for years",
        How::Holds("docs/adr/0002-ask-again.md", OLD),
    ),
];
