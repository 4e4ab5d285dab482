//! The pipeline's owner.

use std::collections::HashMap;
use std::error::Error as _;
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use plimsoll_metrics::{Metrics as Inner, Mode, Options, OptionsError};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::capture::Captured;
use crate::counts::{Counts, Health};
use crate::handle::{Account, Series, Strategy, refused};
use crate::value::{Coded, span};
use crate::{CloseError, OpenError};

/// A running pipeline from handles to a store.
#[pyclass(frozen, weakref, module = "plimsoll")]
#[derive(Debug)]
pub(crate) struct Metrics {
    /// None once it is closed.
    inner: RwLock<Option<Inner>>,
    /// Asks for counts after the close.
    counts: Series,
}

impl Metrics {
    fn of(inner: Inner) -> PyResult<Self> {
        let counts = Series { inner: inner.series(&[]).map_err(refused)? };
        Ok(Self { inner: RwLock::new(Some(inner)), counts })
    }

    /// Handles of a closed pipeline count what they refuse, and no more.
    fn with<T>(&self, ask: impl FnOnce(&Inner) -> T) -> T {
        match &*self.inner.read().unwrap_or_else(PoisonError::into_inner) {
            Some(inner) => ask(inner),
            None => ask(&Inner::disabled()),
        }
    }
}

/// What an error says with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn unusable(error: &OptionsError) -> PyErr {
    PyValueError::new_err(chain(error))
}

#[pymethods]
impl Metrics {
    /// Opens a pipeline; see `plimsoll.open`, whose remaining arguments are in `texts` by name.
    #[staticmethod]
    fn _open(
        py: Python<'_>,
        store: Option<String>,
        mode: Coded<Mode>,
        spool_dir: Option<PathBuf>,
        texts: HashMap<String, String>,
    ) -> PyResult<Self> {
        let options = match store {
            Some(store) => {
                Options::from_vars(mode.0, [("PLIMSOLL_METRICS__STORE".to_owned(), store)])
            }
            None => Options::from_env(mode.0),
        };
        let mut options = options.map_err(|error| unusable(&error))?;
        options.spool_dir = spool_dir.unwrap_or(options.spool_dir);
        for (name, text) in texts {
            let field = match name.as_str() {
                "env" => &mut options.env,
                "trader_id" => &mut options.trader_id,
                "service" => &mut options.service,
                "version" => &mut options.version,
                "git_commit" => &mut options.git_commit,
                "config_hash" => &mut options.config_hash,
                _ => return Err(PyTypeError::new_err(format!("no option is called `{name}`"))),
            };
            *field = text;
        }
        let opened = py.detach(|| Inner::open(&options));
        Self::of(opened.map_err(|error| OpenError::new_err(chain(&error)))?)
    }

    /// A pipeline that does nothing and costs next to nothing.
    #[staticmethod]
    fn disabled() -> PyResult<Self> {
        Self::of(Inner::disabled())
    }

    /// A pipeline for a test, and what it was given; see the fixture `plimsoll_capture`.
    #[staticmethod]
    fn capture(mode: Coded<Mode>) -> PyResult<(Self, Captured)> {
        let (inner, captured) = Inner::capture_as(mode.0);
        Ok((Self::of(inner)?, Captured::new(captured)))
    }

    /// A handle of a strategy.
    fn strategy(&self, strategy_id: &str) -> PyResult<Strategy> {
        let inner = self.with(|metrics| metrics.strategy(strategy_id)).map_err(refused)?;
        Ok(Strategy { inner })
    }

    /// A handle of an account as a whole, over all its strategies.
    fn account(&self, account_id: &str) -> PyResult<Account> {
        let inner = self.with(|metrics| metrics.account(account_id)).map_err(refused)?;
        Ok(Account { inner })
    }

    /// A handle with labels such as `venue`, for tables that are not about one strategy.
    fn _series(&self, labels: Vec<(String, String)>) -> PyResult<Series> {
        let labels: Vec<(&str, &str)> =
            labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let inner = self.with(|metrics| metrics.series(&labels)).map_err(refused)?;
        Ok(Series { inner })
    }

    /// Whether rows are recorded: neither disabled nor closed.
    #[getter]
    fn is_enabled(&self) -> bool {
        self.with(Inner::is_enabled)
    }

    /// Rows by what became of them so far.
    fn counts(&self) -> Counts {
        self.counts.inner.counts().into()
    }

    /// State of the pipeline.
    fn health(&self) -> Health {
        self.with(Inner::health).into()
    }

    /// Waits until every row that was emitted before the call is in the spool, at most
    /// `timeout_secs`; false if the time was over first.
    #[pyo3(signature = (timeout_secs = 5.0))]
    fn flush(&self, py: Python<'_>, timeout_secs: f64) -> PyResult<bool> {
        let bound = span(timeout_secs, "seconds")?;
        Ok(py.detach(|| self.with(|metrics| metrics.flush(bound))))
    }

    /// Delivers what it can within `timeout_secs` and raises `CloseError` for what it could not.
    /// Closing again does nothing.
    #[pyo3(signature = (timeout_secs = 5.0))]
    fn close(&self, py: Python<'_>, timeout_secs: f64) -> PyResult<Counts> {
        let bound = span(timeout_secs, "seconds")?;
        let closed = py.detach(|| self.take().map(|inner| close(inner, bound)));
        closed.unwrap_or(Ok(())).map_err(CloseError::new_err)?;
        Ok(self.counts())
    }
}

impl Metrics {
    fn take(&self) -> Option<Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn close(inner: Inner, bound: Duration) -> Result<(), String> {
    inner.close(bound).map(drop).map_err(|error| match error.source() {
        Some(_) => chain(&error),
        None => error.to_string(),
    })
}
