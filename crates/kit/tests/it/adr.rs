use plimsoll_kit::{Adr, AdrStatus, accept_adr, adr_index, check_adrs, new_adr};

use crate::at;

const DAY: u64 = 86_400;

fn messages(files: &[(String, String)], index: Option<&str>, seconds: u64) -> Vec<String> {
    check_adrs(files, index, at(seconds)).into_iter().map(|problem| problem.message).collect()
}

#[test]
fn a_new_record_is_proposed_and_accepted_by_somebody_once() {
    let (name, text) = new_adr(&[], "Keep rows in SQLite, and why", at(0));
    assert_eq!(name, "0001-keep-rows-in-sqlite-and-why.md");
    let proposed = Adr::parse(&name, &text).unwrap();
    assert_eq!((proposed.status, proposed.date.as_str()), (AdrStatus::Proposed, "2026-11-24"));

    let accepted = accept_adr(&name, &text, "A. Mate", at(DAY)).unwrap();
    assert_eq!(
        Adr::parse(&name, &accepted).unwrap().status,
        AdrStatus::Accepted { by: Some("A. Mate".to_owned()) }
    );
    assert!(accepted.contains("Accepted on 2026-11-25 by A. Mate."));
    assert_eq!(accepted.lines().count(), text.lines().count());
    let again = accept_adr(&name, &accepted, "A. Mate", at(DAY)).unwrap_err();
    assert!(again.to_string().contains("is accepted, only a proposed"), "{again}");

    let (next, _) = new_adr(&[Adr::parse(&name, &accepted).unwrap()], "Next", at(0));
    assert_eq!(next, "0002-next.md");
}

#[test]
fn a_proposal_that_nobody_decides_fails_the_check_after_thirty_days() {
    let (name, text) = new_adr(&[], "Undecided", at(0));
    let index = adr_index("", &[Adr::parse(&name, &text).unwrap()]);
    let files = [(name, text)];
    assert!(messages(&files, Some(&index), 30 * DAY).is_empty());
    let late = messages(&files, Some(&index), 31 * DAY);
    assert_eq!(late, ["proposed for 31 days, more than 30: accept it, or write down why not"]);
}

#[test]
fn the_check_names_what_is_wrong_with_each_record_and_with_the_index() {
    let record = |number: &str, status: &str| {
        let text = format!(
            "# {number}. A\n\nDate: 2026-11-24\n\n## Status\n\n{status}\n\n## Context\n\n## Decision\n\n## Consequences\n"
        );
        (format!("{number}-a.md"), text)
    };
    let twice =
        [record("0001", "Accepted."), ("0001-b.md".to_owned(), record("0001", "Accepted.").1)];
    for (files, wanted) in [
        (
            vec![("1-a.md".to_owned(), record("0001", "Accepted.").1)],
            "the name does not begin with four digits",
        ),
        (vec![record("0001", "Perhaps.")], "the status is `Perhaps.`"),
        (
            vec![record("0001", "Superseded by 0009.")],
            "superseded by 0009, and there is no such record",
        ),
        (twice.to_vec(), "number 0001 is taken by `0001-a.md`"),
        (vec![record("0001", "Accepted.")], "the index does not list the records as they are"),
    ] {
        let found = messages(&files, None, 0);
        assert!(found.iter().any(|message| message.starts_with(wanted)), "{wanted}: {found:?}");
    }
}

#[test]
fn the_index_keeps_what_people_wrote_around_its_table() {
    let (name, text) = new_adr(&[], "One | two", at(0));
    let adr = Adr::parse(&name, &text).unwrap();
    let first = adr_index("# Decisions\n\nRead me.\n", std::slice::from_ref(&adr));
    assert!(
        first.contains("| [0001](0001-one-two.md) | One \\| two | proposed | 2026-11-24 |"),
        "{first}"
    );
    let edited = first.replace("Read me.", "Read me first.") + "\nBelow.\n";
    let second = adr_index(&edited, &[]);
    assert!(second.contains("Read me first.") && second.ends_with("Below.\n"), "{second}");
    assert!(!second.contains("0001-one-two.md"));
}
