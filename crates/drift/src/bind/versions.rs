//! Versions: in keys, images, requirements and prose.

mod prose;

use super::clause::Clause;
use super::context::Subjects;
use super::token::{Kind as TokenKind, Token, tokens};
use super::{Binder, Environment, Named, Reading, has_hit};
use crate::fact::{FactId, Kind, SubjectId, words};
use crate::outline::Role;
use crate::span::Span;
use crate::value::version::{Version, Versions};

/// Words that say that a value is a version.
const VERSION: &[&str] =
    &["version", "versions", "ver", "tag", "image", "release", "requires", "channel", "target"];

/// Words that may stand beside them.
const NEUTRAL: &[&str] = &[
    "min",
    "minimum",
    "max",
    "required",
    "expected",
    "supported",
    "base",
    "default",
    "docker",
    "python",
    "language",
    "full",
    "app",
    "current",
    "package",
    "msrv",
    "toolchain",
    "name",
    "trader",
];

/// Words under which a name is that of a package.
const PACKAGES: &[&str] = &[
    "versions",
    "dependencies",
    "engines",
    "tools",
    "requires",
    "packages",
    "runtime",
    "version",
    "images",
    "language",
];

/// Words that may stand between a name and its version.
const FILLERS: &[&str] = &[
    "version",
    "versions",
    "ver",
    "v",
    "release",
    "nightly",
    "stable",
    "build",
    "image",
    "tag",
    "is",
    "at",
    "requires",
    "required",
    "minimum",
    "min",
    "runtime",
    "interpreter",
    "oss",
    "core",
    "expected",
    "server",
    "latest",
];

/// Words of tables' columns whose numbers are no versions.
const NO_VERSION: &[&str] = &[
    "coverage", "time", "latency", "size", "memory", "cost", "score", "count", "cpu", "port",
    "ports", "weight", "ratio",
];

/// Words of headings about something that belongs to a service and has a version of its own.
const OTHER_THINGS: &[&str] = &[
    "plugin",
    "plugins",
    "datasource",
    "dashboard",
    "dashboards",
    "exporter",
    "client",
    "sdk",
    "adapter",
    "strategy",
    "strategies",
    "spec",
    "specification",
    "plan",
    "guide",
    "integration",
    "extension",
    "schema",
    "architecture",
    "documentation",
    "docs",
    "api",
    "library",
    "driver",
    "implementation",
    "constitution",
    "report",
    "analysis",
    "development",
    "dev",
];

/// Things that belong to a service, and have a version of their own.
const PARTS: &[&str] = &[
    "plugin",
    "plugins",
    "datasource",
    "exporter",
    "client",
    "sdk",
    "driver",
    "adapter",
    "extension",
    "library",
];

/// Words after a version by which newer ones are meant too.
const NEWER: &[&str] = &["newer", "higher", "later", "above", "greater", "up", "upwards"];

