//! `plimsoll top`.

use std::time::Duration;

use plimsoll_metrics::{Equity, Metrics, Mode, Options};

use crate::run::plimsoll;

#[test]
fn the_figures_of_a_store_are_shown_with_what_they_break() {
    let dir = tempfile::tempdir().unwrap();
    let metrics = Metrics::open(&Options::embedded(dir.path().join("s.db"), Mode::Paper)).unwrap();
    let account = metrics.account("HL-main").unwrap();
    account.emit_equity(Equity::new(1_000.0));
    account.emit_equity(Equity::new(880.0));
    metrics.close(Duration::from_secs(30)).unwrap();

    let shown = plimsoll(dir.path(), &["top", "--store", "s.db", "--once"]);
    assert_eq!(shown.code, 0, "{shown:?}");
    assert!(!shown.out.contains('\x1b'), "no color into a pipe: {shown:?}");
    let line = |word: &str| shown.out.lines().find(|line| line.contains(word)).unwrap_or_default();
    let drawdown = line("CRITICAL");
    assert!(drawdown.contains("HL-main") && drawdown.contains("12 %"), "{}", shown.out);
    assert!(drawdown.contains("[##########|########|") && drawdown.contains("10 %"), "{drawdown}");
    assert!(shown.out.contains("880"), "{}", shown.out);
    // Nothing of a kind is not the same as zero of it.
    assert!(shown.out.contains("\nLoops  no data in this range\n"), "{}", shown.out);

    let other = plimsoll(dir.path(), &["top", "--store", "s.db", "--once", "--mode", "live"]);
    assert!(other.out.starts_with("LIVE") && !other.out.contains("HL-main"), "{other:?}");
    let missing = plimsoll(dir.path(), &["top", "--store", "none.db", "--once"]);
    assert_eq!(missing.code, 2, "{missing:?}");
}
