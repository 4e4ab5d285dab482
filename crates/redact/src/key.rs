//! Which keys of structured data name a secret.

use crate::screen::may_name;

/// How many words of a key are looked at, from its end.
const WORDS_MAX: usize = 12;
/// Longer runs of characters are values, not keys.
pub(crate) const KEY_LEN_MAX: usize = 120;

/// Words that name a secret by themselves.
const STRONG: &[&str] = &[
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "secrets",
    "credential",
    "credentials",
    "mnemonic",
    "apikey",
    "apikeys",
    "apisecret",
    "privkey",
    "privatekey",
    "secretkey",
    "accesskey",
    "authkey",
    "dsn",
    "authorization",
    "cookie",
    "jwt",
];

/// What makes a key of the word `key`.
const KEYS: &[&str] = &[
    "api",
    "access",
    "private",
    "secret",
    "signing",
    "signer",
    "encryption",
    "decryption",
    "master",
    "auth",
    "wallet",
    "shared",
    "hmac",
    "routing",
    "integration",
    "ssh",
    "storage",
    "account",
];

/// What makes a secret of the word `token`, wherever it stands.
const TOKENS: &[&str] = &[
    "auth", "access", "api", "bot", "bearer", "refresh", "secret", "session", "id", "github",
    "gitlab", "slack", "discord", "telegram", "npm", "pypi", "webhook", "jwt", "csrf", "xsrf",
    "private", "deploy", "personal", "ntfy", "sentry", "grafana", "influx", "hf",
];

/// What makes an amount, a coin or a position of the word `token`.
const NO_TOKENS: &[&str] = &[
    "max",
    "min",
    "num",
    "count",
    "per",
    "base",
    "quote",
    "collateral",
    "reward",
    "lp",
    "next",
    "page",
    "continuation",
    "cancellation",
    "cancel",
    "input",
    "output",
    "prompt",
    "completion",
    "total",
    "fee",
    "gas",
    "native",
    "stable",
    "sell",
    "buy",
    "in",
    "out",
    "from",
    "to",
    "pool",
    "governance",
    "wrapped",
    "payment",
    "settlement",
    "market",
    "outcome",
    "yes",
    "no",
    "margin",
    "first",
    "last",
    "unexpected",
    "expected",
    "by",
];

/// What may stand after the word that names the secret without making something else of it.
const TRAILERS: &[&str] = &[
    "value", "text", "raw", "plain", "hex", "base64", "b64", "pem", "str", "string", "bytes",
    "old", "new", "current", "previous", "prod", "live", "test", "dev", "staging", "main",
    "testnet", "mainnet",
];

/// How surely a key names a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strength {
    /// Whatever stands after it is secret.
    Strong,
    /// The word `token` alone: a coin in one log, a credential in the next; the value decides.
    Weak,
}

/// Tells whether a key of structured data names a secret, such as `api_key` or `dbPassword`.
///
/// Words are told apart by anything but letters and digits, and by capital letters. So `token`
/// and `AUTH_TOKEN` are secret, while `token_count`, `max_tokens`, `monkey` and `public_key`
/// are not. What only describes a secret, as `password_length` or `secret_name`, is not one.
#[must_use]
pub fn key_is_secret(key: &str) -> bool {
    strength(key.as_bytes()).is_some()
}

pub(crate) fn strength(key: &[u8]) -> Option<Strength> {
    if key.len() > KEY_LEN_MAX || !may_name(key) {
        return None;
    }
    let words = words(key);
    let is_trailer = |word: &String| {
        TRAILERS.contains(&word.as_str()) || word.bytes().all(|b| b.is_ascii_digit())
    };
    let trailers = words.iter().rev().take_while(|word| is_trailer(word)).count();
    let words = words.get(..words.len().saturating_sub(trailers))?;
    let last = words.last()?.as_str();
    let before = words.len().checked_sub(2).and_then(|at| words.get(at)).map_or("", String::as_str);
    let strong = match last {
        word if STRONG.contains(&word) => true,
        "key" | "keys" => KEYS.contains(&before),
        "token" if NO_TOKENS.contains(&before) => return None,
        "token" if TOKENS.contains(&before) => true,
        "token" => return Some(Strength::Weak),
        "phrase" => ["seed", "recovery", "secret", "mnemonic", "pass", "backup"].contains(&before),
        "seed" => ["wallet", "hd", "master", "mnemonic"].contains(&before),
        "pass" => ["db", "smtp", "redis", "pg", "user", "login", "mysql"].contains(&before),
        "auth" => ["basic", "http", "proxy"].contains(&before),
        "url" | "uri" => before == "webhook",
        "webhook" => ["discord", "slack", "teams"].contains(&before),
        _ => false,
    };
    strong.then_some(Strength::Strong)
}

/// Two words of running text that name a secret together, such as `API key`.
pub(crate) fn pair_is_secret(first: &[u8], second: &[u8]) -> bool {
    if !may_name(first) && !may_name(second) {
        return false;
    }
    let pair = [first, b"_", second].concat();
    strength(second).is_none()
        && strength(&pair) == Some(Strength::Strong)
        && first.iter().chain(second).all(u8::is_ascii_alphanumeric)
}

/// The words of a key in lower case: `dbPasswordV2` is `db`, `password`, `v`, `2`.
fn words(key: &[u8]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for (at, byte) in key.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| key.get(at)).copied().unwrap_or(0);
        let after = key.get(at + 1).copied().unwrap_or(0);
        let hump = byte.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || (before.is_ascii_uppercase() && after.is_ascii_lowercase()));
        let number = byte.is_ascii_digit() != before.is_ascii_digit() && word.len() > 1;
        let number = number && !word.ends_with("base") && !word.ends_with('b');
        if (hump || number || !byte.is_ascii_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if byte.is_ascii_alphanumeric() {
            word.push(char::from(byte.to_ascii_lowercase()));
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    let skip = words.len().saturating_sub(WORDS_MAX);
    words.split_off(skip)
}
