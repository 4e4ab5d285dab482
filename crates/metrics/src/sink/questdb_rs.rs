//! QuestDB over https, by its own client.

use std::{fmt, time::Duration};

use questdb::{
    Error, ErrorCode,
    ingress::{
        Buffer, ColumnName, Protocol, ProtocolVersion, Sender, SenderBuilder, TableName,
        TimestampNanos,
    },
};

use crate::{
    batch::{Batch, Cell},
    schema::{ColumnType, Schema, leading},
    sink::{
        Rejected, Sink, SinkError,
        http::{Auth, UrlError},
    },
};

/// Writes to QuestDB 9 or later over https.
///
/// **Delivery:** as [`IlpSink`](crate::IlpSink): a row counts as stored when the server said so,
/// and goes again when it did not.
///
/// **Limits:** tables are neither created nor looked at over this connection. Create them with
/// `plimsoll tables apply` before; a server that creates missing tables by itself
/// (`line.auto.create.new.tables`) would make one that keeps duplicates.
pub struct HttpsSink {
    host: String,
    port: u16,
    auth: Auth,
    prefix: String,
    request_timeout: Duration,
    sender: Option<Sender>,
    buffer: Buffer,
}

impl fmt::Debug for HttpsSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpsSink")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("auth", &self.auth)
            .finish_non_exhaustive()
    }
}

impl HttpsSink {
    /// A sink for `https://host[:port]` with tables named `prefix` + name. Touches no network.
    ///
    /// # Errors
    ///
    /// [`UrlError`] when the URL is not of that form.
    pub fn connect(
        url: &str,
        auth: Auth,
        prefix: &str,
        request_timeout: Duration,
    ) -> Result<Self, UrlError> {
        let malformed = |reason| UrlError::Malformed { reason };
        let rest =
            url.strip_prefix("https://").ok_or(malformed("does not begin with `https://`"))?;
        let rest = rest.trim_end_matches('/');
        if rest.contains(['/', '?', '#', '@']) {
            return Err(malformed("has more than host and port; credentials go into `auth`"));
        }
        let (host, port) = crate::sink::http::split_port(rest, 443)?;
        Ok(Self {
            host: host.to_owned(),
            port,
            auth,
            prefix: prefix.to_owned(),
            request_timeout,
            sender: None,
            buffer: Buffer::new(ProtocolVersion::V2),
        })
    }

    /// Builds the client; that touches no network since the protocol version is given.
    fn build(&self) -> Result<Sender, Error> {
        let builder = SenderBuilder::new(Protocol::Https, self.host.clone(), self.port)
            .protocol_version(ProtocolVersion::V2)?
            .request_timeout(self.request_timeout)?
            .request_min_throughput(1 << 20)?
            .retry_timeout(Duration::ZERO)?;
        match &self.auth {
            Auth::None => builder,
            Auth::Basic { user, password } => {
                builder.username(user)?.password(password.expose())?
            }
            Auth::Bearer { token } => builder.token(token.expose())?,
        }
        .build()
    }

    fn flush(&mut self) -> Result<(), Error> {
        let mut sender = match self.sender.take() {
            Some(sender) => sender,
            None => self.build()?,
        };
        sender.flush_and_keep_with_flags(&self.buffer, false)?;
        // A sender that failed is not used again.
        self.sender = Some(sender);
        Ok(())
    }

    fn classify(&self, error: Error, rows: usize) -> SinkError {
        let text = error.msg().to_owned();
        let pause = |reason| SinkError::Pause { reason };
        match error.code() {
            ErrorCode::AuthError => pause(format!("{} refuses the credentials: {text}", self.host)),
            ErrorCode::ConfigError
            | ErrorCode::TlsError
            | ErrorCode::HttpNotSupported
            | ErrorCode::ProtocolVersionError
            | ErrorCode::InvalidApiCall => pause(text),
            ErrorCode::ServerFlushError => match refused_line(&text) {
                Some(line) if line <= rows => SinkError::Reject {
                    rows: vec![Rejected { row: line.saturating_sub(1), reason: text }],
                },
                // The same bytes would be refused again, and no row is named.
                _ if text.contains("code: invalid") => pause(text),
                _ => SinkError::Retry { source: Box::new(error) },
            },
            // Refused, reset, timed out: the client itself does not try these again.
            _ => SinkError::Retry { source: Box::new(error) },
        }
    }
}

