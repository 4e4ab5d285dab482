//! A shell script as the commands that it would run: quotes, escapes, variables, braces, substitutions and
//! here-documents resolved as far as their text tells. It runs nothing and never fails.

mod chars;
mod expand;
mod parse;

use std::collections::BTreeMap;

pub(super) use parse::parse;

/// Stands where only the running shell would know the text.
pub(super) const UNKNOWN: char = '\u{FFFC}';

/// One command with its words as the program would get them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Command {
    /// `NAME=value` before the program.
    pub(super) assignments: Vec<(String, String)>,
    /// Program and arguments.
    pub(super) words: Vec<String>,
    /// Files that redirections write.
    pub(super) writes: Vec<String>,
    /// What it reads, when the script itself says so: a here-document, or what `echo` puts into a pipe.
    pub(super) stdin: Option<String>,
    /// The directory that `cd` has gone to by then, as written; `None` for where the script began.
    pub(super) dir: Option<String>,
}

/// Variables that the script itself has set.
#[derive(Debug, Clone, Default)]
pub(super) struct Variables {
    values: BTreeMap<String, String>,
}

impl Variables {
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.to_owned());
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }
}

impl Command {
    /// The program's name without its directory.
    pub(super) fn program(&self) -> &str {
        self.words.first().map_or("", |word| base_name(word))
    }

    /// The words after the program.
    pub(super) fn args(&self) -> &[String] {
        self.words.get(1..).unwrap_or_default()
    }

    /// What it writes to its output, if that is plain from its words.
    fn printed(&self) -> Option<String> {
        let args = self.args();
        match self.program() {
            "echo" => {
                let skip = args
                    .iter()
                    .take_while(|arg| matches!(arg.as_str(), "-n" | "-e" | "-E" | "-ne" | "-en"))
                    .count();
                Some(args.get(skip..).unwrap_or_default().join(" "))
            }
            "printf" => {
                let (format, rest) = args.split_first()?;
                let mut text = format.replace("\\n", "\n");
                if rest.is_empty() {
                    return Some(text);
                }
                for value in rest {
                    text = text.replacen("%s", value, 1);
                }
                Some(text)
            }
            "cat" if args.is_empty() => self.stdin.clone(),
            _ => None,
        }
    }
}

/// The last part of a path.
pub(super) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests;
