//! Stand-ins on loopback: an HTTP server that answers by a function, and a Redis.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use plimsoll_snapshot::http::{Http, HttpOptions};

type Answer = Box<dyn Fn(&str, &str) -> (u16, String) + Send + Sync>;

/// Answers requests by a function of target and body. Ends with the process.
pub(crate) fn serve_http(answer: Answer) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // A client that goes away is its own affair.
            let Ok(stream) = stream else { continue };
            drop(one_request(stream, &answer));
        }
    });
    address
}

fn one_request(mut stream: TcpStream, answer: &Answer) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if header.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let (status, text) = answer(&target, &String::from_utf8(body).unwrap());
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        text.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(text.as_bytes())
}

pub(crate) fn http(address: SocketAddr) -> Http {
    Http::new(&format!("http://{address}"), HttpOptions::default()).unwrap()
}

/// Takes the percent signs out of a query.
pub(crate) fn query(target: &str) -> String {
    let coded = target.split_once("query=").map_or("", |(_, rest)| rest);
    let mut bytes = Vec::new();
    let mut rest = coded.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&after[..2]).unwrap(), 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// A key: its type and its contents.
pub(crate) type Stored = (String, Vec<Vec<u8>>);
pub(crate) type Keys = BTreeMap<String, Stored>;

/// A Redis with the few commands that are used; a dump is its own form here.
#[derive(Debug)]
pub(crate) struct FakeRedis {
    pub(crate) address: SocketAddr,
    pub(crate) keys: Arc<Mutex<Keys>>,
    /// Whether something writes all the time.
    pub(crate) is_busy: Arc<AtomicBool>,
}

impl FakeRedis {
    pub(crate) fn start(keys: Keys, password: Option<&'static str>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let keys = Arc::new(Mutex::new(keys));
        let is_busy = Arc::new(AtomicBool::new(false));
        let (shared, busy) = (keys.clone(), is_busy.clone());
        std::thread::spawn(move || {
            let writes = Arc::new(AtomicU64::new(0));
            for stream in listener.incoming().flatten() {
                let session = Session {
                    keys: shared.clone(),
                    busy: busy.clone(),
                    writes: writes.clone(),
                    is_in: password.is_none(),
                    queue: None,
                };
                std::thread::spawn(move || session.run(stream, password));
            }
        });
        Self { address, keys, is_busy }
    }
}

struct Session {
    keys: Arc<Mutex<Keys>>,
    busy: Arc<AtomicBool>,
    writes: Arc<AtomicU64>,
    is_in: bool,
    queue: Option<Vec<Vec<Vec<u8>>>>,
}

