//! Packs: many contents in one object, so that few objects are written, synced and fetched.
//!
//! `PLIMPAK1`, the body (contents one after the other, compressed), the table (a record for
//! each content), and an end of fixed length. Body and table are sealed apart, so that the
//! table can be read without the body. A pack is named by the SHA-256 of all its bytes.

use std::borrow::Cow;

use crate::digest::Digest;
use crate::seal::{OpenError, Sealing};

const MAGIC: &[u8; 8] = b"PLIMPAK1";
const END_MAGIC: &[u8; 8] = b"PLIMEND1";
/// Lengths of body and table, number of records, and the magic.
const END_LEN: usize = 8 + 4 + 4 + 8;
const RECORD_LEN: usize = 32 + 4 + 4 + 4 + 1;
/// A pack is closed when its body has reached this length. Two are in memory for each thread.
pub(crate) const BODY_LEN_TARGET: usize = 12 << 20;
/// The longest content; longer files are cut into pieces.
pub(crate) const CONTENT_LEN_MAX: usize = 1 << 20;
/// How much of a pack's end is fetched to find its table, at first.
pub(crate) const END_LEN_GUESS: u64 = 64 << 10;

/// How a content lies in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Raw,
    Zstd,
}

/// Where a content lies in its pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) digest: Digest,
    pub(crate) offset: u32,
    pub(crate) stored_len: u32,
    pub(crate) raw_len: u32,
    pub(crate) encoding: Encoding,
}

/// A pack that is being filled.
#[derive(Debug, Default)]
pub(crate) struct PackWriter {
    /// The magic and the body.
    bytes: Vec<u8>,
    records: Vec<Record>,
}

/// A pack that is whole.
#[derive(Debug)]
pub(crate) struct Pack {
    pub(crate) name: Digest,
    pub(crate) bytes: Vec<u8>,
    pub(crate) records: Vec<Record>,
}

impl PackWriter {
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= MAGIC.len() + BODY_LEN_TARGET
    }

    pub(crate) fn push(
        &mut self,
        digest: Digest,
        raw_len: usize,
        encoding: Encoding,
        stored: &[u8],
    ) {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        self.begin();
        self.records.push(Record {
            digest,
            offset: number(self.bytes.len() - MAGIC.len()),
            stored_len: number(stored.len()),
            raw_len: number(raw_len),
            encoding,
        });
        self.bytes.extend_from_slice(stored);
    }

    fn begin(&mut self) {
        if self.bytes.is_empty() {
            self.bytes.extend_from_slice(MAGIC);
        }
    }

    /// Takes the room of a pack that is written, whose pages are there already.
    pub(crate) fn reuse(&mut self, pack: Pack) {
        self.bytes = pack.bytes;
        self.bytes.clear();
    }

    /// Seals what was pushed; the writer is empty afterwards.
    pub(crate) fn finish(&mut self, sealing: &Sealing) -> std::io::Result<Pack> {
        self.begin();
        let records = std::mem::take(&mut self.records);
        let mut bytes = std::mem::take(&mut self.bytes);
        if !matches!(sealing, Sealing::Clear) {
            let body = sealing.seal(bytes.split_off(MAGIC.len()))?;
            bytes.extend_from_slice(&body);
        }
        let body_len = u64::try_from(bytes.len() - MAGIC.len()).unwrap_or(u64::MAX);
        let mut table = Vec::with_capacity(records.len() * RECORD_LEN);
        for record in &records {
            table.extend_from_slice(record.digest.bytes());
            for number in [record.offset, record.stored_len, record.raw_len] {
                table.extend_from_slice(&number.to_le_bytes());
            }
            table.push(u8::from(record.encoding == Encoding::Zstd));
        }
        let table = sealing.seal(table)?;
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
        bytes.extend_from_slice(&table);
        bytes.extend_from_slice(&body_len.to_le_bytes());
        bytes.extend_from_slice(&number(table.len()));
        bytes.extend_from_slice(&number(records.len()));
        bytes.extend_from_slice(END_MAGIC);
        Ok(Pack { name: Digest::of(&bytes), bytes, records })
    }
}

/// Lengths that the end of a pack states.
struct End {
    body_len: usize,
    table_len: usize,
    count: usize,
}

