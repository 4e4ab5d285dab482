//! Input: what comes from outside is checked before it is used, and never becomes code.

use super::patterns::{has_word, pattern};
use super::view::View;
use super::{Hits, InTests, Lint};
use crate::finding::{Focus, Severity};
use crate::language::Language;
use crate::region::Region;

pattern!(
    RUNS_DATA,
    r"(^|[^.\w])(eval|exec)\(|\bpickle\.loads?\(|\bmarshal\.loads?\(|\bdill\.loads?\(|\bjoblib\.load\(|\byaml\.(unsafe_load|full_load)\(|\bnew Function\("
);
pattern!(YAML_LOAD, r"\byaml\.load\(");
pattern!(SAFE_LOADER, r"SafeLoader");
pattern!(
    SQL_TEXT,
    r#"(?i)\bf"{1,3}\s*(select|insert\s+into|update|delete\s+from|drop|alter|truncate)\b[^"]*\{|\bf'{1,3}\s*(select|insert\s+into|update|delete\s+from|drop|alter)\b[^']*\{|"\s*(select|insert\s+into|update|delete\s+from|drop|alter)\b[^"]*"\s*(%\s*[\w(]|\+|\.format\()|format!\(\s*"\s*(select|insert\s+into|update|delete\s+from|drop|alter)\b[^"]*\{|`\s*(select|insert\s+into|update|delete\s+from)\b[^`]*\$\{"#
);
pattern!(HOLE, r"\{\s*([^{}]*?)\s*\}");
pattern!(CONSTANT, r"^[A-Z][A-Z0-9_.]*$");
pattern!(
    SHELL_TEXT,
    r#"\bos\.(system|popen)\(\s*(f["']|["'][^"']*["']\s*(%|\+|\.format)|[a-z_]\w*\s*\))|\bexec(Sync)?\(\s*`[^`]*\$\{|\bCommand::new\(\s*"(sh|bash)"\s*\).*format!"#
);
pattern!(SHELL_TRUE, r"\bshell\s*=\s*True\b");
pattern!(FIRST_LITERAL, r#"\b(run|call|check_call|check_output|Popen)\(\s*["'][^"'{]*["']\s*,"#);
pattern!(
    OUTSIDE_NUMBER,
    r#"\b(float|Decimal|int)\(\s*(str\(\s*)?(os\.environ|os\.getenv|\w*request\w*[.\[]|\w*payload\w*[.\[]|\w*params[.\[]|\w*(msg|message)\w*[.\[]|\w*event\w*[.\[]|\w*data\w*\[|\w*json\w*[.\[(]|\w*row\[|\w*body\w*[.\[]|\w*query\w*[.\[]|\w*form\w*[.\[]|\w*fields?\[|\w*cmd\w*[.\[]|\w*signal\w*\[|\w*alert\w*\[|input\(|sys\.argv)"#
);
// The number is the whole value, so that a later line can look at it by its name.
pattern!(
    ASSIGNS,
    r"^\s*(?:self\.)?(\w+)\s*(?::\s*[\w\[\], |.]+)?\s*=\s*(?:float|Decimal|int|round|abs)\("
);
pattern!(
    HELD,
    r"(?i)isfinite|isnan|is_nan|is_finite|validat|check|clamp|\bmin\(|\bmax\(|positive|[<>]|\bin\b|range\(|assert|approve|require|\b(if|elif)\b"
);
pattern!(
    BOUNDS,
    r"(?i)\bmin\(|\bmax\(|clamp|validat|positive|bounded|check|parse_|model_validate|schema"
);
pattern!(CLASS, r"^\s*class\s+\w+\s*\(([^)]*)\)");
pattern!(
    CONFIG_BASE,
    r"\b(BaseModel|BaseSettings|Struct|StrategyConfig|NautilusConfig|ActorConfig)\b"
);
pattern!(FIELD, r"^\s+(\w+)\s*:\s*(Optional\[)?(float|int|Decimal)\]?\b");
pattern!(
    LIMIT_FIELD,
    r"(?i)max|limit|leverage|qty|quantity|size|ratio|pct|risk|notional|stop|draw_?down|period|threshold|bps|price|\bpx|_px|amount"
);
pattern!(
    BOUNDED,
    r"\bField\(|\bAnnotated\b|\bcon(int|float|decimal)\(|\bPositive\w+|\bMeta\(|validator"
);

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "input-runs-as-code",
        focus: Focus::InputValidation,
        severity: Severity::Critical,
        title: "data is run as code",
        why: "eval, pickle and unsafe YAML run whatever the data says. Parse it: json, ast.literal_eval, \
              yaml.safe_load.",
        path: "research/load.py",
        bad: "+    params = eval(message[\"params\"])\n",
        good: "+    params = json.loads(message[\"params\"])\n",
        in_tests: InTests::Skip,
        check: input_runs_as_code,
    },
    Lint {
        id: "sql-from-text",
        focus: Focus::InputValidation,
        severity: Severity::High,
        title: "a statement is put together from text",
        why: "A quote in the value changes the statement. Pass values as parameters; names of tables and columns \
              only from a fixed list.",
        path: "reports/query.py",
        bad: "+    rows = db.execute(f\"SELECT * FROM fills WHERE symbol = '{symbol}'\")\n",
        good: "+    rows = db.execute(\"SELECT * FROM fills WHERE symbol = ?\", (symbol,))\n",
        in_tests: InTests::Skip,
        check: sql_from_text,
    },
    Lint {
        id: "shell-from-text",
        focus: Focus::InputValidation,
        severity: Severity::High,
        title: "a shell command is put together from text",
        why: "A space, quote or semicolon in the value runs something else. Pass a list of arguments, without a \
              shell.",
        path: "scripts/export.py",
        bad: "+    subprocess.run(f\"tar czf {name}.tgz runs\", shell=True)\n",
        good: "+    subprocess.run([\"tar\", \"czf\", f\"{name}.tgz\", \"runs\"], check=True)\n",
        in_tests: InTests::Skip,
        check: shell_from_text,
    },
    Lint {
        id: "number-not-checked",
        focus: Focus::InputValidation,
        severity: Severity::Medium,
        title: "a number from outside is used as it comes",
        why: "`float` takes \"nan\", \"inf\", negative and absurd values. Check that it is finite and in range \
              before it becomes a price or a size.",
        path: "adapters/webhook.py",
        bad: "+def on_signal(self, payload):\n+    qty = float(payload[\"qty\"])\n+    self.enter(qty)\n",
        good: "+def on_signal(self, payload):\n+    qty = float(payload[\"qty\"])\n+    if not math.isfinite(qty) or qty <= 0:\n+        raise BadSignal(qty)\n+    self.enter(qty)\n",
        in_tests: InTests::Skip,
        check: number_not_checked,
    },
    Lint {
        id: "config-number-without-bounds",
        focus: Focus::InputValidation,
        severity: Severity::Medium,
        title: "a setting of a strategy has no bounds",
        why: "A negative size or a leverage of 1000 is accepted until it trades. Give the field a range: \
              Field(gt=0, le=..), PositiveFloat.",
        path: "strategies/config.py",
        bad: " class EmaConfig(StrategyConfig, frozen=True):\n     instrument_id: str\n+    max_leverage: float = 3.0\n",
        good: " class EmaConfig(StrategyConfig, frozen=True):\n     instrument_id: str\n+    max_leverage: PositiveFloat = 3.0\n",
        in_tests: InTests::Skip,
        check: config_number_without_bounds,
    },
];

