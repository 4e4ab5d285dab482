//! What a typed row is, and the macros that declare one.

use crate::{
    encoder::Encoder,
    schema::{Origin, Schema},
};

/// Bits of a record's own flags.
pub(crate) mod bits {
    pub(crate) const TS_GIVEN: u8 = 1;
    pub(crate) const RECONCILED: u8 = 2;
    pub(crate) const INFERRED: u8 = 4;
    pub(crate) const NON_FINITE: u8 = 8;
    pub(crate) const TEXT_CUT: u8 = 16;
    /// The worker completes the row (`trading_risk` from equity).
    pub(crate) const DERIVE: u8 = 32;
}

/// A label that a row takes from a closed list; one byte in a record.
pub trait Code: Copy {
    /// Texts by code; code 1 is the first.
    const TEXTS: &'static [&'static str];
    /// 1 for the first text.
    fn code(self) -> u8;
    /// The text that the store shows.
    fn as_str(self) -> &'static str {
        Self::TEXTS.get(usize::from(self.code()).wrapping_sub(1)).copied().unwrap_or("")
    }
}

/// A row of one table. Only this crate's rows and those of [`table!`](crate::table) implement it.
pub trait Table: Copy {
    /// The table.
    const SCHEMA: &'static Schema;
    #[doc(hidden)]
    fn table_id() -> TableId;
    /// Upper bound of the words that `encode` writes.
    #[doc(hidden)]
    fn max_words(&self) -> usize;
    #[doc(hidden)]
    fn encode(&self, series: u32, to: &mut Encoder<'_, '_>);
}

/// Number of a table in this process.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableId {
    pub number: u8,
    /// A table of a team's own, whose schema must be on record before its first row.
    pub own: bool,
}

/// Words of a record before its codes and values, besides the ring's two: series with presence.
#[doc(hidden)]
pub const HEAD_WORDS: usize = 1;

/// Presence bits that a record has room for.
#[doc(hidden)]
pub const PRESENCE_BITS: usize = 40;

/// Bits of the number of a label set.
pub(crate) const SERIES_BITS: u32 = 24;

/// Word 2 of a record.
#[doc(hidden)]
#[inline(always)]
pub const fn series_word(series: u32, presence: u64) -> u64 {
    (series as u64) | (presence << SERIES_BITS)
}

/// Number of columns whose value lies in the record, one presence bit each.
pub(crate) fn is_in_record(origin: &Origin) -> bool {
    matches!(origin, Origin::Row | Origin::Interned)
}