impl End {
    fn read(bytes: &[u8]) -> Result<Self, OpenError> {
        let end =
            bytes.last_chunk::<END_LEN>().ok_or_else(|| OpenError::damaged("it is cut off"))?;
        let Some((numbers, magic)) = end.split_last_chunk::<8>() else {
            return Err(OpenError::damaged("it is cut off"));
        };
        if magic != END_MAGIC {
            return Err(OpenError::damaged("its end is not that of a pack"));
        }
        let number = |from: usize, len: usize| {
            let digits = numbers.get(from..from + len).unwrap_or_default();
            let value = digits.iter().rev().fold(0_u64, |sum, digit| sum << 8 | u64::from(*digit));
            usize::try_from(value).unwrap_or(usize::MAX)
        };
        Ok(Self { body_len: number(0, 8), table_len: number(8, 4), count: number(12, 4) })
    }
}

/// How many bytes of the end are needed to read the table, given at least the last few.
pub(crate) fn end_len_needed(end: &[u8]) -> Result<u64, OpenError> {
    let needed = End::read(end)?.table_len.saturating_add(END_LEN);
    Ok(u64::try_from(needed).unwrap_or(u64::MAX))
}

/// Reads the table from the last bytes of a pack.
pub(crate) fn read_table(end: &[u8], sealing: &Sealing) -> Result<Vec<Record>, OpenError> {
    let lens = End::read(end)?;
    let without_end = end.len().saturating_sub(END_LEN);
    let table = without_end.checked_sub(lens.table_len).and_then(|from| end.get(from..without_end));
    let table = table.ok_or_else(|| OpenError::damaged("its table is cut off"))?;
    let mut room = Vec::new();
    let table = sealing.open(table, &mut room)?;
    let (records, rest) = table.as_chunks::<RECORD_LEN>();
    if records.len() != lens.count || !rest.is_empty() {
        return Err(OpenError::damaged("its table has another length than stated"));
    }
    records.iter().map(read_record).collect()
}

fn read_record(bytes: &[u8; RECORD_LEN]) -> Result<Record, OpenError> {
    let damaged = || OpenError::damaged("its table is no table");
    let (digest, rest) = bytes.split_first_chunk::<32>().ok_or_else(damaged)?;
    let [offset, stored_len, raw_len] = match rest.as_chunks::<4>().0 {
        [a, b, c] => [a, b, c].map(|number| u32::from_le_bytes(*number)),
        _ => return Err(damaged()),
    };
    let encoding = match rest.last() {
        Some(0) => Encoding::Raw,
        Some(1) => Encoding::Zstd,
        _ => return Err(OpenError::damaged("it has an encoding that is not known here")),
    };
    let digest = Digest::from_bytes(*digest);
    Ok(Record { digest, offset, stored_len, raw_len, encoding })
}

/// A whole pack that is being read.
#[derive(Debug)]
pub(crate) struct OpenPack<'a> {
    body: Cow<'a, [u8]>,
    pub(crate) records: Vec<Record>,
}

impl<'a> OpenPack<'a> {
    /// Opens the bytes of a pack; `room` holds the plain body if it was sealed.
    pub(crate) fn open(
        bytes: &'a [u8],
        sealing: &Sealing,
        room: &'a mut Vec<u8>,
    ) -> Result<Self, OpenError> {
        let records = read_table(bytes, sealing)?;
        let lens = End::read(bytes)?;
        let after_magic = bytes
            .strip_prefix(MAGIC)
            .ok_or_else(|| OpenError::damaged("its beginning is not that of a pack"))?;
        let fits = MAGIC.len() + lens.body_len + lens.table_len + END_LEN == bytes.len();
        let body = after_magic.get(..lens.body_len).filter(|_| fits);
        let body = body.ok_or_else(|| OpenError::damaged("it has another length than stated"))?;
        Ok(Self { body: Cow::Borrowed(sealing.open(body, room)?), records })
    }

    /// Keeps a copy of the body, so that the pack can be kept open.
    pub(crate) fn into_owned(self) -> OpenPack<'static> {
        OpenPack { body: Cow::Owned(self.body.into_owned()), records: self.records }
    }

    /// Returns the content of a record, decoded into `room` if need be and not yet verified.
    pub(crate) fn content<'b>(
        &'b self,
        record: &Record,
        decoder: &mut Decoder,
        room: &'b mut Vec<u8>,
    ) -> Result<&'b [u8], OpenError> {
        let size = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        let from = size(record.offset);
        let stored = self.body.get(from..from.saturating_add(size(record.stored_len)));
        let stored = stored.ok_or_else(|| OpenError::damaged("a record points out of it"))?;
        if size(record.raw_len) > CONTENT_LEN_MAX {
            return Err(OpenError::damaged("a record is too long"));
        }
        match record.encoding {
            Encoding::Raw => Ok(stored),
            Encoding::Zstd => decoder.decode(stored, size(record.raw_len), room),
        }
    }
}

