//! A report for a person.

use plimsoll_redact::{Rules, mask};
use plimsoll_review::{Config, Diff, Finding, Lint, ModelPart, Report, Request, Severity};

/// One lint with its examples.
pub(crate) fn rule(lint: &Lint) {
    println!("{} ({}, {})", lint.id, lint.severity, lint.focus.name());
    println!("  {}", lint.title);
    println!("  {}", lint.why);
    for (word, body) in [("reported", lint.bad), ("not reported", lint.good)] {
        println!("  {word}, in {}:", lint.path);
        body.lines().for_each(|line| println!("    {line}"));
    }
    println!();
}

/// What would be asked.
pub(crate) fn requests(requests: &[Request], config: &Config) {
    for (index, request) in requests.iter().enumerate() {
        println!(
            "request {} of {}: at most {} tokens of input and {} of output, digest {}",
            index + 1,
            requests.len(),
            request.input_tokens_max,
            request.output_tokens_max,
            request.digest
        );
    }
    println!("model {}, at most {:.2} USD; nothing was sent", config.model, config.max_budget_usd);
}

/// All findings, the worst first, and what is not known.
pub(crate) fn report(report: &Report, diff: &Diff) {
    report.findings.iter().for_each(|found| finding(found, diff));
    let counts: Vec<_> = Severity::ALL
        .into_iter()
        .rev()
        .map(|severity| {
            let count = report.findings.iter().filter(|found| found.severity == severity).count();
            format!("{count} {severity}")
        })
        .collect();
    println!("{} files, {} added lines: {}", report.files, report.added_lines, counts.join(", "));
    for left in &report.left_out {
        println!("not seen by the model: {}: {}", left.path, left.why);
    }
    match &report.model {
        ModelPart::Reviewed { spent } => println!(
            "model {}: {} requests, {} tokens in, {} out, {:.2} USD, {} entries discarded",
            spent.model,
            spent.answered,
            spent.usage.input_tokens,
            spent.usage.output_tokens,
            spent.cost_usd,
            spent.discarded
        ),
        ModelPart::Partial { spent, unanswered } => {
            println!("model {}: PARTIAL, {:.2} USD", spent.model, spent.cost_usd);
            unanswered.iter().for_each(|why| println!("  not reviewed: {why}"));
        }
        ModelPart::Unverified { why } => println!("model: UNVERIFIED: {why}"),
        _ => println!("model: in a state that this version does not know"),
    }
}

fn finding(found: &Finding, diff: &Diff) {
    println!("{}:{}: {}: {} [{}]", found.path, found.line, found.severity, found.title, found.rule);
    let lines = diff.files.iter().filter(|file| file.path() == found.path);
    let lines = lines.flat_map(|file| &file.hunks).flat_map(|hunk| &hunk.lines);
    for line in lines.filter(|line| {
        line.new.is_some_and(|number| (found.line..=found.end_line).contains(&number))
    }) {
        // The line may be reported because of a secret in it.
        let text = mask(&line.text, &Rules::default());
        println!("  {:>5} | {text}", line.new.unwrap_or_default());
    }
    println!("  {}", found.why);
    if let Some(suggestion) = &found.suggestion {
        println!("  put in its place:");
        suggestion.lines().for_each(|line| println!("        | {line}"));
    }
    println!();
}
