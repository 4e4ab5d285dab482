//! Keys of a Redis, as the engine's cache writes them.

use std::collections::{BTreeMap, HashSet};

use super::{Capture, CaptureError, Taken};
use crate::bytes::put_string;
use crate::digest::Digest;
use crate::intake::Intake;
use crate::redis::{Redis, RedisError, RedisServer, Value};
use crate::restore::Restore;
use crate::view::PartReader;

/// How often the keys are read until they are the same before and after.
const READINGS_MAX: usize = 4;
const BATCH: usize = 200;
const KEYS_MAX: usize = 1_000_000;
/// Up to so many bytes are put back in one transaction.
const TRANSACTION_BYTES_MAX: usize = 64 << 20;

/// Captures all keys that begin with certain prefixes, each as Redis's own dump.
///
/// `NautilusTrader` writes its keys in the background while it runs. So they are read until
/// nothing was written in between; if that never happens the part fails. Stop the engine first.
///
/// As a [`Restore`] it makes the keys what they were, and removes those that were not there.
#[derive(Debug, Clone)]
pub struct RedisKeys {
    server: RedisServer,
    prefixes: Vec<String>,
    absent_is_fine: bool,
}

/// A key as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    dump: Vec<u8>,
    /// What it holds, whatever order Redis keeps it in.
    contents: Digest,
    /// When it goes by itself, milliseconds since 1970.
    expires_ms: Option<i64>,
}

type Keys = BTreeMap<Vec<u8>, Key>;

impl RedisKeys {
    /// Keys that begin with one of the prefixes.
    #[must_use]
    pub fn new(server: RedisServer, prefixes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let prefixes = prefixes.into_iter().map(Into::into).collect();
        Self { server, prefixes, absent_is_fine: false }
    }

    /// The cache of a `NautilusTrader` node: `trader-ID:..`, or `trader-ID:INSTANCE:..` where
    /// the node is set up to use its instance id.
    #[must_use]
    pub fn nautilus(server: RedisServer, trader_id: &str, instance_id: Option<&str>) -> Self {
        Self::new(server, [nautilus_prefix(trader_id, instance_id)])
    }

    /// Skips the part, and says so, if there is no such key. Otherwise that is a failure: a
    /// wrong trader id would look like a flat book.
    #[must_use]
    pub fn absent_is_fine(mut self) -> Self {
        self.absent_is_fine = true;
        self
    }

    fn connect(&self) -> Result<Redis, CaptureError> {
        Redis::connect(&self.server).map_err(failed)
    }

    /// Reads all keys as of one moment.
    fn read(&self, redis: &mut Redis) -> Result<Keys, CaptureError> {
        let mut before = None;
        for _ in 0..READINGS_MAX {
            let writes = stamp(redis).map_err(failed)?;
            let keys = self.read_once(redis).map_err(failed)?;
            let is_quiet = writes.is_some() && stamp(redis).map_err(failed)? == writes;
            if is_quiet || before.as_ref() == Some(&keys) {
                return Ok(keys);
            }
            before = Some(keys);
        }
        Err(CaptureError::new(format!(
            "the keys `{}*` change while they are read: stop what writes them first",
            self.prefixes.join("*`, `")
        )))
    }

    fn read_once(&self, redis: &mut Redis) -> Result<Keys, RedisError> {
        let mut keys = Keys::new();
        for prefix in &self.prefixes {
            let names = redis.keys(prefix, KEYS_MAX)?;
            if names.len() > KEYS_MAX {
                return Err(redis.unexpected("SCAN".to_owned(), "at most a million keys"));
            }
            for batch in names.chunks(BATCH) {
                read_batch(redis, batch, &mut keys)?;
            }
        }
        Ok(keys)
    }
}

/// The beginning of every key of a node's cache.
pub(crate) fn nautilus_prefix(trader_id: &str, instance_id: Option<&str>) -> String {
    let instance = instance_id.map(|id| format!("{id}:")).unwrap_or_default();
    format!("trader-{trader_id}:{instance}")
}

