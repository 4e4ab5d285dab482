//! An iteration's state in git: the loop's files only, without commit hooks, index and branch
//! untouched unless so configured.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use plimsoll_process::git::Git;
use plimsoll_redact::{Rules, find};

use super::store::chain;
use super::tree::{self, Entry, Listing};
use crate::config::Checkpoint;

/// Larger files are a mistake more often than work.
const FILE_BYTES_MAX: u64 = 10 << 20;
/// What is kept as it is, because compressing takes longer than writing.
const PLAIN_BYTES_MAX: usize = 256 << 10;
const AUTHOR: &str = "ralph <ralph@localhost>";

/// What is kept.
#[derive(Debug)]
pub(crate) struct Keep<'a> {
    pub(crate) root: &'a Path,
    pub(crate) loop_id: &'a str,
    pub(crate) iteration: u32,
    pub(crate) files: Vec<(&'a Path, &'a Entry)>,
    pub(crate) at_secs: u64,
}

/// The reference under which an iteration's state is.
pub(crate) fn reference(loop_id: &str, iteration: u32) -> String {
    format!("refs/ralph/{loop_id}/{iteration}")
}

/// Keeps an iteration's state, and returns where. An error is the reason why it was not kept.
pub(crate) fn keep(
    keep: &Keep<'_>,
    listing: &Listing,
    how: Checkpoint,
) -> Result<Option<String>, String> {
    let contents = read(keep)?;
    match how {
        Checkpoint::Off => Ok(None),
        Checkpoint::SideRef => side_ref(keep, listing, &contents).map(Some),
        Checkpoint::Branch => branch(keep, listing),
    }
}

/// Keeps a state on a side reference, whatever is configured.
pub(crate) fn keep_side_ref(keep: &Keep<'_>, listing: &Listing) -> Result<String, String> {
    side_ref(keep, listing, &read(keep)?)
}

/// A file as it goes in: its mode and bytes, or that it is gone.
enum Content {
    Gone,
    Is { mode: &'static str, bytes: Vec<u8> },
}

fn read<'a>(keep: &Keep<'a>) -> Result<Vec<(&'a Path, Content)>, String> {
    let rules = Rules::default();
    let mut contents = Vec::new();
    for (path, _) in &keep.files {
        let content = content(&keep.root.join(path))
            .map_err(|error| format!("{}: {error}", path.display()))?;
        if let Content::Is { bytes, .. } = &content
            && let Some(secret) = find(&String::from_utf8_lossy(bytes), &rules).first()
        {
            let kind = secret.kind.name();
            return Err(format!("{} holds what looks like a secret ({kind})", path.display()));
        }
        contents.push((*path, content));
    }
    Ok(contents)
}

fn content(path: &Path) -> io::Result<Content> {
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::Gone),
        found => found?,
    };
    if found.is_symlink() {
        let bytes = fs::read_link(path)?.as_os_str().as_bytes().to_vec();
        return Ok(Content::Is { mode: "120000", bytes });
    }
    if !found.is_file() {
        return Err(io::Error::other("is no file"));
    }
    if found.len() > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("has {} bytes, too many to keep", found.len())));
    }
    let mode = if found.permissions().mode() & 0o111 == 0 { "100644" } else { "100755" };
    Ok(Content::Is { mode, bytes: fs::read(path)? })
}

