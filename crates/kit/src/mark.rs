//! A part of somebody's file that is ours, between two lines that say so.

/// How a file comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marks {
    /// `# ...`
    Hash,
    /// `<!-- ... -->`
    Html,
}

/// Where the part is in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// There is none.
    None,
    /// A mark without its other one, or twice.
    Broken,
    /// What stands before, inside and behind; the marks belong to before and behind.
    Inside { before: &'a str, inside: &'a str, behind: &'a str },
}

impl Marks {
    fn line(self, word: &str, name: &str) -> String {
        match self {
            Marks::Hash => format!("# plimsoll:{word} {name}\n"),
            Marks::Html => format!("<!-- plimsoll:{word} {name} -->\n"),
        }
    }

    /// The part with its marks; the first one is indented like what it begins, and the last one, behind which the file
    /// ends, is not.
    pub(crate) fn around(self, name: &str, inside: &str, indent: &str) -> String {
        let (begin, end) = (self.line("begin", name), self.line("end", name));
        format!("{indent}{begin}{inside}{end}")
    }

    /// Looks for the part.
    pub(crate) fn find<'a>(self, text: &'a str, name: &str) -> Found<'a> {
        let (begin, end) = (self.line("begin", name), self.line("end", name));
        let places = |mark: &str| {
            let mut at = 0;
            let mut places = Vec::new();
            for line in text.split_inclusive('\n') {
                if line.trim() == mark.trim() {
                    places.push((at, at + line.len()));
                }
                at += line.len();
            }
            places
        };
        match (places(&begin).as_slice(), places(&end).as_slice()) {
            ([], []) => Found::None,
            ([(_, from)], [(to, _)]) if from <= to => {
                let part = |range| text.get(range).unwrap_or_default();
                Found::Inside {
                    before: part(0..*from),
                    inside: part(*from..*to),
                    behind: part(*to..text.len()),
                }
            }
            _ => Found::Broken,
        }
    }
}
