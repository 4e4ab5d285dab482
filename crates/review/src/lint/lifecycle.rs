//! A strategy of `NautilusTrader` from its start to its stop: what is subscribed, registered, held and left.

use super::patterns::{is_handler, is_nautilus, pattern};
use super::view::View;
use super::{Hits, InTests, Lint};
use crate::finding::{Focus, Severity};
use crate::language::Language;
use crate::region::{Region, SourceLine};

pattern!(ON_START, r"def on_start\(");
pattern!(ON_STOP, r"def on_stop\(");
pattern!(SUBSCRIBES, r"\bself\.subscribe_(\w+)\(");
pattern!(TIMER, r"\bself\.clock\.set_(timer|timer_ns|time_alert)\(");
pattern!(TIMER_ENDS, r"cancel_timers?\(");
pattern!(
    CONFIG_CLASS,
    r"^\s*class\s+\w+\s*\(\s*(StrategyConfig|ActorConfig|NautilusConfig|ExecAlgorithmConfig)\s*([^)]*)\)"
);
pattern!(FROZEN, r"frozen\s*=\s*True");
pattern!(
    CONFIG_SET,
    r"\bself\.config\.\w+\s*([+\-*/]?=)[^=]|\bobject\.__setattr__\(\s*self\.config"
);
pattern!(
    MAKES_INDICATOR,
    r"^\s*self\.(_?\w+)\s*(?::\s*\w+\s*)?=\s*(ExponentialMovingAverage|SimpleMovingAverage|WeightedMovingAverage|HullMovingAverage|RelativeStrengthIndex|AverageTrueRange|BollingerBands|MovingAverageConvergenceDivergence|DonchianChannel|KeltnerChannel|VolumeWeightedAveragePrice|Stochastics|RateOfChange|AdaptiveMovingAverage|LinearRegression|OnBalanceVolume|Swings)\("
);
pattern!(
    FEEDS,
    r"register_indicator_for_\w+\(|\.update_raw\(|\.handle_(bar|quote_tick|trade_tick)\("
);
pattern!(REGISTERS, r"\bregister_indicator_for_(bars|quote_ticks|trade_ticks)\(");
pattern!(FACTORY, r"\border_factory\.\w+\(");
pattern!(
    RAW_ARGUMENT,
    r"\b(quantity|price|trigger_price|trailing_offset)\s*=\s*(-?\d+(\.\d+)?\b|float\(|Decimal\(|round\(|[^,]*[\w)\]]\s*[*/+\-]\s*[\w(])"
);
pattern!(MADE, r"make_(price|qty)\(|\bPrice\b|\bQuantity\b|Decimal\(str");
pattern!(IN_HANDLER, r"\bself\.(subscribe_\w+|request_\w+|register_indicator_for_\w+)\(");
pattern!(
    SHARED,
    r"^\s+(_?[a-z]\w*)\s*(:\s*[\w\[\], .|]+)?\s*=\s*(\[\]|\{\}|set\(\)|list\(\)|dict\(\)|deque\(.*\)|defaultdict\(.*\))\s*$"
);
pattern!(CLASS, r"^\s*class\s+\w+\s*\(([^)]*)\)");
pattern!(STRATEGY, r"\b(Strategy|Actor|ExecAlgorithm)\b");
pattern!(
    NANOSECONDS,
    r#"\b(fromtimestamp|utcfromtimestamp)\(\s*[\w.]*ts_(event|init)\s*[),/]|\bts_(event|init)\s*/\s*(1_?000(\.0)?|1e3|1e6|1_?000_?000(\.0)?)\b|\bto_datetime\(\s*[\w.]*ts_(event|init)[^)]*unit\s*=\s*["'](s|ms|us)["']|\bTimestamp\(\s*[\w.]*ts_(event|init)[^)]*unit\s*=\s*["'](s|ms|us)["']"#
);
pattern!(
    HAND_MADE,
    r"=\s*(MarketOrder|LimitOrder|StopMarketOrder|StopLimitOrder|TrailingStopMarketOrder)\("
);
pattern!(
    EVERYBODYS,
    r"\bself\.cache\.(positions_open|orders_open|orders_inflight|positions|orders)\(\s*\)"
);
pattern!(
    CLEANS,
    r"\bself\.(cancel_all_orders|close_all_positions|unsubscribe_\w+|clock\.cancel_timers?)\(|\bsuper\(\)\.on_(stop|start|reset)\("
);
pattern!(SAVES, r"^\s*def\s+on_save\b");
pattern!(LOADS, r"^\s*def\s+on_load\b");

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "left-on-stop",
        focus: Focus::Nautilus,
        severity: Severity::Medium,
        title: "what starts here is not ended in on_stop",
        why: "A subscription or a timer of a stopped strategy goes on, and doubles when it starts again. Unsubscribe, \
              and cancel timers, in on_stop.",
        path: "strategies/ema.py",
        bad: " class Ema(Strategy):\n     def on_start(self):\n+        self.subscribe_quote_ticks(self.config.instrument_id)\n \n     def on_stop(self):\n         self.cancel_all_orders(self.config.instrument_id)\n",
        good: " class Ema(Strategy):\n     def on_start(self):\n+        self.subscribe_quote_ticks(self.config.instrument_id)\n \n     def on_stop(self):\n         self.cancel_all_orders(self.config.instrument_id)\n+        self.unsubscribe_quote_ticks(self.config.instrument_id)\n",
        in_tests: InTests::Skip,
        check: left_on_stop,
    },
    Lint {
        id: "config-not-frozen",
        focus: Focus::Nautilus,
        severity: Severity::Medium,
        title: "a configuration can change while it is used",
        why: "A strategy that writes into its configuration cannot be reproduced, and its id no longer says what it did. \
              Declare it `frozen=True`, and keep what moves in the strategy.",
        path: "strategies/config.py",
        bad: "+class EmaConfig(StrategyConfig):\n+    instrument_id: InstrumentId\n",
        good: "+class EmaConfig(StrategyConfig, frozen=True):\n+    instrument_id: InstrumentId\n",
        in_tests: InTests::Skip,
        check: config_not_frozen,
    },
    Lint {
        id: "indicator-not-fed",
        focus: Focus::Nautilus,
        severity: Severity::High,
        title: "an indicator is made and never fed, or fed late",
        why: "Without register_indicator_for_bars before the data is subscribed it misses bars or stays at its start \
              value. Register first, then subscribe.",
        path: "strategies/ema.py",
        bad: " class Ema(Strategy):\n     def __init__(self, config):\n         super().__init__(config)\n+        self.fast = ExponentialMovingAverage(10)\n \n     def on_start(self):\n         self.subscribe_bars(self.config.bar_type)\n",
        good: " class Ema(Strategy):\n     def __init__(self, config):\n         super().__init__(config)\n+        self.fast = ExponentialMovingAverage(10)\n \n     def on_start(self):\n+        self.register_indicator_for_bars(self.config.bar_type, self.fast)\n         self.subscribe_bars(self.config.bar_type)\n",
        in_tests: InTests::Skip,
        check: indicator_not_fed,
    },
    Lint {
        id: "raw-number-in-order",
        focus: Focus::Nautilus,
        severity: Severity::High,
        title: "an order is given a number that the instrument did not make",
        why: "The precision and the increments are not the venue's, so the order is rejected or rounded. Use \
              instrument.make_price and make_qty.",
        path: "strategies/ema.py",
        bad: " class Ema(Strategy):\n     def quote(self, side, room):\n+        order = self.order_factory.limit(self.id, side, quantity=min(room, self.max_qty), price=self.mid * 0.999)\n",
        good: " class Ema(Strategy):\n     def quote(self, side, room):\n+        order = self.order_factory.limit(self.id, side, quantity=min(room, self.max_qty), price=self.instrument.make_price(self.mid * 0.999))\n",
        in_tests: InTests::Skip,
        check: raw_number_in_order,
    },
    Lint {
        id: "subscribed-in-handler",
        focus: Focus::Nautilus,
        severity: Severity::Medium,
        title: "data is subscribed or requested at each event",
        why: "Every event asks again: requests pile up, and indicators see bars twice. Do it once, in on_start or at a \
              timer.",
        path: "strategies/ema.py",
        bad: " class Ema(Strategy):\n     def on_bar(self, bar):\n+        self.request_bars(self.config.bar_type)\n",
        good: " class Ema(Strategy):\n     def on_start(self):\n+        self.request_bars(self.config.bar_type)\n",
        in_tests: InTests::Skip,
        check: subscribed_in_handler,
    },
    Lint {
        id: "state-shared-by-class",
        focus: Focus::Nautilus,
        severity: Severity::High,
        title: "a list or map belongs to the class, not to the strategy",
        why: "Two strategies of this class, or two runs of a backtest, share it. Make it in __init__.",
        path: "strategies/ema.py",
        bad: " class Ema(Strategy):\n+    seen = {}\n \n     def on_start(self):\n",
        good: " class Ema(Strategy):\n     def __init__(self, config):\n         super().__init__(config)\n+        self.seen = {}\n",
        in_tests: InTests::Skip,
        check: state_shared_by_class,
    },
    Lint {
        id: "nanoseconds-misread",
        focus: Focus::Nautilus,
        severity: Severity::High,
        title: "a time in nanoseconds is read in another unit",
        why: "ts_event and ts_init count nanoseconds: read as seconds or milliseconds they lie thousands of years away, \
              or in 1970. Use unix_nanos_to_dt, or unit=\"ns\".",
        path: "strategies/ema.py",
        bad: " class Ema(Strategy):\n     def on_bar(self, bar):\n+        at = pd.Timestamp(bar.ts_event, unit=\"ms\", tz=\"UTC\")\n",
        good: " class Ema(Strategy):\n     def on_bar(self, bar):\n+        at = pd.Timestamp(bar.ts_event, unit=\"ns\", tz=\"UTC\")\n",
        in_tests: InTests::Skip,
        check: nanoseconds_misread,
    },
    Lint {
        id: "order-made-by-hand",
        focus: Focus::Nautilus,
        severity: Severity::Medium,
        title: "an order is made without the factory",
        why: "Ids, strategy and time of initialization come from the factory; by hand they collide after a restart. Use \
              self.order_factory.",
        path: "strategies/ema.py",
        bad: " class Ema(Strategy):\n     def enter(self, qty):\n+        order = MarketOrder(self.trader_id, self.id, self.instrument.id, qty)\n",
        good: " class Ema(Strategy):\n     def enter(self, qty):\n+        order = self.order_factory.market(self.instrument.id, OrderSide.BUY, qty)\n",
        in_tests: InTests::Skip,
        check: order_made_by_hand,
    },
    Lint {
        id: "cleanup-removed",
        focus: Focus::Nautilus,
        severity: Severity::High,
        title: "what on_stop cleaned up stays behind",
        why: "Working orders, positions or subscriptions outlive the strategy. Keep the cleanup, or say by a setting that \
              they are meant to stay.",
        path: "strategies/ema.py",
        bad: " class Ema(Strategy):\n     def on_stop(self):\n-        self.cancel_all_orders(self.config.instrument_id)\n         self.log.info(\"stopped\")\n",
        good: " class Ema(Strategy):\n     def on_stop(self):\n-        self.cancel_all_orders(self.config.instrument_id)\n+        self.cancel_all_orders(self.instrument.id)\n",
        in_tests: InTests::Skip,
        check: cleanup_removed,
    },
    Lint {
        id: "orders-of-everybody",
        focus: Focus::Nautilus,
        severity: Severity::Medium,
        title: "a strategy looks at the orders of all strategies",
        why: "Without a filter the cache gives those of every strategy of the node, and this one cancels or closes what is \
              another's. Pass strategy_id and instrument_id.",
        path: "strategies/ema.py",
        bad: " class Ema(Strategy):\n     def flatten(self):\n+        for order in self.cache.orders_open():\n+            self.cancel_order(order)\n",
        good: " class Ema(Strategy):\n     def flatten(self):\n+        for order in self.cache.orders_open(strategy_id=self.id):\n+            self.cancel_order(order)\n",
        in_tests: InTests::Skip,
        check: orders_of_everybody,
    },
    Lint {
        id: "saved-and-not-loaded",
        focus: Focus::Nautilus,
        severity: Severity::Medium,
        title: "state is saved and never loaded",
        why: "After a restart the strategy begins from nothing, with a position that it does not know. Restore in \
              on_load what on_save returns.",
        path: "strategies/ema.py",
        bad: "+class Ema(Strategy):\n+    def on_save(self):\n+        return {\"entries\": self.entries}\n",
        good: "+class Ema(Strategy):\n+    def on_save(self):\n+        return {\"entries\": self.entries}\n+    def on_load(self, state):\n+        self.entries = state[\"entries\"]\n",
        in_tests: InTests::Skip,
        check: saved_and_not_loaded,
    },
];

