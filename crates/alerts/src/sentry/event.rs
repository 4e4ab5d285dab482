//! Events as Sentry's rules and people look for them.

use std::{collections::BTreeMap, error::Error, panic::PanicHookInfo};

use sentry_core::{
    Scope, event_from_error,
    protocol::{Context, Event, Exception, Level, Mechanism, Stacktrace},
};

use super::{TradingContext, frames};

/// What sort of thing happened; the tag `trading.kind`, by which Sentry's alert rules tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Error,
    Critical,
    Connection,
    Risk,
}

impl Sort {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Connection => "connection",
            Self::Risk => "risk",
        }
    }
}

/// Puts what a strategy is into its scope: as tags to search by, and as a context to read.
pub(super) fn describe(scope: &mut Scope, context: &TradingContext) {
    let fields = [
        ("strategy_id", &context.strategy_id),
        ("trader_id", &context.trader_id),
        ("instrument_id", &context.instrument_id),
        ("venue", &context.venue),
        ("mode", &context.mode),
    ];
    let said = fields.into_iter().filter(|(_, value)| !value.is_empty());
    let mut trading = BTreeMap::new();
    for (name, value) in said {
        scope.set_tag(&format!("trading.{name}"), value);
        trading.insert(name.to_owned(), value.as_str().into());
    }
    if !trading.is_empty() {
        scope.set_context("trading", Context::Other(trading));
    }
}

/// An error with its causes, the outermost last.
pub(super) fn of_error(
    error: &(dyn Error + 'static),
    sort: Sort,
    tags: &[(&str, &str)],
) -> Event<'static> {
    let mut event = event_from_error(error);
    event.level = if sort == Sort::Critical { Level::Fatal } else { Level::Error };
    for (name, value) in tags {
        event.tags.insert((*name).to_owned(), (*value).to_owned());
    }
    mark(&mut event, sort);
    event
}

/// A limit that was passed. Told apart by its rule, whatever the value.
pub(super) fn of_risk(rule: &str, value: &str, limit: &str) -> Event<'static> {
    let message = Some(format!("risk limit breach: {rule} at {value}, limit {limit}"));
    let fingerprint = vec!["risk".into(), rule.to_owned().into()].into();
    let mut event = Event { message, fingerprint, level: Level::Fatal, ..Event::default() };
    event.tags.insert("trading.rule".to_owned(), rule.to_owned());
    event.extra.insert("value".to_owned(), value.into());
    event.extra.insert("limit".to_owned(), limit.into());
    mark(&mut event, Sort::Risk);
    event
}

/// A panic, with where it was.
pub(super) fn of_panic(info: &PanicHookInfo<'_>, trace: &str) -> Event<'static> {
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned());
    let frames = frames::parse(trace);
    let stacktrace = (!frames.is_empty()).then(|| Stacktrace { frames, ..Stacktrace::default() });
    let mut mechanism =
        Mechanism { ty: "panic".to_owned(), handled: Some(false), ..Mechanism::default() };
    if let Some(at) = info.location() {
        mechanism.data.insert("location".to_owned(), at.to_string().into());
    }
    let exception = Exception {
        ty: "panic".to_owned(),
        value: Some(message),
        stacktrace,
        mechanism: Some(mechanism),
        ..Exception::default()
    };
    let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
    let mut event =
        Event { exception: vec![exception].into(), level: Level::Fatal, ..Event::default() };
    event.tags.insert("thread".to_owned(), thread);
    mark(&mut event, Sort::Critical);
    event
}

fn mark(event: &mut Event<'static>, sort: Sort) {
    event.tags.insert("trading.kind".to_owned(), sort.as_str().to_owned());
    let is_critical = matches!(sort, Sort::Critical | Sort::Risk);
    event.tags.insert("trading.critical".to_owned(), is_critical.to_string());
}