impl Binder<'_> {
    fn version_facts(&self, subject: SubjectId) -> Vec<FactId> {
        self.facts.about(subject, Kind::Versions).map(|(id, _)| id).collect()
    }

    fn push_version(&mut self, subject: SubjectId, span: Span, environment: Environment) {
        self.push_version_read(subject, span, environment, Reading::Plain);
    }

    fn push_version_read(
        &mut self,
        subject: SubjectId,
        span: Span,
        environment: Environment,
        reading: Reading,
    ) {
        let facts = self.version_facts(subject);
        let [fact] = facts.as_slice() else { return };
        self.push(*fact, span, environment, None);
        if let Some(bound) = self.found.last_mut() {
            bound.reading = reading;
        }
    }

    /// The Python version of `py312` or `python3.12`.
    fn push_python(&mut self, span: Span, environment: Environment) {
        let is_python = |subject: &crate::fact::Subject| {
            subject.names.first().is_some_and(|name| name == "python")
        };
        let Some(subject) = self.facts.subjects.iter().position(is_python) else { return };
        let is_compact = !span.of(self.text).contains('.');
        let reading = if is_compact { Reading::Compact } else { Reading::Plain };
        self.push_version_read(subject, span, environment, reading);
    }

    /// A version under its names.
    pub(super) fn version_value(&mut self, named: Named) {
        let inner = named.value.of(self.text);
        let Some(leaf) = self.leaf(named) else { return };
        // `target-version = "py312"` says itself what it is about.
        if let Some(span) = self.python_tag(named.value) {
            if self.name_has(leaf, &["version", "python", "target"]) {
                let environment = self.environment(named);
                self.push_python(span, environment);
            }
            return;
        }
        let is_named = has_hit(self.hits, leaf) || self.name_has(leaf, VERSION);
        if !is_named || !inner.bytes().any(|byte| byte.is_ascii_digit()) || inner.len() > 60 {
            return;
        }
        let Some(versions) = Versions::parse(inner) else { return };
        if is_number_alone(&versions, inner) && !self.is_declared_with_one_number(leaf, named) {
            return;
        }
        let subject = match self.subjects_in(leaf) {
            Subjects::Other => None,
            Subjects::One(subject, hit) => self.version_named(named, leaf, subject, hit),
            Subjects::None if self.is_version_word(leaf) => self.version_around(named),
            Subjects::None => None,
        };
        if let Some(subject) = subject {
            let environment = self.environment(named);
            let span = match versions {
                Versions::One(_) => without_v(self.text, version_span(self.text, named.value)),
                Versions::Range(_) => named.value,
            };
            self.push_version(subject, span, environment);
        }
    }

    /// Whether the version of which a name speaks is declared as one number, so that `16` may be it.
    fn is_declared_with_one_number(&self, leaf: Span, named: Named) -> bool {
        let subject = match self.subjects_in(leaf) {
            Subjects::One(subject, _) => Some(subject),
            Subjects::Other => None,
            Subjects::None => self.version_around(named),
        };
        let facts = subject.map(|subject| self.version_facts(subject)).unwrap_or_default();
        facts.first().and_then(|fact| self.declared_precision(*fact)) == Some(1)
    }

    /// Whether a name is made of words for versions only.
    fn is_version_word(&self, name: Span) -> bool {
        let mut says_version = false;
        let mut is_other = false;
        words::split(name.of(self.text), |word| {
            let lower = word.to_ascii_lowercase();
            says_version |= VERSION.contains(&lower.as_str());
            is_other |= !VERSION.contains(&lower.as_str())
                && !NEUTRAL.contains(&lower.as_str())
                && self.environments.of_word(&lower).is_none();
        });
        says_version && !is_other
    }

    /// A name with a subject: `GRAFANA_VERSION`, or `grafana` under `versions`, or a row of that name.
    fn version_named(
        &self,
        named: Named,
        leaf: Span,
        subject: SubjectId,
        hit: Span,
    ) -> Option<SubjectId> {
        let rest = [Span::new(leaf.start, hit.start), Span::new(hit.end, leaf.end)];
        let mut says_version = false;
        let mut is_other = false;
        for part in rest {
            words::split(part.of(self.text), |word| {
                let lower = word.to_ascii_lowercase();
                let is_version = VERSION.contains(&lower.as_str());
                says_version |= is_version;
                let is_last = part.start == hit.end;
                is_other |= !is_version
                    && (is_last || ["old", "previous", "last", "next"].contains(&lower.as_str()))
                    && !NEUTRAL.contains(&lower.as_str())
                    && self.environments.of_word(&lower).is_none();
            });
        }
        if is_other {
            return None;
        }
        let is_row = self.outline.get(named.scope).is_some_and(|scope| scope.role == Role::Row)
            && named.leaf.is_none();
        if is_row {
            let columns = self.outer(named).take(1);
            let is_other_column =
                columns.into_iter().any(|column| self.name_has(column.name, NO_VERSION));
            return (!is_other_column).then_some(subject);
        }
        let says_version =
            says_version || self.name_has(hit, VERSION) || self.is_under(named, PACKAGES);
        let is_pair = named.leaf.is_some() && self.is_exact_name(leaf, subject);
        (says_version || is_pair).then_some(subject)
    }

    /// Whether a text is a name of a subject, and nothing more.
    fn is_exact_name(&self, name: Span, subject: SubjectId) -> bool {
        let normal = |name: &str| name.to_ascii_lowercase().replace(['_', '.'], "-");
        let found = normal(name.of(self.text));
        self.facts
            .subjects
            .get(subject)
            .is_some_and(|subject| subject.names.iter().any(|name| normal(name) == found))
    }

    /// Whether a text is a subject's name, or an image or package of that name.
    fn is_name_of(&self, text: Span, subject: SubjectId) -> bool {
        let inner = text.of(self.text);
        let start = inner.rfind('/').map_or(0, |at| at + 1);
        let end =
            inner.get(start..).and_then(|rest| rest.find(':')).map_or(inner.len(), |at| start + at);
        self.is_exact_name(Span::new(text.start + start, text.start + end), subject)
    }

    /// Whether a heading is about a subject itself: it begins with the name, and goes on with no other thing.
    fn is_titled(&self, title: Span, subject: SubjectId) -> bool {
        let mut tokens = Vec::new();
        self::tokens(self.text, title, &mut tokens);
        let mut words = tokens.iter().filter(|token| token.kind == TokenKind::Word);
        let begins = words.next().is_some_and(|first| self.is_exact_name(first.span, subject));
        begins && !words.any(|word| self.is_one_of(*word, OTHER_THINGS))
    }

    /// `version` alone: the nearest name around it has to be a subject's.
    fn version_around(&self, named: Named) -> Option<SubjectId> {
        for scope in self.outline.chain(named.scope) {
            let is_leaf = named.leaf.is_none()
                && std::ptr::eq(scope, self.outline.chain(named.scope).next()?);
            match self.subjects_of_scope(scope) {
                Subjects::One(subject, _) => {
                    let is_name = scope.also.iter().any(|also| self.is_name_of(*also, subject))
                        || self.is_exact_name(scope.name, subject)
                        || matches!(scope.role, Role::Row | Role::Column | Role::Service)
                        || (scope.role == Role::Heading && self.is_titled(scope.name, subject));
                    return is_name.then_some(subject);
                }
                Subjects::Other => return None,
                Subjects::None if scope.name.of(self.text) == "toolchain" => {
                    return self.subject_of_version_file();
                }
                Subjects::None if is_leaf || !matches!(scope.role, Role::Key | Role::Row) => {}
                Subjects::None
                    if self.name_has(scope.name, PACKAGES) || self.is_version_word(scope.name) => {}
                Subjects::None => return None,
            }
        }
        None
    }

    /// `py312`, `python3.12`, `cp312`: where the version is.
    fn python_tag(&self, value: Span) -> Option<Span> {
        let inner = value.of(self.text);
        let (skip, rest) = ["python", "py", "cp"]
            .iter()
            .find_map(|prefix| inner.strip_prefix(prefix).map(|rest| (prefix.len(), rest)))?;
        let is_version = rest.starts_with(['2', '3'])
            && rest.len() <= 5
            && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        is_version.then(|| Span::new(value.start + skip, value.end))
    }

    /// The versions of a package in a manifest or a lock file, or in a file of one version.
    pub(super) fn requirement(&mut self, named: Named) {
        let subject = match self.outline.chain(named.scope).next() {
            Some(_) if named.scope == crate::outline::FILE => None,
            Some(scope) => {
                let names = std::iter::once(&scope.name).chain(&scope.also);
                let subjects =
                    self.facts.subjects.iter().enumerate().filter(|(_, s)| !s.facts.is_empty());
                let mut known = subjects.map(|(id, _)| id);
                let names: Vec<Span> = names.copied().collect();
                known.find(|id| {
                    !self.is_service(*id) && names.iter().any(|name| self.is_exact_name(*name, *id))
                })
            }
            None => self.subject_of_version_file(),
        };
        if let Some(subject) = subject {
            let environment = self.environment(named);
            let is_runtime =
                self.facts.subjects.get(subject).is_some_and(|subject| subject.known.is_some());
            let reading = if is_runtime { Reading::Asked } else { Reading::Plain };
            self.push_version_read(
                subject,
                without_v(self.text, named.value),
                environment,
                reading,
            );
        }
    }

    /// A package of a service's name is a client of it, with versions of its own.
    fn is_service(&self, subject: SubjectId) -> bool {
        let known = self.facts.subjects.get(subject).and_then(|subject| subject.known);
        known.is_some_and(|known| !known.ports.is_empty())
    }

    fn subject_of_version_file(&self) -> Option<SubjectId> {
        let name = self.source.path.rsplit('/').next().unwrap_or_default();
        let wanted = match name {
            ".python-version" => "python",
            ".nvmrc" | ".node-version" => "node",
            "rust-toolchain" | "rust-toolchain.toml" => "rust",
            _ => return None,
        };
        self.facts
            .subjects
            .iter()
            .position(|subject| subject.names.first().is_some_and(|name| name == wanted))
    }

    /// An image as the value of a key.
    pub(super) fn image_value(&mut self, named: Named) {
        let environment = self.environment(named);
        let mut tokens = Vec::new();
        self::tokens(self.text, named.value, &mut tokens);
        let clause = Clause::of_value(&tokens, named);
        for index in 0..clause.tokens.len() {
            self.image(&clause, index, Some(&environment));
        }
    }

    /// `name:tag`, where the name is that of a subject.
    fn image(
        &mut self,
        clause: &Clause<'_>,
        index: usize,
        environment: Option<&Environment>,
    ) -> Option<()> {
        let name = clause.get(index).filter(|token| token.kind == TokenKind::Word)?;
        let subject = self.image_subject(name)?;
        let colon = clause.touching_after(index).filter(|token| token.is_sign(b':'))?;
        // `name:${VERSION:-1.2.3}`.
        let mut at = index + 2;
        let mut tag = clause.get(at).filter(|tag| tag.span.start == colon.span.end)?;
        if tag.is_sign(b'$') {
            at = (at..clause.tokens.len().min(at + 6))
                .find(|at| clause.get(*at).is_some_and(|token| token.is_sign(b'-')))?
                + 1;
            tag = clause.get(at)?;
        }
        if tag.kind != TokenKind::Number {
            return None;
        }
        let text = tag.span.of(self.text);
        let is_version = text.contains(['.', '-']) || text.len() < 4;
        let version = is_version.then(|| version_part(self.text, tag.span)).flatten()?;
        let environment =
            environment.cloned().unwrap_or_else(|| self.environment_in(clause, index));
        self.push_version(subject, version, environment);
        Some(())
    }

    /// The subject of an image's name: the last part of its path, with an edition or without.
    fn image_subject(&self, name: Token) -> Option<SubjectId> {
        let inner = name.span.of(self.text);
        let bare = ["-oss", "-enterprise", "-alpine", "-ce"]
            .iter()
            .find_map(|edition| inner.strip_suffix(edition));
        let span = Span::new(name.span.start, name.span.start + bare.unwrap_or(inner).len());
        match self.subjects_in(span) {
            Subjects::One(subject, _) => self.is_exact_name(span, subject).then_some(subject),
            Subjects::None | Subjects::Other => None,
        }
    }
}

