//! Errors: seen, bounded, told.

use super::patterns::{is_handler, is_in_test_module, pattern};
use super::view::View;
use super::{Hits, InTests, Lint};
use crate::finding::{Focus, Severity};
use crate::language::Language;
use crate::region::Region;

pattern!(EXCEPT, r"^\s*except\b\s*([^:]*):");
pattern!(BROAD, r"^\s*$|\bException\b|\bBaseException\b");
pattern!(
    HARMLESS,
    r"\b(ImportError|ModuleNotFoundError|FileNotFoundError|FileExistsError|CancelledError|KeyboardInterrupt|StopIteration|ProcessLookupError|QueueEmpty|QueueFull|Empty|Full)\b"
);
pattern!(NOTHING, r"^\s*(pass|\.\.\.)\s*$");
pattern!(GIVES_UP, r"^\s*(continue|return(\s+(None|\[\]|\{\}|0|0\.0|False|True|\(\)))?)\s*$");
// In a `finally` these drop the exception that is on its way.
pattern!(LEAVES, r"^\s*(return|break|continue)\b");
pattern!(WHISPERS, r"(?i)^\s*(self\.)?_?log(ger|ging)?\.(debug|trace)\(.*\)\s*$");
pattern!(RETRIES, r"^\s*@\w*\.?(retry|on_exception|retrying)\b");
pattern!(RETRIES_END, r"(?i)stop|max_|tries|attempts|times\s*=");
pattern!(SUPPRESS, r"\bsuppress\(\s*(Base)?Exception\b");
pattern!(EMPTY_CATCH, r"\bcatch\s*(\(\w*\))?\s*\{\s*\}|\.catch\(\s*\(?\w*\)?\s*=>\s*\{\s*\}\s*\)");
pattern!(IGNORED_RESULT, r"^\s*let _ = .*\(|\.ok\(\);\s*$");
pattern!(
    IGNORABLE,
    r"\bwrite(ln)?!|\.send\(|\.join\(|try_init|set_logger|\.try_send\(|remove_file|\.flush\("
);
pattern!(
    ENDLESS,
    r"^\s*(while\s+(True|1)\s*:|while\s*\(\s*(true|1)\s*\)|loop\s*\{|while\s+not\s+(self\.)?_?(ok|done|sent|acked|connected|filled|success\w*)\b|while\s+(self\.)?\w+\s+is\s+None\s*:)"
);
pattern!(CATCHES, r"\bexcept\b|\bcatch\b|\bErr\(|\.is_err\(\)");
pattern!(TRIES_AGAIN, r"\bcontinue\b|\bsleep\(");
pattern!(SUCCEEDS, r"\breturn\b|\bbreak\b");
pattern!(
    BOUND,
    r"(?i)attempt|retries|retry_count|\btries\b|max_|_max\b|deadline|timeout_at|stop_after|\braise\b|elapsed|give_up|return Err|bail!"
);
pattern!(
    REQUEST,
    r"\b(requests|_?session)\.(get|post|put|delete|patch|head|request)\(|\burlopen\(|\bsocket\.create_connection\(|\breqwest::(blocking::)?get\(|\breqwest::(blocking::)?Client::new\(\)|\bTcpStream::connect\(|\b(reqwest::|blocking::)?Client::builder\(\)"
);
pattern!(TIMEOUT, r"(?i)timeout|deadline");
// Clients of the blocking library under other names, in a file that imports it.
pattern!(
    BLOCKING_CLIENT,
    r"\b\w*(session|http|client|api)\w*\.(get|post|put|delete|patch|request)\("
);
pattern!(BLOCKING_LIBRARY, r"^\s*(import requests\b|from requests\b)|\brequests\.Session\(");
pattern!(AWAITS, r"\bawait\b|\basync\s+with\b");
pattern!(
    NO_TIMEOUT,
    r"\b(timeout|total|sock_read)\s*=\s*None\b|\btimeout\s*:\s*(null|0)\b|\bwait_for\([^)]*,\s*(timeout\s*=\s*)?None\s*\)"
);
pattern!(PANICS, r"\.unwrap\(\)|\.expect\(|\bpanic!|\bunreachable!|\btodo!|\bunimplemented!");
// What another program sent or said.
pattern!(
    OUTSIDE,
    r"\.await\s*\.(unwrap|expect)\(|\b(from_str|from_slice|from_reader|from_value|from_utf8|json|text|bytes|parse|decode\w*|recv|next|read_message)(::<[^;]*>)?\([^;]*\)\s*(\.await)?\??\s*\.(unwrap|expect)\(|\]\s*\.as_\w+\(\)\s*\.(unwrap|expect)\(|\.get\([^;]*\)\s*(\.and_then\([^;]*\))?\s*\.(unwrap|expect)\("
);
pattern!(OF_A_LITERAL, r#""[^"]*"\s*\.parse|(from_str|parse|new)\(\s*"[^"{]*"\s*\)"#);
pattern!(TOOL, r"(^|/)(main|build)\.rs$|(^|/)(examples|bin|xtask|benches|tools)/");
pattern!(LOCK, r"\.(lock|read|write)\(\)\s*\.(unwrap|expect)\(");
pattern!(HOT_PATH, r"(?i)strateg|execution|engine|exchange|venue|gateway|order|feed|trading");
pattern!(
    TRADING_FN,
    r"(?i)^(on_|handle|process|submit|place|cancel|quote|trade|fill|update|apply|route|send|parse_)"
);
pattern!(ASSERT, r"^\s*assert\b");
pattern!(NARROWS, r"\bisinstance\(|\bis not None\b|\bTYPE_CHECKING\b");
pattern!(LOGS, r"(?i)\blog|warn|error\(|print|capture_|emit|metric|count|raise|notify|alert");

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "exception-swallowed",
        focus: Focus::ErrorHandling,
        severity: Severity::High,
        title: "an error is swallowed",
        why: "Whatever goes wrong here is neither told nor counted: a rejected order or a lost feed looks like \
              silence. Handle the case you expect by its type, and log, count or re-raise the rest.",
        path: "strategies/feed.py",
        bad: "+    try:\n+        self.cancel(order)\n+    except Exception:\n+        pass\n",
        good: "+    try:\n+        self.cancel(order)\n+    except OrderClosed as error:\n+        self.log.warning(f\"already closed: {error}\")\n",
        in_tests: InTests::Skip,
        check: exception_swallowed,
    },
    Lint {
        id: "bare-except",
        focus: Focus::ErrorHandling,
        severity: Severity::Medium,
        title: "everything is caught, an interrupt included",
        why: "`except:` and `except BaseException:` also catch Ctrl-C, exit and cancellation, so the process can \
              no longer be stopped. Name the type, or re-raise.",
        path: "strategies/feed.py",
        bad: "+    try:\n+        self.poll()\n+    except:\n+        self.log.error(\"poll failed\")\n",
        good: "+    try:\n+        self.poll()\n+    except ConnectionError:\n+        self.log.error(\"poll failed\")\n",
        in_tests: InTests::Skip,
        check: bare_except,
    },
    Lint {
        id: "unbounded-retry",
        focus: Focus::ErrorHandling,
        severity: Severity::High,
        title: "a retry has no end",
        why: "If the other side stays away this loop runs for ever, and hammers a venue that counts requests. \
              Bound the attempts or the time, back off, and tell when it gives up.",
        path: "adapters/venue.py",
        bad: "+def fetch(self):\n+    while True:\n+        try:\n+            return self.client.positions()\n+        except ConnectionError:\n+            time.sleep(1)\n",
        good: "+def fetch(self):\n+    for attempt in range(MAX_ATTEMPTS):\n+        try:\n+            return self.client.positions()\n+        except ConnectionError:\n+            time.sleep(2 ** attempt)\n+    raise VenueUnreachable()\n",
        in_tests: InTests::Skip,
        check: unbounded_retry,
    },
    Lint {
        id: "request-without-timeout",
        focus: Focus::ErrorHandling,
        severity: Severity::High,
        title: "a request waits without a bound",
        why: "This client has no timeout unless it is given one: a venue that accepts the connection and says \
              nothing stops the caller for good. Give a timeout.",
        path: "adapters/venue.py",
        bad: "+    reply = requests.get(url, params=params)\n",
        good: "+    reply = requests.get(url, params=params, timeout=5)\n",
        in_tests: InTests::Skip,
        check: request_without_timeout,
    },
    Lint {
        id: "panic-in-trading-code",
        focus: Focus::ErrorHandling,
        severity: Severity::High,
        title: "an unexpected value ends the process",
        why: "`unwrap`, `expect` and `panic!` on this path take the strategy down with its orders open. Return the \
              error, or skip the event and count it.",
        path: "src/strategy/ema.rs",
        bad: "+fn on_quote(&mut self, quote: &Quote) {\n+    let px = quote.bid.unwrap();\n+    self.update(px);\n+}\n",
        good: "+fn on_quote(&mut self, quote: &Quote) {\n+    let Some(px) = quote.bid else { return };\n+    self.update(px);\n+}\n",
        in_tests: InTests::Skip,
        check: panic_in_trading_code,
    },
    Lint {
        id: "assert-as-check",
        focus: Focus::ErrorHandling,
        severity: Severity::Medium,
        title: "an assert guards production code",
        why: "`python -O` removes asserts, and with them this check. Raise an error of its own.",
        path: "strategies/size.py",
        bad: "+    assert qty <= self.max_qty, \"too large\"\n",
        good: "+    if qty > self.max_qty:\n+        raise SizeTooLarge(qty)\n",
        in_tests: InTests::Skip,
        check: assert_as_check,
    },
];

