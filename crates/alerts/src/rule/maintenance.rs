//! Windows of time in which somebody works on the system, so that its silence is no news.

use std::{collections::BTreeMap, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{Glob, cron::Cron, seconds};

/// Longest window.
pub const MAINTENANCE_MAX: Duration = Duration::from_secs(86_400);

/// A window: once, `from` and `until`; or again and again, `cron` and `for_secs`. It mutes rules of the
/// class [`Liveness`](super::Class::Liveness) only.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Maintenance {
    /// Labels with the values that they must have; empty is everything.
    #[serde(rename = "match", default)]
    pub matches: BTreeMap<String, Glob>,
    /// Begin, as `2026-11-24T22:00:00Z`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// End.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Begin, as five fields of cron in `zone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// Length after each begin by `cron`.
    #[serde(
        rename = "for_secs",
        default,
        with = "seconds",
        skip_serializing_if = "Duration::is_zero"
    )]
    pub span: Duration,
    /// Zone of `cron`. Default UTC.
    #[serde(default = "utc")]
    pub zone: String,
    /// Why.
    pub reason: String,
}

/// What is wrong with a window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` is {found}, wanted {wanted}")]
#[non_exhaustive]
pub struct MaintenanceProblem {
    /// Which field.
    pub field: &'static str,
    /// What stands there.
    pub found: String,
    /// What was wanted.
    pub wanted: &'static str,
}

/// Seconds since 1970.
pub(crate) type Secs = i64;

/// When a window is.
#[derive(Debug, Clone)]
pub(crate) enum Schedule {
    Once { from: Secs, until: Secs },
    Again { cron: Cron, zone: TimeZone, span: Secs },
}

fn utc() -> String {
    "UTC".to_owned()
}

impl Maintenance {
    /// What is wrong with it, if something is.
    ///
    /// # Errors
    ///
    /// [`MaintenanceProblem`] names the first wrong field.
    pub fn check(&self) -> Result<(), MaintenanceProblem> {
        self.schedule().map(drop)
    }

    pub(crate) fn schedule(&self) -> Result<Schedule, MaintenanceProblem> {
        let problem = |field, found: String, wanted| MaintenanceProblem { field, found, wanted };
        if self.reason.trim().is_empty() {
            return Err(problem("reason", "empty".to_owned(), "a few words"));
        }
        let longest = i64::try_from(MAINTENANCE_MAX.as_secs()).unwrap_or(0);
        match (&self.from, &self.until, &self.cron) {
            (Some(from), Some(until), None) => {
                let from = moment("from", from)?;
                let end = moment("until", until)?;
                if end <= from || end.saturating_sub(from) > longest {
                    let wanted = "a moment after `from`, at most 24 h later";
                    return Err(problem("until", format!("`{until}`"), wanted));
                }
                Ok(Schedule::Once { from, until: end })
            }
            (None, None, Some(text)) => {
                let wanted = "five fields: minute, hour, day, month, day of the week";
                let cron = Cron::parse(text).map_err(|found| problem("cron", found, wanted))?;
                let zone = TimeZone::get(&self.zone).map_err(|_| {
                    let wanted = "a zone such as `UTC` or `Europe/Berlin`";
                    problem("zone", format!("`{}`", self.zone), wanted)
                })?;
                let span = i64::try_from(self.span.as_secs()).unwrap_or(i64::MAX);
                if !(60..=longest).contains(&span) {
                    return Err(problem("for_secs", span.to_string(), "60 to 86400"));
                }
                Ok(Schedule::Again { cron, zone, span })
            }
            _ => {
                let wanted = "`from` and `until`, or `cron` and `for_secs`";
                Err(problem("from", "not enough or too much".to_owned(), wanted))
            }
        }
    }
}

fn moment(field: &'static str, text: &str) -> Result<Secs, MaintenanceProblem> {
    let wanted = "a moment such as `2026-11-24T22:00:00Z`";
    let wrong = |_| MaintenanceProblem { field, found: format!("`{text}`"), wanted };
    text.parse::<Timestamp>().map(Timestamp::as_second).map_err(wrong)
}

