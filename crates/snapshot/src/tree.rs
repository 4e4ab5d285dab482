//! What a part holds: its entries, each with a path, as one line of JSON.

mod path;

use std::io;

use serde::{Deserialize, Serialize};

pub(crate) use path::TreePath;

use crate::digest::Digest;
use crate::disk::Meta;

/// A stretch of a file: a content of the store, or a hole that reads as zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Piece(pub(crate) Option<Digest>, pub(crate) u64);

impl Piece {
    pub(crate) fn len(self) -> u64 {
        self.1
    }
}

/// Permission bits, owner and time, as they are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Saved {
    mode: u32,
    uid: u32,
    gid: u32,
    mtime_ns: i64,
}

impl From<Meta> for Saved {
    fn from(Meta { mode, uid, gid, mtime_ns }: Meta) -> Self {
        Self { mode, uid, gid, mtime_ns }
    }
}

impl Saved {
    pub(crate) fn meta(self) -> Meta {
        Meta { mode: self.mode & 0o7777, uid: self.uid, gid: self.gid, mtime_ns: self.mtime_ns }
    }
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Node {
    Dir {
        meta: Saved,
    },
    File {
        meta: Saved,
        pieces: Vec<Piece>,
        /// It changed each time it was read; the pieces are what the last reading gave.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unsettled: bool,
    },
    Symlink {
        meta: Saved,
        target: TreePath,
    },
    /// A further name of the file at another path of the same tree.
    HardLink {
        to: TreePath,
    },
    /// Bytes without a file: what a capture wrote.
    Document {
        pieces: Vec<Piece>,
    },
    /// Something that is not kept, and where to get it.
    Reference {
        by: String,
    },
}

impl Node {
    pub(crate) fn pieces(&self) -> &[Piece] {
        match self {
            Self::File { pieces, .. } | Self::Document { pieces } => pieces,
            _ => &[],
        }
    }

    pub(crate) fn len_bytes(&self) -> u64 {
        self.pieces().iter().map(|piece| piece.len()).sum()
    }

    pub(crate) fn meta(&self) -> Option<Meta> {
        match self {
            Self::Dir { meta } | Self::File { meta, .. } | Self::Symlink { meta, .. } => {
                Some(meta.meta())
            }
            _ => None,
        }
    }

    pub(crate) fn is_dir(&self) -> bool {
        matches!(self, Self::Dir { .. })
    }
}

/// A path and what stands there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) path: TreePath,
    pub(crate) node: Node,
}

/// The entries of a part, in the order of their paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tree {
    pub(crate) entries: Vec<Entry>,
}

/// Why a tree cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// A line is not an entry.
    #[error("line {line} of the tree is no entry")]
    Parse {
        /// Counted from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
    /// A path would lead out of the tree, or stands twice, or has no directory above it.
    #[error("the tree has a path that cannot be: `{path}` ({why})")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl Tree {
    pub(crate) fn write(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.entries.len() * 200);
        for entry in &self.entries {
            serde_json::to_writer(&mut bytes, entry)?;
            bytes.push(b'\n');
        }
        Ok(bytes)
    }

    /// Reads a tree and refuses one that somebody made up to write elsewhere.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, TreeError> {
        let mut entries = Vec::new();
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        for (index, line) in lines.enumerate() {
            let entry = serde_json::from_slice(line)
                .map_err(|source| TreeError::Parse { line: index + 1, source })?;
            entries.push(entry);
        }
        let tree = Self { entries };
        tree.check()?;
        Ok(tree)
    }

    pub(crate) fn sort(&mut self) {
        self.entries.sort_by(|a, b| a.path.cmp(&b.path));
    }

    pub(crate) fn get(&self, path: &TreePath) -> Option<&Entry> {
        let index = self.entries.binary_search_by(|entry| entry.path.cmp(path)).ok()?;
        self.entries.get(index)
    }

    pub(crate) fn set(&mut self, path: &TreePath, node: Node) {
        let index = self.entries.binary_search_by(|entry| entry.path.cmp(path));
        if let Some(entry) = index.ok().and_then(|index| self.entries.get_mut(index)) {
            entry.node = node;
        }
    }

    fn check(&self) -> Result<(), TreeError> {
        let wrong = |entry: &Entry, why| Err(TreeError::Path { path: entry.path.shown(), why });
        // Directories from the root down to the entry before.
        let mut above: Vec<&TreePath> = Vec::new();
        let mut before: Option<&TreePath> = None;
        for entry in &self.entries {
            if !entry.path.is_below_root() {
                return wrong(entry, "it leads out of the tree");
            }
            if before.is_some_and(|before| *before >= entry.path) {
                return wrong(entry, "paths are not in order");
            }
            before = Some(&entry.path);
            above.retain(|dir| entry.path.is_inside(dir));
            let is_document = matches!(entry.node, Node::Document { .. } | Node::Reference { .. });
            let parent = entry.path.parent();
            let has_parent =
                parent.is_none_or(|parent| above.last().is_some_and(|d| **d == parent));
            if !is_document && !has_parent {
                return wrong(entry, "the directory above it is not in the tree");
            }
            if entry.node.is_dir() {
                above.push(&entry.path);
            }
            let is_file = |to: &TreePath| {
                self.get(to).is_some_and(|first| matches!(first.node, Node::File { .. }))
            };
            if matches!(&entry.node, Node::HardLink { to } if !is_file(to)) {
                return wrong(entry, "it links to what is no file of the tree");
            }
        }
        Ok(())
    }
}

