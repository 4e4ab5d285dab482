//! A span in files: a number of seconds, whole or not.

use std::{fmt, time::Duration};

use serde::{Deserializer, Serializer, de};

/// Longest span that a file may ask for: 400 days.
const SPAN_MAX: f64 = 400.0 * 86_400.0;

pub(crate) fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
    if span.subsec_nanos() == 0 {
        to.serialize_u64(span.as_secs())
    } else {
        to.serialize_f64(span.as_secs_f64())
    }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    from.deserialize_any(Seconds)
}

struct Seconds;

impl de::Visitor<'_> for Seconds {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of seconds from 0 to 34560000")
    }

    fn visit_u64<E: de::Error>(self, secs: u64) -> Result<Duration, E> {
        let span = Duration::from_secs(secs);
        if span.as_secs_f64() > SPAN_MAX {
            return Err(E::invalid_value(de::Unexpected::Unsigned(secs), &self));
        }
        Ok(span)
    }

    fn visit_i64<E: de::Error>(self, secs: i64) -> Result<Duration, E> {
        match u64::try_from(secs) {
            Ok(secs) => self.visit_u64(secs),
            Err(_) => Err(E::invalid_value(de::Unexpected::Signed(secs), &self)),
        }
    }

    fn visit_f64<E: de::Error>(self, secs: f64) -> Result<Duration, E> {
        let wrong = || E::invalid_value(de::Unexpected::Float(secs), &self);
        if secs > SPAN_MAX {
            return Err(wrong());
        }
        Duration::try_from_secs_f64(secs).map_err(|_| wrong())
    }
}
