//! Power cuts: after every change, only what was synced is left, or more of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use plimsoll_snapshot::{Act, Watch};

use crate::home::remove;
use crate::scenario::{ALL, Scenario};

/// A change that was made, with everything needed to make it again.
#[derive(Debug, Clone)]
enum Done {
    Create(PathBuf),
    Write(PathBuf, u64, Vec<u8>),
    SetLen(PathBuf, u64),
    SetMeta(PathBuf, Option<Meta>),
    Sync(PathBuf),
    SyncDir(PathBuf),
    SyncAll,
    Rename(PathBuf, PathBuf),
    Exchange(PathBuf, PathBuf),
    Link(PathBuf, PathBuf),
    Symlink(PathBuf, PathBuf),
    MakeDir(PathBuf),
    Remove(PathBuf),
    Point,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Meta {
    mode: u32,
    mtime: (i64, i64),
}

fn meta(path: &Path) -> Option<Meta> {
    let found = fs::symlink_metadata(path).ok()?;
    Some(Meta { mode: found.mode() & 0o7777, mtime: (found.mtime(), found.mtime_nsec()) })
}

/// Writes down every change.
#[derive(Debug, Default)]
struct Trace(Mutex<Vec<Done>>);

impl Watch for Trace {
    fn before(&self, act: &Act<'_>) -> io::Result<()> {
        let mut trace = self.0.lock().unwrap();
        // What a mode or time became can be seen before the next change.
        if let Some(Done::SetMeta(path, seen @ None)) = trace.last_mut() {
            *seen = meta(path);
        }
        let own = |path: &Path| path.to_owned();
        trace.push(match *act {
            Act::Create { path } => Done::Create(own(path)),
            Act::Write { path, offset, bytes } => Done::Write(own(path), offset, bytes.to_vec()),
            Act::SetLen { path, len } => Done::SetLen(own(path), len),
            Act::SetMeta { path } => Done::SetMeta(own(path), None),
            Act::Sync { path } => Done::Sync(own(path)),
            Act::SyncDir { path } => Done::SyncDir(own(path)),
            Act::SyncAll { .. } => Done::SyncAll,
            Act::Rename { from, to } => Done::Rename(own(from), own(to)),
            Act::Exchange { one, other } => Done::Exchange(own(one), own(other)),
            Act::Link { original, path } => Done::Link(own(original), own(path)),
            Act::Symlink { target, path } => Done::Symlink(own(target), own(path)),
            Act::MakeDir { path } => Done::MakeDir(own(path)),
            Act::RemoveFile { path } | Act::RemoveDir { path } => Done::Remove(own(path)),
            _ => Done::Point,
        });
        Ok(())
    }
}

type Id = usize;

#[derive(Debug, Clone)]
enum Body {
    Dir(BTreeMap<OsString, Id>),
    File(Vec<u8>),
    Symlink(PathBuf),
}

#[derive(Debug, Clone)]
struct Inode {
    body: Body,
    meta: Option<Meta>,
}

/// What is left after the cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// Names and bytes that were synced, nothing else.
    Synced,
    /// All names, and of files that were not synced their length only.
    Names,
    /// Everything, as after SIGKILL.
    All,
}

const LEFT: [Left; 3] = [Left::Synced, Left::Names, Left::All];

/// A file system in which what was written and what is on the disk differ.
struct Model {
    now: Vec<Inode>,
    disk: Vec<Option<Inode>>,
    root: PathBuf,
}

impl Model {
    /// What is below a directory, all of it on the disk.
    fn load(root: &Path) -> Self {
        let mut model = Self { now: Vec::new(), disk: Vec::new(), root: root.to_owned() };
        let mut known = BTreeMap::new();
        model.add(root, &mut known);
        model.disk = model.now.iter().cloned().map(Some).collect();
        model
    }

