//! `plimsoll alerts setup discord`: from nothing to a message in the channel.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use plimsoll_alerts::{
    DeliveryConfig, ReceiverConfig, SecretRef, Secrets, is_discord_webhook, test_receiver,
};
use plimsoll_durable::{Options, replace_with};

use crate::failure::{Exit, Failure, Hint as _};

const STEPS: &str = "\
A channel's webhook is an address that anybody who knows it can write to. To make one:

  1. In Discord, open the settings of the channel (the gear beside its name).
  2. Integrations > Webhooks > New Webhook.
  3. Give it a name, such as Plimsoll, and press Copy Webhook URL.

You need the permission Manage Webhooks; docs/discord.md has the same at length, and for a bot's channel.
";

/// Arguments of `plimsoll alerts setup`.
#[derive(Debug, Args)]
pub(crate) struct SetupArgs {
    #[command(subcommand)]
    receiver: Kind,
}

#[derive(Debug, Subcommand)]
enum Kind {
    /// A channel on Discord, by its webhook
    Discord(DiscordArgs),
}

/// Arguments of `plimsoll alerts setup discord`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll alerts setup discord
  plimsoll alerts setup discord --name night-shift
  plimsoll alerts setup discord --variable DISCORD_WEBHOOK_URL    (already in the environment: only test it)
  echo \"$URL\" | plimsoll alerts setup discord --secret-file /etc/plimsoll/discord

The address is kept in a file that only its owner may read, or stays in the environment; never in the configuration.")]
pub(crate) struct DiscordArgs {
    /// Name that routes use for the channel
    #[arg(long, default_value = "discord")]
    name: String,
    /// File that keeps the address [default: plimsoll/NAME in the user's configuration directory]
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Variable that has the address already; no file is written
    #[arg(long, value_name = "NAME", conflicts_with = "secret_file")]
    variable: Option<String>,
    /// Replace an address that is kept already
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(args: &SetupArgs) -> Result<Exit, Failure> {
    let Kind::Discord(args) = &args.receiver;
    let reference = match &args.variable {
        Some(name) => SecretRef::parse(&format!("env:{name}"))?,
        None => keep(args)?,
    };
    let config = DeliveryConfig::default()
        .with_receiver(args.name.as_str(), ReceiverConfig::discord(reference.clone()));
    let (receipt, took) = test_receiver(&args.name, &config, &Secrets::of_process())
        .map_err(Failure::refused)
        .map_err(|failure| {
            failure.with_hint("copy the address again; a webhook that was removed needs a new one")
        })?;
    let id = receipt.message_id.as_deref().unwrap_or("without an id");
    println!("The channel has a test message, {id}, after {} ms.", took.as_millis());
    println!("\nFor the canonical configuration:\n");
    println!(
        "alerts:\n  delivery:\n    receivers:\n      {}: {{discord: {{url: \"{reference}\"}}}}",
        args.name
    );
    println!("\nThen `plimsoll alerts test RULE --value N` goes the whole way.");
    Ok(Exit::Fine)
}

/// Asks for the address and keeps it in a file.
fn keep(args: &DiscordArgs) -> Result<SecretRef, Failure> {
    let file = match &args.secret_file {
        Some(file) => file.clone(),
        None => default_file(&args.name)?,
    };
    if file.exists() && !args.force {
        return Err(Failure::refused(anyhow!("`{}` is there already", file.display()))
            .with_hint("--force replaces it; --secret-file names another one"));
    }
    let url = read_url()?;
    if !is_discord_webhook(&url) {
        return Err(Failure::refused(anyhow!(
            "what was pasted is no address of a Discord webhook"
        ))
        .with_hint("it begins with https://discord.com/api/webhooks/"));
    }
    if let Some(dir) = file.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .hint(format!("may `{}` be written?", dir.display()))?;
    }
    write(&file, &url)?;
    println!("Kept in `{}`, which only you may read.", file.display());
    let file = std::path::absolute(&file)?;
    Ok(SecretRef::file(file))
}

fn write(file: &Path, url: &str) -> Result<(), Failure> {
    replace_with(file, &Options::default().with_mode(0o600), format!("{url}\n"))
        .hint("name a file on a local disk with --secret-file")
}

/// Outside of any repository, so that it cannot be committed.
fn default_file(name: &str) -> Result<PathBuf, Failure> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let dir = set("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| set("HOME").map(|home| Path::new(&home).join(".config")));
    let dir = dir.ok_or_else(|| {
        Failure::new(anyhow!("no home directory is known"))
            .with_hint("name a file with --secret-file")
    })?;
    Ok(dir.join("plimsoll").join(name))
}

/// Reads one line; at a terminal without showing it.
fn read_url() -> Result<String, Failure> {
    let is_terminal = io::stdin().is_terminal();
    if is_terminal {
        eprintln!("{STEPS}");
        eprint!("Paste it here (it is not shown): ");
        io::stderr().flush()?;
        echo("-echo");
    }
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    if is_terminal {
        echo("echo");
        eprintln!();
    }
    read.hint("the address is read from standard input")?;
    Ok(line.trim().to_owned())
}

/// Turns the terminal's echo on or off. Where that cannot be, the address is shown, which is no reason to stop.
fn echo(how: &str) {
    let _shown_then = Process::new("stty").arg(how).status();
}