/// A number with no more to it is a version only where a name says so.
fn is_number_alone(versions: &Versions, text: &str) -> bool {
    match versions {
        Versions::One(version) => version.precision() == 1 && !text.starts_with('v'),
        Versions::Range(range) => range.lower().is_some_and(|lower| lower.precision() == 1),
    }
}

/// The signs of an operator right before a version: their span, and the place of the first.
fn operator_before(text: &str, clause: &Clause<'_>, index: usize) -> (usize, Option<Span>) {
    let mut first = index;
    let mut span: Option<Span> = None;
    while let Some(token) = clause.before(first) {
        let next = clause.get(first);
        let is_near =
            next.is_some_and(|next| Span::new(token.span.end, next.span.start).of(text).len() <= 1);
        if !is_near || !b"<>=~^!".iter().any(|sign| token.is_sign(*sign)) {
            break;
        }
        first -= 1;
        span = Some(Span::new(token.span.start, span.map_or(token.span.end, |span| span.end)));
    }
    // `name = 1.2` assigns; it does not compare.
    let is_operator = span.is_some_and(|span| span.of(text) != "=");
    (first, span.filter(|_| is_operator))
}

/// A version without the `v` before it.
fn without_v(text: &str, span: Span) -> Span {
    let skip = usize::from(span.of(text).starts_with(['v', 'V']));
    Span::new(span.start + skip, span.end)
}

/// A version in a token: without a variant or a stop behind it, with a plus sign.
fn version_span(text: &str, span: Span) -> Span {
    let inner = span.of(text).trim_end_matches(['.', '%', ',']);
    let whole = Span::new(span.start, span.start + inner.len());
    let part = version_part(text, whole).filter(|_| !inner.contains(['+', '*']));
    part.map_or(whole, |part| Span::new(span.start, part.end))
}

/// The version at the start of an image's tag, without the variant behind it.
fn version_part(text: &str, tag: Span) -> Option<Span> {
    let span = without_v(text, tag);
    let inner = span.of(text);
    let end = inner.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(inner.len());
    let rest = inner.get(end..).unwrap_or_default();
    let is_before = Version::parse(inner).is_some_and(|whole| {
        Version::parse(inner.get(..end).unwrap_or_default())
            .is_some_and(|bare| whole.order(&bare).is_ne())
    });
    let end = if is_before { end + rest.find('_').unwrap_or(rest.len()) } else { end };
    let version = Span::new(span.start, span.start + inner.get(..end)?.trim_end_matches('.').len());
    Version::parse(version.of(text)).map(|_| version)
}
