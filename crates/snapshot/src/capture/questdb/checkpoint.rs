//! Copying the directory of a server that goes on writing.
//!
//! Only one checkpoint can be open, and one that is never released stops the server's
//! housekeeping for good. So who opened it is written down first: if this process is killed, the
//! next one knows that it is ours and releases it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::CaptureError;
use super::sql::{Sql, text};
use crate::digest::Digest;
use crate::disk::Disk;
use crate::intake::{Absent, Intake, Strictness};
use crate::scope::Scope;
use crate::tree::{Entry, Node, TreePath};

/// The server starts from the checkpoint only if this file is in its directory.
const TRIGGER: &str = "_restore";
/// Where the server writes down what belongs to the checkpoint.
const RECORD: &str = ".checkpoint";

/// Who opened a checkpoint.
#[derive(Debug, Serialize, Deserialize)]
struct Claim {
    server: String,
    /// When the open one was begun by the server's words; unknown until it answered.
    started: Option<String>,
}

/// Where a claim is kept.
struct Claims {
    path: Option<PathBuf>,
}

impl Claims {
    fn of(server: &str, into: &Intake<'_>) -> Self {
        let name = format!("checkpoint-{}", Digest::of(server.as_bytes()).short());
        Self { path: into.state_dir().map(|dir| dir.join(name)) }
    }

    fn read(&self) -> Option<Claim> {
        serde_json::from_slice(&fs::read(self.path.as_ref()?).ok()?).ok()
    }

    fn write(&self, claim: &Claim) -> Result<(), CaptureError> {
        let Some(path) = &self.path else { return Ok(()) };
        let failed = |error: std::io::Error| {
            CaptureError::new("cannot write down who opened the checkpoint").with_source(error)
        };
        let text = serde_json::to_vec(claim).map_err(|error| failed(error.into()))?;
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        Disk::default().replace(path, &text, &temporary).map_err(failed)
    }

    fn remove(&self) {
        if let Some(path) = &self.path {
            // Best effort: a claim on a checkpoint that is closed misleads nobody.
            fs::remove_file(path).unwrap_or_default();
        }
    }
}

/// Whether a checkpoint is open, and since when.
fn status(sql: &mut Sql<'_>) -> Result<Option<String>, CaptureError> {
    let rows = sql.rows("SELECT * FROM checkpoint_status()")?;
    let row = rows
        .dataset
        .first()
        .ok_or_else(|| CaptureError::new("the server does not say whether a checkpoint is open"))?;
    if row.first() != Some(&Value::Bool(true)) {
        return Ok(None);
    }
    let started = text(row.get(1));
    started.map(Some).ok_or_else(|| CaptureError::new("a checkpoint is open since an unknown time"))
}

/// Copies `root` while a checkpoint is open.
pub(super) fn copy(
    sql: &mut Sql<'_>,
    server: &str,
    root: &Path,
    into: &mut Intake<'_>,
) -> Result<(), CaptureError> {
    if root.join(TRIGGER).exists() {
        let what = format!("`{}` is about to be restored: start the server first", root.display());
        return Err(CaptureError::new(what));
    }
    let claims = Claims::of(server, into);
    release_ours(sql, server, &claims)?;
    claims.write(&Claim { server: server.to_owned(), started: None })?;
    sql.rows("CHECKPOINT CREATE")?;
    let copied = copy_open(sql, server, root, into, &claims);
    // Also after a failure, or the server never tidies up again.
    let released = sql.rows("CHECKPOINT RELEASE");
    if released.is_ok() {
        claims.remove();
    }
    copied?;
    released.map(drop).map_err(|error| {
        CaptureError::new("the checkpoint stays open: run `CHECKPOINT RELEASE` by hand")
            .with_source(error)
    })
}

/// Closes what an earlier process of ours left open, and refuses what others have.
fn release_ours(sql: &mut Sql<'_>, server: &str, claims: &Claims) -> Result<(), CaptureError> {
    let Some(started) = status(sql)? else {
        claims.remove();
        return Ok(());
    };
    let is_ours = claims.read().is_some_and(|claim| {
        claim.server == server && claim.started.is_none_or(|own| own == started)
    });
    if !is_ours {
        return Err(CaptureError::new(format!(
            "another checkpoint is open since {started}: whoever made it must run `CHECKPOINT RELEASE`"
        )));
    }
    sql.rows("CHECKPOINT RELEASE")?;
    claims.remove();
    Ok(())
}

fn copy_open(
    sql: &mut Sql<'_>,
    server: &str,
    root: &Path,
    into: &mut Intake<'_>,
    claims: &Claims,
) -> Result<(), CaptureError> {
    let started = status(sql)?
        .ok_or_else(|| CaptureError::new("the checkpoint was closed as soon as it was open"))?;
    claims.write(&Claim { server: server.to_owned(), started: Some(started.clone()) })?;
    if !root.join(RECORD).is_dir() {
        return Err(CaptureError::new(format!(
            "`{}` is not the directory of {server}: the open checkpoint is not in it",
            root.display()
        )));
    }
    let roots = vec![root.to_owned()];
    // The web console, which a server unpacks again when it starts.
    let exclude = vec!["public".to_owned()];
    let scope = Scope { roots, exclude, is_live: true, ..Scope::default() };
    let seen = into.files_seen(scope, Strictness::Tolerant, Absent::Failure)?;
    // The server goes on writing behind what the checkpoint counts, so files that change are
    // fine; one that goes is not, as some versions remove what the checkpoint needs.
    if let Some(gone) = seen.gone.first() {
        return Err(CaptureError::new(format!(
            "`{gone}` went while the checkpoint was open: the copy may lack data, try again"
        )));
    }
    if status(sql)?.as_ref() != Some(&started) {
        return Err(CaptureError::new(
            "the checkpoint did not stay open, as the server was restarted or somebody released \
             it: the copy is no use, try again",
        ));
    }
    into.fact("checkpoint", started);
    into.fact("root", root.display().to_string());
    into.add_entry(trigger());
    Ok(())
}

/// The file without which the copy must not be opened.
fn trigger() -> Entry {
    let path = TreePath::new(format!("{}/{TRIGGER}", crate::intake::root_name(0)).as_bytes());
    let meta = crate::disk::Meta {
        mode: 0o600,
        uid: rustix::process::geteuid().as_raw(),
        gid: rustix::process::getegid().as_raw(),
        mtime_ns: 0,
    };
    Entry { path, node: Node::File { meta: meta.into(), pieces: Vec::new(), unsettled: false } }
}
