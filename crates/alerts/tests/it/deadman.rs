//! Signs of life, and who misses them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use plimsoll_alerts::{
    AlertState, DeadmanConfig, SecretRef, Secrets, SignsOfLife, Watch, WatchNews, Watched,
    fetch_sign,
};
use testbed::{Reply, ScriptedHttp};

use crate::places::{PATIENCE, provide_tls};
use crate::told::now;

fn until(is_so: impl Fn() -> bool) {
    let bound = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < bound, "it does not come");
        std::thread::yield_now();
    }
}

fn config(url: bool) -> DeadmanConfig {
    let mut config = DeadmanConfig::default();
    config.every = Duration::from_millis(20);
    config.listen = Some("127.0.0.1:0".to_owned());
    config.url = url.then(|| SecretRef::env("PING"));
    config
}

#[test]
fn a_ping_goes_out_only_after_a_check_that_passed() {
    provide_tls();
    let server = ScriptedHttp::start([], Reply::status(200)).unwrap();
    let secrets = Secrets::of([("PING", server.url().as_str())]);
    let is_well = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&is_well);
    let check = move || match seen.load(Ordering::SeqCst) {
        true => Ok(()),
        false => Err("the store does not answer".to_owned()),
    };
    let signs = SignsOfLife::start(&config(true), &secrets, check).unwrap();
    let url = signs.url().unwrap();
    until(|| signs.problem().as_deref() == Some("the store does not answer"));
    let unwell = fetch_sign(&url, PATIENCE);
    let Watched::Unwell(why) = unwell else { panic!("it is not well") };
    assert!(why.contains("503") && why.contains("the store does not answer"), "{why}");
    assert_eq!(server.requests().len(), 0, "no ping while something is not well");
    is_well.store(true, Ordering::SeqCst);
    assert!(!server.wait_for(2, PATIENCE).is_empty());
    until(|| signs.pings().0 > 0);
    assert_eq!(fetch_sign(&url, PATIENCE), Watched::Well);
    drop(signs);
    assert!(matches!(fetch_sign(&url, PATIENCE), Watched::Unwell(_)), "it has ended");
}

#[test]
fn a_check_that_hangs_is_no_sign_of_life() {
    provide_tls();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let mut is_first = true;
    let check = move || {
        if !std::mem::take(&mut is_first) {
            let _released = held.recv();
        }
        Ok(())
    };
    let mut config = config(false);
    // The age that is allowed is twice this and a second.
    config.every = Duration::from_millis(1);
    let signs = SignsOfLife::start(&config, &Secrets::of([]), check).unwrap();
    until(|| signs.problem().is_none());
    let bound = Duration::from_secs(15);
    let start = Instant::now();
    while signs.problem().is_none() && start.elapsed() < bound {
        std::thread::yield_now();
    }
    let problem = signs.problem().unwrap();
    assert!(problem.starts_with("nothing was checked for 1 s"), "{problem}");
    drop(release);
}

#[test]
fn a_watch_tells_once_that_a_process_is_lost_and_once_that_it_is_back() {
    let mut watch = Watch::new("station-1", Duration::from_secs(60), now(0));
    let unwell = || Watched::Unwell("no connection".to_owned());
    for secs in [15, 30, 45] {
        assert_eq!(watch.see(unwell(), now(secs * 1_000)), WatchNews::Nothing, "{secs}");
    }
    let WatchNews::Lost(alert) = watch.see(unwell(), now(60_000)) else {
        panic!("60 s are enough")
    };
    assert_eq!((alert.to, alert.value), (AlertState::Firing, Some(60.0)));
    assert!(alert.text.meaning.contains("no connection"), "{}", alert.text.meaning);
    assert_eq!(alert.labels.get("target"), "station-1");
    assert_eq!(watch.see(unwell(), now(75_000)), WatchNews::Nothing, "told once");
    let WatchNews::Back(back) = watch.see(Watched::Well, now(90_000)) else { panic!("it is back") };
    assert_eq!((back.to, &back.alert_id), (AlertState::Resolved, &alert.alert_id));
    assert_eq!(watch.see(Watched::Well, now(105_000)), WatchNews::Nothing);
    assert_eq!(watch.see(unwell(), now(120_000)), WatchNews::Nothing, "15 s are not enough");
}
