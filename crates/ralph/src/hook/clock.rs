//! The machine's clocks, and which processes live.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::facts::Process;
use crate::now::Now;

/// Reads both clocks.
#[allow(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub(crate) fn now(boot_id: u64) -> Now {
    Now { wall: SystemTime::now(), since_boot: since_boot(), boot_id }
}

#[cfg(target_os = "linux")]
fn since_boot() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    span(time)
}

#[cfg(not(target_os = "linux"))]
fn since_boot() -> Duration {
    span(rustix::time::clock_gettime(rustix::time::ClockId::Monotonic))
}

fn span(time: rustix::time::Timespec) -> Duration {
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

/// Which start of the machine this is; zero where the system does not say.
pub(crate) fn boot_id() -> u64 {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).take(15).collect();
    u64::from_str_radix(&digits, 16).unwrap_or_default()
}

/// Shells that stand between the client and its hook.
const SHELLS: [&str; 6] = ["sh", "bash", "dash", "zsh", "ash", "ksh"];
const SHELLS_BETWEEN_MAX: usize = 3;

/// The client's process: the one that it names, or the nearest ancestor that is no shell.
pub(crate) fn client(named: Option<u32>, boot_id: u64) -> Option<Process> {
    let mut pid = match named {
        Some(pid) => pid,
        None => u32::try_from(rustix::process::getppid()?.as_raw_nonzero().get()).ok()?,
    };
    for _ in 0..SHELLS_BETWEEN_MAX {
        let stat = Stat::of(pid)?;
        if named.is_some() || !SHELLS.contains(&stat.program.as_str()) {
            return Some(Process { pid, started: stat.started, boot_id });
        }
        pid = stat.parent;
    }
    None
}

/// Whether a process still runs: it and not another one with its number.
pub(crate) fn is_alive(process: Process, boot_id: u64) -> bool {
    if process.boot_id != boot_id {
        return false;
    }
    if cfg!(target_os = "linux") {
        return Stat::of(process.pid).is_some_and(|stat| stat.started == process.started);
    }
    i32::try_from(process.pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
        .is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}

/// What the kernel says of a process.
struct Stat {
    program: String,
    parent: u32,
    started: u64,
}

impl Stat {
    #[cfg(target_os = "linux")]
    fn of(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    #[cfg(not(target_os = "linux"))]
    fn of(pid: u32) -> Option<Self> {
        Some(Self { program: String::new(), parent: pid, started: 0 })
    }

    /// A program's name may hold blanks and parentheses; what counts comes after the last one.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "read from /proc"))]
    fn parse(stat: &str) -> Option<Self> {
        let (before, after) = stat.rsplit_once(')')?;
        let program = before.split_once('(')?.1.to_owned();
        let mut fields = after.split_whitespace();
        let state = fields.next()?;
        let parent = fields.next()?.parse().ok()?;
        // The start is the 22nd field of all, so the 19th from here on.
        let started = fields.nth(17)?.parse().ok()?;
        // A zombie has ended; only its parent has not noticed.
        (!matches!(state, "Z" | "X")).then_some(Self { program, parent, started })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_told_apart_from_its_number() {
        let boot = boot_id();
        let own = client(Some(std::process::id()), boot).unwrap();
        assert!(is_alive(own, boot));
        assert!(!is_alive(own, boot.wrapping_add(1)));
        let other = Process { started: own.started.wrapping_add(1), ..own };
        assert!(!is_alive(other, boot) || cfg!(not(target_os = "linux")));
    }

    #[test]
    fn a_name_with_blanks_and_parentheses_is_read() {
        let line = "42 (a (b) c) S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 9876 0";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.program.as_str(), stat.parent, stat.started), ("a (b) c", 7, 9876));
        assert!(Stat::parse(&line.replace(" S ", " Z ")).is_none());
        assert!(Stat::parse("").is_none());
    }
}
