//! Work that is done too often, in the wrong place, or held up: queues without bound, locks over waits, calls in loops.

use super::patterns::{is_handler, is_in_test_module, pattern};
use super::view::View;
use super::{Hits, InTests, Lint};
use crate::finding::{Focus, Severity};
use crate::language::Language;
use crate::region::Region;

pattern!(
    UNBOUNDED,
    r"\bunbounded(_channel)?(::<[^>]*>+)?\(|\bmpsc::channel(::<[^(]*>)?\(\s*\)|\b(asyncio\.|queue\.|multiprocessing\.)?(Queue|LifoQueue|SimpleQueue|PriorityQueue)\(\s*\)|\bmaxsize\s*=\s*0\b|\b(max_(size|queue|msg_size|message_size|frame_size)|client_max_size)\s*=\s*(None|0)\b|\bjanus\.Queue\(\s*\)"
);
pattern!(
    LOCKED,
    r"^\s*let\s+(?:mut\s+)?(\w+)\s*=\s*.*\.(lock|write|read)\(\)\s*(\.(unwrap|expect)\([^)]*\)|\?)?\s*;"
);
pattern!(AWAITED_LOCK, r"\.(lock|write|read)\(\)\s*\.await");
pattern!(WITH_LOCK, r"^\s*with\s+(self\.)?_?\w*(lock|mutex)\w*\s*:");
pattern!(AWAIT, r"\bawait\b");
pattern!(
    IN_ASYNC,
    r"\bblock_on\(|\brun_until_complete\(|\basyncio\.run\(|\.blocking_(send|recv|lock)\(|\bstd::net::|\bstd::process::Command|\bureq::|\bstd::fs::|\bthread::sleep\(|\brequests\.|\bsocket\.recv\(|\.join\(\)\.(unwrap|expect)\("
);
pattern!(
    COMPILED,
    r"\bre\.compile\(|\bRegex::new\(|\bjson\.load\(\s*open\(|\bTemplate\(|\bjinja2?\.\w+\(|\bload_dotenv\(|\byaml\.safe_load\("
);
pattern!(
    CLIENT,
    r"\baiohttp\.ClientSession\(|\brequests\.Session\(|\bhttpx\.(Async)?Client\(|\breqwest::Client::(new|builder)\(|\b(asyncpg|psycopg2?|aiomysql|redis|aioredis)\.(connect|from_url|Redis|create_pool)\(|\bsqlite3\.connect\(|\bPgPool::connect\(|\bConnection::open\("
);
pattern!(
    OFTEN,
    r"(?i)^_?(on_|handle|fetch|poll|submit|send|place|post_|publish|quote|process|record|emit|push|update|apply|ingest|store|write|cancel|amend|refresh|get_)"
);
pattern!(
    SET_UP,
    r"(?i)^_?_?(init|new|start|connect|setup|open|create|build|main|aenter|enter|default|from_)"
);
pattern!(LOOP, r"^\s*(async\s+)?for\b.*(:|\{)\s*$");
pattern!(
    ASKS,
    r"\b(await\s+)?(self\.)?_?\w*(pool|conn|connection|db|cursor|session|repo|database|tx|redis|http|client|api|gateway|venue)\w*\.(execute|fetch\w*|query\w*|get|hget\w*|select|one|first|find\w*|load\w*|get_\w+|request)\(|\bawait\s+[\w.]*\b_?(fetch|get|load|query|request|read)_?\w*\(|\b_?(fetch|get|load|query|request)_\w+\([^)]*\)\s*\.await|\bsqlx::query\w*!?\(|\.fetch_(one|all|optional)\("
);
pattern!(SHIFTS, r"\.pop\(\s*0\s*\)|\.remove\(\s*0\s*\)|\.insert\(\s*0\s*,");
pattern!(
    COPIES,
    r"\b(copy\.)?deepcopy\(|\.copy\(\s*deep\s*=\s*True|\bdict\(\s*self\.\w+\s*\)|\blist\(\s*self\.\w+(\.(values|items|keys)\(\))?\s*\)"
);
pattern!(
    TICK,
    r"(?i)^_?(on|handle|process|apply|update)_(quote|trade|tick|order_book|book|depth|delta|msg|message|mark|price|level)"
);
pattern!(SORTS, r"\bsorted\(|\.sort(_by\w*|_unstable\w*)?\(");
pattern!(SEARCHED, r"\bin\s+self\.(\w+)\s*(:|\)|and\b|or\b)");
pattern!(
    ENDLESS,
    r"^\s*(while\s+(True|1|not\s+\S+|self\.\w*running\w*)\s*:|loop\s*\{|while\s+!?\S*(stop|running|load)\S*\s*\{)"
);
pattern!(LOOKS, r"\btry_recv\(|get_nowait\(|\.poll\(|is_ready\(|\.try_pop\(|\.try_lock\(");
pattern!(
    RESTS,
    r"(?i)sleep|\bawait\b|\.recv\(|\bwait|park|yield|spin_loop|\.get\(|timeout|select|notified|tick\(\)"
);
pattern!(
    BATCHED,
    r"gather\(|join_all|executemany|ANY\(|\bIN\s*\(|buffer_unordered|page|cursor|retry|attempt|chunk|batch"
);

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "queue-without-bound",
        focus: Focus::Performance,
        severity: Severity::Medium,
        title: "a queue has no bound",
        why: "When the reader is slower than the market it grows until the process is killed, and what comes out is \
              minutes old. Give it a bound, and say what happens when it is full.",
        path: "adapters/feed.py",
        bad: "+        self.inbox = asyncio.Queue()\n",
        good: "+        self.inbox = asyncio.Queue(maxsize=10_000)\n",
        in_tests: InTests::Skip,
        check: queue_without_bound,
    },
    Lint {
        id: "lock-over-await",
        focus: Focus::Performance,
        severity: Severity::High,
        title: "a lock of threads is held over a wait",
        why: "Whoever needs it meanwhile blocks the executor's thread, up to a deadlock. Copy what is needed and drop \
              the guard before the wait.",
        path: "src/book.rs",
        bad: "+async fn flush(&self) {\n+    let rows = self.rows.lock().expect(\"poisoned\");\n+    self.sink.store(&rows).await;\n+}\n",
        good: "+async fn flush(&self) {\n+    let rows = std::mem::take(&mut *self.rows.lock());\n+    self.sink.store(&rows).await;\n+}\n",
        in_tests: InTests::Skip,
        check: lock_over_await,
    },
    Lint {
        id: "blocking-in-coroutine",
        focus: Focus::Performance,
        severity: Severity::High,
        title: "a coroutine blocks its thread",
        why: "While it waits no other task of this thread runs: heartbeats, cancels and quotes stand still. Use the \
              awaitable form, or a thread for blocking work.",
        path: "src/poll.rs",
        bad: "+async fn poll(&self) -> Rate {\n+    self.runtime.block_on(self.fetch())\n+}\n",
        good: "+async fn poll(&self) -> Rate {\n+    self.fetch().await\n+}\n",
        in_tests: InTests::Skip,
        check: blocking_in_coroutine,
    },
    Lint {
        id: "made-at-each-call",
        focus: Focus::Performance,
        severity: Severity::Medium,
        title: "a client, a connection or a pattern is made at each call",
        why: "Each one costs a handshake, or a compilation, before the first useful byte. Make it once, and keep it.",
        path: "adapters/rest.py",
        bad: "+async def fetch_mark(self, symbol):\n+    async with aiohttp.ClientSession(timeout=T) as session:\n+        return await parse(session.get(self.url(symbol)))\n",
        good: "+async def fetch_mark(self, symbol):\n+    async with self.session.get(self.url(symbol), timeout=T) as reply:\n+        return await parse(reply)\n",
        in_tests: InTests::Skip,
        check: made_at_each_call,
    },
    Lint {
        id: "spins",
        focus: Focus::Performance,
        severity: Severity::Medium,
        title: "a loop looks again and again without a pause",
        why: "It takes a whole core from what has work to do. Wait for the event, or sleep between looks.",
        path: "src/drain.rs",
        bad: "+fn drain(&self) {\n+    loop {\n+        match self.inbox.try_recv() {\n+            Ok(event) => self.take(event),\n+            Err(_) => self.idle += 1,\n+        }\n+    }\n+}\n",
        good: "+fn drain(&self) {\n+    loop {\n+        match self.inbox.recv() {\n+            Ok(event) => self.take(event),\n+            Err(_) => return,\n+        }\n+    }\n+}\n",
        in_tests: InTests::Skip,
        check: spins,
    },
    Lint {
        id: "asked-one-by-one",
        focus: Focus::Performance,
        severity: Severity::Medium,
        title: "a loop asks a database or a venue for each element",
        why: "Each turn waits for a round trip, so the time grows with the list. Ask for all at once, or side by side.",
        path: "backoffice/report.py",
        bad: "+    for symbol in symbols:\n+        rows = await self.pool.fetch(LAST, symbol)\n+        out.extend(rows)\n",
        good: "+    out = await self.pool.fetch(LAST_OF_ALL, symbols)\n",
        in_tests: InTests::Skip,
        check: asked_one_by_one,
    },
    Lint {
        id: "moved-or-copied-per-event",
        focus: Focus::Performance,
        severity: Severity::Medium,
        title: "each event copies, sorts or shifts a whole collection",
        why: "The cost grows with the collection, at every tick. Use a deque or a sorted structure, and lend instead of \
              copying.",
        path: "strategies/book.py",
        bad: "+def on_quote_tick(self, tick):\n+    self.window.pop(0)\n",
        good: "+def on_quote_tick(self, tick):\n+    self.window.popleft()\n",
        in_tests: InTests::Skip,
        check: moved_or_copied_per_event,
    },
];

