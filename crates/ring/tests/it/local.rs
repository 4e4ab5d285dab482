use std::cell::RefCell;
use std::thread;

use plimsoll_ring::{Arena, Consumer, LaneOptions, local};

use crate::take;

fn adopt(instance: u32) -> Consumer {
    let arena = Arena::heap().unwrap();
    let (producer, consumer) =
        arena.lane(&LaneOptions::new(u64::from(instance)).with_slots(64)).unwrap();
    assert!(local::adopt(instance, producer).is_none());
    consumer
}

fn push(instance: u32) -> Option<bool> {
    local::with(instance, |producer| producer.push(1, 1, |to| _ = to.put(u64::from(instance))))
}

#[test]
fn each_instance_has_its_own_lane_in_a_thread() {
    let mut consumers = [adopt(1), adopt(2), adopt(u32::MAX)];
    for instance in [1, 2, 1, u32::MAX, 2, 1] {
        assert_eq!(push(instance), Some(true));
    }
    assert_eq!(push(3), None);
    assert_eq!(consumers.each_mut().map(|consumer| take(consumer).len()), [3, 2, 1]);
    let elsewhere = thread::spawn(|| push(1)).join().unwrap();
    assert_eq!(elsewhere, None, "a lane is one thread's");
}

#[test]
fn lane_is_retired_when_its_thread_ends() {
    let mut consumer = thread::spawn(|| {
        let consumer = adopt(1);
        assert_eq!(push(1), Some(true));
        assert!(!consumer.is_retired());
        consumer
    })
    .join()
    .unwrap();
    assert!(consumer.is_retired());
    assert_eq!(take(&mut consumer).len(), 1);
}

#[test]
fn emit_from_a_late_destructor_finds_no_lane_or_is_recorded() {
    struct Late(RefCell<Option<std::sync::mpsc::Sender<Option<bool>>>>);
    impl Drop for Late {
        fn drop(&mut self) {
            self.0.take().unwrap().send(push(1)).unwrap();
        }
    }
    thread_local!(static LATE: Late = const { Late(RefCell::new(None)) });
    for (name, late_first) in [("registered before the lane", true), ("after", false)] {
        let (send, receive) = std::sync::mpsc::channel();
        let mut consumer = thread::spawn(move || {
            let register = || LATE.with(|late| late.0.replace(Some(send)));
            let adopted = |register: &mut dyn FnMut()| {
                if late_first {
                    register();
                }
                let consumer = adopt(1);
                if !late_first {
                    register();
                }
                consumer
            };
            let mut register = Some(register);
            adopted(&mut || drop(register.take().unwrap()()))
        })
        .join()
        .unwrap();
        let recorded = receive.recv().unwrap();
        let found = take(&mut consumer).len();
        assert_eq!(found, usize::from(recorded == Some(true)), "{name}");
    }
}

#[test]
fn forgotten_lane_is_retired_and_takes_nothing_more() {
    let mut consumer = adopt(1);
    local::with(1, |producer| {
        assert!(producer.push(1, 0, |_| ()));
        local::forget(1); // while it is in use: freed later, retired now
        assert!(!producer.push(1, 0, |_| ()));
        assert_eq!(push(1), None);
    })
    .unwrap();
    assert!(consumer.is_retired());
    assert_eq!((take(&mut consumer).len(), consumer.dropped(1)), (1, 1));
    let mut second = adopt(1);
    assert_eq!(push(1), Some(true));
    assert_eq!(take(&mut second).len(), 1);
}

#[test]
fn lane_adopted_again_retires_the_first() {
    let (first, mut second) = (adopt(1), adopt(1));
    assert_eq!(push(1), Some(true));
    assert!(first.is_retired() && !second.is_retired());
    assert_eq!(take(&mut second).len(), 1);
}
