//! Whatever bytes a file has: a configuration or problems come out, and no panic.

use std::panic::AssertUnwindSafe;

use plimsoll_ssot::Layers;

use crate::desk;

/// Files that use what there is to use; the mutations begin with them.
const SEEDS: [&str; 6] = [
    "# What an agent may do,\n# and what it may cost.\nralph:\n  max_iterations: 8 # why\n  label: 'it''s'\nports: {grafana: 3000, questdb_ilp: 9009}\n",
    "x-m: &m {warn_ratio: 0.01}\nlimits:\n  <<: *m\n  position:\n    - match: \"BTC-*\"\n      max_qty: 1\n    - {match: x, max_qty: 2}\n",
    "schema_version: 1\nprofiles:\n  prod:\n    ralph: {max_budget_usd: 5}\n  staging:\n    ports: {grafana: 3001, questdb_ilp: ~}\ndiscord:\n  webhook: ${HOOK}\n",
    "%YAML 1.2\n---\nralph:\n  label: |-\n    two\n    lines\n  max_tokens: !!int \"5\"\n? ports\n: {grafana: 0x10}\n...\n",
    "limits: {warn_ratio: 012, kill_ratio: 1_0, position: [*x]}\nralph: {mode: off, is_verbose: yes}\nralph: 1\n",
    "\u{feff}ralph:\r\n  label: caf\u{e9}\u{2028}\u{1f4c8} # \u{85}\r\ndiscord: {channel: \"\\u0041\\x20\"}\r\n",
];
/// Pieces that matter to a parser.
const PIECES: [&str; 24] = [
    ":",
    ": ",
    "- ",
    "\n",
    "\r",
    "\t",
    "  ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "\"",
    "'",
    "#",
    "&a ",
    "*a",
    "<<: *a",
    "|\n",
    ">",
    "!!str ",
    "---\n",
    "\0",
    "\u{10ffff}",
];

/// The next of a fixed row of numbers (xorshift64*), so that every run is the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap() % limit.max(1)
    }
}

fn mutated(numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = SEEDS[numbers.below(SEEDS.len())].as_bytes().to_vec();
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(bytes.len() + 1);
        let end = (at + numbers.below(12)).min(bytes.len());
        match numbers.below(6) {
            0 => bytes.insert(at, u8::try_from(numbers.below(256)).unwrap()),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let copied = bytes[at..end].to_vec();
                let to = numbers.below(bytes.len() + 1);
                bytes.splice(to..to, copied);
            }
            3 => {
                let other = SEEDS[numbers.below(SEEDS.len())].as_bytes();
                let from = numbers.below(other.len());
                let until = (from + numbers.below(40)).min(other.len());
                bytes.splice(at..end, other[from..until].iter().copied());
            }
            4 if at < bytes.len() => bytes[at] ^= 1 << numbers.below(8),
            _ => {
                let piece = PIECES[numbers.below(PIECES.len())].as_bytes();
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
    bytes
}

/// Everything that is done with a file; whether it was a configuration.
fn exercise(desk: &Layers, bytes: Vec<u8>, numbers: &mut Numbers) -> bool {
    let layers = desk.clone().with_file("f.yaml", bytes);
    let keys =
        ["ralph.label", "limits.position[0].max_qty", "ports.new", "x.y", "ralph.max_budget_usd"];
    if numbers.below(4) == 0 {
        let key = keys[numbers.below(keys.len())];
        let profile = [None, Some("prod")][numbers.below(2)];
        match layers.edit(key, profile, ["5", "no", "[a]", "two words", "null"][numbers.below(5)]) {
            Ok(edit) => assert!(layers.with_file("f.yaml", edit.after).load().is_ok()),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        return false;
    }
    match layers.load() {
        Ok(ssot) => {
            assert!(ssot.settings().all(|setting| ssot.explain(&setting.key).is_some()));
            assert_eq!(ssot.digest(), layers.load().unwrap().digest());
            true
        }
        Err(problems) => {
            assert!(!problems.is_empty() && !problems.to_string().is_empty());
            false
        }
    }
}

#[test]
fn any_file_gives_a_configuration_or_problems() {
    let wanted = std::env::var_os("PLIMSOLL_FUZZ_RUNS").and_then(|runs| runs.into_string().ok());
    let runs: u64 = wanted.map_or(2_000, |runs| runs.parse().unwrap());
    let desk = desk::desk();
    let mut fine = 0;
    for run in 1..=runs {
        let mut numbers = Numbers(run.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let bytes = mutated(&mut numbers);
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let done =
            std::panic::catch_unwind(AssertUnwindSafe(|| exercise(&desk, bytes, &mut numbers)));
        match done {
            Ok(is_fine) => fine += u64::from(is_fine),
            Err(_) => panic!("run {run}: {shown:?}"),
        }
    }
    assert!(fine > runs / 20, "mutations that leave nothing whole prove little: {fine} of {runs}");
    println!("{runs} executions, {fine} of them a whole configuration, 0 panics");
}
