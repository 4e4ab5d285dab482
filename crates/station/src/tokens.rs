//! Who may do what: tokens with scopes, from a file.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// What a token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// Send rows.
    Write,
    /// See the page, query, scrape.
    Read,
    /// Acknowledge and silence alerts.
    Operate,
}

impl Scope {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "write" => Self::Write,
            "read" => Self::Read,
            "operate" => Self::Operate,
            _ => return None,
        })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Write => "write",
            Self::Read => "read",
            Self::Operate => "operate",
        })
    }
}

/// Why a token file cannot be used. No part of a token is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct TokensError {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// One token; only its digest is kept.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) name: String,
    scopes: Vec<Scope>,
    digest: [u8; 32],
    /// Values of `env` that rows sent with it may have; empty = any.
    pub(crate) envs: Vec<String>,
    /// Values of `producer` that rows sent with it may have; empty = any.
    pub(crate) producers: Vec<String>,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Token {
    pub(crate) fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    pub(crate) fn is_limited(&self) -> bool {
        !self.envs.is_empty() || !self.producers.is_empty()
    }
}

/// All tokens that a station knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tokens(Vec<Arc<Token>>);

/// Shortest token, bytes: 32 hexadecimal digits are 128 bit.
const TOKEN_BYTES_MIN: usize = 32;

impl Tokens {
    /// Reads a token file: one token a line, `#` begins a remark.
    ///
    /// A line is `NAME SCOPES TOKEN`, then maybe `env=A,B` and `producer=A,B`, which limit the rows
    /// that `write` allows. SCOPES are `write`, `read` and `operate`, joined by commas.
    ///
    /// # Errors
    ///
    /// [`TokensError`] for the first line that is not so.
    pub fn parse(text: &str) -> Result<Self, TokensError> {
        let mut tokens: Vec<Arc<Token>> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let at = |reason: String| TokensError { line: index.saturating_add(1), reason };
            let token = token(line).map_err(at)?;
            if tokens.iter().any(|t| t.name == token.name || t.digest == token.digest) {
                return Err(at(format!(
                    "a token named `{}`, or the same token, is there already",
                    token.name
                )));
            }
            tokens.push(Arc::new(token));
        }
        Ok(Self(tokens))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Who shows this token. By digest, so that the time it takes tells nothing of the token.
    pub(crate) fn find(&self, shown: &str) -> Option<&Arc<Token>> {
        let digest = <[u8; 32]>::from(Sha256::digest(shown.as_bytes()));
        self.0.iter().find(|token| token.digest == digest)
    }
}

fn token(line: &str) -> Result<Token, String> {
    let mut words = line.split_whitespace();
    let (Some(name), Some(scopes), Some(secret)) = (words.next(), words.next(), words.next())
    else {
        return Err("wanted `NAME SCOPES TOKEN`".to_owned());
    };
    let scopes: Option<Vec<Scope>> = scopes.split(',').map(Scope::parse).collect();
    let scopes = scopes.ok_or("wanted scopes of `write`, `read`, `operate`, joined by commas")?;
    if secret.len() < TOKEN_BYTES_MIN {
        return Err(format!("the token of `{name}` is shorter than {TOKEN_BYTES_MIN} characters"));
    }
    let (mut envs, mut producers) = (Vec::new(), Vec::new());
    for word in words {
        let list = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        match word.split_once('=') {
            Some(("env", values)) => envs = list(values),
            Some(("producer", values)) => producers = list(values),
            _ => return Err("wanted `env=..` or `producer=..` after the token".to_owned()),
        }
    }
    let digest = Sha256::digest(secret.as_bytes()).into();
    Ok(Token { name: name.to_owned(), scopes, digest, envs, producers })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_token_is_found_by_what_it_is_and_never_printed() {
        let text = format!(
            "# who\n\nbot write {SECRET} env=prod,test producer=bot@host\nme read,operate {SECRET}x\n"
        );
        let tokens = Tokens::parse(&text).unwrap();
        let bot = tokens.find(SECRET).unwrap();
        assert_eq!((bot.name.as_str(), bot.envs.len()), ("bot", 2));
        assert!(bot.allows(Scope::Write) && !bot.allows(Scope::Read) && bot.is_limited());
        assert!(tokens.find("").is_none() && tokens.find(&SECRET[1..]).is_none());
        assert!(!format!("{tokens:?}").contains("0123"));
    }

    #[test]
    fn a_line_that_is_wrong_is_named_without_its_token() {
        let check = |text: &str, wanted: &str| {
            let error = Tokens::parse(text).unwrap_err();
            assert!(error.reason.contains(wanted), "{error}");
            assert!(!error.to_string().contains(SECRET), "{error}");
        };
        check("a", "NAME SCOPES TOKEN");
        check(&format!("a admin {SECRET}"), "scopes");
        check("a read short", "shorter than 32");
        check(&format!("a read {SECRET} host=x"), "env=");
        check(&format!("a read {SECRET}\nb write {SECRET}"), "already");
    }
}