fn exception_swallowed(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.lines.iter().enumerate() {
        if line.is_added && (SUPPRESS.is_match(&line.code) || EMPTY_CATCH.is_match(&line.code)) {
            hits.line(region, index);
        }
        let is_ignored = region.language == Language::Rust
            && line.is_added
            && IGNORED_RESULT.is_match(&line.code)
            && !IGNORABLE.is_match(&line.code);
        if is_ignored && !is_in_test_module(region, index) {
            hits.line(region, index);
        }
        if region.language == Language::Python {
            python_except(region, index, hits);
            let leaves =
                || region.block(index).into_iter().find(|(_, line)| LEAVES.is_match(&line.code));
            if line.code.trim() == "finally:"
                && let Some((at, inner)) = leaves()
                && inner.is_added
            {
                hits.line(region, at);
            }
        }
    }
}

fn python_except(region: &Region<'_>, index: usize, hits: &mut Hits) {
    let Some(line) = region.lines.get(index) else { return };
    let Some(types) = EXCEPT.captures(&line.code).and_then(|found| found.get(1)) else { return };
    let block = region.block(index);
    let Some((_, first)) = block.first() else { return };
    let is_new = line.is_added || block.iter().any(|(_, line)| line.is_added);
    if !is_new || HARMLESS.is_match(types.as_str()) {
        return;
    }
    let is_silent = !block.iter().any(|(_, line)| LOGS.is_match(&line.code));
    let is_broad = BROAD.is_match(types.as_str());
    // Told at a level that nobody sees in production.
    let whispers = is_broad
        && block.iter().all(|(_, line)| {
            WHISPERS.is_match(&line.code)
                || NOTHING.is_match(&line.code)
                || GIVES_UP.is_match(&line.code)
        });
    let gives_up = block.len() == 1 && GIVES_UP.is_match(&first.code) && is_broad;
    if whispers || (is_silent && (NOTHING.is_match(&first.code) || gives_up)) {
        hits.line(region, index);
    }
}

