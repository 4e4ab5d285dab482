//! A script, cut into commands.

use super::chars::Chars;
use super::expand::word;
use super::{Command, UNKNOWN, Variables};

/// Substitutions inside of substitutions; what is deeper is not read, and [`Script::is_too_deep`] says so.
const DEPTH_MAX: u32 = 8;

/// What was read.
#[derive(Debug, Default)]
pub(in crate::guard_list) struct Script {
    pub(in crate::guard_list) commands: Vec<Command>,
    /// Something was left out because it was nested too deeply.
    pub(in crate::guard_list) is_too_deep: bool,
}

/// Reads a script that knows these variables.
pub(in crate::guard_list) fn parse(script: &str, variables: &Variables) -> Script {
    let mut parser = Parser { variables: variables.clone(), ..Parser::default() };
    parser.read(&mut Chars::new(script));
    parser.finish()
}

#[derive(Debug, Default)]
pub(super) struct Parser {
    pub(super) variables: Variables,
    commands: Vec<Command>,
    /// For each command the one whose output it reads.
    piped_from: Vec<Option<usize>>,
    /// Commands of substitutions.
    inner: Vec<Command>,
    current: Command,
    reads_from: Option<usize>,
    here: Vec<HereDocument>,
    dir: Option<String>,
    depth: u32,
    is_too_deep: bool,
}

#[derive(Debug)]
struct HereDocument {
    command: usize,
    delimiter: String,
    strips_tabs: bool,
}

impl Parser {
    fn read(&mut self, chars: &mut Chars<'_>) {
        while let Some(c) = chars.peek() {
            match c {
                ' ' | '\t' | '\r' => {
                    chars.next();
                }
                '\\' if chars.starts_with("\\\n") => {
                    chars.take("\\\n");
                }
                '#' => {
                    chars.take_while(|c| c != '\n');
                }
                '\n' => {
                    chars.next();
                    self.end_line(chars);
                }
                ';' | ')' => {
                    chars.next();
                    self.end_command(false);
                }
                '(' => self.open_bracket(chars),
                '&' | '|' => self.operator(chars),
                '<' | '>' => self.redirection(chars),
                _ => self.word(chars),
            }
        }
        self.end_line(chars);
    }

    fn finish(mut self) -> Script {
        for index in 0..self.commands.len() {
            let from = self.piped_from.get(index).copied().flatten();
            let printed = from.and_then(|from| self.commands.get(from)).and_then(Command::printed);
            if let Some(command) = self.commands.get_mut(index) {
                command.stdin = command.stdin.take().or(printed);
            }
        }
        self.commands.append(&mut self.inner);
        Script { commands: self.commands, is_too_deep: self.is_too_deep }
    }

    /// Reads a script inside of this one; returns what it prints, as far as that is plain.
    pub(super) fn substitution(&mut self, script: &str) -> String {
        if self.depth >= DEPTH_MAX {
            self.is_too_deep = true;
            return UNKNOWN.to_string();
        }
        let mut parser = Parser {
            variables: self.variables.clone(),
            depth: self.depth + 1,
            dir: self.dir.clone(),
            ..Parser::default()
        };
        parser.read(&mut Chars::new(script));
        let mut script = parser.finish();
        self.is_too_deep |= script.is_too_deep;
        let printed = match script.commands.as_slice() {
            [only] => only.printed(),
            _ => None,
        };
        self.inner.append(&mut script.commands);
        printed.unwrap_or_else(|| UNKNOWN.to_string())
    }

    fn word(&mut self, chars: &mut Chars<'_>) {
        let is_first = self.current.words.is_empty();
        let words = word(chars, self);
        let [only] = words.as_slice() else {
            self.current.words.extend(words);
            return;
        };
        let is_descriptor = only.bytes().all(|b| b.is_ascii_digit());
        if is_descriptor && matches!(chars.peek(), Some('<' | '>')) {
            return;
        }
        if !is_first {
            self.current.words.push(only.clone());
        } else if let Some((name, value)) = assignment(only) {
            let value = if chars.take("(") {
                chars.take_bracketed('(', ')').to_owned()
            } else {
                value.to_owned()
            };
            self.current.assignments.push((name.to_owned(), value));
        } else if matches!(only.as_str(), "for" | "select") {
            self.loop_variable(chars);
        } else if only == "case" {
            while chars.peek().is_some_and(|c| c != '\n') {
                chars.take_while(char::is_whitespace);
                if word(chars, self) == ["in"] || chars.peek() == Some(';') {
                    break;
                }
            }
        } else if !is_reserved(only) {
            self.current.words.push(only.clone());
        }
    }

