//! Which contents a file had when it was last read, by what its directory entry said then.

use std::collections::HashMap;

use super::walk::Stat;
use crate::bytes::{Reader, put_string, put_u64};
use crate::cache;
use crate::digest::Digest;
use crate::store::Store;
use crate::tree::{Piece, Tree, TreePath};

const WORD: &str = "plimsoll-files";
const VERSION: u32 = 1;
/// A file that was changed less than this before it was read may have been changed again since
/// without another time: file systems count time in ticks.
const SETTLED_NS: i64 = 2_000_000_000;

/// What is remembered of the files of one part.
#[derive(Debug, Default)]
pub(crate) struct StatCache {
    files: HashMap<Box<[u8]>, (Stat, Vec<Piece>)>,
}

impl StatCache {
    pub(crate) fn load(store: &Store, part: &str) -> Self {
        let read = || {
            let bytes = cache::read(store.cache_dir()?, &file(part), WORD, VERSION)?;
            let mut reader = Reader(&bytes);
            let mut files = HashMap::new();
            while let Some(path) = reader.string() {
                files.insert(path.into(), (take_stat(&mut reader)?, take_pieces(&mut reader)?));
            }
            Some(Self { files })
        };
        read().unwrap_or_default()
    }

    /// The contents of a file that is as it was.
    pub(crate) fn get(&self, path: &TreePath, stat: &Stat) -> Option<&[Piece]> {
        let (known, pieces) = self.files.get(path.bytes())?;
        (known == stat).then_some(pieces.as_slice())
    }

    /// Remembers the files of a tree. `stats` are by entry, as they were when it was read.
    pub(crate) fn save(
        store: &Store,
        part: &str,
        tree: &Tree,
        stats: &[(usize, Stat)],
        now_ns: i64,
    ) {
        let Some(dir) = store.cache_dir() else { return };
        let mut bytes = Vec::with_capacity(stats.len() * 160);
        for (index, stat) in stats {
            let Some(entry) = tree.entries.get(*index) else { continue };
            let newest = stat.mtime_ns.max(stat.ctime_ns);
            if newest > now_ns.saturating_sub(SETTLED_NS) {
                continue;
            }
            put_string(&mut bytes, entry.path.bytes());
            put_stat(&mut bytes, stat);
            let pieces = entry.node.pieces();
            put_u64(&mut bytes, u64::try_from(pieces.len()).unwrap_or(u64::MAX));
            for Piece(digest, len) in pieces {
                bytes.push(u8::from(digest.is_some()));
                digest.iter().for_each(|digest| bytes.extend_from_slice(digest.bytes()));
                put_u64(&mut bytes, *len);
            }
        }
        cache::write(dir, &file(part), WORD, VERSION, &bytes);
    }
}

fn file(part: &str) -> String {
    format!("files-{}", Digest::of(part.as_bytes()).short())
}

fn put_stat(bytes: &mut Vec<u8>, stat: &Stat) {
    for number in [stat.dev, stat.ino, stat.len_bytes] {
        put_u64(bytes, number);
    }
    for number in [stat.mtime_ns, stat.ctime_ns] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
}

fn take_stat(reader: &mut Reader<'_>) -> Option<Stat> {
    Some(Stat {
        dev: reader.u64()?,
        ino: reader.u64()?,
        len_bytes: reader.u64()?,
        mtime_ns: reader.i64()?,
        ctime_ns: reader.i64()?,
    })
}

fn take_pieces(reader: &mut Reader<'_>) -> Option<Vec<Piece>> {
    let count = reader.u64()?;
    let piece = |_| {
        let [has_digest] = reader.array()?;
        let digest = if has_digest == 1 { Some(Digest::from_bytes(reader.array()?)) } else { None };
        Some(Piece(digest, reader.u64()?))
    };
    (0..count).map(piece).collect()
}
