//! Which files speak for the repository as it is: not tests, archives, logs and what others wrote.

/// Folders of what others wrote or programs made; they are not entered.
const VENDORED: &[&str] = &[
    "node_modules",
    "vendor",
    "third_party",
    "third-party",
    ".venv",
    "venv",
    "site-packages",
    "__pycache__",
    "target",
    "dist",
    "build",
    ".git",
    ".hg",
    ".svn",
    ".tox",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".terraform",
    "bower_components",
    ".next",
    ".cache",
];

/// Folders of tests and their data.
const TESTS: &[&str] = &["tests", "test", "__tests__", "testdata", "fixtures", "__snapshots__"];

/// Folders of what was.
const ARCHIVES: &[&str] = &[
    "archive",
    "archived",
    "archives",
    "history",
    "historical",
    "old",
    "legacy",
    "deprecated",
    "logs",
    "backup",
    "backups",
];

/// Ends of the names of files that are no text.
const BINARY: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "webp", "ico", "bmp", "pdf", "zip", "gz", "tgz", "xz", "bz2",
    "zst", "7z", "tar", "jar", "whl", "so", "dylib", "dll", "exe", "bin", "o", "a", "rlib", "pyc",
    "pyo", "pkl", "parquet", "feather", "arrow", "npy", "npz", "h5", "db", "sqlite", "sqlite3",
    "woff", "woff2", "ttf", "otf", "eot", "mp3", "mp4", "mov", "avi", "webm", "wav", "class",
    "wasm", "onnx", "pt", "pth", "svg",
];

/// Ends of the names of files that say what was.
const PAST_ENDS: &[&str] = &[
    "log", "jsonl", "ndjson", "bak", "orig", "old", "rej", "snap", "patch", "diff", "csv", "tsv",
    "lcov", "map",
];

/// Beginnings of the names of files that say what was.
const PAST_STARTS: &[&str] = &[
    "changelog",
    "changes",
    "history",
    "releases",
    "release-notes",
    "release_notes",
    "news",
    "migration",
];

/// Folders, and names of documents, of what was found out about others: papers, products, libraries.
const RESEARCH: &[&str] = &["research", "literature", "papers", "bibliography"];

/// Ends of the names of documents.
const DOCUMENTS: &[&str] = &["md", "markdown", "mdx", "rst", "txt", "adoc", "json"];

/// Why a folder is not entered.
pub(crate) fn folder_skipped(name: &str) -> Option<&'static str> {
    VENDORED.contains(&name).then_some("written by others or made by programs")
}

/// Why a file does not speak for the repository as it is; `None` if it does.
pub(crate) fn file_skipped(path: &str) -> Option<&'static str> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let lower = name.to_ascii_lowercase();
    let (stem, extension) = lower.rsplit_once('.').unwrap_or((lower.as_str(), ""));
    if BINARY.contains(&extension) {
        return Some("not a text");
    }
    if PAST_ENDS.contains(&extension) || PAST_STARTS.iter().any(|start| lower.starts_with(start)) {
        return Some("says what was, by its name");
    }
    if lower.contains("changelog") || has_date(&lower) {
        return Some("says what was, by its name");
    }
    let is_test_file = stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with(".test")
        || stem.ends_with(".spec")
        || lower == "conftest.py"
        || lower.ends_with(".min.js");
    if is_test_file {
        return Some("a test");
    }
    let is_document = DOCUMENTS.contains(&extension);
    if is_document && RESEARCH.contains(&stem) {
        return Some("says what others say, by its name");
    }
    for part in folder.split('/') {
        let part = part.to_ascii_lowercase();
        if is_document && RESEARCH.contains(&part.as_str()) {
            return Some("says what others say, by its folder");
        }
        if TESTS.contains(&part.as_str()) {
            return Some("a test");
        }
        if ARCHIVES.contains(&part.as_str()) || has_date(&part) {
            return Some("says what was, by its folder");
        }
        if VENDORED.contains(&part.as_str()) {
            return Some("written by others or made by programs");
        }
    }
    None
}

/// Whether a name has a date: `2025-12-26`, `20251226`, `30_dec_`.
fn has_date(name: &str) -> bool {
    let months =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let worded = name
        .split(['_', '-', '.'])
        .collect::<Vec<_>>()
        .windows(2)
        .any(|pair| matches!(pair, [day, month] if day.len() <= 2 && day.parse::<u8>().is_ok() && months.contains(month)));
    has_day(name) || worded
}

/// Whether a text has a day in numbers: `2025-12-26`, `20251226`.
pub(crate) fn has_day(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_digits = |from: usize, count: usize| {
        bytes.get(from..from + count).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    (0..bytes.len()).any(|at| {
        let is_year =
            bytes.get(at..at + 2).is_some_and(|century| century == b"20") && is_digits(at, 4);
        let is_separated = |sign: u8| {
            bytes.get(at + 4) == Some(&sign)
                && is_digits(at + 5, 2)
                && bytes.get(at + 7) == Some(&sign)
                && is_digits(at + 8, 2)
        };
        is_year
            && (is_separated(b'-')
                || is_separated(b'_')
                || (is_digits(at, 8) && !is_digits(at + 8, 1)))
    })
}
