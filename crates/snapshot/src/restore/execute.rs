//! The steps of a restore.

use std::path::PathBuf;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::apply::Apply;
use super::stage::{Stage, Staging, remove_stages};
use super::{Change, Extras, Restore, Subject, finding};
use crate::capture::{Capture, CaptureError, Part, Present, Taken};
use crate::compare::{Difference, Differs, compare};
use crate::create::{CreateOptions, create_locked};
use crate::disk::Owners;
use crate::id::SnapshotId;
use crate::intake::{Intake, scan};
use crate::manifest::{Outcome, moved};
use crate::plan::{Execute, Past, Step, StepError};
use crate::progress::{Meter, Progress};
use crate::scope::Scope;
use crate::secrets::Secrets;
use crate::store::{Store, Writer, chain};
use crate::tree::{Node, Tree};
use crate::view::{PartReader, View};

/// Name of the step that captures the present; its output is the snapshot's name.
pub(super) const PROTECT: &str = "capture the present";
/// How many differences are named before the rest is counted.
const NAMED_MAX: usize = 5;

/// What can be done, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    Protect { parts: Vec<String> },
    Prepare { part: String },
    Replace { part: String },
    Check { part: String },
}

pub(super) struct Executor<'a> {
    pub(super) store: &'a Store,
    pub(super) writer: Option<&'a Writer>,
    pub(super) subject: &'a Subject,
    pub(super) clock: &'a dyn Fn() -> SystemTime,
    pub(super) tool_version: &'a str,
    pub(super) secrets: Secrets,
    pub(super) restorers: &'a mut [(String, Box<dyn Restore>)],
    pub(super) progress: &'a dyn Progress,
}

/// A part of files: what is wanted, and where.
struct Wanted {
    tree: Tree,
    scope: Scope,
}

impl Execute for Executor<'_> {
    type Action = Action;

    fn apply(&mut self, step: &Step<Action>, past: &Past) -> Result<String, StepError> {
        match &step.action {
            Action::Protect { parts } => self.protect(parts, past),
            Action::Prepare { part } if self.is_of_files(part)? => {
                let id = self.subject.snapshot.clone();
                let stages = self.prepare(&id, part, past.plan_id())?;
                serde_json::to_string(&stages).map_err(|error| finding("cannot note where", error))
            }
            Action::Prepare { part } => self.read_through(part),
            Action::Replace { part } if self.is_of_files(part)? => {
                let output = past.output(&format!("prepare {part}")).unwrap_or("[]");
                let stages: Vec<Stage> = serde_json::from_str(output)
                    .map_err(|error| finding("the journal does not say what is prepared", error))?;
                let id = self.subject.snapshot.clone();
                self.replace(&id, part, &stages)
            }
            Action::Replace { part } => self.put_back(&self.subject.snapshot.clone(), part),
            Action::Check { part } => self.check(&self.subject.snapshot.clone(), part),
        }
    }

    fn undo(&mut self, step: &Step<Action>, past: &Past) -> Result<String, StepError> {
        let safety = || {
            let id = past.output(PROTECT).and_then(|output| output.parse::<SnapshotId>().ok());
            id.ok_or_else(|| StepError::new("the journal names no snapshot of the time before"))
        };
        match &step.action {
            Action::Protect { .. } | Action::Check { .. } => Ok(String::new()),
            Action::Prepare { part } if self.is_of_files(part)? => {
                let wanted = self.wanted(&self.subject.snapshot.clone(), part)?;
                remove_stages(self.store.disk(), &wanted.scope.roots, past.plan_id())
                    .map_err(|error| finding("cannot remove what was prepared", error))?;
                // The directory that held it has another time since.
                self.replace(&safety()?, part, &[])
            }
            Action::Prepare { .. } => Ok(String::new()),
            Action::Replace { part } if self.is_of_files(part)? => {
                let safety = safety()?;
                let stages = self.prepare(&safety, part, &format!("{}-undo", past.plan_id()))?;
                self.replace(&safety, part, &stages)?;
                self.check(&safety, part)
            }
            Action::Replace { part } => {
                self.take_back(&safety()?, part)?;
                Ok(String::new())
            }
        }
    }
}