impl Schedule {
    /// Whether the window is open at `at`, and when that changes at the earliest.
    pub(crate) fn look(&self, at: Secs) -> (bool, Secs) {
        match self {
            Self::Once { from, .. } if at < *from => (false, *from),
            Self::Once { until, .. } if at < *until => (true, *until),
            Self::Once { .. } => (false, Secs::MAX),
            Self::Again { cron, zone, span } => {
                let minute = at.saturating_sub(at.rem_euclid(60));
                let starts = |count: i64, step: i64| {
                    (0..=count)
                        .map(|n| minute.saturating_add(n.saturating_mul(step)))
                        .find(|at| cron.is_at(*at, zone))
                };
                let open = starts(*span / 60, -60).map(|start| start.saturating_add(*span));
                match open.filter(|end| *end > at) {
                    Some(end) => (true, end),
                    None => {
                        let next = starts(1_440, 60).filter(|next| *next > at);
                        (false, next.unwrap_or_else(|| at.saturating_add(86_400)))
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(cron: &str, span: u64) -> Maintenance {
        let reason = "work".to_owned();
        let span = Duration::from_secs(span);
        Maintenance {
            cron: Some(cron.to_owned()),
            span,
            zone: utc(),
            reason,
            ..Maintenance::default()
        }
    }

    /// Looks at a moment of 2026-11-24, a Tuesday, in UTC.
    #[track_caller]
    fn check(window: &Maintenance, at: &str, expected: bool, changes_at: &str) {
        let secs = |time: &str| moment("at", &format!("2026-11-{time}Z")).unwrap();
        let (is_open, next) = window.schedule().unwrap().look(secs(at));
        assert_eq!((is_open, next), (expected, secs(changes_at)), "{window:?} at {at}");
    }

    #[test]
    fn a_window_opens_and_closes() {
        let daily = window("0 22 * * *", 3_600);
        check(&daily, "24T21:59:59", false, "24T22:00:00");
        check(&daily, "24T22:00:00", true, "24T23:00:00");
        check(&daily, "24T22:59:59", true, "24T23:00:00");
        check(&daily, "24T23:00:00", false, "25T22:00:00");
        let weekly = window("30 23 * * sun", 7_200);
        check(&weekly, "24T12:00:00", false, "25T12:00:00");
        check(&weekly, "23T01:00:00", true, "23T01:30:00");
        let once = Maintenance {
            from: Some("2026-11-24T10:00:00Z".into()),
            until: Some("2026-11-24T12:00:00+01:00".into()),
            reason: "x".into(),
            ..Maintenance::default()
        };
        check(&once, "24T09:00:00", false, "24T10:00:00");
        check(&once, "24T10:30:00", true, "24T11:00:00");
        assert_eq!(once.schedule().unwrap().look(i64::MAX), (false, i64::MAX));
    }

    #[track_caller]
    fn check_refused(window: &Maintenance, said: &str) {
        let problem = window.check().unwrap_err().to_string();
        assert!(problem.contains(said), "{problem}");
    }

    #[test]
    fn a_window_is_short_and_has_a_reason() {
        check_refused(&window("0 22 * * *", 90_000), "`for_secs` is 90000, wanted 60 to 86400");
        check_refused(&window("0 22 * *", 60), "`cron` is 4 fields");
        check_refused(&Maintenance { reason: " ".into(), ..window("* * * * *", 60) }, "`reason`");
        check_refused(&Maintenance { zone: "Mars".into(), ..window("* * * * *", 60) }, "`zone`");
        let both = Maintenance { from: Some("x".into()), ..window("* * * * *", 60) };
        check_refused(&both, "wanted `from` and `until`, or `cron` and `for_secs`");
        let long = Maintenance {
            from: Some("2026-11-24T10:00:00Z".into()),
            until: Some("2026-11-26T10:00:00Z".into()),
            reason: "x".into(),
            ..Maintenance::default()
        };
        check_refused(&long, "at most 24 h later");
    }
}
