//! A moment in files: nanoseconds since 1970.

use std::time::{Duration, SystemTime};

use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

/// Nanoseconds since 1970; 0 for moments before it, the greatest number for those after 2262.
pub(crate) fn of(at: SystemTime) -> i64 {
    of_span(at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

/// Nanoseconds of a span; the greatest number for spans of more than 292 years. On the hot path, so
/// without 128 bits.
pub(crate) fn of_span(span: Duration) -> i64 {
    let secs = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    secs.saturating_mul(1_000_000_000).saturating_add(i64::from(span.subsec_nanos()))
}

/// The moment; 1970 for numbers below 0.
pub(crate) fn at(nanos: i64) -> SystemTime {
    let since = Duration::from_nanos(u64::try_from(nanos).unwrap_or(0));
    SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(SystemTime::UNIX_EPOCH)
}

pub(crate) fn serialize<S: Serializer>(moment: &SystemTime, to: S) -> Result<S::Ok, S::Error> {
    of(*moment).serialize(to)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SystemTime, D::Error> {
    i64::deserialize(from).map(at)
}

/// The same for a moment that may not be known.
pub(crate) mod option {
    use super::{Deserializer, Serializer, SystemTime};
    use serde::{Deserialize as _, Serialize as _};

    pub(crate) fn serialize<S: Serializer>(
        moment: &Option<SystemTime>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        moment.map(super::of).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<SystemTime>, D::Error> {
        Ok(Option::<i64>::deserialize(from)?.map(super::at))
    }
}
