//! A row that a running station takes over line protocol and shows to a query.

use std::fs;
use std::time::Duration;

use plimsoll_kit::CheckState;
use plimsoll_metrics::{Auth, HttpClient, HttpOptions, Json, Secret};
use plimsoll_station::Config;

use super::canary::nonce;
use crate::glue::sections::STATION;
use crate::probes::Surroundings;

const ID: &str = "monitoring.station";
const FIX: &str = "start `plimsoll station`; `station.listen` says where it is looked for";
/// A station on this machine answers within milliseconds.
const WAIT: Duration = Duration::from_secs(10);

/// A run of a producer that began and ended is written, and read back by its number.
pub(in crate::probes) fn station(around: &Surroundings) -> CheckState {
    let config: Config = match around.store.config().section(STATION) {
        Ok(config) => config,
        Err(failure) => return CheckState::failed(failure.to_string(), FIX),
    };
    if config.tls_cert.is_some() {
        return CheckState::skipped("a station behind TLS is not asked");
    }
    let auth = match config.tokens.as_ref().map(fs::read_to_string).transpose() {
        Ok(None) => Auth::None,
        Ok(Some(text)) => match token(&text) {
            Some(token) => Auth::Bearer { token: Secret::new(token) },
            None => return CheckState::skipped("no token of `station.tokens` may write and read"),
        },
        Err(error) => return CheckState::skipped(format!("`station.tokens`: {error}")),
    };
    let url = format!("http://{}", config.listen);
    let options = HttpOptions::default().with_connect_timeout(WAIT).with_request_timeout(WAIT);
    let mut client = match HttpClient::new(&url, &auth, options) {
        Ok(client) => client,
        Err(error) => return CheckState::failed(error.to_string(), FIX),
    };
    if let Err(error) = client.get("/ping") {
        return around.absent(ID, format!("no station answers at {url}: {error}"), FIX);
    }
    shown(&mut client).unwrap_or_else(|error| CheckState::failed(format!("{error:#}"), FIX))
}

/// A token that may both write and read.
fn token(text: &str) -> Option<&str> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split_whitespace()).find_map(|mut words| {
        let (_name, scopes, token) = (words.next()?, words.next()?, words.next()?);
        let has = |wanted: &str| scopes.split(',').any(|scope| scope == wanted);
        (has("write") && has("read")).then_some(token)
    })
}

fn shown(client: &mut HttpClient) -> anyhow::Result<CheckState> {
    let id = format!("verify-{}", nonce());
    let line = format!("producer_runs,state=closed process_id=\"{id}\",exit_reason=\"verify\"\n");
    let reply = client.post("/write", "text/plain", line.as_bytes())?;
    if !(200..300).contains(&reply.status) {
        let words = String::from_utf8_lossy(&reply.body).into_owned();
        return Ok(CheckState::failed(
            format!("the row was refused, {}: {words}", reply.status),
            FIX,
        ));
    }
    let sql = format!("select count(*) from producer_runs where process_id = '{id}'");
    let escaped = sql.replace(' ', "+").replace('\'', "%27").replace('=', "%3D");
    let reply = client.get(&format!("/api/query?query={escaped}"))?;
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    let json = Json::parse(&text).map_err(|error| anyhow::anyhow!("{error}: {text}"))?;
    let rows = json.get("dataset").map(Json::items).unwrap_or_default();
    let count = rows.first().and_then(|row| row.items().first()).and_then(Json::as_i64);
    Ok(match count {
        Some(1) => CheckState::ok(format!("row {id} read back from producer_runs")),
        _ => CheckState::failed(format!("{count:?} rows came back, wanted 1: {text}"), FIX),
    })
}

#[cfg(test)]
mod tests {
    use super::token;

    #[test]
    fn a_token_that_may_do_both_is_taken() {
        let text = "# who\nbot write aaa\nops read,operate bbb\nall write,read,operate ccc\n";
        assert_eq!(token(text), Some("ccc"));
        assert_eq!(token("bot write aaa\n"), None);
    }
}
