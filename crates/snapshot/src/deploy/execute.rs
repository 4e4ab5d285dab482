//! Doing the steps of a deploy, and taking them back.

mod strategies;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::config::Kind;
use super::downtime::Downtime;
use super::health;
use super::holdings::read;
use super::processes::RunServices;
use super::release::{Launch, Release, Releases};
use super::request::{Request, Subject};
use super::steps::Action;
use crate::capture::Positions;
use crate::plan::{Execute, Past, Step, StepError};
use crate::store::chain;
use crate::trading::{HaltFile, Leases, Program};

/// Pause between two looks at a service.
const LOOK: Duration = Duration::from_millis(100);

/// Makes the snapshot of the present that stands at the beginning of every deploy.
pub trait Protect {
    /// Captures everything that is configured, and returns the snapshot's name.
    ///
    /// # Errors
    ///
    /// When a required part failed.
    fn protect(&mut self, tag: &str) -> Result<String, StepError>;

    /// Keeps the rows that were written from `since` on, `None` being all, and says where.
    ///
    /// # Errors
    ///
    /// When some could not be kept.
    fn keep_rows(&mut self, tag: &str, since: Option<SystemTime>) -> Result<String, StepError>;
}

/// What the steps act on.
pub struct Executor<'a> {
    /// What is deployed.
    pub subject: &'a Subject,
    /// Directories of releases, and the record of what runs.
    pub releases: &'a Releases,
    /// Starts and stops services.
    pub services: &'a mut dyn RunServices,
    /// Makes the snapshot.
    pub protect: &'a mut dyn Protect,
    /// The accounts that have to stand still.
    pub accounts: &'a mut [(String, Positions)],
    /// The leases of this machine.
    pub leases: &'a Leases,
    /// The latch of this machine.
    pub halt: &'a HaltFile,
    /// Told of the downtime.
    pub downtime: &'a mut dyn Downtime,
    /// The operator's program that cancels orders.
    pub cancel: Option<&'a Program>,
    /// Waits.
    pub pause: &'a dyn Fn(Duration),
    /// Reads the clock.
    pub clock: &'a dyn Fn() -> SystemTime,
}

impl std::fmt::Debug for Executor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Executor").field("subject", &self.subject).finish_non_exhaustive()
    }
}

fn failed<E: std::error::Error + 'static>(what: &str) -> impl FnOnce(E) -> StepError + '_ {
    move |error| StepError::new(format!("{what}: {}", chain(&error)))
}