fn queue_without_bound(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        if UNBOUNDED.is_match(&line.code) && !is_in_test_module(region, index) {
            hits.line(region, index);
        }
    }
}

fn lock_over_await(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.lines.iter().enumerate() {
        if region.language == Language::Python && WITH_LOCK.is_match(&line.code) {
            let block = region.block(index);
            let waits = block.iter().any(|(_, line)| AWAIT.is_match(&line.code));
            if waits && (line.is_added || block.iter().any(|(_, line)| line.is_added)) {
                hits.line(region, index);
            }
        }
        let Some(found) = LOCKED.captures(&line.code) else { continue };
        if region.language != Language::Rust || AWAITED_LOCK.is_match(&line.code) {
            continue;
        }
        let guard = &found[1];
        let held = region.lines.iter().skip(index + 1).take_while(|other| {
            !other.code.contains(&format!("drop({guard})"))
                && (other.is_blank() || other.indent() >= line.indent())
        });
        let waits = held.filter(|other| other.is_added || line.is_added);
        if waits.into_iter().any(|other| other.code.contains(".await")) {
            hits.line(region, index);
        }
    }
}

fn blocking_in_coroutine(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        if !IN_ASYNC.is_match(&line.code) || is_in_test_module(region, index) {
            continue;
        }
        let is_handed_on = line.code.contains("to_thread") || line.code.contains("spawn_blocking");
        let is_async = region.function(index).is_some_and(|function| function.is_async);
        // What the other lint says already.
        let is_said = line.code.contains("thread::sleep")
            || line.code.contains("std::fs::")
            || line.code.contains("requests.");
        if is_async && !is_handed_on && !is_said {
            hits.line(region, index);
        }
    }
}

