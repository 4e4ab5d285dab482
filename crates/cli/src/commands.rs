//! One file per subcommand.

pub(crate) mod completions;
pub(crate) mod metrics;
pub(crate) mod paper;
pub(crate) mod tables;
