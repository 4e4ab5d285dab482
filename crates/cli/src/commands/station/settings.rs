//! What a station runs by, as files, environment and arguments say it now; and what of it changed.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Context as _;
use plimsoll_metrics::{OpsEvent, OpsKind, Series};
use plimsoll_station::{Config, Tokens};
use serde_json::Value;

use super::StationArgs;
use crate::commands::alerts::effective::{Effective, effective};
use crate::failure::{Failure, Hint as _};
use crate::glue::sections;

/// Everything at one moment.
pub(super) struct Settings {
    pub(super) config: Config,
    pub(super) tokens: Tokens,
    pub(super) effective: Effective,
    /// Each limit by its key, as text.
    limits: BTreeMap<String, String>,
}

impl Settings {
    pub(super) fn read(args: &StationArgs) -> Result<Self, Failure> {
        let config = args.over(args.config.section(sections::STATION)?);
        if let Some(problem) = config.problems().into_iter().next() {
            let hint = "see `plimsoll station --help`";
            return Err(Failure::refused(anyhow::anyhow!(problem.message)).with_hint(hint));
        }
        let tokens = match &config.tokens {
            None => Tokens::default(),
            Some(path) => {
                let shown = path.display();
                let text = fs::read_to_string(path)
                    .with_context(|| format!("cannot read `{shown}`"))
                    .hint("name the file with the tokens")?;
                let parsed = Tokens::parse(&text).with_context(|| format!("`{shown}`"));
                parsed.hint("a line is NAME SCOPES TOKEN, as in `bot write 0123..`")?
            }
        };
        let limits: Value = args.config.section("limits")?;
        let mut flat = BTreeMap::new();
        flatten("limits", &limits, &mut flat);
        Ok(Self { config, tokens, effective: effective(&args.config)?, limits: flat })
    }

    /// A row of `ops_events` for each limit that is another now.
    pub(super) fn record_limits(&self, before: &Self, to: &Series) -> usize {
        let changes = changes(&before.limits, &self.limits);
        for (key, from, now) in &changes {
            let row = OpsEvent::new(OpsKind::Limit, key, "changed");
            to.emit_ops(row.actor("SIGHUP").from_value(*from).to_value(*now));
        }
        changes.len()
    }

    /// Whether something changed that only a restart can take over.
    pub(super) fn wants_restart(&self, before: &Self) -> bool {
        let mut of_before = before.config.clone();
        // Read again at each reload.
        of_before.tokens.clone_from(&self.config.tokens);
        of_before != self.config
    }
}

/// Every leaf of a section, by its key.
fn flatten(key: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                flatten(&format!("{key}.{name}"), field, into);
            }
        }
        Value::String(text) => {
            into.insert(key.to_owned(), text.clone());
        }
        other => {
            into.insert(key.to_owned(), other.to_string());
        }
    }
}

/// Key, value before and after, of all that differ; what is not there is `-`.
fn changes<'a>(
    before: &'a BTreeMap<String, String>,
    after: &'a BTreeMap<String, String>,
) -> Vec<(&'a str, &'a str, &'a str)> {
    let keys: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let value =
        |of: &'a BTreeMap<String, String>, key: &str| of.get(key).map_or("-", String::as_str);
    let all = keys.into_iter().map(|key| (key.as_str(), value(before, key), value(after, key)));
    all.filter(|(_, from, to)| from != to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_told_by_its_key_with_both_values() {
        let of = |value: &Value| {
            let mut flat = BTreeMap::new();
            flatten("limits", value, &mut flat);
            flat
        };
        let before = of(&serde_json::json!({ "a": 0.05, "portfolio": { "b": 1 }, "gone": "x" }));
        let after = of(&serde_json::json!({ "a": 0.05, "portfolio": { "b": 2 }, "new": [1] }));
        assert_eq!(
            changes(&before, &after),
            [
                ("limits.gone", "x", "-"),
                ("limits.new", "-", "[1]"),
                ("limits.portfolio.b", "1", "2")
            ]
        );
        assert_eq!(changes(&before, &before), []);
    }
}
