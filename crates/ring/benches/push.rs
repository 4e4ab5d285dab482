//! What a push costs: batch means, without a live consumer, on heap and in a memory file system.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    reason = "a benchmark measures, prints, and stops when it cannot"
)]

use std::hint::black_box;
use std::time::Instant;

use plimsoll_ring::{Arena, Consumer, LaneOptions, Producer, default_parent, local, stamp_now};

const BATCHES: usize = 60;
const PUSHES: u64 = 20_000;

fn main() {
    println!("ns per push, mean of {PUSHES}, min / median of {BATCHES}");
    report("stamp alone", || (), |i| _ = black_box((black_box(values(i)), stamp_now())));
    bench("heap", &Arena::heap().unwrap());
    let Some(parent) = default_parent() else { return };
    let arena = Arena::create(&parent, &format!("bench-{}", std::process::id())).unwrap();
    bench("tmpfs", &arena);
    arena.remove().unwrap();
}

fn bench(memory: &str, arena: &Arena) {
    let options = LaneOptions::new(1).with_slots(65_536);
    let lane = || arena.lane(&options).unwrap();
    let (producer, consumer) = lane();
    owned(&format!("{memory}, 1 slot"), &producer, consumer, five);
    let (producer, consumer) = lane();
    owned(&format!("{memory}, 2 slots"), &producer, consumer, fourteen);
    let (producer, consumer) = lane();
    owned(&format!("{memory}, 3 slots"), &producer, consumer, twenty_two);
    let (producer, consumer) = lane();
    owned(&format!("{memory}, order, 36 byte id"), &producer, consumer, order);
    let (producer, mut consumer) = lane();
    assert!(local::adopt(1, producer).is_none());
    let instance = black_box(1);
    report(
        &format!("{memory}, 1 slot, thread-local"),
        || empty(&mut consumer),
        |i| assert!(black_box(local::with(instance, |lane| five(lane, i)) == Some(true))),
    );
    drain(memory, lane());
}

fn owned(
    name: &str,
    producer: &Producer,
    mut consumer: Consumer,
    push: impl Fn(&Producer, u64) -> bool,
) {
    report(name, || empty(&mut consumer), |i| assert!(black_box(push(producer, i))));
}

#[inline(always)]
fn values(i: u64) -> [u64; 6] {
    let x = i as f64;
    [9, x.to_bits(), (x * 0.5).to_bits(), (x + 1.0).to_bits(), (1e4 - x).to_bits(), 7]
}

#[inline(always)]
fn five(producer: &Producer, i: u64) -> bool {
    let values = black_box(values(i));
    producer.push(3, 6, |to| values.iter().for_each(|value| _ = to.put(*value)))
}

#[inline(always)]
fn fourteen(producer: &Producer, i: u64) -> bool {
    let values = black_box(values(i));
    producer.push(3, 14, |to| {
        values.iter().for_each(|value| _ = to.put(*value));
        values.iter().for_each(|value| _ = to.put(!*value));
        to.put(i);
        to.put(!i);
    })
}

#[inline(always)]
fn twenty_two(producer: &Producer, i: u64) -> bool {
    let values = black_box(values(i));
    producer.push(3, 22, |to| {
        values.iter().for_each(|value| _ = to.put(*value));
        values.iter().for_each(|value| _ = to.put(!*value));
        values.iter().for_each(|value| _ = to.put(value.wrapping_add(i)));
        values[..4].iter().for_each(|value| _ = to.put(value ^ i));
    })
}

#[inline(always)]
fn order(producer: &Producer, i: u64) -> bool {
    let values = black_box(values(i));
    let id = black_box("0191c3a2-7b44-7cc1-a1b2-5f0e4d3c2b1a");
    producer.push(3, 22, |to| {
        values.iter().for_each(|value| _ = to.put(*value));
        to.put_bytes(id.as_bytes());
    })
}

fn empty(consumer: &mut Consumer) {
    let upto = consumer.drain(usize::MAX, |_| ());
    consumer.release(upto);
}

fn report(name: &str, mut before: impl FnMut(), mut once: impl FnMut(u64)) {
    let mut means: Vec<f64> = (0..BATCHES)
        .map(|_| {
            before();
            let start = Instant::now();
            (0..PUSHES).for_each(&mut once);
            start.elapsed().as_nanos() as f64 / PUSHES as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    println!("{name:32} {:5.1} / {:5.1}", means[0], means[BATCHES / 2]);
}

/// The consumer's side: all words of each record copied out.
fn drain(memory: &str, (producer, mut consumer): (Producer, Consumer)) {
    let mut means = Vec::new();
    for _ in 0..BATCHES {
        (0..PUSHES).for_each(|i| _ = five(&producer, i));
        let mut words = [0; 128];
        let start = Instant::now();
        let upto =
            consumer.drain(usize::MAX, |record| _ = black_box(record.copy_words(&mut words)));
        means.push(start.elapsed().as_nanos() as f64 / PUSHES as f64);
        consumer.release(upto);
    }
    means.sort_by(f64::total_cmp);
    let name = format!("{memory}, drain and copy");
    println!("{name:32} {:5.1} / {:5.1}", means[0], means[BATCHES / 2]);
}
