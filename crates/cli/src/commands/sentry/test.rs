//! `plimsoll sentry test`.

use std::time::Duration;

use clap::Args;
use plimsoll_alerts::{Secrets, Sentry, SentryApi, SentryOptions, TradingContext, parse_span};

use super::ProjectArgs;
use crate::failure::{Exit, Failure, Hint as _};
use crate::moment::Stopwatch;
use crate::stop::Stop;

/// Pause between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Arguments of `plimsoll sentry test`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 the event was found again; 1 it was not taken; 2 SENT, NOT CONFIRMED."
)]
pub(crate) struct TestArgs {
    #[command(flatten)]
    project: ProjectArgs,
    /// Longest wait until the event is found
    #[arg(long, value_name = "SPAN", value_parser = parse_span, default_value = "30s")]
    timeout: Duration,
}

pub(crate) fn run(args: &TestArgs) -> Result<Exit, Failure> {
    let config = args.project.load()?;
    let secrets = Secrets::of_process();
    let options = SentryOptions::new(config.dsn.clone()).with_environment("test");
    let sentry = Sentry::start(&options, &secrets)
        .hint("set SENTRY_DSN to the address under Settings > Projects > Client Keys")?;
    let watch = Stopwatch::start();
    let scope = sentry.strategy(&TradingContext::of("plimsoll-test"));
    scope.breadcrumb("test", "a person ran `plimsoll sentry test`", &[]);
    let id = scope.capture_message("plimsoll sentry test", &[("trading.kind", "test")]);
    let report = sentry.close(args.timeout);
    if report.sent == 0 {
        return Err(Failure::refused(anyhow::anyhow!("Sentry did not take the event: {report:?}"))
            .with_hint("is the address the project's own, and can this machine reach it?"));
    }
    println!("sent event {id} after {} ms", watch.elapsed().as_millis());
    let api = match SentryApi::new(config.project(), &secrets) {
        Ok(api) => api,
        Err(error) => return Ok(unconfirmed(&error.to_string())),
    };
    let stop = Stop::listen()?;
    while watch.elapsed() < args.timeout && !stop.is_wanted() {
        match api.has_event(&id) {
            Ok(true) => {
                println!("confirmed: read back by its id after {} ms", watch.elapsed().as_millis());
                return Ok(Exit::Fine);
            }
            Ok(false) => stop.pause(LOOK_EVERY),
            Err(error) => return Ok(unconfirmed(&error.to_string())),
        }
    }
    Ok(unconfirmed("Sentry does not find it yet"))
}

fn unconfirmed(why: &str) -> Exit {
    println!("SENT, NOT CONFIRMED: {why}");
    Exit::Unknown
}
