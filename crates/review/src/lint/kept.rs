//! Limits stay what they are: not weakened in a rewrite, not merely logged, not undone by a restart or a repeat.

use super::patterns::{is_in_test_module, pattern};
use super::view::View;
use super::{Hits, InTests, Lint};
use crate::finding::{Focus, Severity};
use crate::language::Language;
use crate::region::{Region, SourceLine};

pattern!(
    LIMIT,
    r"(?i)\b\w*(max_\w+|_max|limit|cap|draw_?down|exposure|leverage|halt|kill|risk|margin|allowed|threshold|budget)\w*"
);
pattern!(
    CONDITION,
    r"^\s*(if|elif|while|}?\s*else if|assert|ensure!|return|let\s+\w+\s*=|\w+\s*=)\b"
);
pattern!(MAGNITUDE, r"\babs\(|\.abs\(\)|\.unsigned_abs\(\)|\bfabs\(|\.magnitude\b");
pattern!(
    BY_PASS,
    r"(?i)\b(and\s+not|&&\s*!|or|\|\|)\s*\(?\s*(self\.|config\.|order\.|req\.|!)*\w*(force\w*|urgent|override\w*|bypass\w*|skip\w*|fast\w*|manual|emergency|is_vip|trusted|priority)\b"
);
pattern!(FACTOR, r"(\*\s*(\d+(\.\d+)?)|<<\s*\d)");
pattern!(COMPARES, r"(>=|<=|>|<)");
pattern!(
    BREACH,
    r"^\s*(if|elif|}?\s*else if)\b.*(?i)(max_|_max\b|limit|cap\b|draw_?down|exposure|leverage|notional).*"
);
pattern!(
    ACTS,
    r"(?i)\breturn\b|\braise\b|\bcontinue\b|\bbreak\b|\bErr\(|bail!|=[^=]|cancel|halt|stop|reject|flatten|deny|close|kill|trip|abort|exit|panic|\bmin\(|clamp|reduce"
);
pattern!(TELLS, r"(?i)\blog|warn|print|alert|notify|metric|emit|count|incr");
pattern!(
    REDUCE_ONLY,
    r"(?i)\b(reduce_only|close_position)\s*[:=]\s*true|\.reduce_only\(\s*true|\b(stop_loss|sl_trigger_price|trailing_stop|stop_market|bracket|attach_stop|protective_stop|place_stop|submit_stop)\w*\s*[(=]|\bcancel_orders?_on_disconnect\b|\barm_kill\w*\("
);
pattern!(
    MARTINGALE,
    r"(?i)\b(self\.)?\w*(size|qty|quantity|stake|multiplier|lots?)\w*\s*(\*=\s*(1\.[2-9]|[2-9])|=\s*\w*[\w.]*(size|qty|stake)\w*\s*\*\s*2\b)"
);
pattern!(
    LOSES,
    r"(?i)loss|lost|stopp?ed|losing|drawdown|adverse|recover|average_down|(pnl|profit)\w*\s*<\s*0"
);
pattern!(
    PROTECTS_AWAY,
    r"(?i)\b(bypass\w*|skip_(risk|limit|check|pre_?trade)\w*|disable_(risk|limit|check|kill|halt)\w*|ignore_(risk|limits?|halt)\w*|no_(risk|limit)_check\w*|force_send)\b\W{0,3}[:=]\s*(true|yes|on|1)\b"
);
pattern!(
    PROTECTION_OFF,
    r"(?i)\b\w*(risk_?(check|engine|limit)\w*|kill_?switch\w*|check_limits?|enforce\w*limits?|limits?_enabled|pre_?trade\w*|circuit_?breaker\w*|position_limits?_?\w*|drawdown_guard\w*)\W{0,3}[:=]\s*(false|no|off|0|none|null)\b"
);
pattern!(
    COUNTER_RESET,
    r"(?i)\bself\.(_?\w*(daily|day|session|realized|cumulative|total)_?(loss|pnl|volume|notional|turnover)\w*|_?\w*(peak|high_water)\w*|_?\w*draw_?down\w*|_?consecutive_(loss|reject|error)\w*|_?(order|reject|error|loss)_?count\w*|_?halted|_?is_halted|_?tripped|_?killed)\s*=\s*(0(\.0)?|Decimal(::ZERO|\(\D?0\D?\))|None|False|false)\s*;?\s*$"
);
pattern!(
    RECONNECTS,
    r"(?i)reconnect|on_connect|_connected|resume|recover|restart|on_error|on_reject|on_order_reject|on_start|on_disconnect|retry|resubscribe|on_login|on_open"
);
pattern!(
    NEW_ID,
    r"(?i)(client_order_id|cl_ord_id|order_id|idempotency_key|client_id|coid|link_id)\w*\W{1,3}(=\s*)?(str\(|format!\(|f)?.{0,14}(uuid\d?\(|uuid::new|new_v4|uuid\.uuid|generate\w*\(|next_id\(|\.next\(|new_id\(|time_ns\(|token_hex|randint|random)"
);
pattern!(REPEATS, r"(?i)\bretry|attempt|tries\b|backoff");
pattern!(LOOPS, r"^\s*(for|while|loop)\b");
pattern!(
    UNLIMITED,
    r#"(?i)\b\w*(max_\w*(position|order|notional|leverage|exposure|loss|qty|size|draw_?down)|(position|notional|exposure|leverage|loss)_(limit|cap|max))\w*["']?\s*(:\s*[\w\[\]<>| ]+)?\s*[:=]\s*["']?(float\(\s*["']inf["']\s*\)|math\.inf|inf\b|f64::(MAX|INFINITY)|u(32|64)::MAX|i64::MAX|Decimal::MAX|1e(9|1\d)|9_?999_?999|99999+)|(?i)\b(default_|set_|target_)?leverage["']?\s*(:\s*\w+\s*)?[:=(,]\s*(\w+\s*,\s*)?(2[1-9]|[3-9]\d|1\d\d)\b"#
);

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "risk-check-weakened",
        focus: Focus::PositionLimits,
        severity: Severity::High,
        title: "a risk check is rewritten so that it stops less",
        why: "The new condition lost an absolute value or a term, multiplies its limit, joins its parts otherwise, or \
              lets something pass. Keep what it stopped, or change the limit in a change of its own.",
        path: "strategies/grid.py",
        bad: " def enter(self, qty):\n-    if abs(self.position + qty) > self.max_position:\n+    if self.position + qty > self.max_position:\n         return\n",
        good: " def enter(self, qty):\n-    if abs(self.position + qty) > self.max_position:\n+    if abs(self.position + qty) >= self.max_position:\n         return\n",
        in_tests: InTests::Skip,
        check: risk_check_weakened,
    },
    Lint {
        id: "breach-only-told",
        focus: Focus::PositionLimits,
        severity: Severity::High,
        title: "a breached limit is told, and the order goes on",
        why: "The branch that sees the breach writes a line and falls through. Return, raise, or cut the size.",
        path: "strategies/grid.py",
        bad: " def enter(self, qty):\n+    if self.exposure + qty > self.max_exposure:\n+        self.log.warning(\"over the limit\")\n+    self.gateway.send_it(qty)\n",
        good: " def enter(self, qty):\n+    if self.exposure + qty > self.max_exposure:\n+        self.log.warning(\"over the limit\")\n+        return\n+    self.gateway.send_it(qty)\n",
        in_tests: InTests::Skip,
        check: breach_only_told,
    },
    Lint {
        id: "protection-dropped",
        focus: Focus::PositionLimits,
        severity: Severity::High,
        title: "an order or a node loses a protection",
        why: "A risk engine, a kill switch, or reduce-only goes with this line. Leave it on; what has to pass it needs \
              a way of its own.",
        path: "strategies/close.py",
        bad: " order = self.factory.market(\n     quantity=qty,\n-    reduce_only=True,\n+    tags=[\"exit\"],\n )\n",
        good: " order = self.factory.market(\n     quantity=qty,\n-    reduce_only=True,\n+    reduce_only=True, tags=[\"exit\"],\n )\n",
        in_tests: InTests::Skip,
        check: protection_dropped,
    },
    Lint {
        id: "risk-state-reset",
        focus: Focus::PositionLimits,
        severity: Severity::High,
        title: "what a limit counts begins at zero again",
        why: "A reconnect, an error or a restart forgets the day's loss, the peak or a halt, and with it the limit. \
              Restore it from the store; reset it only at the end of its period.",
        path: "strategies/trend.py",
        bad: "+def on_reconnect(self):\n+    self.daily_loss = 0.0\n+    self.subscribe()\n",
        good: "+def on_session_end(self):\n+    self.daily_loss = 0.0\n",
        in_tests: InTests::Skip,
        check: risk_state_reset,
    },
    Lint {
        id: "larger-after-a-loss",
        focus: Focus::PositionLimits,
        severity: Severity::High,
        title: "the next order grows with each loss",
        why: "A row of losses, which comes sooner or later, then takes the whole account. Size by risk and equity, which \
              gets smaller after a loss.",
        path: "strategies/revert.py",
        bad: "+def on_stopped_out(self, loss):\n+    self.trade_size *= 2\n",
        good: "+def on_stopped_out(self, loss):\n+    self.trade_size = self.sizer.by_equity()\n",
        in_tests: InTests::Skip,
        check: larger_after_a_loss,
    },
    Lint {
        id: "new-id-per-attempt",
        focus: Focus::PositionLimits,
        severity: Severity::High,
        title: "each attempt of an order has another id",
        why: "An order whose answer was lost is sent again as a new one, and the position is doubled. Make the id once, \
              before the first attempt, and repeat it.",
        path: "adapters/send.py",
        bad: "+def send(self, order):\n+    for attempt in range(3):\n+        order.client_order_id = str(uuid.uuid4())\n+        self.limits.passed(order)\n",
        good: "+def send(self, order):\n+    order.client_order_id = str(uuid.uuid4())\n+    for attempt in range(3):\n+        self.limits.passed(order)\n",
        in_tests: InTests::Skip,
        check: new_id_per_attempt,
    },
    Lint {
        id: "limit-without-value",
        focus: Focus::PositionLimits,
        severity: Severity::High,
        title: "a limit that nothing reaches",
        why: "Infinity, or a number that large, is no limit. Name what the account can bear.",
        path: "config/risk.py",
        bad: "+MAX_POSITION_SIZE = float(\"inf\")\n",
        good: "+MAX_POSITION_SIZE = 25\n",
        in_tests: InTests::Skip,
        check: limit_without_value,
    },
];

