//! Real servers, where a proof has started them: `cargo xtask live snapshot`.

use std::path::PathBuf;
use std::time::Duration;

use plimsoll_snapshot::capture::{QuestDb, RedisKeys};
use plimsoll_snapshot::http::{Http, HttpOptions};
use plimsoll_snapshot::plan::Event;
use plimsoll_snapshot::restore::{RestoreOptions, restore};
use plimsoll_snapshot::venue::{NautilusCache, ReadHoldings};
use plimsoll_snapshot::{CreateOptions, Manifest, Outcome, Part, RedisServer, Secrets, create};

use crate::fakes::nautilus_keys;
use crate::home::{Home, now, packed};

/// Where a server is; `None`, and said, unless a proof has started one.
fn address(variable: &str) -> Option<String> {
    let found = std::env::var(variable).ok();
    if found.is_none() {
        println!("SKIPPED: {variable} names no server");
    }
    found
}

fn one(home: &Home, part: Part<'_>) -> Manifest {
    create(&home.store(), &mut [part], &CreateOptions::new(now(), "test 1")).unwrap()
}

fn into(home: &Home, manifest: &Manifest) -> PathBuf {
    let into = home.dir().join("into");
    let observe = &mut |_: &Event<'_>| {};
    let mut options = RestoreOptions::new(&now, "test 1", observe).with_into(&into);
    restore(&home.store(), &manifest.id, &mut options).unwrap();
    into
}

#[test]
fn a_real_redis_gets_back_what_a_node_wrote_and_loses_what_came_later() {
    let Some(address) = address("PLIMSOLL_SNAPSHOT_REDIS") else { return };
    let home = Home::new();
    let server = || RedisServer::new(address.clone()).with_timeout(Duration::from_secs(10));
    let send = |words: &[&[u8]]| redis_command(&address, words);
    send(&[b"FLUSHALL"]);
    for (key, (sort, values)) in nautilus_keys("msgpack") {
        send_key(&address, &key, &sort, &values);
    }
    send(&[b"SET", b"of-others", b"1"]);
    let held = |why: &str| {
        let mut cache = NautilusCache::new(server(), "TRADER-001", None);
        let holdings = cache.holdings().expect(why);
        (holdings.positions, holdings.open_orders)
    };
    let before = held("before");
    assert!(before.0.len() == 2 && !before.1.is_empty(), "{before:?}");
    let keys = || RedisKeys::nautilus(server(), "TRADER-001", None);
    let manifest = one(&home, Part::required("cache", keys()));
    assert!(manifest.is_good(), "{:?}", manifest.parts);

    for key in redis_keys(&address, "trader-TRADER-001:*") {
        send(&[b"DEL", &key]);
    }
    send(&[b"SET", b"trader-TRADER-001:general:late", b"x"]);
    let observe = &mut |_: &Event<'_>| {};
    let mut options = RestoreOptions::new(&now, "test 1", observe)
        .with_restorer("cache", keys().absent_is_fine());
    restore(&home.store(), &manifest.id, &mut options).unwrap();
    assert_eq!(held("after"), before);
    assert!(redis_keys(&address, "*late").is_empty(), "what came later is in the safety snapshot");
    assert_eq!(redis_keys(&address, "of-others").len(), 1, "keys of others are not touched");
}

