//! 510 bodies that a real QuestDB 9.3.4 was sent, with what it answered and stored, beside what a
//! station does with them. `cargo xtask live lines` asks a real QuestDB again.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::client::{Reply, Running, send};

const CASES: &str = include_str!("../fixtures/lines.jsonl");

/// A row that gives a table the columns of the cases that begin with one.
const TYPED: &str = ",s=a l=1i,d=1.0,x=\"a\",m=1n,b=t,i=t 1\n";

fn body(case: &Value, table: &str) -> Vec<u8> {
    let bytes = match (&case["body"], &case["base64"]) {
        (Value::String(text), _) => text.clone().into_bytes(),
        (_, Value::String(text)) => STANDARD.decode(text).unwrap(),
        _ => panic!("{case}"),
    };
    replace(&bytes, b"{T}", table.as_bytes())
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        match rest.strip_prefix(from) {
            Some(after) => {
                out.extend_from_slice(to);
                rest = after;
            }
            None => {
                out.push(rest[0]);
                rest = &rest[1..];
            }
        }
    }
    out
}

/// Why the station does not do as QuestDB did; `None` when it does.
fn difference(case: &Value, reply: &Reply, running: &Running, table: &str) -> Option<String> {
    let wanted = case["status"].as_u64().unwrap();
    if (wanted == 204) != (reply.status == 204) {
        return Some(format!("QuestDB {wanted}, station {} {}", reply.status, reply.body));
    }
    if let (Some(line), 400) = (case["line"].as_u64(), reply.status) {
        let found = reply.json()["line"].as_u64();
        return (found != Some(line)).then(|| format!("QuestDB line {line}, station {found:?}"));
    }
    for stored in case["tables"].as_array().into_iter().flatten() {
        let name = stored["name"].as_str().unwrap().replace("{T}", table);
        let quoted = name.replace('"', "\"\"");
        let sql = format!(
            "SELECT * FROM \"{quoted}\" WHERE ts <> 1 OR {} ORDER BY seq",
            case["table"].is_null()
        );
        let target = format!("/api/query?query={}", crate::client::escape(&sql));
        let answer = running.get(&target);
        if answer.status != 200 {
            return Some(format!("no table `{name}`: {}", answer.body));
        }
        let found = answer.json();
        let rows = stored["rows"].as_array().unwrap();
        if found["count"].as_u64() != Some(rows.len() as u64) {
            return Some(format!("QuestDB {} rows, station {}", rows.len(), found["count"]));
        }
        for (row, cells) in rows.iter().zip(found["dataset"].as_array().unwrap()) {
            for (at, column) in found["columns"].as_array().unwrap().iter().enumerate() {
                let name = column["name"].as_str().unwrap();
                let is_leading =
                    ["ts_init", "env", "mode", "producer", "run", "seq", "flags"].contains(&name);
                let theirs = match (name, &row["timestamp"]) {
                    ("ts", Value::Null) => &row["ts"],
                    ("ts", theirs) => theirs,
                    _ => &row[name],
                };
                if !is_leading && !is_same(theirs, &cells[at]) {
                    return Some(format!(
                        "column `{name}`: QuestDB {theirs}, station {}",
                        cells[at]
                    ));
                }
            }
        }
    }
    None
}

fn is_same(theirs: &Value, ours: &Value) -> bool {
    match (theirs, ours) {
        (Value::Bool(theirs), ours) => ours.as_i64() == Some(i64::from(*theirs)),
        (Value::Object(moment), ours @ (Value::String(_) | Value::Number(_))) => {
            // A column that holds moments in one table and numbers in another is read as numbers.
            let ours = ours.as_i64().unwrap_or_else(|| nanos(ours.as_str().unwrap()));
            match (moment.get("ns"), moment.get("us")) {
                (Some(ns), _) => ns.as_i64() == Some(ours),
                (_, Some(us)) => us.as_i64() == Some(ours.div_euclid(1000)),
                _ => false,
            }
        }
        // The moment at which the server read the line.
        (Value::String(theirs), Value::String(_)) if theirs == "now" => true,
        (Value::Number(theirs), Value::Number(ours)) => theirs.as_f64() == ours.as_f64(),
        (theirs, ours) => theirs == ours,
    }
}

/// Nanoseconds since 1970 of `2023-11-14T22:13:20.000000000Z`.
fn nanos(text: &str) -> i64 {
    let number = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    // Days from the civil calendar, by shifting the year's start to March.
    let (y, m) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days =
        365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (153 * m + 2) / 5 + day
            - 1
            - 719_468;
    let secs = days * 86_400 + number(11..13) * 3600 + number(14..16) * 60 + number(17..19);
    let fraction = text[19..].trim_start_matches('.').trim_end_matches('Z');
    let fraction = format!("{fraction:0<9}").parse::<i64>().unwrap();
    secs * 1_000_000_000 + fraction
}

#[test]
fn a_station_says_of_each_line_what_questdb_says_or_why_it_does_not() {
    let running = Running::start(|options| {
        // Some of these lines lie in the next century.
        options.with_open_schema().with_ahead_max(std::time::Duration::from_hours(24 * 365 * 300))
    });
    let (mut agree, mut differ, mut wrong) = (0, 0, String::new());
    for line in CASES.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let table = format!("c{:03}", case["case"]);
        if !case["table"].is_null() {
            running.write(format!("{table}{TYPED}")).is(204);
        }
        let target = match case["query"].as_str() {
            Some(query) => format!("/write?{query}"),
            None => "/write".to_owned(),
        };
        let body = body(&case, &table);
        let reply = send(running.station.address(), "POST", &target, &[], &body);
        let found = difference(&case, &reply, &running, &table);
        match (&found, case["differs"].as_str()) {
            (None, None) => agree += 1,
            (Some(_), Some(_)) => differ += 1,
            (Some(found), None) => writeln!(wrong, "{table}: {found} <- {line}").unwrap(),
            (None, Some(reason)) => {
                writeln!(wrong, "{table}: agrees, but is said to differ: {reason}").unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{agree} agree, {differ} differ as said; not so:\n{wrong}");
    eprintln!("{agree} lines as QuestDB, {differ} otherwise for a stated reason");
    assert!(agree >= 300, "{agree}");
}
