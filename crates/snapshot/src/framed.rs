//! Small files of the store: a line with word, version and digest, and then the contents.

use crate::digest::Digest;

/// Why such a file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The file is not one of these, or was cut off.
    #[error("it is not what its name says: {what}")]
    Format {
        /// What does not fit.
        what: &'static str,
    },
    /// A newer program wrote it.
    #[error("it has format {found}, and this program reads up to {known}: use a newer one")]
    Newer {
        /// Its version.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
    /// Its bytes are not those that were written.
    #[error("its bytes have digest {actual}, and its first line says {stated}")]
    Damaged {
        /// What its first line says.
        stated: Digest,
        /// What its bytes have.
        actual: Digest,
    },
}

pub(crate) fn write(word: &str, version: u32, contents: &[u8]) -> Vec<u8> {
    let mut file = format!("{word} {version} {}\n", Digest::of(contents)).into_bytes();
    file.extend_from_slice(contents);
    file
}

pub(crate) fn read<'a>(file: &'a [u8], word: &str, known: u32) -> Result<&'a [u8], FrameError> {
    let format = |what| FrameError::Format { what };
    let end = file.iter().take(256).position(|byte| *byte == b'\n');
    let (head, contents) = end
        .and_then(|end| file.split_at_checked(end + 1))
        .ok_or(format("there is no first line"))?;
    let head = std::str::from_utf8(head).map_err(|_| format("its first line is no text"))?;
    let words: Vec<&str> = head.trim_end_matches('\n').split(' ').collect();
    let [first, version, stated] = words.as_slice() else {
        return Err(format("its first line has not three words"));
    };
    if *first != word {
        return Err(format("its first word is another"));
    }
    let stated: Digest = stated.parse().map_err(|_| format("its first line has no digest"))?;
    match version.parse::<u32>() {
        Ok(found) if found > known && version.len() < 6 => {
            return Err(FrameError::Newer { found, known });
        }
        Ok(found) if found.to_string() == *version && found > 0 => {}
        _ => return Err(format("its first line has no version")),
    }
    let actual = Digest::of(contents);
    if actual == stated { Ok(contents) } else { Err(FrameError::Damaged { stated, actual }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_bit_is_found() {
        let file = write("word", 1, b"contents\nof two lines");
        assert_eq!(read(&file, "word", 1).unwrap(), b"contents\nof two lines");
        for bit in 0..file.len() * 8 {
            let mut wrong = file.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&wrong, "word", 1).is_err(), "bit {bit}");
        }
        for len in 0..file.len() {
            assert!(read(&file[..len], "word", 1).is_err(), "cut to {len}");
        }
        let newer = read(&write("word", 2, b""), "word", 1).unwrap_err();
        assert!(matches!(newer, FrameError::Newer { found: 2, known: 1 }), "{newer}");
    }
}
