//! Rules and series made at random: our verdicts are written down as a test, which promtool must accept.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::bail;
use plimsoll_alerts::{
    AlertState, Condition, Function, Measure, OnAbsent, Over, Query, Rule, Severity, Threshold,
};

use super::promtool::Promtool;
use super::replay::{Input, Replay};
use super::series::Step;

/// Rules of one file; promtool evaluates all of them at each minute.
const RULES_A_FILE: usize = 32;
const LOOK_BACK: u64 = 300;

/// A rule, as Prometheus writes its expression and as we do.
struct Case {
    rule: Rule,
    expr: String,
    wait: u64,
    keep: u64,
    inputs: Vec<Input>,
}

/// Random numbers that a seed makes again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// How many verdicts were compared.
#[derive(Debug, Default)]
pub(super) struct Agreed {
    /// Those of promtool: firing, and waiting.
    pub(super) verdicts: usize,
    /// Minutes without a value, for which our default says "no data".
    pub(super) no_data: usize,
}

/// Compares all verdicts.
pub(super) fn compare(
    promtool: &Promtool,
    rules: usize,
    minutes: usize,
    seed: u64,
) -> anyhow::Result<Agreed> {
    let mut dice = Dice(seed);
    let dir = tempfile::tempdir()?;
    let mut agreed = Agreed::default();
    let mut numbers = (0..rules).collect::<Vec<_>>();
    while !numbers.is_empty() {
        let rest = numbers.split_off(RULES_A_FILE.min(numbers.len()));
        let cases: Vec<Case> = numbers.iter().map(|n| case(&mut dice, *n, minutes)).collect();
        numbers = rest;
        let (test, count) = test_file(promtool, &cases, minutes)?;
        std::fs::write(dir.path().join("rules.yml"), rule_file(&cases))?;
        std::fs::write(dir.path().join("test.yml"), &test)?;
        if let Err(said) = promtool.test(&dir.path().join("test.yml"))? {
            let named = |case: &&Case| said.contains(&format!("\"{}\"", case.rule.name));
            let shown: Vec<_> = cases.iter().filter(named).map(shown_case).collect();
            bail!("seed {seed}: promtool says {said}\n{}", shown.join("\n"));
        }
        agreed.verdicts += count;
        agreed.no_data += no_data(promtool, &cases, minutes)?;
    }
    Ok(agreed)
}

/// The same rules about newest values with our default: whenever the value is missing, too old or no
/// number, the state must be "no data". Counts these minutes.
fn no_data(promtool: &Promtool, cases: &[Case], minutes: usize) -> anyhow::Result<usize> {
    let newest = |case: &&Case| matches!(&case.rule.measure, Measure::Value(q) if q.function == Function::Last && q.over == Over::Latest);
    let cases: Vec<&Case> = cases.iter().filter(newest).collect();
    let mut rules: Vec<Rule> = cases.iter().map(|case| case.rule.clone()).collect();
    rules.iter_mut().for_each(|rule| rule.absent.then = OnAbsent::NoData);
    let inputs: Vec<Input> = cases.iter().flat_map(|case| case.inputs.clone()).collect();
    let mut replay = Replay::new(rules, promtool.options(), &inputs, 60)?;
    let mut checks = 0;
    for minute in 0..minutes {
        replay.until(u64::try_from(minute)? * 60);
        for case in &cases {
            let name = &case.rule.name;
            let expected: Vec<_> = case
                .inputs
                .iter()
                .filter(|input| !has_value(input, minute, promtool.is_closed()))
                .collect();
            let found = replay.in_state(name, AlertState::NoData);
            if !expected.iter().all(|input| found.contains(&input.labels)) {
                bail!("minute {minute}: {} has no value and is not without data", shown_case(case));
            }
            checks += expected.len();
        }
    }
    Ok(checks)
}

/// Whether a series has a number at this minute that is not too old.
fn has_value(input: &Input, minute: usize, is_closed: bool) -> bool {
    let heard = input.steps.iter().take(minute + 1).enumerate().rev();
    let newest = heard.into_iter().find(|(_, step)| **step != Step::Missing);
    let oldest = if is_closed { 5 } else { 4 };
    matches!(newest, Some((at, Step::Value(value))) if !value.is_nan() && minute - at <= oldest)
}

fn case(dice: &mut Dice, number: usize, minutes: usize) -> Case {
    let metric = format!("m{number}");
    let (function, shown) = function(dice, &metric);
    let measure = match function {
        None => Measure::last(&metric),
        Some((function, span)) => {
            Measure::Value(Query::rolling(&metric, function, Duration::from_secs(span)))
        }
    };
    // Between what whole numbers and their means can be, so that no last digit decides.
    let limit = f64::from(u32::try_from(dice.below(9)).unwrap_or(0)) + 0.4321;
    let (condition, sign) = condition(dice, limit);
    let (wait, keep) = (60 * dice.below(6), 60 * dice.below(6));
    let rule = Rule::measuring(format!("A{number}"), measure, condition, Severity::Warning)
        .pending_for(Duration::from_secs(wait))
        .keep_firing_for(Duration::from_secs(keep))
        .absent(Duration::from_secs(LOOK_BACK), OnAbsent::Resolve, Severity::Warning);
    let has_nan = function.is_none();
    let inputs = ["a", "b"].map(|label| Input {
        metric: metric.clone(),
        labels: [("i".to_owned(), label.to_owned())].into(),
        steps: (0..minutes).map(|_| step(dice, has_nan)).collect(),
    });
    Case { rule, expr: format!("{shown} {sign} {limit}"), wait, keep, inputs: inputs.into() }
}

