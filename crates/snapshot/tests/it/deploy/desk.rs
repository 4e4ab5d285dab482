//! A throw-away repository with two versions, a web service, a strategy and a venue of files.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use plimsoll_snapshot::Watch;
use plimsoll_snapshot::capture::Positions;
use plimsoll_snapshot::deploy::{
    Downtime, DowntimeError, Environment, Executor, Health, Kind, Migrate, Processes, Protect,
    Release, Releases, Request, RunServices as _, Service, Subject, plan,
};
use plimsoll_snapshot::plan::{
    Event, OnFailure, PlanError, PlanState, PlanSummary, Plans, RunOptions, StepError,
};
use plimsoll_snapshot::trading::{Claim, HaltFile, LeaseName, Leases, Program};
use plimsoll_snapshot::venue::{Holdings, HoldingsError, Position, ReadHoldings};

/// Set in a process that is a node.
pub(super) const NODE: &str = "PLIMSOLL_DEPLOY_NODE";
const WAIT_MAX: Duration = Duration::from_secs(30);

/// A strategy: takes its lease and sends orders for as long as it holds, into a file.
pub(super) fn node(words: &str) {
    let (dir, version) = words.split_once('|').unwrap();
    let dir = Path::new(dir);
    if dir.join("fault-strategy").exists() && version == "v2" {
        std::process::exit(1);
    }
    // Before it is seen to run: the account is looked at right after.
    if dir.join("fault-position").exists() && version == "v2" {
        fs::write(dir.join("position"), "2").unwrap();
    }
    let ticket = std::env::var("PLIMSOLL_LEASE_TICKET").ok().filter(|text| !text.is_empty());
    let claim = Claim::new(version).with_ticket(ticket);
    let lease = Leases::new(dir.join("trading")).acquire(&lease(), &claim, now()).unwrap();
    let mut orders =
        fs::OpenOptions::new().append(true).create(true).open(dir.join("orders")).unwrap();
    loop {
        drop(lease.order(|generation| writeln!(orders, "{version} {generation}").unwrap()));
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn lease() -> LeaseName {
    "trend@paper".parse().unwrap()
}

fn now() -> SystemTime {
    SystemTime::now()
}

struct Venue(PathBuf);

impl ReadHoldings for Venue {
    fn name(&self) -> String {
        "venue of files".to_owned()
    }

    fn holdings(&mut self) -> Result<Holdings, HoldingsError> {
        let text = fs::read_to_string(self.0.join("position"))
            .map_err(|error| HoldingsError::new("no position").with_source(error))?;
        let mut holdings = Holdings::default();
        holdings.positions.push(Position::new("paper", "BTC", text.trim().parse().unwrap()));
        Ok(holdings)
    }
}

struct Noted<'a>(&'a Path);

impl Protect for Noted<'_> {
    fn protect(&mut self, tag: &str) -> Result<String, StepError> {
        fs::write(self.0.join("protected"), tag).unwrap();
        Ok(tag.to_owned())
    }

    fn keep_rows(&mut self, tag: &str, since: Option<SystemTime>) -> Result<String, StepError> {
        let tables = fs::read_to_string(self.0.join("tables")).unwrap();
        fs::write(self.0.join("rows"), format!("{tag} {} {tables}", since.is_some())).unwrap();
        Ok(tag.to_owned())
    }
}

/// Keeps what is announced in a file.
struct Heard<'a>(&'a Path);

impl Downtime for Heard<'_> {
    fn announce(&mut self, reason: &str, time_max: Duration) -> Result<String, DowntimeError> {
        assert!(!time_max.is_zero() && time_max <= Duration::from_secs(400));
        fs::write(self.0.join("downtime"), reason).unwrap();
        Ok(reason.to_owned())
    }

    fn end(&mut self, reason: &str) -> Result<String, DowntimeError> {
        let path = self.0.join("downtime");
        if fs::read_to_string(&path).is_ok_and(|announced| announced == reason) {
            fs::remove_file(path).unwrap();
        }
        Ok(String::new())
    }
}