fn made_at_each_call(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        let (is_client, is_compiled) = (CLIENT.is_match(&line.code), COMPILED.is_match(&line.code));
        if !(is_client || is_compiled) || is_in_test_module(region, index) {
            continue;
        }
        let Some(function) = region.function(index) else { continue };
        let in_loop = region
            .lines
            .iter()
            .take(index)
            .rev()
            .take(10)
            .any(|above| above.indent() < line.indent() && LOOP.is_match(&above.code));
        let is_often = OFTEN.is_match(&function.name) && !SET_UP.is_match(&function.name);
        let is_lazy = region.body(function).any(|line| {
            line.code.contains("is None")
                || line.code.contains("LazyLock")
                || line.code.contains("OnceLock")
        });
        if (is_often || (in_loop && is_compiled)) && !is_lazy {
            hits.line(region, index);
        }
    }
}

fn asked_one_by_one(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.lines.iter().enumerate() {
        if !LOOP.is_match(&line.code)
            || BATCHED.is_match(line.text)
            || is_in_test_module(region, index)
        {
            continue;
        }
        let block = region.block(index);
        let asked = block.iter().find(|(_, inner)| {
            ASKS.is_match(&inner.code)
                && (inner.is_added || line.is_added)
                && (inner.code.contains("await")
                    || inner.code.contains("execute")
                    || inner.code.contains("fetch")
                    || inner.code.contains("query"))
        });
        if let Some((at, _)) = asked
            && !block.iter().any(|(_, inner)| BATCHED.is_match(&inner.code))
        {
            hits.line(region, *at);
        }
    }
}

/// Whether the file shows that a field begins as a list.
fn is_list(view: &View<'_>, name: &str) -> bool {
    view.lines().any(|line| {
        let after = line.code.split_once(&format!("self.{name}")).map(|(_, after)| after.trim());
        after.is_some_and(|after| {
            after.starts_with(": list") || after == "= []" || after == "= list()"
        })
    })
}

fn spins(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.lines.iter().enumerate() {
        if !ENDLESS.is_match(&line.code) || is_in_test_module(region, index) {
            continue;
        }
        let block = region.block(index);
        let has =
            |pattern: &regex::Regex| block.iter().any(|(_, line)| pattern.is_match(&line.code));
        let is_new = line.is_added || block.iter().any(|(_, line)| line.is_added);
        let shows_end = block.last().is_some_and(|(last, _)| last + 1 < region.lines.len());
        if is_new && shows_end && has(&LOOKS) && !has(&RESTS) {
            hits.line(region, index);
        }
    }
}

fn moved_or_copied_per_event(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        let Some(function) = region.function(index) else { continue };
        let in_handler = is_handler(function) || TICK.is_match(&function.name);
        let per_event = SHIFTS.is_match(&line.code) || COPIES.is_match(&line.code);
        let per_tick = TICK.is_match(&function.name) && SORTS.is_match(&line.code);
        let is_searched = || {
            let named = SEARCHED.captures(&line.code).and_then(|found| found.get(1));
            named.is_some_and(|name| {
                view.of_name("list", name.as_str(), || is_list(view, name.as_str()))
            })
        };
        if (in_handler && per_event) || per_tick || is_searched() {
            hits.line(region, index);
        }
    }
}