impl Execute for Executor<'_> {
    type Action = Action;

    fn apply(&mut self, step: &Step<Action>, past: &Past) -> Result<String, StepError> {
        let (to, from) = (self.subject.to.clone(), self.subject.from.clone());
        match &step.action {
            Action::Preflight => self.preflight(past),
            Action::Protect => self.protect.protect(&format!("before-{}", past.plan_id())),
            Action::Checkout => {
                self.releases.checkout(&to.commit).map(str::to_owned).map_err(failed("no release"))
            }
            Action::Build => self.build(&to, past),
            Action::Pin => self.pin(&to),
            Action::Announce => Ok(self.announce(past)),
            Action::Migrate => self.tables(&to, Tables::Apply, past),
            Action::KeepRows => {
                let since = self.subject.rows_since_ns.and_then(|ns| u64::try_from(ns).ok());
                let since = since.map(|ns| SystemTime::UNIX_EPOCH + Duration::from_nanos(ns));
                self.protect.keep_rows(&format!("rows-before-{}", past.plan_id()), since)
            }
            Action::TablesBack => match self.subject.from.clone() {
                Some(from) => self.tables(&from, Tables::Undo, past),
                None => Ok("nothing ran, so no tables to change back".to_owned()),
            },
            Action::Start { service } => {
                let launch = launch(&to, service)?;
                self.start(launch, None, past)
            }
            Action::Replace { service } => {
                let old = from.as_ref().and_then(|from| from.services.get(service));
                let said = old.map(|old| self.stop(old)).transpose()?;
                self.joined(said, launch(&to, service)?, past)
            }
            Action::Switch { service } => {
                let port = launch(&to, service)?.port;
                self.releases.point(service, port).map_err(failed("cannot switch"))?;
                Ok(port.map_or_else(String::new, |port| format!("port {port}")))
            }
            Action::Fence => self.fence(past),
            Action::Cancel => self.cancel(past),
            Action::Stop => self.stop_all(self.subject.from.as_ref(), Kind::Strategy),
            Action::Capture => {
                let held = read(self.accounts)?;
                serde_json::to_string(&held).map_err(failed("cannot write down what is held"))
            }
            Action::Launch => self.launch_strategies(past),
            Action::Reconcile => self.reconcile(past),
            Action::Relaunch => self.relaunch(past),
            Action::Arm => self.arm(),
            Action::Watch => self.watch(past),
            Action::Smoke { name } => self.smoke(name, past),
            Action::Record => {
                self.releases.set_current(Some(&to)).map_err(failed("cannot write down"))?;
                Ok(to.id.clone())
            }
            Action::Retire => {
                let old = self.retired();
                let said = old.iter().map(|launch| self.stop(launch));
                Ok(said.collect::<Result<Vec<_>, _>>()?.join(", "))
            }
            Action::EndDowntime => Ok(self.end_downtime(past)),
        }
    }

    fn undo(&mut self, step: &Step<Action>, past: &Past) -> Result<String, StepError> {
        let to = self.subject.to.clone();
        let from = self.subject.from.clone();
        match &step.action {
            Action::Preflight
            | Action::Protect
            | Action::Checkout
            | Action::Build
            | Action::Pin
            | Action::KeepRows
            | Action::Cancel
            | Action::Stop
            | Action::Capture
            | Action::Reconcile
            | Action::Watch
            | Action::Smoke { .. } => Ok(String::new()),
            Action::Announce => Ok(self.end_downtime(past)),
            Action::EndDowntime => Ok(self.announce(past)),
            Action::Migrate => self.tables(&to, Tables::Undo, past),
            Action::TablesBack => match &from {
                Some(from) => self.tables(from, Tables::Apply, past),
                None => Ok(String::new()),
            },
            Action::Start { service } => self.stop(launch(&to, service)?),
            Action::Replace { service } => {
                let said = self.stop(launch(&to, service)?)?;
                match from.as_ref().and_then(|from| from.services.get(service)) {
                    Some(old) => self.joined(Some(said), old, &Past::default()),
                    None => Ok(said),
                }
            }
            Action::Switch { service } => {
                let old = from.as_ref().and_then(|from| from.services.get(service));
                let port = old.and_then(|old| old.port);
                self.releases.point(service, port).map_err(failed("cannot switch back"))?;
                Ok(String::new())
            }
            Action::Launch | Action::Relaunch => self.stop_all(Some(&to), Kind::Strategy),
            Action::Arm => self.fence(past),
            Action::Fence => self.revive(past),
            Action::Record => {
                self.releases.set_current(from.as_ref()).map_err(failed("cannot write down"))?;
                Ok(String::new())
            }
            Action::Retire => {
                let old = self.retired();
                for launch in &old {
                    self.start(launch, None, &Past::default())?;
                }
                Ok(format!("{} services run again", old.len()))
            }
        }
    }
}

/// Whatever of the old release no step has stopped yet.
fn is_left(launch: &Launch, to: &Release) -> bool {
    match launch.kind {
        Kind::Strategy => false,
        Kind::Single => !to.services.contains_key(&launch.name),
        Kind::Stateless => true,
    }
}

fn launch<'a>(release: &'a Release, service: &str) -> Result<&'a Launch, StepError> {
    let none = || StepError::new(format!("the release has no service `{service}`"));
    release.services.get(service).ok_or_else(none)
}

fn with_image(launch: &Launch, image: Option<&String>) -> Launch {
    let mut launch = launch.clone();
    if let (Some(container), Some(image)) = (&mut launch.container, image) {
        image.clone_into(&mut container.image);
    }
    launch
}

#[derive(Clone, Copy)]
enum Tables {
    Apply,
    Undo,
}