impl Sink for HttpsSink {
    fn prepare(&mut self, _schema: &Schema) -> Result<(), SinkError> {
        Ok(())
    }

    fn write(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.buffer.clear();
        let table = format!("{}{}", self.prefix, batch.schema().name);
        let names = Names::new(&table, batch.schema())
            .map_err(|e| SinkError::Pause { reason: e.msg().to_owned() })?;
        for (row, cells) in batch.rows().enumerate() {
            append(&mut self.buffer, batch, &names, cells).map_err(|e| SinkError::Reject {
                rows: vec![Rejected { row, reason: e.msg().to_owned() }],
            })?;
        }
        self.flush().map_err(|e| self.classify(e, batch.len()))
    }
}

/// Names checked once a batch.
struct Names<'n> {
    table: TableName<'n>,
    columns: Vec<(ColumnName<'n>, ColumnType, bool)>,
}

impl<'n> Names<'n> {
    fn new(table: &'n str, schema: &'n Schema) -> Result<Self, Error> {
        let keys = schema.key_columns();
        let natural = schema.is_natural();
        let columns = schema.all_columns().map(|c| {
            let is_key = natural && keys.contains(&c.name.as_ref());
            Ok((ColumnName::new(c.name.as_ref())?, c.ty, is_key))
        });
        Ok(Self { table: TableName::new(table)?, columns: columns.collect::<Result<_, Error>>()? })
    }
}

fn append(
    buffer: &mut Buffer,
    batch: &Batch<'_>,
    names: &Names<'_>,
    cells: &[Cell],
) -> Result<(), Error> {
    let ts = match cells.get(leading::TS) {
        Some(Cell::Timestamp(ts) | Cell::Long(ts)) => *ts,
        _ => return Err(Error::new(ErrorCode::InvalidTimestamp, "no `ts`")),
    };
    buffer.table(names.table)?;
    let columns = || names.columns.iter().zip(cells).skip(1);
    for ((name, ty, is_key), cell) in columns() {
        if *ty == ColumnType::Symbol {
            let text: String = batch
                .str_of(*cell)
                .unwrap_or_default()
                .chars()
                .filter(|c| !c.is_ascii_control())
                .collect();
            match (text.is_empty(), is_key) {
                (false, _) => buffer.symbol(*name, &text)?,
                (true, true) => buffer.symbol(*name, "-")?,
                (true, false) => continue,
            };
        }
    }
    for ((name, ty, is_key), cell) in columns() {
        match (ty, *cell) {
            (ColumnType::Symbol, _) => {}
            (ColumnType::Varchar, cell) => {
                let text = batch.str_of(cell).unwrap_or_default().replace('\0', "");
                match (text.is_empty(), is_key) {
                    (false, _) => buffer.column_str(*name, &text)?,
                    (true, true) => buffer.column_str(*name, "-")?,
                    (true, false) => continue,
                };
            }
            (ColumnType::Double, Cell::Double(v)) if v.is_finite() => {
                buffer.column_f64(*name, v)?;
            }
            (ColumnType::Long | ColumnType::Int, Cell::Long(v)) => {
                buffer.column_i64(*name, v)?;
            }
            (ColumnType::Timestamp, Cell::Timestamp(v)) => {
                buffer.column_ts(*name, TimestampNanos::new(v))?;
            }
            _ => {}
        }
    }
    buffer.at(TimestampNanos::new(ts))
}

/// The line that the server names; the client keeps it in its text only.
fn refused_line(text: &str) -> Option<usize> {
    let (_, after) = text.rsplit_once("line: ")?;
    after.strip_suffix(']')?.parse().ok().filter(|line| *line > 0)
}