#[test]
fn a_real_questdb_is_described_exported_and_copied_under_a_checkpoint() {
    let Some(url) = address("PLIMSOLL_SNAPSHOT_QUESTDB") else { return };
    let Some(root) = address("PLIMSOLL_SNAPSHOT_QUESTDB_ROOT") else { return };
    let home = Home::new();
    let http = || Http::new(&url, HttpOptions::default()).unwrap();
    let exported = one(&home, Part::required("database", QuestDb::new(http()).with_export()));
    assert!(exported.is_good(), "{:?}", exported.parts);
    let text = packed(&home);
    for wanted in ["CREATE TABLE 'pnl'", "DEDUP UPSERT KEYS", "\"rows\": 1000", "999.5"] {
        assert!(text.contains(wanted), "{wanted}");
    }
    let newer = |secs| {
        let since = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(secs);
        let home = Home::new();
        let part = Part::required("database", QuestDb::new(http()).with_rows_since(since));
        assert!(one(&home, part).is_good());
        packed(&home).contains("999.5")
    };
    assert!(newer(1_700_000_000) && !newer(1_700_000_001), "rows by their own time");
    // The server's own `server.conf` has sample passwords in its comments.
    let options = CreateOptions::new(now(), "test 1").with_secrets(Secrets::ByReference);
    let mut part = [Part::required("database", QuestDb::new(http()).with_checkpoint(&root))];
    let copied = create(&home.store(), &mut part, &options).unwrap();
    assert!(copied.is_good(), "{:?}", copied.parts);
    let copy = into(&home, &copied).join(root.trim_start_matches('/'));
    assert!(copy.join("_restore").exists() && copy.join("db").is_dir(), "{copy:?}");
    if let Some(to) = std::env::var_os("PLIMSOLL_SNAPSHOT_QUESTDB_COPY") {
        // The proof opens the copy with another server and counts its rows. It may lie on another disk.
        let done = std::process::Command::new("cp").arg("-a").arg(copy).arg(to).status().unwrap();
        assert!(done.success());
    }
}

#[test]
fn servers_that_are_gone_fail_the_snapshot_and_are_named() {
    let gone = format!("127.0.0.1:{}", testbed::free_port().unwrap());
    let home = Home::new();
    let redis = RedisServer::new(gone.clone()).with_timeout(Duration::from_secs(2));
    let http = Http::new(&format!("http://{gone}"), HttpOptions::default()).unwrap();
    let git = plimsoll_snapshot::capture::Git::new(home.tree());
    let mut parts = [
        Part::required("cache", RedisKeys::nautilus(redis, "TRADER-001", None)),
        Part::required("database", QuestDb::new(http)),
        Part::required("code", git),
    ];
    let manifest = create(&home.store(), &mut parts, &CreateOptions::new(now(), "t")).unwrap();
    assert!(!manifest.is_good());
    for part in &manifest.parts {
        assert!(matches!(part.outcome, Outcome::Failed { .. }), "{part:?}");
    }
    assert!(home.store().find("latest").is_err(), "a failed one is never found as the newest");
}

/// Says something to Redis and returns what it answered, undecoded.
fn redis_command(address: &str, words: &[&[u8]]) -> Vec<u8> {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut text = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        text.extend(format!("${}\r\n", word.len()).into_bytes());
        text.extend_from_slice(word);
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"*1\r\n$4\r\nQUIT\r\n");
    stream.write_all(&text).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(!answer.starts_with(b"-"), "{}", String::from_utf8_lossy(&answer));
    answer
}

/// Writes a key of that sort with these contents.
fn send_key(address: &str, key: &str, sort: &str, values: &[Vec<u8>]) {
    let verb = match sort {
        "string" => "SET",
        "list" => "RPUSH",
        "set" => "SADD",
        "hash" => "HSET",
        "zset" => "ZADD",
        other => panic!("{key} is a {other}"),
    };
    let mut words = vec![verb.as_bytes(), key.as_bytes()];
    match sort {
        // Read as member and score, written as score and member.
        "zset" => words.extend(values.chunks(2).flat_map(|pair| [&pair[1][..], &pair[0][..]])),
        _ => words.extend(values.iter().map(Vec::as_slice)),
    }
    redis_command(address, &words);
}

fn redis_keys(address: &str, pattern: &str) -> Vec<Vec<u8>> {
    let answer = redis_command(address, &[b"KEYS", pattern.as_bytes()]);
    let lines = answer.split(|byte| *byte == b'\n').map(|line| line.trim_ascii().to_vec());
    let is_key = |line: &Vec<u8>| {
        !line.is_empty()
            && !line.starts_with(b"$")
            && !line.starts_with(b"*")
            && !line.starts_with(b"+")
    };
    lines.filter(is_key).collect()
}