fn failed(error: RedisError) -> CaptureError {
    CaptureError::new("cannot read the cache").with_source(error)
}

/// Which process it is, when it last saved, and how many changes there were since: two equal
/// stamps mean that nothing was written in between.
fn stamp(redis: &mut Redis) -> Result<Option<String>, RedisError> {
    let of = |fields: &[(String, String)], name: &str| {
        fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone())
    };
    let server = redis.info("server")?;
    let persistence = redis.info("persistence")?;
    let stamp = (|| {
        Some(format!(
            "{} {} {}",
            of(&server, "run_id")?,
            of(&persistence, "rdb_last_save_time")?,
            of(&persistence, "rdb_changes_since_last_save")?
        ))
    })();
    Ok(stamp)
}

fn read_batch(redis: &mut Redis, names: &[Vec<u8>], keys: &mut Keys) -> Result<(), RedisError> {
    let first: Vec<[&[u8]; 2]> = names
        .iter()
        .flat_map(|name| [[&b"TYPE"[..], name], [b"DUMP", name], [b"PEXPIRETIME", name]])
        .collect();
    let commands: Vec<&[&[u8]]> = first.iter().map(<[&[u8]; 2]>::as_slice).collect();
    let replies = redis.ask_all(&commands)?;
    let mut found = Vec::new();
    for (name, reply) in names.iter().zip(replies.as_chunks::<3>().0) {
        let [sort, dump, expires] = reply.clone();
        let (Value::Text(sort), Some(dump)) = (sort, dump.bytes()) else { continue };
        found.push((name, sort, dump, expires.number().filter(|at| *at > 0)));
    }
    let asked: Vec<Vec<&[u8]>> =
        found.iter().map(|(name, sort, ..)| question(sort, name)).collect();
    let commands: Vec<&[&[u8]]> = asked.iter().map(Vec::as_slice).collect();
    let replies = if commands.is_empty() { Vec::new() } else { redis.ask_all(&commands)? };
    for ((name, sort, dump, expires_ms), reply) in found.into_iter().zip(replies) {
        let contents = contents(&sort, &dump, reply);
        keys.insert(name.clone(), Key { dump, contents, expires_ms });
    }
    Ok(())
}

/// The command that lists what a key holds.
fn question<'a>(sort: &str, name: &'a [u8]) -> Vec<&'a [u8]> {
    match sort {
        "list" => vec![b"LRANGE", name, b"0", b"-1"],
        "set" => vec![b"SMEMBERS", name],
        "hash" => vec![b"HGETALL", name],
        "zset" => vec![b"ZRANGE", name, b"0", b"-1", b"WITHSCORES"],
        "string" => vec![b"GET", name],
        "stream" => vec![b"XRANGE", name, b"-", b"+"],
        _ => vec![b"EXISTS", name],
    }
}

/// A digest of what a key holds; sets and hashes in a fixed order, as Redis's own is by chance.
fn contents(sort: &str, dump: &[u8], reply: Value) -> Digest {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    flatten(reply, &mut parts);
    match sort {
        "set" => parts.sort(),
        "hash" => {
            let (pairs, _) = parts.as_chunks::<2>();
            let mut pairs = pairs.to_vec();
            pairs.sort();
            parts = pairs.into_iter().flatten().collect();
        }
        "list" | "zset" | "string" | "stream" => {}
        _ => parts = vec![dump.to_vec()],
    }
    let mut bytes = Vec::new();
    put_string(&mut bytes, sort.as_bytes());
    parts.iter().for_each(|part| put_string(&mut bytes, part));
    Digest::of(&bytes)
}

fn flatten(value: Value, into: &mut Vec<Vec<u8>>) {
    match value {
        Value::List(Some(list)) => list.into_iter().for_each(|value| flatten(value, into)),
        other => into.extend(other.bytes()),
    }
}

/// Names of documents are text; other bytes of a key are escaped.
fn path(name: &[u8]) -> String {
    let mut path = String::from("keys/");
    for byte in name {
        match byte {
            b'!'..=b'~' if !b"%/".contains(byte) => path.push(char::from(*byte)),
            other => path.push_str(&format!("%{other:02x}")),
        }
    }
    path
}

