//! Stores in a bucket of a server that others wrote: `cargo xtask live snapshot` starts it.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU32;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use plimsoll_snapshot::{
    BucketOptions, Keep, Protection, PruneOptions, Quiet, Store, StoreOptions, prune, verify,
};
use testbed::{Fault, FlakyProxy};

use crate::bucket::{restored, snapshot};
use crate::grove::pattern;
use crate::home::{Home, now};

const SERVER: &str = "PLIMSOLL_SNAPSHOT_S3";
const CHILD: &str = "PLIMSOLL_SNAPSHOT_BUCKET_CHILD";

/// Where the server is; `None`, and said, unless a proof has started one.
fn server() -> Option<SocketAddr> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let Ok(address) = std::env::var(SERVER) else {
        println!("SKIPPED: {SERVER} names no server");
        return None;
    };
    Some(address.parse().unwrap())
}

/// How often something is done, by whether this is the whole proof.
fn times(full: u64, quick: u64) -> u64 {
    if std::env::var_os("PLIMSOLL_SNAPSHOT_FULL").is_some() { full } else { quick }
}

fn at(address: SocketAddr) -> BucketOptions {
    BucketOptions::default()
        .with_setting("aws_endpoint", format!("http://{address}"))
        .with_setting("aws_region", "us-east-1")
        .with_setting("aws_access_key_id", "key")
        .with_setting("aws_secret_access_key", "hunter2-hunter2")
        .allow_http()
}

fn made(url: &str, options: &BucketOptions) -> Store {
    Store::create_in(url, options, &Protection::Clear, &StoreOptions::default()).unwrap()
}

fn opened(url: &str, address: SocketAddr) -> Store {
    Store::open_in(url, &at(address), &StoreOptions::default()).unwrap()
}

#[track_caller]
fn assert_whole(store: &Store, why: &str) -> usize {
    let ids: Vec<_> = store.list().unwrap().into_iter().map(|listing| listing.id).collect();
    let verified = verify(store, &ids, &Quiet).unwrap();
    assert!(verified.is_whole(), "{why}: {verified:?}");
    ids.len()
}

fn keep_one() -> PruneOptions {
    PruneOptions::new(now()).with_keep(Keep::default().with_last(1).with_daily(0).with_weekly(0))
}

#[test]
fn a_bucket_gives_what_was_put_in_though_answers_are_lost() {
    let Some(server) = server() else { return };
    let home = Home::new();
    let mut proxy = FlakyProxy::start(server).unwrap();
    let url = "s3://desk/answers";
    let store = made(url, &at(proxy.addr()));
    let third = NonZeroU32::new(3).unwrap();
    let flaws = [
        Fault::Nothing,
        Fault::DropReplies { every: third },
        Fault::DropReplies { every: third.saturating_add(1) },
    ];
    for (n, flaw) in (0_u8..).zip(flaws) {
        proxy.set(flaw).unwrap();
        std::fs::write(home.tree().join("a"), pattern(n, 700_000)).unwrap();
        std::fs::write(home.tree().join("b"), "same").unwrap();
        let manifest = snapshot(&home, &store);
        assert!(manifest.is_good(), "{:?}", manifest.parts);
        restored(&home, &store, &manifest, &format!("into-{n}"));
    }
    let count = assert_whole(&store, "answers lost");
    let pruned = prune(&store, &keep_one()).unwrap();
    assert_eq!(pruned.removed.len() + 1, count);
    proxy.set(Fault::Refuse).unwrap();
    let gone = Store::open_in(url, &at(proxy.addr()), &StoreOptions::default()).unwrap_err();
    assert!(!format!("{gone:?}").contains("hunter2"), "{gone:?}");
    proxy.set(Fault::Nothing).unwrap();
    assert_whole(&store, "pruned");
    let counts = proxy.counts();
    println!("{} requests, {} answers lost", counts.requests, counts.replies_lost);
}

#[test]
fn a_bucket_gives_what_was_put_in_though_connections_are_cut_in_the_middle() {
    let Some(server) = server() else { return };
    let home = Home::new();
    let cutting = Cutting::start(server);
    let store = made("s3://desk/cuts", &at(cutting.address));
    let rounds = times(40, 4);
    for n in 0..rounds {
        std::fs::write(home.tree().join("a"), pattern(n as u8, 700_000)).unwrap();
        let manifest = snapshot(&home, &store);
        assert!(manifest.is_good(), "{:?}", manifest.parts);
        restored(&home, &store, &manifest, &format!("into-{n}"));
        if n % 8 == 7 {
            prune(&store, &keep_one()).unwrap();
        }
    }
    assert_whole(&store, "through the proxy");
    assert_whole(&opened("s3://desk/cuts", server), "without the proxy");
    let (up, down) = cutting.cuts();
    println!("{rounds} rounds: {up} uploads and {down} downloads cut in the middle");
    assert!(up >= rounds / 2 && down >= rounds / 2, "{up} and {down}");
}

