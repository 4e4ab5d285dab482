//! From declared values to facts: kinds, subjects, names.

use plimsoll_redact::key_is_secret;

use super::words::{self, Words};
use super::{DeclaredTable, Fact, FactId, Facts, Kind, Subject, SubjectId, Valued, known, parted};
use crate::config::Config;
use crate::declared::{Declared, Said, TableShape};
use crate::value::Value;
use crate::value::path::is_path;
use crate::value::quantity::Quantity;
use crate::value::version::Versions;

/// Sections whose name says what kind its values are, not what they are about.
const GENERIC_SECTIONS: &[&str] = &[
    "ports",
    "versions",
    "paths",
    "limits",
    "services",
    "runtime",
    "requirements",
    "tables",
    "images",
    "risk",
];

/// Words that are in many names: a name is clear by itself if it has two other ones.
const GENERIC_WORDS: &[&str] = &[
    "max",
    "min",
    "limit",
    "count",
    "number",
    "size",
    "path",
    "name",
    "timeout",
    "interval",
    "value",
    "enabled",
    "iterations",
    "rate",
    "level",
    "mode",
    "type",
    "host",
    "port",
    "version",
    "file",
    "dir",
    "id",
    "start",
    "end",
    "state",
    "retries",
    "threshold",
    "cap",
    "call",
    "hour",
    "day",
    "cost",
    "tokens",
    "budget",
    "wall",
    "clock",
    "time",
    "config",
    "output",
    "input",
    "database",
    "attempts",
    "delay",
    "log",
    "format",
];

/// Makes facts of declared values.
pub(crate) fn infer(declared: &[Declared], config: &Config) -> Facts {
    let mut facts = Facts::default();
    let is_base = |value: &&Declared| value.profile.is_none();
    for value in declared.iter().filter(is_base) {
        one(&mut facts, value, config);
    }
    for value in declared.iter().filter(|value| value.profile.is_some()) {
        profile(&mut facts, value);
    }
    for (id, fact) in facts.facts.iter_mut().enumerate() {
        if let Some(subject) = fact.subject.and_then(|subject| facts.subjects.get_mut(subject)) {
            subject.facts.push(id);
            let known = subject.known.and_then(|known| {
                let wanted = fact.qualifiers.first().map_or("", String::as_str);
                let is_only = known.ports.len() == 1;
                known
                    .ports
                    .iter()
                    .find(|(name, _)| *name == wanted || is_only)
                    .map(|(_, port)| *port)
            });
            fact.container_port = config.container_ports.get(&fact.key).copied().or(known);
        }
    }
    decoys(&mut facts);
    facts
}

/// The value that a profile has instead.
fn profile(facts: &mut Facts, declared: &Declared) {
    let Some(profile) = &declared.profile else { return };
    if !facts.profiles.contains(profile) {
        facts.profiles.push(profile.clone());
    }
    let Some(fact) = facts.facts.iter_mut().find(|fact| fact.key == declared.key) else { return };
    let value = value_of(fact.kind, &declared.value, declared);
    if let Some(value) = value {
        fact.profiles.insert(profile.clone(), Valued { value, origin: declared.origin.clone() });
    }
}

fn one(facts: &mut Facts, declared: &Declared, config: &Config) {
    let (sections, leaf) = parted(declared);
    let untracked =
        |facts: &mut Facts, why: &str| facts.untracked.push((declared.key.clone(), why.to_owned()));
    if config.untracked.contains(&declared.key) {
        return untracked(facts, "the section `drift` says so");
    }
    if sections.iter().chain([&leaf]).any(|part| part.starts_with('_'))
        || sections.first() == Some(&"drift")
    {
        return untracked(facts, "it is about the file itself");
    }
    if key_is_secret(&declared.key) {
        return untracked(facts, "it is a secret");
    }
    if tables(facts, declared, &sections, leaf) {
        return;
    }
    let Some(kind) = kind_of(&sections, leaf, &declared.value) else {
        return untracked(facts, "no kind of value that files are searched for");
    };
    let Some(value) = value_of(kind, &declared.value, declared) else {
        return untracked(facts, "the value is not of the kind that its key says");
    };
    let fact = Fact {
        key: declared.key.clone(),
        kind,
        base: Valued { value, origin: declared.origin.clone() },
        profiles: std::collections::BTreeMap::new(),
        subject: None,
        qualifiers: Vec::new(),
        names: Vec::new(),
        section: section_words(&sections),
        is_strong: false,
        container_port: None,
    };
    let fact = named(facts, fact, declared, config);
    facts.facts.push(fact);
}

