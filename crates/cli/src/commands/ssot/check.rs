//! `plimsoll ssot check`.

use std::io::IsTerminal as _;

use clap::Args;
use plimsoll_ssot::{Look, Problem, Problems, Ssot};
use serde_json::{Value, json};

use super::show::origin_json;
use crate::configuration::{self, ConfigArgs};
use crate::failure::{Exit, Failure};

/// Arguments of `plimsoll ssot check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Also ask for every secret: is its variable set, can its file be read?
    #[arg(long)]
    secrets: bool,
    /// One JSON object: version, problems with their places
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    let layers = args.config.layers()?;
    let checked = layers.check().and_then(|all| match args.secrets {
        true => all.iter().try_for_each(Ssot::check_secrets).map(|()| all),
        false => Ok(all),
    });
    let problems = checked.as_ref().err();
    if args.json {
        println!("{}", json(problems));
    } else {
        match (&checked, problems) {
            (Ok(all), _) => tell_fine(all),
            (_, Some(problems)) => tell_problems(problems),
            _ => {}
        }
    }
    Ok(if problems.is_none() { Exit::Fine } else { Exit::Finding })
}

fn tell_fine(all: &[Ssot]) {
    if all.iter().all(|ssot| !ssot.has_file()) {
        configuration::tell_defaults();
    }
    for ssot in all {
        let profile = ssot.profile().map_or("no profile".to_owned(), |p| format!("profile {p}"));
        println!("fine: {profile}, {} values, digest {}", ssot.settings().count(), ssot.digest());
    }
}

fn tell_problems(problems: &Problems) {
    let look = if std::io::stdout().is_terminal() { Look::Colored } else { Look::Plain };
    let count = problems.len();
    let noun = if count == 1 { "problem" } else { "problems" };
    println!("{}\n\n{count} {noun}", problems.render(look));
}

fn json(problems: Option<&Problems>) -> Value {
    let all: Vec<Value> = problems.into_iter().flat_map(Problems::iter).map(problem_json).collect();
    json!({ "version": 1, "is_fine": all.is_empty(), "problems": all })
}

fn problem_json(problem: &Problem) -> Value {
    let related = problem
        .related
        .iter()
        .map(|(origin, label)| json!({ "origin": origin_json(origin), "label": label }));
    json!({
        "kind": problem.kind.name(),
        "key": problem.key,
        "message": problem.message,
        "origin": origin_json(&problem.origin),
        "found": problem.found,
        "wanted": problem.wanted,
        "nearest": problem.nearest,
        "hint": problem.hint,
        "related": related.collect::<Vec<_>>(),
    })
}
