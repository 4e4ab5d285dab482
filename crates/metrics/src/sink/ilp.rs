//! Rows to QuestDB or to a station: line protocol over plain HTTP.

mod answer;
mod server;

use std::{ops::Range, time::Duration};

use crate::{
    batch::Batch,
    schema::Schema,
    sink::{
        Ddl, Rejected, Sink, SinkError,
        http::{Auth, HttpClient, HttpOptions, UrlError},
        line::{LineCounts, LineEncoder, LineError, LineProtocol},
    },
};
use answer::Answer;
pub(super) use server::Server;

/// Media type of a body in line protocol.
const MEDIA_TYPE: &str = "text/plain; charset=utf-8";

/// How to write to QuestDB or to a station.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct IlpOptions {
    /// As whom; credentials in the URL win. Default nobody.
    pub auth: Auth,
    /// Before each table's name, such as `bt_` for backtests. Default empty.
    pub prefix: String,
    /// Who creates and changes tables. Default [`Ddl::Verify`].
    pub ddl: Ddl,
    /// Bounds of each request.
    pub http: HttpOptions,
    /// Longest time between two looks at whether a table is suspended. Default 30 s.
    pub table_check_interval: Duration,
    /// Longest body of one request, in bytes; a bigger batch goes in parts. Default 32 MiB.
    pub body_bytes_max: usize,
}

impl Default for IlpOptions {
    fn default() -> Self {
        Self {
            auth: Auth::None,
            prefix: String::new(),
            ddl: Ddl::Verify,
            http: HttpOptions::default(),
            table_check_interval: Duration::from_secs(30),
            body_bytes_max: 32 << 20,
        }
    }
}

impl IlpOptions {
    /// Sets [`IlpOptions::auth`].
    #[must_use]
    pub fn with_auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// Sets [`IlpOptions::prefix`].
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets [`IlpOptions::ddl`].
    #[must_use]
    pub fn with_ddl(mut self, ddl: Ddl) -> Self {
        self.ddl = ddl;
        self
    }

    /// Sets [`IlpOptions::http`].
    #[must_use]
    pub fn with_http(mut self, http: HttpOptions) -> Self {
        self.http = http;
        self
    }

    /// Sets [`IlpOptions::table_check_interval`].
    #[must_use]
    pub fn with_table_check_interval(mut self, interval: Duration) -> Self {
        self.table_check_interval = interval;
        self
    }

    /// Sets [`IlpOptions::body_bytes_max`].
    #[must_use]
    pub fn with_body_bytes_max(mut self, bytes: usize) -> Self {
        self.body_bytes_max = bytes;
        self
    }
}

/// Writes to QuestDB 9 or later, or to a station, over plain HTTP.
///
/// **Delivery:** one request per table and batch; a row counts as stored when the server said so.
/// A reply that is lost makes the same rows go twice, and the table's key keeps one of them, so
/// [`Sink::prepare`] refuses a table without that key.
#[derive(Debug)]
pub struct IlpSink {
    client: HttpClient,
    server: Server,
    encoder: LineEncoder,
    body: Vec<u8>,
    options: IlpOptions,
}

impl IlpSink {
    /// A sink for `http://[user:password@]host:port`. Touches no network.
    ///
    /// # Errors
    ///
    /// [`UrlError`] when the URL is not of that form.
    pub fn connect(url: &str, options: IlpOptions) -> Result<Self, UrlError> {
        let client = HttpClient::new(url, &options.auth, options.http.clone())?;
        let encoder = LineEncoder::new(LineProtocol::V2, &options.prefix);
        let server = Server::new(client.display_url(), &options.prefix, options.ddl);
        Ok(Self { client, server, encoder, body: Vec::new(), options })
    }

    /// What was left out of rows so far.
    #[must_use]
    pub fn counts(&self) -> LineCounts {
        self.encoder.counts()
    }

