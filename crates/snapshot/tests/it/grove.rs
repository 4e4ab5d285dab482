//! Trees of files to capture: made from a description, and described from what is there.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use plimsoll_snapshot::Digest;
use proptest::prelude::*;

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Dir,
    File(Contents),
    Symlink(OsString),
    /// A further name of the n-th file, modulo how many there are.
    Link(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Contents {
    Bytes(Vec<u8>),
    /// So many bytes of a pattern.
    Pattern(u8, usize),
    /// A hole, some bytes, and a hole.
    Sparse(u64, Vec<u8>, u64),
}

#[derive(Debug, Clone)]
pub(crate) struct Plant {
    pub(crate) path: PathBuf,
    pub(crate) kind: Kind,
    pub(crate) mode: u32,
    pub(crate) mtime: Duration,
}

/// What can be seen of a path; `links` are the paths of the same file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) sort: char,
    pub(crate) mode: u32,
    pub(crate) mtime: (i64, i64),
    pub(crate) owner: (u32, u32),
    pub(crate) contents: Option<(u64, Digest)>,
    pub(crate) target: Option<PathBuf>,
    pub(crate) links: Vec<PathBuf>,
}

pub(crate) type Description = BTreeMap<PathBuf, Seen>;

/// Makes a tree; what does not fit with what is there is left out.
pub(crate) fn plant(root: &Path, plants: &[Plant]) {
    fs::create_dir_all(root).unwrap();
    let mut files: Vec<PathBuf> = Vec::new();
    let mut dirs = Vec::new();
    for plant in plants {
        let path = root.join(&plant.path);
        // Never through a symbolic link: it may lead out of the tree.
        let leads_out = path.ancestors().take_while(|a| *a != root).any(Path::is_symlink);
        if leads_out || path.exists() || fs::create_dir_all(path.parent().unwrap()).is_err() {
            continue;
        }
        match &plant.kind {
            Kind::Dir => {
                fs::create_dir(&path).unwrap();
                dirs.push((path, plant));
                continue;
            }
            Kind::File(contents) => {
                fill(&path, contents);
                files.push(path.clone());
            }
            Kind::Symlink(target) => {
                symlink(target, &path).unwrap();
                continue;
            }
            Kind::Link(_) if files.is_empty() => continue,
            Kind::Link(index) => {
                fs::hard_link(&files[index % files.len()], &path).unwrap();
                continue;
            }
        }
        set(&path, plant);
    }
    for (path, plant) in dirs.iter().rev() {
        set(path, plant);
    }
}

fn set(path: &Path, plant: &Plant) {
    let file = fs::File::open(path).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + plant.mtime).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(plant.mode)).unwrap();
}

fn fill(path: &Path, contents: &Contents) {
    match contents {
        Contents::Bytes(bytes) => fs::write(path, bytes).unwrap(),
        Contents::Pattern(seed, len) => fs::write(path, pattern(*seed, *len)).unwrap(),
        Contents::Sparse(before, bytes, after) => {
            use std::os::unix::fs::FileExt;
            let file = fs::File::create(path).unwrap();
            file.write_all_at(bytes, *before).unwrap();
            file.set_len(before + bytes.len() as u64 + after).unwrap();
        }
    }
}

pub(crate) fn pattern(seed: u8, len: usize) -> Vec<u8> {
    let mut state = u64::from(seed) + 1;
    let step = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..len).map(step).collect()
}

/// Describes everything below a root, the root itself included.
pub(crate) fn describe(root: &Path) -> Description {
    let mut found = Description::new();
    let mut inodes: BTreeMap<(u64, u64), Vec<PathBuf>> = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(path) = open.pop() {
        let metadata = fs::symlink_metadata(&path).unwrap();
        let below = path.strip_prefix(root).unwrap().to_owned();
        let sort = if metadata.is_dir() {
            'd'
        } else if metadata.is_symlink() {
            'l'
        } else {
            'f'
        };
        if sort == 'd' {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            inodes.entry((metadata.dev(), metadata.ino())).or_default().push(below.clone());
        }
        let seen = Seen {
            sort,
            mode: if sort == 'l' { 0 } else { metadata.mode() & 0o7777 },
            mtime: (metadata.mtime(), metadata.mtime_nsec()),
            owner: (metadata.uid(), metadata.gid()),
            contents: (sort == 'f').then(|| (metadata.len(), digest(&path, metadata.len()))),
            target: (sort == 'l').then(|| fs::read_link(&path).unwrap()),
            links: Vec::new(),
        };
        found.insert(below, seen);
    }
    for mut names in inodes.into_values() {
        names.sort();
        for name in &names {
            found.get_mut(name).unwrap().links.clone_from(&names);
        }
    }
    found
}

