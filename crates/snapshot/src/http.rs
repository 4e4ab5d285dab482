//! A small HTTP client: one request a connection, every wait bounded.

mod body;
#[cfg(feature = "https")]
mod tls;
mod url;

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use plimsoll_redact::Secret;

pub use url::UrlError;

use body::Body;
use url::Url;

/// The head of a reply may be so long.
const HEAD_LEN_MAX: usize = 64 << 10;
const HEADERS_MAX: usize = 100;

/// A request to one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request<'a> {
    /// Path and query, beginning with a slash.
    pub path: &'a str,
    /// A text in JSON to be posted; `None` gets.
    pub json: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// Gets a path.
    #[must_use]
    pub fn get(path: &'a str) -> Self {
        Self { path, json: None }
    }

    /// Posts a text in JSON to a path.
    #[must_use]
    pub fn post(path: &'a str, json: &'a str) -> Self {
        Self { path, json: Some(json) }
    }
}

/// A reply whose body is read when it is needed.
pub struct Reply<'a> {
    /// Its status, such as 200.
    pub status: u16,
    /// Its body; an error while it is read means that it is not whole.
    pub body: Box<dyn Read + 'a>,
}

impl fmt::Debug for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Asks one server. [`Http`] does; tests and other transports may.
pub trait Fetch: Send {
    /// Sends a request and returns what was answered, whatever its status.
    ///
    /// # Errors
    ///
    /// [`FetchError`] if there is no reply.
    fn fetch(&mut self, request: &Request<'_>) -> Result<Reply<'_>, FetchError>;

    /// Names the server for people, without credentials.
    fn server(&self) -> String;
}

/// Why there is no reply. Names the server, never credentials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// No connection.
    #[error("cannot connect to {server}")]
    Connect {
        /// The server.
        server: String,
        /// Why.
        source: io::Error,
    },
    /// The connection ended, or took too long.
    #[error("{server} did not answer")]
    Lost {
        /// The server.
        server: String,
        /// Why.
        source: io::Error,
    },
    /// The reply is not HTTP.
    #[error("the reply of {server} is not HTTP: {what}")]
    Malformed {
        /// The server.
        server: String,
        /// What does not fit.
        what: String,
    },
}

/// Bounds of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpOptions {
    /// Longest wait for a connection. Default 5 s.
    pub connect_timeout: Duration,
    /// Longest wait for the next bytes of a reply. Default 30 s.
    pub read_timeout: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self { connect_timeout: Duration::from_secs(5), read_timeout: Duration::from_secs(30) }
    }
}

impl HttpOptions {
    /// Sets [`HttpOptions::connect_timeout`].
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets [`HttpOptions::read_timeout`].
    #[must_use]
    pub fn with_read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }
}

/// Asks a server by `http://`, and by `https://` with the feature of that name.
#[derive(Debug, Clone)]
pub struct Http {
    url: Url,
    options: HttpOptions,
}

impl Http {
    /// A client for `http[s]://[user:password@]host[:port][/path]`; nothing is connected yet.
    ///
    /// # Errors
    ///
    /// [`UrlError`] if the text is not of that form.
    pub fn new(url: &str, options: HttpOptions) -> Result<Self, UrlError> {
        Ok(Self { url: Url::parse(url)?, options })
    }

    /// Adds credentials for basic authentication, unless the URL has them.
    #[must_use]
    pub fn with_credentials(mut self, user: &str, password: &str) -> Self {
        if self.url.credentials.is_none() {
            self.url.credentials = Some(Secret::new(format!("{user}:{password}")));
        }
        self
    }

    fn connect(&self) -> Result<Box<dyn Stream>, FetchError> {
        let failed = |source| FetchError::Connect { server: self.server(), source };
        let addresses =
            (self.url.host.as_str(), self.url.port).to_socket_addrs().map_err(failed)?;
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for address in addresses {
            match TcpStream::connect_timeout(&address, self.options.connect_timeout) {
                Ok(stream) => return self.prepare(stream).map_err(failed),
                Err(error) => last = error,
            }
        }
        Err(failed(last))
    }

    fn prepare(&self, stream: TcpStream) -> io::Result<Box<dyn Stream>> {
        stream.set_read_timeout(Some(self.options.read_timeout))?;
        stream.set_write_timeout(Some(self.options.read_timeout))?;
        stream.set_nodelay(true)?;
        if !self.url.is_tls {
            return Ok(Box::new(stream));
        }
        #[cfg(feature = "https")]
        return crate::http::tls::wrap(stream, &self.url.host);
        #[cfg(not(feature = "https"))]
        Err(io::Error::other("this program was built without the feature `https`"))
    }

    fn head(&self, request: &Request<'_>) -> String {
        let method = if request.json.is_some() { "POST" } else { "GET" };
        let mut head = format!(
            "{method} {}{} HTTP/1.1\r\nHost: {}\r\nUser-Agent: plimsoll-snapshot\r\nAccept: */*\r\n\
             Connection: close\r\n",
            self.url.base,
            request.path,
            self.url.host_header()
        );
        if let Some(credentials) = &self.url.credentials {
            let coded = url::base64(credentials.expose().as_bytes());
            head.push_str(&format!("Authorization: Basic {coded}\r\n"));
        }
        if let Some(json) = request.json {
            head.push_str("Content-Type: application/json\r\n");
            head.push_str(&format!("Content-Length: {}\r\n", json.len()));
        }
        head.push_str("\r\n");
        head
    }
}

/// A connection, plain or sealed.
trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

impl Fetch for Http {
    fn fetch(&mut self, request: &Request<'_>) -> Result<Reply<'_>, FetchError> {
        let lost = |source| FetchError::Lost { server: self.server(), source };
        let mut stream = self.connect()?;
        let mut bytes = self.head(request).into_bytes();
        bytes.extend_from_slice(request.json.unwrap_or_default().as_bytes());
        stream.write_all(&bytes).and_then(|()| stream.flush()).map_err(lost)?;
        let (status, body) = self.read_head(stream)?;
        Ok(Reply { status, body: Box::new(body) })
    }

    fn server(&self) -> String {
        self.url.shown()
    }
}

impl Http {
    fn read_head(&self, mut stream: Box<dyn Stream>) -> Result<(u16, Body), FetchError> {
        let malformed = |what: String| FetchError::Malformed { server: self.server(), what };
        let mut read = Vec::new();
        let mut room = [0; 8192];
        loop {
            let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
            let mut reply = httparse::Response::new(&mut headers);
            match reply.parse(&read) {
                Ok(httparse::Status::Complete(len)) => {
                    let status = reply.code.unwrap_or_default();
                    let framing = body::framing(status, reply.headers).map_err(malformed)?;
                    let rest = read.get(len..).unwrap_or_default().to_vec();
                    return Ok((status, Body::new(stream, rest, framing)));
                }
                Ok(httparse::Status::Partial) if read.len() < HEAD_LEN_MAX => {}
                Ok(httparse::Status::Partial) => {
                    return Err(malformed("its head is too long".to_owned()));
                }
                Err(error) => return Err(malformed(error.to_string())),
            }
            let len = stream
                .read(&mut room)
                .map_err(|source| FetchError::Lost { server: self.server(), source })?;
            if len == 0 {
                let source = io::ErrorKind::UnexpectedEof.into();
                return Err(FetchError::Lost { server: self.server(), source });
            }
            read.extend_from_slice(room.get(..len).unwrap_or_default());
        }
    }
}

/// Writes a text so that it can stand in a query.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            other => escaped.push_str(&format!("%{other:02X}")),
        }
    }
    escaped
}
