//! What a row comes to in one number, whichever store it was read from.

use std::fmt;

use crate::{read::Datum, schema::ColumnType};

/// FNV-1a of 128 bits.
const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// The sum of the digests of rows, in any order: equal sets of rows have equal ones. Against accidents,
/// not against somebody who wants two sets to look the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Checksum(pub(crate) u128);

impl Checksum {
    /// That of both sets of rows.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A value as its column's type has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'d> {
    Null,
    Double(f64),
    Long(i64),
    Moment(i64),
    Label(&'d str),
    Text(&'d str),
}

impl<'d> Value<'d> {
    /// `None` if the value is not of the type.
    pub(super) fn new(ty: ColumnType, datum: &'d Datum) -> Option<Self> {
        Some(match (ty, datum) {
            (_, Datum::Null) => Self::Null,
            // The sign of zero is lost in SQLite, so it makes no difference here.
            (ColumnType::Double, Datum::Double(v)) => Self::Double(*v + 0.0),
            (ColumnType::Long | ColumnType::Int, Datum::Long(v)) => Self::Long(*v),
            (ColumnType::Timestamp, Datum::Timestamp(v)) => Self::Moment(v.as_nanos()),
            (ColumnType::Timestamp, Datum::Long(v)) => Self::Moment(*v),
            // A column that has the name of a moment elsewhere.
            (ColumnType::Long | ColumnType::Int, Datum::Timestamp(v)) => Self::Long(v.as_nanos()),
            (ColumnType::Symbol, Datum::Text(v)) => Self::Label(v),
            (ColumnType::Varchar, Datum::Text(v)) => Self::Text(v),
            _ => return None,
        })
    }
}

/// The digest of one row, a value at a time.
#[derive(Debug)]
pub(super) struct Digest(u128);

impl Digest {
    pub(super) fn new() -> Self {
        Self(BASIS)
    }

    pub(super) fn add(&mut self, value: Value<'_>) {
        match value {
            Value::Null => self.bytes(0, &[]),
            Value::Double(v) => self.bytes(1, &v.to_bits().to_le_bytes()),
            Value::Long(v) => self.bytes(2, &v.to_le_bytes()),
            Value::Moment(v) => self.bytes(3, &v.to_le_bytes()),
            Value::Label(v) | Value::Text(v) => {
                self.bytes(4, &(v.len() as u64).to_le_bytes());
                self.bytes(4, v.as_bytes());
            }
        }
    }

    fn bytes(&mut self, kind: u8, bytes: &[u8]) {
        for byte in std::iter::once(&kind).chain(bytes) {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(PRIME);
        }
    }

    /// Mixed once more, so that sums of rows that are nearly the same do not cancel out.
    pub(super) fn finish(self) -> Checksum {
        let mixed =
            (self.0 ^ (self.0 >> 67)).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        Checksum(mixed ^ (mixed >> 61))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[Value<'_>]) -> Checksum {
        let mut digest = Digest::new();
        values.iter().for_each(|value| digest.add(*value));
        digest.finish()
    }

    #[test]
    fn a_sum_does_not_depend_on_the_order_and_does_on_every_value() {
        let (a, b) =
            (of(&[Value::Long(1), Value::Text("ab")]), of(&[Value::Long(2), Value::Text("ab")]));
        assert_eq!(a.and(b), b.and(a));
        assert_ne!(a, b);
        assert_ne!(
            of(&[Value::Text("ab"), Value::Text("c")]),
            of(&[Value::Text("a"), Value::Text("bc")])
        );
        assert_ne!(of(&[Value::Null]), of(&[Value::Text("")]));
        assert_ne!(of(&[Value::Double(0.1)]), of(&[Value::Double(0.1_f64.next_up())]));
    }

    #[test]
    fn a_checksum_is_the_same_in_every_version() {
        assert_eq!(
            of(&[Value::Long(1), Value::Label("x")]).to_string(),
            "b5c53a0ba6927eda44e2be820f4bc54f"
        );
    }

    #[test]
    fn the_sign_of_zero_makes_no_difference_and_a_value_of_another_type_is_none() {
        let zero = Value::new(ColumnType::Double, &Datum::Double(-0.0)).map(|v| of(&[v]));
        assert_eq!(zero, Some(of(&[Value::Double(0.0)])));
        assert_eq!(Value::new(ColumnType::Double, &Datum::Text("1".into())), None);
    }
}
