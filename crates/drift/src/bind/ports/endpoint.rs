//! Addresses with a port, and mappings of ports.

use crate::bind::token::{Kind, Token, tokens};
use crate::span::Span;

/// An address: `scheme://host:port/path`, of which only the port has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) scheme: Option<Span>,
    pub(super) host: Option<Span>,
    pub(super) port: Span,
    pub(super) path: Span,
    /// The port's place among the tokens.
    pub(super) index: usize,
}

/// Addresses among tokens.
pub(super) fn endpoints(text: &str, tokens: &[Token]) -> Vec<Endpoint> {
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let is_port = token.kind == Kind::Number && super::is_port_number(token.span.of(text));
        if is_port && let Some(endpoint) = endpoint(text, tokens, index) {
            found.push(endpoint);
        }
    }
    found
}

fn endpoint(text: &str, tokens: &[Token], index: usize) -> Option<Endpoint> {
    let port = tokens.get(index)?.span;
    let mut colon = index.checked_sub(1)?;
    let mut start = port.start;
    // `host:${PORT:-9000}`: the braces begin where the port would.
    if tokens.get(colon)?.is_sign(b'-') {
        let (opened, _) = default_before(tokens, colon)?;
        start = tokens.get(opened)?.span.start;
        colon = opened.checked_sub(1)?;
    }
    let sign = tokens.get(colon).filter(|token| token.is_sign(b':') && token.span.end == start)?;
    let host_at = colon.checked_sub(1);
    let host =
        host_at.and_then(|at| tokens.get(at)).filter(|host| host.span.end == sign.span.start);
    // `${HOST:-localhost}:9000`.
    let host_span = match host {
        Some(host) if host.is_sign(b'}') => host_at.and_then(|at| hole(tokens, at)),
        Some(host) if host.is_sign(b']') => Some(host.span),
        Some(host) if host.kind == Kind::Word => Some(host.span),
        Some(host) if host.kind == Kind::Number && host.span.of(text).contains('.') => {
            Some(host.span)
        }
        Some(host) if host.is_sign(b'*') => Some(host.span),
        Some(_) => return None,
        None => None,
    };
    // A host of digits alone is a time or a mapping; a port before a colon is the outside of a mapping.
    let path = path_after(text, tokens, index);
    let after = tokens.get(index + 1);
    if after.is_some_and(|after| after.is_sign(b':') && after.span.start == port.end) {
        return None;
    }
    let scheme = host_span.and_then(|host| scheme_before(text, host));
    Some(Endpoint { scheme, host: host_span, port, path, index })
}

/// The `$` and the name of `${NAME:-`, before the `-` at a place.
fn default_before(tokens: &[Token], dash: usize) -> Option<(usize, Span)> {
    let colon = dash.checked_sub(1)?;
    let name_at = if tokens.get(colon)?.is_sign(b':') { colon.checked_sub(1)? } else { colon };
    let name = tokens.get(name_at).filter(|token| token.kind == Kind::Word)?;
    let brace = name_at.checked_sub(1)?;
    tokens.get(brace).filter(|token| token.is_sign(b'{'))?;
    let dollar = brace.checked_sub(1)?;
    tokens.get(dollar).filter(|token| token.is_sign(b'$'))?;
    Some((dollar, name.span))
}

/// All of `${…}` that ends at a place.
fn hole(tokens: &[Token], end: usize) -> Option<Span> {
    let last = tokens.get(end)?;
    let first = tokens.get(..end)?.iter().rev().take(8).find(|token| token.is_sign(b'$'))?;
    Some(Span::new(first.span.start, last.span.end))
}

/// The scheme of `scheme://[user@]host`, or of `scheme::addr=host`.
fn scheme_before(text: &str, host: Span) -> Option<Span> {
    let before = text.get(..host.start)?;
    let word = before
        .rsplit(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '(' | '<'))
        .next()?;
    let begin = host.start - word.len();
    let (scheme, rest) = word.split_once("://").or_else(|| word.split_once("::addr="))?;
    let name = scheme.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '+').next()?;
    let is_near = rest.is_empty() || rest.ends_with('@');
    let start = begin + scheme.len() - name.len();
    (is_near && !name.is_empty()).then(|| Span::new(start, start + name.len()))
}

/// What follows a port up to a blank or a quote.
fn path_after(text: &str, tokens: &[Token], index: usize) -> Span {
    let Some(port) = tokens.get(index) else { return Span::default() };
    let mut end = port.span.end;
    if tokens.get(index + 1).is_some_and(|token| token.is_sign(b'}')) {
        end += 1;
    }
    let rest = text.get(end..).unwrap_or_default();
    let stop = rest
        .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ')' | '<' | '|'))
        .unwrap_or(rest.len());
    Span::new(end, end + stop)
}

/// `[address:]host:container[/protocol]`: the port outside, if there is one, and the one inside.
pub(super) fn mapping(text: &str, value: Span) -> Option<(Option<Span>, Span)> {
    let mut all = Vec::new();
    tokens(text, value, &mut all);
    let numbers: Vec<(usize, Span)> = all
        .iter()
        .enumerate()
        .filter(|(_, token)| {
            token.kind == Kind::Number && super::is_port_number(token.span.of(text))
        })
        .map(|(at, token)| (at, token.span))
        .collect();
    // A range of ports is not one port.
    let is_range = all.windows(3).any(|window| {
        matches!(window, [a, dash, b] if a.kind == Kind::Number && dash.is_sign(b'-') && b.kind == Kind::Number)
    });
    match numbers.as_slice() {
        _ if is_range => None,
        [(_, inside)] => {
            let is_alone = inside.start == value.start;
            is_alone.then_some((None, *inside)).or(Some((None, *inside)))
        }
        [.., (_, outside), (_, inside)] => Some((Some(*outside), *inside)),
        [] => None,
    }
}
