//! May an order be sent? The latch that halts trading, the lease that only one strategy holds,
//! and the gate that every order passes.
//!
//! This crate sends no order. A strategy asks the [`Gate`] before each of its own; an operator
//! halts and resumes; a deploy fences the old strategy before it starts the new one.

mod config;
mod gate;
mod halt;
mod lease;

use std::path::{Path, PathBuf};

pub use config::{Config, ConfigProblem, Program, ProgramError, ProgramRunError};
pub use gate::{Gate, Intent, OnUnknown, Refused};
pub use halt::{Halt, HaltError, HaltFile, HaltRecord};
pub use lease::{Claim, Lease, LeaseError, LeaseHolder, LeaseName, LeaseState, Leases};

/// Where the latch is in a directory of trading.
pub(crate) fn halt_path(dir: &Path) -> PathBuf {
    dir.join("halt")
}

/// Where the leases are in a directory of trading.
pub(crate) fn leases_path(dir: &Path) -> PathBuf {
    dir.join("leases")
}
