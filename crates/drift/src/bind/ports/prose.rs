//! Ports in prose and in command lines.

use super::endpoint::{endpoints, mapping};
use super::{OTHER_PARTS, is_port_number};
use crate::bind::clause::Clause;
use crate::bind::token::{Kind as TokenKind, Token};
use crate::bind::{Binder, Side};
use crate::fact::{SubjectId, known};
use crate::span::Span;

impl Binder<'_> {
    /// Addresses and ports in prose and command lines.
    pub(in crate::bind) fn port_text(&mut self, clause: &Clause<'_>) {
        self.docker_mappings(clause);
        for endpoint in endpoints(self.text, clause.tokens) {
            if endpoint.scheme.is_none() && self.tells_of_past(clause) {
                continue;
            }
            let subject = match self.endpoint_subject(&endpoint) {
                Some(subject) => subject,
                None => self.subject_in_clause(clause, endpoint.index),
            };
            let Some(subject) = subject.filter(|_| !self.is_of_other_part(clause, endpoint.index))
            else {
                continue;
            };
            let mut qualifiers = self.endpoint_qualifiers(&endpoint);
            if qualifiers.is_empty() {
                qualifiers = self.near_qualifiers(clause, endpoint.index);
            }
            let side = self.side(clause.named, &endpoint, None);
            let facts = self.port_facts(subject, &qualifiers);
            let environment = self.environment_in(clause, endpoint.index);
            self.push_endpoint(facts, endpoint.port, environment, side);
        }
        self.spoken_ports(clause);
    }

    /// The subject of a clause's token: in the clause, else in what is around it.
    fn subject_in_clause(&self, clause: &Clause<'_>, index: usize) -> Option<SubjectId> {
        match self.nearest_subject(clause, index) {
            Some(subject) => subject,
            None => self.subject_around(self.outline.chain(clause.named.scope)),
        }
    }

    /// `port 9009`, `ports 9000 and 9009`, `9000 port`.
    fn spoken_ports(&mut self, clause: &Clause<'_>) {
        for index in 0..clause.tokens.len() {
            let is_port =
                clause.get(index).is_some_and(|token| self.is_one_of(token, &["port", "ports"]));
            if !is_port {
                continue;
            }
            let mut numbers = Vec::new();
            for (at, token) in clause.tokens.iter().enumerate().skip(index + 1) {
                match token.kind {
                    TokenKind::Number if is_port_number(token.span.of(self.text)) => {
                        numbers.push((at, token.span));
                    }
                    TokenKind::Sign(b',' | b'(' | b'`' | b'*' | b'/' | b':' | b'=') => {}
                    TokenKind::Word
                        if self.is_one_of(
                            *token,
                            &["and", "or", "number", "is", "default", "defaults", "to"],
                        ) => {}
                    _ => break,
                }
            }
            let Some((first, _)) = numbers.first().copied() else { continue };
            let Some(subject) = self.subject_in_clause(clause, first) else { continue };
            if self.is_of_other_part(clause, first) || self.tells_of_past(clause) {
                continue;
            }
            let environment = self.environment_in(clause, first);
            if let [(at, span)] = numbers.as_slice() {
                let facts = self.port_facts(subject, &self.near_qualifiers(clause, *at));
                self.push_endpoint(facts, *span, environment, Side::Outside);
            } else {
                let facts = self.port_facts(subject, &[]);
                let spans: Vec<Span> = numbers.iter().map(|(_, span)| *span).collect();
                self.claim(&facts, &spans, &environment, Side::Outside);
            }
        }
    }

    /// Whether a clause speaks of a part of a service that has ports of its own.
    fn is_of_other_part(&self, clause: &Clause<'_>, index: usize) -> bool {
        let before = clause.tokens.get(..index).unwrap_or_default();
        before.iter().rev().take(12).any(|token| {
            let mut is_other = false;
            if token.kind == TokenKind::Word {
                is_other |= self.name_has(token.span, OTHER_PARTS);
            }
            is_other
        })
    }

    /// Words that tell ports apart, between the number before and the number after.
    fn near_qualifiers(&self, clause: &Clause<'_>, index: usize) -> Vec<&'static str> {
        let of = |token: &Token| match token.kind {
            TokenKind::Word => known::qualifier(&token.span.of(self.text).to_ascii_lowercase()),
            _ => None,
        };
        // What stands in brackets before is about the number before.
        let begins = |token: &&Token| token.kind != TokenKind::Number && !token.is_sign(b')');
        let before = clause.tokens.get(..index).unwrap_or_default();
        let found: Vec<_> =
            before.iter().rev().take_while(begins).take(8).filter_map(of).take(1).collect();
        if !found.is_empty() {
            return found;
        }
        let after = clause.tokens.get(index + 1..).unwrap_or_default();
        let ends = |token: &&Token| {
            !matches!(token.kind, TokenKind::Number | TokenKind::Sign(b',' | b';' | b'|'))
        };
        after.iter().take_while(ends).take(5).filter_map(of).take(1).collect()
    }

    /// `docker run -p 127.0.0.1:3000:3000 grafana/grafana`.
    fn docker_mappings(&mut self, clause: &Clause<'_>) {
        for index in 0..clause.tokens.len() {
            let is_flag = clause.touching_before(index).is_some_and(|token| token.is_sign(b'-'))
                && clause.get(index).is_some_and(|token| self.is_one_of(token, &["p", "publish"]));
            let Some(first) = clause.get(index + 1).filter(|_| is_flag) else { continue };
            let mut span = first.span;
            for token in clause.tokens.iter().skip(index + 2) {
                if token.span.start != span.end || token.is_sign(b'"') || token.is_sign(b'\'') {
                    break;
                }
                span.end = token.span.end;
            }
            let Some((outside, inside)) = mapping(self.text, span) else { continue };
            let Some(subject) = self.subject_in_clause(clause, index + 1) else { continue };
            let environment = self.environment_in(clause, index);
            self.mapped(subject, outside, inside, &environment);
        }
    }
}