impl Session {
    fn run(mut self, mut stream: TcpStream, password: Option<&str>) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        loop {
            let count: usize = line(&mut reader)?.strip_prefix('*')?.parse().ok()?;
            let mut words = Vec::new();
            for _ in 0..count {
                let len: usize = line(&mut reader)?.strip_prefix('$')?.parse().ok()?;
                let mut word = vec![0; len + 2];
                reader.read_exact(&mut word).ok()?;
                word.truncate(len);
                words.push(word);
            }
            let answer = self.answer(words, password);
            stream.write_all(&answer).ok()?;
        }
    }

    fn answer(&mut self, words: Vec<Vec<u8>>, password: Option<&str>) -> Vec<u8> {
        let name = String::from_utf8_lossy(&words[0]).to_uppercase();
        if name == "AUTH" {
            self.is_in = password.is_some_and(|own| own.as_bytes() == words[words.len() - 1]);
            return if self.is_in {
                b"+OK\r\n".to_vec()
            } else {
                b"-WRONGPASS invalid\r\n".to_vec()
            };
        }
        if !self.is_in {
            return b"-NOAUTH Authentication required.\r\n".to_vec();
        }
        match (name.as_str(), self.queue.take()) {
            ("MULTI", _) => {
                self.queue = Some(Vec::new());
                b"+OK\r\n".to_vec()
            }
            ("EXEC", Some(queue)) => {
                let replies: Vec<_> = queue.into_iter().map(|words| self.command(&words)).collect();
                [format!("*{}\r\n", replies.len()).into_bytes(), replies.concat()].concat()
            }
            (_, Some(mut queue)) => {
                queue.push(words);
                self.queue = Some(queue);
                b"+QUEUED\r\n".to_vec()
            }
            (_, None) => self.command(&words),
        }
    }

    fn command(&mut self, words: &[Vec<u8>]) -> Vec<u8> {
        let mut keys = self.keys.lock().unwrap();
        let key = words.get(1).map(|key| String::from_utf8_lossy(key).into_owned());
        let key = key.unwrap_or_default();
        let found = keys.get(&key).cloned();
        match String::from_utf8_lossy(&words[0]).to_uppercase().as_str() {
            "PING" => b"+PONG\r\n".to_vec(),
            "INFO" => {
                if self.busy.load(Ordering::SeqCst) {
                    let n = self.writes.fetch_add(1, Ordering::SeqCst);
                    let number = n.to_string().into_bytes();
                    keys.insert(
                        "trader-T-1:general:beat".to_owned(),
                        ("string".to_owned(), vec![number]),
                    );
                }
                let writes = self.writes.load(Ordering::SeqCst);
                let text = format!(
                    "# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\nrdb_last_save_time:1\r\nrdb_changes_since_last_save:{writes}\r\n"
                );
                bulk(text.as_bytes())
            }
            "SCAN" => {
                let pattern = String::from_utf8_lossy(&words[3]).replace('\\', "");
                let prefix = pattern.trim_end_matches('*');
                let all: Vec<Vec<u8>> = keys
                    .keys()
                    .filter(|key| key.starts_with(prefix))
                    .map(|key| bulk(key.as_bytes()))
                    .collect();
                [format!("*2\r\n$1\r\n0\r\n*{}\r\n", all.len()).into_bytes(), all.concat()].concat()
            }
            "TYPE" => format!("+{}\r\n", found.map_or("none".to_owned(), |f| f.0)).into_bytes(),
            "DUMP" => found.map_or(b"$-1\r\n".to_vec(), |f| bulk(&serde_json::to_vec(&f).unwrap())),
            "PEXPIRETIME" => b":-1\r\n".to_vec(),
            "GET" => bulk(&found.unwrap().1[0]),
            "LRANGE" | "SMEMBERS" | "HGETALL" | "ZRANGE" => {
                let all: Vec<Vec<u8>> =
                    found.map_or_else(Vec::new, |f| f.1).iter().map(|value| bulk(value)).collect();
                [format!("*{}\r\n", all.len()).into_bytes(), all.concat()].concat()
            }
            "RESTORE" => {
                keys.insert(key, serde_json::from_slice(&words[3]).unwrap());
                b"+OK\r\n".to_vec()
            }
            "DEL" => {
                keys.remove(&key);
                b":1\r\n".to_vec()
            }
            other => format!("-ERR unknown command '{other}'\r\n").into_bytes(),
        }
    }
}

fn bulk(bytes: &[u8]) -> Vec<u8> {
    [format!("${}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

fn line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|len| *len > 0)?;
    Some(line.trim_end().to_owned())
}

/// The keys that a real node wrote, from a file of this crate.
pub(crate) fn nautilus_keys(encoding: &str) -> Keys {
    let path =
        format!("{}/tests/fixtures/nautilus_cache_{encoding}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let listed: BTreeMap<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    let hex = |text: &str| -> Vec<u8> {
        let pairs = (0..text.len()).step_by(2);
        pairs.map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    };
    let stored = |value: &serde_json::Value| -> Stored {
        let mut values = Vec::new();
        for value in value["values"].as_array().unwrap() {
            match value {
                serde_json::Value::String(one) => values.push(hex(one)),
                pair => {
                    values
                        .extend(pair.as_array().unwrap().iter().map(|v| hex(v.as_str().unwrap())));
                }
            }
        }
        (value["type"].as_str().unwrap().to_owned(), values)
    };
    listed.iter().map(|(key, value)| (key.clone(), stored(value))).collect()
}
