//! Sentry: its own normalizer and scrubber over events with planted secrets, its description of alert rules, and
//! a receiver that a real strategy's error, panic and breadcrumbs reach.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::{Live, install};
use crate::steps::Outcome;
use crate::{command, machine};

const LIMIT: Duration = Duration::from_secs(1_200);
const READY_LIMIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(100);

const RELAY: &str = "sentry-relay==0.10.1";

/// Normalizes each event and scrubs it as Sentry does; prints how many there were, or what is wrong.
const CHECK_EVENTS: &str = r#"
import json, sys, sentry_relay.processing as relay
config = relay.convert_datascrubbing_config({"scrubData": True, "excludeFields": [],
    "scrubIpAddresses": False, "sensitiveFields": [], "scrubDefaults": True})
normalize = relay.StoreNormalizer(project_id=42, remove_other=True, normalize_user_agent=False,
    protocol_version="7", sent_at=None, received_at=None)
count = 0
for line in open(sys.argv[1]):
    event = normalize.normalize_event(json.loads(line))
    assert not event.get("errors") and "_meta" not in event, event
    scrubbed = relay.pii_strip_event(config, event)
    assert scrubbed == event, [event, scrubbed]
    count += 1
# The check itself: a secret in clear is found.
event = normalize.normalize_event({"event_id": "a" * 32, "extra": {"password": "hunter2"}})
assert relay.pii_strip_event(config, event) != event
print(count)
"#;

/// Types of Sentry's published description, which what we send and what the stand-in answers must have; and one
/// rule that they must refuse.
const CHECK_RULES: &str = r#"
import type {
    CreateAnAlertForAnOrganizationData as Create,
    CreateAnAlertForAnOrganizationResponses as Created,
} from "@sentry/api";
// The oldest package that a registry has lacks two fields of the description of 2026.
type Sent = Create["body"] & { detector_ids?: number[] };
type Shown = Created[201] & { owner?: string | null };
export const sent: Sent[] = SENT;
export const shown: Shown[] = SHOWN;
// @ts-expect-error no such logic
export const wrong: Sent = { name: "x", triggers: { logic_type: "some", conditions: [] } };
"#;

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let scratch = live.workspace.scratch()?.join("sentry");
    std::fs::create_dir_all(&scratch).context("no scratch directory")?;
    let events = scratch.join("events.jsonl");
    let rules = scratch.join("rules.jsonl");
    let planted = tests(live, &events, &rules)?;
    let mut figures = vec![planted];
    let mut skipped = Vec::new();
    match install::python(&scratch.join("python"), &[RELAY]) {
        Ok(python) => {
            let mut check = Command::new(python);
            check.args(["-c", CHECK_EVENTS]).arg(&events);
            let count = command::stdout_of(&mut check, LIMIT)?;
            figures
                .push(format!("Relay: {} events, 0 errors, nothing left to scrub", count.trim()));
        }
        Err(error) => skipped.push(format!("no Relay: {error:#}")),
    }
    match described(&scratch.join("api"), &rules)? {
        Ok(count) => figures
            .push(format!("{count} rules and the stand-in's answers fit Sentry's description")),
        Err(why) => skipped.push(why),
    }
    match Spotlight::start(&scratch.join("spotlight"))? {
        Ok(spotlight) => figures.push(spotlight.receive(live)?),
        Err(why) => skipped.push(why),
    }
    let figure = figures.join("; ");
    Ok(match skipped.as_slice() {
        [] => Outcome::Passed(figure),
        _ => Outcome::Skipped(format!("{}; the rest passed: {figure}", skipped.join("; "))),
    })
}

/// The crate's own tests, which also write down what they sent.
fn tests(live: &Live<'_>, events: &Path, rules: &Path) -> anyhow::Result<String> {
    let mut cargo = live.workspace.cargo(["test", "-p", "plimsoll-alerts", "--test", "it"]);
    cargo.args(["--", "--nocapture", "sentry"]);
    cargo.env("PLIMSOLL_SENTRY_EVENTS", events).env("PLIMSOLL_SENTRY_WORKFLOWS", rules);
    let output = command::capture(&mut cargo, LIMIT)?;
    ensure!(output.status.success(), "{}{}", output.stdout, output.stderr);
    let line = |word: &str| output.stdout.lines().find(|line| line.contains(word));
    let planted = line("planted secrets").context("no count of planted secrets")?;
    let ordinary = line("ordinary messages").context("no count of ordinary messages")?;
    Ok(format!("{planted}; {ordinary}"))
}

