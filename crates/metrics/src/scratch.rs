//! Encodes a row outside a producer's ring: for rows that the worker writes itself.

use plimsoll_ring::{Arena, Consumer, LaneOptions, Producer, RingError};

use crate::{
    encoder::Encoder,
    record::{Head, head_word},
    row::Table,
};

/// A lane of its own that holds one record at a time.
#[derive(Debug)]
pub(crate) struct Scratch {
    producer: Producer,
    consumer: Consumer,
    _arena: Arena,
}

impl Scratch {
    pub(crate) fn new() -> Result<Self, RingError> {
        let arena = Arena::heap()?;
        let (producer, consumer) = arena.lane(&LaneOptions::new(1).with_slots(64))?;
        Ok(Self { producer, consumer, _arena: arena })
    }

    /// Appends the record of `row` with the time, number and label set of `head`.
    pub(crate) fn append<T: Table>(&mut self, block: &mut Vec<u8>, row: &T, head: Head) {
        self.producer.push(T::table_id().number, row.max_words(), |to| {
            row.encode(head.series, &mut Encoder::new(to));
        });
        let upto = self.consumer.drain(1, |record| {
            append_record(block, head.time, head.seq, &record);
        });
        self.consumer.release(upto);
    }
}

/// Appends a record from a ring as it lies in the spool.
#[inline]
pub(crate) fn append_record(
    block: &mut Vec<u8>,
    time_ns: i64,
    seq: u64,
    record: &plimsoll_ring::Record<'_>,
) {
    let words = record.words();
    let slots = words.len().saturating_add(2).div_ceil(crate::record::SLOT_WORDS);
    block.extend_from_slice(&time_ns.to_le_bytes());
    block.extend_from_slice(&head_word(seq, record.table(), slots, record.flags()).to_le_bytes());
    for word in words {
        block.extend_from_slice(&word.to_le_bytes());
    }
}
