//! Numbers as text, without a formatter between.

use std::io::Write as _;

const E8: u64 = 100_000_000;

/// Writes integers, and remembers the leading digits of long ones: moments of neighboring rows and
/// the run's number share them.
#[derive(Debug)]
pub(super) struct Integers {
    known: [Leading; SLOTS],
}

const SLOTS: usize = 4;

/// What comes before the last eight digits of a number.
#[derive(Debug, Clone, Copy, Default)]
struct Leading {
    value: u64,
    text: [u8; 16],
    len: usize,
}

impl Leading {
    #[cold]
    fn new(value: u64) -> Self {
        let mut text = Vec::with_capacity(24);
        if value >= E8 {
            push_trimmed(&mut text, digits(value / E8));
            text.extend_from_slice(&digits(value % E8));
        } else {
            push_trimmed(&mut text, digits(value));
        }
        let mut leading = Self { value, text: [0; 16], len: text.len() };
        for (to, from) in leading.text.iter_mut().zip(&text) {
            *to = *from;
        }
        leading
    }
}

impl Integers {
    pub(super) fn new() -> Self {
        Self { known: [Leading::default(); SLOTS] }
    }

    /// Appends an integer in decimal.
    #[inline]
    pub(super) fn push(&mut self, out: &mut Vec<u8>, value: i64) {
        if value < 0 {
            out.push(b'-');
        }
        let n = value.unsigned_abs();
        if n < 10 {
            return out.push(b'0' | u8::try_from(n).unwrap_or_default());
        }
        let (high, low) = (n / E8, n % E8);
        if high == 0 {
            return push_trimmed(out, digits(low));
        }
        // Two bits from the middle of a product tell moments and runs apart well enough.
        let slot =
            usize::try_from((high.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 62) & 3).unwrap_or(0);
        if let Some(leading) = self.known.get_mut(slot) {
            if leading.value != high {
                *leading = Leading::new(high);
            }
            push_part(out, &leading.text, leading.len);
        }
        out.extend_from_slice(&digits(low));
    }
}

/// Appends the shortest decimal that reads back as the same float.
pub(super) fn push_f64(out: &mut Vec<u8>, value: f64) {
    // Writing to a `Vec` cannot fail.
    let written = write!(out, "{value:?}");
    debug_assert!(written.is_ok());
}

#[inline]
fn push_trimmed(out: &mut Vec<u8>, digits: [u8; 8]) {
    let word = u64::from_le_bytes(digits);
    // The first digit that is not `0`; the last one stays, whatever it is.
    let zeros = ((word ^ 0x3030_3030_3030_3030).trailing_zeros() / 8).min(7);
    let shifted = (word >> (8 * zeros)).to_le_bytes();
    push_part(out, &shifted, 8_usize.saturating_sub(usize::try_from(zeros).unwrap_or(0)));
}

/// Appends the first `len` bytes. Copying all of a fixed number and cutting is one store, where a
/// copy of a number that is known only at run time is a call.
#[inline(always)]
pub(super) fn push_part<const N: usize>(out: &mut Vec<u8>, bytes: &[u8; N], len: usize) {
    let end = out.len().saturating_add(len);
    out.extend_from_slice(bytes);
    out.truncate(end);
}

/// The eight decimal digits of a number below 10⁸: all eight at once, two by two, in one word.
#[inline]
fn digits(n: u64) -> [u8; 8] {
    let halves = (n / 10_000) | ((n % 10_000) << 32);
    // 10486 / 2²⁰ is 1 / 100 rounded up: exact for four digits. 103 / 2¹⁰ likewise for two.
    let hundreds = (halves.wrapping_mul(10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = hundreds | (halves.wrapping_sub(hundreds.wrapping_mul(100)) << 16);
    let tens = (pairs.wrapping_mul(103) >> 10) & 0x000f_000f_000f_000f;
    let ones = pairs.wrapping_sub(tens.wrapping_mul(10));
    (tens | (ones << 8) | 0x3030_3030_3030_3030).to_le_bytes()
}

#[cfg(test)]
mod tests {
    #[test]
    fn integers_are_written_as_the_standard_library_writes_them() {
        let mut integers = super::Integers::new();
        let mut check = |n: i64| {
            let mut out = Vec::new();
            integers.push(&mut out, n);
            assert_eq!(String::from_utf8(out).unwrap(), n.to_string());
        };
        for shift in 0..63 {
            for near in -3..=3 {
                check((1_i64 << shift) + near);
                check(-(1_i64 << shift) + near);
            }
        }
        let mut power = 1_i64;
        while let Some(next) = power.checked_mul(10) {
            for near in -1..=1 {
                check(power + near);
                check(-power + near);
            }
            power = next;
        }
        for n in (0..100_000_000).step_by(9973) {
            check(n);
        }
        check(i64::MIN);
        check(i64::MAX);
    }
}
