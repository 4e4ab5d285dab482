//! `plimsoll ssot explain`.

use clap::Args;
use plimsoll_ssot::{Explanation, Spoken};
use serde_json::{Value, json};

use super::show::origin_json;
use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure};
use crate::grid::{self, Format};
use crate::store::Rows;

/// Arguments of `plimsoll ssot explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The key, such as `limits.max_leverage`
    key: String,
    /// One JSON object: version, key, layers
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &ExplainArgs) -> Result<Exit, Failure> {
    let ssot = args.config.load()?;
    let explanation =
        ssot.explain(&args.key).ok_or_else(|| super::get::unknown(&ssot, &args.key))?;
    if args.json {
        println!("{}", json(&explanation));
        return Ok(Exit::Fine);
    }
    let columns = ["holds", "value", "said at"].map(str::to_owned).to_vec();
    let row = |spoken: &Spoken| {
        let holds = if spoken.is_effective { "yes" } else { "" };
        let cells = [holds.to_owned(), spoken.value.clone(), spoken.origin.to_string()];
        cells.map(Value::String).to_vec()
    };
    let rows = explanation.layers.iter().rev().map(row).collect();
    grid::print(&Rows { columns, rows, is_cut: false }, Format::Table, &mut std::io::stdout())?;
    let unit = explanation.unit.map(|unit| format!("unit: {unit}"));
    let secret = explanation.is_secret.then(|| "a secret: only its name is shown".to_owned());
    for line in unit.into_iter().chain(secret) {
        println!("{line}");
    }
    Ok(Exit::Fine)
}

fn json(explanation: &Explanation) -> Value {
    let layer = |spoken: &Spoken| {
        json!({
            "origin": origin_json(&spoken.origin),
            "value": spoken.value,
            "is_effective": spoken.is_effective,
        })
    };
    json!({
        "version": 1,
        "key": explanation.key,
        "unit": explanation.unit,
        "is_secret": explanation.is_secret,
        "layers": explanation.layers.iter().map(layer).collect::<Vec<_>>(),
    })
}
