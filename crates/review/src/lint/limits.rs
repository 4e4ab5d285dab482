//! Limits: asked before each order, fixed, never loosened in passing.

use super::patterns::{is_in_test_module, pattern};
use super::view::View;
use super::{Hits, InTests, Lint};
use crate::finding::{Focus, Severity};
use crate::region::{Change, Region};

pattern!(
    ORDER,
    r"\b(submit_order|submit_order_list|place_order|create_order|send_order|new_order|create_market_\w*order|create_limit_\w*order|order_market|market_order|place_market_order)\s*\("
);
// The same under other names: what is sent says that it is an order.
pattern!(
    SENDS,
    r"\.\s*(send_new\w*|send_order\w*|submit\w*|place(_\w+)?|post_order\w*|create_order\w*|new_order\w*|enter_order\w*|execute_order\w*|modify_order|replace_order|amend_order)\(|\b\w*(venue|gateway|exchange|broker|oms|router|outbound)\w*\s*\.\s*(send|submit|place|post|create|execute|route|new|enter|push)\(\s*(&|mut\s|\w+::)*\w*(order|req|request|ticket|leg|child|hedge|quote|new)\w*\b|\b\w*(client|adapter|session|api|conn)\w*\s*\.\s*(send|submit|place|post|create|execute|push)\(\s*(&|mut\s|\w+::)*\w*(order|ticket|leg|child|hedge)\w*\b"
);
// Work that is handed to threads is no order.
pattern!(HANDS_OVER, r"(?i)\b\w*(executor|pool|thread|loop|worker|scheduler|sandbox)\w*\.submit");
pattern!(DEFINITION, r"\b(def|fn|function)\s+\w+\s*\(");
// Words of limit orders, which are no limits.
pattern!(
    LIMIT_ORDER,
    r"(?i)order_factory\.\w+|\b\w*limit_(order|price|px)\w*|\bLimitOrder\b|OrderType\.\w+|create_limit_\w+|\brate_?limit\w*|\bmax_(age|retries|attempts|spread|wait|len|depth|bars|lookback)\w*|\bmaxlen\b|\brisk_free\w*|\bcheckpoint\w*"
);
pattern!(
    GUARD,
    r"(?i)limit|\bmax|_max\b|risk|exposure|check|guard|allow|\bmin\(|\bcap(ped)?\b|halt|kill|validat|reduce_only|clamp|\bbounded|room|permit|approv|within|budget|\.min\(|vet\b|verdict"
);
pattern!(LEAVES, r"(?i)close|flatten|exit|cancel|reduce|liquidat|unwind|stop_loss|protect");
pattern!(
    SETTING,
    r#"^\s*(?:pub\s+)?(?:const\s+|static\s+|let\s+(?:mut\s+)?)?["']?([A-Za-z_][\w.\-]*)["']?\s*(?::\s*[\w\[\]<>| ]+?\s*=|:|=)\s*([^#,;]+)"#
);
pattern!(
    RISK_NAME,
    r"(?i)position|leverage|draw_?down|loss|exposure|notional|order_(size|qty|value|rate)|quantity|\bqty|_qty|risk|kill|margin|max_(open_)?orders|slippage|deviation|collar|stale|max_age|orders_per|submit_rate|concentration|\bgross|\bnet_|max_(size|clip|inventory|delta|vega|gamma)|inventory|tolerance"
);
pattern!(
    LIMIT_NAME,
    r"(?i)max|limit|cap|kill|ratio|pct|threshold|stop|leverage|budget|min|tolerance"
);
pattern!(
    SWITCH_NAME,
    r"(?i)kill_?switch|circuit_?breaker|risk_?(check|engine|limits?)|limits?_enabled|dry_?run|paper|testnet|sandbox|position_limits?|bypass_risk|bypass|skip_risk|halt_on|stop_loss"
);
pattern!(
    CHECK,
    r"(?i)\b(if|elif|while|assert|ensure!|require)\b.*(max_|_max\b|limit|draw_?down|exposure|leverage|halt|kill|risk|margin|allowed)|\b\w*(check|validate|enforce|assert|ensure)_?\w*(limit|risk|position|exposure|margin|drawdown|leverage)\w*\s*\("
);
pattern!(
    LIMIT_WORD,
    r"(?i)\b\w*(max_|_max\b|limit|draw_?down|exposure|leverage|halt|kill|risk|margin)\w*"
);
pattern!(
    CALLS_CHECK,
    r"(?i)\b(self\.)?\w*(pre_?check|pre_?trade|check|validate|enforce|vet|guard|approve|ensure)\w*\s*\("
);
pattern!(
    CHANGED_LIMIT,
    r"\b(?:self\.|this\.|config\.|self\.config\.)?\w*(?:max_\w*(?:position|leverage|drawdown|loss|exposure|notional|qty|size|risk)\w*|(?:position|leverage|drawdown|loss|exposure|risk|notional)_limit\w*|kill_switch\w*|max_leverage|max_drawdown)\s*(?:[*+/\-]?=)[^=]"
);
pattern!(
    SETUP,
    r"^(__init__|__post_init__|new|default|setup|on_start|from_\w+|load\w*|configure\w*|with_\w+|set_limits?)$"
);
pattern!(STAGING, r"(?i)staging|testnet|paper|sandbox|demo");
pattern!(
    MAINNET,
    r#"(?i)\bapi\.hyperliquid\.xyz|\bf?api\.binance\.com|\bapi\.bybit\.com|\bwww\.okx\.com|\bapi\.kraken\.com|testnet["']?\s*[:=]\s*["']?(false|0|no)\b|\bmainnet["']?\s*[:=]\s*["']?(true|1|yes)\b|network["']?\s*[:=]\s*["']?mainnet"#
);

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "order-without-limit-check",
        focus: Focus::PositionLimits,
        severity: Severity::High,
        title: "an order is sent by a function that asks no limit",
        why: "Nothing in this function compares size, exposure or state of the account with a limit before the \
              order leaves. Ask the risk check here, or call the one place that does.",
        path: "strategies/breakout.py",
        bad: "+def enter(self, qty):\n+    order = self.factory.market(self.instrument, qty)\n+    self.submit_order(order)\n",
        good: "+def enter(self, qty):\n+    if self.position + qty > self.max_position:\n+        return\n+    self.submit_order(self.factory.market(self.instrument, qty))\n",
        in_tests: InTests::Skip,
        check: order_without_limit_check,
    },
    Lint {
        id: "limit-loosened",
        focus: Focus::PositionLimits,
        severity: Severity::High,
        title: "a risk limit is loosened",
        why: "The new value allows more risk than the old one. A limit is loosened by itself, with a reason and \
              somebody's approval, not in passing.",
        path: "config/risk.yaml",
        bad: "-max_leverage: 3\n+max_leverage: 10\n",
        good: "-max_leverage: 3\n+max_leverage: 2\n",
        in_tests: InTests::Skip,
        check: limit_loosened,
    },
    Lint {
        id: "guard-switched-off",
        focus: Focus::PositionLimits,
        severity: Severity::Critical,
        title: "a protection is switched off",
        why: "A kill switch, risk check or paper mode is turned off by this line. Turn it on again, or say in a \
              change of its own why trading is safe without it.",
        path: "config/live.yaml",
        bad: "-kill_switch_enabled: true\n+kill_switch_enabled: false\n",
        good: "-kill_switch_enabled: false\n+kill_switch_enabled: true\n",
        in_tests: InTests::Skip,
        check: guard_switched_off,
    },
    Lint {
        id: "risk-check-removed",
        focus: Focus::PositionLimits,
        severity: Severity::High,
        title: "a risk check is removed",
        why: "The removed line compared something with a limit, and nothing in its place does. Keep the check, or \
              show where it is made now.",
        path: "strategies/grid.py",
        bad: " def enter(self, qty):\n-    if self.exposure() + qty > self.max_exposure:\n-        return\n     self.send(qty)\n",
        good: " def enter(self, qty):\n-    if self.exposure() + qty > self.max_exposure:\n+    if not self.risk.allows(qty):\n         return\n     self.send(qty)\n",
        in_tests: InTests::Skip,
        check: risk_check_removed,
    },
    Lint {
        id: "limit-changed-at-runtime",
        focus: Focus::PositionLimits,
        severity: Severity::High,
        title: "code changes a limit while it trades",
        why: "A limit that the strategy can move is none. Read it once from the configuration and leave it fixed; \
              what adapts is the size of the next order, below the limit.",
        path: "strategies/trend.py",
        bad: "+def on_bar(self, bar):\n+    self.max_position *= 1.5\n",
        good: "+def __init__(self, config):\n+    self.max_position = config.max_position\n",
        in_tests: InTests::Skip,
        check: limit_changed_at_runtime,
    },
    Lint {
        id: "mainnet-in-staging",
        focus: Focus::PositionLimits,
        severity: Severity::Critical,
        title: "a file for staging or paper trading names the real venue",
        why: "This file is for practice, and this line points it at real money. Use the venue's test network.",
        path: "deploy/docker-compose.staging.yml",
        bad: "+      HYPERLIQUID_URL: https://api.hyperliquid.xyz\n",
        good: "+      HYPERLIQUID_URL: https://api.hyperliquid-testnet.xyz\n",
        in_tests: InTests::Skip,
        check: mainnet_in_staging,
    },
];

