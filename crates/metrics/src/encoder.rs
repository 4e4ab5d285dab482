//! Writes a row's words into the ring, in place.

use crate::value::TEXT_BYTES_MAX;

/// A record that is being written. Made by the emit functions only.
#[doc(hidden)]
#[derive(Debug)]
pub struct Encoder<'a, 'ring> {
    to: &'a mut plimsoll_ring::Writer<'ring>,
}

impl<'a, 'ring> Encoder<'a, 'ring> {
    #[inline(always)]
    pub(crate) fn new(to: &'a mut plimsoll_ring::Writer<'ring>) -> Self {
        Self { to }
    }

    #[inline(always)]
    pub fn word(&mut self, word: u64) {
        self.to.put(word);
    }

    #[inline(always)]
    pub fn text(&mut self, text: &str) {
        self.to.put_bytes(text.as_bytes());
    }

    /// A text that is too long: its beginning up to a character's end, and `…`.
    #[cold]
    pub fn cut_text(&mut self, text: &str) {
        const ELLIPSIS: &str = "…";
        let mut buffer = [0_u8; TEXT_BYTES_MAX];
        let mut end = TEXT_BYTES_MAX.saturating_sub(ELLIPSIS.len());
        while !text.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        let parts = text.bytes().take(end).chain(ELLIPSIS.bytes());
        let mut len = 0_usize;
        for (to, byte) in buffer.iter_mut().zip(parts) {
            *to = byte;
            len = len.saturating_add(1);
        }
        self.to.put_bytes(buffer.get(..len).unwrap_or_default());
    }

    #[inline(always)]
    pub fn flags(&mut self, flags: u8) {
        self.to.flags(flags);
    }
}
