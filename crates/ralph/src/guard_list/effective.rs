//! What a command comes to: programs that only run another one are taken away, and scripts in arguments are read.

use super::shell::{Command, UNKNOWN, Variables, base_name, parse};

/// Commands inside of commands; deeper ones are not read, and that is said.
const DEPTH_MAX: u32 = 8;
/// Most commands that are looked at.
const COMMANDS_MAX: usize = 2_000;
/// Most arguments of a wrapper, or literals of a program text, that are tried as the beginning of a command.
const STARTS_MAX: usize = 32;

const SHELLS: &[&str] = &["sh", "bash", "zsh", "dash", "ksh", "ash", "fish", "rbash", "pwsh"];
const INTERPRETERS: &[&str] = &[
    "python",
    "python2",
    "python3",
    "perl",
    "ruby",
    "node",
    "deno",
    "bun",
    "php",
    "lua",
    "osascript",
    "tclsh",
    "awk",
    "gawk",
];
/// Programs that run what their arguments say.
const WRAPPERS: &[&str] = &[
    "command",
    "builtin",
    "exec",
    "nohup",
    "time",
    "nice",
    "ionice",
    "chrt",
    "stdbuf",
    "setsid",
    "sudo",
    "doas",
    "env",
    "timeout",
    "gtimeout",
    "xargs",
    "gxargs",
    "busybox",
    "toybox",
    "chroot",
    "strace",
    "ltrace",
    "watch",
    "script",
    "parallel",
    "flock",
    "su",
    "runuser",
    "direnv",
    "uv",
    "poetry",
    "pipenv",
    "rye",
    "hatch",
    "npx",
    "pnpx",
    "bunx",
    "mise",
    "asdf",
    "nix-shell",
    "nix",
    "tmux",
    "screen",
    "unshare",
    "systemd-run",
    "caffeinate",
    "doppler",
    "op",
    "aws-vault",
    "dotenv",
    "dotenvx",
    "unbuffer",
    "entr",
    "retry",
    "trap",
    "eval",
    "docker",
    "podman",
    "nerdctl",
    "kubectl",
    "ssh",
    "alias",
    "find",
    "fd",
    "chronic",
    "with-env",
    "bundle",
    "pnpm",
    "yarn",
    "proxychains",
    "torsocks",
    "faketime",
    "taskset",
    "numactl",
];
/// In a program text: something is written, not only read.
const WRITES: &[&str] = &[
    "'w",
    "\"w",
    "'a",
    "\"a",
    "'r+",
    "\"r+",
    "write",
    "unlink",
    "remove",
    "rename",
    "replace(",
    "truncate",
    "move(",
    "copy",
    "append",
    "delete",
    "sub!",
    "Set-Content",
    "Out-File",
    ">",
];

/// In a program text: another program is run.
const RUNS: &[&str] = &[
    "system",
    "subprocess",
    "exec",
    "spawn",
    "popen",
    "run(",
    "call(",
    "qx",
    "shell",
    "pty",
    "`",
    "check_",
];

/// The commands of a script as they would run.
#[derive(Debug, Default)]
pub(super) struct Effective {
    pub(super) commands: Vec<Command>,
    /// Texts of programs in other languages.
    pub(super) code: Vec<String>,
    /// Something could not be looked at: too deep, or too much of it.
    pub(super) is_incomplete: bool,
}

/// Reads a script and everything that it runs, as far as the text tells.
pub(super) fn effective(script: &str) -> Effective {
    let mut found = Effective::default();
    found.read(script, 0);
    found
}

impl Effective {
    fn read(&mut self, script: &str, depth: u32) {
        if depth > DEPTH_MAX {
            self.is_incomplete = true;
            return;
        }
        let script = parse(script, &Variables::default());
        self.is_incomplete |= script.is_too_deep;
        for command in script.commands {
            self.add(command, depth);
        }
    }

    fn add(&mut self, command: Command, depth: u32) {
        if self.commands.len() >= COMMANDS_MAX || depth > DEPTH_MAX {
            self.is_incomplete = true;
            return;
        }
        let program = command.program().to_owned();
        if SHELLS.contains(&program.as_str()) {
            self.shell(&command, depth);
        } else if is_interpreter(&program) {
            self.interpreter(&command, depth);
        } else if WRAPPERS.contains(&program.as_str()) {
            self.wrapper(&command, depth);
        }
        self.commands.push(command);
    }

    /// `sh -c SCRIPT`, or a script that it reads.
    fn shell(&mut self, command: &Command, depth: u32) {
        let args = command.args();
        let is_flag =
            |arg: &&String| arg.starts_with('-') && !arg.starts_with("--") && arg.contains('c');
        let script = args.iter().position(|arg| is_flag(&arg)).and_then(|at| args.get(at + 1));
        let has_file = args.iter().any(|arg| !arg.starts_with('-'));
        match (script, &command.stdin) {
            (Some(script), _) => self.read_at(script, command, depth),
            (None, Some(stdin)) if !has_file => self.read_at(stdin, command, depth),
            _ => {}
        }
    }

    /// A script that begins in the directory of the command that runs it.
    fn read_at(&mut self, script: &str, command: &Command, depth: u32) {
        match &command.dir {
            Some(dir) => self.read(&format!("cd '{dir}'\n{script}"), depth + 1),
            None => self.read(script, depth + 1),
        }
    }

