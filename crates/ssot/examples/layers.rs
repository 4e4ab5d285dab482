//! Three layers speak of two values; who said what is known, and a mistake has its place.

use std::io::Write as _;

use plimsoll_ssot::{Layers, SectionSpec};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
struct Desk {
    max_open_orders: u32,
    venue: String,
}

impl Default for Desk {
    fn default() -> Self {
        Self { max_open_orders: 20, venue: "PAPER".to_owned() }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout();
    let layers = Layers::new()
        .with_section(SectionSpec::new("desk", &Desk::default()))
        .with_file("canonical.yaml", "desk:\n  venue: BINANCE\n")
        .with_env([("PLIMSOLL_DESK__MAX_OPEN_ORDERS", "5")]);
    let ssot = layers.load()?;
    for setting in ssot.settings() {
        writeln!(out, "{} = {}, said at {}", setting.key, setting.value, setting.origin)?;
    }
    let typo = layers.with_file("canonical.yaml", "desk:\n  venu: BINANCE\n");
    if let Err(problems) = typo.load() {
        writeln!(out, "\n{problems}")?;
    }
    Ok(())
}
