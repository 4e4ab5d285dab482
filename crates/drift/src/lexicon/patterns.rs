//! The spellings of the words that are looked for.

use std::collections::HashMap;

use aho_corasick::AhoCorasickBuilder;
use aho_corasick::packed::{self, MatchKind};

use super::sight::{Anchor, Need, Traits};
use super::{Lexicon, Meaning, Meanings, TAIL_MIN, WORD_MIN};
use crate::fact::words;
use crate::fact::{Fact, FactId, Kind, SubjectId};

/// Most patterns that a fast searcher takes, and most of such searchers: a few passes are faster than one slow one.
const FAST_MAX: usize = 16;
const SEARCHERS_MAX: usize = 16;

/// Words that are in every other file: a name has others.
const COMMON: &[&str] = &[
    "state",
    "path",
    "environment",
    "config",
    "value",
    "time",
    "data",
    "file",
    "name",
    "type",
    "mode",
    "count",
    "limit",
    "max",
    "min",
    "json",
    "yaml",
    "toml",
    "position",
    "interval",
    "timeout",
    "size",
    "number",
    "default",
    "enabled",
    "call",
    "hour",
];

/// Words on their way to a [`Lexicon`].
#[derive(Default)]
pub(super) struct Patterns {
    patterns: Vec<String>,
    meanings: Vec<Meanings>,
    words: Vec<String>,
    anchors: Vec<Anchor>,
}

impl Patterns {
    /// A word in small letters, in capitals, and with a capital first. Of a long word the first letter is left
    /// out of the pattern and looked at afterwards, so that two patterns find three spellings.
    pub(super) fn add(&mut self, word: &str, meaning: Meaning) {
        let mut lower = word.to_ascii_lowercase();
        let upper = word.to_ascii_uppercase();
        if word.len() > TAIL_MIN {
            self.push(word, &lower, 1, meaning);
            self.push(word, &upper, 1, meaning);
            if word != lower && word != upper {
                self.push(word, word, 1, meaning);
            }
            return;
        }
        self.push(word, &lower, 0, meaning);
        self.push(word, &upper, 0, meaning);
        // A short word with a capital first is rare in names, and in sentences only at their start.
        if word.len() == TAIL_MIN
            && let Some(first) = lower.get_mut(..1)
        {
            first.make_ascii_uppercase();
            self.push(word, &lower, 0, meaning);
        }
    }

    pub(super) fn add_exact(&mut self, word: &str, meaning: Meaning) {
        self.push(word, word, 0, meaning);
    }

    fn push(&mut self, word: &str, form: &str, cut: usize, meaning: Meaning) {
        let Some(pattern) = form.get(cut..).filter(|_| word.len() >= WORD_MIN) else { return };
        let first = word.bytes().next().filter(|_| cut > 0);
        let known = self.patterns.iter().position(|known| known == pattern);
        match known.and_then(|at| self.meanings.get_mut(at)) {
            Some(meanings) if meanings.contains(&(first, meaning)) => {}
            Some(meanings) => meanings.push((first, meaning)),
            None => {
                self.patterns.push(pattern.to_owned());
                self.meanings.push(vec![(first, meaning)]);
            }
        }
    }

    /// The longest word of a name that is not everywhere, without the letter that makes it plural.
    fn add_anchor<'w>(
        &mut self,
        fact: FactId,
        words: impl Iterator<Item = &'w str> + Clone,
        mut need: Need,
    ) {
        let is_rare = |word: &str| word.len() >= WORD_MIN && !COMMON.contains(&word);
        // A word that is looked for anyway costs nothing more.
        let is_known = |word: &str| self.words.iter().any(|known| known == word);
        let weight = |word: &&str| (is_known(word), is_rare(word), word.len());
        let Some(word) = words.clone().max_by_key(weight) else { return };
        // A companion may be written as any of the words that are folded into it: their common beginning is enough.
        let others = words.filter(|other| *other != word && !words::is_bound(other));
        if need.value != Some(b'/') {
            need.companions = others.map(words::common_start).collect();
        }
        let meaning = self.anchor(fact, word, need);
        let singular =
            word.strip_suffix('s').filter(|short| !short.ends_with('s') && short.len() > WORD_MIN);
        let word = singular.unwrap_or(word);
        // A word that begins like the one it stands for is found with it.
        let folds = words::folds().filter(|(from, to)| *to == word && !from.starts_with(word));
        let mut forms: Vec<&str> = folds.map(|(from, _)| from).chain([word]).collect();
        forms.sort_by_key(|form| form.len());
        let mut taken: Vec<&str> = Vec::new();
        for form in forms {
            if !taken.iter().any(|short| form.starts_with(short)) {
                self.add(form, meaning);
                taken.push(form);
            }
        }
    }

    /// The anchor of one of a fact's names.
    pub(super) fn add_name(&mut self, id: FactId, fact: &Fact, name: &[String]) {
        let telling = name.iter().filter(|word| !words::is_bound(word)).count();
        let need = Need {
            companions: Vec::new(),
            section: if fact.is_strong { Vec::new() } else { fact.section.clone() },
            wants_bound: telling == 1 && name.len() > 1,
            value: match fact.kind {
                Kind::Number => Some(b'0'),
                Kind::Path => Some(b'/'),
                _ => None,
            },
        };
        self.add_anchor(id, name.iter().map(String::as_str), need);
    }

    /// The anchor of a word; one word may be that of several names.
    fn anchor(&mut self, fact: FactId, word: &str, need: Need) -> Meaning {
        let known = self.words.iter().position(|known| known == word);
        let id = known.unwrap_or_else(|| {
            self.words.push(word.to_owned());
            self.anchors.push(Anchor::default());
            self.anchors.len() - 1
        });
        if let Some(anchor) = self.anchors.get_mut(id) {
            anchor.facts.push(fact);
            anchor.needs.push(need);
        }
        Meaning::Anchor(id)
    }

    pub(super) fn finish(self, decoys: HashMap<String, SubjectId>, traits: Vec<Traits>) -> Lexicon {
        let Patterns { patterns, meanings, anchors, .. } = self;
        // Patterns of one length together: a searcher looks at as many bytes as its shortest one has.
        let mut pairs: Vec<_> = patterns.into_iter().zip(meanings).collect();
        pairs.sort_by(|(a, _), (b, _)| (a.len().min(4), a).cmp(&(b.len().min(4), b)));
        let (patterns, meanings): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let mut lexicon =
            Lexicon { fast: Vec::new(), sure: None, meanings, anchors, traits, decoys };
        if patterns.is_empty() {
            return lexicon;
        }
        if patterns.len() <= FAST_MAX * SEARCHERS_MAX {
            for (index, part) in patterns.chunks(FAST_MAX).enumerate() {
                let mut builder =
                    packed::Config::new().match_kind(MatchKind::LeftmostLongest).builder();
                lexicon.fast.extend(
                    builder.extend(part).build().map(|searcher| (index * FAST_MAX, searcher)),
                );
            }
        }
        if lexicon.fast.len() * FAST_MAX < patterns.len() {
            lexicon.fast.clear();
            lexicon.sure = AhoCorasickBuilder::new()
                .match_kind(aho_corasick::MatchKind::LeftmostLongest)
                .build(&patterns)
                .ok();
        }
        lexicon
    }
}