fn risk_check_weakened(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for change in &region.changes {
        for removed in &change.removed {
            if !LIMIT.is_match(removed) || !CONDITION.is_match(removed) {
                continue;
            }
            let Some(name) = LIMIT.find(removed).map(|found| found.as_str()) else { continue };
            let successor = change.added.iter().copied().find(|index| {
                region.lines.get(*index).is_some_and(|line| line.code.contains(name))
            });
            let Some(index) = successor else { continue };
            let new = region.statement_code(index);
            if is_weaker(removed, &new) {
                hits.line(region, index);
            }
        }
    }
}

/// Whether a condition, by its text, stops less than the one before.
fn is_weaker(old: &str, new: &str) -> bool {
    let compares = COMPARES.is_match(old) && COMPARES.is_match(new);
    let lost_magnitude = compares && MAGNITUDE.is_match(old) && !MAGNITUDE.is_match(new);
    let lost_term = compares && terms(new) < terms(old) && !new.contains("check");
    let lets_pass = BY_PASS.is_match(new) && !BY_PASS.is_match(old);
    let multiplies = compares && FACTOR.is_match(new) && !FACTOR.is_match(old);
    let joins_otherwise = is_joined_by(old, &[" or ", "||"])
        && is_joined_by(new, &[" and ", "&&"])
        && !is_joined_by(old, &[" and ", "&&"]);
    lost_magnitude || lost_term || lets_pass || multiplies || joins_otherwise
}