/// Lists of tables, tables with columns, lists of files.
fn tables(facts: &mut Facts, declared: &Declared, sections: &[&str], leaf: &str) -> bool {
    let is_tables =
        leaf.ends_with("tables") || sections.iter().any(|section| section.ends_with("tables"));
    match &declared.value {
        Said::Table(shape) => {
            facts.has_table_list = true;
            facts
                .tables
                .push(DeclaredTable { shape: shape.clone(), origin: declared.origin.clone() });
        }
        Said::List(names) if is_tables => {
            facts.has_table_list = true;
            for name in names {
                facts.tables.push(DeclaredTable {
                    shape: TableShape::new(name),
                    origin: declared.origin.clone(),
                });
            }
        }
        Said::List(files)
            if leaf == "derived_files" || sections.first() == Some(&"derived_files") =>
        {
            facts.derived.extend(files.iter().map(|file| (file.clone(), declared.origin.clone())));
        }
        _ => return false,
    }
    true
}

fn kind_of(sections: &[&str], leaf: &str, said: &Said) -> Option<Kind> {
    let words = Words::of(leaf);
    let has = |word: &str| words.words.iter().any(|known| known == word);
    let in_section = |names: &[&str]| sections.iter().any(|section| names.contains(section));
    match said {
        Said::Integer(number)
            if (1..=65_535).contains(number) && (in_section(&["ports", "port"]) || has("port")) =>
        {
            Some(Kind::Port)
        }
        Said::Integer(_) | Said::Number(_) => Some(Kind::Number),
        Said::Truth(_) => Some(Kind::Bool),
        Said::Text(text) => {
            let is_version_key = in_section(&["versions", "version", "images"]) || has("version");
            let looks_like_version =
                text.contains(['.', '>', '<', '=', '^', '~']) || is_version_key;
            if looks_like_version && Versions::parse(text).is_some() {
                Some(Kind::Versions)
            } else if is_path(text) || has("path") || has("dir") {
                Some(Kind::Path)
            } else if Quantity::parse(text).is_some() {
                Some(Kind::Number)
            } else {
                (!text.contains([' ', '\n']) && !text.is_empty()).then_some(Kind::Text)
            }
        }
        Said::List(_) | Said::Table(_) => None,
    }
}

fn value_of(kind: Kind, said: &Said, declared: &Declared) -> Option<Value> {
    let (_, leaf) = parted(declared);
    let unit = || Words::of(leaf).unit;
    match (kind, said) {
        (Kind::Port, Said::Integer(number)) => u16::try_from(*number).ok().map(Value::Port),
        (Kind::Number, Said::Number(number)) => {
            Some(Value::Number { number: *number, unit: unit() })
        }
        (Kind::Number, Said::Integer(number)) => {
            let number = number.to_string().parse().ok()?;
            Some(Value::Number { number, unit: unit() })
        }
        (Kind::Number, Said::Text(text)) => {
            let quantity = Quantity::parse(text)?;
            Some(Value::Number { number: quantity.number, unit: quantity.unit.or_else(unit) })
        }
        (Kind::Bool, Said::Truth(truth)) => Some(Value::Bool(*truth)),
        (Kind::Versions, Said::Text(text)) => {
            Some(Value::Versions { text: text.clone(), versions: Versions::parse(text)? })
        }
        (Kind::Path, Said::Text(text)) => Some(Value::Path(text.clone())),
        (Kind::Text, Said::Text(text)) => Some(Value::Text(text.clone())),
        _ => None,
    }
}

fn section_words(sections: &[&str]) -> Vec<String> {
    let is_generic = |section: &&&str| !GENERIC_SECTIONS.contains(section);
    sections.iter().filter(is_generic).flat_map(|section| Words::of(section).words).collect()
}

