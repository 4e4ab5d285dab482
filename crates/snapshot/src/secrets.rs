//! Keeping secrets out of a store that everybody may read.

use plimsoll_redact::{Rules, find};

/// What to do with a secret that a store without a seal would get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Secrets {
    /// The part fails and says where the secret stands.
    #[default]
    Refuse,
    /// The file is left out, and the snapshot says where it was.
    ByReference,
}

/// What sort of contents is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Written by people or meant for them: everything that looks like a secret counts.
    Text,
    /// Made by machines: random bytes look like secrets, so only known ones count.
    Machine,
}

/// A secret is at most so long, or it is found by its beginning.
const SECRET_LEN_MAX: usize = 4096;

/// Looks for secrets.
#[derive(Debug)]
pub(crate) struct Guard {
    rules: Rules,
    known: Vec<Vec<u8>>,
}

impl Guard {
    pub(crate) fn new(known: &[String]) -> Self {
        let long: Vec<_> = known.iter().filter(|value| value.len() >= 6).collect();
        Self {
            rules: Rules::default().with_known(&long),
            known: long.iter().map(|value| value.as_bytes().to_vec()).collect(),
        }
    }

    /// Says which secret is in `contents`, in words that do not give it away.
    pub(crate) fn find(&self, contents: &[u8], sort: Sort) -> Option<String> {
        let has = |value: &Vec<u8>| memchr::memmem::find(contents, value).is_some();
        if self.known.iter().any(has) {
            return Some("a value that is known to be secret".to_owned());
        }
        let text = if sort == Sort::Text { text(contents) } else { None }?;
        let span = find(text, &self.rules).into_iter().next()?;
        let line = text.get(..span.range.start).map_or(0, |before| before.matches('\n').count());
        Some(format!("{} in line {}", span.kind.name(), line + 1))
    }
}

/// The contents as text, if that is what they are; a character may be cut at both ends.
fn text(contents: &[u8]) -> Option<&str> {
    if memchr::memchr(0, contents).is_some() {
        return None;
    }
    let cut = contents.iter().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count();
    let contents = contents.get(cut..)?;
    match std::str::from_utf8(contents) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(contents.get(..error.valid_up_to())?).ok()
        }
        Err(_) => None,
    }
}

/// What stands on the cut between two contents of one file.
#[derive(Debug, Default)]
pub(crate) struct Seam(Vec<u8>);

impl Seam {
    /// Returns the end of the contents before with the beginning of these.
    pub(crate) fn over(&mut self, contents: &[u8]) -> Option<Vec<u8>> {
        let begin = contents.get(..contents.len().min(SECRET_LEN_MAX)).unwrap_or_default();
        let from = contents.len().saturating_sub(SECRET_LEN_MAX);
        let end = contents.get(from..).unwrap_or_default().to_vec();
        let before = std::mem::replace(&mut self.0, end);
        (!before.is_empty()).then(|| [&before, begin].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "ghp_abcdefghijABCDEFGHIJ0123456789abcd";

    #[test]
    fn a_secret_is_named_by_kind_and_line() {
        let guard = Guard::new(&["hunter2-hunter2".to_owned()]);
        let check = |contents: &[u8], sort, wanted: Option<&str>| {
            assert_eq!(guard.find(contents, sort).as_deref(), wanted, "{contents:?}");
        };
        let text = format!("a = 1\ntoken = {TOKEN}\n");
        check(text.as_bytes(), Sort::Text, Some("github in line 2"));
        check(text.as_bytes(), Sort::Machine, None);
        check(b"\0\xffhunter2-hunter2", Sort::Machine, Some("a value that is known to be secret"));
        check(b"nothing here", Sort::Text, None);
        check(
            &[b"\xa9 ", TOKEN.as_bytes(), b" \xc3"].concat(),
            Sort::Text,
            Some("github in line 1"),
        );
    }

    #[test]
    fn a_secret_on_the_cut_between_two_contents_is_seen() {
        let guard = Guard::new(&[]);
        let (one, other) = (format!("token {}", &TOKEN[..20]), format!("{} end", &TOKEN[20..]));
        let mut seam = Seam::default();
        assert_eq!(seam.over(one.as_bytes()), None);
        let both = seam.over(other.as_bytes()).unwrap();
        assert!(guard.find(&both, Sort::Text).is_some());
    }
}
