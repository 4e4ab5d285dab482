//! Reading what a snapshot holds.

use std::collections::{BTreeMap, HashMap};

use crate::digest::{ByDigest, Digest};
use crate::id::SnapshotId;
use crate::manifest::{Manifest, ManifestError, Outcome, PackRef, PartBody};
use crate::objects::ObjectError;
use crate::pack::{Decoder, OpenPack, Record};
use crate::seal::OpenError;
use crate::store::{PACKS, Store, StoreError};
use crate::tree::{Node, Piece, Tree, TreeError, TreePath};

/// Why something of a snapshot could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The store or the manifest cannot be used.
    #[error("cannot use the snapshot")]
    Store {
        /// Why.
        source: StoreError,
    },
    /// The list of contents cannot be read.
    #[error("cannot read what the snapshot `{id}` holds")]
    Contents {
        /// The snapshot.
        id: SnapshotId,
        /// Why.
        source: ManifestError,
    },
    /// There is no such part.
    #[error("the snapshot `{id}` has no part `{part}`; it has {has}")]
    NoPart {
        /// The snapshot.
        id: SnapshotId,
        /// What was asked for.
        part: String,
        /// Names of its parts.
        has: String,
    },
    /// The part was not captured.
    #[error("the part `{part}` is not in the snapshot: {why}")]
    NotCaptured {
        /// The part.
        part: String,
        /// Why.
        why: String,
    },
    /// A content is in no pack of the snapshot.
    #[error("content `{content}` is in no pack of the snapshot")]
    Missing {
        /// The content.
        content: Digest,
    },
    /// A pack could not be read.
    #[error("cannot read pack `{pack}`")]
    Pack {
        /// The pack.
        pack: Digest,
        /// Why.
        source: ObjectError,
    },
    /// A pack or a content is not what was written.
    #[error("pack `{pack}` cannot be used")]
    Damaged {
        /// The pack.
        pack: Digest,
        /// Why.
        source: OpenError,
    },
    /// The list of entries cannot be used.
    #[error("cannot use the list of entries of `{part}`")]
    Tree {
        /// The part.
        part: String,
        /// Why.
        source: TreeError,
    },
    /// A document could not be written where it was to go.
    #[error("cannot write a copy of `{path}`")]
    CopyOut {
        /// The document.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// There is no such document.
    #[error("the part has no document `{path}`")]
    NoDocument {
        /// What was asked for.
        path: String,
    },
}

/// A snapshot that is being read.
#[derive(Debug)]
pub(crate) struct View<'a> {
    store: &'a Store,
    pub(crate) manifest: Manifest,
    bodies: BTreeMap<String, PartBody>,
    /// Which pack of the manifest holds a content.
    packs: HashMap<Digest, PackRef, ByDigest>,
    /// The pack that was read last.
    open: Option<Opened>,
}

struct Opened {
    name: Digest,
    pack: OpenPack<'static>,
    records: HashMap<Digest, Record, ByDigest>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opened({})", self.name.short())
    }
}

impl<'a> View<'a> {
    pub(crate) fn open(store: &'a Store, id: &SnapshotId) -> Result<Self, ReadError> {
        let manifest = store.manifest(id).map_err(|source| ReadError::Store { source })?;
        let bodies = manifest
            .bodies(store.sealing())
            .map_err(|source| ReadError::Contents { id: id.clone(), source })?;
        Ok(Self { store, manifest, bodies, packs: HashMap::default(), open: None })
    }

    /// What only readers of the contents know of a part.
    pub(crate) fn body(&self, part: &str) -> Result<&PartBody, ReadError> {
        let id = || self.manifest.id.clone();
        let Some(record) = self.manifest.part(part) else {
            let has: Vec<_> = self.manifest.parts.iter().map(|part| part.name.as_str()).collect();
            let part = part.to_owned();
            return Err(ReadError::NoPart { id: id(), part, has: has.join(", ") });
        };
        match &record.outcome {
            Outcome::Captured => {}
            Outcome::Failed { why } | Outcome::Skipped { why } => {
                return Err(ReadError::NotCaptured { part: part.to_owned(), why: why.clone() });
            }
        }
        self.bodies.get(part).ok_or_else(|| ReadError::NotCaptured {
            part: part.to_owned(),
            why: "the manifest does not list its contents".to_owned(),
        })
    }

    pub(crate) fn tree(&mut self, part: &str) -> Result<Tree, ReadError> {
        let pieces = self.body(part)?.tree.clone();
        let mut text = Vec::new();
        for piece in pieces {
            self.piece(piece, &mut text)?;
        }
        Tree::read(&text).map_err(|source| ReadError::Tree { part: part.to_owned(), source })
    }

