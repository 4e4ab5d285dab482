//! A changed file takes over if it is right, and the old configuration stays if not.

use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use plimsoll_durable::replace;
use plimsoll_ssot::{Kept, Live, Reload, WatchError, WatchOptions};

use crate::desk;

/// Longest wait for a look; a busy machine needs some of it.
const WAIT_MAX: Duration = Duration::from_secs(20);

fn options() -> WatchOptions {
    WatchOptions::default()
        .with_interval(Duration::from_millis(5))
        .with_settle(Duration::from_millis(5))
}

/// What came of a change, in words.
fn word(reload: &Reload) -> String {
    match reload {
        Reload::Unchanged => "unchanged".to_owned(),
        Reload::Swapped { changes } => {
            let keys: Vec<&str> = changes.iter().map(|change| change.key.as_str()).collect();
            format!("swapped {}", keys.join(" "))
        }
        Reload::Kept(Kept::Wrong(_)) => "wrong".to_owned(),
        Reload::Kept(Kept::Gone(_)) => "gone".to_owned(),
        Reload::Kept(Kept::Empty(_)) => "empty".to_owned(),
        other => format!("{other:?}"),
    }
}

fn start(path: &Path) -> (Live, Receiver<String>) {
    let (to, from) = channel();
    let tell = move |reload: &Reload| to.send(word(reload)).unwrap();
    (Live::start(desk::desk(), path, &options(), tell).unwrap(), from)
}

fn budget(live: &Live) -> f64 {
    live.current().section::<desk::Ralph>("ralph").unwrap().max_budget_usd
}

#[test]
fn only_a_right_file_takes_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("canonical.yaml");
    let write = |text: &str| replace(&path, text).unwrap();
    write("ralph: {max_budget_usd: 5}\n");
    let (live, from) = start(&path);
    let next = || from.recv_timeout(WAIT_MAX).unwrap();
    assert_eq!(budget(&live), 5.0);
    write("ralph: {max_budget_usd: 6}\n");
    assert_eq!(next(), "swapped ralph.max_budget_usd");
    assert_eq!(budget(&live), 6.0);
    write("ralph: {max_budget_usd: 6} # the same\n");
    assert_eq!(next(), "unchanged");
    for (wrong, said) in
        [("ralph: {max_budget_usd: x}\n", "wrong"), ("ralph: {", "wrong"), (" \n", "empty")]
    {
        write(wrong);
        assert_eq!(next(), said);
        assert_eq!(budget(&live), 6.0, "{wrong}");
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(next(), "gone");
    assert_eq!(budget(&live), 6.0);
    write("ralph: {max_budget_usd: 7}\n");
    assert_eq!(next(), "swapped ralph.max_budget_usd");
    std::fs::write(dir.path().join("canonical.local.yaml"), "ralph: {max_budget_usd: 8}\n")
        .unwrap();
    assert_eq!(next(), "swapped ralph.max_budget_usd");
    live.look();
    assert_eq!(next(), "unchanged");
    assert!(live.is_watching());
    assert_eq!(live.close().section::<desk::Ralph>("ralph").unwrap().max_budget_usd, 8.0);
}

#[test]
fn without_a_configuration_there_is_nothing_to_watch() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("canonical.yaml");
    let start = || Live::start(desk::desk(), &path, &options(), |_| {}).unwrap_err();
    assert!(matches!(start(), WatchError::Read(_)));
    std::fs::write(&path, "ralph: 1\n").unwrap();
    assert!(matches!(start(), WatchError::Wrong(_)));
}
