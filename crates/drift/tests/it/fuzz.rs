//! Whatever a file of any format holds, a check of it ends and is told; no panic, no hang.
//!
//! `PLIMSOLL_FUZZ_RUNS` sets the executions of each parser.

use std::time::{Duration, Instant};

use plimsoll_drift::{Around, FixOptions, check_text, plan, summarize};

use crate::fixture::Fixture;

/// Each parser, by a file name that selects it, and the ends of the fixture's files that it is fed with.
const PARSERS: &[(&str, &[&str])] = &[
    (".env", &[".env", ".env.example", ".env.staging"]),
    ("app.properties", &[".properties", ".ini", ".conf", ".service"]),
    ("settings.toml", &[".toml"]),
    ("pyproject.toml", &["pyproject.toml"]),
    ("Cargo.toml", &["Cargo.toml", "rust-toolchain.toml"]),
    ("uv.lock", &["uv.lock", "Cargo.lock", "poetry.lock"]),
    ("app.json", &["app.json", "dashboard.json"]),
    ("package.json", &["package.json"]),
    ("package-lock.json", &["package-lock.json"]),
    ("docker-compose.yml", &[".yml", ".yaml"]),
    ("Dockerfile", &["Dockerfile"]),
    ("requirements.txt", &["requirements.txt"]),
    ("runbook.md", &[".md"]),
    ("settings.py", &[".py"]),
    ("tables.sql", &[".sql"]),
    ("deploy.sh", &[".sh"]),
    (".python-version", &[".python-version", ".nvmrc"]),
    ("panel.ts", &[".ts"]),
];

/// What files are made of, and what breaks their readers.
const PIECES: &[&str] = &[
    "questdb",
    "QUESTDB_HTTP_PORT=",
    "grafana: ",
    "9000",
    "127.0.0.1:",
    "${X:-",
    "}",
    "${",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "`",
    "```",
    "|",
    ":",
    "::",
    ": ",
    "- ",
    "#",
    "//",
    "--",
    "/*",
    "\\",
    "\n",
    "\r\n",
    "\t",
    "  ",
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "? ",
    "---\n",
    "...\n",
    "%",
    "=",
    "==",
    ">=",
    "~=",
    ",",
    ";",
    "@",
    "@sha256:",
    "/",
    "\u{feff}",
    "\u{0}",
    "é",
    "日本",
    "🦀",
    "0x",
    "1e999",
    "-",
    ".",
    "..",
    "99999999999999999999",
    "CREATE TABLE t (",
    "SELECT ",
    " FROM ",
    "INSERT INTO t ",
    "PARTITION BY DAY",
    "f\"{",
    "lambda ",
    "def f(",
    "<!-- ",
    " -->",
    "[[",
    "]]",
    "\\u12",
    "plimsoll:ignore",
    "plimsoll:ignore[ports] why",
    "**",
    "_",
    "a b c",
    "12.3.1",
    ">=3.12",
    "py312",
];

/// The longest text, in bytes.
const TEXT_BYTES_MAX: usize = 700;
/// What no text of that length may take, on the busiest machine.
const LONGEST: Duration = Duration::from_secs(20);

/// A small generator, the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % limit.max(1)
    }
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn part<'t>(dice: &mut Dice, text: &'t str, length: usize) -> &'t str {
    let from = floor(text, dice.below(text.len()));
    let to = floor(text, (from + dice.below(length)).min(text.len()));
    &text[from..to.max(from)]
}

/// A part of a file with some of it cut, doubled, moved, and pieces put in.
fn made(dice: &mut Dice, seeds: &[&str]) -> String {
    let seed = seeds[dice.below(seeds.len())];
    let mut text = match dice.below(8) {
        0 => String::new(),
        _ => part(dice, seed, TEXT_BYTES_MAX / 2).to_owned(),
    };
    for _ in 0..=dice.below(8) {
        let at = floor(&text, dice.below(text.len() + 1));
        match dice.below(5) {
            0 => {
                let to = floor(&text, (at + dice.below(20)).min(text.len())).max(at);
                text.replace_range(at..to, "");
            }
            1 => {
                let copy = part(dice, seed, 60).to_owned();
                text.insert_str(at, &copy);
            }
            2 => {
                let copy = part(dice, &text, 40).to_owned();
                text.insert_str(at, &copy);
            }
            _ => text.insert_str(at, PIECES[dice.below(PIECES.len())]),
        }
    }
    let end = floor(&text, text.len().min(TEXT_BYTES_MAX));
    text.truncate(end);
    text
}

#[test]
fn an_escaped_digit_in_a_query_is_passed() {
    let python = "QUESTDB_HTTP_PORT = 9000\nQUERY = \"SELECT \\1 FROM trading_pnl\"\n";
    let checked = check_text(Fixture::canon(), "questdb/read.py", python);
    assert_eq!(checked.occurrences.len(), 1);
    let shell = "curl 'http://questdb:9000/exec?query=SELECT+%31+FROM+trading_pnl'\n";
    assert_eq!(check_text(Fixture::canon(), "read.sh", shell).occurrences.len(), 1);
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a hang is a matter of time")]
fn any_text() {
    let runs = std::env::var("PLIMSOLL_FUZZ_RUNS").ok().and_then(|runs| runs.parse().ok());
    let runs: usize = runs.unwrap_or(400);
    let canon = Fixture::canon();
    let fixture = Fixture::shared();
    let (mut said, mut refused, mut longest) = (0_usize, 0_usize, Duration::ZERO);
    for (index, (name, ends)) in PARSERS.iter().enumerate() {
        let is_seed = |path: &str| ends.iter().any(|end| path.ends_with(end));
        let files = fixture.files.iter().filter(|(path, _)| is_seed(path));
        let seeds: Vec<&str> = files.map(|(_, text)| text.as_str()).collect();
        assert!(!seeds.is_empty(), "{name} has no seed");
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (u64::try_from(index).unwrap() + 1));
        for _ in 0..runs {
            let text = made(&mut dice, &seeds);
            // The folder's name makes the parser read texts that name nothing.
            let path = format!("questdb/{name}");
            let began = Instant::now();
            let checked = check_text(canon, &path, &text);
            for occurrence in &checked.occurrences {
                let span = occurrence.place.span;
                assert_eq!(
                    text.get(span.start..span.end),
                    Some(occurrence.found.as_str()),
                    "{path}: {text:?}"
                );
            }
            said += usize::from(!checked.occurrences.is_empty());
            let report = summarize(canon, vec![checked], Around::default());
            refused += usize::from(report.findings.iter().any(|f| f.rule == "unparsable"));
            for fix in plan(&report, &FixOptions::default().with_conflicts().with_locks()).files {
                assert!(fix.apply_to(&text).is_some(), "{path}: {text:?}");
            }
            longest = longest.max(began.elapsed());
        }
    }
    assert!(longest < LONGEST, "the longest check took {longest:?}");
    println!(
        "{} executions, {runs} of each of {} parsers: {said} stated values, {refused} were refused, the longest took {longest:.1?}",
        runs * PARSERS.len(),
        PARSERS.len()
    );
}
