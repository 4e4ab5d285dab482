//! The one form of URL that is understood.

use std::fmt;

use plimsoll_redact::Secret;

/// A text that is not such a URL. Does not repeat it, as it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what}, wanted http://host[:port] or https://host[:port]")]
#[non_exhaustive]
pub struct UrlError {
    what: &'static str,
}

#[derive(Clone)]
pub(super) struct Url {
    pub(super) is_tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// Before every path; without a slash at its end.
    pub(super) base: String,
    pub(super) credentials: Option<Secret>,
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Url {
    pub(super) fn parse(text: &str) -> Result<Self, UrlError> {
        let wrong = |what| UrlError { what };
        let (is_tls, rest) = match text.split_once("://") {
            Some(("http", rest)) => (false, rest),
            Some(("https", rest)) => (true, rest),
            _ => return Err(wrong("the URL has another scheme or none")),
        };
        let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        let (credentials, address) = match authority.rsplit_once('@') {
            Some((credentials, address)) => (Some(Secret::new(unescape(credentials))), address),
            None => (None, authority),
        };
        let default_port = if is_tls { 443 } else { 80 };
        let (host, port) = match address.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, after)) => (host, after.strip_prefix(':')),
            None => {
                address.split_once(':').map_or((address, None), |(host, port)| (host, Some(port)))
            }
        };
        let port = match port {
            Some(port) => port.parse().map_err(|_| wrong("the URL has a wrong port"))?,
            None => default_port,
        };
        let is_plain = |text: &str| text.bytes().all(|byte| byte > b' ' && byte < 0x7f);
        if host.is_empty() || !is_plain(host) || !is_plain(path) {
            return Err(wrong("the URL has no host, or one that cannot be"));
        }
        if path.contains(['?', '#']) {
            return Err(wrong("the URL has a query"));
        }
        let base = path.trim_end_matches('/').to_owned();
        Ok(Self { is_tls, host: host.to_owned(), port, base, credentials })
    }

    pub(super) fn host_header(&self) -> String {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{host}:{}", self.port)
    }

    pub(super) fn shown(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}{}", self.host_header(), self.base)
    }
}

/// Takes percent signs out of user and password.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let code = code.and_then(|two| u8::from_str_radix(two, 16).ok()).filter(|_| *first == b'%');
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let part = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let number = part(0) << 16 | part(1) << 8 | part(2);
        for (place, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let digit = usize::try_from(number >> shift & 63).unwrap_or_default();
            let letter = DIGITS.get(digit).copied().unwrap_or(b'=');
            text.push(if place > chunk.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, wanted: Result<(&str, u16, &str), &str>) {
        match (Url::parse(text), wanted) {
            (Ok(url), Ok((host, port, base))) => {
                assert_eq!((url.host.as_str(), url.port, url.base.as_str()), (host, port, base));
            }
            (Err(error), Err(wanted)) => assert!(error.to_string().contains(wanted), "{error}"),
            (found, _) => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn urls_are_understood_or_refused() {
        check("http://db:9000", Ok(("db", 9000, "")));
        check("https://api.example.org/", Ok(("api.example.org", 443, "")));
        check("http://[::1]:1/a/b/", Ok(("::1", 1, "/a/b")));
        check("http://u:p%40ss@db", Ok(("db", 80, "")));
        check("ftp://db", Err("scheme"));
        check("http://", Err("no host"));
        check("http://db:x", Err("port"));
        check("http://db/?q=1", Err("query"));
        let url = Url::parse("http://u:p%40ss@db").unwrap();
        assert_eq!(url.credentials.as_ref().unwrap().expose(), "u:p@ss");
        assert!(!format!("{url:?}").contains("p@ss"), "{url:?}");
        assert_eq!(base64(b"Aladdin:open sesame"), "QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(base64(b"ab"), "YWI=");
    }
}
