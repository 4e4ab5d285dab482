//! The Python package `plimsoll`: handles, rows and promises of `plimsoll-metrics`.
//!
//! An emit converts its arguments and writes them into the calling thread's ring; the threads that
//! carry rows into the store never take the interpreter's lock.

mod capture;
mod counts;
mod handle;
mod pipeline;
mod rows;
mod value;

use pyo3::prelude::*;

pyo3::create_exception!(plimsoll, Error, pyo3::exceptions::PyException, "What the package raises.");
pyo3::create_exception!(plimsoll, OpenError, Error, "The pipeline cannot be opened.");
pyo3::create_exception!(
    plimsoll,
    CloseError,
    Error,
    "Not every row is in the store. None is lost: the next start on this spool delivers the rest."
);

/// The compiled half of the package.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("Error", module.py().get_type::<Error>())?;
    module.add("OpenError", module.py().get_type::<OpenError>())?;
    module.add("CloseError", module.py().get_type::<CloseError>())?;
    module.add_class::<pipeline::Metrics>()?;
    module.add_class::<handle::Strategy>()?;
    module.add_class::<handle::Account>()?;
    module.add_class::<handle::Instrument>()?;
    module.add_class::<handle::Series>()?;
    module.add_class::<counts::Counts>()?;
    module.add_class::<counts::Health>()?;
    module.add_class::<capture::Captured>()?;
    module.add_function(wrap_pyfunction!(rows::tables, module)?)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
