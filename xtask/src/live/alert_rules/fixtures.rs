//! Rule tests that other people wrote for Prometheus, run by our engine.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use plimsoll_alerts::{AlertState, Options};
use serde::Deserialize;

use super::clock::span;
use super::promql::{Expr, parse};
use super::replay::{Firing, Input, Replay};
use super::series::steps;
use super::translate::translate;
use crate::machine;

/// What came of the cases.
#[derive(Debug, Default)]
pub(super) struct Found {
    counts: BTreeMap<Class, Count>,
    skipped: BTreeMap<String, usize>,
    pub(super) wrong: Vec<String>,
}

/// What a rule is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// One newest value and a number.
    Plain,
    /// Functions of windows, and aggregates.
    Windows,
    /// Series matched by some of their labels, and histograms.
    Matches,
}

#[derive(Debug, Default)]
struct Count {
    right: usize,
    all: usize,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { counts, skipped, wrong } = self;
        write!(f, "written cases: {} wrong", wrong.len())?;
        for (class, Count { right, all }) in counts {
            let name = match class {
                Class::Plain => "plain comparisons",
                Class::Windows => "windows and aggregates",
                Class::Matches => "with matches of labels",
            };
            write!(f, ", {right} of {all} {name} right")?;
        }
        let skipped: Vec<_> = skipped.iter().map(|(why, count)| format!("{count} {why}")).collect();
        write!(f, "; skipped: {}", skipped.join(", "))
    }
}

#[derive(Deserialize)]
struct RuleFile {
    spec: Option<Groups>,
    #[serde(default)]
    groups: Vec<RuleGroup>,
}

#[derive(Deserialize)]
struct Groups {
    groups: Vec<RuleGroup>,
}

#[derive(Deserialize)]
struct RuleGroup {
    rules: Vec<PromRule>,
}