    fn add(&mut self, path: &Path, known: &mut BTreeMap<u64, Id>) -> Id {
        let found = fs::symlink_metadata(path).unwrap();
        if let Some(id) = known.get(&found.ino()) {
            return *id;
        }
        let body = if found.is_dir() {
            Body::Dir(BTreeMap::new())
        } else if found.is_symlink() {
            Body::Symlink(fs::read_link(path).unwrap())
        } else {
            Body::File(fs::read(path).unwrap())
        };
        let id = self.new_inode(body, meta(path));
        known.insert(found.ino(), id);
        if found.is_dir() {
            for entry in fs::read_dir(path).unwrap() {
                let entry = entry.unwrap();
                let child = self.add(&entry.path(), known);
                self.dir(id).insert(entry.file_name(), child);
            }
        }
        id
    }

    fn new_inode(&mut self, body: Body, meta: Option<Meta>) -> Id {
        self.now.push(Inode { body, meta });
        self.disk.push(None);
        self.now.len() - 1
    }

    fn dir(&mut self, id: Id) -> &mut BTreeMap<OsString, Id> {
        match &mut self.now[id].body {
            Body::Dir(entries) => entries,
            other => panic!("no directory: {other:?}"),
        }
    }

    fn find(&mut self, path: &Path) -> Id {
        let below = path.strip_prefix(&self.root).unwrap().to_owned();
        below.iter().fold(0, |id, name| {
            *self.dir(id).get(name).unwrap_or_else(|| panic!("no {}", path.display()))
        })
    }

    fn insert(&mut self, path: &Path, id: Id) -> Option<Id> {
        let parent = self.find(path.parent().unwrap());
        self.dir(parent).insert(path.file_name().unwrap().to_owned(), id)
    }

    fn take(&mut self, path: &Path) -> Id {
        let parent = self.find(path.parent().unwrap());
        self.dir(parent).remove(path.file_name().unwrap()).unwrap()
    }

    fn apply(&mut self, done: &Done) {
        match done {
            Done::Create(path) => {
                let id = self.new_inode(Body::File(Vec::new()), None);
                self.insert(path, id);
            }
            Done::MakeDir(path) => {
                let id = self.new_inode(Body::Dir(BTreeMap::new()), None);
                self.insert(path, id);
            }
            Done::Symlink(target, path) => {
                let id = self.new_inode(Body::Symlink(target.clone()), None);
                // It is written with its directory.
                self.disk[id] = Some(self.now[id].clone());
                self.insert(path, id);
            }
            Done::Write(path, offset, bytes) => self.change(path, |file| {
                let from = *offset as usize;
                file.resize(file.len().max(from + bytes.len()), 0);
                file[from..from + bytes.len()].copy_from_slice(bytes);
            }),
            Done::SetLen(path, len) => self.change(path, |file| file.resize(*len as usize, 0)),
            Done::SetMeta(path, meta) => {
                let id = self.find(path);
                self.now[id].meta = *meta;
            }
            Done::Sync(path) | Done::SyncDir(path) => {
                let id = self.find(path);
                self.disk[id] = Some(self.now[id].clone());
            }
            Done::SyncAll => self.disk = self.now.iter().cloned().map(Some).collect(),
            Done::Rename(from, to) => {
                let id = self.take(from);
                self.insert(to, id);
            }
            Done::Exchange(one, other) => {
                let (first, second) = (self.find(one), self.find(other));
                self.insert(one, second);
                self.insert(other, first);
            }
            Done::Link(original, path) => {
                let id = self.find(original);
                self.insert(path, id);
            }
            Done::Remove(path) => drop(Some(self.take(path))),
            Done::Point => {}
        }
    }

    fn change(&mut self, path: &Path, how: impl FnOnce(&mut Vec<u8>)) {
        let id = self.find(path);
        match &mut self.now[id].body {
            Body::File(bytes) => how(bytes),
            other => panic!("no file: {other:?}"),
        }
    }

