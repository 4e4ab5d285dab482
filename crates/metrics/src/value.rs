//! What a column of a row may be given, and how it lies in a record.

use std::time::{Duration, SystemTime};

use crate::{encoder::Encoder, schema::ColumnType, schema::Origin};

/// Longest id that a row holds, in bytes. A row with a longer one is refused and counted, because
/// a cut id would be another id.
pub const ID_BYTES_MAX: usize = 80;

/// Longest text that a row holds, in bytes. A longer one is cut at a character, ends in `…` and
/// sets [`flags::TEXT_CUT`](crate::flags::TEXT_CUT).
pub const TEXT_BYTES_MAX: usize = 320;

/// Oldest exchange rate that a row takes.
pub const FX_AGE_MAX: Duration = Duration::from_secs(60);

/// Nanoseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From nanoseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }
}

impl From<SystemTime> for Timestamp {
    /// Saturates at the years 1677 and 2262.
    fn from(t: SystemTime) -> Self {
        Self(match t.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
            Err(before) => {
                i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, i64::wrapping_neg)
            }
        })
    }
}

/// An id in the venue's or the strategy's own words; never interned, at most [`ID_BYTES_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id<'a>(pub &'a str);

impl<'a> From<&'a str> for Id<'a> {
    fn from(s: &'a str) -> Self {
        Self(s)
    }
}

/// Text for a person, at most [`TEXT_BYTES_MAX`]; cut beyond that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<'a>(pub &'a str);

impl<'a> From<&'a str> for Text<'a> {
    fn from(s: &'a str) -> Self {
        Self(s)
    }
}

/// A label of few values that the row itself carries as text; interned by the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a>(pub &'a str);

impl<'a> From<&'a str> for Name<'a> {
    fn from(s: &'a str) -> Self {
        Self(s)
    }
}

/// A label that was interned beforehand with [`Metrics::label`](crate::Metrics::label).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label(pub(crate) u32);

/// A span in milliseconds; given as a [`Duration`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Millis(f64);

impl From<Duration> for Millis {
    fn from(d: Duration) -> Self {
        Self(d.as_secs_f64() * 1e3)
    }
}

impl Millis {
    /// Milliseconds.
    #[must_use]
    pub const fn as_f64(self) -> f64 {
        self.0
    }
}

/// A rate to the base currency and its age. One older than [`FX_AGE_MAX`] is left out, so that
/// an amount in base currency is unknown rather than wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FxRate {
    rate: f64,
    age: Duration,
}

impl FxRate {
    /// `rate` units of base currency per unit, observed `age` ago.
    #[must_use]
    pub const fn new(rate: f64, age: Duration) -> Self {
        Self { rate, age }
    }

    /// The rate of the base currency to itself.
    #[must_use]
    pub const fn base() -> Self {
        Self { rate: 1.0, age: Duration::ZERO }
    }
}

/// What becomes of a value that a setter is given.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admit {
    Keep,
    Omit,
    NonFinite,
}

