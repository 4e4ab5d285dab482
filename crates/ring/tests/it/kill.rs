//! SIGKILL at random moments: what was acknowledged is in the spool or in the lane.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::time::{Duration, Instant};

use plimsoll_ring::{
    Arena, Clock, LaneOptions, Record, convert, local, orphans, stamp_and_wall_now, stamp_now,
};

use crate::directory;

const THREADS: u64 = 2;
const PER_SECOND: f64 = 200_000.0;
/// Spool line: run, sequence number, time, first word, second word.
const LINE: usize = 5;
const SCHEMA: &[u8] = b"table 3: value, twice the value, ...\n";
const ROLE: &str = "PLIMSOLL_RING_CHILD";

/// This test binary again, with only the test that plays the child.
pub(crate) fn child(role: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "kill::child_process_does_its_part", "--nocapture"]);
    command.env(ROLE, role).env("PLIMSOLL_RING_DIR", dir);
    command.stdout(Stdio::null()).stderr(Stdio::inherit());
    command
}

#[test]
fn child_process_does_its_part() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let dir = PathBuf::from(std::env::var("PLIMSOLL_RING_DIR").unwrap());
    match role.as_str() {
        "push" => push_until_killed(&dir),
        other => crate::files::play(other, &dir),
    }
}

#[test]
fn nothing_acknowledged_is_lost_by_sigkill() {
    let runs = std::env::var("PLIMSOLL_KILLS").map_or(10, |runs| runs.parse::<u64>().unwrap());
    let (mut acknowledged, mut rescued, mut uncounted) = (0, 0, 0);
    for run in 0..runs {
        let directory = directory();
        let acks = Acks::open(directory.path());
        let mut child = child("push", directory.path()).spawn().unwrap();
        // The first is killed before it has pushed anything, or while it makes its lanes.
        let random = (stamp_now() ^ run).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let target = if run == 0 { 0 } else { random % 20_000 };
        wait_for(&acks, target, &mut child);
        if target > 0 {
            assert!(orphans(directory.path()).unwrap().is_empty(), "the owner lives");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let outcome = recover(directory.path(), &acks);
        acknowledged += outcome.acknowledged;
        rescued += outcome.rescued;
        uncounted += outcome.uncounted;
    }
    eprintln!(
        "{runs} kills: {acknowledged} acknowledged, {rescued} rescued, {uncounted} not counted"
    );
}

fn wait_for(acks: &Acks, target: u64, child: &mut Child) {
    let bound = Instant::now() + Duration::from_secs(60);
    while (0..THREADS).map(|thread| acks.count(thread).load(Acquire)).sum::<u64>() < target {
        assert!(child.try_wait().unwrap().is_none() && Instant::now() < bound, "child pushes");
        std::thread::yield_now();
    }
}

/// What the threads know to be pushed, in memory that outlives them.
struct Acks(*mut libc::c_void);

// SAFETY: the mapping is only used as atomics and is never unmapped.
unsafe impl Sync for Acks {}

impl Acks {
    fn open(dir: &Path) -> Acks {
        use std::os::fd::AsRawFd as _;
        let path = dir.join(".acks");
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path);
        let file = file.unwrap();
        file.set_len(4096).unwrap();
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping of a file that has its length.
        let base = unsafe {
            libc::mmap(std::ptr::null_mut(), 4096, access, libc::MAP_SHARED, file.as_raw_fd(), 0)
        };
        assert!(base != libc::MAP_FAILED);
        Acks(base)
    }

    fn word(&self, at: usize) -> &AtomicU64 {
        assert!(at < 512);
        // SAFETY: inside the page, which stays mapped.
        unsafe { &*self.0.cast::<AtomicU64>().add(at) }
    }

    fn count(&self, thread: u64) -> &AtomicU64 {
        self.word(thread as usize * 64)
    }

    fn refused(&self, thread: u64) -> &AtomicU64 {
        self.word(thread as usize * 64 + 1)
    }
}

fn words_of(seq: u64) -> u64 {
    2 + seq % 3 * 8
}

