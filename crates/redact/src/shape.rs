//! Secrets that their own shape gives away.

use crate::Kind;
use crate::find::Found;
use crate::screen::may_begin;
use crate::text::{Classes, Text, Word, is_alnum};

/// How far a run of letters and digits is followed before the end of its word is taken instead.
const RUN_LEN_MAX: usize = 300;

/// What may follow a prefix.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Rest {
    /// At least so many letters, digits, `_` and `-`.
    Word(usize),
    /// At least so many letters and digits.
    Alnum(usize),
    /// Exactly so many letters and digits, and then the end of the word.
    Exactly(usize),
    /// Exactly so many capital letters and digits.
    Capitals(usize),
}

pub(crate) const PREFIXES: &[(&[u8], Rest, Kind)] = &[
    (b"ghp_", Rest::Alnum(30), Kind::GitHub),
    (b"gho_", Rest::Alnum(30), Kind::GitHub),
    (b"ghu_", Rest::Alnum(30), Kind::GitHub),
    (b"ghs_", Rest::Alnum(30), Kind::GitHub),
    (b"ghr_", Rest::Alnum(30), Kind::GitHub),
    (b"github_pat_", Rest::Word(30), Kind::GitHub),
    (b"glpat-", Rest::Word(20), Kind::GitLab),
    (b"gldt-", Rest::Word(20), Kind::GitLab),
    (b"glrt-", Rest::Word(20), Kind::GitLab),
    (b"glcbt-", Rest::Word(20), Kind::GitLab),
    (b"glptt-", Rest::Word(20), Kind::GitLab),
    (b"gloas-", Rest::Word(20), Kind::GitLab),
    (b"xoxb-", Rest::Word(10), Kind::Slack),
    (b"xoxp-", Rest::Word(10), Kind::Slack),
    (b"xoxa-", Rest::Word(10), Kind::Slack),
    (b"xoxr-", Rest::Word(10), Kind::Slack),
    (b"xoxs-", Rest::Word(10), Kind::Slack),
    (b"xoxe-", Rest::Word(10), Kind::Slack),
    (b"xapp-", Rest::Word(20), Kind::Slack),
    (b"sk-ant-", Rest::Word(16), Kind::Anthropic),
    (b"sk-proj-", Rest::Word(20), Kind::OpenAi),
    (b"sk-svcacct-", Rest::Word(20), Kind::OpenAi),
    (b"sk-admin-", Rest::Word(20), Kind::OpenAi),
    (b"sk-or-", Rest::Word(20), Kind::OpenAi),
    (b"sk-", Rest::Alnum(32), Kind::OpenAi),
    (b"sk_live_", Rest::Alnum(16), Kind::Stripe),
    (b"sk_test_", Rest::Alnum(16), Kind::Stripe),
    (b"rk_live_", Rest::Alnum(16), Kind::Stripe),
    (b"rk_test_", Rest::Alnum(16), Kind::Stripe),
    (b"whsec_", Rest::Alnum(20), Kind::Stripe),
    (b"AKIA", Rest::Capitals(16), Kind::Aws),
    (b"ASIA", Rest::Capitals(16), Kind::Aws),
    (b"AIza", Rest::Word(35), Kind::Google),
    (b"GOCSPX-", Rest::Word(20), Kind::Google),
    (b"npm_", Rest::Alnum(36), Kind::Registry),
    (b"pypi-", Rest::Word(50), Kind::Registry),
    (b"cio", Rest::Exactly(32), Kind::Registry),
    (b"dckr_pat_", Rest::Word(20), Kind::Registry),
    (b"tk_", Rest::Exactly(29), Kind::Ntfy),
    (b"hf_", Rest::Alnum(30), Kind::Token),
    (b"dop_v1_", Rest::Alnum(60), Kind::Token),
    (b"lin_api_", Rest::Alnum(30), Kind::Token),
    (b"sntrys_", Rest::Word(30), Kind::Sentry),
    (b"sntryu_", Rest::Word(30), Kind::Sentry),
    (b"glsa_", Rest::Word(30), Kind::Grafana),
    (b"glc_", Rest::Word(40), Kind::Grafana),
    (b"AGE-SECRET-KEY-1", Rest::Alnum(50), Kind::PrivateKey),
];

pub(crate) fn find(text: &Text<'_>, found: &mut Found<'_>) {
    for (index, word) in text.words().iter().enumerate().filter(|(_, word)| !word.opaque) {
        let mut at = word.start;
        while at < word.end {
            let prefixed = if is_alnum(text.before(at)) { None } else { prefixed(text, at, *word) };
            match prefixed {
                Some((end, kind)) => {
                    found.add(at, end, kind);
                    at = end;
                }
                None => at += 1,
            }
        }
        dotted(text, *word, found);
        telegram(text, *word, found);
        path(text, index, found);
    }
}