/// How many rules the published description accepts; or why it cannot be had.
fn described(dir: &Path, rules: &Path) -> anyhow::Result<Result<String, String>> {
    const PACKAGE: &str = r#"{"private": true, "type": "module",
        "dependencies": {"@sentry/api": "*", "typescript": "5"}}"#;
    if let Err(error) = install::npm(dir, PACKAGE) {
        return Ok(Err(format!("no description of Sentry's API: {error:#}")));
    }
    let rules: Value = serde_json::from_str(&std::fs::read_to_string(rules)?)?;
    let part = |name: &str| rules.get(name).context("a part of the rules is missing");
    let check = CHECK_RULES
        .replace("SENT", &part("sent")?.to_string())
        .replace("SHOWN", &part("shown")?.to_string());
    std::fs::write(dir.join("check.ts"), check).context("cannot write the check")?;
    let mut tsc = Command::new(dir.join("node_modules/.bin/tsc"));
    tsc.args(["--noEmit", "--strict", "--skipLibCheck", "--module", "esnext"]);
    tsc.args(["--moduleResolution", "bundler", "check.ts"]).current_dir(dir);
    let output = command::capture(&mut tsc, LIMIT)?;
    ensure!(output.status.success(), "{}", output.stdout);
    Ok(Ok(part("sent")?.as_array().map_or(0, Vec::len).to_string()))
}

/// A receiver of Sentry's envelopes that shows them to whoever listens.
struct Spotlight {
    child: Child,
    port: u16,
}

impl Drop for Spotlight {
    fn drop(&mut self) {
        // Already ended is as good.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

impl Spotlight {
    fn start(dir: &Path) -> anyhow::Result<Result<Spotlight, String>> {
        // As it is published, a newer part of it makes it answer 500 to everything.
        const PACKAGE: &str = r#"{"private": true,
            "dependencies": {"@spotlightjs/spotlight": "4.11.8"},
            "overrides": {"hono": "4.12.25"}}"#;
        if let Err(error) = install::npm(dir, PACKAGE) {
            return Ok(Err(format!("no Spotlight: {error:#}")));
        }
        let port = testbed::free_port().context("no free port")?;
        let child = Command::new(dir.join("node_modules/.bin/spotlight"))
            .args(["server", "-p", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start Spotlight")?;
        let spotlight = Spotlight { child, port };
        let start = machine::now();
        while TcpStream::connect(spotlight.addr()).is_err() {
            ensure!(start.elapsed() < READY_LIMIT, "Spotlight does not start");
            machine::pause(POLL);
        }
        Ok(Ok(spotlight))
    }

    fn addr(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Runs the strategy and reads what arrived.
    fn receive(&self, live: &Live<'_>) -> anyhow::Result<String> {
        let arrived = self.listen()?;
        let mut cargo =
            live.workspace.cargo(["run", "-q", "-p", "plimsoll-alerts", "--example", "to_sentry"]);
        cargo.env("SENTRY_DSN", format!("http://key@127.0.0.1:{}/42", self.port));
        let output = command::capture(&mut cargo, LIMIT)?;
        ensure!(output.status.success(), "{}{}", output.stdout, output.stderr);
        let mut seen = String::new();
        for line in arrived.lines() {
            seen.push_str(&line.context("Spotlight's stream broke")?);
            seen.push('\n');
            let wanted = ["ParseFloatError", "position unknown", "\"panic\"", "submitted O-1"];
            if wanted.iter().all(|word| seen.contains(word)) && seen.contains("no fills") {
                ensure!(seen.contains(r#""trading.critical":"true""#), "no critical event: {seen}");
                ensure!(!seen.contains("HL-main"), "the account's name left: {seen}");
                return Ok("Spotlight has the strategy's error, critical error, panic and \
                           breadcrumbs"
                    .to_owned());
            }
        }
        anyhow::bail!("Spotlight showed only: {seen}")
    }

    /// What Spotlight shows, from now on.
    fn listen(&self) -> anyhow::Result<BufReader<TcpStream>> {
        let mut stream = TcpStream::connect(self.addr())?;
        stream.set_read_timeout(Some(READY_LIMIT))?;
        let request =
            "GET /stream HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n";
        std::io::Write::write_all(&mut stream, request.as_bytes())?;
        Ok(BufReader::new(stream))
    }
}
