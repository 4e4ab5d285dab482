//! What a hook costs, from spawn to exit, beside a static program that only reads standard input; one after
//! the other in every round, so that a busy machine slows all of them alike.
//!
//! Build the hook first: `cargo build --release -p plimsoll --bin plimsoll-hook` in the repository.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use plimsoll_benches::row;

const FLOOR: &str = r#"
use std::io::Read;
fn main() {
    let mut input = Vec::new();
    let read = std::io::stdin().read_to_end(&mut input);
    println!("{{}}{}", if read.is_ok() { "" } else { " " });
}
"#;

/// One thing to run, again and again.
struct Case {
    name: &'static str,
    program: PathBuf,
    input: String,
    /// What happens before each run, untimed.
    before: Box<dyn FnMut()>,
    cpu_us: Vec<i64>,
    wall_us: Vec<i64>,
}

fn case(name: &'static str, program: &Path, input: String, before: impl FnMut() + 'static) -> Case {
    let program = program.to_owned();
    Case { name, program, input, before: Box::new(before), cpu_us: Vec::new(), wall_us: Vec::new() }
}

fn run(program: &Path, input: &str) -> String {
    let mut child = Command::new(program)
        .arg("loop")
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .env("CLAUDE_PID", std::process::id().to_string())
        .env("PLIMSOLL_RALPH__ITERATION_INTERVAL_MIN_SECS", "0")
        .env("PLIMSOLL_RALPH__MAX_ITERATIONS", "100000")
        .env("PLIMSOLL_RALPH__MAX_NO_PROGRESS", "100000")
        .env("PLIMSOLL_RALPH__MAX_BUDGET_USD", "100000")
        .env("PLIMSOLL_RALPH__MAX_CALLS_PER_HOUR", "10000")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("build the hook first: cargo build --release -p plimsoll --bin plimsoll-hook");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

fn cpu_us() -> i64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    usage.user_time().num_microseconds() + usage.system_time().num_microseconds()
}

fn measure(title: &str, cases: &mut [Case], rounds: usize) {
    for _ in 0..rounds {
        for case in cases.iter_mut() {
            (case.before)();
            let (cpu, started) = (cpu_us(), Instant::now());
            run(&case.program, &case.input);
            case.wall_us.push(i64::try_from(started.elapsed().as_micros()).unwrap());
            case.cpu_us.push(cpu_us() - cpu);
        }
    }
    println!("\n| {title} | CPU ms, smallest / median | wall ms, smallest / median | × CPU / wall |\n|---|---|---|---|");
    let of = |times: &[i64]| {
        let mut times = times.to_vec();
        times.sort_unstable();
        (times[0] as f64 / 1e3, times[times.len() / 2] as f64 / 1e3)
    };
    let (floor_cpu, floor_wall) = (of(&cases[0].cpu_us).1, of(&cases[0].wall_us).1);
    for case in cases.iter() {
        let ((cpu_min, cpu), (wall_min, wall)) = (of(&case.cpu_us), of(&case.wall_us));
        row(case.name, &format!(
            "{cpu_min:.2} / {cpu:.2} | {wall_min:.2} / {wall:.2} | {:.2} / {:.2}", cpu / floor_cpu, wall / floor_wall,
        ));
    }
}

fn event(root: &Path, transcript: &Path, name: &str, more: &str) -> String {
    format!(
        r#"{{"session_id":"s","cwd":{root:?},"transcript_path":{transcript:?},"hook_event_name":"{name}"{more}}}"#
    )
}

fn git(root: &Path, args: &[&str]) {
    let config = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"];
    assert!(Command::new("git").args(config).args(args).current_dir(root).status().unwrap().success());
}

fn message(n: usize) -> String {
    format!(
        r#"{{"type":"assistant","version":"2.1.330","timestamp":"2026-11-24T09:30:00.000Z","message":{{"id":"m{n}","model":"claude-opus-5-5","content":[{{"type":"text","text":"{}"}}],"usage":{{"input_tokens":1,"output_tokens":1}}}}}}"#,
        "x".repeat(3_000)
    )
}

const STOP: &str = r#","last_assistant_message":"words","background_tasks":[]"#;
const TOOL: &str = r#","tool_name":"Bash","tool_input":{"command":"ls"},"tool_use_id":"t","duration_ms":100000"#;

/// What every measurement needs.
struct Bench {
    dir: tempfile::TempDir,
    hook: PathBuf,
    floor: PathBuf,
    transcript: PathBuf,
}

