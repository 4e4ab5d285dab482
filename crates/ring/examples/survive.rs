//! A child process pushes and aborts; this process finds what it pushed.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "an example shows its result")]

use std::error::Error;
use std::process::Command;

use plimsoll_ring::{Arena, Clock, LaneOptions, convert, default_parent, orphans};

fn main() -> Result<(), Box<dyn Error>> {
    let Some(parent) = default_parent().map(|parent| parent.join("example")) else {
        println!("this system has no memory file system for lanes");
        return Ok(());
    };
    if std::env::args().nth(1).is_some() {
        let arena = Arena::create(&parent, &format!("run-{}", std::process::id()))?;
        let _clock = Clock::start(&arena);
        arena.append_journal(b"table 3 = prices")?;
        let (producer, _consumer) = arena.lane(&LaneOptions::new(1))?;
        for price in [101_u64, 102, 103] {
            producer.push(3, 1, |to| _ = to.put(price));
        }
        std::process::abort(); // as SIGKILL: no destructor runs
    }
    Command::new(std::env::current_exe()?).arg("child").status()?;
    for orphan in orphans(&parent)? {
        println!("{}: {}", orphan.name(), String::from_utf8_lossy(&orphan.journal()?));
        let anchors = orphan.anchors()?;
        for lane in &mut orphan.lanes()?.lanes {
            lane.drain(|r| println!("{:?} ns: {:?}", convert(&anchors, r.stamp()), r.word(0)));
        }
        orphan.remove()?;
    }
    Ok(())
}
