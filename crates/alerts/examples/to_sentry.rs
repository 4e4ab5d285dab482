//! A strategy that tells Sentry what went wrong, and nothing that is secret. `SENTRY_DSN` says where; without it
//! nothing is sent.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::{error::Error, time::Duration};

use plimsoll_alerts::{SecretRef, Secrets, Sentry, SentryOptions, TradingContext};

fn main() -> Result<(), Box<dyn Error>> {
    // The program chooses how TLS is done; a library must not.
    rustls::crypto::ring::default_provider().install_default().map_err(|_| "chosen already")?;
    let options = SentryOptions::new(SecretRef::parse("${SENTRY_DSN}")?).with_release("ema@1.4.0");
    let sentry = match Sentry::start(&options, &Secrets::of_process()) {
        Ok(sentry) => sentry,
        Err(error) => {
            println!("nothing is sent: {error}");
            return Ok(());
        }
    };
    let strategy = sentry.strategy(
        &TradingContext::of("ema-001").at("HYPERLIQUID", "BTC-USD-PERP").with_account("HL-main"),
    );
    sentry.catch_panics(&strategy);

    strategy.breadcrumb("order", "submitted O-1", &[("qty", "0.5"), ("px", "64250.5")]);
    if let Err(error) = "0.5.1".parse::<f64>() {
        strategy.capture_error(&error, &[("field", "fill.qty")]);
    }
    strategy.breadcrumb("order", "venue holds 0.5, we hold 0.0 on HL-main", &[]);
    let mismatch = std::io::Error::other("position unknown: venue and cache differ");
    let id = strategy.capture_critical(&mismatch, &[("venue", "HYPERLIQUID")]);
    println!("critical event {id}");
    // A bug in a thread of the strategy.
    let fills: Vec<f64> = Vec::new();
    let bug = std::thread::spawn(move || fills.iter().copied().reduce(f64::max).expect("no fills"));
    println!("panicked: {}", bug.join().is_err());
    println!("{:?}", sentry.close(Duration::from_secs(5)));
    Ok(())
}
