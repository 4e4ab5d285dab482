//! The one way to the network: bounded in time and size, and silent about addresses.

use std::{
    io::Read as _,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use plimsoll_redact::{Secret, is_private_way};
use reqwest::blocking::Client;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How much of a reply is read.
const REPLY_BYTES_MAX: u64 = 256 << 10;

/// What is asked of a server.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Secret,
    pub(crate) headers: Vec<(&'static str, Secret)>,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    #[cfg(feature = "sentry")]
    Put,
    #[cfg(feature = "http")]
    Patch,
}

/// What it answered.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer. Says nothing of the address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("no TLS provider is installed; call `CryptoProvider::install_default` of rustls first")]
    NoTls,
    #[error("the address is no https address, nor http on this machine")]
    Address,
    #[error("no answer within {} ms", after.as_millis())]
    Timeout { after: Duration },
    #[error("no connection")]
    Connect,
    #[error("the connection broke, or what came is no HTTP")]
    Broken,
    #[error("no client: {0}")]
    Client(String),
}

impl Fault {
    /// Whether the same request may have an answer later.
    #[cfg(feature = "sentry")]
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Timeout { .. } | Self::Connect | Self::Broken)
    }
}

impl Request {
    pub(crate) fn json(method: Method, url: Secret, body: &serde_json::Value) -> Self {
        let content_type = "application/json";
        Self { method, url, headers: Vec::new(), content_type, body: body.to_string().into() }
    }

    pub(crate) fn get(url: Secret) -> Self {
        let content_type = "";
        Self { method: Method::Get, url, headers: Vec::new(), content_type, body: Vec::new() }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: Secret) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A few words of the body for a person, with nothing secret in them.
    pub(crate) fn excerpt(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text: String = text.chars().take(200).collect();
        plimsoll_redact::mask(&text, &plimsoll_redact::Rules::default()).into_owned()
    }

    /// How long the server asks to wait, by its `retry-after`.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let secs = self.header("retry-after")?.trim().parse::<f64>().ok()?;
        Duration::try_from_secs_f64(secs).ok()
    }
}

/// A client, made when it is first used: on the thread that uses it, and after the program has chosen its TLS
/// provider.
#[derive(Debug)]
pub(crate) struct Http {
    timeout: Duration,
    client: Mutex<Option<Client>>,
}

impl Http {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { timeout, client: Mutex::new(None) }
    }

    pub(crate) fn send(&self, request: Request) -> Result<Reply, Fault> {
        let url = checked(request.url.expose())?;
        self.send_to(url, request)
    }

    /// As [`Http::send`], also without TLS to another host: for addresses that hold no secret.
    #[cfg(feature = "http")]
    pub(crate) fn send_anywhere(&self, request: Request) -> Result<Reply, Fault> {
        let url = reqwest::Url::parse(request.url.expose()).map_err(|_| Fault::Address)?;
        self.send_to(url, request)
    }

    fn send_to(&self, url: reqwest::Url, request: Request) -> Result<Reply, Fault> {
        let client = self.client()?;
        let mut builder = match request.method {
            Method::Get => client.get(url),
            Method::Post => client.post(url),
            #[cfg(feature = "sentry")]
            Method::Put => client.put(url),
            #[cfg(feature = "http")]
            Method::Patch => client.patch(url),
        };
        if !request.content_type.is_empty() {
            builder = builder.header("content-type", request.content_type);
        }
        for (name, value) in &request.headers {
            builder = builder.header(*name, value.expose());
        }
        let response = builder.body(request.body).send().map_err(|e| self.fault(&e))?;
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.as_str().to_owned(), lossy(value.as_bytes())))
            .collect();
        let mut body = Vec::new();
        let read = response.take(REPLY_BYTES_MAX).read_to_end(&mut body);
        read.map_err(|_| Fault::Broken)?;
        Ok(Reply { status, headers, body })
    }

    /// Makes the client, which takes a while: it reads the certificates that the system trusts.
    #[cfg(feature = "http")]
    pub(crate) fn warm_up(&self) {
        // A fault is told with the first request.
        let _told_later = self.client();
    }

    fn client(&self) -> Result<Client, Fault> {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = client.as_ref() {
            return Ok(client.clone());
        }
        // Without one, reqwest panics.
        rustls::crypto::CryptoProvider::get_default().ok_or(Fault::NoTls)?;
        let made = Client::builder()
            .timeout(self.timeout)
            .connect_timeout(CONNECT_TIMEOUT.min(self.timeout))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| Fault::Client(e.without_url().to_string()))?;
        *client = Some(made.clone());
        Ok(made)
    }

    fn fault(&self, error: &reqwest::Error) -> Fault {
        if error.is_timeout() {
            Fault::Timeout { after: self.timeout }
        } else if error.is_connect() {
            Fault::Connect
        } else if error.is_builder() {
            Fault::Address
        } else {
            Fault::Broken
        }
    }
}

/// An address that a secret may be sent to: over TLS, or without leaving the machine.
fn checked(url: &str) -> Result<reqwest::Url, Fault> {
    let url = reqwest::Url::parse(url.trim()).map_err(|_| Fault::Address)?;
    let is_private = is_private_way(url.scheme(), url.host_str().unwrap_or_default());
    if is_private { Ok(url) } else { Err(Fault::Address) }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_keep_a_secret_are_used() {
        for fine in ["https://discord.com/api", "http://127.0.0.1:80/x", "http://localhost/x"] {
            assert!(checked(fine).is_ok(), "{fine}");
        }
        for wrong in ["http://discord.com/api", "ftp://a/b", "discord.com", ""] {
            assert_eq!(checked(wrong), Err(Fault::Address), "{wrong}");
        }
    }
}
