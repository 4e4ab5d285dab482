//! Time: aware of its zone, and the strategy's own clock.

use super::patterns::{is_handler, is_nautilus, pattern};
use super::view::View;
use super::{Hits, InTests, Lint};
use crate::finding::{Focus, Severity};
use crate::region::Region;

pattern!(
    NAIVE,
    r"\bdatetime\.(now|today)\(\s*\)|\b(datetime\.)?utcnow\(\s*\)|\butcfromtimestamp\(|\bfromtimestamp\(\s*[^,()]+(\([^()]*\))?[^,()]*\)|\bTimestamp\.now\(\s*\)|\bpd\.to_datetime\(\s*[^,]*\)\s*$|\bLocal::now\(\)|\bNaiveDateTime::"
);
pattern!(UTC_ASKED, r"utc\s*=\s*True|tz\s*=|tzinfo|timezone|unit\s*=");
pattern!(
    WALL_CLOCK,
    r"\btime\.(time|time_ns|monotonic)\(\)|\bdatetime\.(now|utcnow)\(|\bTimestamp\.(now|utcnow)\("
);

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "naive-time",
        focus: Focus::Correctness,
        severity: Severity::Medium,
        title: "a time has no zone",
        why: "A naive time means the host's zone on one machine and UTC on another, and moves at the change of \
              daylight saving: sessions and daily limits begin at the wrong hour. Ask for UTC by name.",
        path: "strategies/session.py",
        bad: "+    started = datetime.now()\n",
        good: "+    started = datetime.now(timezone.utc)\n",
        in_tests: InTests::Skip,
        check: naive_time,
    },
    Lint {
        id: "wall-clock-in-strategy",
        focus: Focus::Nautilus,
        severity: Severity::Medium,
        title: "a strategy reads the wall clock",
        why: "In a backtest the wall clock has nothing to do with the data, so the strategy decides differently \
              than it will live. Use the event's `ts_event` or `self.clock`.",
        path: "strategies/ema.py",
        bad: " class Ema(Strategy):\n     def on_bar(self, bar):\n+        now = time.time()\n+        self.seen = now\n",
        good: " class Ema(Strategy):\n     def on_bar(self, bar):\n+        now = self.clock.timestamp_ns()\n+        self.seen = now\n",
        in_tests: InTests::Skip,
        check: wall_clock_in_strategy,
    },
];

fn in_strategy(view: &View<'_>, region: &Region<'_>, index: usize) -> bool {
    is_nautilus(view) || region.function(index).is_some_and(is_handler)
}

fn naive_time(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        let is_naive = NAIVE.is_match(&line.code) && !UTC_ASKED.is_match(&line.code);
        let is_said_already = WALL_CLOCK.is_match(&line.code) && in_strategy(view, region, index);
        if is_naive && !is_said_already {
            hits.line(region, index);
        }
    }
}

fn wall_clock_in_strategy(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        if WALL_CLOCK.is_match(&line.code) && in_strategy(view, region, index) {
            hits.line(region, index);
        }
    }
}
