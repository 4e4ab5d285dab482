//! Reading `MessagePack` into the values that JSON has.

use serde_json::{Map, Value};

const DEPTH_MAX: usize = 32;

/// Reads one value and what follows it; `None` if the bytes are not `MessagePack` or hold what
/// JSON cannot.
pub(super) fn read(bytes: &[u8]) -> Option<Value> {
    let mut reader = Reader { bytes };
    let value = reader.value(0)?;
    reader.bytes.is_empty().then_some(value)
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEPTH_MAX {
            return None;
        }
        let first = self.number::<1>()?;
        let small = usize::try_from(first & 0x0f).ok()?;
        Some(match first {
            0x00..=0x7f => Value::from(first),
            0x80..=0x8f => self.map(small, depth)?,
            0x90..=0x9f => self.list(small, depth)?,
            0xa0..=0xbf => self.text(usize::try_from(first & 0x1f).ok()?)?,
            0xc0 => Value::Null,
            0xc2 => Value::Bool(false),
            0xc3 => Value::Bool(true),
            0xca => {
                let bits = u32::try_from(self.number::<4>()?).ok()?;
                Value::from(f64::from(f32::from_bits(bits)))
            }
            0xcb => Value::from(f64::from_bits(self.number::<8>()?)),
            0xcc => Value::from(self.number::<1>()?),
            0xcd => Value::from(self.number::<2>()?),
            0xce => Value::from(self.number::<4>()?),
            0xcf => Value::from(self.number::<8>()?),
            0xd0 => Value::from(i8::from_be_bytes(self.array()?)),
            0xd1 => Value::from(i16::from_be_bytes(self.array()?)),
            0xd2 => Value::from(i32::from_be_bytes(self.array()?)),
            0xd3 => Value::from(i64::from_be_bytes(self.array()?)),
            0xd9 => self.len::<1>().and_then(|len| self.text(len))?,
            0xda => self.len::<2>().and_then(|len| self.text(len))?,
            0xdb => self.len::<4>().and_then(|len| self.text(len))?,
            0xdc => self.len::<2>().and_then(|len| self.list(len, depth))?,
            0xdd => self.len::<4>().and_then(|len| self.list(len, depth))?,
            0xde => self.len::<2>().and_then(|len| self.map(len, depth))?,
            0xdf => self.len::<4>().and_then(|len| self.map(len, depth))?,
            0xe0..=0xff => Value::from(i64::try_from(first).ok()?.checked_sub(256)?),
            _ => return None,
        })
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(*first)
    }

    fn number<const N: usize>(&mut self) -> Option<u64> {
        let bytes: [u8; N] = self.array()?;
        Some(bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    fn len<const N: usize>(&mut self) -> Option<usize> {
        usize::try_from(self.number::<N>()?).ok()
    }

    fn text(&mut self, len: usize) -> Option<Value> {
        let (text, rest) = self.bytes.split_at_checked(len)?;
        self.bytes = rest;
        Some(Value::from(std::str::from_utf8(text).ok()?))
    }

    fn list(&mut self, len: usize, depth: usize) -> Option<Value> {
        // Room is made as values come, not as they are announced.
        let mut list = Vec::new();
        for _ in 0..len {
            list.push(self.value(depth + 1)?);
        }
        Some(Value::Array(list))
    }

    fn map(&mut self, len: usize, depth: usize) -> Option<Value> {
        let mut map = Map::new();
        for _ in 0..len {
            let Value::String(key) = self.value(depth + 1)? else { return None };
            map.insert(key, self.value(depth + 1)?);
        }
        Some(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_read_and_garbage_is_refused() {
        let check =
            |bytes: &[u8], wanted: Option<Value>| assert_eq!(read(bytes), wanted, "{bytes:x?}");
        check(
            b"\x82\xa1a\x01\xa1b\x93\xc0\xc2\xc3",
            Some(json!({"a": 1, "b": [null, false, true]})),
        );
        check(b"\xd9\x02ok", Some(json!("ok")));
        check(b"\xff", Some(json!(-1)));
        check(b"\xd1\xff\x00", Some(json!(-256)));
        check(b"\xcb\x3f\xf8\0\0\0\0\0\0", Some(json!(1.5)));
        check(b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", Some(json!(u64::MAX)));
        for garbage in [
            &b""[..],
            b"\xc1",
            b"\xa5ab",
            b"\xdd\xff\xff\xff\xff",
            b"\x81\x01\x01",
            b"\x01\x01",
            b"\xa1\xff",
        ] {
            check(garbage, None);
        }
        check(&[0x91; 100], None);
    }
}
