//! Services that extend one of another compose file: what they inherit is held to their own environment.

use super::{Canon, compare, place};
use crate::bind::{Bound, Environment, Known, Source, bind};
use crate::format::{Format, outline, yaml};
use crate::report::{Occurrence, Place, State};
use crate::span::{Lines, Span};
use crate::tree::{NodeId, Tree};

/// A service that extends one of another file.
#[derive(Clone, Debug)]
pub(crate) struct Extends {
    /// Where it says so.
    pub(crate) place: Place,
    /// The other file, by its path below the root.
    pub(crate) from: String,
    /// The service there.
    base: String,
    /// What it is held to.
    environment: Environment,
    /// What it says itself: keys that replace those of the other, and names of variables.
    own: Vec<String>,
}

/// What a service inherits, held to the environment of the one that inherits it.
#[derive(Clone, Debug)]
pub(crate) struct Inherited {
    /// Where the service says that it extends another.
    pub(crate) place: Place,
    /// As the other file states it.
    pub(crate) occurrence: Occurrence,
}

/// Whether a text may extend services of other files.
pub(super) fn may_extend(format: Format, text: &str) -> bool {
    format == Format::Yaml
        && memchr::memmem::find(text.as_bytes(), b"extends").is_some()
        && memchr::memmem::find(text.as_bytes(), b"file").is_some()
}

/// The services of a compose file that extend one of another file.
pub(super) fn read(canon: &Canon, path: &str, text: &str, file: &Environment) -> Vec<Extends> {
    let Ok(tree) = yaml::read(text, Span::whole(text)) else { return Vec::new() };
    let lines = Lines::new(text);
    let mut found = Vec::new();
    for (name, service) in services(&tree, text) {
        let part = |key: &str| {
            let extends = tree.child(service, text, "extends")?;
            tree.scalar(tree.child(extends, text, key)?)
        };
        let (Some(other), Some(base)) = (part("file"), part("service")) else { continue };
        let environment = canon.environments.of_name(name.of(text)).unwrap_or_else(|| file.clone());
        found.push(Extends {
            place: place(path, &lines, base.span),
            from: joined(path, other.text(text)),
            base: base.text(text).to_owned(),
            environment,
            own: own(&tree, text, service),
        });
    }
    found
}

/// What a service inherits that its environment does not allow or that agrees with it.
pub(super) fn inherited(canon: &Canon, extends: &Extends, text: &str) -> Vec<Inherited> {
    let of_file = canon.environments.of_path(&extends.from).unwrap_or_default();
    let of_base = canon.environments.of_name(&extends.base).unwrap_or(of_file);
    // What is held to the same values is checked where it stands.
    if of_base == extends.environment || matches!(extends.environment, Environment::Undeclared(_)) {
        return Vec::new();
    }
    let (Some(range), Ok(outline)) = (range(text, &extends.base), outline(Format::Yaml, text))
    else {
        return Vec::new();
    };
    let environment = &extends.environment;
    let source = Source { path: &extends.from, text, environment, is_example: false };
    let known =
        Known { facts: &canon.facts, lexicon: &canon.lexicon, environments: &canon.environments };
    let hits = canon.lexicon.hits(text);
    let lines = Lines::new(text);
    let is_inherited = |bound: &&Bound| {
        range.contains(bound.span)
            && bound.environment == *environment
            && !is_own(extends, text, bound.span)
    };
    let bound = bind(source, &outline, &hits, known);
    let inherited = bound.iter().filter(is_inherited);
    let compared = inherited.filter_map(|bound| compare(canon, &extends.from, text, &lines, bound));
    compared.map(|occurrence| Inherited { place: extends.place.clone(), occurrence }).collect()
}

impl Inherited {
    pub(super) fn is_drift(&self) -> bool {
        self.occurrence.state == State::Drift
    }
}

/// The services of a compose file, by where their names stand.
fn services<'t>(tree: &'t Tree, text: &'t str) -> impl Iterator<Item = (Span, NodeId)> + 't {
    let maps = tree.roots.iter().filter_map(move |root| tree.child(*root, text, "services"));
    maps.flat_map(move |map| tree.entries(map).iter().map(|(name, service)| (name.span, *service)))
}

/// What a service says itself, so that it does not inherit it. Ports are added to those of the other.
fn own(tree: &Tree, text: &str, service: NodeId) -> Vec<String> {
    let mut own = Vec::new();
    for (key, value) in tree.entries(service) {
        match key.text(text) {
            "environment" => {
                own.extend(tree.entries(*value).iter().map(|(name, _)| name.text(text).to_owned()));
                let pairs = tree.items(*value).iter().filter_map(|item| tree.scalar(*item));
                own.extend(
                    pairs.filter_map(|pair| Some(pair.text(text).split_once('=')?.0.to_owned())),
                );
            }
            "ports" | "expose" | "volumes" | "labels" | "extends" => {}
            name => own.push(name.to_owned()),
        }
    }
    own
}

/// Whether the name of a value is one that the service has itself.
fn is_own(extends: &Extends, text: &str, value: Span) -> bool {
    let before = text.get(..value.start).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    // In `{a: 1, b: 2}` the name is the last one; the brace of `${X:-1}` begins none.
    let is_border = |(at, sign): &(usize, char)| {
        matches!(sign, '{' | '[' | ',') && !line.get(..*at).is_some_and(|left| left.ends_with('$'))
    };
    let start = line.char_indices().rev().find(is_border).map_or(0, |(at, _)| at + 1);
    let name = line.get(start..).unwrap_or_default().trim_start_matches([' ', '-', '"', '\'']);
    let name = name.split([':', '=', '"', '\'']).next().unwrap_or_default();
    extends.own.iter().any(|own| own == name)
}

/// From the name of a service to the next service, or to the end of all.
fn range(text: &str, base: &str) -> Option<Span> {
    let tree = yaml::read(text, Span::whole(text)).ok()?;
    let names: Vec<Span> = services(&tree, text).map(|(name, _)| name).collect();
    let start = names.iter().find(|name| name.of(text) == base)?.start;
    let tops =
        tree.roots.iter().flat_map(|root| tree.entries(*root)).map(|(key, _)| key.span.start);
    let next = names.iter().map(|name| name.start).chain(tops).filter(|at| *at > start).min();
    Some(Span::new(start, next.unwrap_or(text.len())))
}

/// A path as a file at another one names it.
fn joined(path: &str, other: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in other.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
