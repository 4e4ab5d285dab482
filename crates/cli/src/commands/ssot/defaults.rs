//! `plimsoll ssot defaults`.

use crate::failure::{Exit, Failure};
use crate::glue::sections;

pub(crate) fn run() -> Result<Exit, Failure> {
    print!("{}", sections::all().starter());
    Ok(Exit::Fine)
}
