//! Steps with their seconds: progress while they run, a table at the end, and what the exit code says.

use std::process::ExitCode;
use std::time::Duration;

use crate::machine;

/// Longest note in the table.
const NOTE_CHARS_MAX: usize = 120;

/// What a step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It held. The text is a figure or a count worth a column, or empty.
    Passed(String),
    /// It did not hold, and why.
    Failed(String),
    /// It could not run here, and why.
    Skipped(String),
}

/// What a whole command came to; the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Fine,
    Finding,
    CouldNotTell,
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> ExitCode {
        match verdict {
            Verdict::Fine => ExitCode::SUCCESS,
            Verdict::Finding => ExitCode::from(1),
            Verdict::CouldNotTell => ExitCode::from(2),
        }
    }
}

/// One line for the person who runs this.
#[allow(
    clippy::print_stdout,
    reason = "the one place that prints; output is this program's purpose"
)]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

#[derive(Debug)]
struct Done {
    name: String,
    outcome: Outcome,
    took: Duration,
}

/// The steps of one command.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<Done>,
}

impl Steps {
    /// Runs one step. An error is a failure of the step, not of the command.
    pub(crate) fn run(&mut self, name: &str, step: impl FnOnce() -> anyhow::Result<Outcome>) {
        say(&format!("==> {name}"));
        let start = machine::now();
        let outcome = step().unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
        let took = start.elapsed();
        match &outcome {
            Outcome::Passed(_) => {}
            Outcome::Failed(why) => say(&format!("FAILED: {name}: {why}")),
            Outcome::Skipped(why) => say(&format!("SKIPPED: {name}: {why}")),
        }
        self.done.push(Done { name: name.to_owned(), outcome, took });
    }

    /// What each step came to, by name.
    pub(crate) fn outcomes(&self) -> impl Iterator<Item = (&str, &Outcome)> {
        self.done.iter().map(|done| (done.name.as_str(), &done.outcome))
    }

    /// Prints the table and the sum of it. `required` names steps that may not be skipped.
    pub(crate) fn finish(&self, required: &[String]) -> Verdict {
        say(&self.table());
        let missing = self.missing(required);
        for name in &missing {
            say(&format!("FAILED: {name}: skipped, and required.txt says that it may not be"));
        }
        let verdict = self.verdict(!missing.is_empty());
        say(match verdict {
            Verdict::Fine => "all steps that ran passed",
            Verdict::Finding => "at least one step failed",
            Verdict::CouldNotTell => "a required step could not run",
        });
        verdict
    }

    fn missing(&self, required: &[String]) -> Vec<String> {
        let skipped = self.done.iter().filter(|done| matches!(done.outcome, Outcome::Skipped(_)));
        skipped.map(|done| done.name.clone()).filter(|name| required.contains(name)).collect()
    }

    fn verdict(&self, is_any_missing: bool) -> Verdict {
        if self.done.iter().any(|done| matches!(done.outcome, Outcome::Failed(_))) {
            Verdict::Finding
        } else if is_any_missing {
            Verdict::CouldNotTell
        } else {
            Verdict::Fine
        }
    }

    fn table(&self) -> String {
        let width = self.done.iter().map(|done| done.name.len()).max().unwrap_or(0).max(4);
        let mut table = format!("\n{:width$}  {:7}  {:>8}\n", "step", "result", "seconds");
        for Done { name, outcome, took } in &self.done {
            let (result, note) = match outcome {
                Outcome::Passed(figure) => ("passed", figure),
                Outcome::Failed(why) => ("FAILED", why),
                Outcome::Skipped(why) => ("SKIPPED", why),
            };
            // The whole of it was printed when the step ended.
            let note: String =
                note.lines().next().unwrap_or_default().chars().take(NOTE_CHARS_MAX).collect();
            let line = format!("{name:width$}  {result:7}  {:>8.1}  {note}", took.as_secs_f64());
            table.push_str(line.trim_end());
            table.push('\n');
        }
        table
    }
}

/// The names in a `required.txt`: one a line, `#` starts a comment.
pub(crate) fn required_names(text: &str) -> Vec<String> {
    let names = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(outcomes: &[Outcome], required: &[&str], expected: Verdict) {
        let mut steps = Steps::default();
        for (index, outcome) in outcomes.iter().enumerate() {
            steps.run(&format!("step-{index}"), || Ok(outcome.clone()));
        }
        let required: Vec<String> = required.iter().map(ToString::to_string).collect();
        assert_eq!(steps.finish(&required), expected, "{outcomes:?}, required {required:?}");
    }

    #[test]
    fn a_skipped_step_is_fine_unless_it_is_required() {
        let (passed, skipped) =
            (Outcome::Passed(String::new()), Outcome::Skipped("no java".into()));
        check(std::slice::from_ref(&passed), &["step-0"], Verdict::Fine);
        check(&[passed.clone(), skipped.clone()], &[], Verdict::Fine);
        check(&[passed, skipped.clone()], &["step-1"], Verdict::CouldNotTell);
        check(&[skipped, Outcome::Failed("3 findings".into())], &["step-0"], Verdict::Finding);
    }

    #[test]
    fn a_step_that_errs_has_failed() {
        let mut steps = Steps::default();
        steps.run("broken", || anyhow::bail!("no cargo"));
        assert_eq!(steps.finish(&[]), Verdict::Finding);
        assert!(steps.table().contains("no cargo"));
    }

    #[test]
    fn required_names_skip_comments_and_blanks() {
        assert_eq!(required_names("# all\nfmt\n\n clippy # why\n"), ["fmt", "clippy"]);
    }
}
