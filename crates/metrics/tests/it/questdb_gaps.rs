//! Losses are found and sized at a real QuestDB too, partitions that its retention dropped included.

use std::time::SystemTime;

use plimsoll_metrics::{
    IlpSink, Timestamp,
    gaps::{Finding, Part, Verdict, Why},
};

use crate::{
    gaps::{lost, unknown},
    questdb::Live,
    stored::{Build, V, at, with},
};

const DAY: i64 = 86_400_000_000_000;

struct Planted {
    sink: IlpSink,
    now: i64,
}

impl Planted {
    fn rows(&mut self, table: &str, run: i64, seqs: impl Iterator<Item = i64>, ts: i64) {
        let mut build = Build::table(table);
        for seq in seqs {
            let producer = ("producer", V::S("bot@host"));
            // Rows of fills all have one key, so that each replaces the one before.
            let ts = if table == "trading_fills" { ts } else { ts + seq };
            build.add(&with(at(ts, run, seq), &[producer]));
        }
        build.write(&mut self.sink).unwrap();
    }

    /// Attempted, dropped and acknowledged rows of a run, as its last row says.
    fn told(&mut self, run: i64, table: &str, states: &[&str], counts: [i64; 3], since: i64) {
        let mut build = Build::table("producer_runs");
        for (seq, state) in (0..).zip(states) {
            let ts = if seq == 0 { since } else { self.now };
            build.add(&with(
                at(ts, run, run * 1_000 + seq),
                &[
                    ("ts_init", V::L(ts)),
                    ("producer", V::S("bot@host")),
                    ("table_name", V::S(table)),
                    ("state", V::S(state)),
                    ("attempted", V::L(counts[0])),
                    ("dropped", V::L(counts[1])),
                    ("acked", V::L(counts[2])),
                    ("quarantined", V::L(0)),
                ],
            ));
        }
        build.write(&mut self.sink).unwrap();
    }
}

/// What is found once all rows are visible.
fn found(live: &mut Live, now: i64) -> Vec<Finding> {
    live.wait_applied();
    live.db.gaps(Timestamp::from_nanos(now + 5_000_000_000)).unwrap()
}

#[test]
fn planted_holes_at_a_server_are_found() {
    let Some(mut live) = Live::new("planted_holes_at_a_server") else { return };
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let now = i64::try_from(since.as_nanos()).unwrap();
    let (pnl, fills, both) = ("trading_pnl", "trading_fills", ["open", "closed"]);
    let mut p = Planted { sink: live.sink(), now };
    p.rows(pnl, 1, (3..40).chain(43..90), now);
    p.told(1, pnl, &both, [100, 4, 84], now);
    p.told(2, pnl, &both, [7, 0, 0], now);
    p.rows(pnl, 3, 0..10, now);
    p.told(3, pnl, &["beat"], [10, 0, 10], now);
    p.rows(pnl, 4, 0..10, now);
    // Retention keeps 90 days: of run 5 it takes the beginning, of run 6 all.
    p.rows(pnl, 5, 0..10, now - 200 * DAY);
    p.rows(pnl, 6, 0..10, now - 200 * DAY);
    p.rows(pnl, 5, 10..20, now);
    p.told(5, pnl, &both, [20, 0, 20], now - 200 * DAY);
    p.told(6, pnl, &both, [10, 0, 10], now - 200 * DAY);
    p.rows(pnl, 7, 0..10, now);
    p.told(7, pnl, &both, [10, 0, 10], now);
    // Each fill replaces the one before; of run 9 none is left.
    p.rows(fills, 9, 0..10, now);
    p.rows(fills, 8, 0..10, now);
    p.told(8, fills, &both, [10, 0, 10], now);
    p.told(9, fills, &both, [10, 0, 10], now);

    let mut verdicts: Vec<(i64, Verdict)> =
        found(&mut live, now).into_iter().map(|f| (f.run, f.verdict)).collect();
    verdicts.sort_by_key(|(run, _)| *run);
    let wanted = [
        (1, lost(12, &[(Part::Head, 0, 2), (Part::Middle, 40, 42), (Part::Tail, 90, 99)])),
        (2, lost(7, &[(Part::Tail, 0, 6)])),
        (3, unknown(Why::Open { silent_for: std::time::Duration::from_secs(5) })),
        (4, unknown(Why::NoRunRow)),
        (5, unknown(Why::PerhapsExpired { rows: 10 })),
        (6, unknown(Why::PerhapsExpired { rows: 10 })),
        (7, Verdict::Whole),
        (8, Verdict::Whole),
        (9, Verdict::Whole),
    ];
    assert_eq!(verdicts, wanted);
}

#[test]
fn rows_that_a_suspended_table_hides_are_not_called_lost() {
    let Some(mut live) = Live::new("rows_that_a_suspended_table_hides") else { return };
    let mut p = Planted { sink: live.sink(), now: 1_700_000_000_000_000_000 };
    let (pnl, now) = ("trading_pnl", p.now);
    p.rows(pnl, 1, 0..5, now);
    p.told(1, pnl, &["open", "closed"], [10, 0, 10], now);
    live.wait_applied();
    let table = format!("{}{pnl}", live.prefix);
    live.query(&format!("ALTER table '{table}' SUSPEND WAL"));
    p.rows(pnl, 1, 5..10, now);
    let verdict = live.db.gaps(Timestamp::from_nanos(now)).unwrap()[0].verdict.clone();
    assert_eq!(verdict, unknown(Why::NotApplied));
    live.query(&format!("ALTER table '{table}' RESUME WAL"));
    assert_eq!(found(&mut live, now)[0].verdict, Verdict::Whole);
}