pub(super) struct Desk {
    dir: PathBuf,
    _own: Option<tempfile::TempDir>,
}

impl Desk {
    pub(super) fn new() -> Self {
        let own = tempfile::tempdir().unwrap();
        let desk = Self { dir: own.path().to_owned(), _own: Some(own) };
        let repository = desk.dir.join("repository");
        fs::create_dir(&repository).unwrap();
        fs::write(desk.dir.join("position"), "1").unwrap();
        let git = |words: &[&str]| {
            let names = ["-c", "user.name=t", "-c", "user.email=t@t.invalid"];
            let mut git = Command::new("git");
            let status = git.args(names).args(words).current_dir(&repository).status().unwrap();
            assert!(status.success(), "{words:?}");
        };
        git(&["init", "-q", "-b", "main"]);
        for version in ["v1", "v2"] {
            fs::write(repository.join("version"), version).unwrap();
            git(&["add", "."]);
            git(&["commit", "-qm", version]);
            git(&["tag", version]);
        }
        desk
    }

    /// The desk of another process.
    pub(super) fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), _own: None }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn plans_dir(&self) -> PathBuf {
        self.dir.join("deploy/plans")
    }

    pub(super) fn trading_dir(&self) -> PathBuf {
        self.dir.join("trading")
    }

    pub(super) fn releases(&self) -> Releases {
        Releases::new(self.dir.join("deploy"), self.dir.join("repository"))
    }

    fn fault(&self, name: &str) -> PathBuf {
        self.dir.join(format!("fault-{name}"))
    }

    pub(super) fn plant(&self, fault: &str) {
        match fault {
            "dirty" => fs::write(self.dir.join("repository/version"), "mine").unwrap(),
            "blind" => fs::rename(self.dir.join("position"), self.fault("blind")).unwrap(),
            _ => fs::write(self.fault(fault), "").unwrap(),
        }
    }

    pub(super) fn heal(&self) {
        if self.fault("blind").exists() {
            fs::rename(self.fault("blind"), self.dir.join("position")).unwrap();
        }
        fs::write(self.dir.join("position"), "1").unwrap();
        let checkout = ["checkout", "-q", "--", "."];
        let mut git = Command::new("git");
        git.args(checkout).current_dir(self.dir.join("repository")).status().unwrap();
        for entry in fs::read_dir(&self.dir).unwrap().flatten() {
            if entry.file_name().to_string_lossy().starts_with("fault-") {
                fs::remove_file(entry.path()).unwrap();
            }
        }
    }

    fn settings(&self) -> Environment {
        let at = self.dir.display();
        let sh = |text: String| Program::new(["sh", "-c", &text]);
        // Each does something else in version 2 once its fault is planted.
        let bad =
            |fault: &str| format!("{{ [ ! -e {at}/fault-{fault} ] || [ $(cat version) != v2 ]; }}");
        let mut settings = Environment::default();
        settings.free_disk_min_mb = 1;
        settings.watch_secs = u32::from(self.fault("watch").exists());
        settings.build = Some(sh(bad("build")));
        let mut migrate = Migrate::default();
        migrate.apply = sh(format!("cp version {at}/tables; {}", bad("migrate")));
        migrate.undo = sh(format!("echo v1 > {at}/tables"));
        settings.migrate = Some(migrate);
        let mut web = Service::default();
        web.run = ["sh", "-c", "echo $PLIMSOLL_PORT; exec sleep 1000"].map(str::to_owned).to_vec();
        web.ports = vec![40001, 40002];
        web.ready_secs = 1;
        web.health = Health::default();
        web.health.run = Some(sh(format!("{} && {}", bad("health"), self.bad_later("watch"))));
        let mut trend = Service::default();
        trend.kind = Kind::Strategy;
        trend.lease = Some(lease().to_string());
        let test = "deploy::a_new_version_takes_over_and_a_rollback_brings_the_old_one_back";
        let exe = std::env::current_exe().unwrap();
        let run = format!("{NODE}=\"{at}|$(cat version)\" exec {} {test} --exact", exe.display());
        trend.run = vec!["sh".to_owned(), "-c".to_owned(), run];
        trend.ready_secs = 20;
        let mut store = Service::default();
        store.kind = Kind::Single;
        // It holds what two of it would fight for.
        let run = format!("exec flock --nonblock {at}/store sleep 1000");
        store.run = ["sh", "-c", &run].map(str::to_owned).to_vec();
        store.ports = vec![40003];
        store.stop_secs = 5;
        settings.services = [("web", web), ("store", store), ("trend", trend)]
            .map(|(n, s)| (n.to_owned(), s))
            .into();
        settings.smoke = BTreeMap::from([("orders".to_owned(), sh(bad("smoke")))]);
        settings
    }

    /// Bad only once the strategies are armed.
    fn bad_later(&self, fault: &str) -> String {
        let at = self.dir.display();
        format!(
            "{{ [ ! -e {at}/fault-{fault} ] || [ $(cat version) != v2 ] || \
             ! grep -q '^v2 ' {at}/orders; }}"
        )
    }

    fn subject(&self, tag: &str, request: Request) -> Subject {
        let releases = self.releases();
        let (commit, current) = (releases.commit(tag).unwrap(), releases.current().unwrap());
        let settings = self.settings();
        let dir = releases.dir_of(&commit);
        let to = Release::new(&commit, dir, &settings.services, current.as_ref())
            .with_tag(Some(tag.to_owned()));
        Subject::new(request, "staging", &settings, to, current)
    }

    pub(super) fn deploy(&self, tag: &str) -> Result<PlanSummary, PlanError> {
        self.go(tag, Request::Deploy)
    }

    pub(super) fn go(&self, tag: &str, request: Request) -> Result<PlanSummary, PlanError> {
        self.go_on(tag, request, None)
    }

    /// The same, and `watch` sees every change of journal, releases, leases and processes.
    pub(super) fn go_watched(
        &self,
        tag: &str,
        request: Request,
        watch: Arc<dyn Watch>,
    ) -> Result<PlanSummary, PlanError> {
        self.go_on(tag, request, Some(watch))
    }

    fn go_on(
        &self,
        tag: &str,
        request: Request,
        watch: Option<Arc<dyn Watch>>,
    ) -> Result<PlanSummary, PlanError> {
        let plans = match &watch {
            Some(watch) => Plans::open_watched(self.plans_dir(), "test", watch.clone())?,
            None => Plans::open(self.plans_dir(), "test").unwrap(),
        };
        self.run(&self.subject(tag, request), watch, |executor, options| {
            plans.begin(&plan(executor.subject).unwrap(), executor, options)
        })
    }

    /// Continues or takes back what was cut short.
    pub(super) fn settle(&self, is_undo: bool) {
        let plans = Plans::open(self.plans_dir(), "test").unwrap();
        let Some(open) = plans.unfinished().unwrap() else { return };
        let subject: Subject = serde_json::from_str(&open.subject).unwrap();
        let is_undo = is_undo || open.state == PlanState::HalfUndone;
        let settled = self.run(&subject, None, |executor, options| {
            if is_undo {
                plans.undo(&open.id, "test", executor, options)
            } else {
                plans.resume(&open.id, executor, options)
            }
        });
        settled.unwrap();
    }

    fn processes(&self) -> Processes {
        Processes::new(self.dir.join("deploy/run"), std::env::vars())
    }

    fn run(
        &self,
        subject: &Subject,
        watch: Option<Arc<dyn Watch>>,
        act: impl FnOnce(&mut Executor<'_>, &mut RunOptions<'_>) -> Result<PlanSummary, PlanError>,
    ) -> Result<PlanSummary, PlanError> {
        let trading = self.trading_dir();
        let (mut releases, mut leases) = (self.releases(), Leases::new(&trading));
        let mut services = self.processes();
        if let Some(watch) = watch {
            releases = releases.watched(watch.clone());
            leases = leases.watched(watch.clone());
            services = services.watched(watch);
        }
        let mut accounts = vec![("paper".to_owned(), Positions::new(Venue(self.dir.clone())))];
        let mut executor = Executor {
            subject,
            releases: &releases,
            services: &mut services,
            protect: &mut Noted(&self.dir),
            accounts: &mut accounts,
            leases: &leases,
            halt: &HaltFile::new(&trading),
            downtime: &mut Heard(&self.dir),
            cancel: None,
            pause: &|span| std::thread::sleep(span.min(Duration::from_millis(5))),
            clock: &now,
        };
        let mut options = RunOptions {
            clock: &now,
            on_failure: OnFailure::Undo,
            stop: &|| false,
            observe: &mut |_: &Event<'_>| {},
        };
        act(&mut executor, &mut options)
    }

    pub(super) fn tables(&self) -> String {
        fs::read_to_string(self.dir.join("tables")).unwrap().trim().to_owned()
    }

    /// The version that runs, and the other one.
    pub(super) fn versions(&self) -> (&'static str, &'static str) {
        let current = self.releases().current().unwrap().unwrap();
        if current.tag.as_deref() == Some("v1") { ("v1", "v2") } else { ("v2", "v1") }
    }

    /// Whether nobody may send orders.
    pub(super) fn is_unarmed(&self) -> bool {
        !Leases::new(self.trading_dir()).state(&lease()).unwrap().is_active()
    }

    /// Everything that a deploy changes.
    pub(super) fn state(&self) -> (Release, String, String, String) {
        let read = |path: &str| fs::read_to_string(self.dir.join(path)).unwrap();
        let current = self.releases().current().unwrap().unwrap();
        (current, self.tables(), read("deploy/endpoints/web"), read("position"))
    }

    /// One strategy runs, that of this version; it sends orders, and nobody else ever did so
    /// after it began.
    #[track_caller]
    pub(super) fn assert_trades(&self, version: &str) {
        let current = self.releases().current().unwrap().unwrap();
        assert_eq!(current.tag.as_deref(), Some(version));
        let state = Leases::new(self.trading_dir()).state(&lease()).unwrap();
        assert!(state.is_active(), "{state:?}");
        let wanted = format!("{version} {}", state.generation);
        let began = Instant::now();
        let orders = || fs::read_to_string(self.dir.join("orders")).unwrap_or_default();
        while !orders().lines().any(|line| line == wanted) {
            assert!(began.elapsed() < WAIT_MAX, "{wanted} sends no order");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(!self.dir.join("downtime").exists(), "the downtime is over");
        let text = orders();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let generations: Vec<u64> =
            whole.lines().map(|line| line.split_once(' ').unwrap().1.parse().unwrap()).collect();
        assert!(generations.is_sorted(), "an order of an older generation came later");
        let mut processes = self.processes();
        for launch in current.services.values() {
            assert!(processes.is_running(launch).unwrap(), "{}", launch.name);
            let port = launch.port.map_or_else(String::new, |port| format!("{port}\n"));
            let endpoint = fs::read_to_string(self.dir.join("deploy/endpoints").join(&launch.name));
            assert!(launch.port.is_none() || endpoint.unwrap() == port);
        }
        // Nothing else of ours runs: each instance holds a lock of its own.
        for entry in fs::read_dir(self.dir.join("deploy/run")).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            let Some(instance) = name.strip_suffix(".lock") else { continue };
            let is_ours = current.services.values().any(|launch| launch.instance() == instance);
            let lock = fs::File::open(entry.path()).unwrap();
            assert!(is_ours || lock.try_lock().is_ok(), "{instance} still runs");
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if self._own.is_none() {
            return;
        }
        for deployed in plimsoll_snapshot::deploy::history(&self.plans_dir()).unwrap_or_default() {
            let both = [Some(deployed.subject.to), deployed.subject.from];
            for release in both.into_iter().flatten() {
                for launch in release.services.values() {
                    drop(self.processes().stop(launch));
                }
            }
        }
    }
}
