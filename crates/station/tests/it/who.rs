//! Who may do what.

use std::net::SocketAddr;

use plimsoll_metrics::{Auth, HttpClient, HttpOptions, Metrics, Mode, Options};
use plimsoll_station::{StartError, Station, StationOptions, Tokens};

use crate::client::{Running, send};

const WRITER: &str = "writer-0123456789abcdef0123456789abcdef";
const READER: &str = "reader-0123456789abcdef0123456789abcdef";
const LINE: &[u8] = b"trading_pnl,env=prod,producer=bot@a,strategy_id=a total_pnl=1 5\n";

fn tokens() -> Tokens {
    Tokens::parse(&format!("bot write {WRITER} env=prod producer=bot@a\nme read {READER}\n"))
        .unwrap()
}

/// Method and path.
type What<'w> = (&'w str, &'w str);

#[track_caller]
fn check(running: &Running, what: What<'_>, headers: &[(&str, &str)], body: &[u8], status: u16) {
    send(running.station.address(), what.0, what.1, headers, body).is(status);
}

#[test]
fn a_token_opens_what_its_scopes_say_and_no_more() {
    let running = Running::start(|options| options.with_tokens(tokens()));
    let (writer, reader) = (format!("Bearer {WRITER}"), format!("Bearer {READER}"));
    check(&running, ("POST", "/write"), &[], LINE, 401);
    check(&running, ("POST", "/write"), &[("authorization", "Bearer x")], LINE, 401);
    check(&running, ("POST", "/write"), &[("authorization", &reader)], LINE, 403);
    check(&running, ("POST", "/write"), &[("authorization", &writer)], LINE, 204);
    check(&running, ("GET", "/metrics"), &[("authorization", &writer)], b"", 403);
    check(&running, ("GET", "/metrics"), &[("authorization", &reader)], b"", 200);
    check(&running, ("GET", "/api/query?query=SELECT+1"), &[], b"", 401);
    // Clients ask these before they show who they are.
    check(&running, ("GET", "/ping"), &[], b"", 204);
    check(&running, ("GET", "/settings"), &[], b"", 200);
}

#[test]
fn a_token_of_one_environment_cannot_write_into_another() {
    let running = Running::start(|options| options.with_tokens(tokens()));
    let writer = format!("Bearer {WRITER}");
    let headers: &[(&str, &str)] = &[("authorization", &writer)];
    check(
        &running,
        ("POST", "/write"),
        headers,
        b"trading_pnl,env=test,producer=bot@a total_pnl=1 5\n",
        403,
    );
    check(
        &running,
        ("POST", "/write"),
        headers,
        b"trading_pnl,producer=bot@a total_pnl=1 5\n",
        403,
    );
    check(
        &running,
        ("POST", "/write"),
        headers,
        b"trading_pnl,env=prod,producer=other total_pnl=1 5\n",
        403,
    );
    check(&running, ("POST", "/write"), headers, LINE, 204);
}

#[test]
fn without_tokens_only_this_machine_is_answered_and_no_page_of_another_site() {
    let running = Running::start(|options| options);
    check(&running, ("POST", "/write"), &[("host", "evil.example")], LINE, 403);
    check(&running, ("GET", "/api/query?query=SELECT+1"), &[("host", "evil.example:80")], b"", 403);
    check(&running, ("POST", "/write"), &[("origin", "http://evil.example")], LINE, 403);
    check(&running, ("POST", "/write"), &[("sec-fetch-site", "cross-site")], LINE, 403);
    check(&running, ("POST", "/write"), &[], LINE, 204);
}

#[test]
fn an_address_that_others_reach_needs_tls_and_tokens() {
    let dir = tempfile::TempDir::new().unwrap();
    let bind: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let options = StationOptions::new(dir.path().join("store.db")).with_bind(bind);
    let missing = |options: StationOptions| match Station::start(options) {
        Err(StartError::Exposed { missing, .. }) => missing,
        other => panic!("{other:?}"),
    };
    assert_eq!(missing(options.clone()), "TLS and tokens");
    assert_eq!(missing(options.with_tokens(tokens())), "TLS");
    assert!(!dir.path().join("store.db").exists(), "nothing was made");
}

#[test]
fn a_strategy_of_ours_sends_its_rows_here_and_none_is_missing() {
    let running = Running::start(|options| options);
    let spool = running.dir.path().join("spool");
    let options = Options::connect(running.station.url(), spool, Mode::Live).with_trader("desk-1");
    let metrics = Metrics::open(&options).unwrap();
    let strategy = metrics.strategy("mean-reversion").unwrap();
    let account = strategy.account("HL-main").unwrap();
    let btc = account.instrument("BTC-USD-PERP", "HYPERLIQUID", "USDC").unwrap();
    for n in 0..500 {
        btc.emit_pnl(plimsoll_metrics::Pnl::new().realized_pnl(f64::from(n)));
    }
    metrics.close(std::time::Duration::from_secs(20)).unwrap();
    assert_eq!(running.cell("SELECT count(*) FROM trading_pnl"), 500);
    let runs =
        running.cell("SELECT max(acked) FROM producer_runs WHERE table_name = 'trading_pnl'");
    assert_eq!(runs, 500, "the producer's own count");
}

#[test]
fn the_probes_of_questdb_clients_are_answered() {
    let running = Running::start(|options| options);
    let mut client =
        HttpClient::new(&running.station.url(), &Auth::None, HttpOptions::default()).unwrap();
    let settings = client.get("/settings").unwrap();
    assert!(settings.server.starts_with("plimsoll-station/"), "{settings:?}");
    let json: serde_json::Value = serde_json::from_slice(&settings.body).unwrap();
    assert_eq!(json["config"]["line.proto.support.versions"].to_string(), "[1,2]");
    assert_eq!(client.get("/ping").unwrap().status, 204);
    running.get("/nothing").is(404);
    running.get("/write").is(405);
}