fn prefixed(text: &Text<'_>, at: usize, word: Word) -> Option<(usize, Kind)> {
    if !may_begin(text.slice(at, at + 3)) {
        return None;
    }
    let first = text.at(at);
    let candidates = PREFIXES.iter().filter(|(prefix, ..)| prefix.first() == Some(&first));
    for (prefix, rest, kind) in candidates {
        if !text.has(at, prefix) {
            continue;
        }
        let from = at + prefix.len();
        let run = || match text.run_end(from, RUN_LEN_MAX, is_alnum) {
            end if end == from + RUN_LEN_MAX => word.end,
            end => end,
        };
        let end = match rest {
            Rest::Word(_) => word.end,
            Rest::Capitals(_) => {
                text.run_end(from, RUN_LEN_MAX, |b| b.is_ascii_uppercase() || b.is_ascii_digit())
            }
            Rest::Alnum(_) | Rest::Exactly(_) => run(),
        };
        let len = end.saturating_sub(from);
        let fits = match *rest {
            Rest::Word(min) | Rest::Alnum(min) => len >= min,
            Rest::Exactly(exact) => len == exact && end == word.end,
            Rest::Capitals(exact) => len == exact && !is_alnum(text.at(end)),
        };
        if fits {
            return Some((end, *kind));
        }
    }
    None
}

/// Tokens of several words with dots between: JSON web tokens, Discord bots, `SendGrid`, Google.
fn dotted(text: &Text<'_>, word: Word, found: &mut Found<'_>) {
    if text.at(word.end) != b'.' || text.before(word.start) == b'.' {
        return;
    }
    let mut ends = [word.end; 5];
    let mut parts = 1;
    let mut end = word.end;
    while parts < ends.len() && text.at(end) == b'.' {
        let next = text.word_end(end + 1);
        if next == end + 1 {
            break;
        }
        end = next;
        if let Some(slot) = ends.get_mut(parts) {
            *slot = end;
        }
        parts += 1;
    }
    let [first, second, third, ..] = ends;
    let lens =
        [first - word.start, second.saturating_sub(first + 1), third.saturating_sub(second + 1)];
    let whole = text.slice(word.start, end);
    let [first_len, second_len, third_len] = lens;
    let is = |len: usize, range: std::ops::RangeInclusive<usize>| range.contains(&len);
    let kind = match parts {
        2.. if whole.starts_with(b"eyJ") && first_len >= 8 && second_len >= 4 => Kind::Jwt,
        3 if matches!(text.at(word.start), b'M' | b'N' | b'O')
            && is(first_len, 23..=28)
            && is(second_len, 6..=7)
            && is(third_len, 27..=45) =>
        {
            Kind::Discord
        }
        3 if whole.starts_with(b"SG.") && is(second_len, 16..=30) && is(third_len, 30..=50) => {
            Kind::Token
        }
        2.. if whole.starts_with(b"ya29.") && second_len >= 20 => Kind::Google,
        _ => return,
    };
    found.add(word.start, end, kind);
}

/// `123456789:AA..`, a bot's number and 35 characters, in URLs with `bot` before it.
fn telegram(text: &Text<'_>, word: Word, found: &mut Found<'_>) {
    if text.at(word.end) != b':' {
        return;
    }
    let end = text.word_end(word.end + 1);
    if end != word.end + 36 {
        return;
    }
    let number = text.word(word);
    let number = number.strip_prefix(b"bot").unwrap_or(number);
    let is_number = (6..=12).contains(&number.len()) && number.iter().all(u8::is_ascii_digit);
    if is_number && Classes::of(text.slice(word.end + 1, end)).is_random() {
        found.add(word.end - number.len(), end, Kind::Telegram);
    }
}

/// Paths of webhooks: whoever knows the URL may post, and only its last parts are secret.
fn path(text: &Text<'_>, index: usize, found: &mut Found<'_>) {
    let part = |offset: usize| {
        let words = text.words().get(index..)?;
        let part = words.get(offset).filter(|part| !part.opaque)?;
        let before = offset.checked_sub(1).and_then(|offset| words.get(offset));
        let joined =
            before.is_none_or(|before| before.end + 1 == part.start && text.at(before.end) == b'/');
        joined.then_some(*part)
    };
    let Some(name) = part(0) else { return };
    let (Some(second), third) = (part(1), part(2)) else { return };
    let len = |word: Word| word.end - word.start;
    let capital = |word: Word, first: u8| text.at(word.start) == first && len(word) >= 6;
    match (text.word(name), third) {
        (b"webhooks", Some(third))
            if text.word(second).iter().all(u8::is_ascii_digit) && len(third) >= 24 =>
        {
            found.add(third.start, third.end, Kind::Discord);
        }
        (b"services" | b"workflows" | b"triggers", Some(third))
            if capital(second, b'T') && len(third) >= 6 =>
        {
            let last = part(3).unwrap_or(third);
            found.add(second.start, last.end, Kind::Slack);
        }
        (b"integration", _) if len(second) == 32 => {
            found.add(second.start, second.end, Kind::PagerDuty);
        }
        (b"webhookb2", _) => {
            let end = text.run_end(second.start, 600, |b| b > b' ' && !b"\"'<>`\\".contains(&b));
            // A cut inside a character would not be a place to cut the text.
            let end = if text.at(end) >= 0x80 { second.end } else { end };
            found.add(second.start, end, Kind::Teams);
        }
        _ => {}
    }
}
