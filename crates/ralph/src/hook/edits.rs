//! What an editing tool did: for the question whether a test came before the code.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::store::hex;
use crate::event::ToolCall;
use crate::record::EditRecord;

/// Sixteen hexadecimal digits are enough to tell the files of a project apart.
const DIGEST_CHARS: usize = 16;
/// What a source file has inside when its tests are in it.
const TESTS_INSIDE: [&str; 3] = ["#[test]", "#[cfg(test)]", "#[tokio::test]"];
const SOURCE_EXTENSIONS: [&str; 20] = [
    "rs", "py", "js", "jsx", "ts", "tsx", "go", "java", "kt", "c", "h", "cc", "cpp", "hpp", "rb",
    "swift", "cs", "php", "scala", "ex",
];

/// With a capital letter only, or `latest.rs` would be a test.
const TEST_SUFFIXES: [&str; 11] =
    ["_test", "-test", ".test", "_tests", "_spec", "-spec", ".spec", "Test", "Tests", "Spec", "IT"];

/// Digest of a path.
pub(crate) fn path_digest(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    digest(path.as_os_str().as_bytes())
}

/// Digest of a text that must not be kept.
pub(crate) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes)).chars().take(DIGEST_CHARS).collect()
}

/// What a call of an editing tool did; `None` for other tools.
pub(crate) fn of(tool: &ToolCall, cwd: &Path) -> Option<EditRecord> {
    let path = cwd.join(tool.edited_file()?);
    let edits = tool.edits();
    let lines = |text: &str| u64::try_from(text.lines().count()).unwrap_or(u64::MAX);
    let sum = |count: &dyn Fn(&(&str, &str)) -> u64| {
        edits.iter().map(count).fold(0_u64, u64::saturating_add)
    };
    let has_tests = edits.iter().any(|(new, _)| TESTS_INSIDE.iter().any(|t| new.contains(t)));
    let (role, subject) = role(&path, has_tests);
    Some(EditRecord {
        file_digest: path_digest(&path),
        subject_digest: digest(subject.as_bytes()),
        role: role.to_owned(),
        lines_added: sum(&|(new, _)| lines(new)),
        lines_removed: sum(&|(_, old)| lines(old)),
    })
}

/// Whether a file is a test or a source, and what it is about: `test_parse.py`, `parse_test.go`,
/// `parse.spec.ts`, `tests/parse.rs` and `src/parse.py` are all about `parse`.
fn role(path: &Path, has_tests: bool) -> (&'static str, String) {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
    if !SOURCE_EXTENSIONS.contains(&extension) {
        return ("other", stem.to_lowercase());
    }
    let mut subject = stem;
    for prefix in ["test_", "test-"] {
        subject = subject.strip_prefix(prefix).unwrap_or(subject);
    }
    for suffix in TEST_SUFFIXES {
        subject = subject.strip_suffix(suffix).filter(|s| !s.is_empty()).unwrap_or(subject);
    }
    let in_tests = path.components().rev().skip(1).any(|part| {
        part.as_os_str()
            .to_str()
            .is_some_and(|name| matches!(name, "test" | "tests" | "__tests__" | "spec" | "testing"))
    });
    let role = match (subject != stem || in_tests, has_tests) {
        (true, _) => "test",
        (false, true) => "both",
        (false, false) => "source",
    };
    (role, subject.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, new: &str, expected: (&str, &str)) {
        let input =
            serde_json::json!({ "file_path": path, "old_string": "a\nb", "new_string": new });
        let tool = ToolCall::new("Edit", None, &input.to_string());
        let edit = of(&tool, Path::new("/p")).unwrap();
        assert_eq!(
            (edit.role.as_str(), edit.subject_digest),
            (expected.0, digest(expected.1.as_bytes()))
        );
        assert_eq!(edit.lines_removed, 2);
    }

    #[test]
    fn a_test_and_its_source_are_about_the_same() {
        check("src/parse.py", "x", ("source", "parse"));
        check("tests/test_parse.py", "x", ("test", "parse"));
        check("pkg/parse_test.go", "x", ("test", "parse"));
        check("web/parse.spec.ts", "x", ("test", "parse"));
        check("web/__tests__/parse.ts", "x", ("test", "parse"));
        check("src/main/ParseTest.java", "x", ("test", "parse"));
        check("crates/a/tests/it/parse.rs", "x", ("test", "parse"));
        check("src/parse.rs", "#[test]\nfn f() {}", ("both", "parse"));
        check("src/latest.rs", "x", ("source", "latest"));
        check("README.md", "x", ("other", "readme"));
        check("src/test.rs", "x", ("source", "test"));
    }

    #[test]
    fn a_tool_that_edits_nothing_is_no_edit() {
        assert_eq!(of(&ToolCall::new("Bash", None, "{}"), Path::new("/p")), None);
        assert_eq!(of(&ToolCall::new("Edit", None, "[]"), Path::new("/p")), None);
    }
}
