//! Ten scenarios that were run on Alertmanager 0.25 and 0.31, in virtual time. Where we tell something else,
//! the case says why.

use std::time::Duration;

use plimsoll_alerts::{Control, DeliveryConfig, Inhibit, Matcher, ReceiverConfig, Route, Urgent};

use crate::told::{Change, Step, accepted, dispatcher, run, shown, wall};

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) steps: Vec<(u64, Step)>,
    /// What Alertmanager sends.
    pub(crate) alertmanager: &'static [&'static str],
    pub(crate) ours: &'static [&'static str],
    /// Why it is not the same.
    pub(crate) difference: Option<&'static str>,
}

pub(crate) fn config(hook: ReceiverConfig) -> DeliveryConfig {
    let secs = Duration::from_secs;
    let route = Route::new("all", ["hook"])
        .with_group_by(["s"])
        .with_waits(secs(1), secs(2), secs(5))
        .with_urgent(Urgent::Never);
    let inhibit = Inhibit::new(
        vec![Matcher::is("severity", ["critical"])],
        vec![Matcher::is("severity", ["warning"])],
    );
    DeliveryConfig::default()
        .with_receiver("hook", hook)
        .with_route(route)
        .with_inhibit(inhibit.with_equal(["s"]))
}

fn fires(name: &'static str) -> Change {
    Change::fires("breach", &[("s", "1"), ("n", name)])
}

fn at(ms: u64, change: Change) -> (u64, Step) {
    (ms, Step::Alert(change))
}

fn silence(from_ms: u64, until_ms: u64) -> (u64, Step) {
    let span = Duration::from_millis(until_ms - from_ms);
    let matches = vec![Matcher::is("s", ["1"])];
    (from_ms, Step::Control(Control::silence(matches, wall(from_ms), span, "amy", "test").unwrap()))
}

fn first_half() -> Vec<Case> {
    vec![
        Case {
            name: "S1 fires and stays",
            steps: vec![at(0, fires("a"))],
            alertmanager: &["1.0 a!", "7.0 a!", "13.0 a!"],
            ours: &["1.0 a!", "7.0 a!", "13.0 a!"],
            difference: None,
        },
        Case {
            name: "S2 ends at 1.3, fires again at 1.8",
            steps: vec![
                at(0, fires("a")),
                at(1_300, fires("a").resolved()),
                at(1_800, fires("a").since(1_800)),
            ],
            alertmanager: &["1.0 a!", "7.0 a!", "13.0 a!"],
            ours: &["1.0 a!", "3.0 a_!", "9.0 a!"],
            difference: Some("a flap inside the interval is told, with how often and how bad"),
        },
        Case {
            name: "S3 ends at 0.5",
            steps: vec![at(0, fires("a")), at(500, fires("a").resolved())],
            alertmanager: &[],
            ours: &["1.0 a!_"],
            difference: Some("a breach shorter than the wait is told, with its worst value"),
        },
        Case {
            name: "S4 told, silenced from 1.5 to 7.5, ends at 2.0",
            steps: vec![at(0, fires("a")), silence(1_500, 7_500), at(2_000, fires("a").resolved())],
            alertmanager: &["1.0 a!"],
            ours: &["1.0 a!", "3.0 a_"],
            difference: Some("who was told that it fires is told that it ended, silence or not"),
        },
        Case {
            name: "S5 critical from 0 to 3.5, warning from 0.1 on",
            steps: vec![
                at(0, fires("c").critical()),
                at(100, fires("w").since(100)),
                at(3_500, fires("c").critical().resolved()),
            ],
            alertmanager: &["1.0 c!", "5.0 c_ w!", "11.0 w!"],
            ours: &["1.0 c!", "5.0 c_ w!", "11.0 w!"],
            difference: None,
        },
    ]
}

fn second_half() -> Vec<Case> {
    vec![
        Case {
            name: "S6 a second alert of the group at 1.5",
            steps: vec![at(0, fires("a1")), at(1_500, fires("a2").since(1_500))],
            alertmanager: &["1.0 a1!", "3.0 a1! a2!", "9.0 a1! a2!"],
            ours: &["1.0 a1!", "3.0 a1! a2!", "9.0 a1! a2!"],
            difference: None,
        },
        Case {
            name: "S7 ends at 1.5",
            // Alertmanager takes a missing refresh for an end; here an end is said, and silence of the
            // engine is what the dead man's ping is for.
            steps: vec![at(0, fires("a")), at(1_500, fires("a").resolved())],
            alertmanager: &["1.0 a!", "3.0 a_"],
            ours: &["1.0 a!", "3.0 a_"],
            difference: None,
        },
        Case {
            name: "S8 warning at 0, critical at 1.2",
            steps: vec![at(0, fires("w")), at(1_200, fires("c").critical().since(1_200))],
            alertmanager: &["1.0 w!", "3.0 c!", "9.0 c!"],
            ours: &["1.0 w!", "3.0 c! w~", "9.0 c!"],
            difference: Some("what was told and is muted now is marked, it does not just vanish"),
        },
        Case {
            name: "S9 fires since a minute ago",
            steps: vec![at(0, fires("a").since(-60_000))],
            alertmanager: &["0.0 a!", "6.0 a!", "12.0 a!"],
            ours: &["1.0 a!", "7.0 a!", "13.0 a!"],
            difference: Some(
                "an old alert waits like any other, or a restart tells what is inhibited",
            ),
        },
        Case {
            name: "SA silenced from 1.5 to 4.5",
            steps: vec![at(0, fires("a")), silence(1_500, 4_500)],
            alertmanager: &["1.0 a!", "7.0 a!", "13.0 a!"],
            ours: &["1.0 a!", "7.0 a!", "13.0 a!"],
            difference: None,
        },
    ]
}

pub(crate) fn cases() -> Vec<Case> {
    first_half().into_iter().chain(second_half()).collect()
}

#[test]
fn ten_scenarios_of_alertmanager_are_told_as_there_or_better() {
    for case in cases() {
        let told = run(
            &mut dispatcher(config(ReceiverConfig::command(["true"]))),
            &case.steps,
            14_000,
            accepted,
        );
        assert_eq!(shown(&told), case.ours, "{}", case.name);
        let is_same = case.ours == case.alertmanager;
        assert_eq!(case.difference.is_none(), is_same, "{}: {:?}", case.name, case.difference);
    }
}

#[test]
fn a_brief_breach_and_a_flap_carry_the_worst_value() {
    let steps = vec![
        at(0, fires("a").valued(0.06)),
        at(200, fires("a").valued(0.17).resolved()),
        at(400, fires("a").since(400).valued(0.07)),
        at(500, fires("a").since(400).valued(0.07).resolved()),
    ];
    let told =
        run(&mut dispatcher(config(ReceiverConfig::command(["true"]))), &steps, 5_000, accepted);
    assert_eq!(shown(&told), ["1.0 a!_"]);
    let item = &told[0].1.items[0];
    assert_eq!(item.peak_value, Some(0.17));
    assert_eq!(item.flaps, 1);
    assert_eq!(item.first_fired_at, Some(wall(0)));
    let text = plimsoll_alerts::plain_text(&told[0].1);
    for wanted in ["fired and ended", "worst: 17 %", "lasted: 500 ms", "flapped: 1 times"] {
        assert!(text.contains(wanted), "`{wanted}` is not in:\n{text}");
    }
}