#[test]
fn a_writer_killed_at_any_moment_leaves_a_whole_bucket_and_the_next_one_finishes() {
    if let Ok(words) = std::env::var(CHILD) {
        let (dir, server) = words.split_once('|').unwrap();
        drop(rustls::crypto::ring::default_provider().install_default());
        let store = opened("s3://desk/kills", server.parse().unwrap());
        assert!(snapshot(&Home::at(Path::new(dir)), &store).is_good());
        prune(&store, &keep_one()).unwrap();
        return;
    }
    let Some(server) = server() else { return };
    let home = Home::new();
    made("s3://desk/kills", &at(server));
    let command = || {
        let name =
            "moto::a_writer_killed_at_any_moment_leaves_a_whole_bucket_and_the_next_one_finishes";
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([name, "--exact"]).stdout(Stdio::null()).stderr(Stdio::null());
        command.env(CHILD, format!("{}|{server}", home.dir().display()));
        command
    };
    std::fs::write(home.tree().join("a"), pattern(0, 700_000)).unwrap();
    let began = Instant::now();
    assert!(command().status().unwrap().success());
    let whole = began.elapsed();
    let (tries, mut killed) = (times(30, 5), 0);
    for n in 0..tries {
        std::fs::write(home.tree().join("a"), pattern(n as u8 + 1, 700_000)).unwrap();
        let mut child = command().spawn().unwrap();
        // A golden section walks over all moments without a pattern.
        let share = (n as f64 * 0.618_033_988_75).fract();
        std::thread::sleep(whole.mul_f64(share).min(Duration::from_secs(30)));
        child.kill().unwrap();
        killed += u64::from(child.wait().unwrap().signal() == Some(9));
        let store = opened("s3://desk/kills", server);
        assert_whole(&store, &format!("killed after {share:.3} of its time"));
        let manifest = snapshot(&home, &store);
        assert!(manifest.is_good(), "{:?}", manifest.parts);
        if n % 10 == 0 {
            restored(&home, &store, &manifest, &format!("into-{n}"));
        }
    }
    println!("a writer killed at {killed} of {tries} random moments");
    assert!(killed > 0);
}

#[test]
fn a_flipped_bit_in_any_object_of_a_bucket_is_found_by_verify() {
    let Some(server) = server() else { return };
    let home = Home::new();
    let store = made("s3://desk/flips", &at(server));
    for n in 0..3 {
        std::fs::write(home.tree().join("a"), pattern(n, 30_000)).unwrap();
        std::fs::write(home.tree().join(format!("b{n}")), "small").unwrap();
        snapshot(&home, &store);
    }
    let ids: Vec<_> = store.list().unwrap().into_iter().map(|listing| listing.id).collect();
    let listed = asked(server, "GET", "?list-type=2&prefix=flips/", b"");
    let listed = String::from_utf8(listed).unwrap();
    let keys = listed.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
    let keys: Vec<&str> =
        keys.filter(|key| ["packs", "snapshots"].iter().any(|d| key.contains(d))).collect();
    assert!(keys.len() >= 6, "{keys:?}");
    let flips = times(500, 30);
    for flip in 0..flips {
        let key = format!("/{}", keys[flip as usize % keys.len()]);
        let whole = asked(server, "GET", &key, b"");
        let share = (flip as f64 * 0.618_033_988_75).fract();
        let at = match flip as usize / keys.len() {
            0 => 0,
            1 => whole.len() - 1,
            _ => (whole.len() as f64 * share) as usize,
        };
        let mut wrong = whole.clone();
        wrong[at] ^= 1 << (flip % 8);
        asked(server, "PUT", &key, &wrong);
        let fresh = opened("s3://desk/flips", server);
        let seen = verify(&fresh, &ids, &Quiet).unwrap();
        assert!(!seen.is_whole(), "byte {at} of {key}");
        asked(server, "PUT", &key, &whole);
    }
    assert_whole(&store, "after");
    println!("{flips} flips in {} objects, all found", keys.len());
}

/// One request to the server itself, which asks for no true signature.
fn asked(server: SocketAddr, method: &str, rest: &str, body: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(server).unwrap();
    let len = body.len();
    let head = format!(
        "{method} /desk{rest} HTTP/1.1\r\nhost: {server}\r\nauthorization: AWS4-HMAC-SHA256 \
         Credential=key/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n\
         content-length: {len}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    assert_eq!(head.split(' ').nth(1), Some("200"), "{method} {rest}: {head}");
    answer.split_off(end + 4)
}

/// A proxy that lets only so many bytes of a connection pass one way, of every third connection
/// to the server and of every third to the client.
struct Cutting {
    address: SocketAddr,
    cuts: Arc<[AtomicU64; 2]>,
}

impl Cutting {
    fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let cuts = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let shared = cuts.clone();
        std::thread::spawn(move || {
            for (n, client) in (0_u64..).zip(listener.incoming().flatten()) {
                let cuts = shared.clone();
                std::thread::spawn(move || {
                    let server = TcpStream::connect(server).unwrap();
                    // From the first hundred bytes to more than anything here is long.
                    let limit = (100.0 * 10_000_f64.powf((n as f64 * 0.618).fract())) as u64;
                    let limits = [(n % 3, 0), (n % 3, 1)]
                        .map(|(kind, way)| if kind == way { limit } else { u64::MAX });
                    std::thread::scope(|scope| {
                        let up = || pass(&client, &server, limits[0], &cuts[0]);
                        scope.spawn(up);
                        pass(&server, &client, limits[1], &cuts[1]);
                    });
                });
            }
        });
        Self { address, cuts }
    }

    /// How many uploads and how many downloads did not pass whole.
    fn cuts(&self) -> (u64, u64) {
        (self.cuts[0].load(Ordering::SeqCst), self.cuts[1].load(Ordering::SeqCst))
    }
}

/// Passes bytes until either side ends or the limit is reached.
fn pass(mut from: &TcpStream, mut to: &TcpStream, limit: u64, cuts: &AtomicU64) {
    let (mut left, mut bytes) = (limit, [0; 4096]);
    while let Ok(len @ 1..) = from.read(&mut bytes) {
        let passing = left.min(len as u64) as usize;
        if to.write_all(&bytes[..passing]).is_err() {
            break;
        }
        left -= passing as u64;
        if passing < len {
            cuts.fetch_add(1, Ordering::SeqCst);
            break;
        }
    }
    // Whoever still waits at the other end sees that it is over.
    drop(from.shutdown(Shutdown::Both));
    drop(to.shutdown(Shutdown::Both));
}
