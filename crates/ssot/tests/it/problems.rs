//! What is wrong is said all at once, with its place.

use crate::desk;

#[track_caller]
fn check(text: &str) -> String {
    desk::load(text).unwrap_err().to_string()
}

#[test]
fn everything_wrong_is_said_in_one_run_with_its_place() {
    let text = "\
ralph:
  max_iteration: 10 # a typo
  max_budget_usd: \"20\"
  mode: gaurd
  is_verbose: yes
limits:
  warn_ratio: 5%
  position:
    - match: BTC-*
      max_qty: 012
    - max_qty: 1
portz:
  grafana: 99009
ports:
  grafana: 99009
";
    insta::assert_snapshot!(check(text), @r#"
    error[unknown-key]: `ralph` has no key `max_iteration`
     --> canonical.yaml:2:3
      |
    2 |   max_iteration: 10 # a typo
      |   ^^^^^^^^^^^^^ did you mean `max_iterations`?

    error[value]: `ralph.max_budget_usd` is the text "20", wanted a number
     --> canonical.yaml:3:19
      |
    3 |   max_budget_usd: "20"
      |                   ^^^^
      |
      = help: leave out the quotes

    error[value]: `ralph.mode` is `gaurd`, wanted one of off, guard, loop
     --> canonical.yaml:4:9
      |
    4 |   mode: gaurd
      |         ^^^^^ did you mean `guard`?

    error[value]: `ralph.is_verbose` is `yes`, wanted true or false
     --> canonical.yaml:5:15
      |
    5 |   is_verbose: yes
      |               ^^^
      |
      = help: `yes` is true in YAML 1.1 and text in 1.2: write true

    error[value]: `limits.warn_ratio` is `5%`, wanted a number
     --> canonical.yaml:7:15
      |
    7 |   warn_ratio: 5%
      |               ^^
      |
      = help: a ratio is written as 0.05

    error[value]: `limits.position[0].max_qty` is `012`, wanted a number
      --> canonical.yaml:10:16
       |
    10 |       max_qty: 012
       |                ^^^
       |
       = help: a leading zero makes it 10 in YAML 1.1 and 12 in 1.2: write 12 or 0o12

    error[missing-key]: `limits.position[1].match` is missing
      --> canonical.yaml:11:7
       |
    11 |     - max_qty: 1
       |       ^^^^^^^^^^

    error[unknown-section]: nobody has a section `portz`
      --> canonical.yaml:12:1
       |
    12 | portz:
       | ^^^^^ did you mean `ports`?

    error[value]: `ports.grafana` is `99009`, wanted a whole number from 0 to 65535
      --> canonical.yaml:15:12
       |
    15 |   grafana: 99009
       |            ^^^^^
    "#);
}
