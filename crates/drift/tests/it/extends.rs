//! Services that extend one of another file.

use std::fs;
use std::path::Path;

use plimsoll_drift::{Around, Canon, Declared, FixOptions, Report, check_tree, plan, summarize};

use crate::canon::{config, declared, origin};

const BASE: &str = "\
services:
  questdb:
    image: questdb/questdb:9.2.3
    ports: [\"9000:9000\"]
    environment: { QUESTDB_ILP_PORT: 9009, GRAFANA_PORT: 3000 }
  grafana:
    image: grafana/grafana:12.3.1
    ports: [\"3000:3000\"]
";

fn check(files: &[(&str, &str)]) -> Report {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    report(folder.path())
}

fn report(root: &Path) -> Report {
    let mut declared = declared();
    declared.push(Declared::new("versions.questdb", "9.3.0", origin(50)).with_profile("staging"));
    let canon = Canon::new(&declared, config()).unwrap();
    let walked = check_tree(&canon, root);
    let mut around = Around::default();
    around.skipped = walked.skipped;
    summarize(&canon, walked.files, around)
}

fn found(report: &Report) -> Vec<String> {
    let of = |f: &plimsoll_drift::Finding| {
        format!("{} {}", f.place, f.found.as_deref().unwrap_or_default())
    };
    report.findings.iter().map(of).collect()
}

#[test]
fn what_a_staging_service_inherits_is_held_to_staging() {
    let with = |own: &str| {
        let staging = format!(
            "services:\n  questdb:\n    extends:\n      file: ../docker-compose.yml\n      service: questdb\n{own}"
        );
        check(&[("docker-compose.yml", BASE), ("deploy/docker-compose.staging.yml", &staging)])
    };
    // The port outside and the image; Grafana's service is none of it, and inside its container a port stays.
    let at = "deploy/docker-compose.staging.yml:5:16";
    let report = with("");
    assert_eq!(found(&report), [format!("{at} 9000"), format!("{at} 9.2.3")]);
    let port = &report.findings[0].message;
    assert!(port.ends_with("inherited from docker-compose.yml:4:14"), "{port}");
    assert!(plan(&report, &FixOptions::default()).files.is_empty(), "the other file is right");
    // An image of its own takes the place of the other; ports are added to those of the other.
    let report = with("    image: questdb/questdb:9.3.0\n    ports: [\"9001:9000\"]\n");
    assert_eq!(found(&report), [format!("{at} 9000")]);
}

#[test]
fn the_name_of_a_service_says_the_environment_too_and_the_same_one_inherits_nothing_new() {
    let one = |name: &str| {
        format!(
            "services:\n  {name}:\n    extends: {{ file: docker-compose.yml, service: grafana }}\n"
        )
    };
    let with =
        |name: &str| check(&[("docker-compose.yml", BASE), ("compose.override.yml", &one(name))]);
    assert_eq!(found(&with("grafana-staging")), ["compose.override.yml:3:51 3000"]);
    assert_eq!(found(&with("dashboards")), [""; 0]);
    let alone =
        check(&[("compose.override.yml", &one("grafana-staging")), (".env", "REDIS_PORT=6379\n")]);
    assert_eq!(found(&alone), [""; 0]);
    assert!(
        alone.skipped[0].reason.contains("extends `docker-compose.yml`"),
        "{:?}",
        alone.skipped
    );
}
