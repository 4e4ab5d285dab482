//! Stores in a bucket: a stand-in of S3 that loses requests, answers and bytes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use plimsoll_snapshot::plan::Event;
use plimsoll_snapshot::restore::{RestoreOptions, restore};
use plimsoll_snapshot::{
    BucketOptions, CreateOptions, Files, Keep, Manifest, Part, Protection, PruneOptions, Quiet,
    Store, StoreError, StoreOptions, create, prune, verify,
};

use crate::grove::{assert_same, describe, pattern};
use crate::home::{Home, now};

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// It is refused.
    Busy,
    /// It is carried out, and the answer is lost.
    AnswerLost,
    /// Half of the body comes.
    Cut,
}

#[derive(Debug, Default)]
struct Bucket {
    objects: BTreeMap<String, (Vec<u8>, SystemTime)>,
    requests: u64,
    /// Every so many requests one goes wrong.
    faulty: u64,
    /// After so many requests every one is forbidden, as if the writer had been killed.
    closed_after: Option<u64>,
}

struct S3 {
    address: SocketAddr,
    bucket: Arc<Mutex<Bucket>>,
}

impl S3 {
    fn start() -> Self {
        // A second installation is refused, which is fine.
        drop(rustls::crypto::ring::default_provider().install_default());
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let bucket = Arc::new(Mutex::new(Bucket::default()));
        let shared = bucket.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let bucket = shared.clone();
                std::thread::spawn(move || drop(one(stream, &bucket)));
            }
        });
        Self { address, bucket }
    }

    fn options(&self) -> BucketOptions {
        BucketOptions::default()
            .with_setting("aws_endpoint", format!("http://{}", self.address))
            .with_setting("aws_region", "us-east-1")
            .with_setting("aws_access_key_id", "key")
            .with_setting("aws_secret_access_key", "hunter2-hunter2")
            .allow_http()
    }

    fn create(&self) -> Store {
        let (bucket, options) = (self.options(), StoreOptions::default());
        Store::create_in("s3://desk/snapshots", &bucket, &Protection::Clear, &options).unwrap()
    }

    fn names(&self, prefix: &str) -> Vec<String> {
        let bucket = self.bucket.lock().unwrap();
        bucket.objects.keys().filter(|name| name.starts_with(prefix)).cloned().collect()
    }
}

struct Asked {
    method: String,
    path: String,
    query: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

fn read(stream: &TcpStream) -> std::io::Result<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (path, query) = (path.to_owned(), query.replace("%2F", "/"));
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Asked { method, path, query, headers, body })
}

fn one(mut stream: TcpStream, bucket: &Mutex<Bucket>) -> std::io::Result<()> {
    let asked = read(&stream)?;
    let (fault, (status, headers, body)) = {
        let mut bucket = bucket.lock().unwrap();
        bucket.requests += 1;
        let is_faulty = bucket.faulty > 0 && bucket.requests.is_multiple_of(bucket.faulty);
        let kinds = [Fault::Busy, Fault::AnswerLost, Fault::Cut];
        let kind = kinds[(bucket.requests / bucket.faulty.max(1)) as usize % kinds.len()];
        let fault = if is_faulty { kind } else { Fault::None };
        let refused = |status| (status, String::new(), Vec::new());
        let answer = match fault {
            _ if bucket.closed_after.is_some_and(|after| bucket.requests > after) => refused(403),
            Fault::Busy => refused(503),
            _ => answer(&mut bucket, &asked),
        };
        (fault, answer)
    };
    if fault == Fault::AnswerLost {
        return Ok(());
    }
    let len = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {len}\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes())?;
    let sent = if fault == Fault::Cut { len / 2 } else { len };
    if asked.method != "HEAD" {
        stream.write_all(&body[..sent])?;
    }
    Ok(())
}

fn answer(bucket: &mut Bucket, asked: &Asked) -> (u16, String, Vec<u8>) {
    let name = asked.path.strip_prefix("/desk/").unwrap_or_default().to_owned();
    let tag = "etag: \"e\"\r\nlast-modified: Tue, 24 Nov 2026 08:30:00 GMT\r\n".to_owned();
    match asked.method.as_str() {
        "GET" if asked.query.contains("list-type=2") => {
            let prefix = asked.query.split('&').find_map(|pair| pair.strip_prefix("prefix="));
            (200, String::new(), listing(bucket, prefix.unwrap_or_default()).into_bytes())
        }
        "PUT" => {
            if asked.headers.contains_key("if-none-match") && bucket.objects.contains_key(&name) {
                return (412, String::new(), Vec::new());
            }
            bucket.objects.insert(name, (asked.body.clone(), SystemTime::now()));
            (200, tag, Vec::new())
        }
        "GET" | "HEAD" => {
            let Some((bytes, _)) = bucket.objects.get(&name) else {
                return (404, String::new(), Vec::new());
            };
            let range = asked.headers.get("range").and_then(|text| text.strip_prefix("bytes="));
            let Some((from, to)) = range.and_then(|text| text.split_once('-')) else {
                return (200, tag, bytes.clone());
            };
            let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
            let to = to.min(bytes.len() - 1);
            let headers = format!("{tag}content-range: bytes {from}-{to}/{}\r\n", bytes.len());
            (206, headers, bytes[from..=to].to_vec())
        }
        "DELETE" => {
            bucket.objects.remove(&name);
            (204, String::new(), Vec::new())
        }
        // Several are removed at once.
        "POST" => {
            let text = String::from_utf8_lossy(&asked.body).into_owned();
            let keys = text.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
            let mut gone = String::new();
            for key in keys {
                bucket.objects.remove(key);
                gone += &format!("<Deleted><Key>{key}</Key></Deleted>");
            }
            (200, String::new(), format!("<DeleteResult>{gone}</DeleteResult>").into_bytes())
        }
        _ => (405, String::new(), Vec::new()),
    }
}

