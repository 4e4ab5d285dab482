//! The state on disk.

use std::fs;

use plimsoll_ralph::Mode;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::client::{Client, goes_on, halts};

/// A state's text with the digest that belongs to it.
pub(crate) fn sealed(text: &str) -> String {
    let (opening, after) = text.split_at("{\"sha256\":\"".len());
    let rest = &after[64..];
    let digest = Sha256::digest(rest.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{opening}{hex}{rest}")
}

fn tripped_guard() -> Client {
    let client = Client::new(Mode::Guard);
    for _ in 0..5 {
        client.stop("idle");
    }
    assert!(halts(&client.stop("idle")));
    client
}

#[test]
fn a_cut_off_or_changed_state_is_recovered_from_the_generation_before() {
    let client = Client::new(Mode::Loop);
    client.prompt("RALPH START do it");
    client.work(1);
    assert!(goes_on(&client.stop("words")));
    let path = client.ralph().join("state.json");
    let text = fs::read(&path).unwrap();
    fs::write(&path, &text[..text.len() / 2]).unwrap();
    let answer = client.stop("words");
    assert!(goes_on(&answer), "{answer}");
    let told = answer["systemMessage"].as_str().unwrap();
    assert!(told.contains("set aside") && told.contains("the generation before it"), "{told}");
    let aside = fs::read_dir(client.ralph()).unwrap().flatten();
    let aside: Vec<_> =
        aside.filter(|e| e.file_name().to_string_lossy().contains("broken")).collect();
    assert_eq!(aside.len(), 1);
    assert_eq!(fs::read(aside[0].path()).unwrap(), &text[..text.len() / 2]);
    assert!(client.stop("words").get("systemMessage").is_none(), "told once");
}

#[test]
fn a_removed_state_does_not_close_a_breaker() {
    let client = tripped_guard();
    fs::remove_file(client.ralph().join("state.json")).unwrap();
    assert!(halts(&client.stop("idle")));
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let client = Client::new(Mode::Loop);
    client.prompt("RALPH START do it");
    let path = client.ralph().join("state.json");
    let newer =
        fs::read_to_string(&path).unwrap().replace("\"schema_version\":1", "\"schema_version\":2");
    fs::write(&path, sealed(&newer)).unwrap();
    assert_eq!(client.stop("words"), json!({}), "a loop lets the stop through");
    assert!(client.prompt("RALPH STATUS")["reason"].as_str().unwrap().contains("schema version 2"));
    assert_eq!(fs::read_to_string(&path).unwrap(), sealed(&newer));
}
