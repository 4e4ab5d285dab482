//! What stands at the top of a file: sections, profiles, a version, and room for anchors.

use std::path::PathBuf;
use std::sync::Arc;

use super::Loading;
use crate::key::Key;
use crate::nearest::nearest;
use crate::node::{At, Entry, Map, Node, Value};
use crate::problem::{Problem, ProblemKind};
use crate::scalar;
use crate::source::File;
use crate::yaml;

/// Keys at the top that are no sections.
const PROFILES: &str = "profiles";
const VERSION: &str = "schema_version";
/// What may stand beside sections without being one, to hang anchors on.
const EXTENSION: &str = "x-";
/// The form of the canonical file that is read here.
const SCHEMA_VERSION: i128 = 1;

/// Reads the files; false when one of them cannot be read.
pub(super) fn read(loading: &mut Loading<'_>) -> bool {
    let layers = loading.layers;
    let before = loading.problems.len();
    let canonical = layers.canonical.as_ref().and_then(|file| root_of(loading, file));
    let local = layers.local.as_ref().and_then(|file| root_of(loading, file));
    if loading.problems.len() > before {
        return false;
    }
    if let Some(root) = canonical {
        let (sections, profiles) = top(loading, &root, &Key::root());
        loading.stack.push(sections);
        for (name, entry) in profiles.iter().flat_map(|profiles| profiles.ordered()) {
            profile(loading, name, entry);
        }
        loading.files.push(root);
    }
    if let Some(root) = local {
        let (sections, profiles) = top(loading, &root, &Key::root());
        loading.stack.push(sections);
        let message = "profiles stand in the canonical file only";
        refuse_profiles(loading, profiles.as_ref(), message);
        loading.files.push(root);
    }
    true
}

fn root_of(loading: &mut Loading<'_>, (path, bytes): &(PathBuf, Vec<u8>)) -> Option<Arc<Node>> {
    let number = loading.sources.files.len();
    let text = String::from_utf8_lossy(bytes).into_owned();
    let parsed = match std::str::from_utf8(bytes) {
        Ok(text) => yaml::parse(number, text),
        Err(error) => {
            let start = error.valid_up_to();
            let end = (start + char::REPLACEMENT_CHARACTER.len_utf8()).min(text.len());
            let problem = yaml::syntax(number, start..end, "this is not UTF-8");
            Err(vec![problem.with_hint("save the file as UTF-8")])
        }
    };
    loading.sources.files.push(File::new(path.clone(), text));
    match parsed {
        Ok(root) => root,
        Err(problems) => {
            loading.problems.extend(problems);
            None
        }
    }
}

/// One profile: its sections speak if it was chosen, and have to be known in any case.
fn profile(loading: &mut Loading<'_>, name: &str, entry: &Entry) {
    let (sections, nested) = top(loading, &entry.node, &Key::of(PROFILES).name(name));
    refuse_profiles(loading, nested.as_ref(), "a profile has no profiles");
    if let At::File { file, bytes } = &entry.node.at
        && let Some(file) = loading.sources.files.get_mut(*file)
    {
        file.profiles.push((name.to_owned(), bytes.clone()));
    }
    if loading.layers.profile.as_deref() == Some(name) {
        loading.stack.push(sections);
    }
    loading.profiles.push(name.to_owned());
}

fn refuse_profiles(loading: &mut Loading<'_>, profiles: Option<&Map>, message: &str) {
    for (_, entry) in profiles.iter().flat_map(|profiles| profiles.ordered()) {
        loading.complain(ProblemKind::Syntax, &entry.key_at, message);
    }
}

/// The sections of a root, and its profiles.
fn top(loading: &mut Loading<'_>, root: &Node, key: &Key) -> (Arc<Node>, Option<Map>) {
    let mut sections = Map::default();
    let mut profiles = None;
    let map = match &root.value {
        Value::Map(map) => map.ordered(),
        Value::Null => Vec::new(),
        _ => {
            loading.complain(ProblemKind::Syntax, &root.at, "wanted a map of sections");
            Vec::new()
        }
    };
    for (name, entry) in map {
        match (name, &entry.node.value) {
            (PROFILES, Value::Map(map)) => profiles = Some(map.clone()),
            (PROFILES, Value::Null) => {}
            (PROFILES, _) => {
                let message = "wanted a map from profiles to sections";
                loading.complain(ProblemKind::Syntax, &entry.node.at, message);
            }
            (VERSION, _) => check_version(loading, &entry.node),
            (name, _) if name.starts_with(EXTENSION) => {}
            _ if loading.layers.sections.iter().any(|section| section.name == name) => {
                sections.0.insert(name.to_owned(), entry.clone());
            }
            _ => loading.problems.push(unknown(loading, name, entry, key)),
        }
    }
    (Arc::new(Node { value: Value::Map(sections), at: root.at.clone() }), profiles)
}

fn unknown(loading: &Loading<'_>, name: &str, entry: &Entry, parent: &Key) -> Problem {
    let sections = loading.layers.sections.iter().map(|section| section.name.as_str());
    let nearest = nearest(name, sections.chain([PROFILES, VERSION])).map(str::to_owned);
    let key = parent.name(name);
    let message = format!("nobody has a section `{name}`");
    Problem::new(ProblemKind::UnknownSection, &key, &entry.key_at, message).with_nearest(nearest)
}

fn check_version(loading: &mut Loading<'_>, node: &Node) {
    let version = match &node.value {
        Value::Scalar { text, form } => scalar::integer(text, *form).ok(),
        _ => None,
    };
    let message = match version {
        Some(SCHEMA_VERSION) => return,
        Some(newer) if newer > SCHEMA_VERSION => {
            format!("this file has version {newer}, and this program reads {SCHEMA_VERSION}")
        }
        _ => format!("wanted the version {SCHEMA_VERSION}"),
    };
    loading.complain(ProblemKind::Syntax, &node.at, message);
}
