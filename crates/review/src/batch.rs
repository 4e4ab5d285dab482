//! Splits a diff into requests by a token budget, and says what was left out.

use plimsoll_redact::{Rules, mask};
use serde::Serialize;

use crate::config::Config;
use crate::diff::{Diff, FileDiff, Hunk};
use crate::literal::mask_literals;

/// Bytes of code for one token, at the least: a figure on the safe side for source text with numbers in front.
const BYTES_PER_TOKEN: usize = 3;

/// A part of the diff that the model does not see, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LeftOut {
    /// Path relative to the repository.
    pub path: String,
    /// In words.
    pub why: String,
}

/// Files, or parts of a large one, that go into one request; secrets are masked already.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Batch {
    pub(crate) pieces: Vec<Piece>,
    tokens: usize,
}

/// One file's hunks as the model reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) path: String,
    pub(crate) text: String,
}

pub(crate) fn tokens_of(text: &str) -> usize {
    text.len().div_ceil(BYTES_PER_TOKEN)
}

/// In the diff's order: files that fit share a request, a file that does not is split between its hunks, and a
/// hunk that alone is too large is left out.
pub(crate) fn split(diff: &Diff, config: &Config, rules: &Rules) -> (Vec<Batch>, Vec<LeftOut>) {
    let budget = usize::try_from(config.max_input_tokens).unwrap_or(usize::MAX);
    let (mut batches, mut left_out) = (vec![Batch::default()], Vec::new());
    for file in &diff.files {
        let mut leave = |why: String| {
            left_out.push(LeftOut { path: file.path().to_owned(), why });
        };
        if let Some(why) = reason_to_skip(file, config) {
            leave(why.to_owned());
            continue;
        }
        for piece in pieces(file, budget, rules) {
            let tokens = tokens_of(&piece.text);
            if tokens > budget {
                leave(format!(
                    "a hunk of about {tokens} tokens, more than {budget} of one request"
                ));
                continue;
            }
            let is_full = batches.last().is_some_and(|batch| batch.tokens + tokens > budget);
            if is_full {
                batches.push(Batch::default());
            }
            if let Some(batch) = batches.last_mut() {
                batch.tokens += tokens;
                batch.pieces.push(piece);
            }
        }
    }
    batches.retain(|batch| !batch.pieces.is_empty());
    (batches, left_out)
}

fn reason_to_skip(file: &FileDiff, config: &Config) -> Option<&'static str> {
    if config.excludes(file.path()) {
        Some("excluded by `review.exclude`")
    } else if file.is_binary {
        Some("binary")
    } else if file.hunks.is_empty() {
        Some("no changed lines")
    } else {
        None
    }
}

fn pieces(file: &FileDiff, budget: usize, rules: &Rules) -> Vec<Piece> {
    let piece = |hunks: &[Hunk]| Piece {
        path: file.path().to_owned(),
        text: mask_literals(&mask(
            &FileDiff { hunks: hunks.to_vec(), ..file.clone() }.to_string(),
            rules,
        ))
        .into_owned(),
    };
    let whole = piece(&file.hunks);
    if tokens_of(&whole.text) <= budget {
        return vec![whole];
    }
    let mut pieces = Vec::new();
    let mut open: Vec<Hunk> = Vec::new();
    for hunk in &file.hunks {
        open.push(hunk.clone());
        if open.len() > 1 && tokens_of(&piece(&open).text) > budget {
            let last = open.pop();
            pieces.push(piece(&open));
            open = last.into_iter().collect();
        }
    }
    pieces.push(piece(&open));
    pieces
}
