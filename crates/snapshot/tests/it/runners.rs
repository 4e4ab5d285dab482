//! Services as containers and as units of systemd, by stand-ins of `docker` and `systemctl`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use plimsoll_snapshot::deploy::{
    Container, Containers, Kind, Launch, Release, RunServices, Service, Unit, Units,
};

/// Answers from files as a real engine did; writes down what it was asked.
const DOCKER: &str = r#"#!/bin/sh
dir=$(dirname "$0")
printf '%s\n' "$*" >> "$dir/asked"
printf '%s\n' "$TOKEN" >> "$dir/saw"
[ -e "$dir/down" ] && { echo 'Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?' >&2; exit 1; }
case "$1 $2" in
"container inspect")
  [ -e "$dir/container" ] || { echo 'Error response from daemon: No such container: x' >&2; exit 1; }
  printf '{"State":{"Running":%s,"ExitCode":%s,"Health":{"Status":"%s"}},"Config":{"Image":"%s"}}\n' \
    "$(cat "$dir/running")" "$(cat "$dir/exit")" "$(cat "$dir/health")" "$(cat "$dir/image")" ;;
"image inspect")
  [ -e "$dir/pulled" ] || { echo 'Error response from daemon: No such image: x' >&2; exit 1; }
  echo '{"Id":"sha256:aaa1","RepoDigests":["other/web@sha256:ccc3","127.0.0.1:5000/desk/web@sha256:bbb2"]}' ;;
"pull --quiet") touch "$dir/pulled" ;;
"run --detach")
  touch "$dir/container"; echo true > "$dir/running"; echo 0 > "$dir/exit"
  for word in "$@"; do case $word in *@sha256:*) echo "$word" > "$dir/image" ;; esac; done ;;
"stop -t") echo false > "$dir/running"; [ -e "$dir/deaf" ] && echo 137 > "$dir/exit"; true ;;
"rm --") rm "$dir/container" ;;
"logs --tail") echo 'listening'; echo 'oops' >&2 ;;
*) echo "unknown: $*" >&2; exit 125 ;;
esac
"#;

const SYSTEMCTL: &str = r#"#!/bin/sh
dir=$(dirname "$0")
printf '%s\n' "$*" >> "$dir/asked"
[ -e "$dir/down" ] && { echo 'Failed to connect to bus: No such file or directory' >&2; exit 1; }
case "$1 $2" in
"show --property=ActiveState") cat "$dir/state" ;;
"show --property=ActiveState,NRestarts") cat "$dir/state"; cat "$dir/restarts" ;;
"daemon-reload ") ;;
"reset-failed "*) exit 1 ;;
"enable --now") echo active > "$dir/state" ;;
"disable --now") echo inactive > "$dir/state" ;;
*) echo "unknown: $*" >&2; exit 1 ;;
esac
"#;

struct Stand {
    dir: tempfile::TempDir,
}

