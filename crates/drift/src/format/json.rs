//! JSON, with the comments and trailing commas that people put into it.

use crate::cursor::Cursor;
use crate::span::Span;
use crate::tree::{Malformed, Node, NodeId, Scalar, Style, Tree};

/// Deepest nesting that is read.
const DEPTH_MAX: usize = 128;

/// Reads a part of a text; every span is one of the whole text.
pub(crate) fn read(text: &str, part: Span) -> Result<Tree, Malformed> {
    let mut reader = Reader { cursor: Cursor::new(text, part), tree: Tree::default() };
    reader.cursor.eat("\u{feff}");
    reader.skip()?;
    while !reader.cursor.is_end() {
        let root = reader.value(0)?;
        reader.tree.roots.push(root);
        reader.skip()?;
    }
    if reader.tree.roots.is_empty() {
        return Err(Malformed::new(part.start, "no value"));
    }
    Ok(reader.tree)
}

struct Reader<'t> {
    cursor: Cursor<'t>,
    tree: Tree,
}

impl Reader<'_> {
    /// Skips white space and comments.
    fn skip(&mut self) -> Result<(), Malformed> {
        loop {
            self.cursor.take_while(|byte| byte.is_ascii_whitespace());
            if self.cursor.starts_with("//") {
                let comment = self.cursor.take_line();
                self.tree.comments.push(comment);
            } else if self.cursor.starts_with("/*") {
                let at = self.cursor.at();
                self.cursor.advance(2);
                if !self.cursor.find_past("*/") {
                    return Err(Malformed::new(at, "a comment without end"));
                }
            } else {
                return Ok(());
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<NodeId, Malformed> {
        if depth > DEPTH_MAX {
            return Err(self.wrong("nesting deeper than 128"));
        }
        match self.cursor.peek() {
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => {
                let scalar = self.string()?;
                Ok(self.tree.add(Node::Scalar(scalar)))
            }
            Some(_) => {
                let span = self.cursor.take_while(
                    |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'+' | b'-' | b'.' | b'_'),
                );
                if span.is_empty() {
                    return Err(self.wrong("no value where one should be"));
                }
                Ok(self.tree.add(Node::Scalar(Scalar { span, style: Style::Plain })))
            }
            None => Err(self.wrong("the end where a value should be")),
        }
    }

    fn map(&mut self, depth: usize) -> Result<NodeId, Malformed> {
        self.cursor.advance(1);
        let mut entries = Vec::new();
        loop {
            self.skip()?;
            if self.cursor.eat("}") {
                return Ok(self.tree.add(Node::Map(entries)));
            }
            if self.cursor.peek() != Some(b'"') {
                return Err(self.wrong("no key in quotes and no `}`"));
            }
            let key = self.string()?;
            self.skip()?;
            if !self.cursor.eat(":") {
                return Err(self.wrong("no `:` after a key"));
            }
            self.skip()?;
            entries.push((key, self.value(depth + 1)?));
            self.skip()?;
            if !self.cursor.eat(",") && self.cursor.peek() != Some(b'}') {
                return Err(self.wrong("no `,` and no `}` after a value"));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<NodeId, Malformed> {
        self.cursor.advance(1);
        let mut items = Vec::new();
        loop {
            self.skip()?;
            if self.cursor.eat("]") {
                return Ok(self.tree.add(Node::List(items)));
            }
            items.push(self.value(depth + 1)?);
            self.skip()?;
            if !self.cursor.eat(",") && self.cursor.peek() != Some(b']') {
                return Err(self.wrong("no `,` and no `]` after a value"));
            }
        }
    }

    fn string(&mut self) -> Result<Scalar, Malformed> {
        let open = self.cursor.at();
        self.cursor.advance(1);
        let start = self.cursor.at();
        let mut style = Style::Raw;
        loop {
            match self.cursor.find_either(b'"', b'\\') {
                Some(b'"') => {
                    let span = Span::new(start, self.cursor.at());
                    self.cursor.advance(1);
                    return Ok(Scalar { span, style });
                }
                Some(_) => {
                    style = Style::Escaped;
                    self.cursor.advance(2);
                }
                None => return Err(Malformed::new(open, "a text without its closing quote")),
            }
        }
    }

    fn wrong(&self, what: &str) -> Malformed {
        Malformed::new(self.cursor.at(), what)
    }
}
