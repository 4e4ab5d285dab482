//! The words that tell a task's kind, each with the weight that it has before anything was learned.

use std::collections::HashMap;
use std::sync::LazyLock;

use Role::{Breadth, Creative, Deed, Finish, Person, Whole};

/// What a keyword says of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// Mechanical work is asked for.
    Deed,
    /// There is much of it.
    Breadth,
    /// Something other than an opinion says when it is done.
    Finish,
    /// [`Role::Deed`] and [`Role::Breadth`] in one.
    Whole,
    /// Several solutions are worth building.
    Creative,
    /// A person has to be there.
    Person,
}

/// One entry of the table.
#[derive(Debug, PartialEq)]
pub(super) struct Keyword {
    /// Words with single blanks. `#` stands for a number of ten or more; `^` in front: only where a sentence begins.
    pub(super) phrase: &'static str,
    pub(super) prior: f64,
    pub(super) role: Role,
}

/// Role, prior, phrases with commas between.
const TABLE: &[(Role, f64, &str)] = &[
    (Whole, 0.9, "fix all, fix every, fix everything, fix whatever, keep fixing"),
    (
        Whole,
        0.8,
        "update all, update every, rename all, replace all, replace every, convert all, \
         migrate all, refactor all, remove all, add missing, work through, go through all, \
         go through every, go file by file, bulk rename, clean up all",
    ),
    (
        Deed,
        0.4,
        "fix, migrate, convert, rename, replace, port, refactor, upgrade, modernise, \
         modernize, normalise, normalize, reformat, format, translate, backfill, bump, swap, \
         swap out, deduplicate, sort, remove, delete, clean up, cleanup, sweep, move, switch, \
         apply, annotate, add tests, add unit tests, add type hints, add docstrings, \
         add types, increase coverage, raise coverage, generate docs, generate, bring, \
         iterate, turn, strip, get rid of, burn down, drop, fill in, sort out, rewrite, \
         instrument, keep running, split",
    ),
    (Deed, 0.3, "update, add, get, make, increase, raise, go through, reduce, change"),
    (
        Breadth,
        0.4,
        "everywhere, one by one, one after another, file by file, page by page, \
         package by package, module by module, one at a time, across the, across all, \
         whole repo, whole repository, whole suite, whole code base, whole codebase, entire, \
         each of them, all of them, for each, for every, after each, after every, call sites, \
         all the, all our, small batches",
    ),
    (
        Breadth,
        0.3,
        "every, all, each, whole, remaining, missing, many, a lot of, lots of, backlog, #",
    ),
    (
        Finish,
        0.5,
        "until, don't stop until, do not stop until, tests pass, test passes, tests green, \
         is green, stay green, be green, are green, must pass, have to pass, has to pass, \
         passing, pass, passes, succeeds, exits 0, exit code 0, zero findings, 0 findings, \
         0 errors, warning free, is clean, be clean, stay clean, done when, stop when, \
         pass again, whatever it takes, goes away, is empty, print 0, without errors, \
         green again",
    ),
    (
        Finish,
        0.35,
        "lint, lint errors, linter, type errors, clippy, mypy, eslint, ruff, pylint, flake8, \
         shellcheck, tsc, compile errors, failing tests, failures, warnings, findings, \
         violations, deprecation warnings, coverage, test coverage, broken links, \
         unused imports, dead code, flaky tests, the test suite, green, happy, \
         regression test, build",
    ),
    (
        Creative,
        0.9,
        "multiple approaches, several approaches, different approaches, compare options, \
         explore alternatives, come up with, brainstorm, invent, two or three, several ways, \
         different ways, a few alternatives, different designs, several algorithms, \
         what approaches, which would you recommend, be creative, a few different, \
         try different, try several, options first, would you design",
    ),
    (
        Creative,
        0.7,
        "^design, ^architect, ^propose, ^devise, ^redesign, ^imagine, ^sketch, ^experiment, \
         explore, prototype, prototypes, novel, creative, trade-offs, tradeoffs, rethink, \
         from scratch, proof of concept, alternatives, alternative, variants, spike, mock up, \
         mockups, outside the box, imagination, contrasting, a different look, ideas, \
         best approach, best way, approaches, good architecture, an architecture, design a, \
         design an, competing, proposals, candidates",
    ),
    (
        Creative,
        0.4,
        "several, a couple of, better, think of, think about, concept, concepts, architecture, \
         architectures, approach, experiment, design, designs, smarter, options, compare them, \
         evaluate, idea, more than one, a few, compare, both, create new, create a new, \
         implement new, implement a new, algorithm, ^optimise, ^optimize, how should we",
    ),
    // Nothing that a loop's words weigh comes up to these.
    (
        Person,
        3.0,
        "prod, production, mainnet, live account, positions, rows, force push, don't change, \
         do not change, don't write code, do not write code",
    ),
    (
        Person,
        0.9,
        "estimate, tell me, let me know, walk me through, update me, backup, \
         what do you think, ask me, is it worth, don't push, before i, before you, \
         what happened, in doubt",
    ),
    (
        Person,
        0.7,
        "^explain, ^tell, ^show, ^list, ^find, ^look, ^check, ^read, ^review, ^run, \
         ^summarise, ^summarize, ^describe, ^search, ^grep, ^count, ^open, ^commit, ^push, \
         ^revert, ^undo, ^merge, ^rebase, ^deploy, ^restart, ^start, ^stop, ^set, ^teach, \
         ^debug, ^profile, ^plan, ^write, ^implement, ^extract, ^pull, ^continue, ^try, \
         ^rotate, ^drop, ^i, ^thanks, ^yes, ^no, ^did, ^create a, ^add a, ^add one, \
         ^double check, a function, a script, a regex, this function, i think, look into",
    ),
    (
        Person,
        0.4,
        "the bug, the typo, the failing test, the version, the last, one more, only, a test, \
         a unit test, quick question, show me, database, the table, turn off",
    ),
];

static BY_FIRST_WORD: LazyLock<HashMap<&'static str, Vec<Keyword>>> = LazyLock::new(|| {
    let mut map: HashMap<&'static str, Vec<Keyword>> = HashMap::new();
    for (role, prior, phrases) in TABLE {
        for phrase in phrases.split(", ") {
            let keyword = Keyword { phrase, prior: *prior, role: *role };
            map.entry(first_word(phrase)).or_default().push(keyword);
        }
    }
    for keywords in map.values_mut() {
        keywords.sort_by_key(|keyword| std::cmp::Reverse(keyword.phrase.len()));
    }
    map
});

/// Keywords that begin with this word, longest first.
pub(super) fn beginning_with(word: &str) -> &'static [Keyword] {
    BY_FIRST_WORD.get(word).map_or(&[], Vec::as_slice)
}

/// The weight that a keyword has before anything was learned. `None`: there is no such keyword.
pub(super) fn prior_of(phrase: &str) -> Option<f64> {
    beginning_with(first_word(phrase))
        .iter()
        .find(|keyword| keyword.phrase == phrase)
        .map(|keyword| keyword.prior)
}

fn first_word(phrase: &str) -> &str {
    let bare = phrase.trim_start_matches('^');
    bare.split(' ').next().unwrap_or(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_keyword_stands_twice_and_every_one_is_found() {
        let mut seen = std::collections::HashSet::new();
        for (_, prior, phrases) in TABLE {
            for phrase in phrases.split(", ") {
                assert!(seen.insert(phrase), "`{phrase}` stands twice");
                assert_eq!(prior_of(phrase), Some(*prior), "`{phrase}`");
                assert_eq!(phrase, phrase.to_lowercase(), "`{phrase}`");
            }
        }
    }
}
