//! A disk that fills up and a file that may not grow.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use plimsoll_durable::{ReplaceError, free_space, preallocate, replace};

use crate::child::{command, contents, this_program};

/// A small file system of its own, gone when this is dropped.
struct SmallDisk {
    path: PathBuf,
    _dir: tempfile::TempDir,
}

impl SmallDisk {
    /// `None` where this user may not mount.
    fn mount(size_bytes: u64) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size_bytes}"), "tmpfs"])
            .arg(dir.path())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        let disk = Self { path: dir.path().to_owned(), _dir: dir };
        if !mounted {
            eprintln!("SKIPPED: mounting a small disk is not permitted here");
            std::mem::forget(disk);
            return None;
        }
        Some(disk)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let status = Command::new("umount").arg("-l").arg(&self.path).status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "{} stays mounted",
            self.path.display()
        );
    }
}

#[test]
fn a_full_disk_is_reported_and_leaves_the_old_file() {
    let Some(disk) = SmallDisk::mount(256 * 1024) else { return };
    let target = disk.path.join("state.json");
    replace(&target, "old").unwrap();
    let error = replace(&target, vec![b'x'; 1024 * 1024]).unwrap_err();
    assert!(matches!(&error, ReplaceError::Write { path, .. } if *path == target), "{error:?}");
    assert!(error.is_out_of_space());
    assert_eq!(fs::read(&target).unwrap(), b"old");
    assert_eq!(names(&disk.path), ["state.json"]);
    // A child that another test is just starting may hold the removed file open for a moment.
    let again = (0..2000).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(1));
        replace(&target, "new").is_ok()
    });
    assert!(again, "the space of the failed write does not come back");
    assert_eq!(fs::read(&target).unwrap(), b"new");
}

#[test]
fn preallocation_beyond_the_disk_is_out_of_space() {
    let Some(disk) = SmallDisk::mount(256 * 1024) else { return };
    let file = fs::File::create(disk.path.join("ring")).unwrap();
    assert_eq!(free_space(&disk.path).unwrap().total_bytes, 256 * 1024);
    preallocate(&file, 128 * 1024).unwrap();
    assert!(free_space(&disk.path).unwrap().available_bytes <= 128 * 1024);
    let error = preallocate(&file, 1024 * 1024).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull, "{error}");
}

#[test]
fn a_write_cut_off_in_the_middle_leaves_the_old_file() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("state.json");
    replace(&target, "old").unwrap();
    // The shell limits the size of files to 8 KiB (bash) or 4 KiB (sh), far below the contents.
    let inner = command(&this_program(), "replace once", &target);
    let mut outer = Command::new("sh");
    outer.args(["-c", r#"trap '' XFSZ; ulimit -f 8; exec "$0" "$@""#]).arg(inner.get_program());
    outer.args(inner.get_args());
    for (key, value) in inner.get_envs() {
        outer.env(key, value.unwrap());
    }
    let mut child = outer.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    child.wait().unwrap();
    assert!(said.contains("Write {") && said.contains("FileTooLarge"), "{said}");
    assert_eq!(fs::read(&target).unwrap(), b"old");
    assert_eq!(names(dir.path()), ["state.json"]);
    assert!(contents(b'b').len() > 8 * 1024);
}

fn names(dir: &Path) -> Vec<String> {
    fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
}
