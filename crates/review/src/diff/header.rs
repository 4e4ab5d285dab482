//! The lines before a file's first hunk: its paths.

use super::FileDiff;

const NO_FILE: &str = "/dev/null";

/// Takes one header line into the file. Lines of no interest (modes, index, similarity) change nothing.
pub(super) fn take(file: &mut FileDiff, line: &str) {
    if let Some(path) = line.strip_prefix("--- ") {
        file.old_path = side(path, "a/");
    } else if let Some(path) = line.strip_prefix("+++ ") {
        file.new_path = side(path, "b/");
    } else if let Some(path) = line.strip_prefix("rename from ").or(line.strip_prefix("copy from "))
    {
        file.old_path = Some(unquote(path));
    } else if let Some(path) = line.strip_prefix("rename to ").or(line.strip_prefix("copy to ")) {
        file.new_path = Some(unquote(path));
    } else if line.starts_with("deleted file mode") {
        file.new_path = None;
    } else if line.starts_with("new file mode") {
        file.old_path = None;
    } else if line.starts_with("Binary files ") || line.starts_with("GIT binary patch") {
        file.is_binary = true;
    }
}

/// The two paths of a `diff --git a/x b/x` line. Only where both are equal can an unquoted path with spaces be
/// told apart; for renames git prints lines of their own.
pub(super) fn git_paths(rest: &str) -> FileDiff {
    let paths = if rest.starts_with('"') {
        let end = closing_quote(rest).unwrap_or(rest.len());
        rest.split_at_checked(end).map(|(old, new)| (unquote(old), unquote(new.trim_start())))
    } else {
        let half = rest.len() / 2;
        let equal = rest
            .split_at_checked(half)
            .map(|(old, new)| (old.to_owned(), new.trim_start().to_owned()))
            .filter(|(old, new)| strip(old, "a/") == strip(new, "b/"));
        equal.or_else(|| {
            rest.split_once(" b/").map(|(old, new)| (old.to_owned(), format!("b/{new}")))
        })
    };
    let Some((old, new)) = paths else { return FileDiff::default() };
    FileDiff {
        old_path: Some(strip(&old, "a/").to_owned()),
        new_path: Some(strip(&new, "b/").to_owned()),
        ..FileDiff::default()
    }
}

fn side(path: &str, prefix: &str) -> Option<String> {
    // diff(1) puts a tab and a time after the path.
    let path = unquote(path.split('\t').next().unwrap_or(path));
    (path != NO_FILE).then(|| strip(&path, prefix).to_owned())
}

fn strip<'a>(path: &'a str, prefix: &str) -> &'a str {
    path.strip_prefix(prefix).unwrap_or(path)
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return Some(index + 1),
            _ => {}
        }
    }
    None
}

/// git's quoting of paths with unusual bytes: C escapes and octal bytes.
fn unquote(path: &str) -> String {
    let Some(inner) = path.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return path.to_owned();
    };
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner.bytes().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'n') => bytes.push(b'\n'),
            Some(b't') => bytes.push(b'\t'),
            Some(b'r') => bytes.push(b'\r'),
            Some(digit @ b'0'..=b'3') => {
                let mut value = u32::from(digit - b'0');
                for _ in 0..2 {
                    let Some(digit) = rest.next_if(|byte| (b'0'..=b'7').contains(byte)) else {
                        break;
                    };
                    value = value * 8 + u32::from(digit - b'0');
                }
                bytes.extend(u8::try_from(value));
            }
            Some(other) => bytes.push(other),
            None => {}
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
