//! The Messages API over HTTPS.

use std::time::Duration;

use plimsoll_redact::{Rules, Secret, mask};
use serde_json::Value;

use crate::ask::{Ask, AskError};
use crate::request::Request;

const VERSION: &str = "2023-06-01";
/// Characters of an error's text that are kept.
const MESSAGE_MAX: usize = 300;
/// Bytes of an answer that are read at most.
const ANSWER_BYTES_MAX: u64 = 8 << 20;

/// A key of the service. It is not shown by `Debug`, and there is no way to get the text back.
#[derive(Debug, Clone)]
pub struct ApiKey(Secret);

impl ApiKey {
    /// Holds this text.
    pub fn new(text: impl Into<String>) -> ApiKey {
        ApiKey(Secret::new(text))
    }
}

/// Asks a model of Anthropic.
#[derive(Debug)]
pub struct Anthropic {
    client: reqwest::blocking::Client,
    url: String,
    key: ApiKey,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Without one no `https` can be spoken.
    #[error("no TLS provider is installed; call `CryptoProvider::install_default` of rustls first")]
    NoTls,
    /// A key goes over TLS only, or stays on this machine.
    #[error("`{found}` is neither an https address nor one of this machine")]
    Address {
        /// The address as given.
        found: String,
    },
    /// The HTTP client could not be made.
    #[error("cannot make an HTTP client")]
    Client {
        /// What the HTTP library says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Anthropic {
    /// A client of the service at `base_url`, such as `https://api.anthropic.com`. The key is sent in a header and
    /// shown nowhere. A process-wide TLS provider of rustls has to be installed.
    ///
    /// # Errors
    ///
    /// [`ClientError::NoTls`] without such a provider, [`ClientError::Address`] for `http` to another machine.
    pub fn new(base_url: &str, key: ApiKey, timeout: Duration) -> Result<Anthropic, ClientError> {
        // Without one, reqwest panics.
        rustls::crypto::CryptoProvider::get_default().ok_or(ClientError::NoTls)?;
        let address = || ClientError::Address { found: base_url.to_owned() };
        let url = reqwest::Url::parse(base_url).map_err(|_| address())?;
        if !plimsoll_redact::is_private_way(url.scheme(), url.host_str().unwrap_or_default()) {
            return Err(address());
        }
        let client = reqwest::blocking::Client::builder()
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|source| ClientError::Client { source: Box::new(source) })?;
        Ok(Anthropic {
            client,
            url: format!("{}/v1/messages", base_url.trim_end_matches('/')),
            key,
        })
    }
}

impl Ask for Anthropic {
    fn ask(&mut self, request: &Request) -> Result<Value, AskError> {
        let unreachable = |source: reqwest::Error| AskError::Unreachable {
            source: Box::new(source.without_url()),
        };
        let reply = self
            .client
            .post(&self.url)
            .header("x-api-key", self.key.0.expose())
            .header("anthropic-version", VERSION)
            .header("content-type", "application/json")
            .body(request.body.to_string())
            .send()
            .map_err(unreachable)?;
        let status = reply.status().as_u16();
        let retry_after = reply
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        let mut text = String::new();
        let read = std::io::Read::read_to_string(
            &mut std::io::Read::take(reply, ANSWER_BYTES_MAX),
            &mut text,
        );
        read.map_err(|source| AskError::Unreachable { source: Box::new(source) })?;
        if status != 200 {
            return Err(AskError::Refused { status, message: self.message(&text), retry_after });
        }
        serde_json::from_str(&text).map_err(|source| AskError::Garbage { source })
    }
}

impl Anthropic {
    /// What the service says of an error, shortened and without anything secret.
    fn message(&self, text: &str) -> String {
        let json: Option<Value> = serde_json::from_str(text).ok();
        let said = json.as_ref().and_then(|json| json.pointer("/error/message")?.as_str());
        let rules = Rules::default().with_known([self.key.0.expose()]);
        let masked = mask(said.unwrap_or(text), &rules);
        masked.chars().take(MESSAGE_MAX).collect()
    }
}
