//! Whether what is in a part could be used, by what sort of part it is.

use serde_json::Value;

use crate::tree::Node;
use crate::venue::Holdings;
use crate::view::{PartReader, ReadError};

/// Says what is wrong with a part whose contents are all there.
pub(super) fn check(kind: &str, part: &mut PartReader<'_, '_>) -> Vec<String> {
    let checked = match kind {
        "sqlite" => sqlite(part),
        "redis" => redis(part),
        "git" => git(part),
        "questdb" => questdb(part),
        "positions" => positions(part),
        _ => Ok(None),
    };
    match checked {
        Ok(wrong) => wrong.into_iter().collect(),
        Err(error) => vec![format!("cannot be read: {error}")],
    }
}

type Checked = Result<Option<String>, ReadError>;

/// The file has as many pages as its header says.
fn sqlite(part: &mut PartReader<'_, '_>) -> Checked {
    const DOCUMENT: &str = "store.db";
    let Some(len) = part.len_bytes(DOCUMENT) else {
        return Ok(Some("has no copy of the database".to_owned()));
    };
    let begin = part.begin(DOCUMENT)?;
    let number = |from: usize, len: usize| {
        let bytes = begin.get(from..from + len).unwrap_or_default();
        bytes.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))
    };
    let page_len = match number(16, 2) {
        1 => 65_536,
        len => len,
    };
    let is_whole = begin.starts_with(b"SQLite format 3\0") && number(28, 4) * page_len == len;
    Ok((!is_whole).then(|| "holds a copy that is no whole database".to_owned()))
}

/// Every key that is listed is there.
fn redis(part: &mut PartReader<'_, '_>) -> Checked {
    let Ok(Value::Object(listed)) = serde_json::from_slice(&part.read("keys.json")?) else {
        return Ok(Some("has a list of keys that cannot be read".to_owned()));
    };
    let documents = part.documents();
    let missing = listed.keys().find(|key| documents.binary_search(key).is_err());
    Ok(missing.map(|key| format!("lacks `{key}`")))
}

/// There is a commit, and objects if there was work.
fn git(part: &mut PartReader<'_, '_>) -> Checked {
    let is_id = |text: &str| text.len() >= 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if !part.fact("commit").is_some_and(is_id) {
        return Ok(Some("names no commit".to_owned()));
    }
    if part.fact("work").is_none_or(str::is_empty) {
        return Ok(None);
    }
    let has_pack = part.begin("objects.pack")?.starts_with(b"PACK");
    Ok((!has_pack).then(|| "holds a pack that is none".to_owned()))
}

/// Every table has its definition, and a copied directory what a server needs to start from it.
fn questdb(part: &mut PartReader<'_, '_>) -> Checked {
    let Ok(Value::Object(tables)) = serde_json::from_slice(&part.read("tables.json")?) else {
        return Ok(Some("has a list of tables that cannot be read".to_owned()));
    };
    let count = part.documents().iter().filter(|path| path.starts_with("ddl/")).count();
    if count != tables.len() {
        return Ok(Some(format!("has {count} definitions of {} tables", tables.len())));
    }
    if part.fact("checkpoint").is_none() {
        return Ok(None);
    }
    let has = |path: &str| part.tree().get(&crate::tree::TreePath::new(path.as_bytes())).is_some();
    let is_whole = has("000/_restore") && has("000/.checkpoint");
    Ok((!is_whole).then(|| "holds a copy that a server would open torn".to_owned()))
}

/// What was held can be read again.
fn positions(part: &mut PartReader<'_, '_>) -> Checked {
    for path in ["venue.json", "cache.json"] {
        let is_there = part.tree().entries.iter().any(|entry| {
            entry.path.bytes() == path.as_bytes() && matches!(entry.node, Node::Document { .. })
        });
        if is_there && serde_json::from_slice::<Holdings>(&part.read(path)?).is_err() {
            return Ok(Some(format!("has a `{path}` that cannot be read")));
        }
    }
    Ok(None)
}
