//! Ports: in keys, mappings, addresses and prose.

mod endpoint;
mod prose;

use super::context::Subjects;
use super::token::{Kind as TokenKind, tokens};
use super::{Binder, Environment, Named, Side};
use crate::fact::{FactId, Kind, SubjectId, known, words};
use crate::outline::Role;
use crate::span::Span;
use endpoint::{Endpoint, endpoints};

/// Words that add nothing to the name of a port.
const NEUTRAL: &[&str] = &[
    "port",
    "ports",
    "host",
    "server",
    "service",
    "listen",
    "bind",
    "external",
    "published",
    "public",
    "default",
    "exposed",
    "to",
    "net",
    "addr",
    "address",
    "url",
    "uri",
    "base",
    "endpoint",
    "root",
    "dsn",
    "number",
    "local",
    "db",
    "database",
    "cache",
    "connection",
    "main",
    "container",
    "internal",
    "target",
    "value",
    "app",
    "conf",
];

/// Parts of services that have ports of their own.
const OTHER_PARTS: &[&str] =
    &["sentinel", "exporter", "renderer", "replica", "cluster", "profiler", "debugger"];

/// Words of the names of ports inside a container.
const INSIDE: &[&str] = &["internal", "container", "target"];

/// Words of keys whose value is an address.
const ADDRESSES: &[&str] = &[
    "url",
    "uri",
    "addr",
    "address",
    "endpoint",
    "bind",
    "listen",
    "dsn",
    "host",
    "server",
    "datasource",
    "conf",
];

/// What the name of a port says.
struct PortName {
    subject: Option<SubjectId>,
    qualifiers: Vec<&'static str>,
    says_port: bool,
    side: Side,
}

