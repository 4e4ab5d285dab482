//! The text in a lock file: who holds the lock, since when, and what for.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const PURPOSE_CHARS_MAX: usize = 200;
const TEXT_BYTES_MAX: u64 = 4096;
const READS_MAX: u32 = 5;
const END: &str = "end";

/// Who holds a lock, by its own account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// Process id, as seen on the holder's host and in its container.
    pub pid: u32,
    /// What it holds the lock for.
    pub purpose: String,
    /// When it took the lock, by its own clock, to the millisecond.
    pub since: SystemTime,
    /// Name of its host or container; `None` if the system does not tell.
    pub host: Option<String>,
}

impl Holder {
    pub(super) fn this_process(purpose: &str, since: SystemTime) -> Self {
        let since_ms = since.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let since_ms = u64::try_from(since_ms).unwrap_or(u64::MAX);
        Self {
            pid: std::process::id(),
            purpose: one_line(purpose),
            since: moment(since_ms).unwrap_or(UNIX_EPOCH),
            host: host(),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        if let Some(host) = &self.host {
            write!(f, " on {host}")?;
        }
        write!(f, " for `{}` since {}", self.purpose, Utc(self.since))
    }
}

/// Replaces the text in a lock file that is locked.
pub(super) fn write(mut file: &File, holder: &Holder) -> io::Result<()> {
    let since_ms = holder.since.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let mut text = format!("pid={}\npurpose={}\nsince_ms={since_ms}\n", holder.pid, holder.purpose);
    if let Some(host) = &holder.host {
        text.push_str(&format!("host={host}\n"));
    }
    text.push_str(END);
    text.push('\n');
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(text.as_bytes())
}

/// Reads the holder of a lock that is known to be held.
///
/// Between taking the lock and writing its name, the holder's file shows nothing or the text of
/// one who was killed. Both are told apart and read again a few times.
#[allow(clippy::disallowed_methods, reason = "waits at most a few milliseconds for the text")]
pub(super) fn read_settled(path: &Path) -> Option<Holder> {
    for _ in 0..READS_MAX {
        match read(path) {
            Some(holder) if !is_known_dead(&holder) => return Some(holder),
            _ => std::thread::sleep(Duration::from_millis(1)),
        }
    }
    None
}

fn read(path: &Path) -> Option<Holder> {
    let mut text = String::new();
    File::open(path).ok()?.take(TEXT_BYTES_MAX).read_to_string(&mut text).ok()?;
    parse(&text)
}

fn parse(text: &str) -> Option<Holder> {
    let (mut pid, mut purpose, mut since, mut host) = (None, None, None, None);
    let mut complete = false;
    for line in text.lines() {
        match line.split_once('=') {
            Some(("pid", value)) => pid = value.parse().ok(),
            Some(("purpose", value)) => purpose = Some(value.to_owned()),
            Some(("since_ms", value)) => since = value.parse().ok().and_then(moment),
            Some(("host", value)) => host = Some(value.to_owned()),
            Some(_) => {}
            None => complete = line == END,
        }
    }
    if !complete {
        return None;
    }
    Some(Holder { pid: pid?, purpose: purpose?, since: since?, host })
}

/// Tells whether the process is known not to run; not knowing counts as running.
fn is_known_dead(holder: &Holder) -> bool {
    let proc = Path::new("/proc");
    holder.host.is_some()
        && holder.host == host()
        && proc.join("self").exists()
        && !proc.join(holder.pid.to_string()).exists()
}

fn moment(since_ms: u64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_millis(since_ms))
}

fn host() -> Option<String> {
    ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .map(|name| one_line(&name))
        .find(|name| !name.is_empty())
}

fn one_line(text: &str) -> String {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    text.trim().chars().map(shown).take(PURPOSE_CHARS_MAX).collect()
}

/// A moment as `2026-01-31T12:00:00Z`.
struct Utc(SystemTime);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.0.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let (days, rest) = (secs / 86_400, secs % 86_400);
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// Calendar date of a day counted from 1970-01-01, in the Gregorian calendar.
fn civil(days: u64) -> (u64, u64, u64) {
    // Counted from 0000-03-01, so that the leap day ends a year; 146,097 days are 400 years.
    let days = days.saturating_add(719_468);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}
