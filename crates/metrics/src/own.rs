//! Tables of a team's own: declared in a few lines, with the guarantees of the built-in ones.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU8, Ordering},
};

use crate::{
    row::TableId,
    schema::{Column, ColumnType, Origin, Schema},
};

/// First number of a table of a team's own; those below are built in.
pub(crate) const FIRST: u8 = 48;

/// Tables that a process may have.
pub(crate) const TABLES_MAX: usize = 128;

static REGISTERED: Mutex<Vec<&'static Schema>> = Mutex::new(Vec::new());

/// The number of a table of a team's own, given out at its first use in this process.
#[doc(hidden)]
#[derive(Debug)]
pub struct OwnTable {
    number: AtomicU8,
}

impl Default for OwnTable {
    fn default() -> Self {
        Self::new()
    }
}

impl OwnTable {
    /// Not numbered yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { number: AtomicU8::new(0) }
    }

    /// The number; `schema` must be the same at each call.
    #[inline(always)]
    pub fn id(&self, schema: &'static Schema) -> TableId {
        match self.number.load(Ordering::Relaxed) {
            0 => self.register(schema),
            number => TableId { number, own: true },
        }
    }

    #[cold]
    fn register(&self, schema: &'static Schema) -> TableId {
        let mut all = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.iter().position(|s| s.name == schema.name);
        let index = known.unwrap_or(all.len());
        let number = u8::try_from(index).unwrap_or(u8::MAX).saturating_add(FIRST);
        if usize::from(number) >= TABLES_MAX {
            // The ring counts a row of this number as refused: there is no such table.
            return TableId { number: u8::MAX, own: true };
        }
        if known.is_none() {
            all.push(schema);
        }
        self.number.store(number, Ordering::Relaxed);
        TableId { number, own: true }
    }
}

/// A label column that the emitting handle fills.
#[doc(hidden)]
#[must_use]
pub const fn own_label(name: &'static str) -> Column {
    Column::new(name, ColumnType::Symbol, Origin::Series, 0)
}

/// The table of a team's own with this number.
pub(crate) fn registered(number: u8) -> Option<&'static Schema> {
    let index = usize::from(number.checked_sub(FIRST)?);
    REGISTERED.lock().unwrap_or_else(PoisonError::into_inner).get(index).copied()
}

/// Declares a table of your own: a struct whose fields are the columns.
///
/// The table has the eight leading columns, the labels of the handle that emits the row
/// (`trader_id`, `account_id`, `strategy_id`, `instrument_id`, `venue`), and one column per field.
/// A field's type is `f64`, `i64`, `bool`, [`Timestamp`](crate::Timestamp), `&'static str` (text),
/// [`Label`](crate::Label) (few values, interned), or an `Option` of one of them.
///
/// ```
/// plimsoll_metrics::table! {
///     /// What a perpetual's funding came to.
///     pub struct Funding: "funding" {
///         /// Rate of the interval, basis points.
///         funding_rate_bps: f64,
///         /// Paid by us, account currency; negative = received.
///         paid: f64,
///     }
/// }
/// ```
#[macro_export]
macro_rules! table {
    ($(#[$m:meta])* $vis:vis struct $name:ident: $table:literal {
        $($(#[$fm:meta])* $field:ident: $ty:ty),+ $(,)?
    }) => {
        $(#[$m])*
        #[derive(Debug, Clone, Copy)]
        $vis struct $name { $($(#[$fm])* $vis $field: $ty),+ }

        impl $crate::Table for $name {
            const SCHEMA: &'static $crate::Schema = {
                const COLUMNS: &[$crate::Column] = &[
                    $crate::own_label("trader_id"),
                    $crate::own_label("account_id"),
                    $crate::own_label("strategy_id"),
                    $crate::own_label("instrument_id"),
                    $crate::own_label("venue"),
                    $($crate::Column::new(
                        stringify!($field),
                        <$ty as $crate::Field>::TYPE,
                        <$ty as $crate::Field>::ORIGIN,
                        0,
                    )),+
                ];
                const TABLE: $crate::Schema = $crate::Schema::own($table, COLUMNS);
                &TABLE
            };

            #[inline(always)]
            fn table_id() -> $crate::TableId {
                static NUMBER: $crate::OwnTable = $crate::OwnTable::new();
                NUMBER.id(<Self as $crate::Table>::SCHEMA)
            }

            #[inline(always)]
            fn max_words(&self) -> usize {
                $crate::HEAD_WORDS $(+ $crate::Field::words(&self.$field))+
            }

            #[inline(always)]
            fn encode(&self, series: u32, to: &mut $crate::Encoder<'_, '_>) {
                const { assert!([$(stringify!($field)),+].len() <= $crate::PRESENCE_BITS, "too many columns") };
                let (mut presence, mut bit, mut bits) = (0_u64, 1_u64, 0_u8);
                $(
                    presence |= if $crate::Field::is_present(&self.$field, &mut bits) { bit } else { 0 };
                    bit <<= 1;
                )+
                let _: u64 = bit;
                to.word($crate::series_word(series, presence));
                $($crate::Field::put(&self.$field, to);)+
                to.flags(bits);
            }
        }
    };
}
