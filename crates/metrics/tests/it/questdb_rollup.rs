//! Roll-ups at a real QuestDB.

use plimsoll_metrics::{
    Timestamp,
    rollup::{self, ROLL_UPS},
};

use crate::{
    questdb::Live,
    stored::{Build, V, at, with},
};

const MINUTE: i64 = 60_000_000_000;

#[test]
fn minutes_are_written_once_and_replaced_when_they_are_rolled_up_again() {
    let Some(mut live) = Live::new("minutes_are_written_once") else { return };
    let mut sink = live.sink();
    let base = 1_700_000_040_000_000_000;
    for of in &ROLL_UPS {
        let mut build = Build::table(of.source);
        for (seq, value) in [(0, 5.5), (1, 3.0), (2, 7.0)] {
            build.add(&with(
                at(base + seq, 1, seq),
                &[("env", V::S("prod")), (of.value, V::D(value))],
            ));
        }
        build.write(&mut sink).unwrap();
        live.wait_applied();
        for _ in 0..2 {
            let (last, oldest) = live.db.rolled_up(of).unwrap();
            assert_eq!(oldest, Some(Timestamp::from_nanos(base)));
            let now = Timestamp::from_nanos(base + 2 * MINUTE);
            let due = rollup::due(last, oldest, std::time::Duration::from_secs(600), now);
            let minutes = live.db.minutes(of, due).unwrap();
            rollup::write(&mut sink, of, &minutes, "station@host", now).unwrap();
            live.wait_applied();
        }
        let sql = format!(
            "SELECT min, max, last, p50, n, env, mode FROM '{}{}'",
            live.prefix, of.target.name
        );
        let rows = live.query(&sql);
        let found: Vec<String> = rows
            .iter()
            .map(|r| r.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(found, ["3 7 7 5.5 3 prod -"], "{}", of.source);
    }
}
