//! Proofs of the station: killed while it takes rows in, and its verdicts beside a real QuestDB's.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, ensure};
use plimsoll_metrics::{Auth, HttpClient, HttpOptions};
use serde_json::Value;

use super::Live;
use super::questdb_server::{QuestDb, Start};
use crate::machine;
use crate::steps::Outcome;

/// Longest wait until QuestDB shows what it acknowledged.
const VISIBLE: Duration = Duration::from_secs(20);

/// The kill test of the command, with more kills.
pub(super) fn kills(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let kills = live.count(5, 50);
    let name = "station::no_acknowledged_row_is_lost";
    let args = ["test", "-p", "plimsoll", "--test", "it", name, "--", "--nocapture"];
    let output = live
        .workspace
        .cargo(args)
        .env("PLIMSOLL_KILLS", kills.to_string())
        .output()
        .context("cannot run cargo test")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let figure = errors.lines().find(|line| line.contains("kills, ")).unwrap_or_default();
    Ok(if output.status.success() && !figure.is_empty() {
        Outcome::Passed(figure.to_owned())
    } else {
        Outcome::Failed(format!("{text}{errors}"))
    })
}

/// Sends every case of the station's fixture to a real QuestDB and holds what it says against what
/// the fixture says that it said; the station's own tests hold the station against the fixture.
pub(super) fn lines(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let path = live.workspace.root.join("crates/station/tests/fixtures/lines.jsonl");
    let text = std::fs::read_to_string(&path).context("no fixture of lines")?;
    let cases = text.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    let server = match QuestDb::start(live.workspace)? {
        Start::Running(server) => server,
        Start::Unavailable(why) => return Ok(Outcome::Skipped(why)),
    };
    let url = format!("http://{}", server.http_addr());
    let mut client = HttpClient::new(&url, &Auth::None, HttpOptions::default())?;
    let (mut same, mut wrong, mut stored) = (0, String::new(), Vec::new());
    let step = usize::try_from(live.count(4, 1))?;
    for case in cases.iter().step_by(step) {
        let table = format!("c{:03}", case["case"].as_u64().context("a case without number")?);
        if !case["table"].is_null() {
            let columns = "ts TIMESTAMP_NS, l LONG, d DOUBLE, s SYMBOL, x VARCHAR, m TIMESTAMP_NS, b BOOLEAN, i INT";
            server.query(&format!(
                "CREATE TABLE {table} ({columns}) TIMESTAMP(ts) PARTITION BY DAY WAL"
            ))?;
        }
        let target = match case["query"].as_str() {
            Some(query) => format!("/write?{query}"),
            None => "/write".to_owned(),
        };
        let reply = client.post(&target, "text/plain", &body(case, &table)?)?;
        if case["status"].as_u64() == Some(reply.status.into()) {
            same += 1;
            stored.push((case, table));
        } else {
            writeln!(wrong, "{table}: QuestDB says {} now: {case}", reply.status)?;
        }
    }
    let rows = check_rows(&server, &stored, &mut wrong)?;
    ensure!(same >= 100, "only {same} cases");
    let differs = cases.iter().filter(|case| case["differs"].is_string()).count();
    let all = cases.len();
    Ok(if wrong.is_empty() {
        Outcome::Passed(format!(
            "{same} bodies judged by QuestDB as recorded, {rows} tables with the recorded number of rows; of {all} the station agrees on {}, {differs} differ for a stated reason",
            all - differs
        ))
    } else {
        Outcome::Failed(wrong)
    })
}

/// Whether the tables have as many rows as recorded, in QuestDB.
fn check_rows(
    server: &QuestDb,
    stored: &[(&Value, String)],
    wrong: &mut String,
) -> anyhow::Result<usize> {
    let mut checked = 0;
    for (case, table) in stored {
        for one in case["tables"].as_array().into_iter().flatten() {
            let name = one["name"].as_str().unwrap_or_default().replace("{T}", table);
            let wanted = one["rows"].as_array().map_or(0, Vec::len);
            let sql = format!("SELECT count() FROM \"{name}\"");
            let begun = machine::now();
            loop {
                let found = server.query(&sql)?.pointer("/dataset/0/0").and_then(Value::as_u64);
                if found == u64::try_from(wanted).ok() {
                    checked += 1;
                    break;
                }
                if begun.elapsed() > VISIBLE {
                    writeln!(wrong, "{name}: {found:?} rows, {wanted} recorded")?;
                    break;
                }
                machine::pause(Duration::from_millis(20));
            }
        }
    }
    Ok(checked)
}

fn body(case: &Value, table: &str) -> anyhow::Result<Vec<u8>> {
    let bytes = match (&case["body"], &case["base64"]) {
        (Value::String(text), _) => text.clone().into_bytes(),
        (_, Value::String(text)) => decode(text).context("bad base64 in the fixture")?,
        _ => anyhow::bail!("a case without body"),
    };
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.as_slice();
    while let Some((first, after)) = rest.split_first() {
        match rest.strip_prefix(b"{T}") {
            Some(after) => {
                out.extend_from_slice(table.as_bytes());
                rest = after;
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    Ok(out)
}

/// Standard base64.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in text.trim_end_matches('=').bytes() {
        let six = u32::try_from(ALPHABET.iter().position(|b| *b == byte)?).ok()?;
        bits = ((bits & 0xfff) << 6) | six;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_put_into_a_body_of_any_bytes() {
        let case = serde_json::json!({ "base64": "e1R9IHY9Iv8iIDE=" });
        assert_eq!(body(&case, "c1").unwrap(), b"c1 v=\"\xff\" 1");
    }
}
