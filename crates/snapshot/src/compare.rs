//! What differs between two trees.

use std::cmp::Ordering;
use std::collections::HashSet;

use crate::disk::{Meta, Owners};
use crate::tree::{Entry, Node, Tree, TreePath};

/// How something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// It is only in the second.
    Added,
    /// It is only in the first.
    Removed,
    /// Its contents, or where it links to, are others.
    Contents,
    /// It is of another sort, such as a file in place of a directory.
    Sort,
    /// Only its mode, owner or time are others.
    Meta,
    /// It is kept as a reference in one of them, so it cannot be told.
    Unknown,
}

impl Difference {
    /// Returns a word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Contents => "changed",
            Self::Sort => "another sort",
            Self::Meta => "mode, owner or time",
            Self::Unknown => "unknown",
        }
    }
}

/// One path at which trees differ.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Differs<'a> {
    pub(crate) before: Option<&'a Entry>,
    pub(crate) after: Option<&'a Entry>,
    pub(crate) what: Difference,
}

impl<'a> Differs<'a> {
    pub(crate) fn path(&self) -> &'a TreePath {
        static NONE: std::sync::LazyLock<TreePath> =
            std::sync::LazyLock::new(|| TreePath::new(b""));
        self.after.or(self.before).map_or(&NONE, |entry| &entry.path)
    }
}

/// Goes through both trees and returns what leads from `before` to `after`.
pub(crate) fn compare<'a>(before: &'a Tree, after: &'a Tree, owners: Owners) -> Vec<Differs<'a>> {
    let mut found = Vec::new();
    let mut renewed: HashSet<&TreePath> = HashSet::new();
    let (mut old, mut new) = (before.entries.iter().peekable(), after.entries.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => old.path.cmp(&new.path),
        };
        let before = if order == Ordering::Greater { None } else { old.next() };
        let after = if order == Ordering::Less { None } else { new.next() };
        let what = match (before, after) {
            (Some(before), Some(after)) => nodes(&before.node, &after.node, owners),
            (None, Some(_)) => Some(Difference::Added),
            _ => Some(Difference::Removed),
        };
        // A further name of a file that is made anew has to be made anew too.
        let what = match after.map(|after| &after.node) {
            Some(Node::HardLink { to }) if what.is_none() && renewed.contains(to) => {
                Some(Difference::Contents)
            }
            _ => what,
        };
        let Some(what) = what else { continue };
        if let Some(after) = after.filter(|_| what != Difference::Meta) {
            renewed.insert(&after.path);
        }
        found.push(Differs { before, after, what });
    }
    found
}

fn nodes(before: &Node, after: &Node, owners: Owners) -> Option<Difference> {
    let meta = |before: &Node, after: &Node| match (before.meta(), after.meta()) {
        (Some(before), Some(after)) if !same_meta(&before, &after, owners) => {
            Some(Difference::Meta)
        }
        _ => None,
    };
    let contents = |is_same: bool| if is_same { None } else { Some(Difference::Contents) };
    match (before, after) {
        (Node::Dir { .. }, Node::Dir { .. }) => meta(before, after),
        (Node::File { pieces: old, .. }, Node::File { pieces: new, .. }) => {
            contents(old == new).or_else(|| meta(before, after))
        }
        (Node::Symlink { target: old, .. }, Node::Symlink { target: new, .. }) => {
            contents(old == new).or_else(|| meta(before, after))
        }
        (Node::HardLink { to: old }, Node::HardLink { to: new }) => contents(old == new),
        (Node::Document { pieces: old }, Node::Document { pieces: new }) => contents(old == new),
        (Node::Reference { by: old }, Node::Reference { by: new }) if old == new => {
            Some(Difference::Unknown)
        }
        (Node::Reference { .. }, _) | (_, Node::Reference { .. }) => Some(Difference::Unknown),
        (Node::HardLink { .. }, Node::File { .. }) | (Node::File { .. }, Node::HardLink { .. }) => {
            Some(Difference::Contents)
        }
        _ => Some(Difference::Sort),
    }
}

pub(crate) fn same_meta(one: &Meta, other: &Meta, owners: Owners) -> bool {
    let is_same = (one.mode, one.mtime_ns) == (other.mode, other.mtime_ns);
    let has_owner = owners == Owners::Ignored || (one.uid, one.gid) == (other.uid, other.gid);
    is_same && has_owner
}
