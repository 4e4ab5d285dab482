//! A consistent copy of an SQLite file that is in use.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::{Capture, CaptureError, Taken};
use crate::digest::Digest;
use crate::disk::{Disk, parent};
use crate::intake::Intake;
use crate::restore::Restore;
use crate::scratch::Scratch;
use crate::view::PartReader;

const DOCUMENT: &str = "store.db";

/// Captures an SQLite file as one moment of it, while others write it.
///
/// As a [`Restore`] it writes the copy into the file by one transaction of SQLite's own, so that
/// whoever has the file open sees the old contents or the new.
#[derive(Debug, Clone)]
pub struct Sqlite {
    file: PathBuf,
    absent_is_fine: bool,
    busy_timeout: Duration,
}

impl Sqlite {
    /// The database in `file`.
    #[must_use]
    pub fn new(file: impl Into<PathBuf>) -> Self {
        let busy_timeout = Duration::from_secs(10);
        Self { file: file.into(), absent_is_fine: false, busy_timeout }
    }

    /// Skips the part, and says so, if the file is not there. Otherwise that is a failure.
    #[must_use]
    pub fn absent_is_fine(mut self) -> Self {
        self.absent_is_fine = true;
        self
    }

    /// Sets how long to wait for who has the file locked. Default 10 s.
    #[must_use]
    pub fn with_busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    fn failed(&self, what: &str) -> CaptureError {
        CaptureError::new(format!("cannot {what} `{}`", self.file.display()))
    }

    fn open(&self, file: &Path, flags: OpenFlags) -> Result<Connection, CaptureError> {
        let open = || -> rusqlite::Result<Connection> {
            let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(file, flags)?;
            connection.busy_timeout(self.busy_timeout)?;
            Ok(connection)
        };
        open().map_err(|error| self.failed("open").with_source(error))
    }

    /// Copies everything in one step, so within one read transaction: a writer in between would
    /// make a copy by steps begin again each time.
    fn copy(&self, from: &Connection, to: &mut Connection) -> Result<(), CaptureError> {
        let mut copy = || -> rusqlite::Result<StepResult> { Backup::new(from, to)?.step(-1) };
        match copy().map_err(|error| self.failed("copy").with_source(error))? {
            StepResult::Done => Ok(()),
            other => Err(self.failed("copy").with_source(format!("it is locked ({other:?})"))),
        }
    }

    /// Writes the captured copy into a file of its own.
    fn extract(&self, part: &mut PartReader<'_, '_>, to: &Path) -> Result<(), CaptureError> {
        let mut out = File::create(to).map_err(|error| self.failed("copy").with_source(error))?;
        part.copy_to(DOCUMENT, &mut out)
            .map_err(|error| CaptureError::new("cannot read the captured copy").with_source(error))
    }
}

fn scratch() -> Result<Scratch, CaptureError> {
    Scratch::new(&std::env::temp_dir())
        .map_err(|error| CaptureError::new("cannot make a directory").with_source(error))
}

impl Capture for Sqlite {
    fn kind(&self) -> &'static str {
        "sqlite"
    }

    fn capture(&mut self, into: &mut Intake<'_>) -> Result<Taken, CaptureError> {
        if self.absent_is_fine && !self.file.exists() {
            return Ok(Taken::Nothing { why: format!("`{}` is not there", self.file.display()) });
        }
        let scratch = into.scratch()?;
        let copy = scratch.path().join("copy.db");
        let from = self.open(&self.file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let create = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let mut to = self.open(&copy, create)?;
        self.copy(&from, &mut to)?;
        drop(from);
        let checked: String = to
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(|error| self.failed("check the copy of").with_source(error))?;
        if checked != "ok" {
            return Err(self.failed("use").with_source(checked));
        }
        let tables = tables(&to).map_err(|error| self.failed("read").with_source(error))?;
        into.fact("file", self.file.display().to_string());
        for table in &tables {
            let rows = to
                .query_row(&format!("SELECT count(*) FROM {}", quoted(table)), [], |row| row.get(0))
                .map_err(|error| self.failed("count rows of").with_source(error))?;
            let rows: i64 = rows;
            into.fact(&format!("rows/{table}"), rows.to_string());
        }
        // Closing writes what is left into the file.
        to.close().map_err(|(_, error)| self.failed("copy").with_source(error))?;
        let mut file = File::open(&copy).map_err(|error| self.failed("read").with_source(error))?;
        into.machine_data(DOCUMENT, &mut file)?;
        Ok(Taken::Whole)
    }
}

