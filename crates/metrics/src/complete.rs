//! Values that follow from others of the same row; filled in only where all parts are known.

use crate::{
    batch::{Cell, Symbols},
    schema::Schema,
};

/// What is completed in the rows of a table; positions are of all columns.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Completion {
    None,
    /// total = realized + unrealized + funding − commission; base = total × rate.
    Pnl {
        parts: [usize; 4],
        total: usize,
        fx: usize,
        base: usize,
    },
    /// bps = side × (px − ref) / ref × 10⁴.
    Slippage {
        side: usize,
        px: usize,
        reference: usize,
        bps: usize,
    },
    /// base = amount × rate.
    Base {
        amount: usize,
        fx: usize,
        base: usize,
    },
}

impl Completion {
    pub(crate) fn of(schema: &Schema) -> Self {
        Self::find(schema).unwrap_or(Self::None)
    }

    fn find(schema: &Schema) -> Option<Self> {
        let at = |name| schema.position(name);
        Some(match schema.name.as_ref() {
            "trading_pnl" => Self::Pnl {
                parts: [
                    at("realized_pnl")?,
                    at("unrealized_pnl")?,
                    at("funding")?,
                    at("commission")?,
                ],
                total: at("total_pnl")?,
                fx: at("fx_to_base")?,
                base: at("total_pnl_base")?,
            },
            "trading_orders" => Self::Slippage {
                side: at("side")?,
                px: at("avg_px")?,
                reference: at("ref_px")?,
                bps: at("slippage_bps")?,
            },
            "trading_fills" => Self::Slippage {
                side: at("side")?,
                px: at("last_px")?,
                reference: at("ref_px")?,
                bps: at("slippage_bps")?,
            },
            "trading_cashflows" => Self::Base {
                amount: at("amount")?,
                fx: at("fx_to_base")?,
                base: at("amount_base")?,
            },
            "account_state" => Self::Base {
                amount: at("equity")?,
                fx: at("fx_to_base")?,
                base: at("equity_base")?,
            },
            _ => return None,
        })
    }

    /// Completes one row; a value that the row has already stays.
    pub(crate) fn apply(self, row: &mut [Cell], symbols: &Symbols) {
        match self {
            Self::None => {}
            Self::Pnl { parts, total, fx, base } => {
                if let [Some(realized), Some(unrealized), Some(funding), Some(commission)] =
                    parts.map(|i| double(row, i))
                {
                    fill(row, total, realized + unrealized + funding - commission);
                }
                product(row, total, fx, base);
            }
            Self::Slippage { side, px, reference, bps } => {
                let sign = match row.get(side) {
                    Some(&Cell::Symbol(id)) if symbols.text(id) == "buy" => 1.0,
                    Some(&Cell::Symbol(id)) if symbols.text(id) == "sell" => -1.0,
                    _ => return,
                };
                if let (Some(px), Some(reference)) = (double(row, px), double(row, reference))
                    && reference > 0.0
                {
                    fill(row, bps, sign * (px - reference) / reference * 1e4);
                }
            }
            Self::Base { amount, fx, base } => product(row, amount, fx, base),
        }
    }
}

fn product(row: &mut [Cell], amount: usize, fx: usize, to: usize) {
    if let (Some(amount), Some(fx)) = (double(row, amount), double(row, fx)) {
        fill(row, to, amount * fx);
    }
}

fn double(row: &[Cell], index: usize) -> Option<f64> {
    match row.get(index) {
        Some(&Cell::Double(v)) => Some(v),
        _ => None,
    }
}

fn fill(row: &mut [Cell], index: usize, value: f64) {
    if let Some(cell @ Cell::Null) = row.get_mut(index)
        && value.is_finite()
    {
        *cell = Cell::Double(value);
    }
}
