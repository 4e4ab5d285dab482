//! The code of a line without its comments and the inside of its strings, so that a rule about calls is not
//! misled by prose.

use crate::language::Language;

/// What a scan is inside of from one line to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Inside {
    #[default]
    Code,
    /// A Python triple-quoted string, or a JavaScript template: until this mark.
    Text(&'static str),
    /// A Rust raw string that ends with a quote and so many `#`.
    Raw(usize),
    /// A block comment.
    Comment,
}

/// Whether a backslash takes the next character with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escapes {
    Yes,
    No,
}

/// What stays of a piece of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    All,
    /// The quotes around a string.
    Ends,
    Nothing,
}

/// Replaces comments and the inside of strings by spaces; every byte of code keeps its place.
pub(crate) fn code_of(line: &str, language: Language, inside: &mut Inside) -> String {
    let mut code = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let taken = match *inside {
            Inside::Code => outside(rest, &code, language, inside),
            Inside::Text(mark) => within(rest, mark, Escapes::Yes, inside),
            Inside::Raw(hashes) => {
                let mark = format!("\"{}", "#".repeat(hashes));
                within(rest, &mark, Escapes::No, inside)
            }
            Inside::Comment => within(rest, "*/", Escapes::No, inside),
        };
        let (length, keep) = taken;
        let length = length.max(first.len_utf8()).min(rest.len());
        let Some((piece, after)) = rest.split_at_checked(length) else { break };
        let blanks = |count| std::iter::repeat_n(' ', count);
        match keep {
            Keep::All => code.push_str(piece),
            Keep::Nothing => code.extend(blanks(piece.len())),
            Keep::Ends => {
                code.push(first);
                code.extend(blanks(piece.len().saturating_sub(2)));
                code.push(first);
            }
        }
        rest = after;
    }
    code
}

/// How many bytes belong together from here on, and whether they are code.
fn outside(rest: &str, before: &str, language: Language, inside: &mut Inside) -> (usize, Keep) {
    let has_hash_comments =
        matches!(language, Language::Python | Language::Shell | Language::Settings);
    let has_slash_comments = matches!(language, Language::Rust | Language::Script);
    if has_hash_comments && rest.starts_with('#') {
        // In settings and shell a `#` inside a word is no comment.
        let starts_word = before.chars().next_back().is_none_or(char::is_whitespace);
        let is_comment = starts_word || language == Language::Python;
        return if is_comment { (rest.len(), Keep::Nothing) } else { (1, Keep::All) };
    }
    if has_slash_comments && rest.starts_with("//") {
        return (rest.len(), Keep::Nothing);
    }
    if has_slash_comments && rest.starts_with("/*") {
        *inside = Inside::Comment;
        return (2, Keep::Nothing);
    }
    match language {
        Language::Python => {
            for mark in ["\"\"\"", "'''"] {
                if rest.starts_with(mark) {
                    *inside = Inside::Text(mark);
                    return (3, Keep::All);
                }
            }
        }
        Language::Script if rest.starts_with('`') => {
            *inside = Inside::Text("`");
            return (1, Keep::All);
        }
        Language::Rust => {
            if let Some(raw) = raw_string(rest, before) {
                *inside = Inside::Raw(raw);
                return (raw.saturating_add(2), Keep::All);
            }
            if let Some(length) = character(rest) {
                return (length, Keep::Nothing);
            }
        }
        _ => {}
    }
    let quote = rest.chars().next().unwrap_or(' ');
    let is_quote = quote == '"' || (quote == '\'' && language != Language::Rust);
    if is_quote && language != Language::Other { string(rest, quote) } else { (0, Keep::All) }
}

/// A string that ends on its line.
fn string(rest: &str, quote: char) -> (usize, Keep) {
    let mut is_escaped = false;
    for (index, character) in rest.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if character == quote => return (index + 1, Keep::Ends),
            _ => {}
        }
    }
    // An apostrophe in prose, or a string that goes on: the quote alone.
    (1, Keep::All)
}

fn within(rest: &str, mark: &str, escapes: Escapes, inside: &mut Inside) -> (usize, Keep) {
    if rest.starts_with(mark) {
        *inside = Inside::Code;
        let keep = if mark == "*/" { Keep::Nothing } else { Keep::All };
        return (mark.len(), keep);
    }
    if escapes == Escapes::Yes && rest.starts_with('\\') {
        let escaped = rest.chars().nth(1).map_or(0, char::len_utf8);
        return (escaped + 1, Keep::Nothing);
    }
    (0, Keep::Nothing)
}

/// `r"`, `r#"`, `br#"`: how many `#`.
fn raw_string(rest: &str, before: &str) -> Option<usize> {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let is_prefix = before.chars().next_back().is_none_or(|last| !is_word(last) || last == 'b');
    let after = rest.strip_prefix('r').filter(|_| is_prefix)?;
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    after.get(hashes..)?.starts_with('"').then_some(hashes)
}

/// A character literal, which a lifetime is not.
fn character(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('\'')?;
    if let Some(escaped) = inner.strip_prefix('\\') {
        let end = escaped.char_indices().skip(1).find(|(_, character)| *character == '\'')?.0;
        return Some(end + 3);
    }
    let first = inner.chars().next()?;
    inner.get(first.len_utf8()..)?.starts_with('\'').then(|| first.len_utf8() + 2)
}
