//! QuestDB over https, by its own client.

use std::{collections::HashMap, fmt, time::Duration};

use questdb::{
    Error, ErrorCode,
    ingress::{
        Buffer, CertificateAuthority, ColumnName, Protocol, ProtocolVersion, Sender, SenderBuilder,
        TableName, TimestampNanos,
    },
};

use crate::{
    batch::{Batch, Cell},
    schema::{ColumnType, Schema, leading},
    sink::{
        Rejected, Sink, SinkError,
        http::{Auth, Endpoint, HttpClient, UrlError},
        ilp::{IlpOptions, Server},
    },
};

/// Writes to QuestDB 9 or later over https.
///
/// **Delivery:** as [`IlpSink`](crate::IlpSink): a row counts as stored when the server said so,
/// and goes again when it did not; [`Sink::prepare`] refuses a table without the right key.
pub struct HttpsSink {
    endpoint: Endpoint,
    options: IlpOptions,
    /// For questions about tables; rows go by `sender`.
    client: HttpClient,
    server: Server,
    /// Columns that the store does not have yet, by table.
    missing: HashMap<String, Vec<String>>,
    sender: Option<Sender>,
    buffer: Buffer,
}

impl fmt::Debug for HttpsSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpsSink").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl HttpsSink {
    /// A sink for `https://[user:password@]host[:port]`. Touches no network.
    ///
    /// # Errors
    ///
    /// [`UrlError`] when the URL is not of that form.
    pub fn connect(url: &str, options: IlpOptions) -> Result<Self, UrlError> {
        let malformed = |reason| UrlError::Malformed { reason };
        let client = HttpClient::new(url, &options.auth, options.http.clone())?;
        let endpoint = Endpoint::parse(url, &options.auth)?;
        if !endpoint.is_tls {
            return Err(malformed("does not begin with `https://`"));
        }
        if endpoint.has_path() {
            return Err(malformed("has more than host and port"));
        }
        let server = Server::new(client.display_url(), &options.prefix, options.ddl);
        Ok(Self {
            endpoint,
            options,
            client,
            server,
            missing: HashMap::new(),
            sender: None,
            buffer: Buffer::new(ProtocolVersion::V2),
        })
    }

    /// Builds the client; that touches no network since the protocol version is given.
    fn build(&self) -> Result<Sender, Error> {
        let http = &self.options.http;
        let bytes_per_second = u64::from(http.bytes_per_second_min.get());
        let mut builder =
            SenderBuilder::new(Protocol::Https, self.endpoint.host.clone(), self.endpoint.port)
                .protocol_version(ProtocolVersion::V2)?
                .request_timeout(http.request_timeout)?
                .request_min_throughput(bytes_per_second)?
                .retry_timeout(Duration::ZERO)?;
        if let Some(file) = &http.ca_file {
            builder = builder.tls_ca(CertificateAuthority::PemFile)?.tls_roots(file)?;
        }
        match self.endpoint.auth(&self.options.auth) {
            Auth::None => builder,
            Auth::Basic { user, password } => {
                builder.username(&user)?.password(password.expose())?
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
            ErrorCode::AuthError => {
                pause(format!("{} refuses the credentials: {text}", self.server.url()))
            }
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
    fn prepare(&mut self, schema: &Schema) -> Result<(), SinkError> {
        self.server.identify(&mut self.client)?;
        let missing = self.server.prepare(&mut self.client, schema)?;
        self.missing.insert(schema.name.clone().into_owned(), missing);
        Ok(())
    }

    fn write(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        if !self.server.knows(batch.schema()) {
            self.prepare(batch.schema())?;
        }
        self.server.look_if_due(&mut self.client, self.options.table_check_interval)?;
        self.server.check_writable(batch.schema())?;
        self.buffer.clear();
        let table = format!("{}{}", self.options.prefix, batch.schema().name);
        let missing = self.missing.get(batch.schema().name.as_ref()).map_or(&[][..], Vec::as_slice);
        let names = Names::new(&table, batch.schema(), missing)
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
    /// Name, type, and whether it is part of a venue's key; `None` is left out.
    columns: Vec<Option<(ColumnName<'n>, ColumnType, bool)>>,
}

impl<'n> Names<'n> {
    fn new(table: &'n str, schema: &'n Schema, missing: &[String]) -> Result<Self, Error> {
        let keys = schema.key_columns();
        let natural = schema.is_natural();
        let columns = schema.all_columns().map(|c| {
            if missing.iter().any(|name| *name == c.name) {
                return Ok(None);
            }
            let is_key = natural && keys.contains(&c.name.as_ref());
            Ok(Some((ColumnName::new(c.name.as_ref())?, c.ty, is_key)))
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
    let columns = || {
        let all = names.columns.iter().zip(cells).skip(1);
        all.filter_map(|(column, cell)| column.as_ref().map(|column| (column, cell)))
    };
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
