//! Private keys in PEM blocks.

use crate::Kind;
use crate::find::Found;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const HEADER_LEN_MAX: usize = 64;

pub(crate) fn find(text: &str, found: &mut Found<'_>) {
    let mut from = 0;
    while let Some(start) = text.get(from..).and_then(|rest| rest.find(BEGIN)).map(|at| from + at) {
        from = start + BEGIN.len();
        let header = text.as_bytes().get(from..).unwrap_or_default();
        let header = header.get(..HEADER_LEN_MAX).unwrap_or(header);
        if !is_private(header) {
            continue;
        }
        // Without an end the text was cut off, and the rest of it is key.
        let end = text.get(from..).and_then(|rest| rest.find(END)).map_or(text.len(), |at| {
            let label = from + at + END.len();
            let rest = text.get(label..).unwrap_or_default();
            rest.find("-----")
                .filter(|len| *len < HEADER_LEN_MAX)
                .map_or(label, |len| label + len + 5)
        });
        found.add(start, end, Kind::PrivateKey);
        from = end;
    }
}

fn is_private(header: &[u8]) -> bool {
    let label_len = header.windows(5).position(|five| five == b"-----").unwrap_or(header.len());
    let label = header.get(..label_len).unwrap_or_default();
    label.windows(11).any(|window| window == b"PRIVATE KEY")
}