/// A value of one column. Implemented here for every type that a column may have.
pub trait Value: Copy + sealed::Sealed {
    /// Type of the column.
    const TYPE: ColumnType;
    #[doc(hidden)]
    const ORIGIN: Origin = Origin::Row;
    #[doc(hidden)]
    #[inline(always)]
    fn admit(&self) -> Admit {
        Admit::Keep
    }
    #[doc(hidden)]
    #[inline(always)]
    fn words(&self) -> usize {
        1
    }
    #[doc(hidden)]
    #[inline(always)]
    fn is_cut(&self) -> bool {
        false
    }
    #[doc(hidden)]
    fn put(&self, to: &mut Encoder<'_, '_>);
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! word_value {
    ($($ty:ty, $kind:ident, |$v:ident| $bits:expr;)+) => {$(
        impl sealed::Sealed for $ty {}
        impl Value for $ty {
            const TYPE: ColumnType = ColumnType::$kind;
            #[inline(always)]
            fn put(&self, to: &mut Encoder<'_, '_>) {
                let $v = *self;
                to.word($bits);
            }
        }
    )+};
}

word_value! {
    i64, Long, |v| v.cast_unsigned();
    bool, Int, |v| u64::from(v);
    Timestamp, Timestamp, |v| v.0.cast_unsigned();
}

impl sealed::Sealed for Label {}
impl Value for Label {
    const TYPE: ColumnType = ColumnType::Symbol;
    const ORIGIN: Origin = Origin::Interned;
    #[inline(always)]
    fn put(&self, to: &mut Encoder<'_, '_>) {
        to.word(u64::from(self.0));
    }
}

macro_rules! float_value {
    ($($ty:ty, |$v:ident| $float:expr, $admit:expr;)+) => {$(
        impl sealed::Sealed for $ty {}
        impl Value for $ty {
            const TYPE: ColumnType = ColumnType::Double;
            #[inline(always)]
            fn admit(&self) -> Admit {
                let $v = *self;
                if !$float.is_finite() { Admit::NonFinite } else if $admit { Admit::Keep } else { Admit::Omit }
            }
            #[inline(always)]
            fn put(&self, to: &mut Encoder<'_, '_>) {
                let $v = *self;
                to.word($float.to_bits());
            }
        }
    )+};
}

float_value! {
    f64, |v| v, true;
    Millis, |v| v.0, true;
    FxRate, |v| v.rate, v.age <= FX_AGE_MAX;
}

/// Words of a record that a text of `bytes` bytes takes: two bytes of length, then the text.
#[inline(always)]
pub(crate) const fn text_words(bytes: usize) -> usize {
    bytes.saturating_add(9) / 8
}

/// More words than any record has: the ring refuses the row and counts it.
pub(crate) const TOO_LONG: usize = 1 << 20;

macro_rules! id_value {
    ($($ty:ident, $kind:ident;)+) => {$(
        impl sealed::Sealed for $ty<'_> {}
        impl Value for $ty<'_> {
            const TYPE: ColumnType = ColumnType::$kind;
            #[inline(always)]
            fn admit(&self) -> Admit {
                // An empty text is unknown: a store would keep it as a text of its own.
                if self.0.is_empty() { Admit::Omit } else { Admit::Keep }
            }
            #[inline(always)]
            fn words(&self) -> usize {
                if self.0.len() > ID_BYTES_MAX { TOO_LONG } else { text_words(self.0.len()) }
            }
            #[inline(always)]
            fn put(&self, to: &mut Encoder<'_, '_>) {
                to.text(self.0);
            }
        }
    )+};
}

id_value! {
    Id, Varchar;
    Name, Symbol;
}

impl sealed::Sealed for Text<'_> {}
impl Value for Text<'_> {
    const TYPE: ColumnType = ColumnType::Varchar;
    #[inline(always)]
    fn admit(&self) -> Admit {
        if self.0.is_empty() { Admit::Omit } else { Admit::Keep }
    }
    #[inline(always)]
    fn words(&self) -> usize {
        text_words(self.0.len().min(TEXT_BYTES_MAX))
    }
    #[inline(always)]
    fn is_cut(&self) -> bool {
        self.0.len() > TEXT_BYTES_MAX
    }
    #[inline]
    fn put(&self, to: &mut Encoder<'_, '_>) {
        if self.is_cut() {
            to.cut_text(self.0);
        } else {
            to.text(self.0);
        }
    }
}

impl sealed::Sealed for &str {}
/// A string of a table of your own is an id: never interned, refused when too long.
impl Value for &str {
    const TYPE: ColumnType = ColumnType::Varchar;
    #[inline(always)]
    fn admit(&self) -> Admit {
        Id(self).admit()
    }
    #[inline(always)]
    fn words(&self) -> usize {
        Id(self).words()
    }
    #[inline(always)]
    fn put(&self, to: &mut Encoder<'_, '_>) {
        to.text(self);
    }
}
