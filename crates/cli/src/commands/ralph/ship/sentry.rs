//! Trips and errors of hooks to Sentry.

use std::path::Path;
use std::time::Duration;

use anyhow::anyhow;
use plimsoll_alerts::{SecretRef, Secrets, Sentry, SentryOptions, TradingContext};
use plimsoll_ralph::hook::{self, EVENTS};
use serde::{Deserialize, Serialize};

use super::{
    CURSOR_VERSION, READ_BYTES_MAX, ShipArgs, fingerprint, pause, read_cursor, write_cursor,
};
use crate::failure::{Exit, Failure, Hint as _};
use crate::glue::ralph_sentry::Trail;
use crate::stop::Stop;

/// How long events may take to be sent before it is said that they were not.
const SEND_MAX: Duration = Duration::from_secs(30);

/// How far the record was looked through for one address.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Cursor {
    version: u32,
    offset_bytes: u64,
    trail: Trail,
}

pub(super) fn run(args: &ShipArgs, dir: &Path, dsn: &SecretRef) -> Result<Exit, Failure> {
    let options = SentryOptions::new(dsn.clone())
        .with_environment(args.env.clone())
        .with_server_name(super::host());
    let sentry = Sentry::start(&options, &Secrets::of_process())
        .hint("name where Sentry's address is: env:NAME, file:PATH or credential:NAME")?;
    let path = dir.join(format!("ship-sentry-{}.json", fingerprint(&dsn.to_string())));
    let mut cursor: Cursor = read_cursor(&path)?;
    let stop = Stop::listen()?;
    let mut events = 0_u64;
    loop {
        let tail = hook::read_lines(&dir.join(EVENTS), cursor.offset_bytes, READ_BYTES_MAX)
            .map_err(|error| anyhow!("cannot read the record: {error}"))?;
        let is_new = tail.next_offset_bytes > cursor.offset_bytes;
        for (_, line) in &tail.lines {
            let Some(shipped) = cursor.trail.take(line) else { continue };
            events += 1;
            if !args.dry_run {
                // Each event has a scope of its own, so that none has the breadcrumbs of another twice.
                cursor.trail.send(&shipped, line, &sentry.strategy(&TradingContext::default()));
            }
        }
        cursor.version = CURSOR_VERSION;
        cursor.offset_bytes = tail.next_offset_bytes;
        if is_new && !args.dry_run {
            delivered(&sentry)?;
            write_cursor(&path, &cursor)?;
        }
        if stop.is_wanted() || (!is_new && !args.follow) {
            break;
        }
        if !is_new {
            pause();
        }
    }
    let verb = if args.dry_run { "would be sent" } else { "sent" };
    println!("{events} events {verb} to Sentry");
    Ok(Exit::Fine)
}

/// Waits until everything was sent. What was not is sent again by the next run, as the cursor stays.
fn delivered(sentry: &Sentry) -> Result<(), Failure> {
    let is_over = sentry.flush(SEND_MAX);
    let report = sentry.report();
    let lost = report.dropped_queue_full + report.dropped_rate_limited + report.failed;
    if is_over && lost == 0 {
        return Ok(());
    }
    let missing = lost + report.waiting;
    Err(Failure::refused(anyhow!("{missing} events were not sent to Sentry"))
        .with_hint("they stay in .ralph/events.jsonl; run it again"))
}
