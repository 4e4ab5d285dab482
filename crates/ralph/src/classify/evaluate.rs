//! How right the classifier is on prompts that somebody has labeled.

use std::fmt;

use super::{Room, Task, Weights, classify};

/// Which lines of a labeled set: a line's half depends on its text alone, so it is fixed before anything is tuned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Half {
    /// What keywords may be chosen by.
    Tuning,
    /// What the result is judged by.
    HeldOut,
    /// Both.
    All,
}

/// What the classifier says, counted by what is right.
///
/// Rows: mechanical, creative, standard. Columns: a loop that starts, a loop that is proposed, creative, standard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Confusion {
    /// Counts of prompts.
    pub prompts: [[u32; 4]; 3],
    /// What was wrong, with what was said.
    pub wrong: Vec<String>,
}

/// Why a labeled set cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// A line is no label, tab, prompt.
    #[error(
        "line {line}: found `{found}`, wanted `ralph`, `creative` or `standard`, a tab, and a prompt"
    )]
    Line {
        /// Counted from one.
        line: usize,
        /// Its beginning.
        found: String,
    },
}

/// Classifies each prompt of a labeled set: one a line, label, tab, prompt, `\n` for a line break, `#` for a comment.
///
/// # Errors
///
/// [`LabelError::Line`] for the first line that is none of these.
pub fn evaluate(labeled: &str, half: Half, weights: &Weights) -> Result<Confusion, LabelError> {
    let mut confusion = Confusion::default();
    for (index, line) in labeled.lines().enumerate() {
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        let parsed = line.split_once('\t').and_then(|(label, prompt)| Some((task(label)?, prompt)));
        let Some((right, prompt)) = parsed else {
            let found = line.chars().take(40).collect();
            return Err(LabelError::Line { line: index + 1, found });
        };
        if half == Half::All || half == half_of(prompt) {
            confusion.add(right, prompt, weights);
        }
    }
    Ok(confusion)
}

fn task(label: &str) -> Option<Task> {
    match label {
        "ralph" => Some(Task::Mechanical),
        "creative" => Some(Task::Creative),
        "standard" => Some(Task::Standard),
        _ => None,
    }
}

/// FNV-1a, 64 bits; the lowest bit of its upper half.
fn half_of(prompt: &str) -> Half {
    let digest = prompt.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |digest, byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    if (digest >> 32) & 1 == 0 { Half::Tuning } else { Half::HeldOut }
}

const SAID: [&str; 4] = ["ralph", "ralph?", "creative", "standard"];

impl Confusion {
    fn add(&mut self, right: Task, prompt: &str, weights: &Weights) {
        let said = classify(&prompt.replace("\\n", "\n"), weights);
        let starts = said.confidence_ratio >= Room::default().confidence_min_ratio;
        let column = match said.task {
            Task::Mechanical if starts => 0,
            Task::Mechanical => 1,
            Task::Creative => 2,
            Task::Standard => 3,
        };
        let row = right as usize;
        if let Some(count) = self.prompts.get_mut(row).and_then(|row| row.get_mut(column)) {
            *count += 1;
        }
        let is_right = said.task == right && column != 1;
        if !is_right {
            let said_word = SAID.get(column).copied().unwrap_or_default();
            self.wrong.push(format!("{said_word:8} {:.2} {prompt}", said.confidence_ratio));
        }
    }

    /// Returns how many of the loops that would start are right to start.
    ///
    /// - **Unit:** ratio, 0 to 1; `None` when no loop would start.
    #[must_use]
    pub fn precision_ratio(&self) -> Option<f64> {
        let started: u32 = self.prompts.iter().map(|row| row[0]).sum();
        (started > 0).then(|| f64::from(self.prompts[0][0]) / f64::from(started))
    }

    /// Returns how many of the prompts that call for a loop get one, without being asked about.
    ///
    /// - **Unit:** ratio, 0 to 1; `None` when no prompt calls for one.
    #[must_use]
    pub fn recall_ratio(&self) -> Option<f64> {
        let all: u32 = self.prompts[0].iter().sum();
        (all > 0).then(|| f64::from(self.prompts[0][0]) / f64::from(all))
    }
}

impl fmt::Display for Confusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: u32 = self.prompts.iter().flatten().sum();
        writeln!(
            f,
            "{all} prompts; rows: what is right, columns: what is said; `ralph?` asks before it starts"
        )?;
        writeln!(f, "{:10}{:>9}{:>9}{:>10}{:>10}", "", SAID[0], SAID[1], SAID[2], SAID[3])?;
        for (label, row) in ["ralph", "creative", "standard"].iter().zip(&self.prompts) {
            writeln!(f, "{label:10}{:>9}{:>9}{:>10}{:>10}", row[0], row[1], row[2], row[3])?;
        }
        let percent = |ratio: Option<f64>| ratio.map_or("none".to_owned(), |r| format!("{r:.3}"));
        let (precision, recall) = (self.precision_ratio(), self.recall_ratio());
        writeln!(f, "precision of `ralph` {}, recall {}", percent(precision), percent(recall))
    }
}
