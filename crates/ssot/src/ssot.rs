//! One configuration, whole and checked, of which every value knows where it came from.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::de::{Met, MetState, Reading};
use crate::digest::Digest;
use crate::key::Key;
use crate::nearest::nearest;
use crate::node::{At, Node, Value};
use crate::origin::Origin;
use crate::problem::{Problem, ProblemKind, Problems};
use crate::read_section::read_section;
use crate::render::Mask;
use crate::secret::ReadSecret;
use crate::source::Sources;
use crate::spec::{Complaint, Registered};

/// What loading found.
pub(crate) struct Loaded {
    /// The layers merged, as they were written.
    pub(crate) root: Arc<Node>,
    /// Every value as its type writes it, secrets by their names.
    pub(crate) normal: Arc<Node>,
    /// What spoke, the lowest first.
    pub(crate) stack: Vec<Arc<Node>>,
    pub(crate) sources: Sources,
    pub(crate) met: Vec<Met>,
    pub(crate) mask: Mask,
    pub(crate) profile: Option<String>,
    pub(crate) profiles: Vec<String>,
    pub(crate) sections: Vec<Registered>,
    pub(crate) secrets: Option<Arc<dyn ReadSecret>>,
}

/// One configuration, whole and checked.
///
/// Cheap to clone: a clone shares everything.
#[derive(Clone)]
pub struct Ssot {
    pub(crate) loaded: Arc<Loaded>,
}

impl Ssot {
    pub(crate) fn new(loaded: Loaded) -> Self {
        Self { loaded: Arc::new(loaded) }
    }

    /// Returns a section as a type, with its secrets.
    ///
    /// # Errors
    ///
    /// Everything in which the section and the type disagree, and every secret that cannot be had:
    /// it is not set, or nobody said where secrets are kept.
    pub fn section<T: DeserializeOwned>(&self, name: &str) -> Result<Section<T>, Problems> {
        let key = Key::of(name);
        let loaded = &self.loaded;
        let registered = loaded.sections.iter().find(|section| section.name == name);
        let Some(Ok(defaults)) = registered.map(|section| &section.defaults) else {
            let names = loaded.sections.iter().map(|section| section.name.as_str());
            let nearest = nearest(name, names).map(str::to_owned);
            let message = format!("no section is called `{name}`");
            let problem = Problem::new(ProblemKind::UnknownSection, &key, &At::Default, message);
            return Err(self.problems(vec![problem.with_nearest(nearest)]));
        };
        let reading = Reading { secrets: loaded.secrets.as_deref(), ..Reading::default() };
        let (value, mut problems) = read_section(&key, &loaded.root, defaults, &reading);
        let has_source = reading.secrets.is_some();
        let met = reading.met.borrow();
        problems.extend(met.iter().filter_map(|met| unresolved(&key, met, has_source)));
        drop(met);
        match value {
            Some(value) if problems.is_empty() => Ok(Section { value, ssot: self.clone(), key }),
            _ => Err(self.problems(problems)),
        }
    }

    /// Asks for every secret, whichever section has it.
    ///
    /// # Errors
    ///
    /// Every secret that cannot be had.
    pub fn check_secrets(&self) -> Result<(), Problems> {
        let secrets = self.loaded.secrets.as_deref();
        let asked = self.loaded.met.iter().map(|met| match (&met.state, secrets) {
            (MetState::Named(reference), Some(secrets)) => match reference.resolve(secrets) {
                Ok(_) => met.clone(),
                Err(why) => Met { state: MetState::Missing(reference.clone(), why), ..met.clone() },
            },
            _ => met.clone(),
        });
        let has_source = secrets.is_some();
        let problems: Vec<Problem> =
            asked.filter_map(|met| unresolved(&Key::root(), &met, has_source)).collect();
        if problems.is_empty() { Ok(()) } else { Err(self.problems(problems)) }
    }

    /// Returns where the value of a key was said; for a map or a list, where it begins.
    #[must_use]
    pub fn origin(&self, key: &str) -> Option<Origin> {
        self.origin_of(&Key::parse(key)?)
    }

    pub(crate) fn origin_of(&self, key: &Key) -> Option<Origin> {
        let loaded = &self.loaded;
        if let Some(node) = loaded.root.find(key.steps()) {
            return Some(loaded.sources.origin(&node.at));
        }
        loaded.normal.find(key.steps())?;
        // What is in a list that a variable states is where the variable is. What nobody wrote in
        // an element of a list is the default of its type.
        let parent = |key: &Key| key.parent().map(|(parent, _)| parent);
        let mut above = std::iter::successors(parent(key), parent);
        let node = above.find_map(|above| loaded.root.find(above.steps()))?;
        Some(match &node.value {
            Value::Scalar { .. } => loaded.sources.origin(&node.at),
            _ => Origin::Default,
        })
    }

    /// Returns the digest of all values.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.loaded.normal)
    }

    /// Returns the profile that was chosen.
    #[must_use]
    pub fn profile(&self) -> Option<&str> {
        self.loaded.profile.as_deref()
    }

    /// Returns the profiles that the canonical file declares.
    #[must_use]
    pub fn profiles(&self) -> &[String] {
        &self.loaded.profiles
    }

    /// Tells whether a file spoke; without one, all but the environment is defaults.
    #[must_use]
    pub fn has_file(&self) -> bool {
        !self.loaded.sources.files.is_empty()
    }

    /// Returns the known key that a misspelled one was probably meant to be.
    #[must_use]
    pub fn nearest_key(&self, key: &str) -> Option<String> {
        let settings: Vec<String> = self.settings().map(|setting| setting.key).collect();
        let sections = self.loaded.sections.iter().map(|section| section.name.as_str());
        let names = settings.iter().map(String::as_str).chain(sections);
        nearest(key, names).map(str::to_owned)
    }

    pub(crate) fn place(&self, complaint: &Complaint) -> Problem {
        complaint.place(&Key::root(), &self.loaded.root)
    }

    pub(crate) fn problems(&self, problems: Vec<Problem>) -> Problems {
        Problems::new(problems, self.loaded.sources.clone(), self.loaded.mask.clone())
    }
}

/// A secret that is named and cannot be had.
fn unresolved(section: &Key, met: &Met, has_source: bool) -> Option<Problem> {
    let key = met.key.below(section);
    let message = match &met.state {
        MetState::Missing(reference, why) => format!("the secret `{key}` is {reference}: {why}"),
        MetState::Named(reference) if !has_source => {
            format!("the secret `{key}` is {reference}, and nobody said where secrets are kept")
        }
        _ => return None,
    };
    Some(Problem::new(ProblemKind::SecretMissing, &key, &met.at, message))
}

impl fmt::Debug for Ssot {
    // Not derived: sources and secrets are in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ssot")
            .field("profile", &self.loaded.profile)
            .field("digest", &self.digest())
            .finish_non_exhaustive()
    }
}

/// A section as a type; it reads as that type.
#[derive(Clone, Debug)]
pub struct Section<T> {
    value: T,
    ssot: Ssot,
    key: Key,
}

impl<T> Section<T> {
    /// Returns where the value of a key of this section was said.
    #[must_use]
    pub fn origin(&self, key: &str) -> Option<Origin> {
        self.ssot.origin_of(&Key::parse(key)?.below(&self.key))
    }

    /// Returns the values alone.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for Section<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
