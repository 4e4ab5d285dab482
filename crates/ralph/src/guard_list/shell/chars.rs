//! A script's characters, one after another.

/// A place in a text.
#[derive(Debug, Clone)]
pub(super) struct Chars<'a> {
    rest: &'a str,
}

impl<'a> Chars<'a> {
    pub(super) fn new(text: &'a str) -> Chars<'a> {
        Chars { rest: text }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next()?;
        self.rest = chars.as_str();
        Some(next)
    }

    /// Takes `text` if it comes next.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    pub(super) fn starts_with(&self, text: &str) -> bool {
        self.rest.starts_with(text)
    }

    /// Takes characters as long as they are wanted.
    pub(super) fn take_while(&mut self, is_wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !is_wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Takes everything before `end`, and `end`; all that is left when it does not come.
    pub(super) fn take_until(&mut self, end: &str) -> &'a str {
        let (taken, rest) = self.rest.split_once(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// Takes what stands in brackets, the opening one of which was taken, with quotes and inner brackets respected.
    pub(super) fn take_bracketed(&mut self, open: char, close: char) -> &'a str {
        let mut depth = 1_usize;
        let mut quote = None;
        let mut is_escaped = false;
        for (at, c) in self.rest.char_indices() {
            match (is_escaped, quote) {
                (true, _) => is_escaped = false,
                (false, Some('\'')) if c != '\'' => {}
                (false, _) if c == '\\' => is_escaped = true,
                (false, Some(q)) if c == q => quote = None,
                (false, Some(_)) => {}
                (false, None) if c == '\'' || c == '"' => quote = Some(c),
                (false, None) if c == open => depth += 1,
                (false, None) if c == close => depth -= 1,
                (false, None) => {}
            }
            if depth == 0 {
                let taken = self.rest.get(..at).unwrap_or_default();
                self.rest = self.rest.get(at + c.len_utf8()..).unwrap_or_default();
                return taken;
            }
        }
        std::mem::take(&mut self.rest)
    }
}
