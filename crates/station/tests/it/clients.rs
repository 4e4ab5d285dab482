//! Clients that other people wrote, unchanged: the rows that they send come out as they went in, of the
//! station and, when `PLIMSOLL_QUESTDB_URL` names one that may be written to, of a real QuestDB.
//!
//! `PLIMSOLL_CLIENT_PYTHON` is a Python that has PyPI's `questdb`; without it only questdb-rs sends.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use plimsoll_metrics::ddl::{self, Dialect};
use plimsoll_metrics::{Auth, HttpOptions, Json, Pnl, QuestDb, Table as _};
use plimsoll_station::Station;
use questdb::ingress::{Sender, TimestampMicros, TimestampNanos};
use serde_json::{Value, json};

use crate::client::Running;

const FIRST_NS: i64 = 1_700_000_000_000_000_000;
/// Longest wait until QuestDB shows what it acknowledged.
const VISIBLE: Duration = Duration::from_secs(60);
/// Rows between two flushes of questdb-rs; Python's client flushes as it does by itself.
const FLUSH: usize = 500;

/// Texts that a protocol of lines must escape.
const TEXTS: [&str; 8] = [
    "plain",
    "two words, a comma and a = sign",
    "a \"quoted\" word",
    "back\\slash and a last \\",
    "two\nlines",
    "a\ttab",
    "Ω ☃ 🚢",
    "'single' {braces} %percent",
];
const FLOATS: [f64; 8] =
    [0.1, -0.0, 1e-300, -1.797_693_134_862_315_7e308, 0.1 + 0.2, 5e-324, 12.5, 1.0 / 3.0];
const INTEGERS: [i64; 6] = [0, -1, i64::MAX, i64::MIN + 1, 42, 9_007_199_254_740_993];

