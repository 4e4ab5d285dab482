//! `plimsoll install systemd`.

use std::process::Command;

use crate::run::plimsoll;

const UNITS: [&str; 3] =
    ["plimsoll-station.service", "plimsoll-backup.service", "plimsoll-backup.timer"];

#[test]
fn units_are_written_once_and_what_people_changed_stays() {
    let dir = tempfile::tempdir().unwrap();
    let install = |more: &[&str]| {
        plimsoll(
            dir.path(),
            &[&["install", "systemd", "--dir", ".", "--tokens", "/etc/t"], more].concat(),
        )
    };
    let printed = install(&["--dry-run"]);
    assert!(printed.code == 0 && printed.out.contains("Type=notify"), "{printed:?}");
    assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none(), "nothing was written");
    let first = install(&[]);
    assert!(first.code == 0 && first.out.matches("wrote").count() == 3, "{first:?}");
    assert_eq!(install(&[]).out.matches("unchanged").count(), 3);
    // Another version's unit, as it wrote it, is replaced.
    let other = install(&["--config", "/etc/c.yaml"]);
    assert!(other.code == 0 && other.out.matches("wrote").count() == 2, "{other:?}");
    let station = dir.path().join(UNITS[0]);
    let mut text = std::fs::read_to_string(&station).unwrap();
    text.push_str("Nice=5\n");
    std::fs::write(&station, &text).unwrap();
    let kept = install(&[]);
    assert!(kept.code == 1 && kept.err.contains("--force"), "{kept:?}");
    assert_eq!(std::fs::read_to_string(&station).unwrap(), text);
    assert_eq!(install(&["--force"]).code, 0);
    assert!(!std::fs::read_to_string(&station).unwrap().contains("Nice"));
    let refused = install(&["--config", "c d.yaml"]);
    assert!(refused.code == 2 && refused.err.contains("cannot stand in a unit"), "{refused:?}");
}

#[test]
fn systemd_itself_finds_nothing_wrong_with_them() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        eprintln!("SKIPPED: no systemd-analyze");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let ran = plimsoll(dir.path(), &["install", "systemd", "--dir", ".", "--tokens", "/etc/t"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let verified = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .args(UNITS.map(|name| dir.path().join(name)))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verified.stderr);
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("plimsoll-")).collect();
    assert!(verified.status.success() && ours.is_empty(), "{said}");
}
