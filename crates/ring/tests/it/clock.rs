use plimsoll_ring::{Anchor, Arena, Clock, Tick, convert, stamp_and_wall_now, stamp_now};
use proptest::prelude::*;

const TICKS_PER_SECOND: u64 = 3_000_000_000;
const SECOND_NS: i64 = 1_000_000_000;

/// A counter of 3 GHz that is measured 20 parts in a million too slow.
fn started(arena: &Arena) -> Clock {
    let exact = (1 << 40) / (TICKS_PER_SECOND / SECOND_NS as u64);
    let scale = exact - exact / 50_000;
    Clock::from_anchor(arena, Anchor { stamp: 500, wall_ns: 1_000 * SECOND_NS, scale })
}

fn second(at: u64) -> u64 {
    500 + at * TICKS_PER_SECOND
}

#[test]
fn clock_follows_the_wall_and_forgets_its_first_error() {
    let arena = Arena::heap().unwrap();
    let mut clock = started(&arena);
    let mut worst = 0;
    for at in 1..200 {
        let tick = clock.tick(&arena, second(at), (1_000 + at as i64) * SECOND_NS);
        let Tick::Slewed { ahead_ns } = tick else { panic!("second {at}: {tick:?}") };
        if at > 3 {
            worst = worst.max(ahead_ns.abs());
        }
    }
    assert!(worst < 2_000, "{worst} ns away after three seconds");
    assert_eq!(clock.anchors().len(), 128);
    assert_eq!(arena.anchors(), clock.anchors(), "what is saved is what is used");
}

#[test]
fn second_or_more_is_a_step_and_less_is_not() {
    let cases = [
        ("ahead", SECOND_NS, Some(SECOND_NS)),
        ("far back", -86_400 * SECOND_NS, Some(-86_400 * SECOND_NS)),
        ("nearly", SECOND_NS - 1_000_000, None),
    ];
    for (name, off, wanted) in cases {
        let arena = Arena::heap().unwrap();
        let mut clock = started(&arena);
        for at in 1..20 {
            clock.tick(&arena, second(at), (1_000 + at as i64) * SECOND_NS);
        }
        let tick = clock.tick(&arena, second(20), 1_020 * SECOND_NS + off);
        match (tick, wanted) {
            (Tick::Stepped { by_ns }, Some(wanted)) => {
                assert!((by_ns - wanted).abs() < 10_000, "{name}: {by_ns}");
                let later = convert(clock.anchors(), second(21)).unwrap();
                assert!((later - (1_021 * SECOND_NS + off)).abs() < 50_000, "{name}: {later}");
            }
            (Tick::Slewed { .. }, None) => {}
            (tick, _) => panic!("{name}: {tick:?}"),
        }
    }
}

#[test]
fn counter_that_starts_again_is_a_step() {
    let arena = Arena::heap().unwrap();
    let mut clock = started(&arena);
    for at in 1..100 {
        clock.tick(&arena, second(at), (1_000 + at as i64) * SECOND_NS);
    }
    let tick = clock.tick(&arena, 700, 1_500 * SECOND_NS);
    assert!(matches!(tick, Tick::Stepped { .. }), "{tick:?}");
    let later = convert(clock.anchors(), 700 + TICKS_PER_SECOND).unwrap();
    assert!((later - 1_501 * SECOND_NS).abs() < 50_000, "{later}");
}

#[test]
fn without_anchors_there_is_no_time() {
    assert_eq!(convert(&[], 5), None);
}

#[test]
fn stamps_of_this_machine_become_its_wall_clock() {
    let arena = Arena::heap().unwrap();
    let clock = Clock::start(&arena);
    let (stamp, wall) = stamp_and_wall_now();
    let off = convert(clock.anchors(), stamp).unwrap() - wall;
    assert!(off.abs() < SECOND_NS, "{off} ns");
    assert!(stamp_now() >= stamp);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A wall clock that wanders by less than a second never makes a converted time fall, and a
    /// time once converted stays what it was.
    #[test]
    fn converted_times_never_fall_or_change(offs in prop::collection::vec(-450_000_000_i64..450_000_000, 1..120)) {
        let arena = Arena::heap().unwrap();
        let mut clock = started(&arena);
        let mut times: Vec<(u64, i64)> = Vec::new();
        for (at, off) in (1..).zip(offs) {
            for part in 0..50 {
                let stamp = second(at - 1) + 500 + part * TICKS_PER_SECOND / 50;
                times.push((stamp, convert(clock.anchors(), stamp).unwrap()));
            }
            // Another core's stamp may be a little later than the one that the tick is given.
            let ahead = second(at) + 300;
            times.push((ahead, convert(clock.anchors(), ahead).unwrap()));
            clock.tick(&arena, second(at), (1_000 + at as i64) * SECOND_NS + off);
        }
        prop_assert!(times.windows(2).all(|pair| pair[0].1 <= pair[1].1));
        let anchors = arena.anchors();
        for (stamp, time) in times {
            prop_assert_eq!(convert(&anchors, stamp), Some(time));
        }
    }
}
