//! The new side of a hunk as the lints see it: lines with their code, calls that span lines, enclosing functions.

use crate::code::{Inside, code_of};
use crate::diff::{FileDiff, Hunk, Side};
use crate::language::{Language, is_test};

/// Lines that a call may span.
const CALL_LINES_MAX: usize = 30;

/// One hunk of a file, new side.
#[derive(Debug)]
pub(crate) struct Region<'a> {
    pub(crate) path: &'a str,
    pub(crate) language: Language,
    pub(crate) is_test: bool,
    /// Whether the file is new, so that the region is the whole of it.
    pub(crate) is_new_file: bool,
    pub(crate) lines: Vec<SourceLine<'a>>,
    pub(crate) changes: Vec<Change<'a>>,
    section: &'a str,
    functions: Functions,
    /// The first line that begins a test module.
    tests_from: Option<usize>,
}

/// The functions of a region, found in one pass: a look-up for each line would walk the region again and again.
#[derive(Debug, Default)]
struct Functions {
    all: Vec<Function>,
    /// For each line the function that it is in, an index into `all`.
    of_line: Vec<Option<usize>>,
}

/// A line of the new side.
#[derive(Debug)]
pub(crate) struct SourceLine<'a> {
    pub(crate) number: u32,
    pub(crate) text: &'a str,
    /// The same length as `text`; comments and the inside of strings are spaces.
    pub(crate) code: String,
    pub(crate) is_added: bool,
}

/// Lines that were taken out and those that came in their place.
#[derive(Debug, Default)]
pub(crate) struct Change<'a> {
    pub(crate) removed: Vec<&'a str>,
    /// Indexes into the region's lines.
    pub(crate) added: Vec<usize>,
    /// The line of the new side at which the change stands; where nothing was added, the next one.
    pub(crate) number: u32,
}

/// A function that a line is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) is_async: bool,
    /// First and last index of its lines in the region.
    pub(crate) first: usize,
    pub(crate) last: usize,
}

impl SourceLine<'_> {
    pub(crate) fn indent(&self) -> usize {
        self.text.len() - self.text.trim_start().len()
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.code.trim().is_empty()
    }
}

