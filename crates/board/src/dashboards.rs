//! The dashboards that come with it, one file each.

mod agents;
mod alerts;
mod drawdown;
mod errors;
mod health;
mod latency;
mod now;
mod pnl;
mod positions;
mod ralph;

use crate::{board::Draft, scope::Variable};

/// Choices that account-wide figures do not depend on.
const ACCOUNT_WIDE: [Variable; 2] = [Variable::Strategy, Variable::Instrument];

/// All of them, the first screen first.
pub(crate) fn all() -> [Draft; 10] {
    [
        now::draft(),
        pnl::draft(),
        drawdown::draft(),
        latency::draft(),
        errors::draft(),
        positions::draft(),
        health::draft(),
        alerts::draft(),
        agents::draft(),
        ralph::draft(),
    ]
}
