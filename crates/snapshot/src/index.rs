//! Which contents the store has, and in which packs.

use std::collections::HashMap;

use crate::digest::{ByDigest, Digest};
use crate::manifest::PackRef;

/// Contents that the store has, or that this process is about to write.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// `None` while the pack is not written yet.
    packs_by_content: HashMap<Digest, Option<u32>, ByDigest>,
    packs: Vec<PackRef>,
}

impl Index {
    pub(crate) fn add_pack(&mut self, pack: PackRef, contents: impl IntoIterator<Item = Digest>) {
        let number = u32::try_from(self.packs.len()).unwrap_or(u32::MAX);
        self.packs.push(pack);
        for content in contents {
            // The first pack stays: a content that was written twice is read from one place.
            self.packs_by_content.entry(content).or_insert(None).get_or_insert(number);
        }
    }

    pub(crate) fn has(&self, content: &Digest) -> bool {
        self.packs_by_content.contains_key(content)
    }

    /// Notes that a content is going to be written; `false` if somebody did or does already.
    pub(crate) fn claim(&mut self, content: Digest) -> bool {
        let mut is_new = false;
        self.packs_by_content.entry(content).or_insert_with(|| {
            is_new = true;
            None
        });
        is_new
    }

    /// The pack that a content is read from.
    pub(crate) fn pack_of(&self, content: &Digest) -> Option<PackRef> {
        let number = self.packs_by_content.get(content).copied().flatten()?;
        self.packs.get(usize::try_from(number).ok()?).copied()
    }

    /// The packs that hold all of `contents`, or the first content that none holds.
    pub(crate) fn packs_of<'a>(
        &self,
        contents: impl IntoIterator<Item = &'a Digest>,
    ) -> Result<Vec<PackRef>, Digest> {
        let mut used = vec![false; self.packs.len()];
        for content in contents {
            let number = self.packs_by_content.get(content).copied().flatten();
            let slot = number.and_then(|n| used.get_mut(usize::try_from(n).unwrap_or(usize::MAX)));
            *slot.ok_or(*content)? = true;
        }
        let used = self.packs.iter().zip(used).filter(|(_, used)| *used);
        Ok(used.map(|(pack, _)| *pack).collect())
    }

    /// The contents that each pack is read for.
    pub(crate) fn by_pack(&self) -> Vec<(Digest, Vec<Digest>)> {
        let mut by_pack: Vec<(Digest, Vec<Digest>)> =
            self.packs.iter().map(|pack| (pack.name, Vec::new())).collect();
        for (content, number) in &self.packs_by_content {
            let number = number.and_then(|number| usize::try_from(number).ok());
            if let Some((_, contents)) = number.and_then(|number| by_pack.get_mut(number)) {
                contents.push(*content);
            }
        }
        by_pack
    }
}