impl Restore for Sqlite {
    fn restore(&mut self, part: &mut PartReader<'_, '_>) -> Result<(), CaptureError> {
        let scratch = scratch()?;
        let copy = scratch.path().join("copy.db");
        self.extract(part, &copy)?;
        Disk::default()
            .make_dirs(parent(&self.file))
            .map_err(|error| self.failed("make the directory of").with_source(error))?;
        let from = self.open(&copy, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let create = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let mut to = self.open(&self.file, create)?;
        self.copy(&from, &mut to)?;
        // What is in a log file is not yet in the file itself.
        let checkpoint = to.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        checkpoint.map_err(|error| self.failed("write").with_source(error))
    }

    fn differences(&mut self, part: &mut PartReader<'_, '_>) -> Result<Vec<String>, CaptureError> {
        if !self.file.exists() {
            return Ok(vec![format!("`{}` is not there", self.file.display())]);
        }
        let scratch = scratch()?;
        let copy = scratch.path().join("copy.db");
        self.extract(part, &copy)?;
        let unreadable = |error: rusqlite::Error| self.failed("compare").with_source(error);
        let read = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let wanted = contents(&self.open(&copy, read)?).map_err(unreadable)?;
        let found = contents(&self.open(&self.file, read)?).map_err(unreadable)?;
        let names = wanted.keys().chain(found.keys());
        let mut differ: Vec<String> = names
            .filter(|name| wanted.get(*name) != found.get(*name))
            .map(|name| format!("`{name}`"))
            .collect();
        differ.sort();
        differ.dedup();
        Ok(differ)
    }

    fn take_back(&mut self, before: Option<&mut PartReader<'_, '_>>) -> Result<(), CaptureError> {
        if let Some(before) = before {
            self.restore(before)?;
            let found = self.differences(before)?;
            let what = format!("be as it was before: {}", found.join(", "));
            return if found.is_empty() { Ok(()) } else { Err(self.failed(&what)) };
        }
        for end in ["", "-wal", "-shm", "-journal"] {
            let mut name = self.file.as_os_str().to_owned();
            name.push(end);
            match fs::remove_file(&name) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(self.failed("remove").with_source(error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names of the tables that hold rows themselves.
fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name";
    connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

/// A digest of each table's rows and of each definition, whatever pages they lie on.
fn contents(connection: &Connection) -> rusqlite::Result<BTreeMap<String, Digest>> {
    let mut found = BTreeMap::new();
    let sql = "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (name, sql): (String, String) = (row.get(0)?, row.get(1)?);
        found.insert(name, Digest::of(sql.as_bytes()));
    }
    for table in tables(connection)? {
        let mut statement = connection.prepare(&format!("SELECT * FROM {}", quoted(&table)))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        let mut digest = Digest::of(b"");
        let mut line = Vec::new();
        while let Some(row) = rows.next()? {
            line.clear();
            for column in 0..columns {
                put(&mut line, row.get_ref(column)?);
            }
            digest = Digest::of_all([digest.bytes().as_slice(), &line]);
        }
        found.insert(format!("rows of {table}"), digest);
    }
    Ok(found)
}

fn put(line: &mut Vec<u8>, value: ValueRef<'_>) {
    let (sort, bytes): (u8, Vec<u8>) = match value {
        ValueRef::Null => (0, Vec::new()),
        ValueRef::Integer(number) => (1, number.to_le_bytes().to_vec()),
        ValueRef::Real(number) => (2, number.to_le_bytes().to_vec()),
        ValueRef::Text(text) => (3, text.to_vec()),
        ValueRef::Blob(bytes) => (4, bytes.to_vec()),
    };
    line.push(sort);
    crate::bytes::put_string(line, &bytes);
}
