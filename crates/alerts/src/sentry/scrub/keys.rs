//! Names of fields that hold a secret, or say who somebody is.

use plimsoll_redact::key_is_secret;

/// Names that Sentry's scrubber knows besides, and names of accounts and people.
const MORE: [&str; 22] = [
    "account",
    "account_id",
    "account_number",
    "accountid",
    "cookies",
    "email",
    "e_mail",
    "iban",
    "ip_address",
    "mail",
    "set_cookie",
    "signature",
    "user_email",
    "username",
    "wallet",
    "wallet_address",
    "x_api_key",
    "x_api_signature",
    "x_forwarded_for",
    "x_mbx_apikey",
    "bearer",
    "auth",
];

/// Parts of a name by which Sentry's scrubber takes a field for a secret.
const TELLING: [&str; 14] = [
    "password",
    "secret",
    "passwd",
    "api_key",
    "api-key",
    "apikey",
    "auth",
    "credentials",
    "mysql_pwd",
    "privatekey",
    "private_key",
    "private-key",
    "token",
    "bearer",
];

/// Words before a credential in a header.
const SCHEMES: [&str; 3] = ["bearer", "basic", "token"];

/// Whether the value under this name goes as a whole.
pub(super) fn is_secret(key: &str) -> bool {
    let name = key.to_ascii_lowercase().replace('-', "_");
    key_is_secret(key) || MORE.contains(&name.as_str())
}

/// Whether a text says of itself that it holds a secret.
pub(super) fn names_a_secret(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    TELLING.iter().any(|word| text.contains(word))
}

/// Takes the values of parameters out of addresses: `?account_id=…&symbol=BTC`. Only there: `signature=` in a
/// sentence is no credential.
pub(super) fn without_query_secrets(text: &str, filtered: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['?', '&']) {
        let (before, from) = rest.split_at(at.saturating_add(1));
        clean.push_str(before);
        rest = from;
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let Some((name, value)) = from.split_once('=') else { continue };
        if name.is_empty() || !name.chars().all(is_name) || !is_secret(name) {
            continue;
        }
        let end = value.find(|c: char| c.is_whitespace() || "&\"'),#".contains(c));
        let (value, after) = value.split_at(end.unwrap_or(value.len()));
        clean.push_str(name);
        clean.push('=');
        clean.push_str(if value.is_empty() { "" } else { filtered });
        rest = after;
    }
    clean.push_str(rest);
    clean
}

/// Takes the word before a credential out with it: `Bearer [Filtered]`.
pub(super) fn without_schemes(text: &str, filtered: &str) -> String {
    let mut clean = text.to_owned();
    for scheme in SCHEMES {
        let mut from = 0;
        while let Some(at) = clean.get(from..).and_then(|rest| rest.find(filtered)) {
            let at = from.saturating_add(at);
            let before = clean.get(..at).unwrap_or_default();
            let word = before.trim_end();
            let start = word.len().saturating_sub(scheme.len());
            if word.get(start..).is_some_and(|word| word.eq_ignore_ascii_case(scheme)) {
                clean.replace_range(start..at, "");
                from = start.saturating_add(filtered.len());
            } else {
                from = at.saturating_add(filtered.len());
            }
        }
    }
    clean
}
