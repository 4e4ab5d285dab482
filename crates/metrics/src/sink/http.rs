//! A small HTTP/1.1 client: one connection, every wait bounded; TLS only where it is built in.

mod reply;
mod stream;
#[cfg(feature = "questdb-rs")]
mod tls;
mod url;

use std::{
    error::Error,
    io::{self, Write as _},
    net::{TcpStream, ToSocketAddrs as _},
    num::NonZeroU32,
    path::PathBuf,
    time::{Duration, Instant},
};

pub use reply::Response;
pub use url::{Auth, Secret, UrlError};

use reply::Fault;
pub(crate) use url::Endpoint;

use stream::Stream;
pub(crate) use url::escape_query;

/// Bounds of a request.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HttpOptions {
    /// Longest wait for a connection. Default 2 s.
    pub connect_timeout: Duration,
    /// Longest time from the first byte sent to the last byte read, for a small body. Default 2 s.
    pub request_timeout: Duration,
    /// A body extends that time by its length over this, in bytes per second. Default 1 MiB/s.
    pub bytes_per_second_min: NonZeroU32,
    /// How much of a reply's body is kept, in bytes. Default 64 KiB.
    pub response_bytes_max: usize,
    /// Certificates of the authorities that a server under `https://` is believed by, as a PEM
    /// file. Default the public ones.
    pub ca_file: Option<PathBuf>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(2),
            request_timeout: Duration::from_secs(2),
            bytes_per_second_min: NonZeroU32::MIN.saturating_add((1 << 20) - 1),
            response_bytes_max: 64 << 10,
            ca_file: None,
        }
    }
}

impl HttpOptions {
    /// Sets [`HttpOptions::connect_timeout`].
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets [`HttpOptions::request_timeout`].
    #[must_use]
    pub fn with_request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Sets [`HttpOptions::bytes_per_second_min`].
    #[must_use]
    pub fn with_bytes_per_second_min(mut self, bytes: NonZeroU32) -> Self {
        self.bytes_per_second_min = bytes;
        self
    }

    /// Sets [`HttpOptions::response_bytes_max`].
    #[must_use]
    pub fn with_response_bytes_max(mut self, bytes: usize) -> Self {
        self.response_bytes_max = bytes;
        self
    }
}

impl HttpOptions {
    /// Sets [`HttpOptions::ca_file`].
    #[must_use]
    pub fn with_ca_file(mut self, file: Option<PathBuf>) -> Self {
        self.ca_file = file;
        self
    }
}

/// Why a request has no reply. Names host and port, never credentials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// No connection.
    #[error("cannot connect to {host}")]
    Connect {
        /// Host and port.
        host: String,
        /// Cause.
        source: io::Error,
    },
    /// The server is not believed, or does not speak TLS.
    #[error("no TLS with {host}")]
    Tls {
        /// Host and port.
        host: String,
        /// Cause.
        source: io::Error,
    },
    /// No whole reply in time.
    #[error("{host} did not answer within {} ms", after.as_millis())]
    Timeout {
        /// Host and port.
        host: String,
        /// The bound.
        after: Duration,
    },
    /// The connection ended in the middle of a request or a reply.
    #[error("{host} closed the connection")]
    Closed {
        /// Host and port.
        host: String,
        /// Cause, when there is one.
        source: Option<io::Error>,
    },
    /// The reply is not HTTP/1.1 as this client reads it.
    #[error("reply of {host} is not HTTP: {found}")]
    Malformed {
        /// Host and port.
        host: String,
        /// What was found.
        found: String,
    },
}

impl HttpError {
    /// Whether the same request may have a reply later. Not after a reply that is not HTTP, nor
    /// from a server that is not believed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::Malformed { .. } | Self::Tls { .. })
    }
}

/// One connection to one host, kept open between requests.
#[derive(Debug)]
pub struct HttpClient {
    endpoint: Endpoint,
    options: HttpOptions,
    stream: Option<Stream>,
    head: Vec<u8>,
}

impl HttpClient {
    /// A client for `http://[user:password@]host[:port][/path]`, with the feature `questdb-rs`
    /// also `https://`; nothing is connected yet.
    ///
    /// `auth` is used unless the URL has credentials of its own.
    ///
    /// # Errors
    ///
    /// [`UrlError`] when the URL is not of that form.
    pub fn new(url: &str, auth: &Auth, options: HttpOptions) -> Result<Self, UrlError> {
        let endpoint = Endpoint::parse(url, auth)?;
        Ok(Self { endpoint, options, stream: None, head: Vec::new() })
    }

    /// The URL without credentials.
    #[must_use]
    pub fn display_url(&self) -> String {
        self.endpoint.display_url()
    }

    /// Sends `GET path`.
    ///
    /// # Errors
    ///
    /// [`HttpError`]; a reply of any status is a reply.
    pub fn get(&mut self, path: &str) -> Result<Response, HttpError> {
        self.request(path, None, &[])
    }

    /// Sends `POST path` with a body.
    ///
    /// # Errors
    ///
    /// [`HttpError`]; a reply of any status is a reply. The request may have been carried out.
    pub fn post(
        &mut self,
        path: &str,
        media_type: &str,
        body: &[u8],
    ) -> Result<Response, HttpError> {
        self.request(path, Some(media_type), body)
    }

