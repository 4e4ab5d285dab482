//! What becomes of rows that are sent.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use plimsoll_station::{Station, StationOptions};

use crate::client::{Running, send};

const PNL: &str = "trading_pnl,env=prod,mode=live,strategy_id=a realized_pnl=1.5,total_pnl=2i 1700000000000000000n\n";

#[test]
fn a_row_of_a_known_table_is_stored_as_it_was_sent() {
    let running = Running::start(|options| options);
    running.write(PNL).is(204);
    let found = running
        .query("SELECT ts, env, mode, strategy_id, realized_pnl, total_pnl FROM trading_pnl");
    assert_eq!(
        found["dataset"][0].to_string(),
        r#"["2023-11-14T22:13:20.000000000Z","prod","live","a",1.5,2.0]"#
    );
}

#[test]
fn a_request_with_one_bad_line_stores_nothing_of_any_table() {
    let running = Running::start(|options| options);
    let body =
        format!("{PNL}order_latency,stage=ack latency_ms=1.0 1\ntrading_pnl total_pnl=\"x\" 2\n");
    let reply = running.write(body);
    let found = reply.is(400).json();
    assert_eq!((found["line"].as_u64(), found["column"].as_u64()), (Some(3), Some(13)), "{found}");
    assert!(
        found["message"].as_str().unwrap().contains("`total_pnl` is DOUBLE, found a text"),
        "{found}"
    );
    assert_eq!(running.cell("SELECT count(*) FROM trading_pnl"), 0);
}

#[test]
fn the_same_bytes_again_add_nothing_and_other_bytes_do() {
    let running = Running::start(|options| options);
    let two = format!("{PNL}{PNL}");
    for _ in 0..3 {
        running.write(&two).is(204);
    }
    assert_eq!(running.cell("SELECT count(*) FROM trading_pnl"), 2, "two lines, three times");
    running.write(PNL).is(204);
    assert_eq!(running.cell("SELECT count(*) FROM trading_pnl"), 3);
    assert_eq!(running.cell("SELECT count(DISTINCT run) FROM trading_pnl"), 2);
    let metrics = running.get("/metrics").body;
    assert!(metrics.contains("plimsoll_station_rows_stored_total 7\n"), "{metrics}");
    assert!(metrics.contains("plimsoll_station_rows_replayed_total 4\n"), "{metrics}");
}

#[test]
fn an_identity_that_is_sent_is_kept_and_half_of_one_is_refused() {
    let running = Running::start(|options| options);
    running.write("trading_pnl,strategy_id=a total_pnl=1,run=7i,seq=9i 5\n").is(204);
    running.write("trading_pnl,strategy_id=a total_pnl=2,run=7i,seq=9i 5\n").is(204);
    let found = running.query("SELECT run, seq, total_pnl FROM trading_pnl");
    assert_eq!(found["dataset"].to_string(), "[[7,9,1.0]]");
    let reply = running.write("trading_pnl,strategy_id=a total_pnl=1,run=7i 5\n");
    assert!(reply.is(400).body.contains("both or neither"), "{reply:?}");
}

#[test]
fn a_fill_that_comes_again_replaces_the_one_before() {
    let running = Running::start(|options| options);
    let fill = |px: &str| {
        format!(
            "trading_fills,account_id=a,instrument_id=b,side=buy trade_id=\"t1\",last_px={px} 5\n"
        )
    };
    running.write(fill("1.0")).is(204);
    running.write(fill("2.0")).is(204);
    assert_eq!(
        running.query("SELECT last_px FROM trading_fills")["dataset"].to_string(),
        "[[2.0]]"
    );
}

#[test]
fn gzip_is_read_and_something_that_is_not_is_refused() {
    let running = Running::start(|options| options);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(PNL.as_bytes()).unwrap();
    let body = encoder.finish().unwrap();
    let gzip = [("content-encoding", "gzip")];
    let address = running.station.address();
    send(address, "POST", "/write", &gzip, &body).is(204);
    send(address, "POST", "/write", &gzip, &body[..body.len() - 4]).is(400);
    send(address, "POST", "/write", &gzip, PNL.as_bytes()).is(400);
    send(address, "POST", "/write", &[("content-encoding", "br")], PNL.as_bytes()).is(415);
    assert_eq!(running.cell("SELECT count(*) FROM trading_pnl"), 1);
}