/// Gives a fact its subject or its names.
fn named(facts: &mut Facts, mut fact: Fact, declared: &Declared, config: &Config) -> Fact {
    let (sections, leaf) = parted(declared);
    let aliases = config.aliases.get(&declared.key).map(Vec::as_slice).unwrap_or_default();
    match fact.kind {
        Kind::Port => {
            let (subject, qualifiers) = subject_of_port(&sections, leaf);
            fact.subject = Some(subject_id(facts, &subject, aliases, config));
            fact.qualifiers = qualifiers;
        }
        Kind::Versions => {
            let words = Words::of(leaf);
            let rest: Vec<&str> = words.without(&["version".to_owned()]);
            let subject = match rest.as_slice() {
                [] => sections.last().copied().unwrap_or_default().to_owned(),
                rest => rest.join("_"),
            };
            fact.subject = Some(subject_id(facts, &subject, aliases, config));
        }
        Kind::Path | Kind::Number | Kind::Bool | Kind::Text => {
            let own = Words::of(leaf);
            fact.is_strong = is_strong(&own.words, &fact.section);
            fact.names.push(own.words);
            fact.names.extend(aliases.iter().map(|alias| Words::of(alias).words));
            if fact.names.len() > 1 {
                // Somebody has said by which names it is known.
                fact.is_strong |=
                    fact.names.iter().skip(1).all(|name| is_strong(name, &fact.section));
            }
        }
    }
    fact
}

/// Whether a name is clear without its section. Where the section says nothing, the name has to be enough.
fn is_strong(words: &[String], section: &[String]) -> bool {
    let telling = words.iter().filter(|word| !GENERIC_WORDS.contains(&word.as_str())).count();
    telling >= 2 || (section.is_empty() && telling >= 1)
}

/// `ports.questdb_http`, `services.questdb.http_port`, `grafana.port`.
fn subject_of_port(sections: &[&str], leaf: &str) -> (String, Vec<String>) {
    let mut rest = Vec::new();
    words::split(leaf, |word| {
        let word = word.to_ascii_lowercase();
        if word != "port" && word != "ports" {
            rest.push(word);
        }
    });
    let section = sections.last().filter(|section| !GENERIC_SECTIONS.contains(section));
    if let Some(section) = section {
        let qualifiers =
            rest.iter().map(|word| known::qualifier(word).unwrap_or(word).to_owned()).collect();
        return ((*section).to_owned(), qualifiers);
    }
    let is_known = |name: &str| known::of(name).is_some();
    let split = if rest.first().is_some_and(|first| is_known(first)) {
        1
    } else {
        // What is known to tell ports apart ends the service's name.
        let qualifiers =
            rest.iter().rev().take_while(|word| known::qualifier(word).is_some()).count();
        rest.len().saturating_sub(qualifiers).max(1)
    };
    let (subject, qualifiers) = rest.split_at(split.min(rest.len()));
    let qualifiers =
        qualifiers.iter().map(|word| known::qualifier(word).unwrap_or(word).to_owned());
    (subject.join("_"), qualifiers.collect())
}

fn subject_id(facts: &mut Facts, name: &str, aliases: &[String], config: &Config) -> SubjectId {
    let name = name.to_ascii_lowercase();
    let known = known::of(&name);
    let more = config.aliases.get(&name).map(Vec::as_slice).unwrap_or_default();
    let position = facts.subjects.iter().position(|s| s.names.first() == Some(&name));
    let id = position.unwrap_or_else(|| {
        let mut names = vec![name.clone()];
        if name.contains(['_', '-']) {
            names.push(name.replace('_', "-"));
            names.push(name.replace(['_', '-'], " "));
            names.push(name.replace(['_', '-'], ""));
        }
        names.extend(
            known.iter().flat_map(|known| known.aliases.iter().map(|alias| (*alias).to_owned())),
        );
        facts.subjects.push(Subject { names, facts: Vec::new(), known });
        facts.subjects.len() - 1
    });
    if let Some(subject) = facts.subjects.get_mut(id) {
        for alias in aliases.iter().chain(more) {
            if !subject.names.contains(alias) {
                subject.names.push(alias.clone());
            }
        }
    }
    id
}

/// Services that nothing is declared about, so that their ports and versions are not taken for another's.
fn decoys(facts: &mut Facts) {
    let has_subject = |facts: &Facts, kind: Kind| facts.facts.iter().any(|fact| fact.kind == kind);
    if !has_subject(facts, Kind::Port) && !has_subject(facts, Kind::Versions) {
        return;
    }
    for known in known::KNOWN {
        let is_there = facts
            .subjects
            .iter()
            .any(|subject| subject.names.iter().any(|name| name.eq_ignore_ascii_case(known.name)));
        if !is_there {
            let names =
                std::iter::once(known.name).chain(known.aliases.iter().copied()).map(str::to_owned);
            facts.subjects.push(Subject {
                names: names.collect(),
                facts: Vec::<FactId>::new(),
                known: Some(known),
            });
        }
    }
}
