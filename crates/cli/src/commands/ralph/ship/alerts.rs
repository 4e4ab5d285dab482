//! Ends of loops to the receivers of the section `alerts`.

use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::anyhow;
use plimsoll_alerts::{AlertsConfig, Delivery, DeliveryPorts, OutboxError, Secrets, StartError};
use plimsoll_ralph::hook::{self, EVENTS};
use plimsoll_ralph::{Announce, LoopEnd, LoopEnds};
use serde::{Deserialize, Serialize};

use super::{CURSOR_VERSION, READ_BYTES_MAX, ShipArgs, pause, read_cursor, write_cursor};
use crate::failure::{Exit, Failure, Hint as _};
use crate::glue::alerts_ralph::AlertRoute;
use crate::glue::sections::ALERTS;
use crate::moment::{Stopwatch, now};
use crate::stop::Stop;

/// How far the record was looked through.
const CURSOR: &str = "ship-alerts.json";
/// What was told and not delivered yet.
const OUTBOX: &str = "alerts";
/// How long messages may take to be delivered before it is said that they were not.
const DELIVER_MAX: Duration = Duration::from_secs(30);
/// Another process that tells ends now takes no longer than to deliver them, unless it follows the record.
const TURN_MAX: Duration = Duration::from_secs(60);
/// The first time, an end that is older is no news.
const FIRST_SINCE: Duration = Duration::from_secs(3_600);

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Cursor {
    version: u32,
    offset_bytes: u64,
    ends: LoopEnds,
}

pub(super) fn run(args: &ShipArgs, dir: &Path) -> Result<Exit, Failure> {
    let config: AlertsConfig = args.config.section(ALERTS)?;
    if args.dry_run {
        return dry_run(dir);
    }
    if config.delivery.receivers.is_empty() {
        println!("nobody is told: the section `alerts` names no receiver");
        eprintln!("hint: `plimsoll alerts setup discord` makes one");
        return Ok(Exit::Fine);
    }
    let stop = Stop::listen()?;
    let Some(delivery) = start(&dir.join(OUTBOX), &config, &stop)? else {
        println!("another process tells the ends of loops here");
        return Ok(Exit::Fine);
    };
    let told = follow(args, dir, &delivery, &stop)?;
    println!("{told} ends of loops told");
    match delivery.close(DELIVER_MAX) {
        Ok(_) => Ok(Exit::Fine),
        Err(error) => Err(Failure::refused(error)
            .with_hint("what was not delivered goes first the next time; `plimsoll alerts status --outbox .ralph/alerts` shows it")),
    }
}

/// Waits for its turn; none if somebody else goes on telling.
fn start(outbox: &Path, config: &AlertsConfig, stop: &Stop) -> Result<Option<Delivery>, Failure> {
    let watch = Stopwatch::start();
    loop {
        let ports = DeliveryPorts::new();
        match Delivery::start(outbox, &config.delivery, &Secrets::of_process(), ports) {
            Ok(delivery) => return Ok(Some(delivery)),
            Err(StartError::Outbox(OutboxError::Held { .. })) => {
                if stop.is_wanted() || watch.elapsed() > TURN_MAX {
                    return Ok(None);
                }
                pause();
            }
            Err(error) => {
                return Err(Failure::new(error)
                    .with_hint("`plimsoll alerts check` says what is wrong with receivers"));
            }
        }
    }
}

fn follow(args: &ShipArgs, dir: &Path, delivery: &Delivery, stop: &Stop) -> Result<usize, Failure> {
    let path = dir.join(CURSOR);
    let oldest = oldest(&path);
    let mut cursor: Cursor = read_cursor(&path)?;
    let mut told = 0_usize;
    loop {
        let is_new = cursor.read(dir, oldest)?;
        let mut route = AlertRoute { delivery, now: now() };
        let taken = cursor.ends.announce(now(), &mut route).map_err(|why| anyhow!("{why}"))?;
        if taken > 0 && !delivery.flush(DELIVER_MAX) {
            return Err(Failure::new(anyhow!("the outbox takes nothing"))
                .with_hint("is there space on the disk?"));
        }
        delivery.hurry()?;
        told += taken;
        if is_new || taken > 0 {
            write_cursor(&path, &cursor)?;
        }
        let waits = args.follow || !cursor.ends.is_empty();
        if stop.is_wanted() || (!is_new && !waits) {
            return Ok(told);
        }
        if !is_new {
            pause();
        }
    }
}

impl Cursor {
    /// Takes what is new in the record, without the ends before a moment. Returns whether there was anything.
    fn read(&mut self, dir: &Path, oldest: SystemTime) -> Result<bool, Failure> {
        let tail = hook::read_lines(&dir.join(EVENTS), self.offset_bytes, READ_BYTES_MAX)
            .hint("the record of ralph is `.ralph/events.jsonl`")?;
        let is_new = tail.next_offset_bytes > self.offset_bytes;
        tail.lines.iter().for_each(|(_, line)| self.ends.take(line));
        (self.version, self.offset_bytes) = (CURSOR_VERSION, tail.next_offset_bytes);
        self.ends.forget_before(oldest);
        Ok(is_new)
    }
}

/// From when on ends are news: all of them, once the record was looked through.
fn oldest(cursor: &Path) -> SystemTime {
    if cursor.exists() {
        return SystemTime::UNIX_EPOCH;
    }
    now().checked_sub(FIRST_SINCE).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Prints what would be told.
fn dry_run(dir: &Path) -> Result<Exit, Failure> {
    struct Print(usize);
    impl Announce for Print {
        fn announce(
            &mut self,
            end: &LoopEnd,
        ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
            self.0 += 1;
            println!("{end}");
            Ok(())
        }
    }
    let path = dir.join(CURSOR);
    let oldest = oldest(&path);
    let mut cursor: Cursor = read_cursor(&path)?;
    while cursor.read(dir, oldest)? {}
    let mut print = Print(0);
    // All of them: nothing more is waited for.
    let all = now() + FIRST_SINCE;
    cursor.ends.announce(all, &mut print).map_err(|why| anyhow!("{why}"))?;
    println!("{} ends of loops would be told", print.0);
    Ok(Exit::Fine)
}
