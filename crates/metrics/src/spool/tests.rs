//! What the spool promises, told by what it gives back after faults.
#![allow(clippy::arithmetic_side_effects, reason = "a panic is how a test fails")]

mod damage;
mod faults;
mod halves;
mod kill;
mod model;
mod opening;
mod speed;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{
    Carry, Position, Reader, Recovery, SpoolOptions, SyncPolicy, WriteError, Writer, open,
};

/// The kind of the block that `carry` writes in these tests.
const CARRY: u8 = 200;

/// A block as a test remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Copied {
    position: Position,
    kind: u8,
    payload: Vec<u8>,
    context: bool,
}

fn options(dir: &Path) -> SpoolOptions {
    SpoolOptions {
        segment_bytes: 512,
        bytes_max: 1 << 30,
        sync: SyncPolicy::Never,
        ..SpoolOptions::new(dir)
    }
}

fn reopen(dir: &Path) -> (Writer, Reader) {
    open(&options(dir), "test").unwrap()
}

fn carry(carry: &mut Carry<'_>) {
    carry.append(CARRY, b"dictionary");
}

fn commit(writer: &mut Writer) -> Result<Position, WriteError> {
    writer.commit(&mut carry, Duration::ZERO)
}

/// Commits one block with this text.
fn put(writer: &mut Writer, text: &str) -> Position {
    writer.append(1, text.as_bytes()).unwrap();
    commit(writer).unwrap()
}

/// Everything that can be read now.
fn drain(reader: &mut Reader) -> Vec<Copied> {
    let mut blocks = Vec::new();
    while let Some(block) = reader.next().unwrap() {
        let (position, kind, context) = (block.position, block.kind, block.context);
        blocks.push(Copied { position, kind, payload: block.payload.to_vec(), context });
    }
    blocks
}

/// The texts of the blocks that are to be delivered.
fn texts(blocks: &[Copied]) -> Vec<String> {
    let fresh = blocks.iter().filter(|block| !block.context);
    fresh.map(|block| String::from_utf8(block.payload.clone()).unwrap()).collect()
}

/// `block-0`, `block-1`, ... with some length.
fn names(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("block-{number}-{}", "x".repeat(number % 50))).collect()
}

fn put_all(writer: &mut Writer, names: &[String]) -> Vec<Position> {
    names.iter().map(|name| put(writer, name)).collect()
}

/// A folder in memory if there is such a place: these tests open thousands of spools.
fn quick_dir() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn copy_dir(from: &Path) -> tempfile::TempDir {
    let to = quick_dir();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.path().join(entry.file_name())).unwrap();
    }
    to
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "spool"));
    paths.sort();
    paths
}

fn clean(recovery: &Recovery) -> bool {
    *recovery == Recovery::default()
}
