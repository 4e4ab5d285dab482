//! What takes in the contents of a part and gives them to the store.

mod read;
mod session;
mod stat_cache;
mod walk;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

pub(crate) use read::{IntakeError, Noted, Strictness};
pub(crate) use session::{Mode, Session};
pub(crate) use walk::{Absent, STAGING_PREFIX, meta, root_name};

use crate::capture::CaptureError;
use crate::index::Index;
use crate::pack::CONTENT_LEN_MAX;
use crate::progress::{Meter, Progress};
use crate::scope::Scope;
use crate::scratch::Scratch;
use crate::secrets::{Seam, Secrets, Sort};
use crate::store::Store;
use crate::tree::{Entry, Node, Piece, Tree, TreePath};

/// Takes in what belongs to one part.
#[derive(Debug)]
pub struct Intake<'a> {
    pub(crate) session: &'a Session<'a>,
    pub(crate) part: &'a str,
    pub(crate) tree: Tree,
    pub(crate) scope: Scope,
    pub(crate) facts: BTreeMap<String, String>,
    pub(crate) notes: Vec<String>,
}

impl<'a> Intake<'a> {
    pub(crate) fn new(session: &'a Session<'a>, part: &'a str) -> Self {
        Self {
            session,
            part,
            tree: Tree::default(),
            scope: Scope::default(),
            facts: BTreeMap::new(),
            notes: Vec::new(),
        }
    }

    /// Takes a text under a path such as `commit.json`.
    ///
    /// # Errors
    ///
    /// When it holds a secret and the store is not sealed, and when the store fails.
    pub fn document(&mut self, path: &str, text: &[u8]) -> Result<(), CaptureError> {
        self.stream(path, &mut &*text, Sort::Text)
    }

    /// Takes what a machine made, such as the file of a database, under a path.
    ///
    /// It is searched for the secrets that are known, not for what looks like one.
    ///
    /// # Errors
    ///
    /// When it cannot be read, holds a secret while the store is not sealed, and when the store
    /// fails.
    pub fn machine_data(&mut self, path: &str, from: &mut dyn Read) -> Result<(), CaptureError> {
        self.stream(path, from, Sort::Machine)
    }

