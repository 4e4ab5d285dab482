//! Little-endian encoding of what lies in the journal and in spool blocks besides records.

/// Appends values to bytes.
#[derive(Debug, Default)]
pub(crate) struct Put(pub(crate) Vec<u8>);

impl Put {
    pub(crate) fn u8(&mut self, v: u8) -> &mut Self {
        self.0.push(v);
        self
    }

    pub(crate) fn u16(&mut self, v: u16) -> &mut Self {
        self.0.extend_from_slice(&v.to_le_bytes());
        self
    }

    pub(crate) fn u32(&mut self, v: u32) -> &mut Self {
        self.0.extend_from_slice(&v.to_le_bytes());
        self
    }

    pub(crate) fn u64(&mut self, v: u64) -> &mut Self {
        self.0.extend_from_slice(&v.to_le_bytes());
        self
    }

    pub(crate) fn f64_opt(&mut self, v: Option<f64>) -> &mut Self {
        // NaN is never a value here, so it can mean absent.
        self.u64(v.unwrap_or(f64::NAN).to_bits())
    }

    pub(crate) fn i64_opt(&mut self, v: Option<i64>) -> &mut Self {
        self.u8(u8::from(v.is_some())).u64(v.unwrap_or(0).cast_unsigned())
    }

    /// A text of at most 65,535 bytes; what is longer is cut at a character.
    pub(crate) fn str(&mut self, v: &str) -> &mut Self {
        let mut end = v.len().min(usize::from(u16::MAX));
        while !v.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        self.u16(u16::try_from(end).unwrap_or(u16::MAX));
        self.0.extend_from_slice(v.as_bytes().get(..end).unwrap_or_default());
        self
    }
}

/// Reads values from bytes; `None` when they end too early or make no sense.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Get<'a>(pub(crate) &'a [u8]);

impl<'a> Get<'a> {
    pub(crate) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(n)?;
        self.0 = tail;
        Some(head)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    pub(crate) fn f64_opt(&mut self) -> Option<Option<f64>> {
        let v = f64::from_bits(self.u64()?);
        Some(v.is_finite().then_some(v))
    }

    pub(crate) fn i64_opt(&mut self) -> Option<Option<i64>> {
        let present = self.u8()?;
        let v = self.u64()?.cast_signed();
        Some((present == 1).then_some(v))
    }

    pub(crate) fn str(&mut self) -> Option<&'a str> {
        let n = usize::from(self.u16()?);
        std::str::from_utf8(self.take(n)?).ok()
    }
}

/// Appends `payload` with its length and a checksum over both.
pub(crate) fn frame(to: &mut Vec<u8>, payload: &[u8]) {
    let len = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes();
    to.extend_from_slice(&len);
    to.extend_from_slice(&checksum(&len, payload));
    to.extend_from_slice(payload);
}

/// Takes the next framed payload; `None` at the end or where the bytes are torn.
pub(crate) fn unframe<'a>(from: &mut Get<'a>) -> Option<&'a [u8]> {
    let mut ahead = *from;
    let len = ahead.u32()?;
    let crc = ahead.take(4)?;
    let payload = ahead.take(usize::try_from(len).ok()?)?;
    if checksum(&len.to_le_bytes(), payload) != crc {
        return None;
    }
    *from = ahead;
    Some(payload)
}

fn checksum(len: &[u8], payload: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(len);
    hasher.update(payload);
    hasher.finalize().to_le_bytes()
}
