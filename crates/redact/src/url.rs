//! Credentials in URLs.

use crate::Kind;
use crate::assignment::is_stand_in;
use crate::find::Found;
use crate::text::{Classes, Text};

const MARK: &[u8] = b"://";
const SENTRY_KEY_LEN: usize = 32;
const TOKEN_LEN_MIN: usize = 20;

pub(crate) fn find(text: &Text<'_>, found: &mut Found<'_>) {
    let mut from = 0;
    // Where the URL under way ends at the latest; every byte is looked at once for that.
    let mut stretch = Stretch::default();
    while let Some(mark) = next_mark(text, from) {
        let start = mark + MARK.len();
        from = start;
        if start >= stretch.end {
            stretch = Stretch::at(text, start);
        }
        let authority = text.run_end(start, usize::MAX, |b| !b"/?#".contains(&b) && !is_stop(b));
        let at = last_at(text, start, authority).or_else(|| {
            // Passwords of databases hold a slash or a hash often enough, unescaped.
            let is_web = is_web(text, mark);
            stretch.last_at.filter(|at| !is_web && *at > start)
        });
        if let Some(at) = at {
            userinfo(text, start, at, found);
            from = at;
        }
    }
}

#[derive(Default)]
struct Stretch {
    end: usize,
    last_at: Option<usize>,
}

impl Stretch {
    fn at(text: &Text<'_>, start: usize) -> Self {
        let end = text.run_end(start, usize::MAX, |b| !is_stop(b));
        Self { end: end.max(start + 1), last_at: last_at(text, start, end) }
    }
}

fn userinfo(text: &Text<'_>, start: usize, at: usize, found: &mut Found<'_>) {
    let info = text.slice(start, at);
    let user_len = user_end(text, start, at) - start;
    let user = info.get(..user_len).unwrap_or_default();
    let is_sentry = user.len() == SENTRY_KEY_LEN && user.iter().all(u8::is_ascii_hexdigit);
    if is_sentry {
        found.add(start, at, Kind::Sentry);
        return;
    }
    let password = start + user_len + 1;
    if password < at {
        if !text.is_placeholder(password) && !is_stand_in(text.slice(password, at)) {
            found.add(password, at, Kind::UrlPassword);
        }
        return;
    }
    let classes = Classes::of(user);
    if user.len() >= TOKEN_LEN_MIN && classes.digit && classes.letter() && !classes.other {
        found.add(start, at, Kind::UrlPassword);
    }
}

/// The first colon that is not within a placeholder, or `at`.
fn user_end(text: &Text<'_>, start: usize, at: usize) -> usize {
    let mut end = start;
    while end < at && text.at(end) != b':' {
        end = text.placeholder_end(end).unwrap_or(end + 1);
    }
    end.min(at)
}

fn is_web(text: &Text<'_>, mark: usize) -> bool {
    let scheme = text.slice(mark.saturating_sub(5), mark).to_ascii_lowercase();
    [&b"http"[..], b"https", b"ws", b"wss"].iter().any(|web| {
        scheme
            .strip_suffix(*web)
            .is_some_and(|rest| !rest.last().is_some_and(u8::is_ascii_alphabetic))
    })
}

fn next_mark(text: &Text<'_>, from: usize) -> Option<usize> {
    let rest = text.bytes().get(from..)?;
    rest.windows(MARK.len()).position(|three| three == MARK).map(|at| from + at)
}

fn last_at(text: &Text<'_>, start: usize, end: usize) -> Option<usize> {
    text.slice(start, end).iter().rposition(|b| *b == b'@').map(|at| start + at)
}

pub(crate) fn is_stop(byte: u8) -> bool {
    byte <= b' ' || b"\"'<>`|\\".contains(&byte)
}