    /// Takes a secret. A store that is not sealed gets `reference` in its place, which says
    /// where the secret is to be had.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn secret(
        &mut self,
        path: &str,
        secret: &[u8],
        reference: &str,
    ) -> Result<(), CaptureError> {
        if self.session.is_guarded() {
            let node = Node::Reference { by: reference.to_owned() };
            return self.add(path, node);
        }
        self.stream(path, &mut &*secret, Sort::Text)
    }

    /// States a fact such as `commit`, which only readers of the contents see.
    pub fn fact(&mut self, name: &str, value: impl Into<String>) {
        self.facts.insert(name.to_owned(), self.session.masked(&value.into()));
    }

    /// Says what a person should know, in a few words without secrets; everybody sees it.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(self.session.masked(&text.into()));
    }

    /// Whether secrets must not get into the store.
    pub(crate) fn is_guarded(&self) -> bool {
        self.session.is_guarded()
    }

    /// Says which secret is in a text.
    pub(crate) fn secret_in(&self, contents: &[u8]) -> Option<String> {
        self.session.find_secret(&mut Seam::default(), contents, Sort::Text)
    }

    /// A directory for copies that are read once.
    pub(crate) fn scratch(&self) -> Result<Scratch, CaptureError> {
        Scratch::new(&self.session.scratch_base()).map_err(|error| {
            CaptureError::new("cannot make a directory for copies").with_source(error)
        })
    }

    /// Where to note what a later process has to know; on this machine.
    pub(crate) fn state_dir(&self) -> Option<PathBuf> {
        let store = self.session.store;
        store.dir().or(store.cache_dir()).map(Path::to_owned)
    }

    /// Takes all files of a scope and notes what happened to them.
    pub(crate) fn files(
        &mut self,
        scope: Scope,
        strictness: Strictness,
        absent: Absent,
    ) -> Result<(), CaptureError> {
        let seen = self.files_seen(scope, strictness, absent)?;
        seen.sentences().into_iter().for_each(|text| self.note(text));
        Ok(())
    }

    /// Takes all files of a scope and tells what happened to them.
    pub(crate) fn files_seen(
        &mut self,
        scope: Scope,
        strictness: Strictness,
        absent: Absent,
    ) -> Result<Noted, CaptureError> {
        let (tree, noted) = read::files(self.session, self.part, &scope, (strictness, absent))
            .map_err(|error| self.session.failure(error))?;
        self.tree.entries.extend(tree.entries);
        self.scope = scope;
        Ok(noted)
    }

    pub(crate) fn add_entry(&mut self, entry: Entry) {
        self.tree.entries.push(entry);
    }

    fn stream(&mut self, path: &str, from: &mut dyn Read, sort: Sort) -> Result<(), CaptureError> {
        let mut pieces = Vec::new();
        let mut worker = self.session.worker(0);
        let mut room = vec![0; CONTENT_LEN_MAX];
        let mut seam = Seam::default();
        let meter = Meter::new(self.session.progress, self.part, None);
        let failed = |error: IntakeError| self.session.failure(error);
        loop {
            let len = fill(from, &mut room).map_err(|source| {
                CaptureError::new(format!("cannot read `{path}`")).with_source(source)
            })?;
            let content = room.get(..len).unwrap_or_default();
            if len == 0 {
                break;
            }
            if let Some(found) = self.session.find_secret(&mut seam, content, sort) {
                drop(worker);
                return self.refuse_secret(path, &found);
            }
            let piece = self.session.keep(&mut worker, content).map_err(failed)?;
            push_piece(&mut pieces, piece);
            meter.add(piece.len());
        }
        drop(worker);
        self.add(path, Node::Document { pieces })
    }

    fn refuse_secret(&mut self, path: &str, found: &str) -> Result<(), CaptureError> {
        if self.session.keeps_references() {
            self.note(format!("`{path}` holds a secret ({found}) and is kept as a reference"));
            return self.add(path, Node::Reference { by: format!("{}:{path}", self.part) });
        }
        Err(CaptureError::new(format!(
            "`{path}` holds a secret ({found}), and the store is not sealed: make a sealed store, \
             leave it out, or keep it as a reference"
        )))
    }

    fn add(&mut self, path: &str, node: Node) -> Result<(), CaptureError> {
        let path = TreePath::new(path.as_bytes());
        if !path.is_below_root() {
            return Err(CaptureError::new(format!("`{}` is no path of a document", path.shown())));
        }
        self.tree.entries.push(Entry { path, node });
        Ok(())
    }
}

/// Lists what is at the roots of a scope and reads all of it, for a comparison.
pub(crate) fn scan(
    store: &Store,
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<Tree, CaptureError> {
    let session =
        Session::new(store, Mode::Compare, (Secrets::default(), &[]), Index::default(), progress)
            .map_err(|source| CaptureError::new("cannot prepare to read").with_source(source))?;
    let mut intake = Intake::new(&session, "compare");
    intake.files(scope.clone(), Strictness::Tolerant, Absent::Fine)?;
    let mut tree = intake.tree;
    tree.sort();
    Ok(tree)
}

/// Reads until the room is full or the end.
fn fill(from: &mut dyn Read, room: &mut [u8]) -> std::io::Result<usize> {
    let mut len = 0;
    while let Some(rest) = room.get_mut(len..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => break,
            Ok(more) => len += more,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(len)
}

/// Adds a piece; two holes in a row are one.
pub(crate) fn push_piece(pieces: &mut Vec<Piece>, piece: Piece) {
    match (pieces.last_mut(), piece) {
        (Some(Piece(None, len)), Piece(None, more)) => *len = len.saturating_add(more),
        _ if piece.len() > 0 => pieces.push(piece),
        _ => {}
    }
}
