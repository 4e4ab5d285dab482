//! Operations that are cut short, and what must hold afterwards.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use plimsoll_snapshot::restore::RestoreError;
use plimsoll_snapshot::{Act, Keep, PruneOptions, SnapshotId, Watch, prune};

use crate::grove::{Contents, Description, Kind, Plant, assert_same, describe, plant};
use crate::home::{Home, now};

/// An operation, and how it is told whether it left everything in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// A second snapshot.
    Create,
    /// A restore, finished afterwards.
    Restore,
    /// A restore, taken back afterwards.
    Undo,
    /// The taking back of a restore that was cut short.
    UndoHalf,
    /// Snapshots and packs are removed, and a pack is written anew.
    Prune,
}

pub(crate) const ALL: [Scenario; 5] =
    [Scenario::Create, Scenario::Restore, Scenario::Undo, Scenario::UndoHalf, Scenario::Prune];

/// What was there before the operation.
#[derive(Debug)]
pub(crate) struct Before {
    pub(crate) first: SnapshotId,
    /// The tree of the first snapshot.
    pub(crate) old: Description,
    /// The tree as the operation finds it.
    pub(crate) new: Description,
}

fn file(path: &str, contents: Contents) -> Plant {
    entry(path, Kind::File(contents), 0o640)
}

fn entry(path: &str, kind: Kind, mode: u32) -> Plant {
    Plant { path: path.into(), kind, mode, mtime: Duration::new(1_600_000_000, 123_456_789) }
}

fn bytes(text: &str) -> Contents {
    Contents::Bytes(text.as_bytes().to_vec())
}

fn first_tree() -> Vec<Plant> {
    vec![
        entry("conf", Kind::Dir, 0o750),
        file("conf/limits.toml", bytes("max = 10\n")),
        file("conf/long", Contents::Pattern(3, (1 << 20) + 99)),
        file("conf/sparse", Contents::Sparse(3 << 20, b"x".to_vec(), 5000)),
        entry("link", Kind::Symlink("conf/limits.toml".into()), 0),
        entry("twin", Kind::Link(0), 0),
        file("was a file", bytes("in the first")),
        entry("was a dir", Kind::Dir, 0o700),
        file("was a dir/below", bytes("below")),
        entry("gone", Kind::Dir, 0o755),
        file("gone/one", bytes("one")),
        file("gone/two", Contents::Pattern(9, 3000)),
        file("only mode", bytes("same")),
    ]
}

/// Changes of every sort: contents, modes, links, files to directories and back, more and less.
fn change(tree: &Path) {
    let at = |name: &str| tree.join(name);
    fs::write(at("conf/limits.toml"), "max = 99\n").unwrap();
    fs::write(at("conf/long"), "short now").unwrap();
    fs::remove_file(at("link")).unwrap();
    std::os::unix::fs::symlink("elsewhere", at("link")).unwrap();
    fs::remove_file(at("was a file")).unwrap();
    fs::create_dir(at("was a file")).unwrap();
    fs::write(at("was a file/inside"), "inside").unwrap();
    fs::remove_dir_all(at("was a dir")).unwrap();
    fs::write(at("was a dir"), "a file now").unwrap();
    fs::remove_dir_all(at("gone")).unwrap();
    fs::create_dir(at("more")).unwrap();
    fs::write(at("more/new"), "new").unwrap();
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(at("only mode"), fs::Permissions::from_mode(0o600)).unwrap();
}

impl Scenario {
    /// A home as the operation finds it, saved.
    pub(crate) fn prepare(self) -> (Home, Before) {
        let home = Home::new();
        plant(&home.tree(), &first_tree());
        let old = describe(&home.tree());
        let first = home.created();
        change(&home.tree());
        if self == Self::Prune {
            home.created();
            fs::remove_dir_all(home.tree().join("was a file")).unwrap();
            home.created();
        }
        let new = describe(&home.tree());
        if self == Self::UndoHalf {
            // In the middle of putting files in place.
            let put = |act: &Act<'_>| matches!(act, Act::Rename { to, .. } if to.ends_with("gone"));
            let trip = Arc::new(Trip::when(put, Effect::Fail(io::ErrorKind::StorageFull)));
            home.single().watched(trip).restore(&first).unwrap_err();
            assert_ne!(describe(&home.tree()), new, "nothing was put in place");
        }
        home.save();
        (home, Before { first, old, new })
    }

    pub(crate) fn run(self, home: &Home, first: &SnapshotId) -> Result<(), String> {
        match self {
            Self::Create => home.create().map(drop).map_err(|error| format!("{error:?}")),
            Self::Restore | Self::Undo => {
                home.restore(first).map(drop).map_err(|error| format!("{error:?}"))
            }
            Self::UndoHalf => home.undo().map(drop).map_err(|error| format!("{error:?}")),
            Self::Prune => {
                let keep = Keep::default().with_last(1).with_daily(0).with_weekly(0);
                prune(&home.store(), &PruneOptions::new(now()).with_keep(keep))
                    .map(drop)
                    .map_err(|error| format!("{error:?}"))
            }
        }
    }

