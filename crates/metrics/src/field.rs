//! What a field of a [`table!`](crate::table) may be: a value, or an `Option` of one.

use crate::{
    encoder::Encoder,
    row::bits,
    schema::{ColumnType, Origin},
    value::{Admit, Value},
};

/// A field of a table of your own. Implemented for every [`Value`] and for `Option` of one.
pub trait Field: Copy {
    /// Type of the column.
    const TYPE: ColumnType;
    #[doc(hidden)]
    const ORIGIN: Origin;
    #[doc(hidden)]
    fn words(&self) -> usize;
    /// Whether the record holds it; a value that is not finite is left out and flagged.
    #[doc(hidden)]
    fn is_present(&self, flags: &mut u8) -> bool;
    #[doc(hidden)]
    fn put(&self, to: &mut Encoder<'_, '_>);
}

impl<V: Value> Field for V {
    const TYPE: ColumnType = V::TYPE;
    const ORIGIN: Origin = V::ORIGIN;

    #[inline(always)]
    fn words(&self) -> usize {
        Value::words(self)
    }

    #[inline(always)]
    fn is_present(&self, flags: &mut u8) -> bool {
        if self.is_cut() {
            *flags |= bits::TEXT_CUT;
        }
        match self.admit() {
            Admit::Keep => true,
            Admit::Omit => false,
            Admit::NonFinite => {
                *flags |= bits::NON_FINITE;
                false
            }
        }
    }

    #[inline(always)]
    fn put(&self, to: &mut Encoder<'_, '_>) {
        if matches!(self.admit(), Admit::Keep) {
            Value::put(self, to);
        }
    }
}

impl<V: Value> Field for Option<V> {
    const TYPE: ColumnType = V::TYPE;
    const ORIGIN: Origin = V::ORIGIN;

    #[inline(always)]
    fn words(&self) -> usize {
        self.as_ref().map_or(0, Value::words)
    }

    #[inline(always)]
    fn is_present(&self, flags: &mut u8) -> bool {
        self.as_ref().is_some_and(|v| Field::is_present(v, flags))
    }

    #[inline(always)]
    fn put(&self, to: &mut Encoder<'_, '_>) {
        if let Some(v) = self {
            Field::put(v, to);
        }
    }
}