fn bare_except(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if region.language != Language::Python {
        return;
    }
    for (index, line) in region.added() {
        let Some(types) = EXCEPT.captures(&line.code).and_then(|found| found.get(1)) else {
            continue;
        };
        let types = types.as_str().trim();
        let is_bare = types.is_empty() || types.starts_with("BaseException");
        let raises = region.block(index).iter().any(|(_, line)| line.code.contains("raise"));
        if is_bare && !raises {
            hits.line(region, index);
        }
    }
}

fn unbounded_retry(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.lines.iter().enumerate() {
        let decorates = line.is_added && RETRIES.is_match(&line.code);
        if decorates && !RETRIES_END.is_match(&region.statement_code(index)) {
            hits.line(region, index);
        }
        if !ENDLESS.is_match(&line.code) {
            continue;
        }
        let block = region.block(index);
        let has =
            |pattern: &regex::Regex| block.iter().any(|(_, line)| pattern.is_match(&line.code));
        let is_new = line.is_added || block.iter().any(|(_, line)| line.is_added);
        let is_retry = has(&CATCHES) && has(&TRIES_AGAIN) && has(&SUCCEEDS);
        if is_new && is_retry && !has(&BOUND) {
            hits.line(region, index);
        }
    }
}

fn request_without_timeout(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        let by_client = BLOCKING_CLIENT.is_match(&line.code)
            && !AWAITS.is_match(&line.code)
            && view.has(&BLOCKING_LIBRARY);
        let without = NO_TIMEOUT.is_match(&line.code);
        if without {
            hits.line(region, index);
        }
        if without || !(by_client || REQUEST.is_match(&line.code)) {
            continue;
        }
        let statement = match region.language {
            Language::Rust => region.chain(index),
            _ => region.statement(index),
        };
        let has_bound = TIMEOUT.is_match(&statement) && !NO_TIMEOUT.is_match(&statement);
        let takes_bound_elsewhere =
            (by_client || line.code.contains("ession.")) && view.has(&TIMEOUT);
        // The bound of a connection may stand on the line before: `timeout(WAIT, connect(..))`.
        let before = index.checked_sub(1).and_then(|above| region.lines.get(above));
        let has_bound = has_bound || before.is_some_and(|above| TIMEOUT.is_match(&above.code));
        if !has_bound && !takes_bound_elsewhere {
            hits.line(region, index);
        }
    }
}

fn panic_in_trading_code(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if region.language != Language::Rust {
        return;
    }
    for (index, line) in region.added() {
        let panics = PANICS.is_match(&line.code) && !LOCK.is_match(&line.code);
        if !panics || is_in_test_module(region, index) {
            continue;
        }
        let chain = region.chain(
            index.saturating_sub(
                // `.unwrap()` on a line of its own belongs to the call above.
                region
                    .lines
                    .iter()
                    .take(index + 1)
                    .rev()
                    .take_while(|line| line.code.trim_start().starts_with('.'))
                    .count(),
            ),
        );
        let is_outside = OUTSIDE.is_match(&chain)
            && !OF_A_LITERAL.is_match(&chain)
            && !TOOL.is_match(region.path)
            && region.function(index).is_none_or(|function| function.name != "main");
        let is_trading = is_outside
            || HOT_PATH.is_match(region.path)
            || region.function(index).is_some_and(|function| {
                is_handler(function) || TRADING_FN.is_match(&function.name)
            });
        if is_trading {
            hits.line(region, index);
        }
    }
}

fn assert_as_check(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if region.language != Language::Python {
        return;
    }
    for (index, line) in region.added() {
        if ASSERT.is_match(&line.code) && !NARROWS.is_match(&line.code) {
            hits.line(region, index);
        }
    }
}
