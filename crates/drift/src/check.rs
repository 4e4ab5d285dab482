//! The check of one text, and of all of them together. No file is read here.

mod extends;
mod lists;
mod summary;

use crate::bind::{Bound, Environment, Environments, Known, Reading, Side, Source, bind};
use crate::class::file_skipped;
use crate::config::Config;
use crate::declared::{Declared, Origin};
use crate::fact::{Fact, Facts, infer};
use crate::format::{Format, outline};
use crate::lexicon::{Layout, Lexicon};
use crate::marker::{Marker, markers};
use crate::packages::{self, PackageAt};
use crate::report::{Occurrence, Place, State};
use crate::span::{Lines, Position, Span};
use crate::tables::{OwnedTable, owned};
use crate::value::Value;

pub(crate) use extends::{Extends, Inherited};
pub use summary::{Around, summarize};

/// Declared values, made ready to be looked for.
#[derive(Debug)]
pub struct Canon {
    pub(crate) facts: Facts,
    lexicon: Lexicon,
    environments: Environments,
    pub(crate) config: Config,
    globs: crate::globs::Globs,
    /// Files that declare the values.
    sources: Vec<String>,
}

/// Why declared values cannot be looked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CanonError {
    /// The section `drift` contradicts itself.
    #[error("`drift.{path}`: {what}")]
    Config {
        /// The value's path in the section.
        path: String,
        /// What is wrong with it.
        what: String,
    },
    /// A glob of the section `drift` is none.
    #[error("`drift.{path}`: `{glob}` is no glob: {what}")]
    Glob {
        /// The value's path in the section.
        path: String,
        /// What stands there.
        glob: String,
        /// What is wrong with it.
        what: String,
    },
    /// Nothing is declared that files are searched for.
    #[error("nothing is declared that files are searched for")]
    Empty,
}

impl Canon {
    /// Makes declared values ready.
    ///
    /// # Errors
    ///
    /// [`CanonError`] if the configuration contradicts itself, or if there is nothing to look for: a check of
    /// nothing must not pass.
    pub fn new(declared: &[Declared], config: Config) -> Result<Self, CanonError> {
        if let Some((path, what)) = config.problems().into_iter().next() {
            return Err(CanonError::Config { path, what });
        }
        let facts = infer(declared, &config);
        if facts.facts.is_empty() && facts.tables.is_empty() && facts.derived.is_empty() {
            return Err(CanonError::Empty);
        }
        let lexicon = Lexicon::new(&facts);
        let environments = Environments::new(&facts.profiles);
        let globs = crate::globs::Globs::new(&config)?;
        let mut sources: Vec<String> =
            declared.iter().filter_map(|value| source(&value.origin)).collect();
        sources.sort_unstable();
        sources.dedup();
        Ok(Self { facts, lexicon, environments, config, globs, sources })
    }

    /// How many values are looked for.
    pub fn fact_count(&self) -> usize {
        self.facts.facts.len()
    }

    /// The keys that are looked for.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.facts.facts.iter().map(|fact| fact.key.as_str())
    }

    /// Why a file is not checked, by its path below the root; `None` if it is.
    pub fn skips(&self, path: &str) -> Option<String> {
        if let Some(reason) = self.globs.ignored(path) {
            return Some(reason.to_owned());
        }
        if self.sources.iter().any(|source| source == path) {
            return Some("declares the values".to_owned());
        }
        if self.globs.is_included(path)
            || self.facts.derived.iter().any(|(derived, _)| derived == path)
        {
            return None;
        }
        file_skipped(path).map(str::to_owned)
    }

    pub(crate) fn fact(&self, bound: &Bound) -> Option<&Fact> {
        self.facts.get(*bound.facts.first()?)
    }
}

