//! What the blocks of the spool hold.

use crate::wire::{Get, Put};

/// Entries of dictionaries, see [`crate::dictionary`].
pub(crate) const DICTIONARY: u8 = 1;

/// Records of one run.
pub(crate) const ROWS: u8 = 2;

/// State of the risk derivation, see [`crate::risk`].
pub(crate) const STATE: u8 = 3;

/// Bytes before the records of a block of rows.
const ROWS_HEAD: usize = 16;

/// Begins the payload of a block of rows.
pub(crate) fn begin_rows(to: &mut Vec<u8>, scope: u64, run: u64) {
    to.clear();
    let mut put = Put(std::mem::take(to));
    put.u64(scope).u64(run);
    *to = put.0;
}

/// Whether a block of rows has a record.
pub(crate) fn has_records(payload: &[u8]) -> bool {
    payload.len() > ROWS_HEAD
}

/// Scope, run and records of a block of rows; `None` when it is too short for its head.
pub(crate) fn rows(payload: &[u8]) -> Option<(u64, u64, Records<'_>)> {
    let mut get = Get(payload);
    Some((get.u64()?, get.u64()?, Records(get.0)))
}

/// The records of a block, each a whole number of slots.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let slots = crate::record::Head::read(self.0)?.slots.max(1);
        let bytes = slots.saturating_mul(crate::record::SLOT_BYTES).min(self.0.len());
        let (record, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(record)
    }
}
