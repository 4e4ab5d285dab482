//! `plimsoll ssot schema`.

use crate::failure::{Exit, Failure};
use crate::glue::sections;

pub(crate) fn run() -> Result<Exit, Failure> {
    println!("{}", sections::all().json_schema());
    Ok(Exit::Fine)
}
