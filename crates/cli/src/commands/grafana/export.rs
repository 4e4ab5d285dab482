//! `plimsoll grafana export`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use plimsoll_board::grafana::{
    DataSource, Difference, Export, File, GrafanaOptions, compare, export,
};

use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure};

/// Directories that an export writes into.
const OURS: [&str; 4] =
    ["plimsoll", "provisioning/alerting", "provisioning/dashboards", "provisioning/datasources"];
/// A file of ours is far smaller; another one there is nobody's business.
const BYTES_MAX: u64 = 4 << 20;

/// Arguments of `plimsoll grafana export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Directory to write into
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Say what differs from what is there, change nothing
    #[arg(long)]
    check: bool,
    /// Say what would be written, write nothing
    #[arg(long, conflicts_with = "check")]
    dry_run: bool,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Where Grafana finds the rows.
#[derive(Debug, Clone, Args)]
pub(super) struct PlaceArgs {
    /// How Grafana reaches QuestDB
    #[arg(long, value_enum, default_value = "plugin")]
    source: Source,
    /// Host of QuestDB, as Grafana sees it
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// Port of QuestDB's Postgres wire protocol
    #[arg(long, default_value = "8812")]
    port: u16,
    /// Before each table's name, such as bt_
    #[arg(long, default_value = "")]
    prefix: String,
    /// How often rules are evaluated, a multiple of 10
    #[arg(long, value_name = "SECS", default_value = "10", value_parser = interval)]
    interval: Duration,
}

/// How Grafana reaches QuestDB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Source {
    /// QuestDB's plugin, which needs Grafana 12.3 or newer
    Plugin,
    /// Grafana's own Postgres data source
    Postgres,
}

fn interval(text: &str) -> Result<Duration, String> {
    match text.parse::<u64>() {
        Ok(secs) if secs >= 10 && secs.is_multiple_of(10) => Ok(Duration::from_secs(secs)),
        _ => Err("Grafana evaluates every 10 s or a multiple of it".to_owned()),
    }
}

impl PlaceArgs {
    fn options(&self) -> GrafanaOptions {
        let source = match self.source {
            Source::Plugin => DataSource::Plugin,
            Source::Postgres => DataSource::Postgres,
        };
        GrafanaOptions::default()
            .with_source(source)
            .with_address(self.host.clone(), self.port)
            .with_prefix(self.prefix.clone())
            .with_interval(self.interval)
    }
}

pub(crate) fn run(args: &ExportArgs) -> Result<Exit, Failure> {
    let Export { files, left_out, .. } =
        export(&super::board(&args.config)?, &args.place.options());
    for (rule, why) in &left_out {
        eprintln!("rule {rule} stays with the station: {why}");
    }
    let there = read(&args.out)?;
    let differences = compare(&there, &files);
    if args.check {
        return Ok(tell(&differences, &args.out));
    }
    if args.dry_run {
        tell(&differences, &args.out);
        println!("{} files would be as they should; nothing was written", files.len());
        return Ok(Exit::Fine);
    }
    for file in &files {
        let path = args.out.join(&file.path);
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)
                .with_context(|| format!("cannot create `{}`", dir.display()))?;
        }
        if !there.iter().any(|old| old == file) {
            plimsoll_durable::replace(&path, file.text.as_bytes())
                .with_context(|| format!("cannot write `{}`", path.display()))?;
        }
    }
    let extra = differences.iter().filter_map(|difference| match difference {
        Difference::Extra { path } => Some(path),
        _ => None,
    });
    for path in extra {
        println!(
            "{} is of an earlier export and no part of this one",
            args.out.join(path).display()
        );
    }
    println!(
        "{} files in {}, {} rules left to the station",
        files.len(),
        args.out.display(),
        left_out.len()
    );
    Ok(Exit::Fine)
}

fn tell(differences: &[Difference], out: &Path) -> Exit {
    for difference in differences {
        match difference {
            Difference::Missing { path } => println!("missing  {}", out.join(path).display()),
            Difference::Extra { path } => println!("extra    {}", out.join(path).display()),
            Difference::Changed { path, line, found, wanted } => {
                println!(
                    "changed  {}:{line}\n  is     {found}\n  should {wanted}",
                    out.join(path).display()
                );
            }
            _ => println!("differs"),
        }
    }
    if differences.is_empty() { Exit::Fine } else { Exit::Finding }
}

/// The files that are there, in the directories of an export.
fn read(out: &Path) -> Result<Vec<File>, Failure> {
    let mut files = Vec::new();
    for dir in OURS {
        let Ok(entries) = std::fs::read_dir(out.join(dir)) else { continue };
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot list `{dir}`"))?;
            let is_small = entry.metadata().is_ok_and(|of| of.is_file() && of.len() < BYTES_MAX);
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_small && let Ok(text) = std::fs::read_to_string(entry.path()) {
                files.push(File::new(format!("{dir}/{name}"), text));
            }
        }
    }
    Ok(files)
}