fn listing(bucket: &Bucket, prefix: &str) -> String {
    let objects = bucket.objects.iter().filter(|(name, _)| {
        name.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && !rest.contains('/'))
    });
    let contents: String = objects
        .map(|(name, (bytes, _))| {
            format!(
                "<Contents><Key>{name}</Key><LastModified>2026-11-24T08:30:00.000Z</LastModified><ETag>\"e\"</ETag><Size>{}</Size></Contents>",
                bytes.len()
            )
        })
        .collect();
    format!("<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>")
}

pub(crate) fn snapshot(home: &Home, store: &Store) -> Manifest {
    let mut parts = [Part::required("tree", Files::new([home.tree()]))];
    create(store, &mut parts, &CreateOptions::new(now(), "t")).unwrap()
}

#[track_caller]
pub(crate) fn restored(home: &Home, store: &Store, manifest: &Manifest, into: &str) {
    let wanted = describe(&home.tree());
    let into = home.dir().join(into);
    let observe = &mut |_: &Event<'_>| {};
    let mut options = RestoreOptions::new(&now, "t", observe).with_into(&into);
    options.plans_dir = Some(home.dir().join("plans"));
    restore(store, &manifest.id, &mut options).unwrap();
    let found = into.join(home.tree().strip_prefix("/").unwrap());
    assert_same(&describe(&found), &wanted, "from the bucket");
}

#[test]
fn a_bucket_that_loses_requests_answers_and_bytes_gives_what_was_put_in() {
    let home = Home::new();
    let s3 = S3::start();
    let store = s3.create();
    // From now on every third request goes wrong in one of three ways.
    s3.bucket.lock().unwrap().faulty = 3;
    for n in 0..3_u8 {
        std::fs::write(home.tree().join("a"), pattern(n, 700_000)).unwrap();
        std::fs::write(home.tree().join("b"), "same").unwrap();
        let manifest = snapshot(&home, &store);
        assert!(manifest.is_good(), "{:?}", manifest.parts);
        restored(&home, &store, &manifest, &format!("into-{n}"));
    }
    let ids: Vec<_> = store.list().unwrap().into_iter().map(|listing| listing.id).collect();
    let verified = verify(&store, &ids, &Quiet).unwrap();
    assert!(verified.is_whole() && ids.len() > 3, "{verified:?}");
    let requests = s3.bucket.lock().unwrap().requests;
    assert!(requests > 60, "{requests} requests");

    let again =
        Store::open_in("s3://desk/snapshots", &s3.options(), &StoreOptions::default()).unwrap();
    assert_eq!(again.store_id(), store.store_id());
    let twice = Store::create_in(
        "s3://desk/snapshots",
        &s3.options(),
        &Protection::Clear,
        &StoreOptions::default(),
    );
    assert!(matches!(twice.unwrap_err(), StoreError::Exists { .. }));
}

#[test]
fn a_writer_that_is_cut_off_at_any_request_leaves_a_whole_store_and_the_next_one_finishes() {
    let home = Home::new();
    let s3 = S3::start();
    let store = s3.create();
    std::fs::write(home.tree().join("a"), pattern(1, 300_000)).unwrap();
    snapshot(&home, &store);
    std::fs::write(home.tree().join("a"), pattern(2, 300_000)).unwrap();
    let before = s3.bucket.lock().unwrap().objects.clone();
    let keep = Keep::default().with_last(1).with_daily(0).with_weekly(0);
    // By default every fourth request.
    let stride = if std::env::var_os("PLIMSOLL_SNAPSHOT_FULL").is_some() { 1 } else { 4 };
    let mut cut = [0, 0];
    for (which, count) in cut.iter_mut().enumerate() {
        let act = |store: &Store| match which {
            0 => {
                let mut parts = [Part::required("tree", Files::new([home.tree()]))];
                create(store, &mut parts, &CreateOptions::new(now(), "t")).map(drop).is_ok()
            }
            _ => prune(store, &PruneOptions::new(now()).with_keep(keep.clone())).is_ok(),
        };
        for after in (0..).step_by(stride) {
            let open = |after: Option<u64>| {
                let mut bucket = s3.bucket.lock().unwrap();
                bucket.requests = 0;
                bucket.closed_after = after;
            };
            open(Some(after));
            let is_done = act(&store);
            open(None);
            let fresh =
                Store::open_in("s3://desk/snapshots", &s3.options(), &StoreOptions::default());
            let fresh = fresh.unwrap();
            let ids: Vec<_> = fresh.list().unwrap().into_iter().map(|listing| listing.id).collect();
            assert!(verify(&fresh, &ids, &Quiet).unwrap().is_whole(), "cut off after {after}");
            assert!(act(&fresh), "cut off after {after}, and not finished by the next one");
            if is_done {
                break;
            }
            *count += 1;
            if which == 0 {
                s3.bucket.lock().unwrap().objects.clone_from(&before);
            }
        }
    }
    println!("bucket: create cut off at {} requests, prune at {}", cut[0], cut[1]);
    assert!(cut[0] > 1);
}

