//! What logs and snapshots carry to say which configuration held.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::node::{Form, Node, Value};

/// A digest of every effective value. Comments, order, spelling and layers do not change it, a
/// value does; of a secret it has the name only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn of(root: &Node) -> Self {
        let mut hash = Sha256::new();
        add(root, &mut hash);
        Self(hash.finalize().into())
    }

    /// Returns the bytes of the SHA-256.
    #[must_use]
    pub fn bytes(&self) -> [u8; 32] {
        self.0
    }

    /// Returns the first twelve hexadecimal digits, enough to tell configurations of one system
    /// apart in a log line.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string().chars().take(12).collect()
    }
}

/// Each part with its length before it, so that no two trees give the same bytes.
fn add(node: &Node, hash: &mut Sha256) {
    match &node.value {
        Value::Null => hash.update(b"0"),
        Value::Scalar { text, form } => {
            hash.update(if *form == Form::Text { b"t" } else { b"p" });
            add_text(text, hash);
        }
        Value::List(items) => {
            hash.update(b"l");
            hash.update(items.len().to_le_bytes());
            items.iter().for_each(|item| add(&item.node, hash));
        }
        Value::Map(map) => {
            hash.update(b"m");
            hash.update(map.0.len().to_le_bytes());
            for (name, entry) in &map.0 {
                add_text(name, hash);
                add(&entry.node, hash);
            }
        }
    }
}

fn add_text(text: &str, hash: &mut Sha256) {
    hash.update(text.len().to_le_bytes());
    hash.update(text);
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
