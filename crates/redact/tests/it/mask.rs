//! The two corpora: what must be found and what must not.

use plimsoll_redact::{Kind, Rules, find, mask};

use crate::corpus::{Planted, planted, random};

#[track_caller]
fn check(planted: &Planted) -> Result<(), String> {
    let Planted { name, text, secret, kind } = planted;
    let rules = Rules::default();
    let masked = mask(text, &rules);
    if masked.contains(secret.as_str()) || !masked.contains(&format!("[redacted:{kind}]")) {
        return Err(format!("{name}: `{text}` became `{masked}`, wanted `{kind}`"));
    }
    let before = text.split(secret.as_str()).next().unwrap();
    let after = text.rsplit(secret.as_str()).next().unwrap();
    if !masked.starts_with(before.trim_end_matches("0x")) || !masked.ends_with(after) {
        return Err(format!("{name}: more than the secret is gone: `{masked}`"));
    }
    if mask(&masked, &rules) != masked {
        return Err(format!("{name}: `{masked}` is masked again"));
    }
    Ok(())
}

#[test]
fn every_planted_secret_is_masked_and_nothing_around_it() {
    let all = planted();
    assert!(all.len() >= 60);
    let failures: Vec<String> = all.iter().filter_map(|planted| check(planted).err()).collect();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), all.len(), failures.join("\n"));
}

#[test]
fn planted_secrets_are_found_in_the_middle_of_a_log() {
    let rules = Rules::default();
    for Planted { name, text, secret, .. } in planted() {
        let log = format!("12:00:01 tick BTCUSDT 64250.5 é\n{text}\n12:00:02 next");
        let masked = mask(&log, &rules).into_owned();
        assert!(!masked.contains(&secret), "{name}: {masked}");
    }
}

#[test]
fn ordinary_messages_are_left_alone() {
    let rules = Rules::default();
    let lines: Vec<&str> = include_str!("ordinary.txt").lines().collect();
    assert!(lines.len() >= 200);
    let hits: Vec<String> = lines
        .iter()
        .filter(|line| !find(line, &rules).is_empty())
        .map(|line| format!("{line}\n    -> {}", mask(line, &rules)))
        .collect();
    assert!(hits.is_empty(), "{} of {}:\n{}", hits.len(), lines.len(), hits.join("\n"));
    let whole = include_str!("ordinary.txt");
    assert_eq!(mask(whole, &rules), whole);
}

#[test]
fn addresses_after_words_that_could_name_a_secret_are_left_alone() {
    let hex = random("0123456789abcdefABCDEF", 40);
    for text in [
        format!("token=0x{hex} symbol=USDC decimals=6"),
        format!("public_key: {} is registered", random("123456789ABCDEFGHabcdefgh", 44)),
        format!("api key for order id 0x{} was used", random("0123456789abcdef", 64)),
        format!("secret store at 0x{hex}, tx hash 0x{}", random("0123456789abcdef", 64)),
    ] {
        assert_eq!(mask(&text, &Rules::default()), text);
    }
}

#[test]
fn a_kind_that_is_turned_off_is_not_looked_for() {
    let text = "password=hunter2-x";
    assert_eq!(mask(text, &Rules::default().without(Kind::Assignment)), text);
    assert_eq!(mask(text, &Rules::default()), "password=[redacted:assignment]");
}

#[test]
fn names_of_kinds_are_told_apart() {
    let mut names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Kind::ALL.len());
    assert_eq!(Kind::UrlPassword.to_string(), "url-password");
}
