//! `plimsoll ssot get`.

use clap::Args;
use plimsoll_ssot::Ssot;
use serde_json::json;

use super::show::origin_json;
use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure};

/// Arguments of `plimsoll ssot get`.
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// The key, such as `limits.max_leverage` or `limits.position[0].match`
    key: String,
    /// One JSON object: version, key, value, origin
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &GetArgs) -> Result<Exit, Failure> {
    let ssot = args.config.load()?;
    let tree = ssot.tree(&args.key).ok_or_else(|| unknown(&ssot, &args.key))?;
    if args.json {
        let origin = ssot.origin(&args.key);
        let body = json!({
            "version": 1,
            "key": args.key,
            "value": serde_json::to_value(tree)?,
            "origin": origin.as_ref().map(origin_json),
        });
        println!("{body}");
    } else if let Some(value) = ssot.get(&args.key) {
        println!("{value}");
    } else {
        println!("{:#}", serde_json::to_value(tree)?);
    }
    Ok(Exit::Fine)
}

/// No such key: could not tell.
pub(super) fn unknown(ssot: &Ssot, key: &str) -> Failure {
    let failure = Failure::new(anyhow::anyhow!("there is no key `{key}`"));
    match ssot.nearest_key(key) {
        Some(nearest) => failure.with_hint(format!("did you mean `{nearest}`?")),
        None => failure.with_hint("`plimsoll ssot show` lists all keys"),
    }
}
