//! Paths in a tree: bytes with slashes, written so that every name survives.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A relative path with `/` between its names, or what a symbolic link says.
///
/// Ordered name by name, so that what is in a directory directly follows it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct TreePath(Box<[u8]>);

impl TreePath {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    pub(crate) fn of(path: &Path) -> Self {
        Self(path.as_os_str().as_bytes().into())
    }

    pub(crate) fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.0))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn join(&self, name: &OsStr) -> Self {
        Self([&self.0, &b"/"[..], name.as_bytes()].concat().into())
    }

    pub(crate) fn parent(&self) -> Option<Self> {
        let slash = self.0.iter().rposition(|byte| *byte == b'/')?;
        self.0.get(..slash).map(Self::new)
    }

    /// Where it is, if its first name stands for `root`.
    pub(crate) fn under(&self, root: &Path) -> PathBuf {
        let slash = self.0.iter().position(|byte| *byte == b'/');
        match slash.and_then(|slash| self.0.get(slash + 1..)) {
            Some(below) => root.join(OsStr::from_bytes(below)),
            // A path that ends with a slash would mean a directory.
            None => root.to_owned(),
        }
    }

    pub(crate) fn first(&self) -> &[u8] {
        self.0.split(|byte| *byte == b'/').next().unwrap_or_default()
    }

    /// Whether it lies in `dir`, at whatever depth.
    pub(crate) fn is_inside(&self, dir: &Self) -> bool {
        self.0.strip_prefix(&*dir.0).is_some_and(|rest| rest.first() == Some(&b'/'))
    }

    /// Whether every name is one: none is empty, `.` or `..`, and none holds a zero.
    pub(crate) fn is_below_root(&self) -> bool {
        self.0
            .split(|byte| *byte == b'/')
            .all(|name| !matches!(name, b"" | b"." | b"..") && !name.contains(&0))
    }

    /// For people.
    pub(crate) fn shown(&self) -> String {
        self.escaped().into_owned()
    }

    /// Text for JSON: a backslash becomes two, a byte that is not UTF-8 `\xNN`.
    fn escaped(&self) -> Cow<'_, str> {
        match std::str::from_utf8(&self.0) {
            Ok(text) if !text.contains('\\') => return Cow::Borrowed(text),
            _ => {}
        }
        let mut text = String::with_capacity(self.0.len() + 8);
        for chunk in self.0.utf8_chunks() {
            text.push_str(&chunk.valid().replace('\\', "\\\\"));
            for byte in chunk.invalid() {
                text.push_str(&format!("\\x{byte:02x}"));
            }
        }
        Cow::Owned(text)
    }

    fn unescape(text: &str) -> Option<Self> {
        if !text.contains('\\') {
            return Some(Self::new(text.as_bytes()));
        }
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((plain, after)) = rest.split_once('\\') {
            bytes.extend_from_slice(plain.as_bytes());
            if let Some(after) = after.strip_prefix('\\') {
                bytes.push(b'\\');
                rest = after;
            } else {
                let digits = after.strip_prefix('x')?;
                bytes.push(u8::from_str_radix(digits.get(..2)?, 16).ok()?);
                rest = digits.get(2..)?;
            }
        }
        bytes.extend_from_slice(rest.as_bytes());
        Some(Self(bytes.into()))
    }
}

impl fmt::Debug for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.escaped())
    }
}

impl Ord for TreePath {
    fn cmp(&self, other: &Self) -> Ordering {
        // A slash sorts before every other byte, so that a directory's entries follow it.
        let key = |byte: &u8| if *byte == b'/' { 0 } else { u16::from(*byte) + 1 };
        self.0.iter().map(key).cmp(other.0.iter().map(key))
    }
}

impl PartialOrd for TreePath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for TreePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.escaped())
    }
}

impl<'de> Deserialize<'de> for TreePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::unescape(&text).ok_or_else(|| serde::de::Error::custom("a wrong escape in a path"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_survives_its_text() {
        for bytes in [&b"a"[..], b"", b"\xff\xfe", b"a\\xff", "über/\u{1f980}".as_bytes(), b"\n"] {
            let path = TreePath::new(bytes);
            assert_eq!(TreePath::unescape(&path.escaped()), Some(path));
        }
        for wrong in ["\\", "\\x", "\\xf", "\\q", "\\xzz", "\\x+1"] {
            let read = TreePath::unescape(wrong);
            assert!(read.is_none() || wrong == "\\x+1", "{wrong}: {read:?}");
        }
    }

    #[test]
    fn what_is_in_a_directory_directly_follows_it() {
        let mut paths: Vec<_> =
            ["a-b", "a/c", "a", "a/c/d", "ab"].map(|p| TreePath::new(p.as_bytes())).to_vec();
        paths.sort();
        let shown: Vec<_> = paths.iter().map(TreePath::shown).collect();
        assert_eq!(shown, ["a", "a/c", "a/c/d", "a-b", "ab"]);
    }
}
