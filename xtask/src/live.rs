//! `cargo xtask live`: proofs against the real programs. Each one breaks something and counts what is left.
//!
//! To add one: a file beside `live/fresh.rs` with `pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome>`,
//! and a line in [`PROOFS`].

mod acks;
mod alert_rules;
mod alerts;
mod board;
mod cases;
mod claude;
mod copy;
mod deploy;
mod embed;
mod example_nautilus;
mod fresh;
mod fuzz_drift;
mod fuzz_ssot;
mod hotpath;
mod install;
mod kill;
mod kit;
mod million;
mod outage;
mod page;
mod python;
mod questdb_drift;
mod questdb_server;
mod ralph_kill;
mod review;
mod sentry;
mod server;
mod snapshot;
mod station;
mod station_clients;
mod stored;
mod tls;
mod verify;
mod walk;

use anyhow::bail;

use crate::steps::{Outcome, Steps, Verdict, required_names, say};
use crate::workspace::Workspace;
use crate::{Depth, machine};

/// What a proof gets.
#[derive(Debug)]
pub(crate) struct Live<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) depth: Depth,
}

impl Live<'_> {
    /// One of two counts: enough to show that the proof works, or what the published figure was made with.
    pub(crate) fn count(&self, quick: u64, full: u64) -> u64 {
        match self.depth {
            Depth::Quick => quick,
            Depth::Full => full,
        }
    }
}

