//! Room on a disk.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use plimsoll_durable::{free_space, preallocate, sync_dir};

#[test]
fn free_space_is_part_of_the_total_and_unknown_paths_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    let space = free_space(dir.path()).unwrap();
    assert!(space.total_bytes > 0);
    assert!(space.available_bytes <= space.total_bytes);
    assert!(free_space(&dir.path().join("absent")).is_err());
    assert!(free_space(Path::new("a\0b")).is_err());
}

#[test]
fn preallocation_reserves_blocks_and_keeps_contents() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ring");
    fs::write(&path, "kept").unwrap();
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    preallocate(&file, 1 << 20).unwrap();
    let metadata = file.metadata().unwrap();
    assert_eq!(metadata.len(), 1 << 20);
    assert!(metadata.blocks() * 512 >= 1 << 20);
    preallocate(&file, 10).unwrap();
    preallocate(&file, 0).unwrap();
    assert_eq!(file.metadata().unwrap().len(), 1 << 20);
    assert_eq!(&fs::read(&path).unwrap()[..4], b"kept");
}

#[test]
fn preallocation_through_a_handle_for_reading_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ring");
    fs::write(&path, "kept").unwrap();
    let error = preallocate(&fs::File::open(&path).unwrap(), 1 << 20).unwrap_err();
    assert!(error.to_string().contains("1048576 bytes"), "{error}");
}

#[test]
fn a_directory_is_synced_and_an_absent_one_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    sync_dir(dir.path()).unwrap();
    assert!(sync_dir(&dir.path().join("absent")).is_err());
}