/// What one file says.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Checked {
    /// Its path below the root.
    pub path: String,
    /// The places that state declared values.
    pub occurrences: Vec<Occurrence>,
    pub(crate) tables: Vec<OwnedTable>,
    pub(crate) packages: Vec<PackageAt>,
    /// Lists of tables, by where they begin, with the declared tables that they leave out.
    pub(crate) lists: Vec<(Place, Vec<String>)>,
    /// Where and why it could not be read as what it is.
    pub(crate) malformed: Option<(Place, String)>,
    pub(crate) markers: Vec<Marker>,
    /// Services that extend one of another file, and what they inherit once that was read.
    pub(crate) extends: Vec<Extends>,
    pub(crate) inherited: Vec<Inherited>,
    /// Values of environments for which nothing is declared, by environment.
    pub(crate) undeclared: Vec<String>,
    /// Values that the configuration leaves out.
    pub(crate) ignored: usize,
}

/// Checks one text. Its path decides how it is read and what it is held to.
pub fn check_text(canon: &Canon, path: &str, text: &str) -> Checked {
    let mut checked = Checked { path: path.to_owned(), ..Checked::default() };
    let hits = canon.lexicon.hits(text);
    let is_named = !hits.is_empty() || !canon.lexicon.path_hits(path).is_empty();
    let name = path.rsplit('/').next().unwrap_or(path);
    let format = Format::of_name(name);
    let ecosystem = packages::ecosystem(format, name);
    let is_live =
        is_named && (hits.is_empty() || canon.lexicon.is_live(path, text, &hits, layout(format)));
    let is_version_file = format == Format::VersionFile || name == "rust-toolchain.toml";
    let may_extend = is_named && extends::may_extend(format, text);
    if !is_live && !is_version_file && !may_extend && ecosystem.is_none() {
        return checked;
    }
    let outline = match outline(format, text) {
        Ok(outline) => outline,
        Err(malformed) => {
            let lines = Lines::new(text);
            let at = Span::new(malformed.at, malformed.at);
            checked.malformed = Some((place(path, &lines, at), malformed.what));
            return checked;
        }
    };
    let by_config = canon.globs.profile(path);
    let environment = by_config.or_else(|| canon.environments.of_path(path)).unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    let is_example =
        ["example", "sample", "template", "dist"].iter().any(|word| lower.contains(word));
    let source = Source { path, text, environment: &environment, is_example };
    let known =
        Known { facts: &canon.facts, lexicon: &canon.lexicon, environments: &canon.environments };
    let found = bind(source, &outline, &hits, known);
    let tables = canon.facts.has_table_list && !outline.tables.is_empty();
    if may_extend {
        checked.extends = extends::read(canon, path, text, &environment);
    }
    if found.is_empty() && !tables && ecosystem.is_none() && checked.extends.is_empty() {
        return checked;
    }
    let lines = Lines::new(text);
    let at = |span| place(path, &lines, span);
    if let Some(ecosystem) = ecosystem {
        checked.packages = packages::packages(&outline, ecosystem, format, text, at);
    }
    checked.markers = markers(text);
    if canon.facts.has_table_list {
        checked.lists = lists::lists(&canon.facts, &outline, text, at);
        checked.tables = outline.tables.iter().map(|table| owned(table, text, at)).collect();
    }
    take(canon, text, &lines, &found, &mut checked);
    checked
}

/// Adds what the services of a file inherit from another file, by that file's text.
pub(crate) fn inherit(canon: &Canon, checked: &mut Checked, from: &str, text: &str) {
    let of_file = checked.extends.iter().filter(|extends| extends.from == from);
    let inherited: Vec<Inherited> =
        of_file.flat_map(|extends| extends::inherited(canon, extends, text)).collect();
    checked.inherited.extend(inherited);
}