fn order_without_limit_check(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        let sends = ORDER.is_match(&line.code)
            || (SENDS.is_match(&line.code)
                && !HANDS_OVER.is_match(&line.code)
                && !is_sender(region, index));
        if !sends || DEFINITION.is_match(&line.code) || is_in_test_module(region, index) {
            continue;
        }
        let Some(function) = region.function(index) else { continue };
        let last = region.call(index).last().map_or(line.number, |last| last.number);
        // What is asked after the order has left guards nothing.
        let is_guarded = region.body(function).filter(|other| other.number <= last).any(|line| {
            let code = LIMIT_ORDER.replace_all(&line.code, " ");
            GUARD.is_match(&code)
        });
        if !is_guarded && !LEAVES.is_match(&function.name) {
            hits.line(region, index);
        }
    }
}

/// Whether the function is the one that puts an order on the wire, behind the checks of its callers.
fn is_sender(region: &Region<'_>, index: usize) -> bool {
    const NAMES: [&str; 9] =
        ["send", "_send", "transmit", "write", "encode", "retry", "replay", "post", "_post"];
    region.function(index).is_some_and(|function| NAMES.contains(&function.name.as_str()))
}

/// `key = value` of a line.
fn setting(text: &str) -> Option<(&str, &str)> {
    let found = SETTING.captures(text)?;
    Some((found.get(1)?.as_str(), found.get(2)?.as_str().trim()))
}

