//! Failures that get lost: turned into a value, dropped, left to a task that nobody waits for.

use super::patterns::{is_in_test_module, pattern};
use super::view::View;
use super::{Hits, InTests, Lint};
use crate::finding::{Focus, Severity};
use crate::language::Language;
use crate::region::{Region, SourceLine};

pattern!(
    STATE,
    r"(?i)(price|\bpx|_px\b|qty|quantity|position|balance|equity|pnl|margin|exposure|\brate|_rate\b|\bfee|size\b|amount|\bnav\b|\bmark\b|\bbid|\bask|leverage|notional|funding|fill)"
);
pattern!(
    RUST_DEFAULT,
    r"\.unwrap_or\(\s*(0(\.0)?(_?f64|_?i64|_?u64)?|Decimal::(ZERO|ONE)|dec!\(0\)|f64::NAN|vec!\[\]|Vec::new\(\))\s*\)|\.unwrap_or_default\(\)|\.unwrap_or_else\(\|_?\w*\|\s*(0(\.0)?|Decimal::ZERO|Vec::new\(\))\s*\)|\.map_or\(\s*(0(\.0)?|Decimal::ZERO)\s*,"
);
pattern!(
    PYTHON_DEFAULT,
    r#"\.get\(\s*["']\w*(price|px|qty|quantity|position|balance|equity|margin|size|amount|rate|mark)\w*["']\s*,\s*(0(\.0)?|["']0(\.0)?["']|Decimal\(\D?0\D?\))\s*\)|\b(float|Decimal|int)\([^()]*(\([^()]*\))?[^()]*\bor\s+0(\.0)?\s*\)"#
);
pattern!(EXCEPT, r"^\s*except\b");
pattern!(
    RETURNS_VALUE,
    r#"^\s*return\s+(0(\.0)?|Decimal\(\D?0\D?\)|True|\{\}|\[\]|self\._?last\w*|self\._?cached\w*)\s*$"#
);
pattern!(IF_OK, r"^\s*(\}\s*else\s+)?if\s+let\s+(Ok|Some\(Ok)\(");
pattern!(
    HARMLESS,
    r"env::var|try_recv|\.lock\(|try_from|\.parse|downcast|elapsed\(|strip_prefix|catch_unwind"
);
pattern!(
    ERRORS_FILTERED,
    r"filter_map\(\s*(Result::ok|\|\w+\|\s*\w+\.ok\(\))|\bflat_map\(\s*Result::ok|\.map_while\(\s*Result::ok|\.await\s*\.ok\(\)"
);
pattern!(WHILE_OK, r"^\s*while\s+let\s+Ok\(");
pattern!(EXITS, r"\bsys\.exit\(|\bos\._exit\(|\bprocess::(exit|abort)\(|^\s*(exit|quit)\(");
pattern!(MAIN, r"(?i)main|cli|run_|^run$|parse|usage|command|entry|script|signal|shutdown");
pattern!(
    TOOL,
    r"(^|/)(main|build|__main__|manage|cli)\.(rs|py)$|(^|/)(examples|bin|xtask|benches|tools|scripts)/"
);
pattern!(CODE_IGNORED, r"^\s*subprocess\.(run|call)\(");
pattern!(
    LOOSE_TASK,
    r"^\s*(asyncio\.)?(create_task|ensure_future|run_coroutine_threadsafe)\(|^\s*(self\.)?_?loop\.(create_task|run_in_executor)\("
);
pattern!(CALLED, r"^\s*[a-z_]\w*(?:\.\w+)*\.(\w+)\(");
pattern!(GATHERED, r"^\s*await\s+asyncio\.gather\(.*return_exceptions\s*=\s*True");
pattern!(CONNECTS, r"\b(\w*connect\w*|open_session|login|subscribe)\(");
pattern!(
    ENDLESS,
    r"^\s*(while\s+(True|1|not\s+\S*(stop|clos|shut)\S*|self\.\w*running)\s*:|loop\s*\{|while\s+!?\S*(stop|running|shutdown)\S*\s*\{)"
);
pattern!(PAUSES, r"(?i)sleep|backoff|delay|interval|\bwait|tick\(\)|timer");
pattern!(POSTS, r"\b\w+\.(post|put|delete)\(");
pattern!(
    STATUS_SEEN,
    r"raise_for_status|\.status\b|status_code|\.ok\b|error_for_status|\.status\(\)|is_success|_check|_parse|handle_|raise\b|Err\("
);
pattern!(ORDERS, r"(?i)order|submit|place|cancel|amend|close_pos|flatten|transfer|withdraw");

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "failure-becomes-a-value",
        focus: Focus::ErrorHandling,
        severity: Severity::High,
        title: "a failure is turned into a value that looks fine",
        why: "Zero, or the last value, stands for a price, a position or a balance that is not known, and the next order \
              is sized by it. Return the error, or stop until it is known.",
        path: "adapters/state.py",
        bad: "+def position(self):\n+    try:\n+        return self.client.position()\n+    except VenueError as error:\n+        self.log.warning(f\"no position: {error}\")\n+        return 0.0\n",
        good: "+def position(self):\n+    try:\n+        return self.client.position()\n+    except VenueError as error:\n+        raise PositionUnknown() from error\n",
        in_tests: InTests::Skip,
        check: failure_becomes_a_value,
    },
    Lint {
        id: "failure-dropped",
        focus: Focus::ErrorHandling,
        severity: Severity::High,
        title: "what fails here is left out without a word",
        why: "The error arm is missing, so a rejected request or a broken message looks like none at all. Match both \
              arms; count and tell what is left out.",
        path: "src/feed.rs",
        bad: "+fn replay(&mut self) {\n+    if let Ok(fill) = self.decoder.decode(&self.frame) {\n+        self.book.record(fill);\n+    }\n+}\n",
        good: "+fn replay(&mut self) {\n+    match self.decoder.decode(&self.frame) {\n+        Ok(fill) => self.book.record(fill),\n+        Err(error) => self.refused.push(error),\n+    }\n+}\n",
        in_tests: InTests::Skip,
        check: failure_dropped,
    },
    Lint {
        id: "task-nobody-waits-for",
        focus: Focus::ErrorHandling,
        severity: Severity::Medium,
        title: "a task is started and forgotten",
        why: "Its exception is shown at exit, if at all, and the task may be collected before it ends. Keep it, and look \
              at its result.",
        path: "adapters/feed.py",
        bad: "+async def open(self):\n+    asyncio.create_task(self.pump())\n",
        good: "+async def open(self):\n+    self.pumping = asyncio.create_task(self.pump())\n+    self.pumping.add_done_callback(self.ended)\n",
        in_tests: InTests::Skip,
        check: task_nobody_waits_for,
    },
    Lint {
        id: "not-awaited",
        focus: Focus::ErrorHandling,
        severity: Severity::High,
        title: "a coroutine is called and not awaited",
        why: "Nothing happens: the call only makes the coroutine, which elsewhere in this file is awaited. Await it.",
        path: "execution/stop.py",
        bad: " async def stop(self):\n     await self.gateway.cancel_quotes(self.bid)\n+    self.gateway.cancel_quotes(self.ask)\n",
        good: " async def stop(self):\n     await self.gateway.cancel_quotes(self.bid)\n+    await self.gateway.cancel_quotes(self.ask)\n",
        in_tests: InTests::Skip,
        check: not_awaited,
    },
    Lint {
        id: "exit-in-passing",
        focus: Focus::ErrorHandling,
        severity: Severity::Medium,
        title: "the process ends here, or goes on after a program that failed",
        why: "An exit in the middle of things leaves orders open and rows unwritten; an exit code that nobody looks at \
              hides a failure. Return the error to who can end in order, and check exit codes.",
        path: "adapters/feed.py",
        bad: "+def on_gap(self, gap):\n+    self.log.error(f\"gap {gap}\")\n+    sys.exit(1)\n",
        good: "+def on_gap(self, gap):\n+    self.log.error(f\"gap {gap}\")\n+    self.supervisor.stop(gap)\n",
        in_tests: InTests::Skip,
        check: exit_in_passing,
    },
    Lint {
        id: "reconnect-without-pause",
        focus: Focus::ErrorHandling,
        severity: Severity::Medium,
        title: "a connection is tried again without a pause",
        why: "While the venue is down this spins, fills the log, and is banned when it is back. Wait between attempts, \
              longer each time, with a bound.",
        path: "src/feed.rs",
        bad: "+async fn run(&mut self) {\n+    loop {\n+        match self.connect().await {\n+            Ok(stream) => self.pump(stream).await,\n+            Err(error) => warn!(%error, \"no connection\"),\n+        }\n+    }\n+}\n",
        good: "+async fn run(&mut self) {\n+    loop {\n+        match self.connect().await {\n+            Ok(stream) => self.pump(stream).await,\n+            Err(error) => warn!(%error, \"no connection\"),\n+        }\n+        self.backoff.pause().await;\n+    }\n+}\n",
        in_tests: InTests::Skip,
        check: reconnect_without_pause,
    },
    Lint {
        id: "answer-not-looked-at",
        focus: Focus::ErrorHandling,
        severity: Severity::High,
        title: "nobody looks whether the venue took the order",
        why: "A refusal is an answer too: with status 400 the order does not exist, and this code goes on as if it did. \
              Check the status before the body.",
        path: "adapters/rest.py",
        bad: "+async def cancel(self, order_id):\n+    reply = await self.http.delete(f\"/orders/{order_id}\")\n+    return await reply.json()\n",
        good: "+async def cancel(self, order_id):\n+    reply = await self.http.delete(f\"/orders/{order_id}\")\n+    reply.raise_for_status()\n+    return await reply.json()\n",
        in_tests: InTests::Skip,
        check: answer_not_looked_at,
    },
];

