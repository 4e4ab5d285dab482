//! One value of the canonical file set to another, and every other byte left as it is.

mod splice;
mod write;

use std::fmt;
use std::path::PathBuf;

use self::splice::Splice;
use self::write::Written;
use crate::change::Change;
use crate::key::{Key, Step};
use crate::layers::{Layers, PROFILES};
use crate::nearest::nearest;
use crate::node::{Form, Node, Value};
use crate::problem::Problems;
use crate::system::CANONICAL;
use crate::yaml;

/// A profile that decides over real money.
const PRODUCTION: &str = "prod";

/// Why a value was not set; nothing was changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum EditError {
    /// The key is not one, or none that a value can be given to.
    Key {
        /// The key.
        key: String,
        /// What is the matter with it.
        why: String,
    },
    /// The value cannot be written.
    Value {
        /// What is the matter with it.
        why: String,
    },
    /// The file cannot be read, so that nobody knows what it says.
    Unreadable(Problems),
    /// With the new value the configuration would be wrong.
    Wrong(Problems),
    /// Comments stand inside of what would be replaced.
    Comments {
        /// The key.
        key: String,
    },
    /// Another value would change too, because both are written in one place.
    Elsewhere {
        /// The key that was to be set.
        key: String,
        /// A key that would change with it.
        other: String,
    },
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { key, why } => write!(f, "cannot set `{key}`: {why}"),
            Self::Value { why } => f.write_str(why),
            Self::Unreadable(_) => f.write_str("the file cannot be read as it is"),
            Self::Wrong(_) => f.write_str("the configuration would be wrong with this value"),
            Self::Comments { key } => {
                write!(f, "comments inside of `{key}` would be lost: change it by hand")
            }
            Self::Elsewhere { key, other } => {
                write!(f, "setting `{key}` would change `{other}` too: change it by hand")
            }
        }
    }
}

impl std::error::Error for EditError {}

/// A changed file that nobody has written yet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Edit {
    /// The canonical file.
    pub path: PathBuf,
    /// Its text as it was; empty if there was no file.
    pub before: String,
    /// Its text with the new value.
    pub after: String,
    /// What changes in which profile; `None` is the configuration without a profile. Variables
    /// and files of this machine count for nothing here.
    pub changes: Vec<(Option<String>, Vec<Change>)>,
}

impl Edit {
    /// Returns the limits that get looser where real money is at stake, each once.
    ///
    /// That is the profile `prod`, also if nobody declared it, and every one whose name begins
    /// with `prod`.
    pub fn loosened_in_production(&self) -> impl Iterator<Item = &Change> {
        let real = self.changes.iter().filter(|(profile, _)| {
            profile.as_deref().is_some_and(|profile| profile.starts_with(PRODUCTION))
        });
        let loosened: Vec<&Change> =
            real.flat_map(|(_, changes)| changes).filter(|change| change.loosens).collect();
        let first = |at: usize, change: &Change| {
            loosened.iter().take(at).all(|before| before.key != change.key)
        };
        let unique: Vec<&Change> = loosened
            .iter()
            .enumerate()
            .filter(|(at, change)| first(*at, change))
            .map(|(_, change)| *change)
            .collect();
        unique.into_iter()
    }
}

impl Layers {
    /// Sets a value in the canonical file, or in its part for a profile, and checks what comes of
    /// it in every profile. Comments, order and all other bytes stay. Nothing is written.
    ///
    /// The value is written as in YAML: `12`, `0.5`, `text`, `[a, b]`, `null`. Where text is
    /// wanted it is put into quotes if it could be read as anything else.
    ///
    /// # Errors
    ///
    /// [`EditError`] says why it cannot be done. A value cannot be set that other keys share by an
    /// alias, nor one with which any profile would be wrong.
    pub fn edit(&self, key: &str, profile: Option<&str>, value: &str) -> Result<Edit, EditError> {
        let (path, before) = self.canonical_text()?;
        let unreadable =
            |problems| EditError::Unreadable(crate::load::alone(&path, &before, problems));
        let tree = yaml::parse(0, &before).map_err(unreadable)?;
        let (asked, full) = self.target(key, profile)?;
        let splice = Splice { text: &before, root: tree.as_deref(), key: &full };
        let mut written = Written::AsTyped;
        loop {
            let (after, leaf) = splice.apply(value, written)?;
            self.verify(&splice, &after, &leaf)?;
            let layers = Self { profile: None, ..self.clone() }.with_file(&path, after.clone());
            let all = layers.check().map_err(EditError::Wrong)?;
            let holds = all.iter().find(|ssot| ssot.profile() == profile).or(all.first());
            let normal = holds.and_then(|ssot| ssot.loaded.normal.find(asked.steps()));
            let is_text = matches!(
                normal.map(|node| &node.value),
                Some(Value::Scalar { form: Form::Text, .. })
            );
            if written == Written::AsTyped && is_text && write::is_ambiguous(&leaf) {
                written = Written::AsText;
                continue;
            }
            let changes = self.changes_to(&layers);
            return Ok(Edit { path, before, after, changes });
        }
    }

