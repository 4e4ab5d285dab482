//! All that a diff shows of one file, for rules that look at more than one hunk.
//!
//! Rules ask the same of the whole file at each of its lines, so what was asked once is remembered.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ptr;

use regex::Regex;

use crate::diff::FileDiff;
use crate::region::{Region, SourceLine};

/// The regions of one file.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) regions: Vec<Region<'a>>,
    /// Whether any line has a pattern, by the pattern's address: every pattern is a static.
    has: RefCell<HashMap<*const Regex, bool>>,
    has_added: RefCell<HashMap<*const Regex, bool>>,
    sections: RefCell<HashMap<*const Regex, bool>>,
    texts: RefCell<HashMap<*const Regex, bool>>,
    names: RefCell<HashMap<(&'static str, String), bool>>,
    added: OnceCell<HashSet<&'a str>>,
}

impl<'a> View<'a> {
    pub(super) fn of(file: &'a FileDiff) -> View<'a> {
        View {
            regions: file.hunks.iter().map(|hunk| Region::of(file, hunk)).collect(),
            has: RefCell::default(),
            has_added: RefCell::default(),
            sections: RefCell::default(),
            texts: RefCell::default(),
            names: RefCell::default(),
            added: OnceCell::new(),
        }
    }

    /// The lines of the new side.
    pub(super) fn lines(&self) -> impl Iterator<Item = &SourceLine<'a>> {
        self.regions.iter().flat_map(|region| &region.lines)
    }

    /// Whether any shown line of the new side has it, in code.
    pub(super) fn has(&self, pattern: &'static Regex) -> bool {
        let look = || self.lines().any(|line| pattern.is_match(&line.code));
        *self.has.borrow_mut().entry(ptr::from_ref(pattern)).or_insert_with(look)
    }

    /// Whether what git says that a hunk is in has it.
    pub(super) fn is_in(&self, pattern: &'static Regex) -> bool {
        let look = || self.regions.iter().any(|region| pattern.is_match(region.section()));
        *self.sections.borrow_mut().entry(ptr::from_ref(pattern)).or_insert_with(look)
    }

    /// Whether any added line has it, in code.
    pub(super) fn has_added(&self, pattern: &'static Regex) -> bool {
        let look = || self.lines().any(|line| line.is_added && pattern.is_match(&line.code));
        *self.has_added.borrow_mut().entry(ptr::from_ref(pattern)).or_insert_with(look)
    }

    /// Whether any added line has it, also in its comments and texts.
    pub(super) fn adds_text(&self, pattern: &'static Regex) -> bool {
        let look = || self.lines().any(|line| line.is_added && pattern.is_match(line.text));
        *self.texts.borrow_mut().entry(ptr::from_ref(pattern)).or_insert_with(look)
    }

    /// What `look` says of a name, asked once.
    pub(super) fn of_name(
        &self,
        what: &'static str,
        name: &str,
        look: impl FnOnce() -> bool,
    ) -> bool {
        let key = (what, name.to_owned());
        *self.names.borrow_mut().entry(key).or_insert_with(look)
    }

    /// Whether a line with this text was added, wherever, and however deep.
    pub(super) fn adds(&self, text: &str) -> bool {
        let all = || self.lines().filter(|line| line.is_added).map(|line| line.text.trim());
        self.added.get_or_init(|| all().collect()).contains(text.trim())
    }
}