impl<'a> Region<'a> {
    pub(crate) fn of(file: &'a FileDiff, hunk: &'a Hunk) -> Region<'a> {
        let path = file.path();
        let language = Language::of(path);
        let mut region = Region {
            path,
            language,
            is_test: is_test(path),
            is_new_file: file.old_path.is_none(),
            lines: Vec::new(),
            changes: Vec::new(),
            section: &hunk.section,
            functions: Functions::default(),
            tests_from: None,
        };
        let mut inside = Inside::default();
        let mut open: Option<Change<'a>> = None;
        let mut number = 1;
        for line in &hunk.lines {
            number = line.new.unwrap_or(number);
            match line.side {
                Side::Context => region.changes.extend(open.take()),
                Side::Removed => {
                    let change = open.get_or_insert_with(Change::default);
                    change.number = number;
                    change.removed.push(&line.text);
                    continue;
                }
                Side::Added => {
                    let change = open.get_or_insert_with(Change::default);
                    change.number = if change.added.is_empty() { number } else { change.number };
                    change.added.push(region.lines.len());
                }
            }
            region.lines.push(SourceLine {
                number,
                text: &line.text,
                code: code_of(&line.text, language, &mut inside),
                is_added: line.side == Side::Added,
            });
            number = number.saturating_add(1);
        }
        region.changes.extend(open);
        region.functions = Functions::of(&region);
        region.tests_from = region.lines.iter().position(|line| {
            line.code.contains("#[cfg(test)]") || line.code.trim_start().starts_with("mod tests")
        });
        region
    }

    /// Added lines with their index.
    pub(crate) fn added(&self) -> impl Iterator<Item = (usize, &SourceLine<'a>)> {
        self.lines.iter().enumerate().filter(|(_, line)| line.is_added && !line.is_blank())
    }

    /// The text from a line on until its parentheses are closed, joined by spaces.
    pub(crate) fn statement(&self, first: usize) -> String {
        joined(self.call(first).map(|line| line.text))
    }

    /// The same without comments and the inside of strings.
    pub(crate) fn statement_code(&self, first: usize) -> String {
        joined(self.call(first).map(|line| line.code.as_str()))
    }

    /// The lines from one on until its parentheses are closed.
    pub(crate) fn call(&self, first: usize) -> impl Iterator<Item = &SourceLine<'a>> {
        let mut depth = 0_i32;
        let mut is_open = true;
        let lines = self.lines.iter().skip(first).take(CALL_LINES_MAX);
        lines.take_while(move |line| {
            let was_open = is_open;
            for character in line.code.chars() {
                match character {
                    '(' | '[' | '{' => depth += 1,
                    ')' | ']' | '}' => depth -= 1,
                    _ => {}
                }
            }
            is_open = depth > 0;
            was_open
        })
    }

    /// The text from a line on to the one that ends the statement of a language with semicolons.
    pub(crate) fn chain(&self, first: usize) -> String {
        let mut has_ended = false;
        let lines = self.lines.iter().skip(first).take(CALL_LINES_MAX);
        joined(
            lines
                .take_while(|line| {
                    let goes_on = !has_ended;
                    has_ended = line.code.trim_end().ends_with(';') || line.is_blank();
                    goes_on
                })
                .map(|line| line.text),
        )
    }

    /// Lines with code that are indented deeper than a header, from it on.
    pub(crate) fn block(&self, header: usize) -> Vec<(usize, &SourceLine<'a>)> {
        let indent = self.lines.get(header).map_or(0, SourceLine::indent);
        self.lines
            .iter()
            .enumerate()
            .skip(header + 1)
            .filter(|(_, line)| !line.is_blank())
            .take_while(|(_, line)| line.indent() > indent)
            .collect()
    }

    /// The function that a line is in, as far as the hunk shows it.
    pub(crate) fn function(&self, index: usize) -> Option<&Function> {
        let found = self.functions.of_line.get(index)?;
        self.functions.all.get((*found)?)
    }

    /// Whether a line stands in a module of tests.
    pub(crate) fn is_in_tests(&self, index: usize) -> bool {
        self.tests_from.is_some_and(|from| from < index) || self.section.starts_with("mod tests")
    }

    /// The last line that is indented deeper than the header.
    fn end_of(&self, header: usize, indent: usize) -> usize {
        let mut last = header;
        // A signature that spans lines ends with a line at the header's own depth.
        let mut is_body = false;
        for (index, line) in self.lines.iter().enumerate().skip(header) {
            let ends_signature = line.code.trim_end().ends_with([':', '{']);
            let is_out = index > header && !line.is_blank() && line.indent() <= indent;
            // A declaration without a body ends where the next function begins.
            if is_out && (is_body || self::header(&line.code).is_some()) {
                break;
            }
            is_body |= ends_signature;
            if !line.is_blank() {
                last = index;
            }
        }
        last
    }

    /// What git says that the hunk is in.
    pub(crate) fn section(&self) -> &'a str {
        self.section
    }

    /// The lines of a function.
    pub(crate) fn body(&self, function: &Function) -> impl Iterator<Item = &SourceLine<'a>> {
        let count = function.last.saturating_sub(function.first) + 1;
        self.lines.iter().skip(function.first).take(count)
    }
}

impl Functions {
    fn of(region: &Region<'_>) -> Functions {
        let mut found = Functions::default();
        let around = header(region.section).map(|(name, is_async)| {
            found.all.push(Function { name, is_async, first: 0, last: region.end_of(0, 0) });
            0
        });
        // Lines that are open above the one that is looked at, each indented deeper than the one before, with the function
        // that what is indented deeper still is in.
        let mut open: Vec<(usize, Option<usize>)> = Vec::new();
        for (index, line) in region.lines.iter().enumerate() {
            let indent = line.indent();
            let own = header(&line.code).filter(|_| !line.is_blank()).map(|(name, is_async)| {
                let last = region.end_of(index, indent);
                found.all.push(Function { name, is_async, first: index, last });
                found.all.len() - 1
            });
            // A line at the same depth may be the end of a signature or of a block.
            let above = open.iter().rev().find(|(depth, _)| *depth <= indent);
            let is_in = own.or_else(|| above.map_or(around, |(_, function)| *function));
            found.of_line.push(is_in);
            if !line.is_blank() {
                open.retain(|(depth, _)| *depth < indent);
                let of_deeper = open.last().map_or(around, |(_, function)| *function);
                open.push((indent, own.or(of_deeper)));
            }
        }
        found
    }
}

fn joined<'t>(lines: impl Iterator<Item = &'t str>) -> String {
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}

/// The name in `def name(`, `async def name(`, `fn name(`, `function name(`.
fn header(code: &str) -> Option<(String, bool)> {
    let mut words = code.split_whitespace().peekable();
    let mut is_async = false;
    while let Some(word) = words.next() {
        match word {
            "async" => is_async = true,
            "def" | "fn" | "function" => {
                let name: String = words
                    .next()?
                    .chars()
                    .take_while(|character| character.is_alphanumeric() || *character == '_')
                    .collect();
                return (!name.is_empty()).then_some((name, is_async));
            }
            "pub" | "const" | "unsafe" | "export" | "default" | "static" => {}
            _ if word.starts_with("pub(") => {}
            _ => return None,
        }
    }
    None
}
