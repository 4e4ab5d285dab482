//! What a strategy under test emitted.

use plimsoll_metrics as metrics;
use plimsoll_metrics::schema::ColumnType;
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::counts::Counts;
use crate::value::At;

/// Rows as the store would have them, completed values included.
#[pyclass(frozen, module = "plimsoll")]
#[derive(Debug)]
pub(crate) struct Captured {
    inner: metrics::Captured,
}

impl Captured {
    pub(crate) const fn new(inner: metrics::Captured) -> Self {
        Self { inner }
    }
}

#[pymethods]
impl Captured {
    /// Every row of a table so far, oldest first; a row has its present columns only.
    fn rows<'py>(&self, py: Python<'py>, table: &str) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let schema = metrics::built_in().map(|(_, schema)| schema).find(|s| s.name == table);
        let schema = schema.ok_or_else(|| PyKeyError::new_err(format!("no table `{table}`")))?;
        self.inner.rows(table).iter().map(|row| dict(py, schema, row)).collect()
    }

    /// How many rows no store would take, such as one of the day after tomorrow.
    fn refused_rows(&self) -> usize {
        self.inner.refused().len()
    }

    /// Rows by what became of them; captured ones count as stored.
    fn counts(&self) -> Counts {
        self.inner.counts().into()
    }

    /// Puts the clock at `now` for rows that are emitted from here on.
    fn set_now(&self, now: At) {
        self.inner.set_now(now.0);
    }

    /// Forgets the rows so far.
    fn clear(&self) {
        self.inner.clear();
    }
}

fn dict<'py>(
    py: Python<'py>,
    schema: &metrics::Schema,
    row: &metrics::CapturedRow,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for column in schema.all_columns() {
        let name: &str = &column.name;
        if row.is_absent(name) {
            continue;
        }
        match column.ty {
            ColumnType::Double => dict.set_item(name, row.f64(name))?,
            ColumnType::Long => dict.set_item(name, row.i64(name))?,
            ColumnType::Int => dict.set_item(name, row.i64(name).map(|value| value != 0))?,
            ColumnType::Timestamp => {
                dict.set_item(name, row.ts(name).map(metrics::Timestamp::as_nanos))?;
            }
            _ => dict.set_item(name, row.text(name))?,
        }
    }
    Ok(dict)
}
