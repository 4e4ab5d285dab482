//! Speed: nothing blocks a handler, memory stays flat, work is not done twice.

use super::patterns::{is_handler, is_in_test_module, is_nautilus, pattern};
use super::view::View;
use super::{Hits, InTests, Lint};
use crate::finding::{Focus, Severity};
use crate::language::Language;
use crate::region::Region;

pattern!(
    BLOCKS,
    r"\btime\.sleep\(|\brequests\.(get|post|put|delete|request)\(|\burlopen\(|\bsubprocess\.(run|call|check_call|check_output)\(|\bos\.system\(|\bthread::sleep\(|\breqwest::blocking\b|\bstd::fs::|\bexecSync\(|\breadFileSync\("
);
pattern!(
    BLOCKS_HANDLER,
    r"\bpd\.read_\w+\(|\bopen\(|\bsqlite3\.connect\(|\bpsycopg2?\.connect\(|\.commit\(\)|\b(conn|cursor|cur|db)\w*\.execute\w*\(|\.to_(csv|parquet|sql|json)\(|\.result\(\)|\binput\(|\brun_until_complete\(|\basyncio\.run\(|\bblock_on\(|\bjson\.dump\(|\.write_text\(|\bFile::(create|open)\(|\bOpenOptions::new\(|\.sync_all\(\)|\bcreate_engine\(|\bTcpStream::connect\("
);
pattern!(
    ROW_LOOP,
    r"\.iterrows\(\)|\.apply\([^)]*axis\s*=\s*1|\bfor\s+\w+\s+in\s+range\(\s*len\(\s*(df|data|frame|bars|candles|prices)\b"
);
pattern!(LOOP, r"^\s*(for|while)\b");
pattern!(CONCAT, r"\bpd\.concat\(|\bnp\.(append|concatenate|vstack|hstack)\(|\bdf\.append\(");
pattern!(
    APPEND,
    r"\bself\.(\w+)\.(append|push|push_back|add|insert|extend|setdefault|entry)\(|\bself\.(\w+)\[[^\]]*\b(id|oid|key|ts|time|now|seq|order|event|tick|trade)\w*[^\]]*\]\s*="
);
pattern!(
    GROWS_IN,
    r"^_?(record|track|observe|remember|note|push|add|feed|append|store|collect|accept|log_|save_|ingest|process|apply|update|receive|consume|publish|submit|send|dispatch)"
);
pattern!(
    DECLARED,
    r"^\s*(?:pub(?:\([^)]*\))?\s+)?(\w+)\s*:\s*(Vec<|HashMap<|HashSet<|BTreeMap<|VecDeque<|Vec::new\(\)|HashMap::new\(\)|HashSet::new\(\)|BTreeMap::new\(\)|VecDeque::new\(\))"
);
pattern!(
    WHOLE_HISTORY,
    r"\bp[dl]\.(DataFrame|Series|concat)\(|\.to_(pandas|dataframe)\(|\bnp\.(mean|std|array|polyfit|cov|corrcoef|percentile|median|var)\(|\.rolling\(|\bta\.\w+\(|\btalib\.\w+\(|\bsorted\(\s*self\.|\bstatistics\.\w+\(|\bsum\(\s*self\.|\b(max|min)\(\s*self\._?\w*(closes|prices|history|window|values|returns|mids|trades|bars)\b|\.ewm\("
);
pattern!(
    COMPUTES,
    r"^_?(update|compute|recalc\w*|estimate|calc\w*|signal|refresh|roll\w*|score|beta|zscore|vol\w*|check)\w*$"
);
pattern!(TICK, r"^_?(on|handle)_(quote|trade|tick|order_book|book|depth)");
pattern!(TALKS, r"\bself\.log\.info\(|\blog(ger|ging)?\.info\(|\bprint\(|\bprintln!\(|\binfo!\(");

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "blocking-in-handler",
        focus: Focus::Performance,
        severity: Severity::High,
        title: "a handler or a coroutine blocks",
        why: "While it waits here no quote, fill or cancel is seen, by this strategy or by any other on the loop. \
              Use a timer, an awaitable, or hand the work to another thread.",
        path: "strategies/ema.py",
        bad: "+def on_bar(self, bar):\n+    time.sleep(0.5)\n+    self.enter()\n",
        good: "+def on_bar(self, bar):\n+    self.clock.set_time_alert(\"enter\", self.soon())\n",
        in_tests: InTests::Skip,
        check: blocking_in_handler,
    },
    Lint {
        id: "row-by-row",
        focus: Focus::Performance,
        severity: Severity::Medium,
        title: "a table is walked row by row",
        why: "Each row costs microseconds of Python, or a copy of all that was before. Use whole columns, or \
              collect in a list and join once.",
        path: "research/features.py",
        bad: "+    for index, row in frame.iterrows():\n+        total += row[\"qty\"] * row[\"px\"]\n",
        good: "+    total = (frame[\"qty\"] * frame[\"px\"]).sum()\n",
        in_tests: InTests::Skip,
        check: row_by_row,
    },
    Lint {
        id: "grows-without-bound",
        focus: Focus::Performance,
        severity: Severity::High,
        title: "a list grows with each event",
        why: "Nothing takes old entries out, so memory and each pass over it grow until the process is killed. \
              Use deque(maxlen=..) or drop what is older than the window.",
        path: "strategies/ema.py",
        bad: " def __init__(self):\n+    self.closes = []\n \n def on_bar(self, bar):\n+    self.closes.append(bar.close)\n",
        good: " def __init__(self):\n+    self.closes = deque(maxlen=200)\n \n def on_bar(self, bar):\n+    self.closes.append(bar.close)\n",
        in_tests: InTests::Skip,
        check: grows_without_bound,
    },
    Lint {
        id: "whole-history-in-handler",
        focus: Focus::Performance,
        severity: Severity::Medium,
        title: "a handler computes over the whole history",
        why: "The same sums are made again at every event. Keep a running value, or use an incremental indicator.",
        path: "strategies/ema.py",
        bad: "+def on_bar(self, bar):\n+    mean = pd.Series(self.closes).rolling(20).mean().iloc[-1]\n",
        good: "+def on_bar(self, bar):\n+    mean = self.sma.value\n",
        in_tests: InTests::Skip,
        check: whole_history_in_handler,
    },
    Lint {
        id: "log-per-tick",
        focus: Focus::Performance,
        severity: Severity::Low,
        title: "each tick writes a log line",
        why: "Thousands of lines a second hide the one that matters and cost time on the hot path. Log changes \
              of state, or at debug level.",
        path: "strategies/mm.py",
        bad: "+def on_quote_tick(self, tick):\n+    self.log.info(f\"{tick.bid_price}\")\n",
        good: "+def on_quote_tick(self, tick):\n+    self.log.debug(f\"{tick.bid_price}\")\n",
        in_tests: InTests::Skip,
        check: log_per_tick,
    },
];

