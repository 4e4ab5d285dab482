//! What is at the other end, and whether its tables are fit to be written to.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::{
    ddl::type_word,
    migrate::ExistingColumn,
    schema::{Column, SCHEMA_VERSION, Schema},
    sink::{
        Ddl, SinkError,
        exec::{self, QueryError},
        http::{HttpClient, chain},
        ilp::answer,
        json::Json,
        questdb_store::{self, FoundColumn},
    },
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    QuestDb,
    Station,
}

/// State of one table at the last look.
#[derive(Debug, Clone, Copy)]
struct TableState {
    suspended: bool,
    dedup: bool,
}

#[derive(Debug)]
pub(in crate::sink) struct Server {
    url: String,
    prefix: String,
    ddl: Ddl,
    kind: Option<Kind>,
    prepared: Vec<Schema>,
    tables: HashMap<String, TableState>,
    looked_at: Option<Instant>,
}

impl Server {
    pub(in crate::sink) fn new(url: String, prefix: &str, ddl: Ddl) -> Self {
        let prefix = prefix.to_owned();
        Self {
            url,
            prefix,
            ddl,
            kind: None,
            prepared: Vec::new(),
            tables: HashMap::new(),
            looked_at: None,
        }
    }

    pub(in crate::sink) fn url(&self) -> &str {
        &self.url
    }

    /// Whether the table was found fit with exactly these columns.
    pub(in crate::sink) fn knows(&self, schema: &Schema) -> bool {
        self.prepared.iter().any(|s| s == schema)
    }

    /// Asks what it is; again each time, because another version may have taken the port.
    pub(in crate::sink) fn identify(&mut self, client: &mut HttpClient) -> Result<(), SinkError> {
        self.kind = None;
        let reply = client.get("/settings").map_err(answer::http_error)?;
        let station = reply.server.starts_with("plimsoll-station");
        let body = String::from_utf8_lossy(&reply.body);
        match reply.status {
            401 | 403 => return Err(answer::refused(reply.status, &self.url)),
            429 | 500..=599 => return Err(answer::retry(reply.status, &exec::one_line(&body))),
            200 => {}
            _ if station => {}
            status => {
                return Err(self.pause(&format!(
                    "answers `/settings` with status {status}: not QuestDB 9 or later"
                )));
            }
        }
        if station {
            self.kind = Some(Kind::Station);
            return Ok(());
        }
        let json = Json::parse(&body).ok();
        let versions = json
            .as_ref()
            .and_then(|j| j.get("config").unwrap_or(j).get("line.proto.support.versions"))
            .map(Json::items)
            .unwrap_or_default();
        if !versions.contains(&Json::Integer(2)) {
            return Err(
                self.pause("does not read line protocol version 2; QuestDB 9 or later is needed")
            );
        }
        self.kind = Some(Kind::QuestDb);
        Ok(())
    }

    /// Makes sure that a table is fit; returns the columns that it lacks and that may be left out.
    pub(in crate::sink) fn prepare(
        &mut self,
        client: &mut HttpClient,
        schema: &Schema,
    ) -> Result<Vec<String>, SinkError> {
        self.prepared.retain(|s| s.name != schema.name);
        if self.kind == Some(Kind::Station) {
            self.prepared.push(schema.clone());
            return Ok(Vec::new());
        }
        if self.ddl == Ddl::Apply {
            questdb_store::apply(client, schema, &self.prefix).map_err(|e| self.query_error(e))?;
        }
        self.look(client)?;
        let missing = self.verify(client, schema)?;
        self.prepared.push(schema.clone());
        self.check_writable(schema)?;
        Ok(missing)
    }

    /// Reads the state of all tables again when the last look is this long ago.
    #[allow(clippy::disallowed_methods, reason = "how long ago a table was looked at is an edge")]
    pub(in crate::sink) fn look_if_due(
        &mut self,
        client: &mut HttpClient,
        interval: Duration,
    ) -> Result<(), SinkError> {
        let now = Instant::now();
        match self.looked_at {
            Some(at) if now.saturating_duration_since(at) < interval => Ok(()),
            _ => self.look(client),
        }
    }

