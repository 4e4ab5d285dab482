//! Old rows go, and minutes come, by themselves.

use std::time::{Duration, Instant, SystemTime};

use crate::client::Running;

/// Longest wait for a timer.
const WAIT: Duration = Duration::from_secs(20);

fn until(running: &Running, sql: &str, wanted: i64) {
    let begun = Instant::now();
    loop {
        let target = format!("/api/query?query={}", crate::client::escape(sql));
        let reply = running.get(&target);
        let found = (reply.status == 200).then(|| reply.json()["dataset"][0][0].clone());
        if found.as_ref().and_then(serde_json::Value::as_i64) == Some(wanted) {
            return;
        }
        assert!(begun.elapsed() < WAIT, "{sql}: {found:?}, wanted {wanted}");
        std::thread::yield_now();
    }
}

#[test]
fn rows_past_their_time_are_deleted_and_minutes_are_rolled_up_over_a_gap() {
    let running = Running::start(|mut options| {
        options.has_upkeep = true;
        options.with_upkeep(Duration::from_millis(10), Duration::from_millis(10))
    });
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as i64;
    let hours_ago = |hours: i64| now - hours * 3_600_000_000_000;
    // Two minutes with a night of five hours between them, and a row from a hundred days ago.
    let body = format!(
        "trading_pnl,strategy_id=a total_pnl=1 {0}\ntrading_pnl,strategy_id=a total_pnl=3 {0}\ntrading_pnl,strategy_id=a total_pnl=5 {1}\n",
        hours_ago(9),
        hours_ago(4),
    );
    running.write(body).is(204);
    running.write(format!("trading_pnl,strategy_id=old total_pnl=7 {}\n", hours_ago(2400))).is(204);
    until(&running, "SELECT count(*) FROM trading_pnl WHERE strategy_id = 'old'", 0);
    until(&running, "SELECT count(*) FROM trading_pnl_1m WHERE strategy_id = 'a'", 2);
    let found = running
        .query("SELECT min, max, last, n FROM trading_pnl_1m WHERE strategy_id = 'a' ORDER BY ts");
    assert_eq!(found["dataset"].to_string(), "[[1.0,3.0,3.0,2],[5.0,5.0,5.0,1]]");
    assert_eq!(running.cell("SELECT count(*) FROM trading_pnl"), 3);
}