    fn canonical_text(&self) -> Result<(PathBuf, String), EditError> {
        let Some((path, bytes)) = &self.canonical else {
            return Ok((PathBuf::from(CANONICAL), String::new()));
        };
        let text = String::from_utf8(bytes.clone())
            .map_err(|_| EditError::Value { why: format!("`{}` is not UTF-8", path.display()) })?;
        Ok((path.clone(), text))
    }

    /// The key that was asked for, and the same one in the file, where profiles have a place of
    /// their own.
    fn target(&self, key: &str, profile: Option<&str>) -> Result<(Key, Key), EditError> {
        let wrong = |why: &str| EditError::Key { key: key.to_owned(), why: why.to_owned() };
        let parsed = Key::parse(key).filter(|key| !key.steps().is_empty());
        let parsed = parsed.ok_or_else(|| wrong("wanted one such as limits.max_leverage"))?;
        let Some(Step::Name(section)) = parsed.steps().first() else {
            return Err(wrong("it begins with no section"));
        };
        let known = self.sections.iter().find(|known| known.name == *section);
        let Some(known) = known else {
            let names = self.sections.iter().map(|section| section.name.as_str());
            return Err(match nearest(section, names) {
                Some(nearest) => {
                    wrong(&format!("nobody has the section, did you mean `{nearest}`?"))
                }
                None => wrong("nobody has the section"),
            });
        };
        if parsed.steps().len() < 2 && known.defaults.as_ref().is_ok_and(|d| d.as_map().is_some()) {
            return Err(wrong("it is a whole section: name a key in it"));
        }
        let Some(profile) = profile else { return Ok((parsed.clone(), parsed)) };
        // A profile that begins with a typing error would hold nowhere.
        let (_, declared) = crate::load::load_with_profiles(self);
        let names = || PROFILES.into_iter().chain(declared.iter().map(String::as_str));
        if names().all(|name| name != profile) {
            return Err(wrong(&match nearest(profile, names()) {
                Some(nearest) => {
                    format!("no profile is called `{profile}`, did you mean `{nearest}`?")
                }
                None => format!("no profile is called `{profile}`: declare it in the file first"),
            }));
        }
        let full = parsed.below(&Key::of("profiles").name(profile));
        Ok((parsed, full))
    }

    /// The new text has to say exactly what was asked for, and every comment has to be there.
    fn verify(&self, splice: &Splice<'_>, after: &str, leaf: &Node) -> Result<(), EditError> {
        let failed = |why: &str| EditError::Key {
            key: splice.key.to_string(),
            why: format!("{why}: change it by hand"),
        };
        let new = yaml::parse(0, after).map_err(|_| failed("the file would be broken"))?;
        let wanted = splice::with_value(splice.root, splice.key.steps(), leaf);
        let found = new.ok_or_else(|| failed("the file would be empty"))?;
        if let Some(other) = splice::difference(&wanted, &found, &Key::root()) {
            if other.starts_with(splice.key) || splice.key.starts_with(&other) {
                return Err(failed("it stands in a form that is not understood"));
            }
            let key = splice.key.to_string();
            return Err(EditError::Elsewhere { key, other: other.to_string() });
        }
        let comments = |text: &str| {
            yaml::comments(text).map(|c| c.into_iter().map(|(t, _)| t).collect::<Vec<_>>())
        };
        match comments(splice.text) == comments(after) {
            true => Ok(()),
            false => Err(failed("a comment would be lost")),
        }
    }

    /// What changes where, as far as the repository decides it.
    fn changes_to(&self, new: &Self) -> Vec<(Option<String>, Vec<Change>)> {
        let mut profiles: Vec<Option<String>> = vec![None, Some(PRODUCTION.to_owned())];
        let (_, declared) = crate::load::load_with_profiles(new);
        for name in declared.into_iter().map(Some) {
            if !profiles.contains(&name) {
                profiles.push(name);
            }
        }
        let load = |layers: &Self, profile: &Option<String>| {
            let layers = Self { profile: profile.clone(), ..layers.of_repository() };
            layers.load().ok()
        };
        let defaults = Self { canonical: None, ..self.of_repository() };
        profiles
            .into_iter()
            .filter_map(|profile| {
                // A profile that is new, or was broken, is measured against the defaults.
                let before = load(self, &profile).or_else(|| load(&defaults, &None))?;
                let changes = load(new, &profile)?.changes_since(&before);
                Some((profile, changes))
            })
            .collect()
    }

    fn of_repository(&self) -> Self {
        Self { local: None, variables: std::collections::BTreeMap::new(), ..self.clone() }
    }
}