/// Compares what was found, and leaves out what the configuration leaves out.
fn take(canon: &Canon, text: &str, lines: &Lines<'_>, found: &[Bound], checked: &mut Checked) {
    let path = checked.path.clone();
    for bound in found {
        match &bound.environment {
            Environment::Undeclared(name) => checked.undeclared.push(name.clone()),
            _ => checked.occurrences.extend(compare(canon, &path, text, lines, bound)),
        }
    }
    let before = checked.occurrences.len();
    let is_ignored = |occurrence: &Occurrence| canon.globs.ignored_key(&path, &occurrence.keys);
    checked.occurrences.retain(|occurrence| is_ignored(occurrence).is_none());
    checked.ignored = before - checked.occurrences.len();
}

fn source(origin: &Origin) -> Option<String> {
    match origin {
        Origin::File { path, .. } => Some(path.to_string_lossy().replace('\\', "/")),
        Origin::Default | Origin::Env { .. } => None,
    }
}

fn layout(format: Format) -> Layout {
    match format {
        Format::Python | Format::Shell | Format::Text | Format::Markdown | Format::Sql => {
            Layout::Lines
        }
        Format::Json => Layout::Quotes,
        _ => Layout::Blocks,
    }
}

/// Where a value is declared, as a place: what is missing is shown there.
pub(crate) fn origin_place(origin: &Origin) -> Place {
    match origin {
        Origin::File { line, column, .. } => {
            let start = Position { line: *line, column: *column };
            let path = source(origin).unwrap_or_default();
            Place { path, start, end: start, span: Span::default() }
        }
        Origin::Default | Origin::Env { .. } => Place::top_of("config/canonical.yaml"),
    }
}

fn place(path: &str, lines: &Lines<'_>, span: Span) -> Place {
    Place {
        path: path.to_owned(),
        start: lines.position(span.start),
        end: lines.position(span.end),
        span,
    }
}

fn compare(
    canon: &Canon,
    path: &str,
    text: &str,
    lines: &Lines<'_>,
    bound: &Bound,
) -> Option<Occurrence> {
    let found = bound.span.of(text);
    let profile = bound.environment.profile();
    let facts: Vec<&Fact> = bound.facts.iter().filter_map(|id| canon.facts.get(*id)).collect();
    let first = canon.fact(bound)?;
    let says = |fact: &Fact| match (&fact.value(profile).value, bound.side) {
        (Value::Port(_), Side::Inside) => {
            found.parse().is_ok_and(|port| fact.has_container_port(port, profile))
        }
        (value, _) => match bound.reading {
            Reading::Plain => value.is_said_by(found, bound.unit),
            Reading::Open => value.is_said_by(&format!("{found}+"), bound.unit),
            Reading::Compact => {
                let (major, minor) = found.split_at_checked(1).unwrap_or((found, ""));
                value.is_said_by(&format!("{major}.{minor}"), bound.unit)
            }
            Reading::Asked => value.is_said_by(found, bound.unit) && value.is_asked_by(found),
        },
    };
    let matching = facts.iter().find(|fact| says(fact));
    let shown = matching.copied().unwrap_or(first);
    let valued = shown.value(profile);
    let value = match (&valued.value, bound.side, shown.container_port) {
        (Value::Port(_), Side::Inside, Some(port)) => Value::Port(port),
        (value, _, _) => value.clone(),
    };
    let fix =
        (matching.is_none() && facts.len() == 1).then(|| value.spelled_like(found, bound.unit));
    let keys = match matching {
        Some(fact) => vec![fact.key.clone()],
        None => facts.iter().map(|fact| fact.key.clone()).collect(),
    };
    let declared = if matching.is_none() && facts.len() > 1 {
        let values: Vec<String> =
            facts.iter().map(|fact| fact.value(profile).value.plain()).collect();
        values.join(" or ")
    } else {
        value.plain()
    };
    Some(Occurrence {
        keys,
        place: place(path, lines, bound.span),
        state: if matching.is_some() { State::Match } else { State::Drift },
        found: found.to_owned(),
        declared,
        origin: valued.origin.to_string(),
        profile: profile.map(str::to_owned),
        fix: fix.filter(|fix| fix != found),
    })
}
