//! How far a long command is, on stderr where a person looks at it.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use plimsoll_snapshot::{Progress, Stage};

use crate::moment::Stopwatch;

/// Least time between two lines.
const REFRESH: Duration = Duration::from_millis(100);
const BAR_LEN: u64 = 24;

/// A bar that is drawn over itself.
#[derive(Debug)]
pub(crate) struct Bar {
    is_live: bool,
    last: Mutex<Option<Stopwatch>>,
}

impl Bar {
    /// Draws on a terminal only, and not if the person does not want it.
    pub(crate) fn new(is_quiet: bool) -> Self {
        Self { is_live: !is_quiet && std::io::stderr().is_terminal(), last: Mutex::new(None) }
    }

    /// Takes the bar away, before something else is printed.
    pub(crate) fn clear(&self) {
        if self.is_live {
            eprint!("\r\x1b[K");
        }
    }
}

impl Progress for Bar {
    fn report(&self, stage: &Stage<'_>) {
        if !self.is_live {
            return;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last.elapsed() < REFRESH) {
            return;
        }
        *last = Some(Stopwatch::start());
        let done = bytes(stage.done_bytes);
        let text = match stage.total_bytes.filter(|total| *total > 0) {
            Some(total) => {
                let filled = (stage.done_bytes.saturating_mul(BAR_LEN) / total).min(BAR_LEN);
                let bar: String =
                    (0..BAR_LEN).map(|n| if n < filled { '#' } else { '.' }).collect();
                format!("{:<16} [{bar}] {done} of {}", stage.name, bytes(total))
            }
            None => format!("{:<16} {done}", stage.name),
        };
        eprint!("\r\x1b[K{text}");
        // A bar that cannot be drawn is no reason to stop.
        std::io::stderr().flush().unwrap_or_default();
    }
}

/// `1.5 MB`: powers of a thousand, as disks are sold.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [(&str, u64); 4] =
        [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    let unit = UNITS.iter().find(|(_, size)| count >= *size);
    unit.map_or_else(
        || format!("{count} B"),
        |(name, size)| {
            let tenths = count / (size / 10);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn lengths_are_told_in_their_unit() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_500, "1.5 kB"),
            (2_000_000, "2.0 MB"),
            (503_546_013, "503.5 MB"),
            (1_200_000_000_000, "1.2 TB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }
}