/// One process of git makes the commit and its reference, exact to the byte: no filter, no index,
/// no hook.
fn side_ref(
    keep: &Keep<'_>,
    listing: &Listing,
    contents: &[(&Path, Content)],
) -> Result<String, String> {
    let name = reference(keep.loop_id, keep.iteration);
    let mut stream = Vec::new();
    let head = listing.tree.head.as_deref();
    match (contents.is_empty(), head) {
        (true, None) => return Err("there is nothing to keep yet".to_owned()),
        (true, Some(head)) => {
            stream.extend_from_slice(format!("reset {name}\nfrom {head}\n\n").as_bytes());
        }
        (false, _) => {
            let message = format!("ralph {} iteration {}\n", keep.loop_id, keep.iteration);
            let from = head.map(|head| format!("from {head}\n")).unwrap_or_default();
            stream.extend_from_slice(
                format!(
                    "commit {name}\ncommitter {AUTHOR} {} +0000\ndata {}\n{message}{from}",
                    keep.at_secs,
                    message.len()
                )
                .as_bytes(),
            );
            contents.iter().for_each(|(path, content)| put(&mut stream, path, content));
        }
    }
    stream.extend_from_slice(b"done\n");
    // Small packs are not taken apart and not compressed, larger ones hardly, as that costs more than all the rest;
    // the next collection of garbage does both.
    let compression = if stream.len() <= PLAIN_BYTES_MAX { "0" } else { "1" };
    let compression = format!("core.compression={compression}");
    let settings = ["-c", "fastimport.unpackLimit=0", "-c", &compression];
    let args = settings.into_iter().chain(["fast-import", "--quiet", "--force", "--done"]);
    let output =
        tree::git(keep.root).command(args).stdin(stream).run().map_err(|error| chain(&error))?;
    if output.success() {
        Ok(name)
    } else {
        Err(format!("git fast-import ended with {}: {}", output.exit, output.stderr.text().trim()))
    }
}

fn put(stream: &mut Vec<u8>, path: &Path, content: &Content) {
    match content {
        Content::Gone => {
            stream.extend_from_slice(b"D ");
            quoted(stream, path);
            stream.push(b'\n');
        }
        Content::Is { mode, bytes } => {
            stream.extend_from_slice(format!("M {mode} inline ").as_bytes());
            quoted(stream, path);
            stream.extend_from_slice(format!("\ndata {}\n", bytes.len()).as_bytes());
            stream.extend_from_slice(bytes);
            stream.push(b'\n');
        }
    }
}

/// A path as git quotes it, so that no byte of it can end the line.
fn quoted(stream: &mut Vec<u8>, path: &Path) {
    stream.push(b'"');
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'"' | b'\\' => stream.extend_from_slice(&[b'\\', *byte]),
            0x20..0x7f => stream.push(*byte),
            _ => stream.extend_from_slice(format!("\\{byte:03o}").as_bytes()),
        }
    }
    stream.push(b'"');
}

/// States of a repository in which a commit would be part of something else.
const IN_BETWEEN: [&str; 5] =
    ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply"];

/// A commit of the loop's files on the branch; what else is staged stays staged.
fn branch(keep: &Keep<'_>, listing: &Listing) -> Result<Option<String>, String> {
    if listing.branch.is_none() {
        return Err("no branch is checked out".to_owned());
    }
    let git = tree::git(keep.root);
    let git_dir = text(&git, &["rev-parse", "--absolute-git-dir"])?;
    if let Some(state) = IN_BETWEEN.iter().find(|name| Path::new(&git_dir).join(name).exists()) {
        return Err(format!("the repository is in between ({state})"));
    }
    if keep.files.is_empty() {
        return Ok(listing.tree.head.clone());
    }
    let mut paths = Vec::new();
    for (path, _) in &keep.files {
        paths.extend_from_slice(path.as_os_str().as_bytes());
        paths.push(0);
    }
    let from_stdin = ["--pathspec-from-file=-", "--pathspec-file-nul"];
    let message = format!("ralph {} iteration {}", keep.loop_id, keep.iteration);
    let add = ["--literal-pathspecs", "add", "--all"];
    let commit =
        ["--literal-pathspecs", "commit", "--quiet", "--no-verify", "--only", "-m", &message];
    for args in [&add[..], &commit[..]] {
        let command = git.command(args.iter().chain(&from_stdin)).stdin(paths.clone());
        let output = command.run().map_err(|error| chain(&error))?;
        if !output.success() {
            let verb = args.get(1).copied().unwrap_or_default();
            return Err(format!("git {verb}: {}", output.stderr.text().trim()));
        }
    }
    text(&git, &["rev-parse", "HEAD"]).map(Some)
}

fn text(git: &Git, args: &[&str]) -> Result<String, String> {
    let bytes = git.run(args).map_err(|error| chain(&error))?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}