fn blocking_in_handler(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        let (always, handler_only) =
            (BLOCKS.is_match(&line.code), BLOCKS_HANDLER.is_match(&line.code));
        if !(always || handler_only) || is_in_test_module(region, index) {
            continue;
        }
        let Some(function) = region.function(index) else { continue };
        let handler = is_handler(function);
        if (always && function.is_async) || handler {
            hits.line(region, index);
        }
    }
}

fn row_by_row(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if region.language != Language::Python {
        return;
    }
    for (index, line) in region.added() {
        let in_loop = || {
            region
                .lines
                .iter()
                .take(index)
                .rev()
                .take(12)
                .any(|above| LOOP.is_match(&above.code) && above.indent() < line.indent())
        };
        if ROW_LOOP.is_match(&line.code) || (CONCAT.is_match(&line.code) && in_loop()) {
            hits.line(region, index);
        }
    }
}

fn grows_without_bound(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        let found = APPEND.captures(&line.code);
        let Some(name) = found.and_then(|found| found.get(1).or(found.get(3))) else {
            continue;
        };
        let name = name.as_str();
        let in_handler = region
            .function(index)
            .is_some_and(|function| is_handler(function) || GROWS_IN.is_match(&function.name));
        if in_handler && view.of_name("grows", name, || only_grows(view, name)) {
            hits.line(region, index);
        }
    }
}

/// Whether the file shows that a field begins empty, and nothing that takes an entry out again.
fn only_grows(view: &View<'_>, name: &str) -> bool {
    let mut starts_empty = false;
    let mut is_trimmed = false;
    let field = format!("self.{name}");
    for line in view.lines() {
        starts_empty |= line.code.contains(name)
            && DECLARED
                .captures(&line.code)
                .is_some_and(|found| found.get(1).is_some_and(|field| field.as_str() == name));
        let Some((_, after)) = line.code.split_once(&field) else { continue };
        let assigned = after.split_once('=').map(|(_, value)| value.trim());
        starts_empty |= assigned.is_some_and(|value| {
            ["[]", "list()", "{}", "set()", "dict()", "Vec::new()"].contains(&value)
                || (value.starts_with("deque(") || value.starts_with("defaultdict("))
                    && !line.code.contains("maxlen")
        });
        is_trimmed |= [
            ".pop",
            ".clear",
            ".truncate",
            ".drain",
            ".remove",
            "[:]",
            ".discard",
            ".retain",
            ".split_off",
            ".swap_remove",
            ".evict",
            ".expire",
        ]
        .iter()
        .any(|word| after.starts_with(word))
            || assigned.is_some_and(|value| value.contains("maxlen") || value.contains("[-"))
            || line.code.contains(&format!("del {field}"))
            || line.code.contains(&format!("take(&mut {field}"));
    }
    starts_empty && !is_trimmed
}

fn whole_history_in_handler(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    let is_strategy = is_nautilus(view);
    for (index, line) in region.added() {
        let in_handler = || {
            region.function(index).is_some_and(|function| {
                is_handler(function) || (is_strategy && COMPUTES.is_match(&function.name))
            })
        };
        if WHOLE_HISTORY.is_match(&line.code) && in_handler() {
            hits.line(region, index);
        }
    }
}

fn log_per_tick(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        let Some(function) = region.function(index) else { continue };
        let is_first_level = line.indent()
            <= region.lines.get(function.first).map_or(0, crate::region::SourceLine::indent) + 8;
        if TALKS.is_match(&line.code) && TICK.is_match(&function.name) && is_first_level {
            hits.line(region, index);
        }
    }
}
