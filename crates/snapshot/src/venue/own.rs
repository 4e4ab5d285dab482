//! A program of the operator's that says what an account holds.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Balance, Holdings, HoldingsError, OpenOrder, Position, ReadHoldings};
use crate::trading::Program;

/// Reads what is held from the JSON that a program of the operator's writes.
///
/// ```json
/// {"positions": [{"account_id": "main", "instrument_id": "BTC-PERP", "signed_qty": "-0.5"}],
///  "open_orders": [{"account_id": "main", "instrument_id": "BTC-PERP", "side": "buy",
///    "order_type": "limit", "qty": "1", "leaves_qty": "0.4", "px": "100", "reduce_only": false,
///    "client_order_id": "c-1"}],
///  "last_fill": ["f-17", 1795509000000]}
/// ```
///
/// `positions` and `open_orders` have to be there: a program that says nothing knows nothing.
#[derive(Debug)]
pub struct OwnProgram {
    program: Program,
    dir: PathBuf,
}

/// What it says. Whatever it leaves out of the first two is not known, so it may not.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    positions: Vec<Position>,
    open_orders: Vec<OpenOrder>,
    #[serde(default)]
    balances: Vec<Balance>,
    #[serde(default)]
    last_fill: Option<(String, i64)>,
    #[serde(default)]
    in_flight: Vec<String>,
}

impl OwnProgram {
    /// What that program says, run in that directory.
    #[must_use]
    pub fn new(program: Program, dir: impl Into<PathBuf>) -> Self {
        Self { program, dir: dir.into() }
    }
}

impl ReadHoldings for OwnProgram {
    fn name(&self) -> String {
        format!("`{}`", self.program.run.join(" "))
    }

    fn holdings(&mut self) -> Result<Holdings, HoldingsError> {
        let failed = |why: &str| HoldingsError::new(format!("{}: {why}", self.name()));
        let bytes = self
            .program
            .output(&self.dir, &[], None)
            .map_err(|error| failed("it did not say what is held").with_source(error))?;
        let said: Said = serde_json::from_slice(&bytes)
            .map_err(|error| failed("what it said is not understood").with_source(error))?;
        let is_flat = |position: &Position| position.signed_qty.is_zero();
        Ok(Holdings {
            positions: said.positions.into_iter().filter(|own| !is_flat(own)).collect(),
            open_orders: said.open_orders,
            balances: said.balances,
            last_fill: said.last_fill,
            in_flight: said.in_flight,
        }
        .sorted())
    }
}