    fn request(
        &mut self,
        path: &str,
        media_type: Option<&str>,
        body: &[u8],
    ) -> Result<Response, HttpError> {
        self.endpoint.write_head(&mut self.head, path, media_type, body.len());
        let timeout = self.timeout(body.len());
        let deadline = Deadline::start(timeout);
        if let Some(stream) = self.stream.take() {
            match self.exchange(stream, body, deadline) {
                // An idle connection that the server has closed meanwhile: try a new one, once.
                Err(Fault::Stale(_)) => {}
                other => return other.map_err(|fault| self.error(fault, timeout)),
            }
        }
        let stream = self.connect()?;
        let deadline = Deadline::start(timeout);
        self.exchange(stream, body, deadline).map_err(|fault| self.error(fault, timeout))
    }

    fn timeout(&self, body_bytes: usize) -> Duration {
        let bytes = u32::try_from(body_bytes).unwrap_or(u32::MAX);
        let transfer = f64::from(bytes) / f64::from(self.options.bytes_per_second_min.get());
        self.options.request_timeout.saturating_add(Duration::from_secs_f64(transfer))
    }

    fn connect(&self) -> Result<Stream, HttpError> {
        let host = self.endpoint.authority();
        let failed = |source| HttpError::Connect { host: host.clone(), source };
        let mut last = io::Error::new(io::ErrorKind::NotFound, "host has no address");
        let deadline = Deadline::start(self.options.connect_timeout);
        for address in
            (self.endpoint.host.as_str(), self.endpoint.port).to_socket_addrs().map_err(failed)?
        {
            let Some(left) = deadline.left() else {
                last = io::ErrorKind::TimedOut.into();
                break;
            };
            match TcpStream::connect_timeout(&address, left) {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(failed)?;
                    return self.secure(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(failed(last))
    }

    #[cfg(not(feature = "questdb-rs"))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "without TLS nothing to do")]
    fn secure(&self, socket: TcpStream) -> Result<Stream, HttpError> {
        Ok(Stream::Plain(socket))
    }

    #[cfg(feature = "questdb-rs")]
    fn secure(&self, socket: TcpStream) -> Result<Stream, HttpError> {
        if !self.endpoint.is_tls {
            return Ok(Stream::Plain(socket));
        }
        let deadline = Deadline::start(self.options.request_timeout);
        let ca_file = self.options.ca_file.as_deref();
        let stream = tls::connect(socket, &self.endpoint.host, ca_file, deadline);
        stream.map(|stream| Stream::Tls(Box::new(stream))).map_err(|source| {
            let host = self.endpoint.authority();
            match source.kind() {
                io::ErrorKind::InvalidData => HttpError::Tls { host, source },
                _ => HttpError::Connect { host, source },
            }
        })
    }

    fn exchange(
        &mut self,
        mut stream: Stream,
        body: &[u8],
        deadline: Deadline,
    ) -> Result<Response, Fault> {
        let sent = send(&mut stream, &self.head, body, deadline);
        if let Err(Fault::TimedOut) = sent {
            return Err(Fault::TimedOut);
        }
        // A server may refuse a body that it has not read: its reply says more than the failure.
        match reply::read(&mut stream, deadline, self.options.response_bytes_max) {
            Ok((response, reusable)) => {
                if reusable && sent.is_ok() {
                    self.stream = Some(stream);
                }
                Ok(response)
            }
            Err(fault) => Err(sent.err().unwrap_or(fault)),
        }
    }

    fn error(&self, fault: Fault, after: Duration) -> HttpError {
        let host = self.endpoint.authority();
        match fault {
            Fault::TimedOut => HttpError::Timeout { host, after },
            Fault::Stale(source) | Fault::Broken(source) => HttpError::Closed { host, source },
            Fault::Malformed(found) => HttpError::Malformed { host, found },
        }
    }
}

/// Sends everything within the deadline.
fn send(stream: &mut Stream, head: &[u8], body: &[u8], deadline: Deadline) -> Result<(), Fault> {
    for mut part in [head, body] {
        while !part.is_empty() {
            let left = deadline.left().ok_or(Fault::TimedOut)?;
            stream.set_write_timeout(left).map_err(|e| Fault::Stale(Some(e)))?;
            match stream.write(part) {
                Ok(0) => return Err(Fault::Stale(None)),
                Ok(n) => part = part.get(n..).unwrap_or_default(),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if is_timeout(&e) => return Err(Fault::TimedOut),
                Err(e) => return Err(Fault::Stale(Some(e))),
            }
        }
    }
    stream.flush().map_err(|e| Fault::Stale(Some(e)))
}

/// A moment after which a request is given up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    #[allow(clippy::disallowed_methods, reason = "a bound of a wait on the network is an edge")]
    fn start(after: Duration) -> Self {
        Self(Instant::now().checked_add(after))
    }

    /// Time left; `None` when it is over. Without a representable end, one hour at a time.
    #[allow(clippy::disallowed_methods, reason = "a bound of a wait on the network is an edge")]
    fn left(self) -> Option<Duration> {
        let Some(end) = self.0 else { return Some(Duration::from_secs(3600)) };
        end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// An error and its causes on one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
