//! Numbers: equality of floats, decimals from floats, data from the future.

use super::patterns::{is_in_test_module, pattern};
use super::view::View;
use super::{Hits, InTests, Lint};
use crate::finding::{Focus, Severity};
use crate::language::Language;
use crate::region::Region;

pattern!(EQUALITY, r#"([\w.\]\["'()]+?)\s*([!=]=)\s*(-?[\w.\["'\]()]+)"#);
pattern!(
    MONEY,
    r"(?i)(^|[._])(px|price|qty|quantity|amount|pnl|equity|balance|notional|fee|commission|close|open|high|low|bid|ask|mid|vwap|avg_px|spread|funding_rate|cash|size|profit|cost|leverage|level|target|entry|stop|trigger|strike|threshold|touch|mark|last)(_\w+)?(\[[^\]]*\])?(\(\))?$"
);
pattern!(
    NOT_MONEY,
    r"(?i)_(id|type|side|count|currency|precision|kind|status|name|len|key|mode|state)(\(\))?$|\bis_|\blen\("
);
pattern!(FLOAT, r"^-?\d+\.\d*$|^-?\.\d+$");
pattern!(
    EXACT,
    r"(?i)\bDecimal\b|as_decimal|\.raw\b|_raw\b|\bisclose\(|\babs\(|Fixed|_ticks\b|_lots\b|minor_units|_cents\b"
);
pattern!(DECIMAL_OF_FLOAT, r"\bDecimal\(\s*(-?\d+\.\d+|float\()|\bDecimal::from_f(64|32)\w*\(");
pattern!(
    NARROWS,
    r"\b\w*(qty|quantity|price|px|notional|nanos|_ns|size|amount|lots|volume)\w*(\(\))?\)?\s+as\s+(i32|u32|i16|u16|u8|f32)\b"
);
pattern!(HEADER, r"^\s*(async\s+)?def\s");
pattern!(SHARED, r"[(,]\s*\w+\s*(:\s*[\w\[\], |.]+)?\s*=\s*(\[\]|\{\}|set\(\)|list\(\)|dict\(\))");
pattern!(
    FUTURE,
    r#"\.shift\(\s*(periods\s*=\s*)?-\s*\d|\biloc\[\s*\w+\s*\+\s*1|\brolling\([^)]*center\s*=\s*True|\.bfill\(|method\s*=\s*["']bfill|\bfillna\([^)]*backfill|\[\s*(i|idx|index|t)\s*\+\s*1\s*\]\s*\.?(\[)?["']?(close|open|high|low|price)"#
);

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "float-equality",
        focus: Focus::Correctness,
        severity: Severity::Medium,
        title: "prices or quantities are compared for exact equality as floats",
        why: "0.1 + 0.2 is not 0.3: two ways to the same price give different floats, and the branch is not \
              taken. Compare ticks or decimals, or with a tolerance below half a tick.",
        path: "strategies/grid.py",
        bad: "+    if bar.close == self.target_price:\n",
        good: "+    if abs(bar.close - self.target_price) < self.tick / 2:\n",
        in_tests: InTests::Skip,
        check: float_equality,
    },
    Lint {
        id: "decimal-from-float",
        focus: Focus::Correctness,
        severity: Severity::Medium,
        title: "a decimal is made from a float",
        why: "The float's error comes along: Decimal(0.1) is 0.1000000000000000055. Make it from text.",
        path: "strategies/size.py",
        bad: "+    fee = Decimal(0.0005) * notional\n",
        good: "+    fee = Decimal(\"0.0005\") * notional\n",
        in_tests: InTests::Skip,
        check: decimal_from_float,
    },
    Lint {
        id: "narrowing-cast",
        focus: Focus::Correctness,
        severity: Severity::Medium,
        title: "a price, size or time is cut to a smaller type",
        why: "`as` wraps or rounds without a word: a quantity above the type's range becomes another one. Use try_from, or \
              keep the wide type.",
        path: "src/size.rs",
        bad: "+    let lots = order.quantity as u16;\n",
        good: "+    let lots = u16::try_from(order.quantity)?;\n",
        in_tests: InTests::Skip,
        check: narrowing,
    },
    Lint {
        id: "shared-default",
        focus: Focus::Correctness,
        severity: Severity::Medium,
        title: "a default value is shared by all calls",
        why: "Python makes the list or map once: what one call adds the next one finds. Take None, and make it inside.",
        path: "strategies/legs.py",
        bad: "+def hedge(legs=[]):\n+    legs.append(first())\n",
        good: "+def hedge(legs=None):\n+    legs = [] if legs is None else legs\n",
        in_tests: InTests::Skip,
        check: shared_default,
    },
    Lint {
        id: "look-ahead",
        focus: Focus::Correctness,
        severity: Severity::High,
        title: "a signal reads data from the future",
        why: "At that moment the strategy cannot have this value, so the backtest earns what live trading will \
              not. Shift forwards, and fill gaps from the past only.",
        path: "research/signals.py",
        bad: "+    frame[\"signal\"] = frame[\"close\"].shift(-1) > frame[\"close\"]\n",
        good: "+    frame[\"signal\"] = frame[\"close\"] > frame[\"close\"].shift(1)\n",
        in_tests: InTests::Skip,
        check: look_ahead,
    },
];

fn narrowing(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if region.language != Language::Rust {
        return;
    }
    for (index, line) in region.added() {
        if NARROWS.is_match(&line.code) && !is_in_test_module(region, index) {
            hits.line(region, index);
        }
    }
}

fn shared_default(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if region.language != Language::Python {
        return;
    }
    for (index, line) in region.added() {
        if HEADER.is_match(&line.code) && SHARED.is_match(&region.statement_code(index)) {
            hits.line(region, index);
        }
    }
}

fn float_equality(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if !matches!(region.language, Language::Python | Language::Rust | Language::Script) {
        return;
    }
    for (index, line) in region.added() {
        if EXACT.is_match(&line.code) || line.code.trim_start().starts_with("assert") {
            continue;
        }
        let is_bad = EQUALITY.captures_iter(&line.code).any(|found| {
            let side = |group: usize| {
                found.get(group).map_or("", |side| side.as_str()).trim_matches(['(', ')'])
            };
            let is_money = |text: &str| MONEY.is_match(text) && !NOT_MONEY.is_match(text);
            let (left, right) = (side(1), side(3));
            (is_money(left) && (is_money(right) || FLOAT.is_match(right)))
                || (is_money(right) && FLOAT.is_match(left))
        });
        if is_bad {
            hits.line(region, index);
        }
    }
}

fn decimal_from_float(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        if DECIMAL_OF_FLOAT.is_match(&line.code) {
            hits.line(region, index);
        }
    }
}

fn look_ahead(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if region.language != Language::Python {
        return;
    }
    for (index, line) in region.added() {
        // Labels of a training set look ahead on purpose and say so.
        let is_label = line.text.contains("label") || line.text.contains("target_return");
        if FUTURE.is_match(line.text) && !line.is_blank() && !is_label {
            hits.line(region, index);
        }
    }
}