    fn wrapper(&mut self, command: &Command, depth: u32) {
        let mut words = command.words.clone();
        if let Some(stdin) = command.stdin.as_ref().filter(|_| command.program().ends_with("xargs"))
        {
            let has_place = words.iter().any(|word| word.contains("{}"));
            words = words.iter().map(|word| word.replace("{}", stdin.trim())).collect();
            if !has_place {
                words.extend(stdin.split_whitespace().map(str::to_owned));
            }
        }
        if matches!(command.program(), "eval" | "ssh") {
            let args = command.args();
            let remote = args.iter().skip(usize::from(command.program() == "ssh"));
            self.read_at(&remote.cloned().collect::<Vec<_>>().join(" "), command, depth);
        }
        let mut assignments = command.assignments.clone();
        for at in 1..words.len().min(STARTS_MAX) {
            let Some(word) = words.get(at) else { break };
            if let Some((name, value)) = word.split_once('=').filter(|(n, _)| !n.starts_with('-')) {
                assignments.push((name.to_owned(), value.to_owned()));
                if command.program() == "alias" {
                    self.read_at(value, command, depth);
                }
            } else if word.contains(char::is_whitespace) {
                self.read_at(word, command, depth);
            } else if !word.starts_with('-') && runs_something(word) {
                let rest = words.get(at..).unwrap_or_default();
                let end = rest.iter().position(|w| matches!(w.as_str(), ";" | "+" | ":::"));
                let inner = Command {
                    assignments: assignments.clone(),
                    words: rest.get(..end.unwrap_or(rest.len())).unwrap_or_default().to_vec(),
                    writes: Vec::new(),
                    stdin: command.stdin.clone(),
                    dir: command.dir.clone(),
                };
                self.add(inner, depth + 1);
            }
        }
    }

    fn literals(&mut self, literals: &[String], command: &Command, depth: u32) {
        for literal in literals.iter().filter(|l| l.contains(char::is_whitespace)).take(STARTS_MAX)
        {
            self.read_at(literal, command, depth);
        }
        for at in 0..literals.len().min(STARTS_MAX) {
            let words = literals.get(at..).unwrap_or_default().to_vec();
            if words.first().is_some_and(|word| runs_something(word)) {
                let inner = Command { words, dir: command.dir.clone(), ..Command::default() };
                self.add(inner, depth + 1);
            }
        }
    }

    /// Strings in a program text: each may be a shell's command, all together the words of one.
    fn interpreter(&mut self, command: &Command, depth: u32) {
        let args = command.args();
        let is_flag = |arg: &String| {
            matches!(
                arg.as_str(),
                "-c" | "-e"
                    | "-E"
                    | "--eval"
                    | "-r"
                    | "-p"
                    | "--print"
                    | "eval"
                    | "-pe"
                    | "-ne"
                    | "-pie"
            ) || arg.starts_with('-') && !arg.starts_with("--") && arg.ends_with(['c', 'e'])
        };
        let inline = args.iter().position(is_flag).and_then(|at| args.get(at + 1));
        let is_awk = command.program().ends_with("awk");
        let has_file = args.iter().any(|arg| !arg.starts_with('-'));
        let code = match (inline, &command.stdin) {
            (Some(code), _) => code,
            (None, _) if is_awk => args.iter().find(|arg| !arg.starts_with('-')).map_or("", |a| a),
            (None, Some(stdin)) if !has_file || args.first().is_some_and(|a| a == "-") => stdin,
            _ => return,
        };
        self.code.push(code.to_owned());
        let literals = literals(code);
        if RUNS.iter().any(|mark| code.to_lowercase().contains(mark)) {
            self.literals(&literals, command, depth);
        }
        if WRITES.iter().any(|mark| code.contains(mark)) {
            let writes =
                literals.into_iter().filter(|l| !l.contains(char::is_whitespace)).collect();
            self.commands.push(Command { writes, dir: command.dir.clone(), ..Command::default() });
        }
    }
}

/// A word that may be a program: no option, no number, nothing unknown.
fn runs_something(word: &str) -> bool {
    let name = base_name(word);
    !name.is_empty()
        && !name.contains(UNKNOWN)
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '.')
        && super::programs::is_known(name)
}

fn is_interpreter(program: &str) -> bool {
    let bare = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    INTERPRETERS.contains(&program) || INTERPRETERS.contains(&bare)
}

/// Whether its first operand is a file to run.
pub(super) fn runs_files(program: &str) -> bool {
    SHELLS.contains(&program) || is_interpreter(program)
}

/// Whether one of the tables above deals with it.
pub(super) fn is_runner(program: &str) -> bool {
    SHELLS.contains(&program) || WRAPPERS.contains(&program) || is_interpreter(program)
}

/// The text in quotes, of any kind.
fn literals(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut current: Option<(char, String)> = None;
    let mut is_escaped = false;
    for c in code.chars() {
        match &mut current {
            None if matches!(c, '\'' | '"' | '`') => current = Some((c, String::new())),
            None => {}
            Some((_, text)) if is_escaped => {
                text.push(c);
                is_escaped = false;
            }
            Some(_) if c == '\\' => is_escaped = true,
            Some((quote, text)) if c == *quote => {
                found.push(std::mem::take(text));
                current = None;
            }
            Some((_, text)) => text.push(c),
        }
    }
    found
}
