//! Where a client connects, and as whom.

use std::{fmt, net::Ipv6Addr};

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one place that sends it.
    #[cfg(feature = "questdb-rs")]
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// As whom a request is made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Auth {
    /// Nobody.
    #[default]
    None,
    /// User and password (QuestDB `http.user`, `http.password`).
    Basic {
        /// User.
        user: String,
        /// Password.
        password: Secret,
    },
    /// A token (a station; QuestDB Enterprise).
    Bearer {
        /// Token.
        token: Secret,
    },
}

/// Why a URL cannot be used. Never holds credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// `https://`: this client has no TLS.
    #[error("`https://` needs the feature `questdb-rs`, or a proxy on this host and `http://`")]
    Https,
    /// Not `http://host[:port][/path]`.
    #[error("URL {reason}; wanted `http://[user:password@]host[:port]`")]
    Malformed {
        /// What is wrong.
        reason: &'static str,
    },
}

/// A URL, taken apart.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) is_tls: bool,
    path: String,
    authorization: Option<Secret>,
    /// User and password of the URL.
    #[cfg(feature = "questdb-rs")]
    credentials: Option<(String, Secret)>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display_url())
    }
}

impl Endpoint {
    pub(crate) fn parse(url: &str, auth: &Auth) -> Result<Self, UrlError> {
        let malformed = |reason| UrlError::Malformed { reason };
        if url.bytes().any(|b| b.is_ascii_control() || b == b' ') {
            return Err(malformed("has a space or a control character"));
        }
        let tls = url.strip_prefix("https://");
        if tls.is_some() && !cfg!(feature = "questdb-rs") {
            return Err(UrlError::Https);
        }
        let rest = tls
            .or_else(|| url.strip_prefix("http://"))
            .ok_or(malformed("does not begin with `http://`"))?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if path.contains(['?', '#']) {
            return Err(malformed("has a query or a fragment"));
        }
        let (credentials, host) = match authority.rsplit_once('@') {
            Some((credentials, host)) => (Some(credentials), host),
            None => (None, authority),
        };
        let (host, port) = split_port(host, if tls.is_some() { 443 } else { 80 })?;
        let credentials = match credentials {
            Some(c) => {
                let (user, password) = c.split_once(':').unwrap_or((c, ""));
                Some((unescape(user)?, unescape(password)?))
            }
            None => None,
        };
        let authorization = match &credentials {
            Some((user, password)) => Some(basic(user, password)),
            None => authorization(auth)?,
        };
        let path = path.trim_end_matches('/').to_owned();
        Ok(Self {
            host: host.to_owned(),
            port,
            is_tls: tls.is_some(),
            path,
            authorization,
            #[cfg(feature = "questdb-rs")]
            credentials: credentials.map(|(user, password)| {
                let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
                (text(user), Secret(text(password)))
            }),
        })
    }

    /// As whom: the URL's own credentials win.
    #[cfg(feature = "questdb-rs")]
    pub(crate) fn auth(&self, otherwise: &Auth) -> Auth {
        self.credentials
            .clone()
            .map_or_else(|| otherwise.clone(), |(user, password)| Auth::Basic { user, password })
    }

    #[cfg(feature = "questdb-rs")]
    pub(crate) fn has_path(&self) -> bool {
        !self.path.is_empty()
    }

    /// Host and port.
    pub(super) fn authority(&self) -> String {
        let brackets = self.host.contains(':');
        let (open, close) = if brackets { ("[", "]") } else { ("", "") };
        format!("{open}{}{close}:{}", self.host, self.port)
    }

    /// The URL without credentials.
    pub(super) fn display_url(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority(), self.path)
    }

    /// Writes the head of a request: a `POST` when it has a body of some type, else a `GET`.
    pub(super) fn write_head(
        &self,
        head: &mut Vec<u8>,
        path: &str,
        media_type: Option<&str>,
        length: usize,
    ) {
        let method = if media_type.is_some() { "POST" } else { "GET" };
        let mut text = format!(
            "{method} {}{path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: plimsoll-metrics/{}\r\nAccept: */*\r\n",
            self.path,
            self.authority(),
            env!("CARGO_PKG_VERSION"),
        );
        if let Some(Secret(authorization)) = &self.authorization {
            text.push_str("Authorization: ");
            text.push_str(authorization);
            text.push_str("\r\n");
        }
        if let Some(media_type) = media_type {
            text.push_str(&format!("Content-Type: {media_type}\r\nContent-Length: {length}\r\n"));
        }
        text.push_str("\r\n");
        head.clear();
        head.extend_from_slice(text.as_bytes());
    }
}

