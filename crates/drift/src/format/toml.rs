//! TOML 1.0, with a span for every key and value.

use crate::cursor::Cursor;
use crate::span::Span;
use crate::tree::{Malformed, Node, NodeId, Scalar, Style, Tree};

/// Deepest nesting that is read.
const DEPTH_MAX: usize = 128;

/// Reads a part of a text; every span is one of the whole text.
pub(crate) fn read(text: &str, part: Span) -> Result<Tree, Malformed> {
    let mut tree = Tree::default();
    let root = tree.add(Node::Map(Vec::new()));
    tree.roots.push(root);
    let mut reader = Reader { text, cursor: Cursor::new(text, part), tree, root };
    reader.cursor.eat("\u{feff}");
    let mut table = root;
    loop {
        reader.skip_lines();
        match reader.cursor.peek() {
            None => return Ok(reader.tree),
            Some(b'[') => table = reader.header()?,
            Some(_) => reader.pair(table, 0)?,
        }
        reader.end_of_line()?;
    }
}

struct Reader<'t> {
    text: &'t str,
    cursor: Cursor<'t>,
    tree: Tree,
    root: NodeId,
}

impl Reader<'_> {
    /// Skips white space, line breaks and comments.
    fn skip_lines(&mut self) {
        loop {
            self.cursor.take_while(|byte| byte.is_ascii_whitespace());
            if self.cursor.peek() != Some(b'#') {
                return;
            }
            let comment = self.cursor.take_line();
            self.tree.comments.push(comment);
        }
    }

    fn end_of_line(&mut self) -> Result<(), Malformed> {
        self.cursor.skip_blanks();
        match self.cursor.peek() {
            None | Some(b'\n' | b'\r' | b'#') => Ok(()),
            Some(_) => Err(self.wrong("something after the end of a value")),
        }
    }

    /// `[a.b]` or `[[a.b]]`; gives the table that follows.
    fn header(&mut self) -> Result<NodeId, Malformed> {
        self.cursor.advance(1);
        let is_list = self.cursor.eat("[");
        let path = self.path()?;
        if !self.cursor.eat("]") || (is_list && !self.cursor.eat("]")) {
            return Err(self.wrong("no `]` after a table's name"));
        }
        let Some((last, parents)) = path.split_last() else { return Ok(self.root) };
        let parent = parents.iter().fold(self.root, |node, key| self.table(node, *key));
        if !is_list {
            return Ok(self.table(parent, *last));
        }
        let list = match self.named(parent, *last) {
            Some(node) => node,
            None => self.insert(parent, *last, Node::List(Vec::new())),
        };
        let table = self.tree.add(Node::Map(Vec::new()));
        if let Some(Node::List(items)) = self.tree.get_mut(list) {
            items.push(table);
        }
        Ok(table)
    }

    fn named(&self, parent: NodeId, key: Scalar) -> Option<NodeId> {
        self.tree.child(parent, self.text, key.text(self.text))
    }

    /// The table of a name, made if it is not there; of a list of tables its last.
    fn table(&mut self, parent: NodeId, key: Scalar) -> NodeId {
        let Some(found) = self.named(parent, key) else {
            return self.insert(parent, key, Node::Map(Vec::new()));
        };
        self.tree.items(found).last().copied().unwrap_or(found)
    }

    fn insert(&mut self, parent: NodeId, key: Scalar, node: Node) -> NodeId {
        let node = self.tree.add(node);
        if let Some(Node::Map(entries)) = self.tree.get_mut(parent) {
            entries.push((key, node));
        }
        node
    }

    fn pair(&mut self, table: NodeId, depth: usize) -> Result<(), Malformed> {
        let path = self.path()?;
        if !self.cursor.eat("=") {
            return Err(self.wrong("no `=` after a key"));
        }
        self.cursor.skip_blanks();
        let value = self.value(depth)?;
        let Some((last, parents)) = path.split_last() else { return Ok(()) };
        let parent = parents.iter().fold(table, |node, key| self.table(node, *key));
        if let Some(Node::Map(entries)) = self.tree.get_mut(parent) {
            entries.push((*last, value));
        }
        Ok(())
    }

    /// A dotted key and the blanks around it.
    fn path(&mut self) -> Result<Vec<Scalar>, Malformed> {
        let mut path = Vec::new();
        loop {
            self.cursor.skip_blanks();
            path.push(self.key()?);
            self.cursor.skip_blanks();
            if path.len() > DEPTH_MAX {
                return Err(self.wrong("a key of more than 128 parts"));
            }
            if !self.cursor.eat(".") {
                return Ok(path);
            }
        }
    }

    fn key(&mut self) -> Result<Scalar, Malformed> {
        match self.cursor.peek() {
            Some(b'"') => self.basic(),
            Some(b'\'') => self.literal(),
            _ => {
                let span = self.cursor.take_while(
                    |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'-'),
                );
                if span.is_empty() {
                    return Err(self.wrong("no key where one should be"));
                }
                Ok(Scalar { span, style: Style::Plain })
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<NodeId, Malformed> {
        if depth > DEPTH_MAX {
            return Err(self.wrong("nesting deeper than 128"));
        }
        let scalar = match self.cursor.peek() {
            Some(b'[') => return self.list(depth),
            Some(b'{') => return self.inline_table(depth),
            Some(b'"') if self.cursor.starts_with("\"\"\"") => {
                self.long("\"\"\"", Style::Escaped)?
            }
            Some(b'\'') if self.cursor.starts_with("'''") => self.long("'''", Style::Raw)?,
            Some(b'"') => self.basic()?,
            Some(b'\'') => self.literal()?,
            _ => self.bare()?,
        };
        Ok(self.tree.add(Node::Scalar(scalar)))
    }

    /// A number, a boolean, a date.
    fn bare(&mut self) -> Result<Scalar, Malformed> {
        let is_bare = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'-' | b'+' | b'.' | b':');
        let mut span = self.cursor.take_while(is_bare);
        // A date and its time may stand apart.
        let is_date =
            span.len() == 10 && span.of(self.text).bytes().filter(|b| *b == b'-').count() == 2;
        if is_date
            && self.cursor.peek() == Some(b' ')
            && self.cursor.peek_nth(1).is_some_and(|byte| byte.is_ascii_digit())
        {
            self.cursor.advance(1);
            span.end = self.cursor.take_while(is_bare).end;
        }
        if span.is_empty() {
            return Err(self.wrong("no value where one should be"));
        }
        Ok(Scalar { span, style: Style::Plain })
    }

    fn basic(&mut self) -> Result<Scalar, Malformed> {
        let open = self.cursor.at();
        self.cursor.advance(1);
        let start = self.cursor.at();
        let mut style = Style::Raw;
        loop {
            match self.cursor.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    style = Style::Escaped;
                    self.cursor.advance(2);
                }
                Some(b'\n') | None => {
                    return Err(Malformed::new(open, "a text without its closing quote"));
                }
                Some(_) => {
                    self.cursor.take_while(|byte| !matches!(byte, b'"' | b'\\' | b'\n'));
                }
            }
        }
        let span = Span::new(start, self.cursor.at());
        self.cursor.advance(1);
        Ok(Scalar { span, style })
    }

    fn literal(&mut self) -> Result<Scalar, Malformed> {
        let open = self.cursor.at();
        self.cursor.advance(1);
        let span = self.cursor.take_while(|byte| byte != b'\'' && byte != b'\n');
        if !self.cursor.eat("'") {
            return Err(Malformed::new(open, "a text without its closing quote"));
        }
        Ok(Scalar { span, style: Style::Raw })
    }

    fn long(&mut self, quotes: &str, style: Style) -> Result<Scalar, Malformed> {
        let open = self.cursor.at();
        self.cursor.advance(quotes.len());
        let start = self.cursor.at();
        loop {
            if self.cursor.is_end() {
                return Err(Malformed::new(open, "a text without its closing quotes"));
            }
            if self.cursor.starts_with(quotes) {
                break;
            }
            let is_escape = style == Style::Escaped && self.cursor.peek() == Some(b'\\');
            self.cursor.advance(if is_escape { 2 } else { 1 });
        }
        self.cursor.advance(quotes.len());
        // Up to two quotes may stand right before the closing ones.
        for _ in 0..2 {
            self.cursor.eat(quotes.get(..1).unwrap_or_default());
        }
        let end = self.cursor.at() - quotes.len();
        Ok(Scalar { span: Span::new(start, end), style })
    }

    fn list(&mut self, depth: usize) -> Result<NodeId, Malformed> {
        self.cursor.advance(1);
        let mut items = Vec::new();
        loop {
            self.skip_lines();
            if self.cursor.eat("]") {
                return Ok(self.tree.add(Node::List(items)));
            }
            items.push(self.value(depth + 1)?);
            self.skip_lines();
            if !self.cursor.eat(",") && self.cursor.peek() != Some(b']') {
                return Err(self.wrong("no `,` and no `]` after a value"));
            }
        }
    }

    fn inline_table(&mut self, depth: usize) -> Result<NodeId, Malformed> {
        self.cursor.advance(1);
        let table = self.tree.add(Node::Map(Vec::new()));
        loop {
            self.skip_lines();
            if self.cursor.eat("}") {
                return Ok(table);
            }
            self.pair(table, depth + 1)?;
            self.skip_lines();
            if !self.cursor.eat(",") && self.cursor.peek() != Some(b'}') {
                return Err(self.wrong("no `,` and no `}` after a value"));
            }
        }
    }

    fn wrong(&self, what: &str) -> Malformed {
        Malformed::new(self.cursor.at(), what)
    }
}
