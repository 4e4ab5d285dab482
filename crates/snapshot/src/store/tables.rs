//! What all packs hold, so that what the store has is not written again.

use std::collections::HashMap;

use super::{PACKS, Store, StoreError};
use crate::bytes::{Reader, put_u64};
use crate::cache;
use crate::digest::{ByDigest, Digest};
use crate::index::Index;
use crate::manifest::PackRef;
use crate::objects::ObjectError;
use crate::pack::{self, END_LEN_GUESS, Record};
use crate::prune::DOOMED;
use crate::seal::OpenError;

const FILE: &str = "packs";
const WORD: &str = "plimsoll-packs";
const VERSION: u32 = 1;

type Contents = HashMap<Digest, Vec<Digest>, ByDigest>;

impl Store {
    /// Learns what the packs hold. A pack that cannot be read here counts as holding nothing, so
    /// that its contents are written once more.
    pub(crate) fn index(&self) -> Result<Index, StoreError> {
        let listed = self.objects.list(PACKS).map_err(|source| StoreError::Object { source })?;
        // Without a lock, somebody may be about to remove these.
        let doomed = if self.has_lock() { Vec::new() } else { self.doomed()? };
        let mut known = self.cached_contents().unwrap_or_default();
        let mut index = Index::default();
        for object in listed {
            let Ok(name) = object.name.parse::<Digest>() else { continue };
            if doomed.contains(&object.name) {
                continue;
            }
            let contents = known.remove(&name).unwrap_or_else(|| {
                let records = self.table(&name).unwrap_or_default();
                records.iter().map(|record| record.digest).collect()
            });
            index.add_pack(PackRef { name, len_bytes: object.len_bytes }, contents);
        }
        Ok(index)
    }

    fn doomed(&self) -> Result<Vec<String>, StoreError> {
        let marks = self.objects.list(DOOMED).map_err(|source| StoreError::Object { source })?;
        Ok(marks.into_iter().map(|mark| mark.name).collect())
    }

    /// Reads the table of one pack.
    pub(crate) fn table(&self, name: &Digest) -> Result<Vec<Record>, StoreError> {
        let object = format!("{PACKS}/{name}");
        let read = |len| {
            self.objects.get_end(&object, len).map_err(|source| StoreError::Object { source })
        };
        let damaged = |error: OpenError| StoreError::Object {
            source: ObjectError::Read {
                name: object.clone(),
                source: std::io::Error::other(error),
            },
        };
        let (mut end, total) = read(END_LEN_GUESS)?;
        let needed = pack::end_len_needed(&end).map_err(damaged)?;
        if needed > END_LEN_GUESS && needed <= total {
            end = read(needed)?.0;
        }
        pack::read_table(&end, &self.sealing).map_err(damaged)
    }

    /// Keeps what the packs hold for the next time.
    pub(crate) fn cache_contents(&self, index: &Index) {
        let Some(dir) = &self.cache_dir else { return };
        let mut bytes = Vec::new();
        for (name, contents) in index.by_pack() {
            bytes.extend_from_slice(name.bytes());
            put_u64(&mut bytes, u64::try_from(contents.len()).unwrap_or(u64::MAX));
            contents.iter().for_each(|content| bytes.extend_from_slice(content.bytes()));
        }
        cache::write(dir, FILE, WORD, VERSION, &bytes);
    }

    fn cached_contents(&self) -> Option<Contents> {
        let bytes = cache::read(self.cache_dir.as_deref()?, FILE, WORD, VERSION)?;
        let mut reader = Reader(&bytes);
        let mut known = Contents::default();
        while let Some(name) = reader.array() {
            let count = reader.u64()?;
            let contents: Option<Vec<Digest>> =
                (0..count).map(|_| reader.array().map(Digest::from_bytes)).collect();
            known.insert(Digest::from_bytes(name), contents?);
        }
        Some(known)
    }
}