/// A proof; its name is what one types.
struct Proof {
    name: &'static str,
    shows: &'static str,
    run: fn(&Live<'_>) -> anyhow::Result<Outcome>,
}

const PROOFS: &[Proof] = &[
    Proof {
        name: "fresh",
        shows: "both commands of the README work in a fresh clone with an empty home",
        run: fresh::run,
    },
    Proof {
        name: "rules",
        shows: "our rules say what promtool says, and what the tests say that other people wrote",
        run: alert_rules::run,
    },
    Proof {
        name: "server",
        shows: "acknowledged rows are there after kill -9 and a restart of a real QuestDB",
        run: server::run,
    },
    Proof {
        name: "questdb",
        shows: "rows emitted while QuestDB is killed three times are all there, once, without a gap",
        run: outage::run,
    },
    Proof {
        name: "questdb-drift",
        shows: "tables of a real QuestDB that somebody changed are found, and one that is down is unreachable",
        run: questdb_drift::run,
    },
    Proof {
        name: "board",
        shows: "every query of every panel and rule says the same on QuestDB and on the embedded store",
        run: board::run,
    },
    Proof {
        name: "acks",
        shows: "a proxy that loses every fifth reply of QuestDB makes no row twice and none missing",
        run: acks::run,
    },
    Proof {
        name: "cases",
        shows: "every statement of ours and every poison row, at a real QuestDB, also behind TLS",
        run: cases::run,
    },
    Proof {
        name: "million",
        shows: "rows that share 10 timestamps, 4 threads, 3 restarts, both stores: none collapsed",
        run: million::run,
    },
    Proof {
        name: "kill",
        shows: "a producer killed -9 at random moments loses no acknowledged row",
        run: kill::run,
    },
    Proof {
        name: "station",
        shows: "a station killed -9 while it takes rows in loses no acknowledged row and has none twice",
        run: station::kills,
    },
    Proof {
        name: "page",
        shows: "a person in Chromium sees the demo trade, its drawdown warned of, and acknowledges it",
        run: page::run,
    },
    Proof {
        name: "station-clients",
        shows: "real clients, unchanged: what they send comes out of the station as of a real QuestDB",
        run: station_clients::run,
    },
    Proof {
        name: "copy",
        shows: "history copied into a QuestDB that is killed twice meanwhile is all there, once",
        run: copy::run,
    },
    Proof {
        name: "lines",
        shows: "a real QuestDB judges edge cases of line protocol as recorded, and the station as QuestDB",
        run: station::lines,
    },
    Proof {
        name: "ralph-kill",
        shows: "hooks killed -9 while eight of them write one state lose no acknowledged generation",
        run: ralph_kill::run,
    },
    Proof {
        name: "hotpath",
        shows: "an emit allocates nothing and makes no system call",
        run: hotpath::run,
    },
    Proof {
        name: "claude-api",
        shows: "real clients talk to the stand-in of the Messages API, and their record of cost equals its bill",
        run: claude::api,
    },
    Proof {
        name: "claude-rounds",
        shows: "a loop in a real client stops at its bounds, and is done when a check says so",
        run: claude::rounds,
    },
    Proof {
        name: "claude-orphan",
        shows: "a loop whose real client was killed -9 is nobody's until a person resumes or discards it",
        run: claude::orphan,
    },
    Proof {
        name: "claude-guard",
        shows: "a guard stops the loops of others in a real client, and counts tokens as the client does",
        run: claude::guard,
    },
    Proof {
        name: "claude-versions",
        shows: "hooks work in real clients of three versions, void nothing, and leave no byte behind",
        run: claude::versions,
    },
    Proof {
        name: "snapshot",
        shows: "snapshots killed, cut short and damaged everywhere, and put back at a real Redis, QuestDB and bucket",
        run: snapshot::run,
    },
    Proof {
        name: "deploy",
        shows: "a deploy with a fault in any step is taken back and the old version trades; one lease, one node",
        run: deploy::run,
    },
    Proof {
        name: "embed",
        shows: "the metrics crate alone is small, and lives beside sqlx, diesel and a strategy's own rustls",
        run: embed::run,
    },
    Proof {
        name: "kit",
        shows: "what `plimsoll init` renders is read without a finding, works, and catches what is planted",
        run: kit::run,
    },
    Proof {
        name: "verify",
        shows: "beside a live station every required check is ok; each thing that breaks fails its own check and no other",
        run: verify::run,
    },
    Proof {
        name: "review-api",
        shows: "the request of a review for each change of the corpus is what the Messages API takes",
        run: review::run,
    },
    Proof {
        name: "fuzz-drift",
        shows: "whatever a file of any format holds, its check ends: no panic, no hang",
        run: fuzz_drift::run,
    },
    Proof {
        name: "fuzz-ssot",
        shows: "whatever bytes a canonical file has, a configuration or problems come out",
        run: fuzz_ssot::run,
    },
    Proof {
        name: "alerts",
        shows: "what is told is told, in order, beside a real Alertmanager, through faults and kills",
        run: alerts::run,
    },
    Proof {
        name: "walk",
        shows: "a falling equity is told step by step from the demo and over QuestDB, and a killed process from outside",
        run: walk::run,
    },
    Proof {
        name: "sentry",
        shows: "Sentry's own scrubber finds nothing left in our events, and a strategy's events arrive",
        run: sentry::run,
    },
    Proof {
        name: "python",
        shows: "the wheel builds; killed, forked and cut off, a strategy in Python loses no row",
        run: python::run,
    },
    Proof {
        name: "python-nautilus",
        shows: "a NautilusTrader backtest equals the engine's own reports to the cent, and restarts change nothing",
        run: python::nautilus::run,
    },
    Proof {
        name: "example-nautilus",
        shows: "the example of NautilusTrader in Rust builds, and its store equals the engine's books",
        run: example_nautilus::run,
    },
];

impl Proof {
    /// `claude` means `claude-api` and every other proof whose name starts so.
    fn is_meant_by(&self, name: &str) -> bool {
        name == "all"
            || name == self.name
            || self.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'))
    }
}

/// The command. `name` is a proof, the first word of several, `all` or `list`.
pub(crate) fn run(workspace: &Workspace, name: &str, depth: Depth) -> anyhow::Result<Verdict> {
    if name == "list" {
        for Proof { name, shows, .. } in PROOFS {
            say(&format!("{name:12} {shows}"));
        }
        return Ok(Verdict::Fine);
    }
    let chosen: Vec<&Proof> = PROOFS.iter().filter(|proof| proof.is_meant_by(name)).collect();
    if chosen.is_empty() {
        let names: Vec<_> = PROOFS.iter().map(|proof| proof.name).collect();
        bail!("no proof is called `{name}`; there are: all, list, {}", names.join(", "));
    }
    let live = Live { workspace, depth };
    let mut steps = Steps::default();
    for proof in chosen {
        steps.run(proof.name, || (proof.run)(&live));
    }
    let required = std::fs::read_to_string(workspace.root.join("xtask/required.txt"))?;
    let verdict = steps.finish(&required_names(&required));
    print_rows(&steps, depth);
    Ok(verdict)
}

/// Rows for `PROOFS.md`, of those proofs that have a figure.
fn print_rows(steps: &Steps, depth: Depth) {
    let rows: Vec<String> =
        steps.outcomes().filter_map(|(name, outcome)| row(name, outcome, depth)).collect();
    if !rows.is_empty() {
        say("\n| proof | command | figure | date |\n|---|---|---|---|");
        rows.iter().for_each(|row| say(row));
    }
}

fn row(name: &str, outcome: &Outcome, depth: Depth) -> Option<String> {
    let Outcome::Passed(figure) = outcome else { return None };
    let shows = PROOFS.iter().find(|proof| proof.name == name)?.shows;
    let flag = if depth == Depth::Full { "--full" } else { "--quick" };
    Some(format!(
        "| {shows} | `cargo xtask live {name} {flag}` | {figure} | {} |",
        machine::today()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_printed_for_what_passed_only() {
        let row = |outcome| row("fresh", &outcome, Depth::Full);
        let passed = row(Outcome::Passed("61 s".into())).unwrap();
        assert!(passed.contains("| `cargo xtask live fresh --full` | 61 s |"), "{passed}");
        assert_eq!(row(Outcome::Failed("x".into())), None);
        assert_eq!(row(Outcome::Skipped("x".into())), None);
    }

    #[test]
    fn the_first_word_means_every_proof_that_starts_with_it() {
        let proof = Proof { name: "claude-api", shows: "", run: claude::api };
        for (name, is_meant) in
            [("all", true), ("claude", true), ("claude-api", true), ("cla", false), ("api", false)]
        {
            assert_eq!(proof.is_meant_by(name), is_meant, "{name}");
        }
    }

    #[test]
    fn names_are_unique_and_do_not_clash_with_words() {
        for (index, proof) in PROOFS.iter().enumerate() {
            assert!(!["all", "list"].contains(&proof.name), "{}", proof.name);
            assert!(
                PROOFS.iter().skip(index + 1).all(|other| other.name != proof.name),
                "{}",
                proof.name
            );
        }
    }
}
