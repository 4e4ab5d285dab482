//! How `NautilusTrader` wants a strategy to be written.

use super::patterns::{is_handler, is_nautilus, pattern};
use super::view::View;
use super::{Hits, InTests, Lint};
use crate::finding::{Focus, Severity};
use crate::language::Language;
use crate::region::Region;

pattern!(RAW, r"\b(Price|Quantity)(\.from_str|\.from_int)?\(\s*([^)]*)");
pattern!(LITERAL, r#"^\s*(["'][^"'{]*["']|\d+(\.\d+)?\s*,\s*(precision\s*=\s*)?\d+)\s*$"#);
pattern!(
    INDICATOR,
    r"\bself\.\w*(ema|sma|rsi|atr|macd|bollinger|bands|indicator|vwap|donchian|keltner|hma|wma|adx|stoch|roc|kama|dema)\w*\.(value|upper|lower|middle|histogram|k|d)\b"
);
// What runs before data comes, after it ends, or for people to read.
pattern!(
    AROUND,
    r"^(__init__|on_start|on_stop|on_reset|on_save|on_load|on_dispose|_?log\w*|_?report\w*|_?describe\w*|__\w+__)$"
);
pattern!(WARM, r"\.initialized\b|indicators_initialized\(");
pattern!(STRATEGY_CLASS, r"^\s*class\s+\w+\s*\([^)]*\bStrategy\b");
pattern!(SUBMITS, r"\bsubmit_order(_list)?\(");
pattern!(
    CLEANS_UP,
    r"\bcancel_all_orders\(|\bclose_all_positions\(|\bclose_position\(|\bmanage_stop\b"
);
pattern!(FROM_CACHE, r"^\s*(self\.)?\w*instrument\w*\s*(:\s*\w+\s*)?=\s*self\.cache\.instrument\(");
pattern!(NONE_CHECKED, r"\bis None\b|\bif not (self\.)?\w*instrument|\bis not None\b");
pattern!(
    THREADS,
    r"\bthreading\.Thread\(|\bThread\(\s*target|\basyncio\.(run|create_task|ensure_future|get_event_loop)\(|\bThreadPoolExecutor\(|\bProcessPoolExecutor\(|\bmultiprocessing\.\w+\("
);
pattern!(
    EARLY,
    r"\bself\.(cache|clock|portfolio|msgbus|subscribe_\w+|request_\w+|order_factory|log\.)"
);
pattern!(
    INIT_SUPER,
    r"\bsuper\(\)\.__init__\(|\bsuper\(\w+,\s*self\)\.__init__\(|\bStrategy\.__init__\("
);

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "raw-price-or-quantity",
        focus: Focus::Nautilus,
        severity: Severity::High,
        title: "a price or quantity is made without the instrument",
        why: "The precision is not the instrument's, so the venue rejects the order or rounds it. Use \
              instrument.make_price and make_qty.",
        path: "strategies/ema.py",
        bad: " class Ema(Strategy):\n     def enter(self, px):\n+        price = Price.from_str(str(px))\n",
        good: " class Ema(Strategy):\n     def enter(self, px):\n+        price = self.instrument.make_price(px)\n",
        in_tests: InTests::Skip,
        check: raw_price_or_quantity,
    },
    Lint {
        id: "indicator-not-warm",
        focus: Focus::Nautilus,
        severity: Severity::High,
        title: "an indicator is read before it has enough data",
        why: "Until `initialized` its value is a start value, and the first orders are noise. Return while \
              indicators_initialized() is false.",
        path: "strategies/ema.py",
        bad: " class Ema(Strategy):\n     def on_bar(self, bar):\n+        if self.fast_ema.value > self.slow_ema.value:\n+            self.enter()\n",
        good: " class Ema(Strategy):\n     def on_bar(self, bar):\n+        if not self.indicators_initialized():\n+            return\n+        if self.fast_ema.value > self.slow_ema.value:\n+            self.enter()\n",
        in_tests: InTests::Skip,
        check: indicator_not_warm,
    },
    Lint {
        id: "no-cleanup-on-stop",
        focus: Focus::Nautilus,
        severity: Severity::High,
        title: "a strategy that trades leaves its orders when it stops",
        why: "Working orders stay at the venue after the process has gone. Cancel them in on_stop, and close or \
              hold positions by a stated policy.",
        path: "strategies/ema.py",
        bad: "+class Ema(Strategy):\n+    def on_bar(self, bar):\n+        self.submit_order(self.risk.checked(bar))\n",
        good: "+class Ema(Strategy):\n+    def on_bar(self, bar):\n+        self.submit_order(self.risk.checked(bar))\n+    def on_stop(self):\n+        self.cancel_all_orders(self.config.instrument_id)\n",
        in_tests: InTests::Skip,
        check: no_cleanup_on_stop,
    },
    Lint {
        id: "instrument-not-checked",
        focus: Focus::Nautilus,
        severity: Severity::Medium,
        title: "an instrument from the cache is used unchecked",
        why: "The cache answers None for an instrument that was not loaded, and the first order fails later and \
              elsewhere. Check here, log and stop.",
        path: "strategies/ema.py",
        bad: " class Ema(Strategy):\n     def on_start(self):\n+        self.instrument = self.cache.instrument(self.config.instrument_id)\n+        self.subscribe_bars(self.config.bar_type)\n",
        good: " class Ema(Strategy):\n     def on_start(self):\n+        self.instrument = self.cache.instrument(self.config.instrument_id)\n+        if self.instrument is None:\n+            self.stop()\n+            return\n",
        in_tests: InTests::Skip,
        check: instrument_not_checked,
    },
    Lint {
        id: "thread-in-strategy",
        focus: Focus::Nautilus,
        severity: Severity::High,
        title: "a strategy starts a thread or a task of its own",
        why: "The engine's objects are not safe to touch from another thread, and a backtest does not wait for \
              it. Use clock timers, or the message bus.",
        path: "strategies/ema.py",
        bad: " class Ema(Strategy):\n     def on_start(self):\n+        threading.Thread(target=self.poll).start()\n",
        good: " class Ema(Strategy):\n     def on_start(self):\n+        self.clock.set_timer(\"poll\", interval=self.config.every)\n",
        in_tests: InTests::Skip,
        check: thread_in_strategy,
    },
    Lint {
        id: "used-before-registration",
        focus: Focus::Nautilus,
        severity: Severity::High,
        title: "the constructor uses what the engine has not given yet",
        why: "Clock, cache, log and subscriptions exist only once the strategy is registered. Move it to on_start.",
        path: "strategies/ema.py",
        bad: " class Ema(Strategy):\n     def __init__(self, config):\n         super().__init__(config)\n+        self.subscribe_bars(config.bar_type)\n",
        good: " class Ema(Strategy):\n     def on_start(self):\n+        self.subscribe_bars(self.config.bar_type)\n",
        in_tests: InTests::Skip,
        check: used_before_registration,
    },
    Lint {
        id: "missing-super-init",
        focus: Focus::Nautilus,
        severity: Severity::High,
        title: "a strategy's constructor does not call its base",
        why: "Without super().__init__(config) the strategy has no id and no state, and fails at registration.",
        path: "strategies/ema.py",
        bad: " class Ema(Strategy):\n+    def __init__(self, config):\n+        self.fast = config.fast\n",
        good: " class Ema(Strategy):\n+    def __init__(self, config):\n+        super().__init__(config)\n+        self.fast = config.fast\n",
        in_tests: InTests::Skip,
        check: missing_super_init,
    },
];