#[test]
fn a_flipped_bit_in_any_object_of_a_bucket_is_found() {
    let home = Home::new();
    let s3 = S3::start();
    let store = s3.create();
    std::fs::write(home.tree().join("a"), pattern(1, 30_000)).unwrap();
    let manifest = snapshot(&home, &store);
    let names: Vec<String> = s3.names("snapshots/");
    let mut found = 0;
    for name in names.iter().filter(|name| !name.contains("settings")) {
        let whole = s3.bucket.lock().unwrap().objects[name].0.clone();
        for place in 0..10 {
            let at = place * (whole.len() - 1) / 9;
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (place % 8);
            s3.bucket.lock().unwrap().objects.get_mut(name).unwrap().0 = flipped;
            let fresh =
                Store::open_in("s3://desk/snapshots", &s3.options(), &StoreOptions::default());
            let seen =
                fresh.and_then(|store| verify(&store, std::slice::from_ref(&manifest.id), &Quiet));
            assert!(seen.map_or(true, |report| !report.is_whole()), "{name} at {at}");
            found += 1;
        }
        s3.bucket.lock().unwrap().objects.get_mut(name).unwrap().0 = whole;
    }
    println!("bucket: {found} of {found} flips in {} objects found", names.len());
}

#[test]
fn without_a_lock_packs_go_only_after_the_grace_and_what_is_marked_is_not_used_again() {
    let home = Home::new();
    let s3 = S3::start();
    let store = s3.create();
    std::fs::write(home.tree().join("a"), pattern(1, 300_000)).unwrap();
    snapshot(&home, &store);
    let first = s3.names("snapshots/packs/");
    std::fs::write(home.tree().join("a"), pattern(2, 300_000)).unwrap();
    snapshot(&home, &store);
    let marked = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_509_000);
    let keep = Keep::default().with_last(1).with_daily(0).with_weekly(0);
    let at = |now| PruneOptions::new(now).with_keep(keep.clone());
    let pruned = prune(&store, &at(marked + Duration::from_secs(60))).unwrap();
    assert_eq!((pruned.removed.len(), pruned.packs_removed), (1, 1));
    assert_eq!(s3.names("snapshots/doomed/").len(), 1);
    assert!(first.iter().all(|name| s3.names("snapshots/packs/").contains(name)), "not yet");

    // The old contents again: written anew, as their pack may go any moment.
    std::fs::write(home.tree().join("a"), pattern(1, 300_000)).unwrap();
    let third = snapshot(&home, &store);
    let options = at(marked + Duration::from_secs(25 * 3600));
    prune(&store, &options).unwrap();
    assert!(first.iter().all(|name| !s3.names("snapshots/packs/").contains(name)), "it went");
    let left = s3.names("snapshots/doomed/");
    assert!(first.iter().all(|name| !left.contains(&name.replace("packs", "doomed"))), "{left:?}");
    let ids: Vec<_> = store.list().unwrap().into_iter().map(|listing| listing.id).collect();
    assert!(verify(&store, &ids, &Quiet).unwrap().is_whole());
    restored(&home, &store, &third, "into");
}

#[test]
fn what_is_wrong_with_a_bucket_is_named_without_its_keys() {
    let s3 = S3::start();
    let open = |url: &str, options: &BucketOptions| {
        let error = Store::open_in(url, options, &StoreOptions::default()).unwrap_err();
        let text = format!("{error:?} {options:?}");
        assert!(!text.contains("hunter2"), "{text}");
        error
    };
    assert!(matches!(open("s3://desk/other", &s3.options()), StoreError::NoStore { .. }));
    assert!(matches!(open("ftp://desk", &s3.options()), StoreError::Bucket { .. }));
    assert!(matches!(open("s3:///x", &s3.options()), StoreError::Bucket { .. }));
    let variables =
        [("AWS_REGION", "x"), ("PATH", "y"), ("AWS_SECRET_ACCESS_KEY", "hunter2-hunter2")];
    let own = BucketOptions::from_environment(variables.map(|(n, v)| (n.to_owned(), v.to_owned())));
    assert_eq!(own.settings.len(), 2, "{own:?}");
}