fn is_joined_by(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// Summands on the side of what is held against the limit.
fn terms(text: &str) -> usize {
    text.matches(" + ").count()
}

fn breach_only_told(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.lines.iter().enumerate() {
        if !BREACH.is_match(&line.code) || !COMPARES.is_match(&line.code) {
            continue;
        }
        let block = region.block(index);
        let is_new = block.iter().any(|(_, line)| line.is_added) || removed_below(region, index);
        let has_end = block.last().is_some_and(|(last, _)| last + 1 < region.lines.len());
        let tells = block.iter().any(|(_, line)| TELLS.is_match(&line.code));
        let acts = acts_beside_telling(region, &block);
        let is_else_followed =
            block.last().and_then(|(last, _)| region.lines.get(last + 1)).is_some_and(|next| {
                next.code.trim_start().starts_with("else") || next.code.contains("} else")
            });
        if is_new && has_end && tells && !acts && !is_else_followed {
            hits.line(region, index);
        }
    }
}

/// Whether a line of a block does more than tell. A call that tells may span lines.
fn acts_beside_telling(region: &Region<'_>, block: &[(usize, &SourceLine<'_>)]) -> bool {
    let mut told_up_to = 0;
    block.iter().any(|(index, line)| {
        if TELLS.is_match(&line.code) && line.code.contains('(') {
            told_up_to = told_up_to.max(index + region.call(*index).count());
        }
        *index >= told_up_to && ACTS.is_match(&line.code)
    })
}