/// The pairs of a change that set the same key: the old value, the new one, and where.
fn changed_settings<'r>(
    region: &'r Region<'_>,
) -> impl Iterator<Item = (&'r str, &'r str, &'r str, usize)> {
    region.changes.iter().flat_map(move |change: &Change<'_>| {
        change.removed.iter().filter_map(move |removed| {
            let (key, old) = setting(removed)?;
            change.added.iter().find_map(|index| {
                let (new_key, new) = setting(region.lines.get(*index)?.text)?;
                (new_key == key).then_some((key, old, new, *index))
            })
        })
    })
}

fn limit_loosened(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (key, old, new, index) in changed_settings(region) {
        if !RISK_NAME.is_match(key) || !LIMIT_NAME.is_match(key) {
            continue;
        }
        let Some(old) = number(old) else { continue };
        let is_floor = key.to_lowercase().contains("min");
        let is_looser = match number(new) {
            Some(new) if is_floor => new.abs() < old.abs(),
            Some(new) => new.abs() > old.abs(),
            None => is_unlimited(new),
        };
        if is_looser {
            hits.line(region, index);
        }
    }
}

/// A number as configurations and code write it: `1_000`, `0.05`, `Decimal("3")`, `5%`.
fn number(text: &str) -> Option<f64> {
    let inner = text.rsplit_once('(').map_or(text, |(_, inner)| inner);
    let digits: String = inner
        .trim_matches(|character: char| "\"')( %".contains(character))
        .chars()
        .filter(|character| *character != '_')
        .collect();
    let digits = digits.trim_end_matches("f64").trim_end_matches("u32").trim_end_matches("u64");
    digits.parse().ok()
}

