//! The outbox on disk: what survives, who may use it, and what a damaged one still gives.

use std::path::Path;
use std::time::Duration;

use plimsoll_alerts::{
    AskError, Control, ControlError, Delivery, DeliveryConfig, DeliveryPorts, History, HistoryRow,
    Matcher, Notification, Notify, NotifyError, OutboxError, Receipt, ReceiverConfig, Route,
    Secrets, StartError, Urgent, ask, status,
};

use crate::places::PATIENCE;
use crate::told::{Change, wall};

fn config() -> DeliveryConfig {
    DeliveryConfig::default()
        .with_receiver("me", ReceiverConfig::Own {})
        .with_route(Route::new("all", ["me"]).with_group_by(["n"]).with_urgent(Urgent::Info))
}

/// Refuses everything, as a network that is down does.
struct Down;

impl Notify for Down {
    fn notify(&mut self, _: &Notification) -> Result<Receipt, NotifyError> {
        Err(NotifyError::Unreachable { receiver: "me".into(), detail: "down".into() })
    }
}

struct Up(std::sync::mpsc::Sender<Notification>);

impl Notify for Up {
    fn notify(&mut self, notification: &Notification) -> Result<Receipt, NotifyError> {
        self.0.send(notification.clone()).unwrap();
        Ok(Receipt::default())
    }
}

fn start(dir: &Path, receiver: impl Notify + 'static) -> Result<Delivery, StartError> {
    let ports = DeliveryPorts::new().with_own("me", receiver);
    Delivery::start(dir, &config(), &Secrets::of([]), ports)
}

fn breach(n: &'static str) -> Change {
    Change::fires("breach", &[("n", n)])
}

/// Leaves an outbox with one message that waits.
fn leave_one(dir: &Path) {
    let delivery = start(dir, Down).unwrap();
    delivery.tell(breach("a").at(0)).unwrap();
    assert!(delivery.flush(PATIENCE));
    delivery.close(Duration::ZERO).unwrap_err();
}

#[test]
fn what_could_not_be_told_is_told_by_the_next_process() {
    let dir = tempfile::tempdir().unwrap();
    leave_one(dir.path());
    let (seen, holder) = status(dir.path(), config(), wall(0)).unwrap();
    assert_eq!((seen.waiting, seen.open.len(), holder), (1, 1, None));
    let (to, told) = std::sync::mpsc::channel();
    let delivery = start(dir.path(), Up(to)).unwrap();
    let notification = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(notification.items[0].alert, breach("a").at(0));
    let report = delivery.close(PATIENCE).unwrap();
    assert_eq!((report.delivered, report.undelivered.len()), (1, 0));
    assert_eq!(status(dir.path(), config(), wall(0)).unwrap().0.waiting, 0);
}

#[test]
fn a_second_process_is_refused_and_told_who_is_first() {
    let dir = tempfile::tempdir().unwrap();
    let first = start(dir.path(), Down).unwrap();
    let error = start(dir.path(), Down).unwrap_err();
    let StartError::Outbox(OutboxError::Held { holder, .. }) = error else { panic!("{error:?}") };
    assert!(holder.contains("alert delivery"), "{holder}");
    assert!(holder.contains(&std::process::id().to_string()), "{holder}");
    drop(first.close(Duration::ZERO));
    drop(start(dir.path(), Down).unwrap());
}

#[test]
fn a_wish_is_fulfilled_by_the_process_that_delivers_and_here_if_none_does() {
    let dir = tempfile::tempdir().unwrap();
    let silence = |by: &str| {
        let matches = vec![Matcher::is("n", ["a"])];
        let (from, span) = (std::time::SystemTime::now(), Duration::from_secs(60));
        Control::silence(matches, from, span, by, "known").unwrap()
    };
    let wish = silence("amy");
    let id = ask(dir.path(), config(), &wish, PATIENCE).unwrap();
    assert_eq!(ask(dir.path(), config(), &wish, PATIENCE).unwrap(), id, "twice is once");
    let delivery = start(dir.path(), Down).unwrap();
    let other = ask(dir.path(), config(), &silence("bob"), PATIENCE).unwrap();
    let silences = delivery.status().unwrap().silences;
    let ids: Vec<&String> = silences.iter().map(|(id, _)| id).collect();
    assert!(ids.contains(&&id) && ids.contains(&&other), "{silences:?}");
    let lift = Control::Unsilence { id: "s-none".into(), by: "amy".into() };
    let refused = ask(dir.path(), config(), &lift, PATIENCE).unwrap_err();
    let wanted = ControlError::NoSilence { id: "s-none".into() };
    assert!(matches!(&refused, AskError::Refused(error) if *error == wanted), "{refused:?}");
    drop(delivery.close(PATIENCE));
    assert_eq!(std::fs::read_dir(dir.path().join("control")).unwrap().count(), 0, "all is fetched");
}

/// Files of the outbox by their names' beginning.
fn files(dir: &Path, prefix: &str) -> Vec<std::path::PathBuf> {
    let all = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let is_meant =
        |path: &std::path::PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(prefix);
    all.filter(is_meant).collect()
}