#[test]
fn an_unknown_table_is_refused_unless_clients_may_make_them_and_then_it_stays() {
    let line = "cpu,host=a load=0.5,cores=4i 1\n";
    let closed = Running::start(|options| options);
    assert!(closed.write(line).is(400).body.contains("--open-schema"));

    let open = Running::start(StationOptions::with_open_schema);
    open.write(line).is(204);
    // A line with more columns, and then again one with fewer, in one body and over two.
    open.write(
        "cpu,host=a load=1.5 2\ncpu,host=b,rack=r load=2.5,note=\"x\" 3\ncpu,host=c load=3.5 4\n",
    )
    .is(204);
    open.write("cpu,host=d load=4.5 5\n").is(204);
    let sql = "SELECT host, rack, load, cores, note FROM cpu ORDER BY ts";
    let wanted = r#"[["a",null,0.5,4,null],["a",null,1.5,null,null],["b","r",2.5,null,"x"],["c",null,3.5,null,null],["d",null,4.5,null,null]]"#;
    assert_eq!(open.query(sql)["dataset"].to_string(), wanted);
    // After a restart the columns have the types that they had.
    let (dir, store) = (open.dir, open.station);
    drop(store);
    let options = StationOptions::new(dir.path().join("store.db")).with_open_schema();
    let station = Station::start(options).unwrap();
    let reply = send(station.address(), "POST", "/write", &[], b"cpu,host=e load=\"x\" 6\n");
    assert!(reply.is(400).body.contains("`load` is DOUBLE, found a text"), "{reply:?}");
    send(station.address(), "POST", "/write", &[], b"cpu,host=e load=5.5,new=t 6\n").is(204);
}

#[test]
fn rows_of_a_backtest_are_kept_apart_from_live_ones() {
    let running = Running::start(|options| options);
    running.write("trading_pnl,strategy_id=a total_pnl=1 5\n").is(204);
    running.write("bt_trading_pnl,strategy_id=a,mode=backtest total_pnl=2 5\n").is(204);
    assert_eq!(
        running.query("SELECT total_pnl FROM trading_pnl")["dataset"].to_string(),
        "[[1.0]]"
    );
    let twin = running.query("SELECT total_pnl FROM bt_trading_pnl");
    assert_eq!(twin["dataset"].to_string(), "[[2.0]]");
    let reply = running.write("bt_nonsense a=1 5\n");
    assert!(reply.is(400).body.contains("reserved"), "{reply:?}");
}

#[test]
fn a_column_that_a_known_table_has_not_is_left_out_and_counted() {
    let running = Running::start(StationOptions::with_open_schema);
    running.write("trading_pnl,strategy_id=a total_pnl=1,of_tomorrow=2 5\n").is(204);
    assert!(running.get("/metrics").body.contains("plimsoll_station_values_omitted_total 1\n"));
    let reply = running.write("trading_pnl of_tomorrow=2 5\n");
    assert!(reply.is(400).body.contains("none of the columns"), "{reply:?}");
}

#[test]
fn what_is_not_a_number_is_unknown_and_flagged() {
    let running = Running::start(|options| options);
    running.write("trading_pnl,strategy_id=a total_pnl=NaN,realized_pnl=1 5\n").is(204);
    let found = running.query("SELECT total_pnl, realized_pnl, flags FROM trading_pnl");
    assert_eq!(found["dataset"].to_string(), "[[null,1.0,1]]");
}

#[test]
fn a_time_far_ahead_of_the_clock_is_refused() {
    let running = Running::start(|options| options);
    let reply = running.write("trading_pnl,strategy_id=a total_pnl=1 4102444800000000000\n");
    assert!(reply.is(400).body.contains("24 h ahead"), "{reply:?}");
}
