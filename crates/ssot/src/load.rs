//! From layers to one configuration, or to everything that is wrong with it.

mod clear;
#[cfg(feature = "yaml")]
mod files;

use std::sync::Arc;

use plimsoll_redact::Secret;

use crate::de::{Met, MetState};
use crate::env::{self, Known};
use crate::key::Key;
use crate::layers::{Layers, PROFILES};
use crate::merge::merge;
use crate::nearest::nearest;
use crate::node::{At, Map, Node, Value};
use crate::problem::{Problem, ProblemKind, Problems};
use crate::render::Mask;
use crate::source::Sources;
use crate::spec::registration;
use crate::ssot::{Loaded, Ssot};

/// The configuration, and the profiles that the canonical file declares, also if it is wrong.
pub(crate) fn load_with_profiles(layers: &Layers) -> (Result<Ssot, Problems>, Vec<String>) {
    let mut loading = Loading::new(layers);
    #[cfg(feature = "yaml")]
    if !files::read(&mut loading) {
        // Of a file that cannot be read nothing else can be said, and defaults do not stand in.
        return (Err(loading.fail(&[])), Vec::new());
    }
    loading.check_profile();
    loading.environment();
    let profiles = loading.profiles.clone();
    (loading.finish(), profiles)
}

/// Problems of a file that was read for itself.
#[cfg(feature = "yaml")]
pub(crate) fn alone(path: &std::path::Path, text: &str, problems: Vec<Problem>) -> Problems {
    let file = crate::source::File::new(path.to_owned(), text.to_owned());
    let sources = Sources { files: vec![file], variables: Vec::new() };
    Problems::new(problems, sources, Mask::default())
}

struct Loading<'a> {
    layers: &'a Layers,
    sources: Sources,
    problems: Vec<Problem>,
    /// The roots of what speaks, the lowest first.
    stack: Vec<Arc<Node>>,
    /// Whole files, whatever of them speaks.
    files: Vec<Arc<Node>>,
    /// Profiles that the canonical file declares.
    profiles: Vec<String>,
}

impl<'a> Loading<'a> {
    fn new(layers: &'a Layers) -> Self {
        let mut defaults = Map::default();
        let mut problems = Vec::new();
        for section in &layers.sections {
            let key = Key::of(&section.name);
            match &section.defaults {
                Err(error) => problems.push(registration(&key, error)),
                Ok(_) if defaults.get(&section.name).is_some() => {
                    problems.push(registration(&key, "it is there twice"));
                }
                Ok(node) => defaults.push(&section.name, At::Default, Arc::clone(node)),
            }
        }
        let root = Arc::new(Node { value: Value::Map(defaults), at: At::Default });
        Self {
            layers,
            sources: Sources::default(),
            problems,
            stack: vec![root],
            files: Vec::new(),
            profiles: Vec::new(),
        }
    }

    fn complain(&mut self, kind: ProblemKind, at: &At, message: impl Into<String>) {
        self.problems.push(Problem::new(kind, &Key::root(), at, message));
    }

    /// A profile that nobody declared would silently be no profile at all.
    fn check_profile(&mut self) {
        let Some(chosen) = self.layers.profile.as_deref() else { return };
        let known = || PROFILES.into_iter().chain(self.profiles.iter().map(String::as_str));
        if known().all(|known| known != chosen) {
            let nearest = nearest(chosen, known()).map(str::to_owned);
            let message = format!("no profile is called `{chosen}`");
            let key = Key::of("profiles").name(chosen);
            let problem = Problem::new(ProblemKind::UnknownProfile, &key, &At::Default, message);
            self.problems.push(problem.with_nearest(nearest));
        }
    }

    fn environment(&mut self) {
        let named = self.layers.sections.iter().flat_map(|section| section.variables.clone());
        let named: Vec<_> = named.collect();
        let below = merge(&self.stack);
        let known = Known { below: &below, named: &named };
        let (root, read) = env::read(&self.layers.variables, &known);
        self.sources.variables = read.variables;
        self.problems.extend(read.problems);
        self.stack.push(root);
    }

    fn finish(mut self) -> Result<Ssot, Problems> {
        let root = merge(&self.stack);
        let mut normal = Map::default();
        let mut met = Vec::new();
        for section in &self.layers.sections {
            let Ok(defaults) = &section.defaults else { continue };
            let outcome = section.read(&root, defaults);
            self.problems.extend(outcome.problems);
            let key = Key::of(&section.name);
            met.extend(outcome.met.into_iter().map(|m| Met { key: m.key.below(&key), ..m }));
            if let Some(node) = outcome.normal {
                normal.push(&section.name, At::Default, node);
            }
        }
        self.problems.extend(clear::check(&self.files, &met));
        if !self.problems.is_empty() {
            return Err(self.fail(&met));
        }
        let normal = Arc::new(Node { value: Value::Map(normal), at: At::Default });
        let mask = self.mask(&met);
        let ssot = Ssot::new(Loaded {
            root,
            normal: clear::named(&normal, &met),
            stack: self.stack,
            sources: self.sources,
            met,
            mask,
            profile: self.layers.profile.clone(),
            profiles: self.profiles,
            sections: self.layers.sections.clone(),
            secrets: self.layers.secrets.clone(),
        });
        let complaints = self.layers.checks.iter().flat_map(|check| check(&ssot));
        let problems: Vec<_> = complaints.map(|c| ssot.place(&c)).collect();
        if problems.is_empty() { Ok(ssot) } else { Err(ssot.problems(problems)) }
    }

    fn fail(self, met: &[Met]) -> Problems {
        let mask = self.mask(met);
        Problems::new(self.problems, self.sources, mask)
    }

    /// Everything that must not be shown: what is written down, and what names lead to.
    fn mask(&self, met: &[Met]) -> Mask {
        let mut known = Vec::new();
        let mut places = clear::places(&self.files, &self.stack);
        for met in met {
            match &met.state {
                MetState::Clear(text) | MetState::Variable(text) => {
                    known.push(Secret::new(text.clone()));
                    places.push(met.at.clone());
                }
                MetState::Named(reference) => {
                    let secrets = self.layers.secrets.as_deref();
                    let found = secrets.and_then(|secrets| reference.resolve(secrets).ok());
                    known.extend(found.map(Secret::new));
                }
                MetState::Missing(..) | MetState::Default => {}
            }
        }
        Mask::new(known, places)
    }
}