    /// `for x in a b`: the variable holds every value at once, which is enough to see what may be run.
    fn loop_variable(&mut self, chars: &mut Chars<'_>) {
        chars.take_while(|c| c == ' ' || c == '\t');
        let name = word(chars, self).pop().unwrap_or_default();
        let mut values = Vec::new();
        loop {
            chars.take_while(|c| c == ' ' || c == '\t');
            if !chars
                .peek()
                .is_some_and(|c| !matches!(c, ';' | '\n' | '&' | '|' | '(' | ')' | '<' | '>'))
            {
                break;
            }
            values.append(&mut word(chars, self));
        }
        if values.first().is_some_and(|first| first == "in") {
            values.remove(0);
        }
        self.variables.set(&name, &values.join(" "));
    }

    fn open_bracket(&mut self, chars: &mut Chars<'_>) {
        chars.next();
        if chars.take(")") {
            // `name()` defines a function: its body is read as if it were called.
            self.current = Command::default();
        } else {
            self.end_command(false);
        }
    }

    fn operator(&mut self, chars: &mut Chars<'_>) {
        if chars.take("&>>") || chars.take("&>") {
            self.write_target(chars);
        } else if chars.take("&&") || chars.take("||") || chars.take("&") {
            self.end_command(false);
        } else if chars.take("|&") || chars.take("|") {
            self.end_command(true);
        }
    }

    fn redirection(&mut self, chars: &mut Chars<'_>) {
        if chars.take("<<<") {
            chars.take_while(|c| c == ' ' || c == '\t');
            self.current.stdin = Some(word(chars, self).join(" "));
        } else if chars.take("<<") {
            let strips_tabs = chars.take("-");
            chars.take_while(|c| c == ' ' || c == '\t');
            let delimiter = word(chars, self).join(" ");
            let command = self.commands.len();
            self.here.push(HereDocument { command, delimiter, strips_tabs });
        } else if chars.take("<(") || chars.take(">(") {
            let inner = chars.take_bracketed('(', ')');
            let file = self.substitution(inner);
            self.current.words.push(file);
        } else if ["<>", ">>", ">|", ">&", ">"].iter().any(|sign| chars.take(sign)) {
            self.write_target(chars);
        } else {
            chars.take("<&");
            chars.take("<");
            chars.take_while(|c| c == ' ' || c == '\t');
            word(chars, self);
        }
    }

    fn write_target(&mut self, chars: &mut Chars<'_>) {
        chars.take_while(|c| c == ' ' || c == '\t');
        let files = word(chars, self);
        let is_file = |file: &String| !file.bytes().all(|b| b.is_ascii_digit()) && file != "-";
        self.current.writes.extend(files.into_iter().filter(is_file));
    }

    fn end_line(&mut self, chars: &mut Chars<'_>) {
        self.end_command(false);
        for here in std::mem::take(&mut self.here) {
            let mut body = String::new();
            while chars.peek().is_some() {
                let line = chars.take_until("\n");
                let line = if here.strips_tabs { line.trim_start_matches('\t') } else { line };
                if line.trim_end_matches('\r') == here.delimiter {
                    break;
                }
                body.push_str(line);
                body.push('\n');
            }
            if let Some(command) = self.commands.get_mut(here.command) {
                command.stdin = Some(body);
            }
        }
    }

    fn end_command(&mut self, is_piped: bool) {
        let mut command = std::mem::take(&mut self.current);
        let reads_from = self.reads_from.take();
        if command == Command::default() {
            return;
        }
        if command.words.is_empty() {
            for (name, value) in &command.assignments {
                self.variables.set(name, value);
            }
        }
        match command.program() {
            "export" | "declare" | "local" | "readonly" | "typeset" => {
                for (name, value) in command.args().iter().filter_map(|arg| assignment(arg)) {
                    self.variables.set(name, value);
                }
            }
            "cd" | "pushd" => {
                let to = command.args().iter().find(|arg| !arg.starts_with('-'));
                let to = to.map_or("~", String::as_str);
                self.dir = Some(joined(self.dir.as_deref(), to));
            }
            _ => {}
        }
        command.dir.clone_from(&self.dir);
        if is_piped {
            self.reads_from = Some(self.commands.len());
        }
        self.commands.push(command);
        self.piped_from.push(reads_from);
    }
}

fn joined(dir: Option<&str>, to: &str) -> String {
    match dir {
        Some(dir) if !to.starts_with(['/', '~']) => format!("{dir}/{to}"),
        _ => to.to_owned(),
    }
}

/// `NAME=value`.
fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let is_name = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some((name, value))
}

/// Words of the shell's own grammar, after which a command may stand.
fn is_reserved(word: &str) -> bool {
    matches!(
        word,
        "if" | "then"
            | "else"
            | "elif"
            | "fi"
            | "while"
            | "until"
            | "do"
            | "done"
            | "esac"
            | "{"
            | "}"
            | "!"
            | "function"
            | "coproc"
    )
}
