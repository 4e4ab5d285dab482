//! A report for people: nothing in it is readable by color alone.

use std::fmt::{self, Display, Formatter};

use super::{Alternative, IterationLine, LoopReport, Report};
use crate::cause::span;
use crate::price::dollars;
use crate::usage::Usage;

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, report) in self.loops.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{report}")?;
        }
        if !self.explored.is_empty() {
            writeln!(f, "\nCreative tasks, explored in several ways:")?;
            self.explored
                .iter()
                .try_for_each(|m| writeln!(f, "  {}  {}", minute(&m.ts), m.text))?;
        }
        if !self.alternatives.is_empty() {
            writeln!(f, "\nAlternatives:")?;
            self.alternatives.iter().try_for_each(|one| write!(f, "{one}"))?;
        }
        if !self.logs.is_empty() {
            writeln!(f, "\nBesides:")?;
            self.logs.iter().try_for_each(|m| writeln!(f, "  {}  {}", minute(&m.ts), m.text))?;
        }
        Ok(())
    }
}

impl Display for Alternative {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let change = self.change.as_deref().unwrap_or("size unknown");
        writeln!(f, "  {} ({}): {change}", self.branch, self.commit)?;
        let worktree = self.worktree.as_deref().unwrap_or("not checked out");
        writeln!(f, "       {}, {worktree}", self.subject)
    }
}

impl Display for LoopReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let began = if self.began.is_empty() { "?".to_owned() } else { minute(&self.began) };
        writeln!(f, "{} ({}), began {began} UTC", self.loop_id, self.mode.name())?;
        let cause = self.cause.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default();
        writeln!(f, "  {}{cause}", self.outcome)?;
        if let Some(advice) = &self.advice {
            writeln!(f, "  next: {advice}")?;
        }
        writeln!(f, "  spent {}", money(&self.total))?;
        if !self.iterations.is_empty() {
            writeln!(f, "\n{}", row(&HEADER.map(str::to_owned)))?;
            for line in &self.iterations {
                writeln!(f, "{}", row(&cells(line)).trim_end())?;
                self.refuted(line, f)?;
            }
        }
        self.agents(f)?;
        self.tools(f)?;
        let before: Vec<_> = self.events.iter().filter(|m| m.text != self.outcome).collect();
        if !before.is_empty() {
            writeln!(f, "\n  What happened besides:")?;
            before.iter().try_for_each(|m| writeln!(f, "    {}  {}", minute(&m.ts), m.text))?;
        }
        if !self.logs.is_empty() {
            writeln!(f, "\n  Warnings:")?;
            self.logs.iter().try_for_each(|m| writeln!(f, "    {}  {}", minute(&m.ts), m.text))?;
        }
        Ok(())
    }
}

const HEADER: [&str; 9] =
    ["#", "outcome", "tools", "files", "progress", "checks", "cost", "took", "kept at"];
const WIDTHS: [usize; 9] = [3, 10, 5, 5, 8, 6, 9, 12, 0];

fn row(cells: &[String; 9]) -> String {
    let padded = cells.iter().zip(WIDTHS).enumerate().map(|(index, (cell, width))| {
        // Numbers to the right, words to the left.
        if matches!(index, 0 | 2 | 3 | 6) {
            format!("{cell:>width$}")
        } else {
            format!("{cell:<width$}")
        }
    });
    format!("  {}", padded.collect::<Vec<_>>().join("  ").trim_end())
}

fn cells(line: &IterationLine) -> [String; 9] {
    let record = &line.record;
    let unknown = || "?".to_owned();
    let checks = record.checks.as_ref().map_or("-", |c| if c.passed() { "pass" } else { "fail" });
    let kept = match (&record.checkpoint_ref, &record.checkpoint_refused) {
        (Some(reference), _) => reference.clone(),
        (None, Some(why)) => format!("not kept: {why}"),
        (None, None) => "-".to_owned(),
    };
    [
        record.iteration.to_string(),
        record.outcome.clone(),
        record.tool_calls.to_string(),
        record.changed_files.map_or_else(unknown, |n| n.to_string()),
        record.progressed.map_or("?", |yes| if yes { "yes" } else { "none" }).to_owned(),
        checks.to_owned(),
        cost(&record.usage),
        span(record.duration_ms / 1_000),
        kept,
    ]
}

fn cost(usage: &Usage) -> String {
    let more = if usage.unpriced_tokens > 0 { "+?" } else { "" };
    format!("{}{more}", dollars(usage.cost_nano_usd))
}

fn money(usage: &Usage) -> String {
    let tokens = usage.tokens;
    let unpriced = match usage.unpriced_tokens {
        0 => String::new(),
        n => format!(", and {n} tokens whose price is unknown"),
    };
    format!(
        "{}{unpriced} ({} tokens in, {} out, {} from a cache, {} into one)",
        dollars(usage.cost_nano_usd),
        tokens.input_tokens,
        tokens.output_tokens,
        tokens.cache_read_tokens,
        tokens.cache_write_tokens,
    )
}

/// `2026-11-24 09:30` of a stamp.
fn minute(ts: &str) -> String {
    ts.get(..16).unwrap_or(ts).replace('T', " ")
}

impl LoopReport {
    fn refuted(&self, line: &IterationLine, f: &mut Formatter<'_>) -> fmt::Result {
        let checks = line.record.checks.iter().flat_map(|checks| &checks.outcomes);
        for check in checks.filter(|check| !check.passed) {
            writeln!(
                f,
                "       {}: {}",
                check.name,
                crate::step::words::shorten(&check.detail, 100)
            )?;
        }
        match &line.record.cause {
            Some(cause) if self.cause.as_ref() != Some(cause) => writeln!(f, "       {cause}"),
            _ => Ok(()),
        }
    }

    fn agents(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.agents.is_empty() {
            writeln!(f, "\n  Subagents (part of what was spent):")?;
        }
        for (kind, sum) in &self.agents {
            writeln!(
                f,
                "    {kind}: {} ended, {} failed, {}, {}",
                sum.ended,
                sum.failed,
                span(sum.duration_ms / 1_000),
                money(&sum.usage)
            )?;
        }
        Ok(())
    }

    fn tools(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.tools.is_empty() {
            return Ok(());
        }
        let each = self.tools.iter().map(|(tool, sum)| {
            let failed =
                if sum.failed > 0 { format!(", {} failed", sum.failed) } else { String::new() };
            let denied =
                if sum.denied > 0 { format!(", {} refused", sum.denied) } else { String::new() };
            format!("{tool} {}{failed}{denied}", sum.calls)
        });
        writeln!(f, "\n  Tools: {}", each.collect::<Vec<_>>().join("; "))
    }
}