    /// Reads the state of all tables: one cheap query, answered from memory.
    #[allow(clippy::disallowed_methods, reason = "how long ago a table was looked at is an edge")]
    fn look(&mut self, client: &mut HttpClient) -> Result<(), SinkError> {
        self.looked_at = Some(Instant::now());
        if self.kind == Some(Kind::Station) {
            return Ok(());
        }
        let rows = exec::exec(client, "SELECT table_name, table_suspended, dedup FROM tables()")
            .map_err(|e| self.query_error(e))?;
        self.tables.clear();
        for row in &rows.rows {
            let flag = |name| rows.cell(row, name).and_then(Json::as_bool).unwrap_or(false);
            if let Some(name) = rows.cell(row, "table_name").and_then(Json::as_str) {
                let state = TableState { suspended: flag("table_suspended"), dedup: flag("dedup") };
                self.tables.insert(name.to_owned(), state);
            }
        }
        Ok(())
    }

    /// Whether a write would become visible and stay unique, by the last look.
    pub(in crate::sink) fn check_writable(&self, schema: &Schema) -> Result<(), SinkError> {
        if self.kind == Some(Kind::Station) {
            return Ok(());
        }
        let table = self.table_name(schema);
        match self.tables.get(&table) {
            None => Err(self.apply_needed(&format!("has no table `{table}`"))),
            Some(TableState { dedup: false, .. }) => {
                Err(self.apply_needed(&format!("does not deduplicate table `{table}`")))
            }
            Some(TableState { suspended: true, .. }) => Err(self.pause(&format!(
                "has suspended table `{table}`: rows would be taken and not shown; find the cause in `wal_tables()`, then run `ALTER TABLE {table} RESUME WAL`"
            ))),
            Some(_) => Ok(()),
        }
    }

    fn verify(&self, client: &mut HttpClient, schema: &Schema) -> Result<Vec<String>, SinkError> {
        let table = self.table_name(schema);
        if !self.tables.contains_key(&table) {
            return Err(self.apply_needed(&format!("has no table `{table}`")));
        }
        let found = questdb_store::columns(client, &table).map_err(|e| self.query_error(e))?;
        let found = found.unwrap_or_default();
        let keys = schema.key_columns();
        let mut missing = Vec::new();
        for column in schema.all_columns() {
            let known = found.iter().find(|f| f.column.name.eq_ignore_ascii_case(&column.name));
            match known {
                Some(FoundColumn { column: ExistingColumn { ty, .. }, is_key }) => {
                    let wanted = type_word(column.ty);
                    if ty != wanted {
                        return Err(self.pause(&format!(
                            "has column `{table}.{}` as {ty}, wanted {wanted}; rename or drop the table, then run `{}`",
                            column.name, self.apply_command()
                        )));
                    }
                    if *is_key != keys.contains(&column.name.as_ref()) {
                        return Err(self.apply_needed(&format!(
                            "deduplicates table `{table}` by other columns than {}",
                            keys.join(", ")
                        )));
                    }
                }
                None if may_be_left_out(column) && !keys.contains(&column.name.as_ref()) => {
                    missing.push(column.name.clone().into_owned());
                }
                None => {
                    return Err(
                        self.apply_needed(&format!("has no column `{table}.{}`", column.name))
                    );
                }
            }
        }
        Ok(missing)
    }

    fn table_name(&self, schema: &Schema) -> String {
        format!("{}{}", self.prefix, schema.name)
    }

    fn apply_command(&self) -> String {
        format!("plimsoll tables apply --store {}", self.url)
    }

    fn apply_needed(&self, found: &str) -> SinkError {
        self.pause(&format!("{found}; run `{}`", self.apply_command()))
    }

    fn pause(&self, found: &str) -> SinkError {
        SinkError::Pause { reason: format!("{} {found}", self.url) }
    }

    fn query_error(&self, error: QueryError) -> SinkError {
        match error {
            QueryError::Http { source } => answer::http_error(source),
            QueryError::Refused { status } => answer::refused(status, &self.url),
            error if error.is_transient() => SinkError::Retry { source: Box::new(error) },
            error => self.pause(&format!("cannot be asked about its tables: {}", chain(&error))),
        }
    }
}

/// A store may be one version behind; what is older than that must be there.
fn may_be_left_out(column: &Column) -> bool {
    column.since >= SCHEMA_VERSION
}
