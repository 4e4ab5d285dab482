//! `plimsoll metrics spool`: what waits in a spool; looks only, also while it is written.

use std::fs;
use std::io::{self, BufRead as _, Write as _};
use std::path::PathBuf;

use clap::Args;
use plimsoll_metrics::inspect_spool;

use crate::failure::{Exit, Failure, Hint as _};

/// Arguments of `plimsoll metrics spool`.
#[derive(Debug, Args)]
pub(crate) struct SpoolArgs {
    /// Directory of the spool, such as plimsoll.db.spool
    dir: PathBuf,
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &SpoolArgs) -> Result<Exit, Failure> {
    let report =
        inspect_spool(&args.dir).hint("the spool of a store lies beside it: STORE.spool")?;
    if report.segments.is_empty() && report.bad.is_empty() && !args.dir.join("lock").exists() {
        return Err(Failure::new(anyhow::anyhow!("`{}` is no spool", args.dir.display()))
            .with_hint("the spool of a store lies beside it: STORE.spool"));
    }
    let rejected = rejected_rows(&args.dir)?;
    let torn: u64 = report.segments.iter().map(|s| s.torn_bytes).sum();
    let lost: u64 = report.segments.iter().map(|s| s.lost_bytes).sum();
    let bytes: u64 = report.segments.iter().map(|s| s.file_bytes).sum();
    let is_damaged = report.bad_blocks > 0 || lost > 0 || !report.bad.is_empty();
    let mut out = io::stdout().lock();
    if args.json {
        let body = serde_json::json!({
            "version": 1, "segments": report.segments.len(), "bytes": bytes,
            "waiting_blocks": report.unacked_blocks, "waiting_bytes": report.unacked_payload_bytes,
            "damaged_blocks": report.bad_blocks, "damaged_bytes": lost, "torn_bytes": torn,
            "bad_files": report.bad.len(), "rejected_rows": rejected, "cursor_note": report.cursor_note,
        });
        writeln!(out, "{body}")?;
    } else {
        writeln!(out, "segments        {} ({bytes} bytes)", report.segments.len())?;
        writeln!(
            out,
            "waiting         {} blocks, {} bytes",
            report.unacked_blocks, report.unacked_payload_bytes
        )?;
        writeln!(
            out,
            "damaged         {} blocks, {lost} bytes, {} files set aside",
            report.bad_blocks,
            report.bad.len()
        )?;
        writeln!(out, "unfinished      {torn} bytes at the end")?;
        writeln!(
            out,
            "rejected rows   {rejected}{}",
            if rejected > 0 { ", with reasons in rejected/rows.jsonl" } else { "" }
        )?;
        if let Some(note) = &report.cursor_note {
            writeln!(out, "cursor          {note}")?;
        }
    }
    Ok(if is_damaged || rejected > 0 { Exit::Finding } else { Exit::Fine })
}

fn rejected_rows(dir: &std::path::Path) -> Result<u64, Failure> {
    let path = dir.join("rejected").join("rows.jsonl");
    match fs::File::open(&path) {
        Ok(file) => Ok(u64::try_from(io::BufReader::new(file).lines().count()).unwrap_or(u64::MAX)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(Failure::new(error)),
    }
}
