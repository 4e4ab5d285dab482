//! Handles: a label set, interned once. What they emit is in the files of `rows`.

use plimsoll_metrics as metrics;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::counts::Counts;
use crate::value::At;

/// A label that cannot be one.
pub(crate) fn refused(error: metrics::LabelError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

macro_rules! handles {
    ($($(#[$doc:meta])+ $name:ident)+) => {$(
        $(#[$doc])+
        #[pyclass(frozen, module = "plimsoll")]
        #[derive(Debug)]
        pub(crate) struct $name {
            pub(crate) inner: metrics::$name,
        }

        #[pymethods]
        impl $name {
            /// Makes this thread's ring now (about half a millisecond), so that its first row is as
            /// fast as its second.
            fn prewarm(&self) -> PyResult<()> {
                self.inner.prewarm().map_err(|error| crate::Error::new_err(error.to_string()))
            }

            /// What the pipeline counts, also after its close and in a forked child.
            fn counts(&self) -> Counts {
                self.inner.counts().into()
            }
        }
    )+};
}

handles! {
    /// One strategy: rows of the scope `strategy`.
    Strategy
    /// One account, of a strategy or by itself.
    Account
    /// One instrument at a venue, traded by a strategy on an account.
    Instrument
    /// Any other label set, for tables that are not about trading.
    Series
}

#[pymethods]
impl Strategy {
    /// The strategy's account: an alias, never an address or key.
    fn account(&self, account_id: &str) -> PyResult<Account> {
        Ok(Account { inner: self.inner.account(account_id).map_err(refused)? })
    }
}

#[pymethods]
impl Account {
    /// An instrument at a venue, with the currency that its profit and loss is in.
    fn instrument(&self, instrument_id: &str, venue: &str, currency: &str) -> PyResult<Instrument> {
        let inner = self.inner.instrument(instrument_id, venue, currency).map_err(refused)?;
        Ok(Instrument { inner })
    }
}

macro_rules! equity {
    ($($name:ident),+) => {$(
        #[pymethods]
        impl $name {
            /// Emits a row of `trading_risk` from equity alone, in base currency after fees and
            /// funding: peak, drawdown, day and exposure follow from it.
            #[pyo3(signature = (equity, *, at = None))]
            fn emit_equity(&self, equity: f64, at: Option<At>) {
                let row = metrics::Equity::new(equity);
                self.inner.emit_equity(match at {
                    Some(at) => row.at(at.0),
                    None => row,
                });
            }
        }
    )+};
}

equity!(Strategy, Account);
