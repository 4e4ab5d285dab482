//! Whether all is well, in one line: the first thing that a person on call reads.

use plimsoll_metrics::Timestamp;
use plimsoll_metrics::read::Rfc3339;

use super::Facts;
use crate::alarms::{Alarm, AlarmLevel};

/// Whether all is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Rows come, rules run, none fires.
    Fine,
    /// Rules fire.
    Firing,
    /// Nobody can say.
    Unknown,
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Firing => "firing",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether all is well, and what else there is to say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) state: State,
    pub(crate) headline: String,
    pub(crate) details: Vec<String>,
}

/// What fires comes first; what nobody can say is never fine.
pub(crate) fn verdict(facts: &Facts, now_ns: i64) -> Verdict {
    let alarms = facts.watching.as_ref().map(|w| w.alarms.as_slice()).unwrap_or_default();
    let firing = alarms.iter().filter(|alarm| is_firing(alarm)).count();
    let unknown = unknown(facts, alarms, now_ns);
    let (state, headline, also) = match (firing, unknown) {
        (0, None) => (State::Fine, "everything fine".to_owned(), None),
        (0, Some(why)) => (State::Unknown, format!("unknown: {why}"), None),
        (_, unknown) => (State::Firing, fires(alarms, firing), unknown),
    };
    let mut details: Vec<String> = also.into_iter().collect();
    details.push(match facts.age_secs {
        None => "no row since the start".to_owned(),
        Some(age) => format!("last row stored {} ago", span(age)),
    });
    let watching = facts.watching.as_ref();
    details.extend(watching.and_then(|watching| watching.over.clone()));
    details.extend(watching.map(|w| w.delivery.clone()).filter(|text| !text.is_empty()));
    // Beside a producer that writes into the store itself, the station stores none.
    if facts.rows_stored > 0 {
        details.push(format!("{} rows stored since the start", facts.rows_stored));
    }
    Verdict { state, headline, details }
}

/// Why nobody can say whether all is well.
fn unknown(facts: &Facts, alarms: &[Alarm], now_ns: i64) -> Option<String> {
    let Some(watching) = &facts.watching else {
        return Some("no rules are evaluated here".to_owned());
    };
    if let Some(why) = &watching.unknown {
        return Some(why.clone());
    }
    let is_stale = facts.age_secs.is_none_or(|age| age > facts.stale_after_secs);
    if is_stale && watching.over.is_none() {
        return Some(match facts.age_secs {
            None => "no row since the start".to_owned(),
            Some(age) => format!("stale since {} UTC", clock(now_ns, age)),
        });
    }
    let blind = alarms.iter().filter(|alarm| matches!(alarm.state.as_str(), "no_data" | "error"));
    match blind.count() {
        0 => None,
        1 => Some("1 alert has nothing to judge by".to_owned()),
        n => Some(format!("{n} alerts have nothing to judge by")),
    }
}

/// Whether somebody must look at it: what is for information only leaves all well.
fn is_firing(alarm: &Alarm) -> bool {
    alarm.is_firing && alarm.level != AlarmLevel::Info
}

fn fires(alarms: &[Alarm], firing: usize) -> String {
    let of = |is: &dyn Fn(&Alarm) -> bool| alarms.iter().filter(|a| is_firing(a) && is(a)).count();
    let noun = if firing == 1 { "alert" } else { "alerts" };
    let mut text = format!("{firing} {noun} firing");
    match of(&|alarm| alarm.level == AlarmLevel::Critical) {
        0 => {}
        critical => text.push_str(&format!(", {critical} critical")),
    }
    match of(&|alarm| alarm.acked_by.is_some()) {
        0 => {}
        acked => text.push_str(&format!(", {acked} acknowledged")),
    }
    text
}

/// The time of day at which a span of that many seconds began.
fn clock(now_ns: i64, age_secs: f64) -> String {
    #[allow(clippy::cast_possible_truncation, reason = "an age is far below 292 years")]
    let began = now_ns.saturating_sub((age_secs * 1e9) as i64);
    let text = Rfc3339(Timestamp::from_nanos(began)).to_string();
    text.get(11..19).unwrap_or_default().to_owned()
}

/// A span as people read it.
fn span(secs: f64) -> String {
    match secs {
        secs if secs < 60.0 => format!("{secs:.1} s"),
        secs if secs < 3600.0 => format!("{:.0} min", (secs / 60.0).floor()),
        secs => format!("{:.0} h", (secs / 3600.0).floor()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::alarms::Watching;

    /// 2026-11-24 08:30:00 UTC.
    const NOW_NS: i64 = 1_795_509_000_000_000_000;

    #[track_caller]
    fn check(age_secs: Option<f64>, watching: Option<Watching>, state: State, wanted: &str) {
        let facts =
            Facts { rows_stored: 0, age_secs, stale_after_secs: 60.0, watching, form_key: None };
        let found = verdict(&facts, NOW_NS);
        assert_eq!((found.state, found.headline.as_str()), (state, wanted), "{found:?}");
    }

    fn alarm(level: AlarmLevel) -> Alarm {
        Alarm::firing("x", level, SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn what_nobody_can_say_is_never_fine() {
        let quiet = || Some(Watching::default());
        check(Some(0.4), quiet(), State::Fine, "everything fine");
        check(Some(0.4), None, State::Unknown, "unknown: no rules are evaluated here");
        check(None, quiet(), State::Unknown, "unknown: no row since the start");
        check(Some(75.0), quiet(), State::Unknown, "unknown: stale since 08:28:45 UTC");
        let stuck = Watching::default().unknown("rules have not run for 20 s");
        check(Some(0.4), Some(stuck), State::Unknown, "unknown: rules have not run for 20 s");
        let blind = Watching::new(vec![alarm(AlarmLevel::Warning).in_state("no_data")]);
        let wanted = "unknown: 1 alert has nothing to judge by";
        check(Some(0.4), Some(blind), State::Unknown, wanted);
        let info = Watching::new(vec![alarm(AlarmLevel::Info)]);
        check(Some(0.4), Some(info), State::Fine, "everything fine");
        let over = Watching::default().over("the replay is over");
        check(Some(7_200.0), Some(over), State::Fine, "everything fine");
    }

    #[test]
    fn what_fires_comes_before_what_is_unknown() {
        let one = alarm(AlarmLevel::Warning).with_people(Some("me".to_owned()), None);
        let both = Watching::new(vec![alarm(AlarmLevel::Critical), one.clone()]);
        let wanted = "2 alerts firing, 1 critical, 1 acknowledged";
        check(Some(0.4), Some(both.clone()), State::Firing, wanted);
        check(Some(75.0), Some(both.clone()), State::Firing, wanted);
        check(
            None,
            Some(Watching::new(vec![one])),
            State::Firing,
            "1 alert firing, 1 acknowledged",
        );
        let facts = Facts {
            rows_stored: 7,
            age_secs: Some(75.0),
            stale_after_secs: 60.0,
            watching: Some(both.delivering("2 messages wait")),
            form_key: None,
        };
        let details = verdict(&facts, NOW_NS).details;
        assert_eq!(
            details,
            [
                "stale since 08:28:45 UTC",
                "last row stored 1 min ago",
                "2 messages wait",
                "7 rows stored since the start"
            ]
        );
    }
}