    fn write_range(&mut self, batch: &Batch<'_>, all: Range<usize>) -> Result<(), SinkError> {
        let mut parts = vec![all];
        while let Some(part) = parts.pop() {
            match self.send(batch, part.clone())? {
                Answer::Stored => {}
                Answer::TooLarge if part.len() > 1 => {
                    let middle = middle(&part);
                    parts.push(middle..part.end);
                    parts.push(part.start..middle);
                }
                Answer::TooLarge => return Err(reject(part.start, "larger than the store takes")),
                Answer::BadLine { line, reason } if line <= part.len() => {
                    let row = part.start.saturating_add(line.saturating_sub(1));
                    return Err(self.refuse(batch, row, &reason));
                }
                Answer::BadLine { reason, .. } | Answer::BadBatch { reason } => {
                    return Err(self.bisect(batch, part, reason));
                }
            }
        }
        Ok(())
    }

    /// Finds the first row that the store refuses, in log₂ n requests. Rows before it are stored
    /// meanwhile; sending them again adds nothing.
    fn bisect(
        &mut self,
        batch: &Batch<'_>,
        mut bad: Range<usize>,
        mut reason: String,
    ) -> SinkError {
        while bad.len() > 1 {
            let middle = middle(&bad);
            match self.send(batch, bad.start..middle) {
                Ok(Answer::Stored) => bad.start = middle,
                Ok(Answer::BadLine { reason: r, .. } | Answer::BadBatch { reason: r }) => {
                    reason = r;
                    bad.end = middle;
                }
                Ok(Answer::TooLarge) => bad.end = middle,
                Err(error) => return error,
            }
        }
        match self.send(batch, bad.clone()) {
            // Each part was taken alone: the refusal was about something that has passed.
            Ok(Answer::Stored) => answer::retry(400, &reason),
            Ok(_) => self.refuse(batch, bad.start, &reason),
            Err(error) => error,
        }
    }

    /// A row may be refused because the table changed: then no row is to blame.
    fn refuse(&mut self, batch: &Batch<'_>, row: usize, reason: &str) -> SinkError {
        match self.prepare(batch.schema()) {
            Ok(()) => reject(row, reason),
            Err(error) => error,
        }
    }

    fn send(&mut self, batch: &Batch<'_>, rows: Range<usize>) -> Result<Answer, SinkError> {
        self.body.clear();
        let begin = rows.start;
        let single = rows.len() <= 1;
        match self.encoder.encode(batch, rows, &mut self.body) {
            Ok(()) => {}
            Err(LineError::Row { row, reason }) => return Err(reject(row, reason)),
            Err(error @ LineError::Name { .. }) => {
                return Err(SinkError::Pause { reason: crate::sink::http::chain(&error) });
            }
        }
        if self.body.len() > self.options.body_bytes_max {
            if single {
                return Err(reject(begin, "longer than `body_bytes_max`"));
            }
            return Ok(Answer::TooLarge);
        }
        let reply = self.client.post("/write?precision=n", MEDIA_TYPE, &self.body);
        answer::classify(reply, self.server.url())
    }

    fn check_tables(&mut self, schema: &Schema) -> Result<(), SinkError> {
        if !self.server.knows(schema) {
            return self.prepare(schema);
        }
        self.server.look_if_due(&mut self.client, self.options.table_check_interval)?;
        self.server.check_writable(schema)
    }
}

impl Sink for IlpSink {
    fn prepare(&mut self, schema: &Schema) -> Result<(), SinkError> {
        self.server.identify(&mut self.client)?;
        let missing = self.server.prepare(&mut self.client, schema)?;
        let missing: Vec<&str> = missing.iter().map(String::as_str).collect();
        self.encoder
            .omit(schema, &missing)
            .map_err(|error| SinkError::Pause { reason: crate::sink::http::chain(&error) })
    }

    fn write(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.check_tables(batch.schema())?;
        self.write_range(batch, 0..batch.len())
    }
}

fn middle(range: &Range<usize>) -> usize {
    range.start.saturating_add(range.len() / 2)
}

fn reject(row: usize, reason: &str) -> SinkError {
    SinkError::Reject { rows: vec![Rejected { row, reason: reason.to_owned() }] }
}
