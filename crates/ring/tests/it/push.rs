use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use plimsoll_ring::{Arena, LaneOptions, RingError};
use proptest::prelude::*;

use crate::{Seen, heap_lane, seen, take};

#[derive(Clone, Debug)]
enum Step {
    Push { table: u8, words: usize, flags: u8 },
    Drain { records: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let push = (0_u8..4, 0_usize..=126, any::<u8>());
    let push = push.prop_map(|(table, words, flags)| Step::Push { table, words, flags });
    let drain = (0_usize..6).prop_map(|records| Step::Drain { records });
    prop::collection::vec(prop_oneof![3 => push, 1 => drain], 1..300)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Against a queue: order, content, room, sequence numbers and counts, across many laps.
    #[test]
    fn lane_is_a_bounded_queue_that_counts_what_it_refuses(steps in steps()) {
        let (producer, mut consumer) = heap_lane(64);
        let mut model: VecDeque<Seen> = VecDeque::new();
        let (mut attempts, mut dropped, mut value) = ([0_u64; 4], [0_u64; 4], 0_u64);
        for step in steps {
            match step {
                Step::Push { table, words, flags } => {
                    let at = usize::from(table);
                    let content: Vec<u64> = (0..words as u64).map(|word| value + word).collect();
                    value += 1_000;
                    let used: usize = model.iter().map(|(.., words)| (words.len() + 2) / 8).sum();
                    let slots = (words + 2).div_ceil(8);
                    let fits = used + slots <= 64;
                    let pushed = producer.push(table, words, |to| {
                        content.iter().for_each(|word| assert!(to.put(*word)));
                        assert!(!to.put(1), "no word beyond the room asked for");
                        to.flags(flags);
                    });
                    prop_assert_eq!(pushed, fits);
                    if fits {
                        let mut padded = content;
                        padded.resize(slots * 8 - 2, 0);
                        model.push_back((table, attempts[at], flags, padded));
                    } else {
                        dropped[at] += 1;
                    }
                    attempts[at] += 1;
                }
                Step::Drain { records } => {
                    let mut got = Vec::new();
                    let upto = consumer.drain(records, |record| got.push(seen(record)));
                    consumer.release(upto);
                    let count = records.min(model.len());
                    let wanted: Vec<Seen> = model.drain(..count).collect();
                    prop_assert_eq!(got, wanted);
                }
            }
        }
        prop_assert_eq!(take(&mut consumer), Vec::from(model));
        for table in 0..4_u8 {
            prop_assert_eq!(consumer.attempts(table), attempts[usize::from(table)]);
            prop_assert_eq!(consumer.dropped(table), dropped[usize::from(table)]);
        }
        prop_assert_eq!(consumer.corrupt_slots(), 0);
    }

    #[test]
    fn bytes_come_back_as_they_were_put(
        skip in 0_usize..9, bytes in prop::collection::vec(any::<u8>(), 0..1_100), room in 9_usize..=126,
    ) {
        let (producer, mut consumer) = heap_lane(64);
        for _ in 0..6 {
            let mut took = 0;
            let pushed = producer.push(1, room, |to| {
                (0..skip).for_each(|_| assert!(to.put(u64::MAX)));
                took = to.put_bytes(&bytes);
                to.put(77);
            });
            prop_assert!(pushed);
            let whole = (room - skip) * 8;
            prop_assert_eq!(took, bytes.len().min(whole.saturating_sub(2)));
            let upto = consumer.drain(9, |record| {
                let mut to = [0; 1_008];
                if room > skip {
                    let (got, next) = record.bytes(skip, &mut to).unwrap();
                    assert_eq!(got, &bytes[..took]);
                    assert!(next == room || record.word(next) == Some(77));
                }
            });
            consumer.release(upto);
        }
    }
}

#[test]
fn full_ring_drops_the_newest_and_the_gap_shows() {
    let (producer, mut consumer) = heap_lane(64);
    let pushed = (0..100).filter(|value| producer.push(5, 1, |to| _ = to.put(*value))).count();
    assert_eq!((pushed, consumer.attempts(5), consumer.dropped(5)), (64, 100, 36));
    let kept: Vec<u64> = take(&mut consumer).into_iter().map(|(.., words)| words[0]).collect();
    assert_eq!(kept, (0..64).collect::<Vec<_>>());
    assert!(producer.push(5, 1, |to| _ = to.put(0)));
    assert_eq!(take(&mut consumer)[0].1, 100, "the next sequence number counts the drops");
}

#[test]
fn drain_without_release_gives_the_same_again() {
    let (producer, mut consumer) = heap_lane(64);
    (0..3).for_each(|value| assert!(producer.push(0, 1, |to| _ = to.put(value))));
    let mut first = Vec::new();
    let upto = consumer.drain(2, |record| first.push(seen(record)));
    let mut again = Vec::new();
    assert_eq!(consumer.drain(2, |record| again.push(seen(record))), upto);
    assert_eq!(first, again);
    assert_eq!(consumer.backlog_slots(), 3);
    consumer.release(u64::MAX); // a position that was never drained frees what was
    assert_eq!(consumer.backlog_slots(), 1);
    assert_eq!(take(&mut consumer).len(), 1);
}

#[test]
fn push_inside_a_push_is_dropped_and_counted() {
    let (producer, mut consumer) = heap_lane(64);
    assert!(producer.push(1, 2, |to| {
        to.put(1);
        assert!(!producer.push(2, 1, |to| _ = to.put(9)));
        to.put(2);
    }));
    assert_eq!(take(&mut consumer), [(1, 0, 0, vec![1, 2, 0, 0, 0, 0])]);
    assert_eq!((consumer.attempts(2), consumer.dropped(2)), (1, 1));
}

#[test]
fn push_that_is_not_over_is_no_attempt_yet() {
    let (producer, mut consumer) = heap_lane(64);
    assert!(producer.push(1, 1, |to| {
        to.put(1);
        assert_eq!((consumer.attempts(1), producer.attempts(1)), (0, 0));
    }));
    assert_eq!((take(&mut consumer).len(), consumer.attempts(1)), (1, 1));
}

#[test]
fn panic_inside_a_push_leaves_a_working_lane() {
    let (producer, mut consumer) = heap_lane(64);
    let push = || producer.push(1, 2, |_| std::panic::resume_unwind(Box::new("scripted")));
    assert!(catch_unwind(AssertUnwindSafe(push)).is_err());
    assert!(producer.push(1, 1, |to| _ = to.put(5)));
    assert_eq!(take(&mut consumer), [(1, 1, 0, vec![5, 0, 0, 0, 0, 0])]);
}

#[test]
fn number_of_slots_is_checked() {
    let cases = [("zero", 0), ("odd", 100), ("few", 32), ("many", 1 << 25)];
    for (name, slots) in cases {
        let lane = Arena::heap().unwrap().lane(&LaneOptions::new(1).with_slots(slots));
        assert!(matches!(lane, Err(RingError::Slots { .. })), "{name}");
    }
}

#[test]
fn two_threads_pass_records_in_order_without_loss() {
    const RECORDS: u64 = 1_000_000;
    let (producer, mut consumer) = heap_lane(1 << 12);
    let pushing = std::thread::spawn(move || {
        for value in 0..RECORDS {
            let room = 1 + (value % 20) as usize;
            while !producer
                .push(3, room, |to| (0..room as u64).for_each(|at| _ = to.put(value ^ at)))
            {
                std::thread::yield_now();
            }
        }
    });
    let (mut next, mut seq) = (0, None);
    while next < RECORDS {
        let upto = consumer.drain(1_000, |record| {
            let room = 1 + next % 20;
            assert!(record.words().take(room as usize).eq((0..room).map(|at| next ^ at)), "{next}");
            assert!(Some(record.seq()) > seq, "sequence numbers rise");
            seq = Some(record.seq());
            next += 1;
        });
        consumer.release(upto);
    }
    pushing.join().unwrap();
    assert!(consumer.is_retired());
    assert_eq!(consumer.attempts(3) - consumer.dropped(3), RECORDS);
}
