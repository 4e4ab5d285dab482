//! Which environment a statement speaks of: a declared profile, the base, or one that nobody declares.

use std::collections::HashMap;

use super::clause::Clause;
use super::token::{Kind, Token};
use super::{Binder, Named};
use crate::fact::words;
use crate::outline::Role;
use crate::span::Span;

/// What a value is held to.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) enum Environment {
    /// The values that hold wherever no profile says otherwise.
    #[default]
    Base,
    /// A profile.
    Profile(String),
    /// An environment for which nothing is declared, by the word that names it: its values are not compared.
    Undeclared(String),
}

impl Environment {
    /// The profile whose values count.
    pub(crate) fn profile(&self) -> Option<&str> {
        match self {
            Environment::Profile(profile) => Some(profile),
            Environment::Base | Environment::Undeclared(_) => None,
        }
    }
}

/// Words for an environment, with the other words for it.
const SYNONYMS: &[&[&str]] = &[
    &["prod", "production"],
    &["staging", "stg"],
    &["dev", "development"],
    &["test", "testing"],
    &["testnet"],
    &["sandbox"],
    &["preprod", "preproduction"],
    &["uat"],
    &["qa"],
    &["local"],
    &["demo"],
];

/// Words that name an environment in prose too; the others are ordinary words there.
const CLEAR: &[&str] = &["testnet", "sandbox", "preprod", "uat", "qa"];

/// The environments that are declared, and the words for them and for others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environments {
    words: HashMap<String, Environment>,
    lengths: (usize, usize),
}

impl Environments {
    pub(crate) fn new(profiles: &[String]) -> Self {
        let mut words = HashMap::new();
        for group in SYNONYMS {
            let declared = profiles
                .iter()
                .find(|profile| group.iter().any(|name| profile.eq_ignore_ascii_case(name)));
            for word in *group {
                let environment = match (declared, group.first()) {
                    (Some(profile), _) => Environment::Profile(profile.clone()),
                    (None, Some(&"prod")) => Environment::Base,
                    (None, name) => {
                        Environment::Undeclared(name.copied().unwrap_or_default().to_owned())
                    }
                };
                words.insert((*word).to_owned(), environment);
            }
        }
        for profile in profiles {
            words.insert(profile.to_ascii_lowercase(), Environment::Profile(profile.clone()));
        }
        let lengths = words.keys().map(String::len);
        let lengths = (lengths.clone().min().unwrap_or(1), lengths.max().unwrap_or_default());
        Self { words, lengths }
    }

    /// The environment that a word of a name stands for.
    pub(crate) fn of_word(&self, word: &str) -> Option<Environment> {
        let (shortest, longest) = self.lengths;
        if word.len() < shortest || word.len() > longest {
            return None;
        }
        self.words.get(&word.to_ascii_lowercase()).cloned()
    }

    /// The same in prose, where `test` and `local` are ordinary words.
    fn of_prose_word(&self, word: &str) -> Option<Environment> {
        match self.of_word(word)? {
            Environment::Undeclared(name) if !CLEAR.contains(&name.as_str()) => None,
            environment => Some(environment),
        }
    }

    /// The environment that the words of a name have, the last one of several.
    pub(crate) fn of_name(&self, name: &str) -> Option<Environment> {
        let mut found = None;
        words::split(name, |word| found = self.of_word(word).or(found.take()));
        found
    }

    /// The same for a key, where `test` and `local` are ordinary words.
    fn of_key(&self, name: &str) -> Option<Environment> {
        self.of_name(name).filter(|environment| match environment {
            Environment::Undeclared(word) => word == "dev" || CLEAR.contains(&word.as_str()),
            Environment::Base | Environment::Profile(_) => true,
        })
    }

    /// The environment that a path names: a folder of that name, or a word in the name of a file that configures
    /// something.
    pub(crate) fn of_path(&self, path: &str) -> Option<Environment> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let lower = name.to_ascii_lowercase();
        // A script that names an environment nobody uses as a word is for that environment.
        let clear = match self.of_name(name) {
            Some(Environment::Undeclared(word)) if CLEAR.contains(&word.as_str()) => {
                Some(Environment::Undeclared(word))
            }
            _ => None,
        };
        if clear.is_some() {
            return clear;
        }
        let configures =
            [".yml", ".yaml", ".env", ".toml", ".json", ".ini", ".conf", ".cfg", ".sh", ".service"]
                .iter()
                .any(|end| lower.ends_with(end));
        let is_env =
            lower.starts_with(".env") || lower.starts_with("dockerfile") || lower.contains(".env.");
        let declared = self.of_name(name).filter(|environment| {
            configures || is_env || matches!(environment, Environment::Profile(_))
        });
        declared.or_else(|| {
            folder.rsplit('/').find_map(|part| {
                self.of_word(part).filter(|environment| *environment != Environment::Base)
            })
        })
    }
}

impl Binder<'_> {
    /// The environment of a value under its names.
    pub(super) fn environment(&self, named: Named) -> Environment {
        let leaf = named.leaf.and_then(|leaf| self.environments.of_key(leaf.of(self.text)));
        leaf.unwrap_or_else(|| self.environment_around(named))
    }

    fn environment_around(&self, named: Named) -> Environment {
        for scope in self.outline.chain(named.scope) {
            let name = scope.name.of(self.text);
            let found = match scope.role {
                Role::Fence => {
                    let mut known = self.fences.borrow_mut();
                    known
                        .entry(scope.name.start)
                        .or_insert_with(|| self.environment_of_code(scope.name))
                        .clone()
                }
                Role::Heading | Role::Row | Role::Column => self.environment_of_prose(name),
                Role::Key | Role::Definition => self.environments.of_key(name),
                Role::Service => self.environments.of_name(name),
                Role::File | Role::Call => None,
            };
            if let Some(environment) = found {
                return environment;
            }
        }
        self.source.environment.clone()
    }

    fn environment_of_prose(&self, text: &str) -> Option<Environment> {
        text.split(|c: char| !c.is_ascii_alphanumeric())
            .find_map(|word| self.environments.of_prose_word(word))
    }

    /// A block of code that names a file of a profile is about that profile.
    fn environment_of_code(&self, body: Span) -> Option<Environment> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
        body.of(self.text)
            .split(|c: char| !is_word(c))
            .filter(|word| word.contains('.') || word.contains('-'))
            .find_map(|word| match self.environments.of_path(word) {
                Some(Environment::Profile(profile)) => Some(Environment::Profile(profile)),
                _ => None,
            })
    }

    /// The environment of a value in a clause: the one named with it, else the last one named before it.
    pub(super) fn environment_in(&self, clause: &Clause<'_>, index: usize) -> Environment {
        let is_border = |token: &Token| {
            matches!(token.kind, Kind::Sign(b'(' | b')' | b',' | b'|' | b'/') | Kind::Break)
        };
        let of = |token: &Token| match token.kind {
            Kind::Word => self.environment_of_prose(token.span.of(self.text)),
            _ => None,
        };
        let before = clause.tokens.get(..index).unwrap_or_default();
        let after = clause.tokens.get(index + 1..).unwrap_or_default();
        let near_before = before.iter().rev().take_while(|token| !is_border(token)).find_map(of);
        let near_after = || after.iter().take_while(|token| !is_border(token)).find_map(of);
        let far_before = || before.iter().rev().find_map(of);
        near_before
            .or_else(near_after)
            .or_else(far_before)
            .unwrap_or_else(|| self.environment(clause.named))
    }
}