fn input_runs_as_code(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if !matches!(region.language, Language::Python | Language::Script) {
        return;
    }
    for (index, line) in region.added() {
        let unsafe_yaml =
            YAML_LOAD.is_match(&line.code) && !SAFE_LOADER.is_match(&region.statement(index));
        if RUNS_DATA.is_match(&line.code) || unsafe_yaml {
            hits.line(region, index);
        }
    }
}

fn sql_from_text(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        let statement = region.statement(index);
        let begins_here = SQL_TEXT.is_match(line.text)
            || (line.code.contains('(') && SQL_TEXT.is_match(&statement));
        let holes: Vec<_> = HOLE.captures_iter(&statement).collect();
        let only_constants = !holes.is_empty()
            && holes
                .iter()
                .all(|hole| hole.get(1).is_some_and(|name| CONSTANT.is_match(name.as_str())));
        if begins_here && !only_constants {
            hits.line(region, index);
        }
    }
}

fn shell_from_text(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    for (index, line) in region.added() {
        let statement = region.statement(index);
        let by_shell = SHELL_TRUE.is_match(&statement)
            && line.code.contains('(')
            && !FIRST_LITERAL.is_match(&statement);
        if by_shell || SHELL_TEXT.is_match(line.text) {
            hits.line(region, index);
        }
    }
}

fn number_not_checked(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if region.language != Language::Python {
        return;
    }
    for (index, line) in region.added() {
        let Some(found) = OUTSIDE_NUMBER.find(line.text) else { continue };
        if found.as_str().contains("environ") && !LIMIT_FIELD.is_match(line.text) {
            continue;
        }
        let Some(function) = region.function(index) else { continue };
        let is_held = match ASSIGNS.captures(&line.code) {
            // A name: one line of the function has to hold it to something.
            Some(name) => region.body(function).any(|other| {
                let is_this = other.number == line.number && !BOUNDS.is_match(&other.code);
                !is_this && HELD.is_match(&other.code) && has_word(&other.code, &name[1])
            }),
            // In the middle of a call: nothing can look at it before it is used.
            None => BOUNDS.is_match(&region.statement_code(index)),
        };
        if !is_held {
            hits.line(region, index);
        }
    }
}

fn config_number_without_bounds(_: &View<'_>, region: &Region<'_>, hits: &mut Hits) {
    if region.language != Language::Python {
        return;
    }
    for (index, line) in region.added() {
        let Some(name) = FIELD.captures(&line.code).and_then(|found| found.get(1)) else {
            continue;
        };
        let is_bounded = BOUNDED.is_match(&region.statement(index));
        if LIMIT_FIELD.is_match(name.as_str()) && !is_bounded && is_in_config(region, index) {
            hits.line(region, index);
        }
    }
}

/// Whether the nearest class above, or the one that git names for the hunk, is a configuration.
fn is_in_config(region: &Region<'_>, index: usize) -> bool {
    let indent = region.lines.get(index).map_or(0, crate::region::SourceLine::indent);
    let above = region
        .lines
        .iter()
        .take(index)
        .rev()
        .filter(|line| !line.is_blank() && line.indent() < indent)
        .find_map(|line| CLASS.captures(&line.code).map(|found| found[1].to_owned()));
    match above {
        Some(bases) => CONFIG_BASE.is_match(&bases),
        None => CONFIG_BASE.is_match(region.section()),
    }
}