#[derive(Deserialize, Clone)]
struct PromRule {
    alert: Option<String>,
    record: Option<String>,
    expr: String,
    #[serde(rename = "for")]
    wait: Option<String>,
    keep_firing_for: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct TestFile {
    rule_files: Vec<String>,
    evaluation_interval: Option<String>,
    #[serde(default)]
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    interval: Option<String>,
    #[serde(default)]
    input_series: Vec<TestSeries>,
    #[serde(default)]
    alert_rule_test: Vec<AlertTest>,
}

#[derive(Deserialize)]
struct TestSeries {
    series: String,
    values: String,
}

#[derive(Deserialize)]
struct AlertTest {
    eval_time: String,
    alertname: String,
    #[serde(default)]
    exp_alerts: Option<Vec<ExpectedAlert>>,
}

#[derive(Deserialize)]
struct ExpectedAlert {
    #[serde(default)]
    exp_labels: BTreeMap<String, String>,
}

/// Runs all cases; none without the fixtures.
pub(super) fn run() -> anyhow::Result<Option<Found>> {
    let dir = machine::env("PLIMSOLL_FIXTURES")
        .map_or_else(|| "../shared/fixtures".into(), PathBuf::from);
    let root = dir.join("promtool");
    if !root.is_dir() {
        return Ok(None);
    }
    let files = yaml_files(&root)?;
    let mut rules: BTreeMap<String, Vec<PromRule>> = BTreeMap::new();
    for file in
        files.iter().filter(|file| file.components().any(|part| part.as_os_str() == "rhobs"))
    {
        let known: RuleFile = read(file)?;
        let groups = known.spec.map(|spec| spec.groups).unwrap_or(known.groups);
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        rules.entry(name).or_default().extend(groups.into_iter().flat_map(|group| group.rules));
    }
    let mut found = Found::default();
    for file in files.iter().filter(|file| file.components().any(|part| part.as_os_str() == "test"))
    {
        let Ok(tests) = read::<Option<TestFile>>(file) else {
            anyhow::bail!("cannot read {}", file.display())
        };
        for (file, test) in
            tests.iter().flat_map(|file| file.tests.iter().map(move |test| (file, test)))
        {
            run_test(file, test, &rules, &mut found)?;
        }
    }
    Ok(Some(found))
}

fn yaml_files(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(yaml_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read<T: for<'de> Deserialize<'de>>(file: &Path) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(file)?;
    serde_saphyr::from_str(&text).with_context(|| file.display().to_string())
}

fn run_test(
    file: &TestFile,
    test: &Test,
    rules: &BTreeMap<String, Vec<PromRule>>,
    found: &mut Found,
) -> anyhow::Result<()> {
    let secs = |text: &Option<String>| text.as_deref().and_then(span);
    let every = secs(&file.evaluation_interval).unwrap_or(60);
    let interval = secs(&test.interval).unwrap_or(every);
    let inputs: anyhow::Result<Vec<Input>> = test.input_series.iter().map(input).collect();
    let inputs = inputs?;
    let known: Vec<&PromRule> = file
        .rule_files
        .iter()
        .filter_map(|path| Path::new(path).file_name())
        .filter_map(|name| rules.get(&*name.to_string_lossy()))
        .flatten()
        .collect();
    for case in &test.alert_rule_test {
        let of_name = known.iter().filter(|rule| rule.alert.as_ref() == Some(&case.alertname));
        let of_name: Vec<&PromRule> = of_name.copied().collect();
        let class = of_name.iter().map(|rule| class(&rule.expr)).max().unwrap_or(Class::Matches);
        let count = found.counts.entry(class).or_default();
        count.all += 1;
        let ours: Result<Vec<Vec<Firing>>, String> = of_name
            .iter()
            .map(|rule| firing(rule, &known, &inputs, (every, interval), case))
            .collect();
        match ours {
            Err(why) => *found.skipped.entry(why).or_default() += 1,
            Ok(ours) => match difference(ours, case) {
                None => count.right += 1,
                Some(wrong) => found.wrong.push(wrong),
            },
        }
    }
    Ok(())
}

/// What is wrong with our alerts.
fn difference(ours: Vec<Vec<Firing>>, case: &AlertTest) -> Option<String> {
    let mut ours: Vec<Firing> = ours.into_iter().flatten().collect();
    let expected = case.exp_alerts.iter().flatten();
    let mut expected: Vec<Firing> = expected.map(|alert| alert.exp_labels.clone()).collect();
    expected.iter_mut().for_each(|labels| drop(labels.remove("alertname")));
    ours.sort();
    expected.sort();
    let AlertTest { alertname, eval_time, .. } = case;
    (ours != expected).then(|| format!("{alertname} at {eval_time}: {ours:?}, wanted {expected:?}"))
}

fn class(expr: &str) -> Class {
    const COMPARISONS: [&str; 6] = [">", ">=", "<", "<=", "==", "!="];
    const MATCHES: [&str; 6] =
        ["on", "ignoring", "group_left", "group_right", "label_replace", "histogram_quantile"];
    if let Ok(Expr::Binary { op, left, right, .. }) = parse(expr)
        && let (Expr::Selector(_), Expr::Number(_)) = (*left, *right)
        && COMPARISONS.contains(&op.as_str())
    {
        return Class::Plain;
    }
    let code: Vec<&str> = expr.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let code = code.join(" ");
    let mut words = code.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    if words.any(|word| MATCHES.contains(&word)) { Class::Matches } else { Class::Windows }
}

/// The alerts of one rule that fire at the time of a case, or why we cannot tell.
fn firing(
    rule: &PromRule,
    all: &[&PromRule],
    inputs: &[Input],
    (every, interval): (u64, u64),
    case: &AlertTest,
) -> Result<Vec<Firing>, String> {
    let expr = parse(&rule.expr).map_err(|error| format!("unreadable: {error:#}"))?;
    let recorded = |metric: &str| all.iter().any(|rule| rule.record.as_deref() == Some(metric));
    let given = |metric: &str| inputs.iter().any(|input| input.metric == metric);
    if metrics(&expr).iter().any(|metric| recorded(metric) && !given(metric)) {
        return Err("a recorded series".to_owned());
    }
    let secs =
        |text: &Option<String>| Duration::from_secs(text.as_deref().and_then(span).unwrap_or(0));
    let name = rule.alert.as_deref().unwrap_or_default();
    let ours = translate(name, &expr, secs(&rule.wait), secs(&rule.keep_firing_for), inputs)?;
    let added = ours.last().map(|rule| rule.labels.clone()).unwrap_or_default();
    let mut replay = Replay::new(ours, Options::prometheus_2(), inputs, interval)
        .map_err(|error| format!("rules that cannot be: {error}"))?;
    let until = span(&case.eval_time).ok_or("a time that we cannot read")?;
    for step in 0..=until / every {
        replay.until(step * every);
    }
    let firing = replay.in_state(name, AlertState::Firing);
    Ok(firing.into_iter().map(|labels| with_rule_labels(labels, &added, rule)).collect())
}

/// Labels of an instance with those of its rule, whose templates name the former.
fn with_rule_labels(
    mut labels: Firing,
    added: &plimsoll_alerts::Labels,
    rule: &PromRule,
) -> Firing {
    labels.extend(added.iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
    let own = labels.clone();
    for (name, text) in &rule.labels {
        let mut value = text.clone();
        for (label, known) in &own {
            for form in [format!("{{{{ $labels.{label} }}}}"), format!("{{{{$labels.{label}}}}}")] {
                value = value.replace(&form, known);
            }
        }
        labels.insert(name.clone(), value);
    }
    labels
}

fn input(series: &TestSeries) -> anyhow::Result<Input> {
    let Expr::Selector(selector) = parse(&series.series)? else {
        anyhow::bail!("`{}` is no series", series.series);
    };
    let labels = selector.matchers.into_iter().map(|(label, _, value)| (label, value)).collect();
    Ok(Input { metric: selector.metric, labels, steps: steps(&series.values)? })
}

fn metrics(expr: &Expr) -> Vec<String> {
    match expr {
        Expr::Selector(selector) => vec![selector.metric.clone()],
        Expr::Call { args, .. } => args.iter().flat_map(metrics).collect(),
        Expr::Aggregate { of, .. } | Expr::Negative(of) => metrics(of),
        Expr::Binary { left, right, .. } => {
            [left, right].into_iter().flat_map(|e| metrics(e)).collect()
        }
        Expr::Number(_) | Expr::Other(_) => Vec::new(),
    }
}