impl Stand {
    fn new(name: &str, script: &str) -> Self {
        let stand = Self { dir: tempfile::tempdir().unwrap() };
        fs::write(stand.at(name), script).unwrap();
        fs::set_permissions(stand.at(name), fs::Permissions::from_mode(0o755)).unwrap();
        stand
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn set(&self, name: &str, text: &str) {
        fs::write(self.at(name), format!("{text}\n")).unwrap();
    }

    fn asked(&self) -> String {
        fs::read_to_string(self.at("asked")).unwrap_or_default()
    }
}

fn launch(service: Service) -> Launch {
    let services = BTreeMap::from([("web".to_owned(), service)]);
    let release = Release::new("c0ffee00c0ffee00", PathBuf::from("/srv/r 1"), &services, None);
    release.services["web"].clone()
}

fn container(stand: &Stand) -> Launch {
    let mut own = Container::default();
    own.image = "127.0.0.1:5000/desk/web:{commit}".to_owned();
    own.program = stand.at("docker").display().to_string();
    let mut service = Service::default();
    service.container = Some(own);
    service.run = vec!["--port".to_owned(), "{port}".to_owned()];
    service.ports = vec![8001, 8002];
    service.env_allow = vec!["TOKEN".to_owned()];
    service.stop_secs = 3;
    launch(service)
}

#[test]
fn a_container_runs_by_the_digest_of_its_image_and_its_secret_is_on_no_command_line() {
    let stand = Stand::new("docker", DOCKER);
    let mut launch = container(&stand);
    let variables = [("TOKEN".to_owned(), "correct-horse".to_owned())];
    let mut containers = Containers::new("staging", variables);
    let pinned = containers.pin(&launch).unwrap().unwrap();
    assert_eq!(pinned, "127.0.0.1:5000/desk/web@sha256:bbb2", "pulled, and of its own repository");
    assert!(stand.asked().contains("pull --quiet 127.0.0.1:5000/desk/web:c0ffee00c0ffee00"));
    launch.container.as_mut().unwrap().image = pinned.clone();

    assert!(!containers.is_running(&launch).unwrap());
    stand.set("health", "starting");
    containers.start(&launch, Some("plan-7")).unwrap();
    let asked = stand.asked();
    let run = asked.lines().find(|line| line.starts_with("run ")).unwrap();
    for wanted in [
        "--name plimsoll-staging.web.c0ffee00c0ff",
        "--stop-timeout 3",
        "--env PLIMSOLL_PORT=8001",
        "--env TOKEN ",
        "--env PLIMSOLL_LEASE_TICKET=plan-7",
        "--network host 127.0.0.1:5000/desk/web@sha256:bbb2 --port 8001",
    ] {
        assert!(run.contains(wanted), "{wanted}: {run}");
    }
    assert!(!asked.contains("correct-horse"));
    assert!(fs::read_to_string(stand.at("saw")).unwrap().contains("correct-horse"));
    let error = containers.health(&launch).unwrap_err().to_string();
    assert!(error.contains("starting"), "{error}");
    stand.set("health", "healthy");
    assert!(containers.health(&launch).unwrap().unwrap().contains("sha256:bbb2"));
    containers.start(&launch, None).unwrap();
    assert_eq!(stand.asked().matches("run --detach").count(), 1, "it runs already");

    launch.container.as_mut().unwrap().image = "127.0.0.1:5000/desk/web@sha256:ddd4".to_owned();
    let error = containers.health(&launch).unwrap_err().to_string();
    assert!(error.contains("not `127.0.0.1:5000/desk/web@sha256:ddd4`"), "{error}");
}

#[test]
fn a_container_is_stopped_and_an_engine_that_is_silent_is_not_an_absent_container() {
    let stand = Stand::new("docker", DOCKER);
    let launch = container(&stand);
    let mut containers = Containers::new("staging", []);
    assert_eq!(containers.stop(&launch).unwrap(), "had ended");
    stand.set("health", "healthy");
    stand.set("image", "x");
    containers.start(&launch, None).unwrap();
    assert_eq!(containers.stop(&launch).unwrap(), "ended when asked");
    containers.start(&launch, None).unwrap();
    assert!(stand.asked().contains("rm -- plimsoll-staging.web."), "the ended one makes room");
    stand.set("deaf", "");
    assert_eq!(containers.stop(&launch).unwrap(), "was killed");
    assert_eq!(containers.last_words(&launch), "listening | oops");
    stand.set("down", "");
    for error in [
        containers.is_running(&launch).map(drop).unwrap_err(),
        containers.stop(&launch).map(drop).unwrap_err(),
        containers.start(&launch, None).unwrap_err(),
        containers.pin(&launch).map(drop).unwrap_err(),
    ] {
        assert!(error.to_string().contains("Is the docker daemon running?"), "{error}");
    }
}

fn unit(stand: &Stand, lease: Option<&str>) -> Launch {
    let mut own = Unit::default();
    own.dir = stand.dir.path().to_owned();
    own.program = stand.at("systemctl").display().to_string();
    own.environment_file = Some("/etc/desk/secrets".into());
    own.run_as = Some("desk".to_owned());
    let mut service = Service::default();
    service.systemd = Some(own);
    service.run = ["/usr/bin/web", "--say", "100 % \"sure\" $HOME"].map(str::to_owned).to_vec();
    service.ports = if lease.is_some() { Vec::new() } else { vec![8001, 8002] };
    service.lease = lease.map(str::to_owned);
    service.kind = if lease.is_some() { Kind::Strategy } else { Kind::Stateless };
    launch(service)
}

fn file_of(stand: &Stand) -> String {
    let path = stand.at("plimsoll-staging-web-c0ffee00c0ff.service");
    fs::read_to_string(Path::new(&path)).unwrap()
}

#[test]
fn a_unit_is_written_started_watched_and_disabled() {
    let stand = Stand::new("systemctl", SYSTEMCTL);
    let launch = unit(&stand, None);
    let mut units = Units::new("staging");
    stand.set("state", "inactive");
    stand.set("restarts", "0");
    units.start(&launch, None).unwrap();
    let text = file_of(&stand);
    for wanted in [
        "ExecStart=\"/usr/bin/web\" \"--say\" \"100 %% \\\"sure\\\" $$HOME\"\n",
        "WorkingDirectory=/srv/r 1\n",
        "Restart=on-failure\n",
        "Environment=\"PLIMSOLL_PORT=8001\"\n",
        "EnvironmentFile=/etc/desk/secrets\n",
        "User=desk\n",
        "TimeoutStopSec=30\n",
        "WantedBy=multi-user.target\n",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    let asked = stand.asked();
    let order: Vec<usize> =
        ["daemon-reload", "enable --now"].map(|word| asked.find(word).unwrap()).to_vec();
    assert!(order.is_sorted(), "{asked}");
    assert_eq!(units.health(&launch).unwrap().as_deref(), Some("active"));
    stand.set("restarts", "2");
    let error = units.health(&launch).unwrap_err().to_string();
    assert!(error.contains("restarts 2"), "{error}");
    stand.set("state", "activating");
    assert!(units.is_running(&launch).unwrap(), "what starts is not gone");
    assert_eq!(units.stop(&launch).unwrap(), "was stopped");
    assert!(stand.asked().contains("disable --now plimsoll-staging-web-c0ffee00c0ff.service"));
    assert_eq!(units.stop(&launch).unwrap(), "had ended");
    stand.set("down", "");
    let error = units.is_running(&launch).unwrap_err().to_string();
    assert!(error.contains("Failed to connect to bus"), "{error}");
}

#[test]
fn a_strategy_is_never_started_again_by_systemd() {
    let stand = Stand::new("systemctl", SYSTEMCTL);
    let launch = unit(&stand, Some("trend@paper"));
    stand.set("state", "inactive");
    Units::new("staging").start(&launch, Some("plan-7")).unwrap();
    let text = file_of(&stand);
    assert!(text.contains("Restart=no\n"), "{text}");
    assert!(text.contains("Environment=\"PLIMSOLL_LEASE_TICKET=plan-7\"\n"), "{text}");
}