/// Very long files are described by their length and ends.
fn digest(path: &Path, len: u64) -> Digest {
    use std::os::unix::fs::FileExt;
    if len < 64 << 20 {
        return Digest::of(&fs::read(path).unwrap());
    }
    let file = fs::File::open(path).unwrap();
    let mut ends = vec![0; 2 << 20];
    let (begin, end) = ends.split_at_mut(1 << 20);
    file.read_exact_at(begin, 0).unwrap();
    file.read_exact_at(end, len - (1 << 20)).unwrap();
    Digest::of(&ends)
}

/// Says where two trees differ, for a message that can be read.
#[track_caller]
pub(crate) fn assert_same(found: &Description, wanted: &Description, what: &str) {
    for path in found.keys().chain(wanted.keys()) {
        assert_eq!(found.get(path), wanted.get(path), "{what}: {}", path.display());
    }
}

fn name() -> impl Strategy<Value = OsString> {
    let text = |text: &str| OsString::from(text);
    prop_oneof![
        6 => "[a-d]{1,2}".prop_map(OsString::from),
        1 => Just(text("über {weiß} \u{1f980}")),
        1 => Just(text("new\nline\t\"'\\")),
        1 => Just(OsString::from_vec(vec![b'x', 0xff, 0xfe])),
        1 => Just(text("-rf *")),
        1 => Just(OsStr::from_bytes(&[b'n'; 250]).to_owned()),
    ]
}

fn contents() -> impl Strategy<Value = Contents> {
    const PIECE: usize = 1 << 20;
    prop_oneof![
        2 => Just(Contents::Bytes(Vec::new())),
        8 => proptest::collection::vec(any::<u8>(), 1..300).prop_map(Contents::Bytes),
        2 => (any::<u8>(), 1_usize..40_000).prop_map(|(seed, len)| Contents::Pattern(seed, len)),
        1 => (any::<u8>(), prop_oneof![Just(PIECE - 1), Just(PIECE), Just(PIECE + 1), Just(2 * PIECE + 77)])
            .prop_map(|(seed, len)| Contents::Pattern(seed, len)),
        1 => Just(Contents::Bytes(vec![0; 5000])),
        1 => (0_u64..9_000_000, proptest::collection::vec(any::<u8>(), 1..50), 0_u64..9_000_000)
            .prop_map(|(before, bytes, after)| Contents::Sparse(before, bytes, after)),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    let target = prop_oneof![
        Just(OsString::from("a")),
        Just(OsString::from("../../nowhere")),
        Just(OsString::from("/nonexistent/elsewhere")),
        Just(OsString::from_vec(vec![0xfe, b'/', 0xff])),
    ];
    prop_oneof![
        2 => Just(Kind::Dir),
        6 => contents().prop_map(Kind::File),
        1 => target.prop_map(Kind::Symlink),
        1 => (0_usize..20).prop_map(Kind::Link),
    ]
}

fn one() -> impl Strategy<Value = Plant> {
    let path = proptest::collection::vec(name(), 1..4);
    // Modes by which an ordinary user may still read, enter and change.
    let mode =
        prop_oneof![Just(0o644), Just(0o600), Just(0o755), Just(0o700), Just(0o4755), Just(0o777)];
    let mtime = (0_u64..4_000_000_000, 0_u32..1_000_000_000);
    (path, kind(), mode, mtime).prop_map(|(path, kind, mode, (secs, nanos))| Plant {
        path: path.iter().collect(),
        mode: if kind == Kind::Dir { mode | 0o700 } else { mode },
        kind,
        mtime: Duration::new(secs, nanos),
    })
}

pub(crate) fn plants() -> impl Strategy<Value = Vec<Plant>> {
    proptest::collection::vec(one(), 0..25)
}