fn failure_becomes_a_value(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        if is_in_test_module(region, index) {
            continue;
        }
        match region.language {
            Language::Rust if RUST_DEFAULT.is_match(&line.code) => {
                let start = index.saturating_sub(
                    region
                        .lines
                        .iter()
                        .take(index + 1)
                        .rev()
                        .take_while(|line| line.code.trim_start().starts_with('.'))
                        .count(),
                );
                if STATE.is_match(&region.chain(start)) {
                    hits.line(region, index);
                }
            }
            Language::Python if PYTHON_DEFAULT.is_match(line.text) => hits.line(region, index),
            Language::Python if RETURNS_VALUE.is_match(&line.code) => {
                let in_except = region
                    .lines
                    .iter()
                    .take(index)
                    .rev()
                    .take(6)
                    .find(|above| !above.is_blank() && above.indent() < line.indent());
                let is_state = region.function(index).is_some_and(|function| {
                    STATE.is_match(&function.name) || RETURNS_VALUE.is_match(line.text)
                });
                if is_state && in_except.is_some_and(|above| EXCEPT.is_match(&above.code)) {
                    hits.line(region, index);
                }
            }
            _ => {}
        }
    }
}

fn failure_dropped(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if region.language != Language::Rust {
        return;
    }
    for (index, line) in region.added() {
        if is_in_test_module(region, index) {
            continue;
        }
        let is_filtered = ERRORS_FILTERED.is_match(&line.code);
        let ends_with_channel = line.code.contains(".recv()");
        let is_one_armed = (IF_OK.is_match(&line.code)
            || (WHILE_OK.is_match(&line.code) && !ends_with_channel))
            && !HARMLESS.is_match(&line.code)
            && !has_other_arm(region, index);
        if is_filtered || is_one_armed {
            hits.line(region, index);
        }
    }
}