    /// Checks that what is there is whole, and that the operation can be brought to its end.
    #[track_caller]
    pub(crate) fn check(self, home: &Home, before: &Before, what: &str) {
        let what = &format!("{self:?}, {what}");
        home.assert_whole(what);
        each_file_is_old_or_new(home, before, what);
        match self {
            Self::Create => {
                assert_eq!(home.ids().first(), Some(&before.first), "{what}");
                let id = home.created();
                home.assert_whole(what);
                self.check_content(home, &id, &before.new, what);
            }
            Self::Restore => self.finish(home, before, what),
            Self::Undo | Self::UndoHalf => match home.undo() {
                Ok(_) => assert_same(&describe(&home.tree()), &before.new, what),
                Err(RestoreError::NoPlan) => {
                    let found = describe(&home.tree());
                    assert!(found == before.new || found == before.old, "{what}: half");
                }
                Err(error) => panic!("{what}: {error:?}"),
            },
            Self::Prune => {
                self.run(home, &before.first).unwrap();
                home.assert_whole(what);
                let [newest] = home.ids().try_into().unwrap();
                self.check_content(home, &newest, &before.new, what);
            }
        }
        assert!(leftovers(home).is_empty(), "{what}: {:?}", leftovers(home));
    }

    #[track_caller]
    fn finish(self, home: &Home, before: &Before, what: &str) {
        match home.go_on() {
            Ok(_) => {}
            Err(RestoreError::NoPlan) => {
                let found = describe(&home.tree());
                assert!(found == before.new || found == before.old, "{what}: half");
                home.restore(&before.first).unwrap();
            }
            Err(error) => panic!("{what}: {error:?}"),
        }
        assert_same(&describe(&home.tree()), &before.old, what);
    }

    #[track_caller]
    fn check_content(self, home: &Home, id: &SnapshotId, wanted: &Description, what: &str) {
        let into = home.dir().join("elsewhere");
        home.restore_into(id, &into).unwrap();
        let found = into.join(home.tree().strip_prefix("/").unwrap());
        assert_same(&describe(&found), wanted, what);
        fs::remove_dir_all(into).unwrap();
    }
}

/// No file is ever torn: it is as it was before or as it will be.
#[track_caller]
fn each_file_is_old_or_new(home: &Home, before: &Before, what: &str) {
    for (path, seen) in describe(&home.tree()) {
        if seen.sort != 'f' || path.to_string_lossy().contains(".plimsoll-restore-") {
            continue;
        }
        let of = |tree: &Description| tree.get(&path).and_then(|seen| seen.contents);
        let is_one = [&before.old, &before.new].iter().any(|tree| of(tree) == seen.contents);
        assert!(is_one, "{what}: `{}` is torn", path.display());
    }
}

/// What a restore prepared and did not remove, and what a writer left in the store.
fn leftovers(home: &Home) -> Vec<std::path::PathBuf> {
    let names = |dir: &Path| -> Vec<_> {
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let is_staging =
        |path: &std::path::PathBuf| path.to_string_lossy().contains(".plimsoll-restore-");
    let mut left: Vec<_> = names(&home.tree()).into_iter().filter(is_staging).collect();
    left.extend(names(home.dir()).into_iter().filter(is_staging));
    left.extend(names(&home.store_dir().join("tmp")));
    left
}

/// What happens at a change of the file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It fails, and so does every later change that needs room (or any, if it is read-only).
    Fail(io::ErrorKind),
    /// The process ends.
    Kill,
}

type When = Box<dyn Fn(&Act<'_>) -> bool + Send + Sync>;

/// Lets the n-th change have an effect, or the first that fits.
pub(crate) struct Trip {
    seen: AtomicUsize,
    at: usize,
    when: Option<When>,
    effect: Effect,
}

impl std::fmt::Debug for Trip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Trip at {}", self.at)
    }
}

impl Trip {
    pub(crate) fn at(at: usize, effect: Effect) -> Self {
        Self { seen: AtomicUsize::new(0), at, when: None, effect }
    }

    pub(crate) fn when(
        when: impl Fn(&Act<'_>) -> bool + Send + Sync + 'static,
        effect: Effect,
    ) -> Self {
        Self { seen: AtomicUsize::new(0), at: 0, when: Some(Box::new(when)), effect }
    }

    /// Whether it happened.
    pub(crate) fn is_sprung(&self) -> bool {
        self.seen.load(Ordering::SeqCst) > self.at
    }
}

impl Watch for Trip {
    fn before(&self, act: &Act<'_>) -> io::Result<()> {
        let fits = self.when.as_ref().is_none_or(|when| self.is_sprung() || when(act));
        if !fits {
            return Ok(());
        }
        let number = self.seen.fetch_add(1, Ordering::SeqCst);
        if number < self.at {
            return Ok(());
        }
        let needs_room = matches!(
            act,
            Act::Create { .. }
                | Act::Write { .. }
                | Act::SetLen { .. }
                | Act::MakeDir { .. }
                | Act::Symlink { .. }
                | Act::Link { .. }
                | Act::Rename { .. }
                | Act::Exchange { .. }
        );
        match self.effect {
            Effect::Fail(io::ErrorKind::StorageFull) if !needs_room => Ok(()),
            Effect::Fail(kind) => Err(kind.into()),
            Effect::Kill => {
                let own = std::process::id().to_string();
                std::process::Command::new("kill").args(["-KILL", &own]).status().unwrap();
                unreachable!("killed")
            }
        }
    }
}