    pub(crate) fn store(&self) -> &'a Store {
        self.store
    }

    /// Learns which pack holds what, once.
    pub(crate) fn load_packs(&mut self) -> Result<(), ReadError> {
        if self.packs.is_empty() {
            for pack in self.manifest.packs() {
                let records =
                    self.store.table(&pack.name).map_err(|source| ReadError::Store { source })?;
                self.packs.extend(records.iter().map(|record| (record.digest, *pack)));
            }
        }
        Ok(())
    }

    /// The packs to read for some contents.
    pub(crate) fn packs_of<'c>(
        &self,
        contents: impl Iterator<Item = &'c Digest>,
    ) -> Result<Vec<PackRef>, ReadError> {
        let mut packs = BTreeMap::new();
        for content in contents {
            let pack = self.packs.get(content).ok_or(ReadError::Missing { content: *content })?;
            packs.insert(pack.name, *pack);
        }
        Ok(packs.into_values().collect())
    }

    pub(crate) fn is_in(&self, content: &Digest, pack: &Digest) -> bool {
        self.packs.get(content).is_some_and(|holds| holds.name == *pack)
    }

    /// Adds what a piece holds to `out`.
    pub(crate) fn piece(&mut self, piece: Piece, out: &mut Vec<u8>) -> Result<(), ReadError> {
        let Piece(Some(digest), _) = piece else {
            let len = usize::try_from(piece.len()).unwrap_or(usize::MAX);
            out.resize(out.len().saturating_add(len), 0);
            return Ok(());
        };
        self.load_packs()?;
        let name = self.packs.get(&digest).ok_or(ReadError::Missing { content: digest })?.name;
        let damaged = |source| ReadError::Damaged { pack: name, source };
        let opened = match self.open.take().filter(|open| open.name == name) {
            Some(opened) => opened,
            None => self.read_pack(name)?,
        };
        let opened = self.open.insert(opened);
        let record = opened.records.get(&digest).ok_or(ReadError::Missing { content: digest })?;
        let mut decoder = Decoder::new().map_err(|error| damaged(OpenError::damaged(error)))?;
        let mut raw = Vec::new();
        let content = opened.pack.content(record, &mut decoder, &mut raw).map_err(damaged)?;
        if Digest::of(content) != digest {
            let what = format!("content {} has another digest", digest.short());
            return Err(damaged(OpenError::Damaged { what }));
        }
        out.extend_from_slice(content);
        Ok(())
    }

    fn read_pack(&self, name: Digest) -> Result<Opened, ReadError> {
        let mut bytes = Vec::new();
        self.store
            .objects()
            .get(&format!("{PACKS}/{name}"), &mut bytes)
            .map_err(|source| ReadError::Pack { pack: name, source })?;
        let mut room = Vec::new();
        let pack = OpenPack::open(&bytes, self.store.sealing(), &mut room)
            .map_err(|source| ReadError::Damaged { pack: name, source })?;
        let records = pack.records.iter().map(|record| (record.digest, *record)).collect();
        Ok(Opened { name, pack: pack.into_owned(), records })
    }
}

/// One part of a snapshot, for who puts it back.
#[derive(Debug)]
pub struct PartReader<'a, 'b> {
    view: &'a mut View<'b>,
    name: String,
    tree: Tree,
}

impl<'a, 'b> PartReader<'a, 'b> {
    pub(crate) fn new(view: &'a mut View<'b>, name: &str) -> Result<Self, ReadError> {
        let tree = view.tree(name)?;
        Ok(Self { view, name: name.to_owned(), tree })
    }

    /// A part whose list of entries was read already.
    pub(crate) fn of(view: &'a mut View<'b>, name: &str, tree: Tree) -> Self {
        Self { view, name: name.to_owned(), tree }
    }

    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// How long a document is; `None` if there is none.
    pub(crate) fn len_bytes(&self, path: &str) -> Option<u64> {
        self.tree.get(&TreePath::new(path.as_bytes())).map(|entry| entry.node.len_bytes())
    }

    /// The first piece of a document.
    pub(crate) fn begin(&mut self, path: &str) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::new();
        if let Some(piece) = self.pieces(path)?.first() {
            self.view.piece(*piece, &mut bytes)?;
        }
        Ok(bytes)
    }

    /// Returns the part's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the name of the snapshot.
    #[must_use]
    pub fn snapshot_id(&self) -> &SnapshotId {
        &self.view.manifest.id
    }

    /// Returns what the capture stated under that name.
    #[must_use]
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.view.bodies.get(&self.name)?.facts.get(name).map(String::as_str)
    }

    /// Returns the paths of all documents, in their order.
    #[must_use]
    pub fn documents(&self) -> Vec<String> {
        let is_document = |node: &Node| matches!(node, Node::Document { .. });
        let entries = self.tree.entries.iter().filter(|entry| is_document(&entry.node));
        entries.map(|entry| String::from_utf8_lossy(entry.path.bytes()).into_owned()).collect()
    }

    /// Writes a document to `out`, piece by piece.
    ///
    /// # Errors
    ///
    /// As [`PartReader::read`], and whatever `out` refuses.
    pub fn copy_to(&mut self, path: &str, out: &mut dyn std::io::Write) -> Result<(), ReadError> {
        let mut room = Vec::new();
        for piece in self.pieces(path)? {
            room.clear();
            self.view.piece(piece, &mut room)?;
            out.write_all(&room)
                .map_err(|source| ReadError::CopyOut { path: path.to_owned(), source })?;
        }
        Ok(())
    }

    /// Reads a document to its end.
    ///
    /// # Errors
    ///
    /// [`ReadError::NoDocument`] if there is none; otherwise what the store refuses.
    pub fn read(&mut self, path: &str) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::new();
        self.copy_to(path, &mut bytes)?;
        Ok(bytes)
    }

    fn pieces(&self, path: &str) -> Result<Vec<Piece>, ReadError> {
        let entry = self.tree.get(&TreePath::new(path.as_bytes()));
        match entry.map(|entry| &entry.node) {
            Some(Node::Document { pieces }) => Ok(pieces.clone()),
            _ => Err(ReadError::NoDocument { path: path.to_owned() }),
        }
    }
}