impl Bench {
    fn new() -> Bench {
        let hook = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/plimsoll-hook");
        let dir = tempfile::tempdir().unwrap();
        let (floor, transcript) = (dir.path().join("floor"), dir.path().join("t.jsonl"));
        fs::write(dir.path().join("floor.rs"), FLOOR).unwrap();
        let compiled = Command::new("rustc")
            .args(["-O", "-C", "target-feature=+crt-static", "-o"])
            .args([&floor, &dir.path().join("floor.rs")])
            .status();
        assert!(compiled.unwrap().success());
        fs::write(&transcript, "").unwrap();
        Bench { dir, hook, floor, transcript }
    }

    fn at(&self, name: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::create_dir_all(&path).unwrap();
        path
    }

    fn start(&self, root: &Path, transcript: &Path) {
        let input = event(root, transcript, "UserPromptSubmit", r#","prompt":"RALPH START do it""#);
        let said = run(&self.hook, &input);
        assert!(said.contains("begins"), "{said}");
    }

    fn floor_case(&self) -> Case {
        let input = event(self.dir.path(), &self.transcript, "Stop", STOP);
        case("a static program that reads standard input", &self.floor, input, || {})
    }
}

fn main() {
    let bench = Bench::new();
    plain(&bench);
    transcripts(&bench);
    repository(&bench);
}

fn plain(bench: &Bench) {
    let (none, installed, active) = (bench.at("none"), bench.at("installed"), bench.at("active"));
    fs::create_dir(installed.join(".ralph")).unwrap();
    fs::write(active.join("a"), "x").unwrap();
    bench.start(&active, &bench.transcript);
    let hook = &bench.hook;
    let stop = |root: &Path| event(root, &bench.transcript, "Stop", STOP);
    let tool = |root: &Path, name: &str| event(root, &bench.transcript, name, TOOL);
    measure("no loop, no git", &mut [
        bench.floor_case(),
        case("Stop, nothing here", hook, stop(&none), || {}),
        case("`PreToolUse`, nothing here", hook, tool(&none, "PreToolUse"), || {}),
        case("Stop, hooks installed", hook, stop(&installed), || {}),
        case("`PreToolUse`, hooks installed", hook, tool(&installed, "PreToolUse"), || {}),
        case("Stop, loop active", hook, stop(&active), || {}),
        case("`PreToolUse`, loop active", hook, tool(&active, "PreToolUse"), || {}),
        case("`PostToolUse`, loop active", hook, tool(&active, "PostToolUse"), || {}),
    ], 300);
}

fn transcripts(bench: &Bench) {
    let mut cases = vec![bench.floor_case()];
    for (name, messages) in [("Stop, transcript of 100 KB", 31), ("Stop, transcript of 50 MB", 15_600)] {
        let root = bench.at(&format!("with-{messages}"));
        let path = bench.dir.path().join(format!("{messages}.jsonl"));
        let text: String = (0..messages).map(|n| message(n) + "\n").collect();
        fs::write(&path, &text).unwrap();
        fs::write(root.join("a"), "x").unwrap();
        bench.start(&root, &path);
        let (input, mut n) = (event(&root, &path, "Stop", STOP), messages);
        cases.push(case(name, &bench.hook, input, move || {
            n += 1;
            let mut file = fs::File::options().append(true).open(&path).unwrap();
            writeln!(file, "{}", message(n)).unwrap();
        }));
    }
    measure("loop active, one message more each time", &mut cases, 300);
}

fn repository(bench: &Bench) {
    let big = bench.at("big");
    git(&big, &["init", "-q"]);
    for n in 0..10_000 {
        let path = big.join(format!("d{:03}/f{:03}.txt", n / 100, n % 100));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{n}\n").repeat(20)).unwrap();
    }
    git(&big, &["add", "-A"]);
    git(&big, &["commit", "-q", "-m", "begin"]);
    bench.start(&big, &bench.transcript);
    let (after, mut round) = (event(&big, &bench.transcript, "PostToolUse", TOOL), 0);
    let changes = {
        let (big, hook) = (big.clone(), bench.hook.clone());
        move || {
            round += 1;
            for n in 0..8 {
                fs::write(big.join(format!("d{n:03}/f001.txt")), format!("{round} {n}\n")).unwrap();
            }
            run(&hook, &after);
        }
    };
    let stop = event(&big, &bench.transcript, "Stop", STOP);
    measure("10,000 files in git, 8 changed each time", &mut [
        bench.floor_case(),
        case("Stop with fingerprint and checkpoint", &bench.hook, stop, changes),
        case("`git status` alone", &status_script(bench.dir.path()), big.display().to_string(), || {}),
    ], 60);
}

/// A program that runs `git status` where its input says, for comparison.
fn status_script(dir: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = dir.join("status.sh");
    fs::write(&path, "#!/bin/sh\nread -r root\nexec git -C \"$root\" status --porcelain=v2 -z -uall\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}