impl Binder<'_> {
    /// Reads a name such as `QUESTDB_HTTP_PORT`; `None` if it is the name of something else.
    fn port_name(&self, name: Span) -> Option<PortName> {
        let (subject, hit) = match self.subjects_in(name) {
            Subjects::Other => return None,
            Subjects::None => (None, Span::new(name.start, name.start)),
            Subjects::One(subject, hit) => (Some(subject), hit),
        };
        let mut port =
            PortName { subject, qualifiers: Vec::new(), says_port: false, side: Side::Outside };
        let mut is_other = false;
        words::split(Span::new(hit.end, name.end).of(self.text), |word| {
            let lower = word.to_ascii_lowercase();
            port.says_port |= lower == "port" || lower == "ports";
            if INSIDE.contains(&lower.as_str()) {
                port.side = Side::Inside;
            }
            if let Some(qualifier) = known::qualifier(&lower) {
                port.qualifiers.push(qualifier);
            } else if !NEUTRAL.contains(&lower.as_str())
                && self.environments.of_word(&lower).is_none()
            {
                is_other = true;
            }
        });
        words::split(Span::new(name.start, hit.start).of(self.text), |word| {
            is_other |= ["old", "previous", "legacy", "next", "new"]
                .iter()
                .any(|w| word.eq_ignore_ascii_case(w));
        });
        (!is_other).then_some(port)
    }

    /// The facts about a subject's ports that the qualifiers leave.
    fn port_facts(&self, subject: SubjectId, qualifiers: &[&'static str]) -> Vec<FactId> {
        let all: Vec<(FactId, bool)> = self
            .facts
            .about(subject, Kind::Port)
            .map(|(id, fact)| {
                (id, fact.qualifiers.iter().any(|own| qualifiers.contains(&own.as_str())))
            })
            .collect();
        let ports = self
            .facts
            .subjects
            .get(subject)
            .and_then(|s| s.known)
            .map_or(&[][..], |known| known.ports);
        // A port that the service has and nobody declares.
        let is_declared = |name: &str| {
            self.facts
                .about(subject, Kind::Port)
                .any(|(_, fact)| fact.qualifiers.iter().any(|own| own == name))
        };
        if ports.len() > 1
            && ports.iter().any(|(name, _)| qualifiers.contains(name) && !is_declared(name))
        {
            return Vec::new();
        }
        let matching: Vec<FactId> =
            all.iter().filter(|(_, matches)| *matches).map(|(id, _)| *id).collect();
        if !matching.is_empty() {
            return matching;
        }
        if ports.is_empty() && qualifiers.iter().any(|q| ["admin", "grpc", "min"].contains(q)) {
            return Vec::new();
        }
        all.into_iter().map(|(id, _)| id).collect()
    }

    fn push_endpoint(
        &mut self,
        facts: Vec<FactId>,
        span: Span,
        environment: Environment,
        side: Side,
    ) {
        if !facts.is_empty() && !self.is_other_port(&facts, span) {
            self.push_port(facts, span, environment, side);
        }
    }

    /// A port or an address under its names; says whether its names tell what it is.
    pub(super) fn port_value(&mut self, named: Named) -> bool {
        let numbers = port_list(self.text, named.value);
        if !numbers.is_empty() {
            self.bare_ports(named, &numbers);
            return false;
        }
        let inner = named.value.of(self.text);
        if !inner.contains(':') || inner.contains(' ') {
            return false;
        }
        let Some(leaf) = self.leaf(named) else { return false };
        let mut tokens = Vec::new();
        self::tokens(self.text, named.value, &mut tokens);
        let mut is_told = false;
        for endpoint in endpoints(self.text, &tokens) {
            is_told |= self.named_endpoint(named, leaf, &endpoint);
        }
        is_told
    }

    /// Numbers alone: their name, or one around it, has to say that they are ports.
    fn bare_ports(&mut self, named: Named, numbers: &[Span]) {
        let Some(leaf) = self.leaf(named) else { return };
        let Some(mut name) = self.port_name(leaf) else { return };
        if !name.says_port
            && !self.is_under(named, &["port", "ports"])
            && !self.is_environment_column(named, numbers)
        {
            return;
        }
        let subject = name.subject.or_else(|| self.subject_around(self.outer(named)));
        let subject = subject.or_else(|| name.says_port.then(|| self.subject_of_path()).flatten());
        let Some(subject) = subject else { return };
        if name.qualifiers.is_empty() && numbers.len() == 1 {
            name.qualifiers = self.qualifiers_around(named);
        }
        let side = if self.is_inside(named) { Side::Inside } else { name.side };
        let facts = self.port_facts(subject, &name.qualifiers);
        let environment = self.environment(named);
        self.claim(&facts, numbers, &environment, side);
    }

    /// In a table a column of an environment has what the columns before it have.
    fn is_environment_column(&self, named: Named, numbers: &[Span]) -> bool {
        let is_row = self.outline.get(named.scope).is_some_and(|scope| scope.role == Role::Row);
        let is_environment = self.outer(named).next().is_some_and(|column| {
            let mut is_other = false;
            words::split(column.name.of(self.text), |word| {
                is_other |= self.environments.of_word(word).is_none();
            });
            !is_other && !column.name.is_empty()
        });
        let are_ports = numbers.iter().all(|number| number.len() >= 4);
        is_row && named.leaf.is_none() && is_environment && are_ports
    }

    /// What a comment behind a value and the names around it say about which port it is.
    fn qualifiers_around(&self, named: Named) -> Vec<&'static str> {
        let mut found = Vec::new();
        let outer = self.outer(named).take(2).map(|scope| scope.name);
        for part in named.note.into_iter().chain(outer) {
            words::split(part.of(self.text), |word| {
                found.extend(known::qualifier(&word.to_ascii_lowercase()));
            });
            if !found.is_empty() {
                break;
            }
        }
        found
    }

    /// Gives each of some ports a fact: what is right first; one that is left over gets the fact that is left.
    fn claim(&mut self, facts: &[FactId], numbers: &[Span], environment: &Environment, side: Side) {
        if facts.is_empty() {
            return;
        }
        let is_right = |binder: &Self, fact: FactId, span: Span| {
            let Some(fact) = binder.facts.get(fact) else { return false };
            let profile = environment.profile();
            let number = span.of(binder.text).parse().ok();
            match side {
                Side::Outside => number.is_some() && number == fact.port(profile),
                Side::Inside => {
                    number.is_some_and(|number| fact.has_container_port(number, profile))
                }
            }
        };
        let mut free: Vec<FactId> = facts.to_vec();
        let mut wrong = Vec::new();
        for number in numbers {
            match free.iter().position(|fact| is_right(self, *fact, *number)) {
                Some(at) => {
                    let fact = free.remove(at);
                    self.push_port(vec![fact], *number, environment.clone(), side);
                }
                None => wrong.push(*number),
            }
        }
        if numbers.len() == 1 && facts.len() == 1 {
            wrong.iter().for_each(|number| {
                self.push_port(free.clone(), *number, environment.clone(), side);
            });
            return;
        }
        let wrong: Vec<Span> =
            wrong.into_iter().filter(|number| !self.is_other_port(facts, *number)).collect();
        if let ([number], false) = (wrong.as_slice(), free.is_empty()) {
            self.push_port(free, *number, environment.clone(), side);
        }
    }

    /// Whether a number is a port that the service of some facts has, and nobody declares.
    fn is_other_port(&self, facts: &[FactId], number: Span) -> bool {
        let number: Option<u16> = number.of(self.text).parse().ok();
        let subject = facts.first().and_then(|fact| self.facts.get(*fact)?.subject);
        let known = subject.and_then(|subject| self.facts.subjects.get(subject)?.known);
        let is_declared = |name: &str| {
            let mut facts =
                subject.into_iter().flat_map(|subject| self.facts.about(subject, Kind::Port));
            facts.any(|(_, fact)| {
                fact.qualifiers.iter().any(|own| own == name) || fact.qualifiers.is_empty()
            })
        };
        known.is_some_and(|known| {
            known.ports.iter().any(|(name, port)| Some(*port) == number && !is_declared(name))
        })
    }

    /// An address as the value of a key; says whether its subject is told.
    fn named_endpoint(&mut self, named: Named, leaf: Span, endpoint: &Endpoint) -> bool {
        if self.name_has(named.value, OTHER_PARTS) {
            return false;
        }
        let own = self.endpoint_subject(endpoint);
        let leaf_subject = self.subjects_in(leaf);
        let is_address =
            self.name_has(leaf, ADDRESSES) || endpoint.scheme.is_some() || endpoint.host.is_some();
        let subject = match (own, leaf_subject) {
            (Some(own), _) => own,
            (None, Subjects::One(subject, _)) => Some(subject),
            (None, Subjects::Other) => None,
            (None, Subjects::None) if is_address => {
                let binds = self.name_has(leaf, &["bind", "listen"]);
                let of_path = || binds.then(|| self.subject_of_path()).flatten();
                self.subject_around(self.outer(named)).or_else(of_path)
            }
            (None, Subjects::None) => None,
        };
        let Some(subject) = subject else { return false };
        let mut qualifiers = self.endpoint_qualifiers(endpoint);
        if qualifiers.is_empty() {
            words::split(leaf.of(self.text), |word| {
                qualifiers.extend(known::qualifier(&word.to_ascii_lowercase()));
            });
        }
        if qualifiers.is_empty() {
            qualifiers = self.qualifiers_around(named);
        }
        let side = self.side(named, endpoint, Some(leaf));
        let facts = self.port_facts(subject, &qualifiers);
        let environment = self.environment(named);
        self.push_endpoint(facts, endpoint.port, environment, side);
        true
    }

    /// The subject that an address names by itself: `None` if it names none, `Some(None)` if it names another.
    fn endpoint_subject(&self, endpoint: &Endpoint) -> Option<Option<SubjectId>> {
        let path =
            known::URL_PATHS.iter().find(|(path, _)| endpoint.path.of(self.text).starts_with(path));
        for part in endpoint.host.iter().chain(endpoint.scheme.iter()) {
            match self.subjects_in(*part) {
                Subjects::One(subject, _) => return Some(Some(subject)),
                Subjects::Other => return Some(None),
                Subjects::None => {}
            }
        }
        let (_, name) = path?;
        let known = self.facts.subjects.iter().position(|subject| {
            !subject.facts.is_empty() && subject.names.first().is_some_and(|first| first == name)
        });
        Some(known)
    }

    fn endpoint_qualifiers(&self, endpoint: &Endpoint) -> Vec<&'static str> {
        let scheme = endpoint.scheme.map(|scheme| scheme.of(self.text).to_ascii_lowercase());
        scheme.and_then(|scheme| known::qualifier(&scheme)).into_iter().collect()
    }

    /// A name of another machine in a network of containers leads to the port inside its container.
    fn side(&self, named: Named, endpoint: &Endpoint, leaf: Option<Span>) -> Side {
        let host = endpoint.host.map_or("", |host| host.of(self.text));
        let is_this_machine = host.is_empty()
            || ["localhost", "host.docker.internal"].contains(&host)
            || host.starts_with(|c: char| c.is_ascii_digit());
        if !is_this_machine {
            let is_service = endpoint
                .host
                .is_some_and(|host| matches!(self.subjects_in(host), Subjects::One(..)));
            return if is_service || self.is_inside(named) { Side::Inside } else { Side::Outside };
        }
        let is_in_environment = self
            .outline
            .chain(named.scope)
            .any(|scope| ["environment", "env"].contains(&scope.name.of(self.text)));
        let binds = leaf.is_some_and(|leaf| self.name_has(leaf, &["bind", "listen"]));
        let sees_itself = self.is_inside(named) && (!is_in_environment || binds);
        if sees_itself || (binds && !self.path_hits.is_empty()) {
            Side::Inside
        } else {
            Side::Outside
        }
    }

    /// Ports of a service: `[address:]host:container[/protocol]`.
    pub(super) fn port_mapping(&mut self, named: Named) {
        self.interpolations(named);
        let Some((outside, inside)) = endpoint::mapping(self.text, named.value) else { return };
        self.published(named, outside, inside);
    }

    pub(super) fn published_port(&mut self, named: Named) {
        if let Some(inside) = named.note {
            self.published(named, Some(named.value), inside);
        }
    }

    fn published(&mut self, named: Named, outside: Option<Span>, inside: Span) {
        let Some(subject) = self.subject_around(self.outline.chain(named.scope)) else { return };
        let environment = self.environment(named);
        self.mapped(subject, outside, inside, &environment);
    }

    /// A mapping belongs to the fact whose port inside it has, else to the one whose port outside it has.
    fn mapped(
        &mut self,
        subject: SubjectId,
        outside: Option<Span>,
        inside: Span,
        environment: &Environment,
    ) {
        let profile = environment.profile();
        let number = |span: Span| span.of(self.text).parse::<u16>().ok();
        let all: Vec<FactId> = self.facts.about(subject, Kind::Port).map(|(id, _)| id).collect();
        let has = |id: &&FactId, check: &dyn Fn(&crate::fact::Fact) -> bool| {
            self.facts.get(**id).is_some_and(check)
        };
        let by_inside = all.iter().find(|id| {
            has(id, &|fact| {
                number(inside).is_some_and(|n| {
                    fact.container_port == Some(n)
                        || (fact.container_port.is_none() && fact.has_container_port(n, profile))
                })
            })
        });
        let by_outside = || {
            all.iter().find(|id| {
                has(id, &|fact| {
                    outside.and_then(number).is_some_and(|n| fact.port(profile) == Some(n))
                })
            })
        };
        let only = || all.first().filter(|_| all.len() == 1 && !self.is_other_port(&all, inside));
        let Some(fact) = by_inside.or_else(by_outside).or_else(only).copied() else { return };
        if let Some(outside) = outside {
            self.push_port(vec![fact], outside, environment.clone(), Side::Outside);
        }
        if inside.start != outside.map_or(usize::MAX, |outside| outside.start) {
            self.push_port(vec![fact], inside, environment.clone(), Side::Inside);
        }
    }

    /// A port that a container exposes.
    pub(super) fn container_port(&mut self, named: Named) {
        let around = self.subject_around(self.outline.chain(named.scope));
        let Some(subject) = around.or_else(|| self.subject_of_path()) else { return };
        let facts = self.port_facts(subject, &[]);
        let environment = self.environment(named);
        if facts.len() == 1 || !self.is_other_port(&facts, named.value) {
            self.claim(&facts, &[named.value], &environment, Side::Inside);
        }
    }
}

fn is_port_number(text: &str) -> bool {
    (2..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A port, or several with commas, slashes and `and` between them; `/tcp` may follow.
fn port_list(text: &str, value: Span) -> Vec<Span> {
    let inner = value.of(text);
    if !inner.starts_with(|c: char| c.is_ascii_digit()) || inner.len() > 40 {
        return Vec::new();
    }
    let mut numbers = Vec::new();
    let mut all = Vec::new();
    tokens(text, value, &mut all);
    for token in all {
        match token.kind {
            TokenKind::Number if is_port_number(token.span.of(text)) => numbers.push(token.span),
            TokenKind::Sign(b',' | b'/' | b'&' | b'+') => {}
            TokenKind::Word if ["and", "tcp", "udp"].contains(&token.span.of(text)) => {}
            _ => return Vec::new(),
        }
    }
    numbers
}