impl Executor<'_> {
    pub(super) fn preview(&mut self, part: &str) -> Result<Vec<Change>, StepError> {
        let id = self.subject.snapshot.clone();
        let change = |path: String, what| Change { part: part.to_owned(), path, what };
        if !self.is_of_files(part)? {
            let found = self.port_differences(&id, part)?;
            return Ok(found.into_iter().map(|path| change(path, "put back")).collect());
        }
        let wanted = self.wanted(&id, part)?;
        let present = self.present(&wanted.scope)?;
        let differs = self.differing(&present, &wanted.tree);
        let word = |what| match what {
            Difference::Added => "create",
            Difference::Removed => "remove",
            Difference::Meta => "set mode, owner or time",
            _ => "replace",
        };
        let shown = |differs: &Differs<'_>| {
            change(place(&wanted.scope, differs).display().to_string(), word(differs.what))
        };
        Ok(differs.iter().map(shown).collect())
    }

    fn view(&self, id: &SnapshotId) -> Result<View<'_>, StepError> {
        View::open(self.store, id).map_err(|error| finding("cannot read the snapshot", error))
    }

    fn is_of_files(&self, part: &str) -> Result<bool, StepError> {
        let view = self.view(&self.subject.snapshot)?;
        let body = view.body(part).map_err(|error| finding("cannot read the snapshot", error))?;
        Ok(!body.scope.roots.is_empty())
    }

    fn wanted(&self, id: &SnapshotId, part: &str) -> Result<Wanted, StepError> {
        let unreadable = |error| finding("cannot read the snapshot", error);
        let mut view = self.view(id)?;
        let tree = view.tree(part).map_err(unreadable)?;
        let mut scope = view.body(part).map_err(unreadable)?.scope.clone();
        // The snapshot of the present was taken where the files go, so its roots are there.
        if *id == self.subject.snapshot {
            let into = self.subject.into.as_deref();
            scope.roots = scope.roots.iter().map(|root| moved(root, into)).collect();
        }
        Ok(Wanted { tree, scope })
    }

    fn present(&self, scope: &Scope) -> Result<Tree, StepError> {
        scan(self.store, scope, self.progress)
            .map_err(|error| finding("cannot read what is there now", error))
    }

    /// What has to change, without what is to stay.
    fn differing<'t>(&self, present: &'t Tree, wanted: &'t Tree) -> Vec<Differs<'t>> {
        let mut differs = compare(present, wanted, Owners::here());
        differs.retain(|differs| match differs.what {
            Difference::Unknown => false,
            Difference::Removed => self.subject.extras == Extras::Remove,
            // What is kept as a reference cannot be made, and a document has no place.
            _ => !differs.after.is_some_and(|entry| {
                matches!(entry.node, Node::Reference { .. } | Node::Document { .. })
            }),
        });
        differs
    }

    fn protect(&mut self, parts: &[String], past: &Past) -> Result<String, StepError> {
        let writer = self.writer.ok_or_else(|| StepError::new("the store is not locked"))?;
        let mut scopes = Vec::new();
        for part in parts {
            if self.is_of_files(part)? {
                let scope = self.wanted(&self.subject.snapshot, part)?.scope;
                scopes.push((part.clone(), scope));
            }
        }
        let mut captures: Vec<Part<'_>> = scopes
            .into_iter()
            .map(|(part, scope)| Part::required(part, Present { scope }))
            .collect();
        for (part, restorer) in self.restorers.iter_mut().filter(|(part, _)| parts.contains(part)) {
            captures.push(Part::required(part.clone(), Borrowed(restorer.as_mut())));
        }
        let options = CreateOptions::new((self.clock)(), self.tool_version)
            .with_tags(["before-restore".to_owned(), format!("plan:{}", past.plan_id())])
            .with_secrets(self.secrets)
            .with_progress(self.progress);
        let manifest = create_locked(self.store, writer, &mut captures, &options)
            .map_err(|error| finding("cannot capture the present", error))?;
        for part in &manifest.parts {
            if let Outcome::Failed { why } = &part.outcome {
                let what = format!("cannot capture what is there now of `{}`: {why}", part.name);
                return Err(StepError::new(what));
            }
        }
        Ok(manifest.id.to_string())
    }

    fn prepare(&self, id: &SnapshotId, part: &str, name: &str) -> Result<Vec<Stage>, StepError> {
        let wanted = self.wanted(id, part)?;
        let present = self.present(&wanted.scope)?;
        let changes = self.differing(&present, &wanted.tree);
        let mut view = self.view(id)?;
        view.load_packs().map_err(|error| finding("cannot read the snapshot", error))?;
        let staging = Staging {
            disk: self.store.disk(),
            name,
            wanted: &wanted.tree,
            changes: &changes,
            roots: &wanted.scope.roots,
            owners: Owners::here(),
        };
        let meter = Meter::new(self.progress, part, Some(view.manifest.stored_bytes()));
        staging.run(&view, &meter)
    }

    fn replace(&self, id: &SnapshotId, part: &str, stages: &[Stage]) -> Result<String, StepError> {
        let wanted = self.wanted(id, part)?;
        let apply = Apply {
            disk: self.store.disk(),
            wanted: &wanted.tree,
            roots: &wanted.scope.roots,
            owners: Owners::here(),
        };
        apply.run(stages)?;
        Ok(String::new())
    }

    fn check(&mut self, id: &SnapshotId, part: &str) -> Result<String, StepError> {
        let (found, count): (Vec<String>, usize) = if self.is_of_files(part)? {
            let wanted = self.wanted(id, part)?;
            let present = self.present(&wanted.scope)?;
            let shown = |differs: &Differs<'_>| {
                format!("`{}` ({})", place(&wanted.scope, differs).display(), differs.what.word())
            };
            let differs = self.differing(&present, &wanted.tree);
            (differs.iter().map(shown).collect(), wanted.tree.entries.len())
        } else {
            (self.port_differences(id, part)?, 0)
        };
        if found.is_empty() {
            return Ok(format!("{count} entries as in the snapshot"));
        }
        let named: Vec<_> = found.iter().take(NAMED_MAX).map(String::as_str).collect();
        let more = found.len().saturating_sub(NAMED_MAX);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        let what = format!("not as in the snapshot: {}{rest}", named.join(", "));
        Err(StepError::new(what))
    }

    /// Reads everything of a part once, so that what is damaged is known before anything changes.
    fn read_through(&self, part: &str) -> Result<String, StepError> {
        let unreadable = |error| finding("cannot read the snapshot", error);
        let mut view = self.view(&self.subject.snapshot)?;
        let tree = view.tree(part).map_err(unreadable)?;
        let mut room = Vec::new();
        for piece in tree.entries.iter().flat_map(|entry| entry.node.pieces()) {
            room.clear();
            view.piece(*piece, &mut room).map_err(unreadable)?;
        }
        Ok(String::new())
    }

    fn put_back(&mut self, id: &SnapshotId, part: &str) -> Result<String, StepError> {
        self.with_restorer(id, part, |restorer, reader| restorer.restore(reader))?;
        Ok(String::new())
    }

    fn port_differences(&mut self, id: &SnapshotId, part: &str) -> Result<Vec<String>, StepError> {
        self.with_restorer(id, part, |restorer, reader| restorer.differences(reader))
    }

    fn take_back(&mut self, safety: &SnapshotId, part: &str) -> Result<(), StepError> {
        let unreadable = |error| finding("cannot read the snapshot of before", error);
        let mut view = View::open(self.store, safety).map_err(unreadable)?;
        let record = view.manifest.part(part).map(|record| record.outcome.clone());
        let restorer = find(self.restorers, part)?;
        let taken = if matches!(record, Some(Outcome::Skipped { .. })) {
            restorer.take_back(None)
        } else {
            let mut reader = PartReader::new(&mut view, part).map_err(unreadable)?;
            restorer.take_back(Some(&mut reader))
        };
        taken.map_err(|error| StepError::new(chain(&error)))
    }

    fn with_restorer<T>(
        &mut self,
        id: &SnapshotId,
        part: &str,
        go: impl FnOnce(&mut dyn Restore, &mut PartReader<'_, '_>) -> Result<T, CaptureError>,
    ) -> Result<T, StepError> {
        let unreadable = |error| finding("cannot read the snapshot", error);
        let mut view = View::open(self.store, id).map_err(unreadable)?;
        let mut reader = PartReader::new(&mut view, part).map_err(unreadable)?;
        let restorer = find(self.restorers, part)?;
        go(restorer, &mut reader).map_err(|error| StepError::new(chain(&error)))
    }
}

fn find<'r>(
    restorers: &'r mut [(String, Box<dyn Restore>)],
    part: &str,
) -> Result<&'r mut dyn Restore, StepError> {
    let found = restorers.iter_mut().find(|(name, _)| name == part);
    found.map(|(_, restorer)| restorer.as_mut() as &mut dyn Restore).ok_or_else(|| {
        StepError::new(format!("nobody here can put `{part}` back: name its server again"))
    })
}

/// Where an entry is now.
fn place(scope: &Scope, differs: &Differs<'_>) -> PathBuf {
    let path = differs.path();
    let number = std::str::from_utf8(path.first()).ok().and_then(|n| n.parse::<usize>().ok());
    let root = number.and_then(|number| scope.roots.get(number));
    root.map_or_else(|| path.as_path().to_owned(), |root| path.under(root))
}

/// Captures by what puts back.
struct Borrowed<'a>(&'a mut dyn Restore);

impl Capture for Borrowed<'_> {
    fn kind(&self) -> &'static str {
        self.0.kind()
    }

    fn capture(&mut self, into: &mut Intake<'_>) -> Result<Taken, CaptureError> {
        self.0.capture(into)
    }
}
