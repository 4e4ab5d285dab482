//! People are told: by the rules' receivers, on Discord, by Sentry.

use plimsoll_alerts::{
    AlertsConfig, ReceiverConfig, Secrets, SentryConfig, TestError, test_receiver,
};
use plimsoll_kit::CheckState;

use crate::glue::sections::{ALERTS, SENTRY};
use crate::probes::Surroundings;

/// A drawdown of 17.5 % goes the whole way to its receiver.
pub(in crate::probes) fn drawdown_alert(around: &Surroundings) -> CheckState {
    const FIX: &str = "run `plimsoll alerts check`, then the same by hand";
    match around.store.config().section::<AlertsConfig>(ALERTS) {
        Ok(config) if config.delivery.receivers.is_empty() => {
            let fix = "`plimsoll alerts setup discord` makes a receiver";
            return around.absent("monitoring.drawdown-alert", "nobody would be told", fix);
        }
        Ok(_) => {}
        Err(failure) => return CheckState::failed(failure.to_string(), FIX),
    }
    // Twice this, once for the news and once for its end, stays below the limit of a check.
    let wait = ["--timeout", "15s"];
    let args = [&["alerts", "test", "drawdown_critical", "--value", "0.175"][..], &wait].concat();
    around.program.own(&args, FIX)
}

/// A message reaches every Discord channel of the configuration; Discord says its id.
pub(in crate::probes) fn discord(around: &Surroundings) -> CheckState {
    const FIX: &str = "run `plimsoll alerts setup discord`; docs/discord.md says how";
    let delivery = match around.store.config().section::<AlertsConfig>(ALERTS) {
        Ok(config) => config.delivery,
        Err(failure) => return CheckState::failed(failure.to_string(), FIX),
    };
    let is_discord = |of: &ReceiverConfig| matches!(of, ReceiverConfig::Discord { .. });
    let channels = delivery.receivers.iter().filter(|(_, of)| is_discord(of));
    let mut ids = Vec::new();
    for (name, _) in channels {
        match test_receiver(name, &delivery, &Secrets::of_process()) {
            Ok((receipt, _)) => {
                let id = receipt.message_id.unwrap_or_else(|| "without an id".to_owned());
                ids.push(format!("{name} has message {id}"));
            }
            Err(error) => return CheckState::failed(format!("{name}: {}", words(&error)), FIX),
        }
    }
    if ids.is_empty() {
        return around.absent("monitoring.discord", "no receiver is a channel on Discord", FIX);
    }
    CheckState::ok(ids.join(", "))
}

/// An error with what caused it.
fn words(error: &TestError) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// An error reaches Sentry, and is found there by its id.
pub(in crate::probes) fn sentry_event(around: &Surroundings) -> CheckState {
    const FIX: &str = "run `plimsoll sentry test` by hand";
    const SET_UP: &str = "set sentry.organization, sentry.project and SENTRY_DSN";
    let config: SentryConfig = match around.store.config().section(SENTRY) {
        Ok(config) => config,
        Err(failure) => return CheckState::failed(failure.to_string(), FIX),
    };
    if config.organization.is_empty() || config.project.is_empty() {
        return CheckState::skipped(format!("no project is named; {SET_UP}"));
    }
    if let Err(error) = Secrets::of_process().check(&config.dsn) {
        return CheckState::skipped(format!("{error}; {SET_UP}"));
    }
    match around.program.ran(&["sentry", "test"]) {
        Ok(ran) if ran.code == 0 => CheckState::ok(ran.last_words()),
        Ok(ran) if ran.out.contains("SENT, NOT CONFIRMED") => {
            CheckState::degraded(ran.last_words())
        }
        Ok(ran) => CheckState::failed(ran.complaint(), FIX),
        Err(state) => state,
    }
}