fn name(path: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = path.strip_prefix("keys/")?.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let (digits, after) = after.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    Some(bytes)
}

impl Capture for RedisKeys {
    fn kind(&self) -> &'static str {
        "redis"
    }

    fn capture(&mut self, into: &mut Intake<'_>) -> Result<Taken, CaptureError> {
        let mut redis = self.connect()?;
        let keys = self.read(&mut redis)?;
        let why = || format!("no key begins with `{}`", self.prefixes.join("` or `"));
        if keys.is_empty() {
            let nothing = Taken::Nothing { why: why() };
            return if self.absent_is_fine { Ok(nothing) } else { Err(CaptureError::new(why())) };
        }
        let version = redis.info("server").map_err(failed)?;
        let version = version.into_iter().find(|(name, _)| name == "redis_version");
        into.fact("address", self.server.address.clone());
        into.fact("redis_version", version.map(|(_, version)| version).unwrap_or_default());
        into.fact("keys", keys.len().to_string());
        for (section, count) in sections(&keys, &self.prefixes) {
            into.fact(&format!("keys/{section}"), count.to_string());
        }
        let mut meta = BTreeMap::new();
        for (name, key) in &keys {
            let path = path(name);
            into.machine_data(&path, &mut key.dump.as_slice())?;
            meta.insert(path, (key.contents, key.expires_ms));
        }
        let text = serde_json::to_vec(&meta)
            .map_err(|error| CaptureError::new("cannot list the keys").with_source(error))?;
        into.machine_data("keys.json", &mut text.as_slice())?;
        Ok(Taken::Whole)
    }
}

/// How many keys there are of each sort, such as `orders` or `index:positions_open`.
fn sections(keys: &Keys, prefixes: &[String]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for name in keys.keys() {
        let name = String::from_utf8_lossy(name);
        let below = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix.as_str()));
        let mut words = below.unwrap_or(&name).split(':');
        let section = match (words.next(), words.next()) {
            (Some("index"), Some(which)) => format!("index:{which}"),
            (Some(section), _) => section.to_owned(),
            (None, _) => continue,
        };
        *counts.entry(section).or_default() += 1;
    }
    counts
}

/// What a snapshot says of its keys.
struct Wanted {
    name: Vec<u8>,
    path: String,
    contents: Digest,
    expires_ms: Option<i64>,
}

fn wanted(part: &mut PartReader<'_, '_>) -> Result<Vec<Wanted>, CaptureError> {
    let unreadable = || CaptureError::new("cannot read the captured keys");
    let text = part.read("keys.json").map_err(|error| unreadable().with_source(error))?;
    let meta: BTreeMap<String, (Digest, Option<i64>)> =
        serde_json::from_slice(&text).map_err(|error| unreadable().with_source(error))?;
    meta.into_iter()
        .map(|(path, (contents, expires_ms))| {
            let name = name(&path).ok_or_else(unreadable)?;
            Ok(Wanted { name, path, contents, expires_ms })
        })
        .collect()
}

/// Keys that are there and not wanted.
fn extra<'k>(there: &'k Keys, wanted: &[Wanted]) -> Vec<&'k Vec<u8>> {
    let wanted: HashSet<&Vec<u8>> = wanted.iter().map(|key| &key.name).collect();
    there.keys().filter(|name| !wanted.contains(name)).collect()
}

/// A change of Redis, ready to be sent.
type Words = Vec<Vec<u8>>;