fn split_port(authority: &str, default: u16) -> Result<(&str, u16), UrlError> {
    let malformed = |reason| UrlError::Malformed { reason };
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (host, port) = rest.split_once(']').ok_or(malformed("has `[` without `]`"))?;
        if host.parse::<Ipv6Addr>().is_err() {
            return Err(malformed("has no IPv6 address in its brackets"));
        }
        (host, port)
    } else {
        authority.split_at(authority.find(':').unwrap_or(authority.len()))
    };
    if host.is_empty() {
        return Err(malformed("has no host"));
    }
    let port = match port.strip_prefix(':') {
        Some(port) => port.parse().map_err(|_| malformed("has no port between 0 and 65535"))?,
        None if port.is_empty() => default,
        None => return Err(malformed("has text after `]`")),
    };
    Ok((host, port))
}

fn authorization(auth: &Auth) -> Result<Option<Secret>, UrlError> {
    match auth {
        Auth::None => Ok(None),
        Auth::Basic { user, password: Secret(password) } => {
            Ok(Some(basic(user.as_bytes(), password.as_bytes())))
        }
        Auth::Bearer { token: Secret(token) } => {
            if token.bytes().any(|b| !b.is_ascii_graphic()) {
                return Err(UrlError::Malformed {
                    reason: "comes with a token that is not printable",
                });
            }
            Ok(Some(Secret(format!("Bearer {token}"))))
        }
    }
}

fn basic(user: &[u8], password: &[u8]) -> Secret {
    Secret(format!("Basic {}", base64(&[user, b":", password].concat())))
}

/// Undoes percent escapes.
fn unescape(text: &str) -> Result<Vec<u8>, UrlError> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
        let value = digit().zip(digit()).and_then(|(h, l)| u8::try_from(h * 16 + l).ok());
        out.push(value.ok_or(UrlError::Malformed { reason: "has `%` without two digits" })?);
    }
    Ok(out)
}

/// Base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let word = group.iter().fold(0_u32, |w, b| (w << 8) | u32::from(*b));
        let word = word << (8 * 3_usize.saturating_sub(group.len()));
        for place in 0..4_usize {
            let index =
                usize::try_from((word >> (18_usize.saturating_sub(6 * place))) & 63).unwrap_or(0);
            let digit = DIGITS.get(index).copied().unwrap_or(b'=');
            out.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

/// Escapes a text for the query part of a path.
pub(crate) fn escape_query(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_the_padding_of_the_standard() {
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), coded, "{plain}");
        }
    }

    #[test]
    fn a_url_is_taken_apart() {
        let check = |url: &str, host: &str, port: u16, shown: &str| {
            let endpoint = Endpoint::parse(url, &Auth::None).unwrap();
            assert_eq!((endpoint.host.as_str(), endpoint.port), (host, port), "{url}");
            assert_eq!(endpoint.display_url(), shown, "{url}");
            assert_eq!(format!("{endpoint:?}"), shown, "{url}");
        };
        check("http://db", "db", 80, "http://db:80");
        check("http://127.0.0.1:9000/", "127.0.0.1", 9000, "http://127.0.0.1:9000");
        check("http://[::1]:9000", "::1", 9000, "http://[::1]:9000");
        check("http://u:p%40ss@db:1/a/b/", "db", 1, "http://db:1/a/b");
        check("http://u:p@ss@db:1", "db", 1, "http://db:1");
        #[cfg(feature = "questdb-rs")]
        check("https://u:p@db/", "db", 443, "https://db:443");
    }

    #[test]
    fn credentials_are_sent_and_never_shown() {
        let endpoint = Endpoint::parse("http://us%3Aer:hunter2@db:1", &Auth::None).unwrap();
        let mut head = Vec::new();
        endpoint.write_head(&mut head, "/", None, 0);
        let head = String::from_utf8(head).unwrap();
        assert!(head.contains("Authorization: Basic dXM6ZXI6aHVudGVyMg==\r\n"), "{head}");
        let shown = format!("{endpoint:?} {:?}", Auth::Bearer { token: Secret::new("hunter2") });
        assert!(!shown.contains("hunter2") && !shown.contains("dXM6"), "{shown}");
    }

    #[test]
    fn a_url_that_cannot_be_used_says_why() {
        let check = |url: &str, wanted: &str| {
            let error = Endpoint::parse(url, &Auth::None).unwrap_err().to_string();
            assert!(error.contains(wanted), "{url}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        };
        #[cfg(not(feature = "questdb-rs"))]
        check("https://db", "questdb-rs");
        check("db:9000", "does not begin");
        check("http://", "no host");
        check("http://u:hunter2@", "no host");
        check("http://db:70000", "no port");
        check("http://[::1", "without `]`");
        check("http://[db]:1", "no IPv6");
        check("http://db/?x=1", "query");
        check("http://d b", "space");
        check("http://u%4:hunter2@db", "two digits");
    }
}