/// A function over some minutes, or none for the newest value.
fn function(dice: &mut Dice, metric: &str) -> (Option<(Function, u64)>, String) {
    let minutes = 2 + dice.below(8);
    let over = |name: &str| format!("{name}({metric}[{minutes}m])");
    let (function, shown) = match dice.below(14) {
        0 => (Function::Count, over("count_over_time")),
        1 => (Function::Sum, over("sum_over_time")),
        2 => (Function::Mean, over("avg_over_time")),
        3 => (Function::Min, over("min_over_time")),
        4 => (Function::Max, over("max_over_time")),
        5 => (Function::Quantile(0.3), format!("quantile_over_time(0.3, {metric}[{minutes}m])")),
        6 => (Function::Increase, over("increase")),
        7 => (Function::Rate, format!("60 * {}", over("rate"))),
        8 => (Function::Change, over("delta")),
        9 => (Function::Last, over("last_over_time")),
        _ => return (None, metric.to_owned()),
    };
    (Some((function, minutes * 60)), shown)
}

fn condition(dice: &mut Dice, limit: f64) -> (Condition, &'static str) {
    let limit = Threshold::new(limit);
    match dice.below(6) {
        0 => (Condition::Below(limit), "<"),
        1 => (Condition::AtMost(limit), "<="),
        2 => (Condition::AtLeast(limit), ">="),
        3 => (Condition::NotEqual(limit), "!="),
        _ => (Condition::Above(limit), ">"),
    }
}

fn step(dice: &mut Dice, has_nan: bool) -> Step {
    match dice.below(20) {
        0 => Step::Stale,
        1..=4 => Step::Missing,
        5 if has_nan => Step::Value(f64::NAN),
        _ => Step::Value(f64::from(u32::try_from(dice.below(10)).unwrap_or(0))),
    }
}

fn rule_file(cases: &[Case]) -> String {
    let mut text = "groups:\n- name: g\n  rules:\n".to_owned();
    for Case { rule, expr, wait, keep, .. } in cases {
        let name = &rule.name;
        text.push_str(&format!(
            "  - {{alert: {name}, expr: '{expr}', for: {wait}s, keep_firing_for: {keep}s}}\n"
        ));
    }
    text
}

/// The test that says what our engine says, and how many verdicts are in it.
fn test_file(
    promtool: &Promtool,
    cases: &[Case],
    minutes: usize,
) -> anyhow::Result<(String, usize)> {
    let rules: Vec<Rule> = cases.iter().map(ours).collect();
    let inputs: Vec<Input> = cases.iter().flat_map(|case| case.inputs.clone()).collect();
    let mut replay = Replay::new(rules, promtool.options(), &inputs, 60)?;
    let mut text = "rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n".to_owned();
    for Input { metric, labels, steps } in &inputs {
        let label = labels.get("i").cloned().unwrap_or_default();
        let values: Vec<String> = steps.iter().map(shown).collect();
        writeln!(
            text,
            "  - {{series: '{metric}{{i=\"{label}\"}}', values: '{}'}}",
            values.join(" ")
        )?;
    }
    let (mut firing, mut pending) = (String::new(), String::new());
    let mut checks = 0;
    for minute in 0..minutes {
        replay.until(u64::try_from(minute)? * 60);
        for Case { rule, .. } in cases {
            let name = &rule.name;
            let alerts: Vec<String> = replay
                .in_state(name, AlertState::Firing)
                .iter()
                .map(|labels| format!("{{exp_labels: {{i: {}}}}}", labels["i"]))
                .collect();
            writeln!(
                firing,
                "  - {{eval_time: {minute}m, alertname: {name}, exp_alerts: [{}]}}",
                alerts.join(", ")
            )?;
            let waiting = replay.in_state(name, AlertState::Pending).len();
            let samples = if waiting == 0 {
                String::new()
            } else {
                format!("{{labels: '{{}}', value: {waiting}}}")
            };
            writeln!(
                pending,
                "  - {{eval_time: {minute}m, expr: 'count(ALERTS{{alertname=\"{name}\",alertstate=\"pending\"}})', exp_samples: [{samples}]}}"
            )?;
            checks += 2;
        }
    }
    Ok((format!("{text}  alert_rule_test:\n{firing}  promql_expr_test:\n{pending}"), checks))
}

/// A case for a person who looks for the difference.
fn shown_case(case: &Case) -> String {
    let Case { rule, expr, wait, keep, inputs } = case;
    let mut text = format!("{}: {expr} for {wait} s, keep firing for {keep} s", rule.name);
    for input in inputs {
        let values: Vec<_> = input.steps.iter().map(shown).collect();
        text.push_str(&format!("\n  {:?} {}", input.labels, values.join(" ")));
    }
    text
}

/// Our rule; a rate is asked a minute, so that it is as large as the others.
fn ours(case: &Case) -> Rule {
    let mut rule = case.rule.clone();
    let is_rate =
        matches!(&rule.measure, Measure::Value(query) if query.function == Function::Rate);
    if is_rate && let Some(threshold) = rule.condition.threshold_mut() {
        threshold.threshold /= 60.0;
    }
    rule
}

fn shown(step: &Step) -> String {
    match step {
        Step::Value(value) if value.is_nan() => "NaN".to_owned(),
        Step::Value(value) => value.to_string(),
        Step::Missing => "_".to_owned(),
        Step::Stale => "stale".to_owned(),
    }
}