    /// What is on the disk of an inode.
    fn left(&self, id: Id, left: Left) -> Inode {
        let synced = self.disk[id].clone();
        match (left, &self.now[id].body) {
            (Left::All, _) | (Left::Names, Body::Dir(_) | Body::Symlink(_)) => self.now[id].clone(),
            (Left::Names, Body::File(now)) => {
                let unsynced = Inode { body: Body::File(vec![0; now.len()]), meta: None };
                synced.unwrap_or(unsynced)
            }
            (Left::Synced, body) => synced.unwrap_or_else(|| Inode {
                body: match body {
                    Body::Dir(_) => Body::Dir(BTreeMap::new()),
                    Body::File(_) => Body::File(Vec::new()),
                    Body::Symlink(target) => Body::Symlink(target.clone()),
                },
                meta: None,
            }),
        }
    }

    /// Makes the directory again as the machine finds it when it starts.
    fn write_out(&self, left: Left) {
        let Body::Dir(entries) = self.left(0, left).body else { panic!("the root is a directory") };
        let mut made = BTreeMap::new();
        for (name, id) in entries.iter().filter(|(name, _)| *name != "saved") {
            remove(&self.root.join(name));
            self.make(*id, &self.root.join(name), left, &mut made);
        }
    }

    fn make(&self, id: Id, path: &Path, left: Left, made: &mut BTreeMap<Id, PathBuf>) {
        if let Some(first) = made.get(&id) {
            return fs::hard_link(first, path).unwrap();
        }
        let inode = self.left(id, left);
        match &inode.body {
            Body::Dir(entries) => {
                fs::create_dir(path).unwrap();
                for (name, id) in entries {
                    self.make(*id, &path.join(name), left, made);
                }
                // A mode that was not synced: the one it was made with.
                let mode = inode.meta.map_or(0o700, |meta| meta.mode);
                fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            }
            Body::File(bytes) => {
                made.insert(id, path.to_owned());
                let file = fs::File::create(path).unwrap();
                if bytes.iter().any(|byte| *byte != 0) {
                    file.write_all_at(bytes, 0).unwrap();
                }
                file.set_len(bytes.len() as u64).unwrap();
                let mode = inode.meta.map_or(0o600, |meta| meta.mode);
                fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            }
            Body::Symlink(target) => {
                made.insert(id, path.to_owned());
                std::os::unix::fs::symlink(target, path).unwrap();
            }
        }
        if let Some(meta) = inode.meta {
            set_time(path, meta.mtime);
        }
    }
}

fn set_time(path: &Path, (secs, nanos): (i64, i64)) {
    let time = rustix::fs::Timespec { tv_sec: secs, tv_nsec: nanos };
    let times = rustix::fs::Timestamps { last_access: time, last_modification: time };
    let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
    rustix::fs::utimensat(rustix::fs::CWD, path, &times, flags).unwrap();
}

fn cut_everywhere(scenario: Scenario, stride: usize) -> usize {
    let (home, before) = scenario.prepare();
    let base = Model::load(home.dir());
    let trace = Arc::new(Trace::default());
    scenario.run(&home.single().watched(trace.clone()), &before.first).unwrap();
    let trace = std::mem::take(&mut *trace.0.lock().unwrap());
    let mut model = Model { now: base.now.clone(), disk: base.disk.clone(), root: base.root };
    let mut cuts = 0;
    for (number, done) in trace.iter().enumerate() {
        model.apply(done);
        if number % stride != 0 && number + 1 != trace.len() {
            continue;
        }
        for left in LEFT {
            model.write_out(left);
            scenario.check(
                &home,
                &before,
                &format!("power cut after {number} ({done:?}), {left:?}"),
            );
            cuts += 1;
        }
    }
    let kinds: BTreeSet<String> =
        trace.iter().map(|d| format!("{d:?}").split('(').next().unwrap().to_owned()).collect();
    println!("{scenario:?}: {} changes, {cuts} power cuts; {kinds:?}", trace.len());
    cuts
}

#[test]
fn a_power_cut_after_any_change_leaves_everything_whole() {
    let is_full = std::env::var_os("PLIMSOLL_SNAPSHOT_FULL").is_some();
    let stride = if is_full { 1 } else { 13 };
    let cuts: usize = ALL.into_iter().map(|scenario| cut_everywhere(scenario, stride)).sum();
    println!("{cuts} power cuts");
}