/// Whether a line was taken out of the block below a header.
fn removed_below(region: &Region<'_>, header: usize) -> bool {
    let number = region.lines.get(header).map_or(0, |line| line.number);
    let count = u32::try_from(region.block(header).len()).unwrap_or(0);
    region
        .changes
        .iter()
        .any(|change| change.number > number && change.number <= number + count + 1)
}

fn protection_dropped(view: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        if !PROTECTS_AWAY.is_match(&line.code) && !PROTECTION_OFF.is_match(&line.code) {
            continue;
        }
        // A pair that sets the same key is another lint's.
        let key = |text: &str| text.split([':', '=']).next().map(|key| key.trim().to_owned());
        let is_pair = region.changes.iter().any(|change| {
            change.added.contains(&index)
                && change.removed.iter().any(|removed| key(removed) == key(line.text))
        });
        let names_it = line.code.contains("def ") || line.code.contains("fn ");
        if !is_pair && !names_it && !is_in_test_module(region, index) {
            hits.line(region, index);
        }
    }
    for change in &region.changes {
        for removed in change.removed.iter().filter(|removed| REDUCE_ONLY.is_match(removed)) {
            if !view.has_added(&REDUCE_ONLY) {
                hits.removed(change.number, removed);
            }
        }
    }
}

fn larger_after_a_loss(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        let Some(function) = region.function(index) else { continue };
        let above = region.lines.iter().take(index + 1).rev().take(4);
        let loses = LOSES.is_match(&function.name)
            || above.into_iter().any(|line| LOSES.is_match(&line.code));
        if MARTINGALE.is_match(&line.code) && loses {
            hits.line(region, index);
        }
    }
}

fn risk_state_reset(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        let in_restart =
            || region.function(index).is_some_and(|function| RECONNECTS.is_match(&function.name));
        if COUNTER_RESET.is_match(line.text.trim_end()) && in_restart() {
            hits.line(region, index);
        }
    }
}

fn new_id_per_attempt(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        if !NEW_ID.is_match(line.text) || line.is_blank() || is_in_test_module(region, index) {
            continue;
        }
        let in_loop = region.lines.iter().take(index).rev().take(15).any(|above| {
            above.indent() < line.indent()
                && LOOPS.is_match(&above.code)
                && (REPEATS.is_match(above.text) || above.code.contains("loop"))
        });
        let in_except = region.lines.iter().take(index).rev().take(6).any(|above| {
            above.indent() < line.indent()
                && (above.code.trim_start().starts_with("except") || above.code.contains("Err("))
        });
        let in_retry =
            region.function(index).is_some_and(|function| REPEATS.is_match(&function.name));
        if in_loop || in_except || in_retry {
            hits.line(region, index);
        }
    }
}

fn limit_without_value(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if region.language == Language::Other {
        return;
    }
    for (index, line) in region.added() {
        if UNLIMITED.is_match(line.text) && !is_in_test_module(region, index) {
            hits.line(region, index);
        }
    }
}