/// Whether an `else` follows the block, or the block leaves so that what comes after is the other arm.
fn has_other_arm(region: &Region<'_>, header: usize) -> bool {
    let block = region.block(header);
    let Some((last, line)) = block.last() else { return true };
    let leaves =
        ["return", "break", "continue"].iter().any(|word| line.code.trim_start().starts_with(word));
    let next = region.lines.get(last + 1);
    // Without the closing line the hunk does not show whether there is one.
    leaves || next.is_none_or(|next| next.code.contains("else"))
}

fn exit_in_passing(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        let exits = EXITS.is_match(&line.code) && !is_in_test_module(region, index);
        let in_program = || {
            TOOL.is_match(region.path)
                || region.function(index).is_none_or(|function| MAIN.is_match(&function.name))
        };
        let is_ignored =
            CODE_IGNORED.is_match(&line.code) && !region.statement_code(index).contains("check");
        if is_ignored || (exits && !in_program()) {
            hits.line(region, index);
        }
    }
}

fn task_nobody_waits_for(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if region.language != Language::Python {
        return;
    }
    for (index, line) in region.added() {
        let has_callback = region.statement(index).contains("add_done_callback");
        let is_loose = LOOSE_TASK.is_match(&line.code) && !has_callback;
        if is_loose || GATHERED.is_match(&region.statement_code(index)) {
            hits.line(region, index);
        }
    }
}

fn not_awaited(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if region.language != Language::Python {
        return;
    }
    for (index, line) in region.added() {
        let Some(name) = CALLED.captures(&line.code).and_then(|found| found.get(1)) else {
            continue;
        };
        let is_async = || region.function(index).is_some_and(|function| function.is_async);
        let sleeps = line.code.contains("asyncio.sleep(");
        let is_awaited = || {
            let awaited = format!(".{}(", name.as_str());
            let awaits = |line: &SourceLine<'_>| {
                line.code.split_once(&awaited).is_some_and(|(before, _)| before.contains("await "))
            };
            view.of_name("awaited", name.as_str(), || view.lines().any(awaits))
        };
        if (sleeps || is_awaited()) && is_async() {
            hits.line(region, index);
        }
    }
}

fn reconnect_without_pause(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.lines.iter().enumerate() {
        if !ENDLESS.is_match(&line.code) {
            continue;
        }
        let block = region.block(index);
        let has =
            |pattern: &regex::Regex| block.iter().any(|(_, line)| pattern.is_match(&line.code));
        let is_new = line.is_added || block.iter().any(|(_, line)| line.is_added);
        let catches = block
            .iter()
            .any(|(_, line)| line.code.contains("except") || line.code.contains("Err("));
        if is_new && catches && has(&CONNECTS) && !has(&PAUSES) {
            hits.line(region, index);
        }
    }
}

fn answer_not_looked_at(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if !matches!(region.language, Language::Python | Language::Rust) {
        return;
    }
    for (index, line) in region.added() {
        if !POSTS.is_match(&line.code) || is_in_test_module(region, index) {
            continue;
        }
        let Some(function) = region.function(index) else { continue };
        let is_seen = region.body(function).any(|line| STATUS_SEEN.is_match(&line.code));
        let is_order = ORDERS.is_match(&function.name) || ORDERS.is_match(&region.statement(index));
        // A hunk that ends before the function does not show what comes.
        let is_whole =
            region.body(function).any(|line| line.code.trim_start().starts_with("return"))
                || function.last + 1 < region.lines.len();
        if is_order && !is_seen && is_whole {
            hits.line(region, index);
        }
    }
}
