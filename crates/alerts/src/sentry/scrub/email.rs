//! Addresses of people in text.

/// Endings of addresses that are written in capitals; an instrument at a venue is written so too.
const ENDINGS: [&str; 10] = ["com", "org", "net", "io", "de", "uk", "eu", "ch", "dev", "app"];

/// Takes addresses of people out.
pub(super) fn without(text: &str, filtered: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in text.match_indices('@') {
        if at < from {
            continue;
        }
        let before = text.get(from..at).unwrap_or_default();
        let after = text.get(at.saturating_add(1)..).unwrap_or_default();
        let local = before.len().saturating_sub(tail(before, is_local));
        let domain = domain(after);
        let name = before.get(local..).unwrap_or_default();
        let rest = after.get(domain.len()..).unwrap_or_default();
        let is_login = before.get(..local).is_some_and(|b| b.ends_with("ssh ")) || is_path(rest);
        if name.is_empty() || domain.is_empty() || is_instrument(name, domain) || is_login {
            continue;
        }
        clean.push_str(before.get(..local).unwrap_or_default());
        clean.push_str(filtered);
        from = at.saturating_add(1).saturating_add(domain.len());
    }
    clean.push_str(text.get(from..).unwrap_or_default());
    clean
}

/// Length of the end of a text that is made of such characters.
fn tail(text: &str, is_part: fn(char) -> bool) -> usize {
    text.chars().rev().take_while(|c| is_part(*c)).map(char::len_utf8).sum()
}

fn is_local(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-')
}

/// The domain that a text begins with; empty if it is none: names with points between, the last of letters.
fn domain(text: &str) -> &str {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let len = text.chars().take_while(|c| is_part(*c)).map(char::len_utf8).sum();
    let domain = text.get(..len).unwrap_or_default().trim_end_matches(['.', '-']);
    let ending = domain.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is_ending = ending.len() >= 2 && ending.chars().all(|c| c.is_ascii_alphabetic());
    let is_whole = domain.split('.').all(|part| !part.is_empty());
    if is_ending && is_whole { domain } else { "" }
}

/// `git@github.com:owner/repository`: a login and a path, no person.
fn is_path(rest: &str) -> bool {
    rest.strip_prefix(':').is_some_and(|path| path.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

/// `USD@IDEALPRO.IB`: all in capitals, and no ending that people have.
fn is_instrument(name: &str, domain: &str) -> bool {
    let is_loud = |text: &str| !text.chars().any(|c| c.is_ascii_lowercase());
    let ending = domain.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    is_loud(name) && is_loud(domain) && !ENDINGS.contains(&ending.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_people_go_and_what_looks_like_one_stays() {
        let check = |text: &str, wanted: &str| assert_eq!(without(text, "[x]"), wanted);
        check("mail bob@example.com now", "mail [x] now");
        check("<bob.smith+ops@mail.example.co.uk>, amy@a.io.", "<[x]>, [x].");
        check("BOB@EXAMPLE.COM", "[x]");
        for stays in [
            "bought 1.5@32383.63",
            "stream btcusdt@aggTrade",
            "EUR.USD@IDEALPRO.IB",
            "ema@1.4.0",
            "@everyone",
            "a@b",
            "git@host:repo",
            "git@github.com:owner/repo.git",
            "ssh deploy@host.example.com uptime",
        ] {
            check(stays, stays);
        }
    }
}
