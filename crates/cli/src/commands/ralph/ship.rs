//! `plimsoll ralph ship`: the record as rows in a store, each once; or what tripped as events of Sentry; or the ends of
//! loops to the receivers of alerts.

mod alerts;
mod sentry;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use plimsoll_alerts::{SecretError, SecretRef};
use plimsoll_durable::replace;
use plimsoll_metrics::{
    Batch, IlpOptions, IlpSink, Rows, Schema, Sink, SinkError, SqliteOptions, SqliteSink, Symbols,
};
use plimsoll_ralph::hook::{self, EVENTS, Tail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::DirArgs;
use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure, Hint as _};
use crate::glue::ralph_metrics::{Memory, Row, Source};
use crate::stop::Stop;

const ABOUT: &str = "\
Rows go to ralph_iterations, agent_spawns, claude_sessions, claude_tool_calls and claude_tdd. How far the record was \
delivered is kept per store in .ralph, so the command may run as often as you like; a row that comes twice is stored once.

Examples:
  plimsoll ralph ship --to plimsoll.db
  plimsoll ralph ship --to http://127.0.0.1:8428 --follow
  plimsoll ralph ship --to plimsoll.db --again      everything once more, for a new file
  plimsoll ralph ship --sentry env:SENTRY_DSN --follow   each trip and each error of a hook, with what came before
  plimsoll ralph ship --alerts                each loop's end, with cost and reason, to the receivers of `alerts`

Hooks run the last one by themselves at the end of a loop, unless `ralph.announce_ends` is false. Routes know it as the \
rule `ralph_loop_end`, a warning if a bound ended the loop, else for information.";

/// Bytes of the record that are read at once.
const READ_BYTES_MAX: u64 = 1 << 20;
const FOLLOW_EVERY: Duration = Duration::from_secs(1);
const CURSOR_VERSION: u32 = 1;

/// Arguments of `plimsoll ralph ship`.
#[derive(Debug, Args)]
#[command(after_help = ABOUT)]
pub(crate) struct ShipArgs {
    /// SQLite file, or a station or QuestDB at <http://user:password@host:port>
    #[arg(
        long,
        value_name = "STORE",
        default_value = "plimsoll.db",
        env = "PLIMSOLL_METRICS__STORE",
        hide_env_values = true
    )]
    to: String,
    /// Send each trip and each error of a hook to Sentry instead, with the last 100 records before it: where its address
    /// is, such as `env:SENTRY_DSN` or the name of a file
    #[arg(long, value_name = "SECRET", value_parser = secret, conflicts_with = "again")]
    sentry: Option<SecretRef>,
    /// Tell the receivers of the section `alerts` of each loop's end instead, with its cost and its reason
    #[arg(long, conflicts_with_all = ["again", "sentry"])]
    alerts: bool,
    /// Label `env` of the rows
    #[arg(long, default_value = "dev")]
    env: String,
    #[command(flatten)]
    dir: DirArgs,
    #[command(flatten)]
    config: ConfigArgs,
    /// Go on as the record grows, until Ctrl-C
    #[arg(long)]
    follow: bool,
    /// From the beginning of the record, whatever was delivered before
    #[arg(long)]
    again: bool,
    /// Count the rows, and send none
    #[arg(long)]
    dry_run: bool,
}

/// How far the record was delivered to one store.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Cursor {
    version: u32,
    offset_bytes: u64,
    memory: Memory,
}

#[derive(Debug, Default)]
struct Sent {
    rows: usize,
    refused: usize,
    lost_bytes: u64,
    broken_lines: u64,
}

pub(crate) fn run(args: &ShipArgs) -> Result<Exit, Failure> {
    let project = args.dir.open()?;
    let dir = project.dir();
    if !dir.join(EVENTS).exists() {
        return Err(Failure::new(anyhow!("no record in `{}`", dir.display()))
            .with_hint("hooks write it; `plimsoll ralph install` puts them in"));
    }
    if let Some(dsn) = &args.sentry {
        return sentry::run(args, &dir, dsn);
    }
    if args.alerts {
        return alerts::run(args, &dir);
    }
    let source = Source { env: args.env.clone(), producer: format!("ralph@{}", host()) };
    let path = dir.join(format!("ship-{}.json", fingerprint(&args.to)));
    let mut cursor = if args.again { Cursor::default() } else { read_cursor(&path)? };
    let mut sink = if args.dry_run { None } else { Some(open(&args.to)?) };
    let stop = Stop::listen()?;
    let mut sent = Sent::default();
    loop {
        let tail = hook::read_lines(&dir.join(EVENTS), cursor.offset_bytes, READ_BYTES_MAX)
            .map_err(|error| anyhow!("cannot read the record: {error}"))?;
        let is_new = tail.next_offset_bytes > cursor.offset_bytes;
        deliver(&tail, &mut cursor, &source, &mut sink, &mut sent)?;
        if is_new && !args.dry_run {
            write_cursor(&path, &cursor)?;
        }
        if stop.is_wanted() || (!is_new && !args.follow) {
            break;
        }
        if !is_new {
            pause();
        }
    }
    let verb = if args.dry_run { "would be delivered" } else { "delivered" };
    println!("{} rows {verb}, {} refused by the store", sent.rows, sent.refused);
    if sent.lost_bytes > 0 || sent.broken_lines > 0 {
        eprintln!(
            "{} bytes of the record were gone before they were delivered, {} lines are broken",
            sent.lost_bytes, sent.broken_lines
        );
    }
    let is_fine = sent.refused == 0 && sent.lost_bytes == 0;
    Ok(if is_fine { Exit::Fine } else { Exit::Finding })
}

