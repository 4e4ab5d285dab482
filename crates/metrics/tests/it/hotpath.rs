//! What an emit asks of allocator and kernel: nothing.

use std::{fs::File, io::Write as _, path::Path, process::Command, time::Duration};

use plimsoll_metrics::{
    Equity, Fill, Instrument, Metrics, Mode, NullSink, Options, Order, Pnl, Side, Timestamp,
};

const TRACED: &str = "PLIMSOLL_TEST_TRACED";
/// Below a ring's room at three slots a row, so that none is refused.
const ROWS: u32 = 4_000;
const ID: &str = "0e6e3f0a-5ad1-4c3f-9e47-1234567890ab";

fn pipeline(dir: &Path) -> (Metrics, Instrument) {
    let options = Options::spool_only(dir.join("spool"), Mode::Live);
    let metrics = Metrics::start(NullSink::new(), &options).unwrap();
    let account = metrics.strategy("s").unwrap().account("A").unwrap();
    let line = account.instrument("I", "V", "USD").unwrap();
    line.prewarm().unwrap();
    (metrics, line)
}

fn pnl(line: &Instrument, n: u32) {
    line.emit_pnl(Pnl::new().realized_pnl(f64::from(n)).unrealized_pnl(1.0));
}

fn order(line: &Instrument, n: u32) {
    line.emit_order(Order::submitted(ID, Side::Buy, f64::from(n), 2.0).decision_px(3.0));
}

fn fill(line: &Instrument, n: u32) {
    let ts = Timestamp::from_nanos(i64::from(n));
    line.emit_fill(Fill::new("T-1", Side::Sell, f64::from(n), 2.0, ts).client_order_id(ID));
}

type Call = fn(&Instrument, u32);

const CALLS: [(&str, Call); 3] = [("emit_pnl", pnl), ("emit_order", order), ("emit_fill", fill)];

#[test]
fn an_emit_allocates_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (metrics, line) = pipeline(dir.path());
    let seen = allocation_counter::measure(|| drop(std::hint::black_box(vec![0_u8; 64])));
    assert_eq!(seen.count_total, 1, "the counter counts");
    for (name, call) in CALLS {
        let used = allocation_counter::measure(|| (0..ROWS).for_each(|n| call(&line, n)));
        assert_eq!((used.count_total, used.bytes_total), (0, 0), "{name}");
        assert!(metrics.flush(Duration::from_secs(30)), "{name} is spooled");
    }
    let strategy = metrics.strategy("s").unwrap();
    let used = allocation_counter::measure(|| strategy.emit_equity(Equity::new(1.0)));
    assert_eq!(used.count_total, 0, "emit_equity");
    assert!(metrics.flush(Duration::from_secs(30)));
    assert_eq!(metrics.counts().dropped_rows, 0);
}

/// What is traced: batches of emits between marks, and a control that does call the kernel.
fn emit_between_marks(dir: &Path) {
    let batches: u32 =
        std::env::var("PLIMSOLL_HOTPATH_BATCHES").ok().and_then(|n| n.parse().ok()).unwrap_or(2);
    let (metrics, line) = pipeline(dir);
    let mut marks = File::create("/dev/null").unwrap();
    marks.write_all(b"BEGIN control").unwrap();
    marks.write_all(b"a call").unwrap();
    marks.write_all(b"END control").unwrap();
    for batch in 0..batches {
        let (_, call) = CALLS[batch as usize % CALLS.len()];
        marks.write_all(b"BEGIN emits").unwrap();
        (0..ROWS).for_each(|n| call(&line, n));
        marks.write_all(b"END emits").unwrap();
        assert!(metrics.flush(Duration::from_secs(30)), "batch {batch} is spooled");
    }
    assert_eq!(metrics.counts().dropped_rows, 0);
}

/// Lines of a trace by the thread that wrote the marks, between them; and how many pairs.
fn between<'a>(trace: &'a str, what: &str) -> (Vec<&'a str>, usize) {
    let (begin, end) = (format!("\"BEGIN {what}\""), format!("\"END {what}\""));
    let (mut found, mut pairs, mut thread) = (Vec::new(), 0, None);
    for line in trace.lines() {
        let (tid, call) = line.split_once(' ').unwrap_or((line, ""));
        if call.contains(&begin) {
            thread = Some(tid);
        } else if thread == Some(tid) && call.contains(&end) {
            (thread, pairs) = (None, pairs + 1);
        } else if thread == Some(tid) && !call.trim_start().starts_with("<... write resumed>") {
            found.push(line);
        }
    }
    (found, pairs)
}

#[test]
fn an_emit_makes_no_system_call() {
    if let Some(dir) = std::env::var_os(TRACED) {
        return emit_between_marks(Path::new(&dir));
    }
    let Some(strace) = std::env::var_os("PLIMSOLL_STRACE") else {
        eprintln!("SKIPPED: an_emit_makes_no_system_call needs PLIMSOLL_STRACE, a path to strace");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("trace");
    let traced = Command::new(strace)
        .args(["-f", "-s", "64", "-o"])
        .arg(&out)
        .arg(std::env::current_exe().unwrap())
        .args(["hotpath::an_emit_makes_no_system_call", "--exact", "--nocapture"])
        .env(TRACED, dir.path())
        .output()
        .unwrap();
    assert!(traced.status.success(), "{}", String::from_utf8_lossy(&traced.stderr));
    let trace = std::fs::read_to_string(&out).unwrap();
    let (control, _) = between(&trace, "control");
    assert_eq!(control.len(), 1, "the trace shows a call that was made: {control:?}");
    let (calls, pairs) = between(&trace, "emits");
    assert!(pairs > 0, "no batch in the trace");
    assert!(calls.is_empty(), "{} calls, first {:?}", calls.len(), calls.first());
    eprintln!("{} emits in {pairs} batches: 0 system calls", pairs * ROWS as usize);
}