/// A row as a client is given it.
#[derive(Debug)]
struct Sent {
    table: String,
    symbols: Vec<(&'static str, String)>,
    columns: Vec<(&'static str, Cell)>,
    at_ns: i64,
}

#[derive(Debug, Clone)]
enum Cell {
    Float(f64),
    Integer(i64),
    Truth(bool),
    Text(String),
    Micros(i64),
    Nanos(i64),
}

impl Cell {
    fn json(&self) -> Value {
        match self {
            Self::Float(v) => json!(v),
            Self::Integer(v) => json!(v),
            Self::Truth(v) => json!(v),
            Self::Text(v) => json!(v),
            Self::Micros(v) => json!({ "us": v }),
            Self::Nanos(v) => json!({ "ns": v }),
        }
    }

    /// What a store shows, in words that say the same for either store.
    fn shown(&self) -> String {
        match self {
            // SQLite does not keep the sign of zero, as the README says.
            Self::Float(v) => format!("{:x}", (v + 0.0).to_bits()),
            Self::Integer(v) => v.to_string(),
            Self::Truth(v) => i64::from(*v).to_string(),
            Self::Text(v) => v.clone(),
            Self::Micros(v) => moment(v * 1_000),
            Self::Nanos(v) => moment(*v),
        }
    }

    /// The same of what a store answered: the station has no truth values, QuestDB shows moments of
    /// microseconds with six digits.
    fn shown_of(&self, found: &Json) -> String {
        let known = match self {
            Self::Float(_) => match found {
                Json::Float(v) => Some(format!("{:x}", (v + 0.0).to_bits())),
                _ => None,
            },
            Self::Truth(_) => found.as_bool().map(|v| i64::from(v).to_string()),
            Self::Micros(_) | Self::Nanos(_) => found.as_str().map(nine_digits),
            Self::Integer(_) | Self::Text(_) => None,
        };
        known.or_else(|| found.as_str().map(str::to_owned)).unwrap_or_else(|| found.to_string())
    }
}

fn moment(ns: i64) -> String {
    plimsoll_metrics::read::Rfc3339(plimsoll_metrics::Timestamp::from_nanos(ns)).to_string()
}

fn nine_digits(text: &str) -> String {
    let (whole, fraction) = text.trim_end_matches('Z').split_once('.').unwrap_or((text, ""));
    format!("{whole}.{fraction:0<9}Z")
}

/// A client and the version of the protocol that it is told to speak, or may choose.
struct Client {
    name: &'static str,
    version: Option<u8>,
    send: fn(&str, &[Sent]),
}

impl Client {
    fn conf(&self, to: &str) -> String {
        let version = self.version.map_or(String::new(), |v| format!("protocol_version={v};"));
        format!("http::addr={to};{version}")
    }

    /// Version 1 has microseconds only.
    fn rows(&self, count: usize, suffix: &str) -> Vec<Sent> {
        let to = if self.version == Some(1) { 1_000 } else { 1 };
        let at = |n: usize| (FIRST_NS + i64::try_from(n).unwrap() * 1_000_003) / to * to;
        (0..count).map(|n| self.row(n, at(n), suffix)).collect()
    }

    fn row(&self, n: usize, at_ns: i64, suffix: &str) -> Sent {
        let text = |at: usize| TEXTS[at % TEXTS.len()].to_owned();
        let name = format!("{}{suffix}", self.name);
        if n.is_multiple_of(2) {
            return Sent {
                table: "trading_pnl".to_owned(),
                symbols: vec![
                    ("mode", "live".into()),
                    ("strategy_id", name),
                    ("venue", text(n / 2)),
                ],
                columns: vec![
                    ("realized_pnl", Cell::Float(FLOATS[n / 2 % FLOATS.len()])),
                    ("total_pnl", Cell::Float(n as f64 / 7.0)),
                ],
                at_ns,
            };
        }
        let mut columns = vec![
            ("note", Cell::Text(text(n / 3))),
            ("ratio", Cell::Float(FLOATS[n / 2 % FLOATS.len()])),
            ("number", Cell::Integer(INTEGERS[n / 2 % INTEGERS.len()])),
            ("is_open", Cell::Truth(n.is_multiple_of(3))),
            ("seen", Cell::Micros(at_ns / 1_000 + 1)),
        ];
        if self.version != Some(1) {
            columns.push(("seen_ns", Cell::Nanos(at_ns + 1)));
        }
        Sent { table: name, symbols: vec![("side", text(n / 2))], columns, at_ns }
    }
}

fn by_rust(conf: &str, rows: &[Sent]) {
    let mut sender = Sender::from_conf(conf).unwrap();
    let mut buffer = sender.new_buffer();
    for some in rows.chunks(FLUSH) {
        for row in some {
            buffer.table(row.table.as_str()).unwrap();
            for (name, text) in &row.symbols {
                buffer.symbol(*name, text).unwrap();
            }
            for (name, cell) in &row.columns {
                match cell {
                    Cell::Float(v) => buffer.column_f64(*name, *v),
                    Cell::Integer(v) => buffer.column_i64(*name, *v),
                    Cell::Truth(v) => buffer.column_bool(*name, *v),
                    Cell::Text(v) => buffer.column_str(*name, v),
                    Cell::Micros(v) => buffer.column_ts(*name, TimestampMicros::new(*v)),
                    Cell::Nanos(v) => buffer.column_ts(*name, TimestampNanos::new(*v)),
                }
                .unwrap();
            }
            buffer.at(TimestampNanos::new(row.at_ns)).unwrap();
        }
        sender.flush(&mut buffer).unwrap();
    }
}

fn by_python(conf: &str, rows: &[Sent]) {
    let python = std::env::var_os("PLIMSOLL_CLIENT_PYTHON").unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/client.py");
    let mut command = Command::new(python);
    command.args(["-W", "ignore", script, conf]).stdin(Stdio::piped());
    let mut client = command.spawn().unwrap();
    let mut lines = String::new();
    for Sent { table, symbols, columns, at_ns } in rows {
        let symbols: BTreeMap<_, _> = symbols.iter().cloned().collect();
        let columns: BTreeMap<_, _> = columns.iter().map(|(n, cell)| (n, cell.json())).collect();
        let row = json!({ "table": table, "symbols": symbols, "columns": columns, "at": at_ns });
        lines.push_str(&format!("{row}\n"));
    }
    client.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert!(client.wait().unwrap().success(), "the client in Python failed");
}

fn clients() -> Vec<Client> {
    let rust = |name, version| Client { name, version, send: by_rust };
    let python = |name, version| Client { name, version, send: by_python };
    let mut clients = vec![rust("rust", None), rust("rust_1", Some(1)), rust("rust_2", Some(2))];
    if std::env::var_os("PLIMSOLL_CLIENT_PYTHON").is_some() {
        clients.extend([python("python", None), python("python_1", Some(1))]);
    } else {
        eprintln!("SKIPPED: PyPI's client needs PLIMSOLL_CLIENT_PYTHON");
    }
    clients
}

/// The rows of a client in one table, in the order of time, as they were sent.
fn sent(rows: &[Sent], table: &str) -> Vec<Vec<String>> {
    let of_table = rows.iter().filter(|row| row.table == table);
    let cells = |row: &Sent| {
        let symbols = row.symbols.iter().map(|(_, text)| text.clone());
        let columns = row.columns.iter().map(|(_, cell)| cell.shown());
        symbols.chain(columns).chain([moment(row.at_ns)]).collect()
    };
    of_table.map(cells).collect()
}

/// A query for them, and the cells as they come out of a store.
fn sql(row: &Sent, client: &str, time: &str) -> String {
    let symbols = row.symbols.iter().map(|(name, _)| *name);
    let names: Vec<_> = symbols.chain(row.columns.iter().map(|(name, _)| *name)).collect();
    let of = if row.table == "trading_pnl" {
        format!(" WHERE strategy_id = '{client}'")
    } else {
        String::new()
    };
    format!("SELECT {}, {time} FROM {}{of} ORDER BY {time}", names.join(", "), row.table)
}

fn found(row: &Sent, dataset: &[Vec<Json>]) -> Vec<Vec<String>> {
    let text = Cell::Text(String::new());
    let kinds = row.symbols.iter().map(|_| text.clone());
    let kinds =
        kinds.chain(row.columns.iter().map(|(_, cell)| cell.clone())).chain([Cell::Nanos(0)]);
    let kinds: Vec<Cell> = kinds.collect();
    let shown = |row: &Vec<Json>| kinds.iter().zip(row).map(|(kind, v)| kind.shown_of(v)).collect();
    dataset.iter().map(shown).collect()
}

fn of_station(station: &Running, sql: &str) -> Vec<Vec<Json>> {
    let target = format!("/api/query?limit=100000&query={}", crate::client::escape(sql));
    // Reads numbers to the last bit, which serde_json does not.
    let reply = Json::parse(&station.get(&target).is(200).body).unwrap();
    reply.get("dataset").unwrap().items().iter().map(|row| row.items().to_vec()).collect()
}

/// Asks until there are as many rows as wanted, or the time is over.
fn of_questdb(server: &mut QuestDb, sql: &str, wanted: usize) -> Vec<Vec<Json>> {
    let begun = Instant::now();
    loop {
        let rows = server.query(sql).map(|found| found.rows).unwrap_or_default();
        if rows.len() >= wanted || begun.elapsed() > VISIBLE {
            return rows;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A QuestDB that has our table as we would make it, under a name that a test may use once.
fn questdb() -> Option<(String, QuestDb)> {
    let Ok(url) = std::env::var("PLIMSOLL_QUESTDB_URL") else {
        eprintln!("SKIPPED: the comparison needs PLIMSOLL_QUESTDB_URL");
        return None;
    };
    let mut server = QuestDb::connect(&url, &Auth::None, HttpOptions::default()).unwrap();
    for statement in ddl::create(Pnl::SCHEMA, Dialect::QuestDb, "") {
        server.query(&statement).unwrap();
    }
    Some((url.trim_start_matches("http://").to_owned(), server))
}

#[test]
fn rows_of_real_clients_come_out_as_they_went_in_and_as_of_questdb() {
    let count = std::env::var("PLIMSOLL_CLIENT_ROWS").map_or(1_000, |rows| rows.parse().unwrap());
    let station = Running::start(plimsoll_station::StationOptions::with_open_schema);
    let mut questdb = questdb();
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let suffix = format!("_{}", since.as_millis());
    let (mut cells, clients) = (0, clients());
    for client in &clients {
        let rows = client.rows(count, &suffix);
        let name = format!("{}{suffix}", client.name);
        (client.send)(&client.conf(&address(&station.station)), &rows);
        if let Some((address, _)) = &questdb {
            (client.send)(&client.conf(address), &rows);
        }
        for first in &rows[..2] {
            let wanted = sent(&rows, &first.table);
            let is_ours = first.table == "trading_pnl";
            let rows = of_station(&station, &sql(first, &name, "ts"));
            same(&found(first, &rows), &wanted, &format!("station, {name}"));
            cells += wanted.iter().map(Vec::len).sum::<usize>();
            if let Some((_, server)) = &mut questdb {
                let time = if is_ours { "ts" } else { "timestamp" };
                let rows = of_questdb(server, &sql(first, &name, time), wanted.len());
                same(&found(first, &rows), &wanted, &format!("QuestDB, {name}"));
            }
        }
    }
    let stores = if questdb.is_some() { "of the station and of QuestDB" } else { "of the station" };
    let names: Vec<_> = clients.iter().map(|client| client.name).collect();
    eprintln!(
        "{} rows of {} clients ({}), {cells} cells came out as they went in, {stores}",
        count * clients.len(),
        clients.len(),
        names.join(", ")
    );
}

fn address(station: &Station) -> String {
    let address: SocketAddr = station.address();
    address.to_string()
}

#[track_caller]
fn same(found: &[Vec<String>], wanted: &[Vec<String>], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}: rows");
    for (n, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        assert_eq!(found, wanted, "{what}: row {n}");
    }
}
