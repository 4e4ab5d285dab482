//! A strategy at the paper venue sends what the gate lets through.

use plimsoll_paper::{Command, Permit};
use plimsoll_snapshot::trading::{Gate, Intent};

use crate::failure::causes;
use crate::moment::now;

/// A gate as the paper venue's trader wants it.
#[derive(Debug)]
pub(crate) struct GatePermit(pub(crate) Gate);

impl Permit for GatePermit {
    fn pass(&mut self, command: &Command, send: &mut dyn FnMut()) -> Result<(), String> {
        let intent = match command {
            Command::Place(order) if order.reduce_only => Intent::Reduce,
            Command::Cancel(_) => Intent::Cancel,
            // Also what this program does not know yet.
            _ => Intent::Open,
        };
        self.0.order(intent, now(), |_| send()).map_err(|refused| causes(&refused))
    }
}