#[test]
fn a_damaged_journal_gives_what_is_before_the_damage_and_is_kept_aside() {
    let dir = tempfile::tempdir().unwrap();
    leave_one(dir.path());
    let journal = files(dir.path(), "journal-").remove(0);
    let mut bytes = std::fs::read(&journal).unwrap();
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    bytes.extend(b"and more that was written after it");
    std::fs::write(&journal, bytes).unwrap();
    let delivery = start(dir.path(), Down).unwrap();
    assert!(delivery.notes().iter().any(|note| note.contains("damaged")), "{:?}", delivery.notes());
    assert_eq!(delivery.status().unwrap().open.len(), 1, "the alert was written before");
    drop(delivery.close(Duration::ZERO));
    assert_eq!(
        files(dir.path(), "journal-")
            .iter()
            .filter(|p| p.extension().unwrap() == "damaged")
            .count(),
        1
    );
    let again = start(dir.path(), Down).unwrap();
    assert_eq!(again.notes(), Vec::<String>::new(), "told once");
}

#[test]
fn a_damaged_snapshot_gives_way_to_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let delivery = start(dir.path(), Down).unwrap();
    // Long texts, so that the journal grows past the size at which a new generation begins.
    for n in 0..8 {
        let mut alert = breach(Box::leak(format!("{n}").into_boxed_str())).at(0);
        alert.text.meaning = "x".repeat(300_000);
        delivery.tell(alert).unwrap();
        assert!(delivery.flush(PATIENCE));
    }
    drop(delivery.close(Duration::ZERO));
    let snapshots = files(dir.path(), "snapshot-");
    assert_eq!(snapshots.len(), 2, "a generation and the one before: {snapshots:?}");
    let newest = snapshots.iter().max_by_key(|path| path.metadata().unwrap().modified().unwrap());
    std::fs::write(newest.unwrap(), b"{\"schema_version\":1,\"crc32\":1}\n[]\n").unwrap();
    let delivery = start(dir.path(), Down).unwrap();
    assert_eq!(delivery.status().unwrap().open.len(), 8);
    drop(delivery.close(Duration::ZERO));
}

#[test]
fn an_outbox_of_a_newer_program_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    leave_one(dir.path());
    let snapshot = files(dir.path(), "snapshot-").remove(0);
    std::fs::write(&snapshot, b"{\"schema_version\":99,\"crc32\":0}\n[]\n").unwrap();
    let error = start(dir.path(), Down).unwrap_err().to_string();
    assert!(error.contains("version 99") && error.contains("up to 1"), "{error}");
    assert_eq!(std::fs::read(&snapshot).unwrap().len(), 35, "left as it was");
}

/// Takes rows on its second day only.
struct Late(std::sync::mpsc::Sender<HistoryRow>, bool);

impl History for Late {
    fn record(
        &mut self,
        rows: &[HistoryRow],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if !self.1 {
            return Err("not today".into());
        }
        rows.iter().for_each(|row| self.0.send(row.clone()).unwrap());
        Ok(())
    }
}

#[test]
fn history_that_nobody_takes_waits_in_the_outbox() {
    let dir = tempfile::tempdir().unwrap();
    let (to, rows) = std::sync::mpsc::channel();
    for is_open in [false, true] {
        let ports =
            DeliveryPorts::new().with_own("me", Down).with_history(Late(to.clone(), is_open));
        let delivery = Delivery::start(dir.path(), &config(), &Secrets::of([]), ports).unwrap();
        if !is_open {
            delivery.tell(breach("a").at(0)).unwrap();
            assert!(delivery.flush(PATIENCE));
            drop(delivery.close(Duration::from_millis(1)));
            assert!(rows.try_recv().is_err());
        } else {
            let row = rows.recv_timeout(PATIENCE).unwrap();
            assert_eq!(row.alert.unwrap(), breach("a").at(0));
            drop(delivery.close(Duration::ZERO));
        }
    }
}

/// A disk that takes nothing: the outbox's files become read-only for good.
#[test]
fn a_disk_that_fails_stops_no_message_and_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let (to, told) = std::sync::mpsc::channel();
    let delivery = start(dir.path(), Up(to)).unwrap();
    delivery.tell(breach("a").at(0)).unwrap();
    drop(told.recv_timeout(PATIENCE).unwrap());
    // The directory is gone, so that no new generation can be made, and the journal's frames are too long.
    std::fs::rename(dir.path(), dir.path().with_extension("gone")).unwrap();
    let mut huge = breach("b").at(0);
    huge.text.meaning = "x".repeat(6 << 20);
    delivery.tell(huge).unwrap();
    assert_eq!(told.recv_timeout(PATIENCE).unwrap().items[0].alert.labels.get("n"), "b");
    assert!(!delivery.flush(Duration::from_millis(300)), "it is not on disk");
    let error = delivery.status().unwrap().outbox_error.unwrap();
    assert!(error.starts_with("cannot "), "{error}");
    drop(delivery.close(Duration::ZERO));
    std::fs::rename(dir.path().with_extension("gone"), dir.path()).unwrap();
}
