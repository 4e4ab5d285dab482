use plimsoll_ring::{Arena, LaneOptions, forked_drops, local};

use crate::{directory, take};

const PUSHES: u64 = 20_000;

/// Forks; the child's exit code is what `in_child` returns.
fn fork(in_child: impl FnOnce() -> i32) -> i32 {
    // SAFETY: the child runs only code that takes no lock, and leaves by `_exit`.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        let code = in_child();
        // SAFETY: ends the child without any destructor or output of the test harness.
        unsafe { libc::_exit(code) };
    }
    pid
}

fn wait(pid: i32) -> i32 {
    let mut status = 0;
    // SAFETY: `status` has room for the answer.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert!(libc::WIFEXITED(status), "the child ended by a signal: {status}");
    libc::WEXITSTATUS(status)
}

#[test]
fn forked_child_pushes_nothing_and_the_parent_loses_nothing() {
    let directory = directory();
    let arena = Arena::create(directory.path(), "run").unwrap();
    let (producer, mut consumer) = arena.lane(&LaneOptions::new(1).with_slots(1 << 15)).unwrap();
    assert!(local::adopt(40, producer).is_none());
    let push = |value| local::with(40, |lane| lane.push(1, 1, |to| _ = to.put(value)));
    let pid = fork(|| {
        let accepted = (0..PUSHES).filter(|_| push(u64::MAX) != Some(false)).count();
        // Neither the end of the lane in the child nor its use of the arena reaches the parent.
        let refused = arena.append_journal(b"child").is_err()
            && arena.lane(&LaneOptions::new(2)).is_err()
            && !arena.is_owner();
        local::forget(40);
        consumer.release(u64::MAX);
        i32::from(accepted != 0 || forked_drops() != PUSHES || !refused)
    });
    let accepted = (0..PUSHES).filter(|value| push(*value) == Some(true)).count() as u64;
    assert_eq!(wait(pid), 0, "the child was refused and counted");
    assert_eq!(accepted, PUSHES);
    assert!(!consumer.is_retired());
    let kept: Vec<u64> = take(&mut consumer).into_iter().map(|(.., words)| words[0]).collect();
    assert_eq!(kept, (0..PUSHES).collect::<Vec<_>>());
    assert_eq!(forked_drops(), 0);
}
