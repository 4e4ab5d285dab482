use plimsoll_kit::{AlertTimes, Incident, Priority, close_incident, incident_field, incident_log};

use crate::at;

fn opened() -> Incident {
    Incident::new(&[], "Drawdown of ema-001 passed 10 %", Priority::P1, at(60))
        .with_alert("alert-7")
}

#[test]
fn an_incident_is_numbered_in_its_year_and_reads_back_as_written() {
    let first = opened();
    assert_eq!(
        (first.id.as_str(), first.name.as_str()),
        ("INC-2026-001", "INC-2026-001-drawdown-of-ema-001-passed-10.md")
    );
    assert_eq!(Incident::parse(&first.name, &first.document()).unwrap(), first);
    let second = Incident::new(&[first], "Next", Priority::P3, at(0));
    assert_eq!(second.id, "INC-2026-002");
    let next_year = Incident::new(&[second], "Next", Priority::P3, at(40 * 86_400));
    assert_eq!(next_year.id, "INC-2027-001");
}

#[test]
fn closing_fills_in_the_times_of_the_alert_history_and_keeps_what_people_wrote() {
    let incident = opened();
    let text = incident
        .document()
        .replace("What happened, in two sentences", "The venue went away, in two sentences");
    let times = AlertTimes::new(Some(at(0)), Some(at(2)), Some(at(92)), Some(at(8_000)));
    let closed = close_incident(&incident.name, &text, &times, at(9_000)).unwrap();
    let field = |key| incident_field(&closed, key).unwrap();
    assert_eq!(
        [
            field("Status"),
            field("Time to detect"),
            field("Time to respond"),
            field("Time to resolve")
        ],
        ["closed", "2 s", "1 min 30 s", "2 h 13 min"]
    );
    assert_eq!(field("Closed"), "2026-11-24 11:00:00 UTC");
    assert!(closed.contains("The venue went away"));
    let again = close_incident(&incident.name, &closed, &times, at(9_001)).unwrap_err();
    assert_eq!(again.to_string(), "INC-2026-001 was closed on 2026-11-24 11:00:00 UTC");
}

#[test]
fn a_time_that_nobody_knows_is_not_known() {
    let incident = opened();
    let times = AlertTimes::new(Some(at(0)), None, Some(at(92)), None);
    let closed = close_incident(&incident.name, &incident.document(), &times, at(100)).unwrap();
    for key in ["First delivered", "Time to detect", "Time to respond", "Time to resolve"] {
        assert_eq!(incident_field(&closed, key), Some("not known"), "{key}");
    }
}

#[test]
fn the_log_lists_the_newest_first() {
    let first = opened();
    let second = Incident::new(std::slice::from_ref(&first), "Feed | late", Priority::P3, at(0));
    let log = incident_log(&[(first, Some("2 h 13 min".to_owned())), (second, None)]);
    let rows: Vec<_> = log.lines().filter(|line| line.starts_with("| [")).collect();
    assert!(
        rows[0].starts_with("| [INC-2026-002](INC-2026-002-feed-late.md) | Feed \\| late | P3 |"),
        "{log}"
    );
    assert!(
        rows[0].ends_with("| open | not known |") && rows[1].ends_with("| 2 h 13 min |"),
        "{log}"
    );
}

#[test]
fn a_document_that_is_no_incident_says_why() {
    for (text, wanted) in [
        ("# Hello\n", "line 1 is `# Hello`, wanted `# INC-2026-001: What happened`"),
        (
            "# INC-2026-001: X\n\n| Priority | urgent |\n",
            "the priority is `urgent`, wanted P1 to P4",
        ),
        ("# INC-2026-001: X\n\n| Priority | P1 |\n| Opened | today |\n", "`Opened` is `today`"),
    ] {
        let error = Incident::parse("x.md", text).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
}