#[allow(clippy::disallowed_methods, reason = "a follower waits for more, a second at a time")]
fn pause() {
    std::thread::sleep(FOLLOW_EVERY);
}

fn secret(text: &str) -> Result<SecretRef, SecretError> {
    SecretRef::try_from(text.to_owned())
}

fn open(to: &str) -> Result<Box<dyn Sink>, Failure> {
    if to.starts_with("http://") {
        let sink = IlpSink::connect(to, IlpOptions::default())
            .hint("wanted http://[user:password@]host:port")?;
        return Ok(Box::new(sink));
    }
    if to.contains("://") {
        return Err(Failure::new(anyhow!("a store's address begins with `http://`")));
    }
    let sink = SqliteSink::open(to, SqliteOptions::default())
        .hint("name an SQLite file or an address with --to")?;
    Ok(Box::new(sink))
}

/// Sends the rows of these lines, and moves the cursor behind them.
fn deliver(
    tail: &Tail,
    cursor: &mut Cursor,
    source: &Source,
    sink: &mut Option<Box<dyn Sink>>,
    sent: &mut Sent,
) -> Result<(), Failure> {
    let mut memory = cursor.memory.clone();
    let mut tables: BTreeMap<&str, Vec<Row>> = BTreeMap::new();
    for (offset, line) in &tail.lines {
        for row in memory.rows(line, *offset, source) {
            tables.entry(row.schema.name.as_ref()).or_default().push(row);
        }
    }
    if let Some(sink) = sink {
        for rows in tables.values() {
            write(rows, sink.as_mut(), sent)?;
        }
    } else {
        sent.rows += tables.values().map(Vec::len).sum::<usize>();
    }
    sent.lost_bytes += tail.lost_bytes;
    sent.broken_lines += tail.broken_lines;
    *cursor = Cursor { version: CURSOR_VERSION, offset_bytes: tail.next_offset_bytes, memory };
    Ok(())
}

fn write(rows: &[Row], sink: &mut dyn Sink, sent: &mut Sent) -> Result<(), Failure> {
    let Some(schema) = rows.first().map(|row| row.schema) else { return Ok(()) };
    let refused = match send(schema, rows, &[], sink) {
        Ok(()) => Vec::new(),
        // Nothing of the batch is stored then: the rest goes without those rows.
        Err(SinkError::Reject { rows: refused }) => {
            for row in &refused {
                eprintln!("a row of {} is refused: {}", schema.name, row.reason);
            }
            let refused: Vec<usize> = refused.iter().map(|row| row.row).collect();
            send(schema, rows, &refused, sink).map_err(failed)?;
            refused
        }
        Err(error) => return Err(failed(error)),
    };
    sent.rows += rows.len() - refused.len();
    sent.refused += refused.len();
    Ok(())
}

fn failed(error: SinkError) -> Failure {
    Failure::refused(error)
        .with_hint("what was not delivered stays in .ralph/events.jsonl; run it again")
}

fn send(
    schema: &Schema,
    rows: &[Row],
    without: &[usize],
    sink: &mut dyn Sink,
) -> Result<(), SinkError> {
    let (mut symbols, mut cells) = (Symbols::default(), Rows::default());
    for (_, row) in rows.iter().enumerate().filter(|(index, _)| !without.contains(index)) {
        row.put(&mut cells, &mut symbols);
    }
    sink.prepare(schema)?;
    sink.write(&Batch::new(schema, &symbols, &cells))
}

fn read_cursor<T: DeserializeOwned + Default>(path: &Path) -> Result<T, Failure> {
    /// Only the version: a newer file may have fields that we do not know.
    #[derive(Deserialize)]
    struct VersionOnly {
        version: u32,
    }
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(T::default()),
        Err(error) => return Err(Failure::new(error)),
    };
    let broken = |error| anyhow!("`{}` says not how far it was delivered: {error}", path.display());
    let hint =
        "remove it, and everything is delivered once more; rows that are there stay as they are";
    let VersionOnly { version } = serde_json::from_str(&text).map_err(broken).hint(hint)?;
    if version > CURSOR_VERSION {
        return Err(Failure::new(anyhow!("`{}` is of a newer version", path.display())));
    }
    serde_json::from_str(&text).map_err(broken).hint(hint)
}

fn write_cursor(path: &Path, cursor: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(cursor)?;
    replace(path, text).map_err(Failure::new)
}

/// Names a store in a file name, without its password.
fn fingerprint(to: &str) -> String {
    let plain = match to.rsplit_once('@') {
        Some((_, host)) => host.to_owned(),
        None => absolute(to).display().to_string(),
    };
    let hash = plain.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn absolute(to: &str) -> PathBuf {
    if to.starts_with("http://") {
        return PathBuf::from(to);
    }
    std::path::absolute(to).unwrap_or_else(|_unknown| PathBuf::from(to))
}

fn host() -> String {
    let name: io::Result<String> = fs::read_to_string("/etc/hostname");
    let name = name.unwrap_or_default().trim().to_owned();
    if name.is_empty() { "localhost".to_owned() } else { name }
}
