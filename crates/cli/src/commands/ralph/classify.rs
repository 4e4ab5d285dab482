//! `plimsoll ralph classify`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};
use plimsoll_ralph::Now;
use plimsoll_ralph::classify::{self, Classification, Half, Task, Weights, evaluate};
use plimsoll_ralph::hook::{self, Options, Project, read_weights, reset_weights};
use serde_json::json;

use super::DirArgs;
use crate::failure::{Exit, Failure, Hint as _};

const EXAMPLES: &str = "\
Examples:
  plimsoll ralph classify \"fix all lint errors\"             what a prompt is taken for
  plimsoll ralph classify --explain \"fix all lint errors\"   and why: keywords, weights, what was learned
  plimsoll ralph classify --learned                         every keyword that loops' outcomes have moved
  plimsoll ralph classify --reset                           forget what was learned
  plimsoll ralph classify --labeled prompts.tsv             a confusion matrix over prompts of your own

A file of labeled prompts has one a line: `ralph`, `creative` or `standard`, a tab, the prompt.";

/// Arguments of `plimsoll ralph classify`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ClassifyArgs {
    /// The prompt
    #[arg(required_unless_present_any = ["learned", "reset", "labeled"])]
    prompt: Option<String>,
    /// Show keywords, weights and scores
    #[arg(long, requires = "prompt")]
    explain: bool,
    /// Show what was learned here
    #[arg(long, conflicts_with = "prompt")]
    learned: bool,
    /// Forget what was learned here
    #[arg(long, conflicts_with_all = ["prompt", "learned"])]
    reset: bool,
    /// Classify a file of labeled prompts, and show what was right
    #[arg(long, value_name = "FILE", conflicts_with_all = ["prompt", "learned", "reset"])]
    labeled: Option<PathBuf>,
    /// Of a labeled file, only the half that keywords may be tuned by, or the one that judges them
    #[arg(long, value_enum, requires = "labeled")]
    half: Option<HalfArg>,
    /// With --labeled, list what was wrong
    #[arg(long, requires = "labeled")]
    wrong: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    dir: DirArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum HalfArg {
    Tuning,
    HeldOut,
}

pub(crate) fn run(args: &ClassifyArgs) -> Result<Exit, Failure> {
    let project = args.dir.open()?;
    if let Some(file) = &args.labeled {
        return labeled(args, file);
    }
    if args.reset {
        let had = reset_weights(&project.dir())?;
        println!("{}", if had { "forgotten" } else { "nothing was learned here" });
        return Ok(Exit::Fine);
    }
    let weights = read_weights(&project.dir(), &now())
        .hint("`plimsoll ralph classify --reset` forgets it")?;
    match &args.prompt {
        Some(prompt) => tell(args, prompt, &weights, &project),
        None => learned(args, &weights),
    }
}

#[allow(clippy::disallowed_methods, reason = "a command begins now")]
fn now() -> Now {
    Now { wall: SystemTime::now(), since_boot: Duration::ZERO, boot_id: 0 }
}

fn labeled(args: &ClassifyArgs, file: &PathBuf) -> Result<Exit, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| anyhow::anyhow!("cannot read `{}`: {error}", file.display()))
        .hint("name a file of labeled prompts")?;
    let half = match args.half {
        None => Half::All,
        Some(HalfArg::Tuning) => Half::Tuning,
        Some(HalfArg::HeldOut) => Half::HeldOut,
    };
    // What was learned here is left out, so that everybody sees the same figure.
    let confusion =
        evaluate(&text, half, &Weights::default()).hint("see `plimsoll ralph classify --help`")?;
    if args.json {
        println!(
            "{}",
            json!({
                "version": 1,
                "rows": ["ralph", "creative", "standard"],
                "columns": ["ralph", "asked", "creative", "standard"],
                "prompts": confusion.prompts,
                "precision_ratio": confusion.precision_ratio(),
                "recall_ratio": confusion.recall_ratio(),
            })
        );
    } else {
        print!("{confusion}");
    }
    if args.wrong {
        confusion.wrong.iter().for_each(|line| println!("{line}"));
    }
    Ok(Exit::Fine)
}

fn tell(
    args: &ClassifyArgs,
    prompt: &str,
    weights: &Weights,
    project: &Project,
) -> Result<Exit, Failure> {
    let class = classify::classify(prompt, weights);
    if args.json {
        let class = serde_json::to_value(&class)?;
        println!("{}", json!({"version": 1, "classification": class}));
        return Ok(Exit::Fine);
    }
    let config =
        hook::config(project, &Options::from_env()).hint("`plimsoll ralph doctor` says more")?;
    println!("{}", verdict(&class, config.start_confidence_min_ratio));
    if args.explain {
        explain(&class);
    }
    Ok(Exit::Fine)
}

fn verdict(class: &Classification, start_min: f64) -> String {
    if let Some(why) = class.skipped {
        return format!("standard: not looked at, {why}");
    }
    let confidence = class.confidence_ratio;
    match class.task {
        Task::Mechanical if confidence >= start_min => {
            format!("ralph: a loop starts ({confidence:.2})")
        }
        Task::Mechanical => format!(
            "ralph?: asks before it starts ({confidence:.2}, a loop starts from {start_min:.2} on)"
        ),
        Task::Creative => format!("creative: asks for several solutions ({confidence:.2})"),
        _ => format!("standard: as always ({confidence:.2})"),
    }
}

fn explain(class: &Classification) {
    let [mechanical, creative, standard] = class.scores;
    println!(
        "scores: mechanical {mechanical:.2}, creative {creative:.2}, standard {standard:.2}; complexity {:.2}",
        class.complexity_ratio
    );
    println!("{:24}{:>10}{:>8}{:>9}", "keyword", "says", "weight", "learned");
    for found in &class.keywords {
        let says = serde_json::to_value(found.role).unwrap_or_default();
        let asked = if found.is_in_question { "  in a question" } else { "" };
        println!(
            "{:24}{:>10}{:>8.2}{:>+9.2}{asked}",
            found.keyword,
            says.as_str().unwrap_or_default(),
            found.prior,
            found.learned
        );
    }
}

fn learned(args: &ClassifyArgs, weights: &Weights) -> Result<Exit, Failure> {
    if args.json {
        let changes: serde_json::Map<_, _> = weights
            .changes()
            .map(|(keyword, change)| (keyword.to_owned(), change.into()))
            .collect();
        println!("{}", json!({"version": 1, "changes": changes}));
        return Ok(Exit::Fine);
    }
    let mut is_empty = true;
    for (keyword, change) in weights.changes() {
        println!("{keyword:24}{change:>+8.3}");
        is_empty = false;
    }
    if is_empty {
        println!("nothing was learned here");
    }
    Ok(Exit::Fine)
}