fn is_unlimited(text: &str) -> bool {
    let text = text.to_lowercase();
    [
        "none",
        "null",
        "inf",
        "float(\"inf\")",
        "~",
        "f64::infinity",
        "math.inf",
        "f64::max",
        "u32::max",
    ]
    .iter()
    .any(|word| text.trim_matches(['"', '\'']).starts_with(word))
}

fn guard_switched_off(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (key, old, new, index) in changed_settings(region) {
        if !SWITCH_NAME.is_match(key) {
            continue;
        }
        let (Some(old), Some(new)) = (switch(old), switch(new)) else { continue };
        let is_off_when_true = key.to_lowercase().contains("bypass")
            || key.to_lowercase().contains("skip")
            || key.to_lowercase().contains("disable");
        if old != new && new == is_off_when_true {
            hits.line(region, index);
        }
    }
}

fn switch(text: &str) -> Option<bool> {
    match text.trim_matches(['"', '\'', ' ', ',']).to_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn risk_check_removed(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for change in &region.changes {
        let added = || change.added.iter().filter_map(|index| region.lines.get(*index));
        let has_check_now = added().any(|line| CHECK.is_match(&line.code));
        for removed in &change.removed {
            let code = LIMIT_ORDER.replace_all(removed, " ");
            let is_comment = removed.trim_start().starts_with(['#', '/']);
            if has_check_now || is_comment || !CHECK.is_match(&code) {
                continue;
            }
            // What is asked once at the start no longer guards each order.
            let has_moved = view.adds(removed)
                && region.lines.iter().enumerate().any(|(index, line)| {
                    let at_start = || {
                        region
                            .function(index)
                            .is_some_and(|function| SETUP.is_match(&function.name))
                    };
                    line.is_added && line.text.trim() == removed.trim() && !at_start()
                });
            // Written anew elsewhere in the file: by the names that it held against each other, or by a function.
            let is_elsewhere = || {
                let mut words = LIMIT_WORD.find_iter(&code).map(|word| word.as_str()).peekable();
                let names_limit = words.peek().is_some();
                let has_call = names_limit && view.has_added(&CALLS_CHECK);
                has_call || (view.has_added(&CHECK) && words.any(|word| is_asked(view, word)))
            };
            if !has_moved && !is_elsewhere() {
                hits.removed(change.number, removed);
                break;
            }
        }
    }
}

/// Whether an added line of the file asks for what has this name.
fn is_asked(view: &View<'_>, word: &str) -> bool {
    view.lines().any(|line| line.is_added && line.code.contains(word) && CHECK.is_match(&line.code))
}

fn limit_changed_at_runtime(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        if !CHANGED_LIMIT.is_match(&line.code) || line.code.trim_start().starts_with("let ") {
            continue;
        }
        let function = region.function(index);
        if function.is_some_and(|function| !SETUP.is_match(&function.name)) {
            hits.line(region, index);
        }
    }
}

fn mainnet_in_staging(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if !STAGING.is_match(region.path) {
        return;
    }
    for (index, line) in region.added() {
        let is_comment = line.is_blank();
        if !is_comment && MAINNET.is_match(line.text) {
            hits.line(region, index);
        }
    }
}
