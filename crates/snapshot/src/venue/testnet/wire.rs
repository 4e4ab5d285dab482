//! An action as it is sent, in JSON, and as it is signed, in `MessagePack`, with keys in one order.

use serde_json::Value;

/// A part of an action.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Map(Vec<(&'static str, Node)>),
    List(Vec<Node>),
    Text(String),
    Int(u64),
    Bool(bool),
}

impl Node {
    pub(super) fn map(pairs: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        Self::Map(pairs.into_iter().collect())
    }

    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// The text that is sent.
    pub(super) fn json(&self) -> String {
        let joined = |parts: Vec<String>| parts.join(",");
        match self {
            Self::Map(pairs) => {
                let one = |(key, node): &(&str, Self)| format!("\"{key}\":{}", node.json());
                format!("{{{}}}", joined(pairs.iter().map(one).collect()))
            }
            Self::List(nodes) => format!("[{}]", joined(nodes.iter().map(Self::json).collect())),
            Self::Text(text) => Value::from(text.as_str()).to_string(),
            Self::Int(number) => number.to_string(),
            Self::Bool(is_so) => is_so.to_string(),
        }
    }

    /// Adds the bytes that are signed. `None` if something is longer than any action is.
    pub(super) fn pack(&self, into: &mut Vec<u8>) -> Option<()> {
        let small =
            |len: usize, base: u8| (len < 16).then(|| u8::try_from(len).ok().map(|n| base | n));
        match self {
            Self::Map(pairs) => {
                into.push(small(pairs.len(), 0x80)??);
                for (key, node) in pairs {
                    Self::text(key).pack(into)?;
                    node.pack(into)?;
                }
            }
            Self::List(nodes) => {
                into.push(small(nodes.len(), 0x90)??);
                nodes.iter().try_for_each(|node| node.pack(into))?;
            }
            Self::Text(text) => {
                let len = u8::try_from(text.len()).ok()?;
                match len {
                    0..32 => into.push(0xa0 | len),
                    _ => into.extend([0xd9, len]),
                }
                into.extend_from_slice(text.as_bytes());
            }
            Self::Int(number) => pack_number(*number, into),
            Self::Bool(is_so) => into.push(if *is_so { 0xc3 } else { 0xc2 }),
        }
        Some(())
    }
}

/// The shortest form, which is the one that is signed.
fn pack_number(number: u64, into: &mut Vec<u8>) {
    if let Ok(n) = u8::try_from(number) {
        if n >= 0x80 {
            into.push(0xcc);
        }
        into.push(n);
    } else if let Ok(n) = u16::try_from(number) {
        into.push(0xcd);
        into.extend(n.to_be_bytes());
    } else if let Ok(n) = u32::try_from(number) {
        into.push(0xce);
        into.extend(n.to_be_bytes());
    } else {
        into.push(0xcf);
        into.extend(number.to_be_bytes());
    }
}