/// Compresses contents, one after the other.
pub(crate) struct Encoder {
    zstd: zstd::bulk::Compressor<'static>,
    room: Vec<u8>,
}

/// What is tried of a long content before all of it is compressed.
const TRIED_LEN: usize = 32 << 10;

impl Encoder {
    pub(crate) fn new(level: i32) -> std::io::Result<Self> {
        let zstd = zstd::bulk::Compressor::new(level)?;
        let room = vec![0; zstd::zstd_safe::compress_bound(CONTENT_LEN_MAX)];
        Ok(Self { zstd, room })
    }

    /// Returns the shorter form of `raw`, and what form it is.
    pub(crate) fn encode<'a>(&'a mut self, raw: &'a [u8]) -> (Encoding, &'a [u8]) {
        let middle = raw.len() / 2;
        let tried = raw.get(middle..middle + TRIED_LEN).filter(|_| raw.len() > 4 * TRIED_LEN);
        if let Some(tried) = tried {
            let len = self.zstd.compress_to_buffer(tried, self.room.as_mut_slice());
            if len.is_ok_and(|len| len > tried.len() / 32 * 31) {
                return (Encoding::Raw, raw);
            }
        }
        match self.zstd.compress_to_buffer(raw, self.room.as_mut_slice()) {
            Ok(len) if len < raw.len() => {
                (Encoding::Zstd, self.room.get(..len).unwrap_or_default())
            }
            _ => (Encoding::Raw, raw),
        }
    }
}

/// Decompresses contents, one after the other.
pub(crate) struct Decoder(zstd::bulk::Decompressor<'static>);

impl Decoder {
    pub(crate) fn new() -> std::io::Result<Self> {
        zstd::bulk::Decompressor::new().map(Self)
    }

    fn decode<'b>(
        &mut self,
        stored: &[u8],
        raw_len: usize,
        room: &'b mut Vec<u8>,
    ) -> Result<&'b [u8], OpenError> {
        room.resize(raw_len.max(1), 0);
        let len = self.0.decompress_to_buffer(stored, room.as_mut_slice());
        if len.map_err(OpenError::damaged)? != raw_len {
            return Err(OpenError::damaged("a content has another length than stated"));
        }
        Ok(room.get(..raw_len).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(contents: &[&[u8]]) -> Pack {
        let mut writer = PackWriter::default();
        let mut encoder = Encoder::new(1).unwrap();
        for content in contents {
            let (encoding, stored) = encoder.encode(content);
            writer.push(Digest::of(content), content.len(), encoding, stored);
        }
        writer.finish(&Sealing::Clear).unwrap()
    }

    #[test]
    fn contents_come_back_from_a_pack() {
        let contents: [&[u8]; 4] = [b"", b"short", &[7; 300_000], &[1, 2, 3]];
        let pack = pack(&contents);
        let mut room = Vec::new();
        let open = OpenPack::open(&pack.bytes, &Sealing::Clear, &mut room).unwrap();
        let mut decoder = Decoder::new().unwrap();
        assert_eq!(open.records, pack.records);
        for (record, content) in open.records.iter().zip(contents) {
            let mut room = Vec::new();
            assert_eq!(open.content(record, &mut decoder, &mut room).unwrap(), content);
        }
        assert!(pack.bytes.len() < 2_000, "{}", pack.bytes.len());
    }

    #[test]
    fn a_pack_that_is_cut_or_wrong_is_an_error_and_no_panic() {
        let bytes = pack(&[b"one", &[9; 5000]]).bytes;
        for len in 0..bytes.len() {
            let mut room = Vec::new();
            let cut = OpenPack::open(&bytes[..len], &Sealing::Clear, &mut room);
            assert!(cut.is_err(), "cut to {len}");
        }
        let mut decoder = Decoder::new().unwrap();
        for at in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[at] ^= 0x40;
            let mut room = Vec::new();
            let Ok(open) = OpenPack::open(&wrong, &Sealing::Clear, &mut room) else { continue };
            for record in &open.records {
                let mut room = Vec::new();
                drop(open.content(record, &mut decoder, &mut room).map(<[u8]>::len));
            }
        }
    }
}