/// Added lines of a file written against `NautilusTrader`.
fn each(
    view: &View<'_>,
    region: &Region<'_>,
    hits: &mut Hits,
    is_bad: impl Fn(usize, &str) -> bool,
) {
    if region.language != Language::Python || !is_nautilus(view) {
        return;
    }
    for (index, line) in region.added() {
        if is_bad(index, &line.code) {
            hits.line(region, index);
        }
    }
}

fn raw_price_or_quantity(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    each(view, region, hits, |index, code| {
        let is_literal = || {
            let text = region.statement(index);
            RAW.captures(&text)
                .and_then(|found| found.get(3).map(|inner| LITERAL.is_match(inner.as_str())))
                .unwrap_or(false)
        };
        RAW.is_match(code) && !code.contains("import") && !is_literal()
    });
}

fn indicator_not_warm(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if view.has(&WARM) {
        return;
    }
    each(view, region, hits, |index, code| {
        INDICATOR.is_match(code)
            && region
                .function(index)
                .is_some_and(|function| is_handler(function) || !AROUND.is_match(&function.name))
    });
}

fn no_cleanup_on_stop(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if !region.is_new_file || !view.has(&SUBMITS) || view.has(&CLEANS_UP) {
        return;
    }
    each(view, region, hits, |_, code| STRATEGY_CLASS.is_match(code));
}

fn instrument_not_checked(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    each(view, region, hits, |index, code| {
        FROM_CACHE.is_match(code)
            && region.function(index).is_some_and(|function| {
                !region.body(function).any(|line| NONE_CHECKED.is_match(&line.code))
            })
    });
}

fn thread_in_strategy(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    each(view, region, hits, |_, code| THREADS.is_match(code));
}

fn used_before_registration(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    each(view, region, hits, |index, code| {
        EARLY.is_match(code)
            && region.function(index).is_some_and(|function| function.name == "__init__")
    });
}

fn missing_super_init(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if !view.has(&STRATEGY_CLASS) {
        return;
    }
    each(view, region, hits, |index, code| {
        let is_init = code.contains("def __init__(");
        let strategy_above = || {
            region
                .lines
                .iter()
                .take(index)
                .rev()
                .find(|line| line.code.trim_start().starts_with("class "))
                .is_some_and(|line| STRATEGY_CLASS.is_match(&line.code))
        };
        let calls_base = || {
            region.function(index).is_some_and(|function| {
                region.body(function).any(|line| INIT_SUPER.is_match(&line.code))
            })
        };
        is_init && strategy_above() && !calls_base()
    });
}
