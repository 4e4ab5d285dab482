//! A repository with every tracked value marked in its files: `«key|text»`, `«key@profile|text»`,
//! `«key#inside|text»`. The marks are taken out before it is checked.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use plimsoll_drift::Canon;

/// A value that a file states, and where.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) path: String,
    pub(crate) key: String,
    pub(crate) profile: Option<String>,
    pub(crate) is_inside: bool,
    pub(crate) start: usize,
    pub(crate) text: String,
}

impl Mark {
    pub(crate) fn is_table(&self) -> bool {
        ["columns.", "types.", "ttl.", "partition."].iter().any(|start| self.key.starts_with(start))
    }
}

/// The files without marks, and the marks.
pub(crate) struct Fixture {
    pub(crate) files: Vec<(String, String)>,
    pub(crate) marks: Vec<Mark>,
}

impl Fixture {
    /// The fixture, read once.
    pub(crate) fn shared() -> &'static Self {
        static FIXTURE: LazyLock<Fixture> = LazyLock::new(Fixture::load);
        &FIXTURE
    }

    /// What it declares, made ready once.
    pub(crate) fn canon() -> &'static Canon {
        static CANON: LazyLock<Canon> = LazyLock::new(crate::canon::canon);
        &CANON
    }

    pub(crate) fn load() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/repo");
        let mut fixture = Fixture { files: Vec::new(), marks: Vec::new() };
        let mut paths = Vec::new();
        collect(&root, &mut paths);
        paths.sort();
        for path in paths {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            let marked = fs::read_to_string(&path).unwrap();
            let text = fixture.unmark(&name, &marked);
            fixture.files.push((name, text));
        }
        fixture
    }

    fn unmark(&mut self, path: &str, marked: &str) -> String {
        let mut text = String::new();
        let mut rest = marked;
        while let Some((before, after)) = rest.split_once('«') {
            text.push_str(before);
            let (mark, after) = after.split_once('»').unwrap();
            let (name, value) = mark.split_once('|').unwrap();
            let (name, is_inside) = match name.strip_suffix("#inside") {
                Some(name) => (name, true),
                None => (name, false),
            };
            let (key, profile) = match name.split_once('@') {
                Some((key, profile)) => (key, Some(profile.to_owned())),
                None => (name, None),
            };
            let start = text.len();
            let (path, key) = (path.to_owned(), key.to_owned());
            self.marks.push(Mark { path, key, profile, is_inside, start, text: value.to_owned() });
            text.push_str(value);
            rest = after;
        }
        text.push_str(rest);
        text
    }

    pub(crate) fn text(&self, path: &str) -> &str {
        &self.files.iter().find(|(name, _)| name == path).unwrap().1
    }
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else {
            into.push(path);
        }
    }
}
