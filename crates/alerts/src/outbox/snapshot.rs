//! All rows at one moment, in one file: a line that says version and checksum, then the rows.

use std::{io, path::Path};

use plimsoll_durable::{Options, replace_with};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{OutboxError, Rows};

/// Version that this program writes, and the highest that it reads.
const VERSION: u64 = 1;

#[derive(Serialize, Deserialize)]
struct Head {
    schema_version: u64,
    crc32: u32,
}

/// Writes all rows; the file is the old one or the new one, whole.
pub(super) fn write(path: &Path, rows: &Rows) -> Result<(), OutboxError> {
    let failed = |source: io::Error| OutboxError::io("write", path, source);
    let list: Vec<(&str, &str, &Value)> =
        rows.iter().map(|((table, key), value)| (table.as_str(), key.as_str(), value)).collect();
    let body = serde_json::to_string(&list).map_err(|e| failed(e.into()))?;
    let head = Head { schema_version: VERSION, crc32: crc32fast::hash(body.as_bytes()) };
    let head = serde_json::to_string(&head).map_err(|e| failed(e.into()))?;
    let options = Options::default().with_mode(0o600);
    replace_with(path, &options, format!("{head}\n{body}\n"))
        .map_err(|e| failed(io::Error::other(e)))
}

/// Reads all rows. `None`: the file is not what was written.
pub(super) fn read(path: &Path) -> Result<Option<Rows>, OutboxError> {
    let bytes = std::fs::read(path).map_err(|e| OutboxError::io("read", path, e))?;
    let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(None) };
    let Some((head, body)) = text.split_once('\n') else { return Ok(None) };
    let Ok(head) = serde_json::from_str::<Head>(head) else { return Ok(None) };
    if head.schema_version > VERSION {
        let (path, found) = (path.to_owned(), head.schema_version);
        return Err(OutboxError::Version { path, found, wanted: VERSION });
    }
    let body = body.trim_end_matches('\n');
    if crc32fast::hash(body.as_bytes()) != head.crc32 {
        return Ok(None);
    }
    let rows = serde_json::from_str::<Vec<(String, String, Value)>>(body);
    Ok(rows.ok().map(|rows| rows.into_iter().map(|(t, k, v)| ((t, k), v)).collect()))
}