/// Declares closed lists of labels.
macro_rules! codes {
    ($($(#[$m:meta])* $name:ident { $($(#[$vm:meta])* $variant:ident = $text:literal),+ $(,)? })+) => {$(
        $(#[$m])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name { $($(#[$vm])* $variant),+ }
        impl $crate::row::Code for $name {
            const TEXTS: &'static [&'static str] = &[$($text),+];
            #[inline(always)]
            fn code(self) -> u8 {
                (self as u8).wrapping_add(1)
            }
        }
        impl $name {
            /// The value of a text that the store shows; `None` for any other.
            #[must_use]
            pub fn from_text(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($crate::row::Code::as_str(*self))
            }
        }
    )+};
}
pub(crate) use codes;

/// Declares a built-in table and its row.
macro_rules! row {
    (
        $(#[$m:meta])*
        $name:ident $(<$lt:lifetime>)? = $number:literal, $table:literal, since $since:literal;
        $partition:ident, $ttl:expr, $importance:ident, $key:expr;
        series [$($series:literal),* $(,)?]
        codes { $($(#[$cm:meta])* $c:ident: $cty:ty),* $(,)? }
        values { $($(#[$vm:meta])* $v:ident: $vty:ty $(, since $vs:literal)?;)* }
    ) => {
        $(#[$m])*
        #[derive(Debug, Clone, Copy)]
        #[must_use = "a row does nothing until it is emitted"]
        pub struct $name $(<$lt>)? {
            bits: u8,
            ts: Option<$crate::Timestamp>,
            $($c: Option<$cty>,)*
            $($v: Option<$vty>,)*
        }

        impl $(<$lt>)? $name $(<$lt>)? {
            #[inline(always)]
            pub(crate) const fn empty() -> Self {
                Self { bits: 0, ts: None, $($c: None,)* $($v: None,)* }
            }

            /// When it was true at the source. Default: when the row is emitted, with the flag
            /// [`TS_IS_LOCAL`](crate::flags::TS_IS_LOCAL).
            #[inline(always)]
            pub fn at(mut self, ts: impl Into<$crate::Timestamp>) -> Self {
                self.ts = Some(ts.into());
                self
            }

            /// Marks the row as coming from reconciliation with the venue.
            #[inline(always)]
            pub fn reconciled(mut self) -> Self {
                self.bits |= $crate::row::bits::RECONCILED;
                self
            }

            /// Marks the row as inferred rather than reported.
            #[inline(always)]
            pub fn inferred(mut self) -> Self {
                self.bits |= $crate::row::bits::INFERRED;
                self
            }

            $(
                $(#[$cm])*
                #[inline(always)]
                pub fn $c(mut self, value: $cty) -> Self {
                    self.$c = Some(value);
                    self
                }
            )*
            $(
                $(#[$vm])*
                #[inline(always)]
                pub fn $v(mut self, value: impl Into<$vty>) -> Self {
                    let value: $vty = value.into();
                    match $crate::value::Value::admit(&value) {
                        $crate::value::Admit::Keep => self.$v = Some(value),
                        $crate::value::Admit::Omit => {}
                        $crate::value::Admit::NonFinite => self.bits |= $crate::row::bits::NON_FINITE,
                    }
                    self
                }
            )*
        }

        impl $(<$lt>)? $crate::row::Table for $name $(<$lt>)? {
            const SCHEMA: &'static $crate::schema::Schema = &$crate::schema::Schema {
                name: std::borrow::Cow::Borrowed($table),
                columns: std::borrow::Cow::Borrowed(&[
                    $($crate::schema::Column::new(
                        $series, $crate::schema::ColumnType::Symbol, $crate::schema::Origin::Series, $since,
                    ),)*
                    $($crate::schema::Column::new(
                        stringify!($c), $crate::schema::ColumnType::Symbol,
                        $crate::schema::Origin::Code(<$cty as $crate::row::Code>::TEXTS), $since,
                    ),)*
                    $($crate::schema::Column::new(
                        stringify!($v), <$vty as $crate::value::Value>::TYPE,
                        <$vty as $crate::value::Value>::ORIGIN, $crate::row::since!($since $(, $vs)?),
                    ),)*
                ]),
                key: $key,
                partition: $crate::schema::Partition::$partition,
                ttl: $ttl,
                importance: $crate::schema::Importance::$importance,
                since: $since,
            };

            #[inline(always)]
            fn table_id() -> $crate::row::TableId {
                $crate::row::TableId { number: $number, own: false }
            }

            #[inline(always)]
            fn max_words(&self) -> usize {
                // Head, one word of codes, one of `ts`; then the values.
                let mut words = $crate::row::HEAD_WORDS + 2;
                $(words += self.$v.as_ref().map_or(0, $crate::value::Value::words);)*
                words
            }

            #[inline(always)]
            #[allow(unused_assignments, unused_mut, unused_variables, reason = "a table may have no codes or values")]
            fn encode(&self, series: u32, to: &mut $crate::encoder::Encoder<'_, '_>) {
                let mut bits = self.bits;
                let mut presence = 0_u64;
                let mut bit = 1_u64;
                $(
                    presence |= if self.$v.is_some() { bit } else { 0 };
                    bit <<= 1;
                    if let Some(v) = &self.$v && $crate::value::Value::is_cut(v) {
                        bits |= $crate::row::bits::TEXT_CUT;
                    }
                )*
                to.word($crate::row::series_word(series, presence));
                let codes: &[()] = &[$($crate::row::unit!($c)),*];
                if !codes.is_empty() {
                    let mut word = 0_u64;
                    let mut shift = 0_u32;
                    $(
                        word |= u64::from(self.$c.map_or(0, $crate::row::Code::code)) << shift;
                        shift += 8;
                    )*
                    to.word(word);
                }
                if let Some(ts) = self.ts {
                    bits |= $crate::row::bits::TS_GIVEN;
                    to.word(ts.as_nanos().cast_unsigned());
                }
                $(if let Some(v) = &self.$v {
                    $crate::value::Value::put(v, to);
                })*
                to.flags(bits);
            }
        }
    };
}
pub(crate) use row;

macro_rules! since {
    ($table:literal) => {
        $table
    };
    ($table:literal, $own:literal) => {
        $own
    };
}
pub(crate) use since;

macro_rules! unit {
    ($c:ident) => {
        ()
    };
}
pub(crate) use unit;