/// Cuts the text of a tree where a change of one entry shifts no later cut, so that a later
/// tree with a few other entries shares most of its pieces with this one.
pub(crate) fn cuts(bytes: &[u8], len_max: usize) -> Vec<&[u8]> {
    const LEN_MIN: usize = 32 << 10;
    let mut cuts = Vec::new();
    let mut from = 0;
    let mut at = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if at > from && at - from + line.len() > len_max {
            cuts.push(bytes.get(from..at).unwrap_or_default());
            from = at;
        }
        at += line.len();
        let sum = line.iter().fold(0_u32, |sum, byte| sum.wrapping_mul(31) ^ u32::from(*byte));
        if at - from >= LEN_MIN && sum % 512 == 0 {
            cuts.push(bytes.get(from..at).unwrap_or_default());
            from = at;
        }
    }
    let rest = bytes.get(from..).unwrap_or_default();
    cuts.extend(rest.chunks(len_max));
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, node: Node) -> Entry {
        Entry { path: TreePath::new(path.as_bytes()), node }
    }

    fn dir() -> Node {
        Node::Dir { meta: Meta { mode: 0o755, uid: 0, gid: 0, mtime_ns: 1 }.into() }
    }

    fn file() -> Node {
        let meta = Meta { mode: 0o644, uid: 1, gid: 2, mtime_ns: -3 }.into();
        let pieces = vec![Piece(Some(Digest::of(b"x")), 1), Piece(None, 1 << 40)];
        Node::File { meta, pieces, unsettled: false }
    }

    #[track_caller]
    fn check(entries: Vec<Entry>, wanted: Result<(), &str>) {
        let tree = Tree { entries };
        let read = Tree::read(&tree.write().unwrap());
        match (read, wanted) {
            (Ok(read), Ok(())) => assert_eq!(read, tree),
            (Err(error), Err(wanted)) => assert!(error.to_string().contains(wanted), "{error}"),
            (read, _) => panic!("{read:?}"),
        }
    }

    #[test]
    fn a_tree_is_read_as_it_is_written() {
        let link = Node::HardLink { to: TreePath::new(b"0/a") };
        let to = Node::Symlink {
            meta: Saved::from(Meta { mode: 0, uid: 0, gid: 0, mtime_ns: 0 }),
            target: TreePath::new(b"../../b\xff\\"),
        };
        let entries =
            vec![entry("0", dir()), entry("0/a", file()), entry("0/b", link), entry("0/c", to)];
        check(entries, Ok(()));
        check(vec![entry("keys/1", Node::Document { pieces: Vec::new() })], Ok(()));
    }

    #[test]
    fn a_tree_that_would_write_elsewhere_is_refused() {
        check(vec![entry("../x", file())], Err("leads out"));
        check(vec![entry("0/../../x", file())], Err("leads out"));
        check(vec![entry("/etc/x", file())], Err("leads out"));
        check(vec![entry("", file())], Err("leads out"));
        check(vec![entry("0/x", file())], Err("above it"));
        let symlink = Node::Symlink {
            meta: Saved::from(Meta { mode: 0, uid: 0, gid: 0, mtime_ns: 0 }),
            target: TreePath::new(b"/etc"),
        };
        check(vec![entry("0", symlink), entry("0/x", file())], Err("above it"));
        check(vec![entry("a", dir()), entry("a", dir())], Err("not in order"));
        let link = Node::HardLink { to: TreePath::new(b"/etc/shadow") };
        check(vec![entry("a", link)], Err("no file of the tree"));
    }

    #[test]
    fn an_entry_more_leaves_most_cuts_where_they_were() {
        let lines: Vec<String> =
            (0..20_000).map(|n| format!("{{\"path\":\"{n:07}\"}}\n")).collect();
        let mut more = lines.clone();
        more.insert(9, "{\"path\":\"new\"}\n".to_owned());
        let (lines, more) = (lines.concat(), more.concat());
        let before = cuts(lines.as_bytes(), 1 << 20);
        let after = cuts(more.as_bytes(), 1 << 20);
        assert_eq!(after.concat(), more.as_bytes());
        let shared = after.iter().filter(|cut| before.contains(cut)).count();
        assert!(before.len() > 3 && shared + 2 >= after.len(), "{shared} of {}", after.len());
    }
}
