//! What Python gives, as what a row takes.

use std::time::{Duration, SystemTime};

use plimsoll_metrics::{
    AlertRecordKind, AlertRecordState, AlertSeverity, CashflowKind, Channel, Code, ErrorSeverity,
    FxRate, HealthStatus, LatencyClock, LatencyStage, Liquidity, Mode, OpsKind, OrderEvent,
    OrderStatus, OrderType, PositionEvent, PositionSide, RefKind, RejectClass, Side, Source,
    TimeInForce, Timestamp, TradingState,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

/// An argument, and the value that the setter of a row wants.
pub(crate) trait Argument {
    /// What the setter wants.
    type Value;
    /// The value.
    fn value(self) -> Self::Value;
}

macro_rules! as_is {
    ($($type:ty),+) => {$(
        impl Argument for $type {
            type Value = Self;
            #[inline(always)]
            fn value(self) -> Self {
                self
            }
        }
    )+};
}

as_is!(f64, i64, bool, &str);

macro_rules! wrapped {
    ($($wrapper:ident: $type:ty),+) => {$(
        impl Argument for $wrapper {
            type Value = $type;
            #[inline(always)]
            fn value(self) -> $type {
                self.0
            }
        }
    )+};
}

/// A span: milliseconds, not negative.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ms(pub(crate) Duration);

/// A moment: nanoseconds since 1970 in UTC, or a `datetime` with a zone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At(pub(crate) Timestamp);

/// A rate and its age in milliseconds, or `"base"` for the base currency itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fx(pub(crate) FxRate);

wrapped!(Ms: Duration, At: Timestamp, Fx: FxRate);

impl<'py> FromPyObject<'_, 'py> for Ms {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self(span(object.extract::<f64>()? / 1e3, "milliseconds")?))
    }
}

/// A span of Python as ours; `unit` is what the caller counts in.
pub(crate) fn span(seconds: f64, unit: &str) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| PyValueError::new_err(format!("wanted {unit}, finite and not negative")))
}

impl<'py> FromPyObject<'_, 'py> for At {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(nanos) = object.extract::<i64>() {
            return Ok(Self(Timestamp::from_nanos(nanos)));
        }
        object.extract::<SystemTime>().map(|time| Self(time.into())).map_err(|_| {
            PyTypeError::new_err("wanted nanoseconds since 1970 in UTC, or a datetime with a zone")
        })
    }
}

impl<'py> FromPyObject<'_, 'py> for Fx {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if object.extract::<&str>().is_ok_and(|text| text == "base") {
            return Ok(Self(FxRate::base()));
        }
        let (rate, age_ms) = object
            .extract::<(f64, f64)>()
            .map_err(|_| PyTypeError::new_err("wanted (rate, age in milliseconds), or \"base\""))?;
        Ok(Self(FxRate::new(rate, span(age_ms / 1e3, "milliseconds")?)))
    }
}

/// A label from a closed list, as the store shows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coded<C>(pub(crate) C);

/// A closed list of labels.
pub(crate) trait Listed: Code {
    /// What it is a list of.
    const NAME: &'static str;
    /// The label of a text.
    fn of(text: &str) -> Option<Self>;
}

macro_rules! listed {
    ($($name:ident),+ $(,)?) => {$(
        impl Listed for $name {
            const NAME: &'static str = stringify!($name);
            #[inline(always)]
            fn of(text: &str) -> Option<Self> {
                Self::from_text(text)
            }
        }
    )+};
}

listed!(
    Mode,
    AlertRecordKind,
    AlertRecordState,
    AlertSeverity,
    CashflowKind,
    Channel,
    ErrorSeverity,
    HealthStatus,
    LatencyClock,
    LatencyStage,
    Liquidity,
    OpsKind,
    OrderEvent,
    OrderStatus,
    OrderType,
    PositionEvent,
    PositionSide,
    RefKind,
    RejectClass,
    Side,
    Source,
    TimeInForce,
    TradingState
);

impl<C: Listed> Argument for Coded<C> {
    type Value = C;
    #[inline(always)]
    fn value(self) -> C {
        self.0
    }
}

impl<'py, C: Listed> FromPyObject<'_, 'py> for Coded<C> {
    type Error = PyErr;

    #[inline]
    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let text = object.extract::<&str>()?;
        C::of(text).map(Self).ok_or_else(|| unknown(C::NAME, text, C::TEXTS))
    }
}

#[cold]
fn unknown(name: &str, found: &str, wanted: &[&str]) -> PyErr {
    PyValueError::new_err(format!("{name} is `{found}`, wanted one of: {}", wanted.join(", ")))
}
