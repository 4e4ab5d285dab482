//! Which keywords a prompt holds: at word boundaries, the longest at each place, none twice over the same words.

use super::keywords::{Keyword, beginning_with};
use super::text::{CODE, Sentence};

/// Words that may stand before what is asked for.
const OPENINGS: &[&str] = &[
    "please", "pls", "hey", "hi", "ok", "okay", "so", "and", "then", "now", "also", "but", "first",
    "tonight", "today", "next", "again", "just", "maybe", "well", "kindly", "finally", "let's",
    "lets",
];
const REQUESTS: &[&[&str]] = &[
    &["can", "you"],
    &["could", "you"],
    &["would", "you"],
    &["will", "you"],
    &["i", "want", "you", "to"],
    &["i'd", "like", "you", "to"],
    &["i", "would", "like", "you", "to"],
    &["i", "need", "you", "to"],
    &["we", "need", "to"],
    &["we", "have", "to"],
    &["we", "should"],
    &["you", "should"],
    &["you", "need", "to"],
    &["i", "want", "to"],
    &["i'd", "like", "to"],
    &["help", "me"],
    &["help", "us"],
    &["we", "need"],
    &["i", "need"],
    &["i'd", "like"],
    &["we", "want"],
    &["i", "want"],
];
/// With these a sentence asks for an answer, not for work.
const QUESTIONS: &[&str] = &[
    "what", "what's", "whats", "why", "how", "who", "when", "where", "which", "whose", "is", "are",
    "was", "were", "does", "do", "did", "has", "have", "had", "should", "may", "am", "can",
    "could", "would", "will", "isn't", "aren't", "don't", "doesn't", "warum", "wieso", "wie",
    "was", "pourquoi", "comment", "por",
];
const SUBJECTS: &[&str] = &[
    "i", "we", "you", "it", "they", "he", "she", "this", "that", "these", "those", "the", "all",
    "any", "there",
];
/// Before a verb these make a noun of it, or say who did it: `the fix`, `you rename`.
const BEFORE_NOUNS: &[&str] = &[
    "the", "a", "an", "this", "that", "my", "your", "our", "its", "no", "of", "you", "they", "he",
    "she", "did", "if", "which", "that", "who", "last", "new", "old",
];
const NEGATIONS: &[&str] = &["don't", "dont", "not", "never", "without", "no"];
/// A number with one of these counts nothing that has to be worked through.
const UNITS: &[&str] = &[
    "seconds", "second", "secs", "ms", "minutes", "minute", "hours", "days", "weeks", "mb", "gb",
    "kb", "percent", "usd", "times",
];

/// What a sentence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Request,
    Question,
}

/// A keyword at its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) keyword: &'static Keyword,
    pub(super) mood: Mood,
}

/// Keywords of a sentence, in their order, and what kind of sentence it is.
pub(super) fn keywords_in(sentence: &Sentence) -> (Mood, Vec<Found>) {
    let start = beginning(&sentence.words);
    let mood = mood(sentence, start);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = sentence.words.get(at..).filter(|rest| !rest.is_empty()) {
        let before = at.checked_sub(1).and_then(|at| sentence.words.get(at)).map(String::as_str);
        let Some((keyword, len)) = longest(rest, at == start) else {
            at += 1;
            continue;
        };
        if stands(keyword, before, rest.get(len).map(String::as_str)) {
            found.push(Found { keyword, mood });
        }
        at += len;
    }
    (mood, found)
}

/// Where the sentence begins after what is said for politeness.
fn beginning(words: &[String]) -> usize {
    let mut at = 0;
    loop {
        let rest = words.get(at..).unwrap_or_default();
        let request = REQUESTS.iter().filter(|r| starts_with(rest, r)).map(|r| r.len()).max();
        let opening = rest.first().filter(|word| OPENINGS.contains(&word.as_str())).map(|_| 1);
        match request.or(opening) {
            Some(len) if len < rest.len() => at += len,
            _ => return at,
        }
    }
}

fn starts_with(words: &[String], with: &[&str]) -> bool {
    words.len() >= with.len() && words.iter().zip(with).all(|(word, with)| word == with)
}

fn mood(sentence: &Sentence, start: usize) -> Mood {
    let asked_for = sentence.words.get(..start).unwrap_or_default();
    let is_polite = asked_for.iter().any(|word| word == "you" || word == "help");
    let first = sentence.words.get(start).map(String::as_str).unwrap_or_default();
    let second = sentence.words.get(start + 1).map(String::as_str).unwrap_or_default();
    let asks = match first {
        "do" | "don't" => sentence.is_asked || ["i", "we", "you", "they"].contains(&second),
        "have" | "can" | "could" | "would" | "will" | "may" => SUBJECTS.contains(&second),
        _ => QUESTIONS.contains(&first),
    };
    if asks || sentence.is_asked && !is_polite { Mood::Question } else { Mood::Request }
}

fn longest(words: &[String], is_beginning: bool) -> Option<(&'static Keyword, usize)> {
    let first = words.first()?;
    let number = beginning_with(if is_number(first) { "#" } else { "" });
    beginning_with(first).iter().chain(number).find_map(|keyword| {
        let (bare, is_anchored) = match keyword.phrase.strip_prefix('^') {
            Some(bare) => (bare, true),
            None => (keyword.phrase, false),
        };
        let mut len = 0;
        let fits = bare.split(' ').zip(words).all(|(wanted, word)| {
            len += 1;
            wanted == word || wanted == "#" && is_number(word)
        });
        let is_whole = len == bare.split(' ').count();
        (fits && is_whole && (is_beginning || !is_anchored)).then_some((keyword, len))
    })
}

fn is_number(word: &str) -> bool {
    let digits = word.trim_end_matches(['+', '%']);
    (2..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Whether the words around leave the keyword its meaning.
fn stands(keyword: &Keyword, before: Option<&str>, after: Option<&str>) -> bool {
    use super::Role::{Breadth, Deed, Whole};
    let before = before.unwrap_or_default();
    match keyword.role {
        Deed | Whole => {
            !BEFORE_NOUNS.contains(&before)
                && !NEGATIONS.contains(&before)
                && after != Some(CODE_BY)
        }
        Breadth if keyword.phrase == "#" => {
            let counts = after.is_some_and(|word| !UNITS.contains(&word) && word != CODE);
            counts
                && !["line", "port", "issue", "pr", "to", "step", "version", "top", "than"]
                    .contains(&before)
        }
        Breadth => !NEGATIONS.contains(&before),
        _ => true,
    }
}

/// `fixed by`, `a rename by`: somebody else's.
const CODE_BY: &str = "by";
