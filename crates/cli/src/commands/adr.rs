//! `plimsoll adr`: decision records.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};
use plimsoll_kit::{Adr, accept_adr, adr_index, check_adrs, new_adr};

use crate::documents::{self, Document};
use crate::failure::{Exit, Failure, Hint as _};
use crate::moment;

const INDEX: &str = "README.md";
const OTHERS: [&str; 2] = [INDEX, "template.md"];

/// Arguments of `plimsoll adr`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll adr new \"Keep rows in SQLite\"        docs/adr/0004-keep-rows-in-sqlite.md, proposed
  plimsoll adr accept 4 --by \"A. Mate\"          the status becomes: accepted on that day by A. Mate
  plimsoll adr check                            exit 1 if one is out of form, or proposed for over 30 days")]
pub(crate) struct AdrArgs {
    #[command(subcommand)]
    command: Command,
    /// Folder of the records
    #[arg(long, global = true, default_value = "docs/adr", value_name = "DIR")]
    dir: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a new record, proposed, and list it in the index
    New {
        /// The decision as a sentence
        title: String,
    },
    /// List the records with their status
    List,
    /// Mark a proposed record as accepted
    Accept {
        /// Its number
        number: u32,
        /// Who accepts it
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Check form, numbers, index and age of proposals
    Check,
    /// Write the index anew
    Index,
}

pub(crate) fn run(args: &AdrArgs) -> Result<Exit, Failure> {
    let dir = args.dir.as_path();
    match &args.command {
        Command::New { title } => new(dir, title),
        Command::List => list(dir),
        Command::Accept { number, by } => accept(dir, *number, by),
        Command::Check => check(dir),
        Command::Index => {
            write_index(dir)?;
            println!("{}", dir.join(INDEX).display());
            Ok(Exit::Fine)
        }
    }
}

fn records(dir: &Path) -> Result<Vec<Document>, Failure> {
    documents::read(dir, &OTHERS)
        .hint("name the folder with --dir; `plimsoll adr new TITLE` makes the first record")
}

/// Those that can be read; the others are for `check` to name.
fn readable(documents: &[Document]) -> Vec<Adr> {
    documents.iter().filter_map(|doc| Adr::parse(&doc.name, &doc.text).ok()).collect()
}

fn new(dir: &Path, title: &str) -> Result<Exit, Failure> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make `{}`", dir.display()))?;
    let (name, text) = new_adr(&readable(&records(dir)?), title, moment::now());
    let path = dir.join(name);
    documents::create(&path, &text)?;
    write_index(dir)?;
    println!("{}", path.display());
    Ok(Exit::Fine)
}

fn list(dir: &Path) -> Result<Exit, Failure> {
    for Adr { number, title, date, status, .. } in readable(&records(dir)?) {
        println!("{number:04}  {:<10}  {date}  {title}", status.name());
    }
    Ok(Exit::Fine)
}

fn accept(dir: &Path, number: u32, by: &str) -> Result<Exit, Failure> {
    let prefix = format!("{number:04}-");
    let found = records(dir)?.into_iter().find(|doc| doc.name.starts_with(&prefix));
    let Document { name, text } = found.ok_or_else(|| {
        Failure::new(anyhow!("no record {number:04} in `{}`", dir.display()))
            .with_hint("`plimsoll adr list` shows the numbers")
    })?;
    let accepted = accept_adr(&name, &text, by, moment::now()).map_err(Failure::refused)?;
    plimsoll_durable::replace(dir.join(&name), accepted)?;
    write_index(dir)?;
    println!("{}: accepted by {by}", dir.join(name).display());
    Ok(Exit::Fine)
}

fn check(dir: &Path) -> Result<Exit, Failure> {
    let files: Vec<_> = records(dir)?.into_iter().map(|doc| (doc.name, doc.text)).collect();
    let index = fs::read_to_string(dir.join(INDEX)).ok();
    let problems = check_adrs(&files, index.as_deref(), moment::now());
    for problem in &problems {
        println!("{}: {}", dir.join(&problem.name).display(), problem.message);
    }
    eprintln!("{} records, {} problems", files.len(), problems.len());
    Ok(if problems.is_empty() { Exit::Fine } else { Exit::Finding })
}

fn write_index(dir: &Path) -> Result<(), Failure> {
    let path = dir.join(INDEX);
    let old = fs::read_to_string(&path).unwrap_or_default();
    let new = adr_index(&old, &readable(&records(dir)?));
    if new != old {
        plimsoll_durable::replace(path, new)?;
    }
    Ok(())
}
