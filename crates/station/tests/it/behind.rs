//! A station in front of a QuestDB: `PLIMSOLL_QUESTDB_URL` names one that may be written to.

use std::net::TcpListener;
use std::time::{Duration, Instant, SystemTime};

use plimsoll_metrics::{Auth, HttpOptions, QuestDb};
use plimsoll_station::Address;

use crate::client::Running;

const WAIT: Duration = Duration::from_secs(20);

#[test]
fn rows_go_into_questdb_once_and_page_and_queries_read_it() {
    let Ok(url) = std::env::var("PLIMSOLL_QUESTDB_URL") else {
        eprintln!("SKIPPED: a station in front of QuestDB needs PLIMSOLL_QUESTDB_URL");
        return;
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
    let account = format!("a{now}");
    let running = Running::start(|options| options.with_questdb(Address::new(&url)));
    let body = format!(
        "trading_risk,mode=live,scope=account,account_id={account} equity=12345.5 {now}\ntrading_pnl,mode=live,strategy_id={account} total_pnl=1 {now}\n"
    );
    for _ in 0..3 {
        running.write(&body).is(204);
    }
    let sql = format!("SELECT account_id, equity FROM trading_risk WHERE account_id = '{account}'");
    let begun = Instant::now();
    let found = loop {
        let found = running.query(&sql)["dataset"].to_string();
        if found != "[]" || begun.elapsed() > WAIT {
            break found;
        }
        std::thread::yield_now();
    };
    assert_eq!(found, format!("[[\"{account}\",12345.5]]"), "three times, one row");
    let page = running.get("/d/now?hours=1").is(200).body.clone();
    assert!(page.contains("12,345.5"), "the page reads it");
    let reply = running.get("/api/query?query=TRUNCATE+TABLE+trading_risk");
    assert!(reply.is(400).body.contains("may write"), "{reply:?}");
    assert!(!running.dir.path().join("store.db").exists(), "no file of its own");
    let mut server = QuestDb::connect(&url, &Auth::None, HttpOptions::default()).unwrap();
    let sql = format!("SELECT count() FROM trading_pnl WHERE strategy_id = '{account}'");
    assert_eq!(server.query(&sql).unwrap().rows[0][0].as_i64(), Some(1));
}

#[test]
fn while_questdb_is_away_clients_are_told_to_come_again() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let running = Running::start(|options| options.with_questdb(Address::new(address)));
    let reply = running.write("trading_pnl,strategy_id=a total_pnl=1 5\n");
    assert!(reply.is(503).head.contains("retry-after"), "{reply:?}");
    assert_eq!(running.get("/api/query?query=SELECT+1").status, 503);
    let page = running.get("/");
    assert!(page.is(200).body.contains("the store cannot be asked just now"), "{page:?}");
}