fn push_until_killed(dir: &Path) {
    let acks = Acks::open(dir);
    let arena = Arena::create(dir, "run").unwrap();
    let mut clock = Clock::start(&arena);
    arena.append_journal(SCHEMA).unwrap();
    std::thread::scope(|scope| {
        let mut consumers = Vec::new();
        for thread in 0..THREADS {
            let options = LaneOptions::new(100 + thread).with_slots(1 << 16);
            let (producer, consumer) = arena.lane(&options).unwrap();
            consumers.push(consumer);
            let acks = &acks;
            scope.spawn(move || {
                assert!(local::adopt(1, producer).is_none());
                emit(acks.count(thread), acks.refused(thread));
            });
        }
        let mut spool = File::create(dir.join(".spool")).unwrap();
        loop {
            for consumer in &mut consumers {
                let (mut lines, run) = (Vec::new(), consumer.run());
                let upto = consumer.drain(4_096, |record| {
                    let time = convert(clock.anchors(), record.stamp()).unwrap();
                    let [first, second] = [record.word(0).unwrap(), record.word(1).unwrap()];
                    for word in [run, record.seq(), time.cast_unsigned(), first, second] {
                        lines.extend_from_slice(&word.to_le_bytes());
                    }
                });
                spool.write_all(&lines).unwrap();
                consumer.release(upto);
            }
            let (stamp, wall) = stamp_and_wall_now();
            clock.tick(&arena, stamp, wall);
            std::thread::sleep(Duration::from_millis(2));
        }
    });
}

fn emit(acknowledged: &AtomicU64, refused: &AtomicU64) {
    let started = Instant::now();
    let mut seq = 0;
    loop {
        while seq < (started.elapsed().as_secs_f64() * PER_SECOND) as u64 {
            let words = words_of(seq);
            let pushed = local::with(1, |lane| {
                lane.push(3, words as usize, |to| {
                    (1..=words).for_each(|times| _ = to.put(seq.wrapping_mul(times)));
                })
            });
            if pushed != Some(true) {
                refused.fetch_add(1, Release);
            }
            seq += 1;
            acknowledged.store(seq, Release);
        }
        std::thread::yield_now();
    }
}

struct Outcome {
    acknowledged: u64,
    rescued: u64,
    uncounted: u64,
}

fn recover(dir: &Path, acks: &Acks) -> Outcome {
    let mut times: HashMap<(u64, u64), i64> = spooled(dir);
    let mut outcome = Outcome { acknowledged: 0, rescued: 0, uncounted: 0 };
    for orphan in orphans(dir).unwrap() {
        let (anchors, mut found) = (orphan.anchors().unwrap(), orphan.lanes().unwrap());
        assert!(found.errors.is_empty(), "{:?}", found.errors);
        assert!(found.lanes.is_empty() || orphan.journal().unwrap() == SCHEMA);
        for lane in &mut found.lanes {
            let run = lane.run();
            lane.drain(|record| {
                check_content(record);
                let time = convert(&anchors, record.stamp()).unwrap();
                match times.insert((run, record.seq()), time) {
                    None => outcome.rescued += 1,
                    Some(live) => assert_eq!(live, time, "live and recovered time"),
                }
            });
            let records = times.keys().filter(|(of, _)| *of == run).count() as u64;
            let uncounted = (records + lane.dropped(3)).abs_diff(lane.attempts(3));
            assert!(uncounted <= 1, "{uncounted} records or drops are not counted");
            assert_eq!(lane.corrupt_slots(), 0);
            assert!(lane.boot_id_matches());
            outcome.uncounted += uncounted;
        }
        orphan.remove().unwrap();
    }
    for thread in 0..THREADS {
        let (count, refused) = (acks.count(thread), acks.refused(thread));
        let (count, refused) = (count.load(Relaxed), refused.load(Relaxed));
        let lost = (0..count).filter(|seq| !times.contains_key(&(100 + thread, *seq))).count();
        assert!(lost as u64 <= refused, "{lost} of {count} are lost, {refused} were refused");
        outcome.acknowledged += count;
    }
    outcome
}

fn check_content(record: Record<'_>) {
    let (seq, words) = (record.seq(), words_of(record.seq()));
    let wanted = (1..=words).map(|times| seq.wrapping_mul(times));
    assert_eq!(record.table(), 3);
    let padded = wanted.chain(std::iter::repeat(0)).take(record.words().len());
    assert!(record.words().eq(padded), "record {seq} is whole");
}

fn spooled(dir: &Path) -> HashMap<(u64, u64), i64> {
    let bytes = fs::read(dir.join(".spool")).unwrap_or_default();
    let words: Vec<u64> =
        bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
    let lines = words.chunks_exact(LINE).map(|line| {
        assert_eq!((line[3], line[4]), (line[1], line[1] * 2), "spooled record is whole");
        ((line[0], line[1]), line[2].cast_signed())
    });
    lines.collect()
}