/// Added lines of a file written against `NautilusTrader`.
fn each(
    view: &View<'_>,
    region: &Region<'_>,
    hits: &mut Hits,
    is_bad: impl Fn(usize, &SourceLine<'_>) -> bool,
) {
    if region.language == Language::Python && is_nautilus(view) {
        let bad = region.added().filter(|(index, line)| is_bad(*index, line));
        bad.for_each(|(index, _)| hits.line(region, index));
    }
}

fn left_on_stop(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if !view.has(&ON_STOP) {
        return;
    }
    each(view, region, hits, |index, line| {
        let in_start =
            || region.function(index).is_some_and(|function| function.name == "on_start");
        let is_left = match SUBSCRIBES.captures(&line.code) {
            Some(found) => {
                let end = format!("unsubscribe_{}(", &found[1]);
                !view.lines().any(|line| line.code.contains(&end))
            }
            None => TIMER.is_match(&line.code) && !view.has(&TIMER_ENDS),
        };
        is_left && in_start()
    });
}

fn config_not_frozen(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    each(view, region, hits, |_, line| {
        CONFIG_CLASS.is_match(&line.code) && !FROZEN.is_match(&line.code)
            || CONFIG_SET.is_match(&line.code)
    });
}

fn indicator_not_fed(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    each(view, region, hits, |index, line| {
        let is_unfed = MAKES_INDICATOR.captures(&line.code).is_some_and(|found| {
            let name = format!("self.{}", &found[1]);
            let feeds =
                |line: &SourceLine<'_>| FEEDS.is_match(&line.code) && line.code.contains(&name);
            view.has(&ON_START) && !view.lines().any(feeds)
        });
        let is_late = REGISTERS.is_match(&line.code)
            && region.function(index).is_some_and(|function| {
                region
                    .body(function)
                    .any(|other| other.number < line.number && SUBSCRIBES.is_match(&other.code))
            });
        is_unfed || is_late
    });
}

fn raw_number_in_order(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if region.language != Language::Python || !is_nautilus(view) {
        return;
    }
    for (index, line) in region.lines.iter().enumerate() {
        if !FACTORY.is_match(&line.code) {
            continue;
        }
        for (offset, part) in region.call(index).enumerate() {
            let is_raw = RAW_ARGUMENT.is_match(&part.code) && !MADE.is_match(&part.code);
            if is_raw && part.is_added {
                hits.line(region, index + offset);
            }
        }
    }
}

fn subscribed_in_handler(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    each(view, region, hits, |index, line| {
        IN_HANDLER.is_match(&line.code)
            && region.function(index).is_some_and(|function| {
                is_handler(function)
                    && !["on_instrument", "on_event", "on_data"].contains(&function.name.as_str())
            })
    });
}

fn state_shared_by_class(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    each(view, region, hits, |index, line| {
        if !SHARED.is_match(&line.code) {
            return false;
        }
        // The nearest line above that is indented less.
        let above = region
            .lines
            .iter()
            .take(index)
            .rev()
            .find(|above| !above.is_blank() && above.indent() < line.indent());
        above.is_some_and(|above| {
            CLASS.captures(&above.code).is_some_and(|found| STRATEGY.is_match(&found[1]))
        })
    });
}

fn nanoseconds_misread(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    each(view, region, hits, |_, line| NANOSECONDS.is_match(line.text));
}

fn order_made_by_hand(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    each(view, region, hits, |_, line| HAND_MADE.is_match(&line.code));
}

fn saved_and_not_loaded(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if !region.is_new_file || view.has(&LOADS) {
        return;
    }
    each(view, region, hits, |_, line| SAVES.is_match(&line.code));
}

fn orders_of_everybody(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    each(view, region, hits, |_, line| EVERYBODYS.is_match(&line.code));
}

fn cleanup_removed(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if region.language != Language::Python || !is_nautilus(view) {
        return;
    }
    for change in &region.changes {
        let lost = change
            .removed
            .iter()
            .find_map(|removed| CLEANS.find(removed).map(|found| (found.as_str(), *removed)));
        let Some((call, removed)) = lost else { continue };
        let mut lines = view.lines();
        if !lines.any(|line| line.code.contains(call)) {
            hits.removed(change.number, removed);
        }
    }
}
