//! `plimsoll ssot show`.

use clap::Args;
use plimsoll_ssot::{Origin, Setting};
use serde_json::{Value, json};

use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure};
use crate::grid::{self, Format};
use crate::store::Rows;

/// Arguments of `plimsoll ssot show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Only this section or part, such as limits.portfolio
    key: Option<String>,
    /// Only what somebody said
    #[arg(long)]
    no_defaults: bool,
    /// One JSON object: version, digest, profile, values with their origins
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &ShowArgs) -> Result<Exit, Failure> {
    let ssot = args.config.load()?;
    let part = args.key.as_deref().unwrap_or_default();
    if ssot.tree(part).is_none() {
        return Err(super::get::unknown(&ssot, part));
    }
    let is_wanted = |setting: &Setting| {
        is_part(&setting.key, part) && !(args.no_defaults && setting.origin.is_default())
    };
    let settings: Vec<Setting> = ssot.settings().filter(is_wanted).collect();
    if args.json {
        let values: Vec<Value> = settings.iter().map(setting_json).collect();
        let body = json!({
            "version": 1,
            "digest": ssot.digest().to_string(),
            "profile": ssot.profile(),
            "has_file": ssot.has_file(),
            "values": values,
        });
        println!("{body}");
        return Ok(Exit::Fine);
    }
    let row = |setting: &Setting| {
        let cells = [setting.key.clone(), setting.value.to_string(), setting.origin.to_string()];
        cells.map(Value::String).to_vec()
    };
    let columns = ["key", "value", "said at"].map(str::to_owned).to_vec();
    let rows = Rows { columns, rows: settings.iter().map(row).collect(), is_cut: false };
    grid::print(&rows, Format::Table, &mut std::io::stdout())?;
    let profile = ssot.profile().unwrap_or("none");
    println!("\nprofile {profile}, digest {}", ssot.digest());
    Ok(Exit::Fine)
}

/// Whether a key is `part` or below it.
fn is_part(key: &str, part: &str) -> bool {
    let rest = key.strip_prefix(part);
    part.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn setting_json(setting: &Setting) -> Value {
    json!({
        "key": setting.key,
        "value": serde_json::to_value(&setting.value).unwrap_or(Value::Null),
        "unit": setting.unit,
        "is_secret": setting.is_secret,
        "origin": origin_json(&setting.origin),
    })
}

/// An origin as programs read it.
pub(crate) fn origin_json(origin: &Origin) -> Value {
    match origin {
        Origin::File { path, profile, line, column, .. } => json!({
            "kind": "file", "path": path.display().to_string(), "profile": profile,
            "line": line, "column": column,
        }),
        Origin::Env { name, .. } => json!({ "kind": "env", "name": name }),
        _ => json!({ "kind": "default" }),
    }
}