fn send(redis: &mut Redis, changes: &[Words]) -> Result<(), CaptureError> {
    let refused = |error| CaptureError::new("cannot change the cache").with_source(error);
    let is_one = changes.iter().flatten().map(Vec::len).sum::<usize>() <= TRANSACTION_BYTES_MAX;
    let borrowed: Vec<Vec<&[u8]>> =
        changes.iter().map(|words| words.iter().map(Vec::as_slice).collect()).collect();
    let commands: Vec<&[&[u8]]> = borrowed.iter().map(Vec::as_slice).collect();
    if is_one && !commands.is_empty() {
        // All of it or nothing, and nobody sees half.
        let begin: &[&[u8]] = &[b"MULTI"];
        let end: &[&[u8]] = &[b"EXEC"];
        let all: Vec<&[&[u8]]> =
            std::iter::once(begin).chain(commands).chain(std::iter::once(end)).collect();
        let replies = redis.ask_all(&all).map_err(refused)?;
        let done = replies.into_iter().next_back().and_then(Value::list).unwrap_or_default();
        let error = done.into_iter().find_map(|reply| match reply {
            Value::Error(said) => Some(said),
            _ => None,
        });
        return error
            .map_or(Ok(()), |said| Err(CaptureError::new(format!("Redis refused a key: {said}"))));
    }
    for batch in commands.chunks(BATCH) {
        redis.ask_all(batch).map_err(refused)?;
    }
    Ok(())
}

impl Restore for RedisKeys {
    fn restore(&mut self, part: &mut PartReader<'_, '_>) -> Result<(), CaptureError> {
        let mut redis = self.connect()?;
        let there = self.read_once(&mut redis).map_err(failed)?;
        let mut changes: Vec<Words> = Vec::new();
        let wanted = wanted(part)?;
        for key in &wanted {
            let is_same = there.get(&key.name).is_some_and(|found| {
                found.contents == key.contents && found.expires_ms == key.expires_ms
            });
            if is_same {
                continue;
            }
            let dump = part.read(&key.path).map_err(|error| {
                CaptureError::new("cannot read a captured key").with_source(error)
            })?;
            let expires = key.expires_ms.unwrap_or(0).to_string().into_bytes();
            let mut words =
                vec![b"RESTORE".to_vec(), key.name.clone(), expires, dump, b"REPLACE".to_vec()];
            words.extend(key.expires_ms.map(|_| b"ABSTTL".to_vec()));
            changes.push(words);
        }
        let extra = extra(&there, &wanted);
        changes.extend(extra.into_iter().map(|name| vec![b"DEL".to_vec(), name.clone()]));
        send(&mut redis, &changes)
    }

    fn differences(&mut self, part: &mut PartReader<'_, '_>) -> Result<Vec<String>, CaptureError> {
        let mut redis = self.connect()?;
        let there = self.read(&mut redis)?;
        let wanted = wanted(part)?;
        let shown = |name: &[u8]| format!("key `{}`", String::from_utf8_lossy(name));
        let mut found: Vec<String> = wanted
            .iter()
            .filter(|key| there.get(&key.name).map(|found| found.contents) != Some(key.contents))
            .map(|key| shown(&key.name))
            .collect();
        found.extend(extra(&there, &wanted).into_iter().map(|name| shown(name)));
        Ok(found)
    }

    fn take_back(&mut self, before: Option<&mut PartReader<'_, '_>>) -> Result<(), CaptureError> {
        if let Some(before) = before {
            self.restore(before)?;
            let found = self.differences(before)?;
            let what = format!("not as it was before: {}", found.join(", "));
            return if found.is_empty() { Ok(()) } else { Err(CaptureError::new(what)) };
        }
        let mut redis = self.connect()?;
        let there = self.read_once(&mut redis).map_err(failed)?;
        let gone: Vec<Words> = there.into_keys().map(|name| vec![b"DEL".to_vec(), name]).collect();
        send(&mut redis, &gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_path_and_comes_back() {
        for key in [&b"trader-T-1:orders:O-1"[..], b"a/b%c", b"\xff\x00 ", "ü".as_bytes()] {
            assert_eq!(name(&path(key)).as_deref(), Some(key), "{}", path(key));
        }
        assert_eq!(name("keys/%zz"), None);
        assert_eq!(name("keys/%f"), None);
    }

    #[test]
    fn prefixes_are_those_that_the_engine_writes() {
        assert_eq!(nautilus_prefix("TRADER-001", None), "trader-TRADER-001:");
        assert_eq!(nautilus_prefix("T-1", Some("abc")), "trader-T-1:abc:");
    }
}