impl Executor<'_> {
    fn preflight(&mut self, past: &Past) -> Result<String, StepError> {
        let settings = &self.subject.settings;
        let mut seen = Vec::new();
        let repository = self.releases.repository().to_owned();
        if self.subject.request == Request::Deploy {
            let changed = self.releases.changed().map_err(failed("cannot ask git"))?;
            if !changed.is_empty() {
                let first: Vec<&str> = changed.lines().take(5).collect();
                return Err(StepError::new(format!(
                    "the tree has {} changes that are not committed, and would not go along: {}",
                    changed.lines().count(),
                    first.join(", ")
                )));
            }
            seen.push("tree is clean".to_owned());
        }
        let space = plimsoll_durable::free_space(&repository)
            .map_err(failed("cannot tell how much space is free"))?;
        let free = space.available_bytes / 1_000_000;
        if free < u64::from(settings.free_disk_min_mb) {
            let wanted = settings.free_disk_min_mb;
            return Err(StepError::new(format!("{free} MB are free, {wanted} MB are wanted")));
        }
        seen.push(format!("{free} MB free"));
        // A latch that cannot be read would leave the new strategies in the dark.
        if self.halt.dir().is_dir() {
            let is_latched = self.halt.read().map_err(failed("the latch"))?.is_latched();
            seen.push(
                if is_latched { "trading is halted, and stays so" } else { "not halted" }
                    .to_owned(),
            );
        }
        if self.subject.request == Request::Deploy {
            for (name, program) in &settings.preflight {
                program
                    .run(&repository, &[], past.remaining((self.clock)()))
                    .map_err(failed(name.as_str()))?;
                seen.push(format!("{name} passed"));
            }
        }
        Ok(seen.join(", "))
    }

    /// Starts a service, and says what was said before it too.
    fn joined(
        &mut self,
        said: Option<String>,
        launch: &Launch,
        past: &Past,
    ) -> Result<String, StepError> {
        let started = self.start(launch, None, past)?;
        Ok(said.into_iter().chain([started]).collect::<Vec<_>>().join(", "))
    }

    /// The services of the old release that run until the new one is known to be well.
    fn retired(&self) -> Vec<Launch> {
        let Subject { from, to, .. } = self.subject;
        let old = from.iter().flat_map(|from| from.services.values());
        old.filter(|launch| is_left(launch, to)).cloned().collect()
    }

    /// That nobody was told stops no deploy, and least of all a rollback: it may page.
    fn announce(&mut self, past: &Past) -> String {
        let subject = self.subject;
        let left = past.remaining((self.clock)()).filter(|left| !left.is_zero());
        let whole = Duration::from_secs(u64::from(subject.settings.deadline_secs));
        let said = self.downtime.announce(&subject.reason(past.plan_id()), left.unwrap_or(whole));
        said.unwrap_or_else(|error| format!("not announced, so it may page: {}", chain(&error)))
    }

    fn end_downtime(&mut self, past: &Past) -> String {
        let said = self.downtime.end(&self.subject.reason(past.plan_id()));
        said.unwrap_or_else(|error| format!("not ended, so it ends by itself: {}", chain(&error)))
    }

    fn build(&mut self, to: &Release, past: &Past) -> Result<String, StepError> {
        let Some(build) = &self.subject.settings.build else { return Ok(String::new()) };
        if self.releases.is_built(&to.commit) {
            return Ok("was built".to_owned());
        }
        build
            .run(&to.dir, &variables(to), past.remaining((self.clock)()))
            .map_err(failed("the build failed"))?;
        self.releases.set_built(&to.commit).map_err(failed("cannot write down"))?;
        Ok("built".to_owned())
    }

    /// Writes down by which digest each image runs, now and whenever this release is gone back to.
    fn pin(&mut self, to: &Release) -> Result<String, StepError> {
        let known = self.releases.pins(&to.commit).map_err(failed("images"))?;
        let mut pins = BTreeMap::new();
        for launch in to.services.values().filter(|launch| launch.container.is_some()) {
            let pinned = known.get(&launch.name);
            let found =
                self.services.pin(&with_image(launch, pinned)).map_err(failed("no image"))?;
            let image = pinned.cloned().or(found);
            pins.extend(image.map(|image| (launch.name.clone(), image)));
        }
        self.releases.set_pins(&to.commit, &pins).map_err(failed("cannot write down"))?;
        Ok(pins.into_values().collect::<Vec<_>>().join(", "))
    }

    /// A service with its image as it was pinned.
    fn pinned(&self, launch: &Launch) -> Result<Launch, StepError> {
        if launch.container.is_none() {
            return Ok(launch.clone());
        }
        let mut both = self.subject.from.iter().chain([&self.subject.to]);
        let release = both.find(|release| release.id == launch.release);
        let none = || StepError::new(format!("no image of `{}` was pinned", launch.name));
        let pins =
            self.releases.pins(&release.ok_or_else(none)?.commit).map_err(failed("images"))?;
        Ok(with_image(launch, Some(pins.get(&launch.name).ok_or_else(none)?)))
    }

    fn tables(&mut self, of: &Release, which: Tables, past: &Past) -> Result<String, StepError> {
        let Some(migrate) = &self.subject.settings.migrate else { return Ok(String::new()) };
        let (program, what) = match which {
            Tables::Apply => (&migrate.apply, "cannot change the tables"),
            Tables::Undo => (&migrate.undo, "cannot change the tables back"),
        };
        let left = past.remaining((self.clock)()).filter(|left| !left.is_zero());
        program.run(&of.dir, &variables(of), left).map_err(failed(what))
    }

    /// Starts a service, and waits until it is well.
    fn start(
        &mut self,
        launch: &Launch,
        ticket: Option<&str>,
        past: &Past,
    ) -> Result<String, StepError> {
        let launch = &self.pinned(launch)?;
        self.services.start(launch, ticket).map_err(failed("not started"))?;
        let began = (self.clock)();
        let mut max = Duration::from_secs(u64::from(launch.ready_secs));
        if let Some(left) = past.remaining(began).filter(|left| !left.is_zero()) {
            max = max.min(left);
        }
        loop {
            let is_running = self.services.is_running(launch).map_err(failed("not known"))?;
            let is_over = (self.clock)().duration_since(began).unwrap_or_default() >= max;
            let why = match (is_running, self.well(launch, ticket)) {
                (true, Ok(seen)) => return Ok(format!("{}: {seen}", launch.name)),
                (true, Err(why)) => why,
                (false, _) => "it has ended".to_owned(),
            };
            if is_over || !is_running {
                let words = self.services.last_words(launch);
                return Err(StepError::new(format!(
                    "`{}` is not well: {why}; it said: {words}",
                    launch.name
                )));
            }
            (self.pause)(LOOK);
        }
    }

    /// Whether a service is well; one that is started for a ticket has taken its lease.
    fn well(&mut self, launch: &Launch, ticket: Option<&str>) -> Result<String, String> {
        let mut seen = health::check(launch).map_err(|error| error.to_string())?;
        if let Some(said) = self.services.health(launch).map_err(|error| chain(&error))? {
            seen = format!("{seen}, {said}");
        }
        let (Some(ticket), Some(lease)) = (ticket, &launch.lease) else { return Ok(seen) };
        let state = self.leases.state(lease).map_err(|error| chain(&error))?;
        let is_held = state.is_alive && state.fenced_by.is_none();
        if is_held && state.reserved_for.as_deref() == Some(ticket) {
            return Ok(format!("{seen}, holds generation {}", state.generation));
        }
        Err(format!("it has not taken the lease {lease}"))
    }

    fn stop(&mut self, launch: &Launch) -> Result<String, StepError> {
        let how = self.services.stop(launch).map_err(failed("not stopped"))?;
        Ok(format!("{} {how}", launch.name))
    }

    fn stop_all(&mut self, of: Option<&Release>, kind: Kind) -> Result<String, StepError> {
        let launches: Vec<Launch> = of.iter().flat_map(|of| of.of(kind)).cloned().collect();
        let mut said = Vec::new();
        for launch in &launches {
            said.push(self.stop(launch)?);
        }
        Ok(said.join(", "))
    }

    fn watch(&mut self, past: &Past) -> Result<String, StepError> {
        let span = Duration::from_secs(u64::from(self.subject.settings.watch_secs));
        let began = (self.clock)();
        let services = self.subject.to.services.values();
        let launches = services.map(|own| self.pinned(own)).collect::<Result<Vec<_>, _>>()?;
        loop {
            for launch in &launches {
                let is_running = self.services.is_running(launch).map_err(failed("not known"))?;
                if !is_running {
                    let words = self.services.last_words(launch);
                    let why = format!("`{}` has ended; it said: {words}", launch.name);
                    return Err(StepError::new(why));
                }
                health::check(launch).map_err(failed(launch.name.as_str()))?;
                self.services.health(launch).map_err(failed(launch.name.as_str()))?;
            }
            let now = (self.clock)();
            if past.remaining(now).is_some_and(|left| left.is_zero()) {
                return Err(StepError::new("the deadline passed while everything was watched"));
            }
            if now.duration_since(began).unwrap_or_default() >= span {
                break;
            }
            (self.pause)(LOOK);
        }
        let held = read(self.accounts)?;
        Ok(format!("{} services well for {} s; {}", launches.len(), span.as_secs(), held.text()))
    }

    fn smoke(&mut self, name: &str, past: &Past) -> Result<String, StepError> {
        let to = &self.subject.to;
        let none = || StepError::new(format!("no smoke test is called `{name}`"));
        let program = self.subject.settings.smoke.get(name).ok_or_else(none)?;
        let left = past.remaining((self.clock)());
        program.run(&to.dir, &variables(to), left).map_err(failed("the smoke test failed"))
    }
}

/// What a program of a release sees: its directory, and the port of each service.
fn variables(release: &Release) -> Vec<(String, String)> {
    let mut variables =
        vec![("PLIMSOLL_RELEASE".to_owned(), release.dir.to_string_lossy().into_owned())];
    for launch in release.services.values() {
        if let Some(port) = launch.port {
            let key = launch.name.to_uppercase().replace('-', "_");
            variables.push((format!("PLIMSOLL_PORT_{key}"), port.to_string()));
        }
    }
    variables
}
