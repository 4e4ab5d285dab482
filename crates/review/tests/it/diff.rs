use plimsoll_review::{Diff, Side};
use proptest::prelude::*;

const GIT: &str = "\
diff --git a/src/a b.rs b/src/a b.rs
index 1111111..2222222 100644
--- a/src/a b.rs
+++ b/src/a b.rs
@@ -3,4 +3,5 @@ fn main() {
 one
--- two
+two
+three
 four
 five
\\ No newline at end of file
diff --git a/old.txt b/new.txt
similarity index 100%
rename from old.txt
rename to new.txt
diff --git \"a/\\303\\251.py\" \"b/\\303\\251.py\"
new file mode 100644
--- /dev/null
+++ \"b/\\303\\251.py\"
@@ -0,0 +1 @@
+x = 1
diff --git a/logo.png b/logo.png
Binary files a/logo.png and b/logo.png differ
diff --git a/gone.py b/gone.py
deleted file mode 100644
--- a/gone.py
+++ /dev/null
@@ -1,2 +0,0 @@
-a
-b
";

#[test]
fn git_output_is_read_with_numbers_of_both_sides() {
    let diff = Diff::parse(GIT).unwrap();
    let paths: Vec<_> = diff
        .files
        .iter()
        .map(|file| (file.old_path.as_deref(), file.new_path.as_deref()))
        .collect();
    assert_eq!(
        paths,
        [
            (Some("src/a b.rs"), Some("src/a b.rs")),
            (Some("old.txt"), Some("new.txt")),
            (None, Some("é.py")),
            (Some("logo.png"), Some("logo.png")),
            (Some("gone.py"), None),
        ]
    );
    let lines = &diff.files[0].hunks[0].lines;
    let seen: Vec<_> =
        lines.iter().map(|line| (line.side, line.old, line.new, line.text.as_str())).collect();
    assert_eq!(
        seen,
        [
            (Side::Context, Some(3), Some(3), "one"),
            (Side::Removed, Some(4), None, "-- two"),
            (Side::Added, None, Some(4), "two"),
            (Side::Added, None, Some(5), "three"),
            (Side::Context, Some(5), Some(6), "four"),
            (Side::Context, Some(6), Some(7), "five"),
        ]
    );
    assert_eq!(diff.files[0].hunks[0].section, "fn main() {");
    assert!(diff.files[3].is_binary);
    assert!(diff.files[0].shows(5) && !diff.files[0].shows(8));
    assert_eq!(diff.added_lines(), 3);
}

#[test]
fn what_is_no_diff_is_refused_with_its_line() {
    for (text, wanted) in [
        ("@@ -1 +1 @@\n", "line 1 of the diff: a hunk without a file before it"),
        (
            "--- a/x\n+++ b/x\n@@ nonsense\n",
            "line 3 of the diff: `@@ nonsense` is no hunk header such as `@@ -1,2 +3,4 @@`",
        ),
        (
            "--- a/x\n+++ b/x\n@@ -1,3 +1,1 @@\n-a\n",
            "line 4 of the diff: the hunk ends early, 2 old and 1 new lines are missing",
        ),
    ] {
        assert_eq!(Diff::parse(text).unwrap_err().to_string(), wanted);
    }
    assert!(Diff::parse("").unwrap().files.is_empty());
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "(diff --git |--- |\\+\\+\\+ |@@ -[0-9]{0,11},?[0-9]{0,2} \\+[0-9],[0-9] @@|[ +\\-\\\\]?[a-z\"'\\\\]{0,6}|\n|\r){0,40}") {
        if let Ok(diff) = Diff::parse(&text) {
            drop(plimsoll_review::lint(&diff, &[]));
        }
    }
}
