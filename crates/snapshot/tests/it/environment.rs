//! Variables of the environment, and images of containers.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use plimsoll_snapshot::capture::{Environment, Images};
use plimsoll_snapshot::{Capture, CreateOptions, Manifest, Outcome, Part, create};

use crate::home::{Home, now, packed};

fn captured(home: &Home, capture: impl Capture + 'static) -> Manifest {
    let mut parts = [Part::required("part", capture)];
    create(&home.store(), &mut parts, &CreateOptions::new(now(), "test 1")).unwrap()
}

fn variables() -> Vec<(OsString, OsString)> {
    [
        ("PLIMSOLL_LIMIT", "10"),
        ("PLIMSOLL_API_SECRET", "hunter2-hunter2"),
        ("DSN", "postgres://bot:s3cret-pw@db/trades"),
        ("OTHER", "left out"),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .to_vec()
}

#[test]
fn plain_values_are_kept_and_secret_ones_only_by_name() {
    let home = Home::new();
    let manifest = captured(&home, Environment::new(variables(), ["PLIMSOLL_*", "DSN"]));
    assert!(manifest.is_good(), "{:?}", manifest.parts);
    assert_eq!(manifest.parts[0].entries, 3);
    let stored = packed(&home);
    assert!(stored.contains("env:PLIMSOLL_API_SECRET") && stored.contains("env:DSN"), "{stored}");
    for secret in ["hunter2", "s3cret"] {
        assert!(!stored.contains(secret));
    }
    assert!(!stored.contains("left out"));
    let manifest = captured(&home, Environment::new(variables(), ["NOTHING_*"]));
    assert!(matches!(manifest.parts[0].outcome, Outcome::Skipped { .. }), "{manifest:?}");
}

/// A client of an engine that answers with what a real one answered, byte for byte.
fn docker(home: &Home, script: &str) -> std::path::PathBuf {
    let path = home.dir().join("docker");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

const ANSWERS: &str = r#"
case "$1 $6" in
"container node") echo '{"Id":"f00","Image":"sha256:aaa1","State":{"Running":true}}' ;;
"image sha256:aaa1") echo '{"Id":"sha256:aaa1","RepoTags":["desk/node:2"],"RepoDigests":["127.0.0.1:5000/desk/node@sha256:bbb2"],"Architecture":"amd64","Os":"linux","Size":1}' ;;
"image local") echo '{"Id":"sha256:ccc3","RepoTags":["local:latest"],"RepoDigests":[],"Architecture":"amd64","Os":"linux"}' ;;
"image gone") echo 'Error response from daemon: No such image: gone' >&2; exit 1 ;;
*) echo "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?" >&2; exit 1 ;;
esac"#;

#[test]
fn images_are_kept_by_id_and_digest_and_one_without_a_registry_is_noted() {
    let home = Home::new();
    let program = docker(&home, ANSWERS);
    let images =
        Images::new().with_program(&program).with_containers(["node"]).with_images(["local"]);
    let manifest = captured(&home, images);
    assert!(manifest.is_good(), "{:?}", manifest.parts);
    assert_eq!(
        manifest.parts[0].notes,
        ["`local:latest` is in no registry: only this machine has it"]
    );
    let stored = packed(&home);
    for wanted in ["sha256:aaa1", "desk/node@sha256:bbb2", "linux/amd64", "\"node\""] {
        assert!(stored.contains(wanted), "{wanted} is not in {stored}");
    }
}

#[test]
fn what_is_wrong_with_the_engine_fails_the_part_and_is_named() {
    let home = Home::new();
    let program = docker(&home, ANSWERS);
    let check = |images: Images, wanted: &str| {
        let manifest = captured(&home, images);
        let Outcome::Failed { why } = &manifest.parts[0].outcome else { panic!("{manifest:?}") };
        assert!(why.contains(wanted), "{why}");
    };
    let with = |program: &std::path::Path| Images::new().with_program(program);
    check(with(&program).with_images(["gone"]), "No such image: gone");
    check(with(&program).with_containers(["x"]), "Is the docker daemon running?");
    check(with("/nonexistent/docker".as_ref()).with_images(["a"]), "cannot find the program");
    let garbage = docker(&home, "echo '<html>'");
    check(with(&garbage).with_images(["a"]), "cannot inspect the image `a`");
}
