//! The text files of the workspace, read once for all rules.

use std::fs;
use std::path::Path;

use anyhow::Context;
use toml_edit::{DocumentMut, Item, TableLike};

/// Larger files are data, not text that somebody wrote here.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

const TEXT: &[&str] =
    &["rs", "toml", "md", "txt", "sh", "yml", "yaml", "sql", "py", "html", "css", "js"];

#[derive(Debug)]
pub(super) struct File {
    /// From the root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
    /// For Rust files that parse; one that does not is the compiler's to report.
    pub(super) syntax: Option<syn::File>,
}

#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) files: Vec<File>,
}

/// A member of the workspace: its folder and its manifest.
#[derive(Debug)]
pub(super) struct Member<'a> {
    /// `crates/metrics`, `xtask`.
    pub(super) dir: &'a str,
    pub(super) manifest_path: &'a str,
    pub(super) manifest: DocumentMut,
}

impl Tree {
    pub(super) fn load(root: &Path) -> anyhow::Result<Tree> {
        let mut tree = Tree::default();
        tree.add_dir(root, "")?;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Tree {
        let dir = tempfile::tempdir().expect("a temporary directory");
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().expect("a file has a parent")).expect("mkdir");
            fs::write(path, text).expect("write");
        }
        Tree::load(dir.path()).expect("a tree just written can be read")
    }

    fn add_dir(&mut self, dir: &Path, prefix: &str) -> anyhow::Result<()> {
        let shown = || format!("cannot read `{}`", dir.display());
        for entry in fs::read_dir(dir).with_context(shown)? {
            let entry = entry.with_context(shown)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            let kind = entry.file_type().with_context(shown)?;
            if kind.is_dir() && !is_output(&name) {
                self.add_dir(&entry.path(), &format!("{path}/"))?;
            } else if kind.is_file() && is_text(&path) {
                self.add_file(&entry.path(), path)?;
            }
        }
        Ok(())
    }

    fn add_file(&mut self, file: &Path, path: String) -> anyhow::Result<()> {
        let shown = || format!("cannot read `{path}`");
        if fs::metadata(file).with_context(shown)?.len() > FILE_BYTES_MAX {
            return Ok(());
        }
        let bytes = fs::read(file).with_context(shown)?;
        let Ok(text) = String::from_utf8(bytes) else { return Ok(()) };
        let syntax = if path.ends_with(".rs") { syn::parse_file(&text).ok() } else { None };
        self.files.push(File { path, text, syntax });
        Ok(())
    }

    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| file.text.as_str())
    }

    /// Rust files with their syntax.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&File, &syn::File)> {
        self.files.iter().filter_map(|file| Some((file, file.syntax.as_ref()?)))
    }

    pub(super) fn root_manifest(&self) -> DocumentMut {
        self.text("Cargo.toml").and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    /// Packages below the root that the workspace does not exclude. An unreadable manifest is cargo's to report.
    pub(super) fn members(&self) -> Vec<Member<'_>> {
        let excluded = self.excluded();
        let manifests = self.files.iter().filter_map(|file| {
            let dir = file.path.strip_suffix("/Cargo.toml")?;
            let is_excluded = excluded.iter().any(|e| is_below(dir, e));
            if is_excluded || dir.contains("/tests/") || dir.contains("/fixtures/") {
                return None;
            }
            Some(Member { dir, manifest_path: &file.path, manifest: file.text.parse().ok()? })
        });
        manifests.collect()
    }

    /// Folders that the root manifest excludes: other builds with their own rules.
    pub(super) fn excluded(&self) -> Vec<String> {
        let root = self.root_manifest();
        let list = root.get("workspace").and_then(|w| w.get("exclude")).and_then(Item::as_array);
        let list =
            list.map(|list| list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect());
        list.unwrap_or_default()
    }
}

impl Member<'_> {
    pub(super) fn name(&self) -> &str {
        let package = self.manifest.get("package");
        package.and_then(|p| p.get("name")).and_then(Item::as_str).unwrap_or_default()
    }

    /// Whether it is under `crates/`, so published.
    pub(super) fn is_crate(&self) -> bool {
        self.dir.starts_with("crates/")
    }

    pub(super) fn folder(&self) -> &str {
        self.dir.rsplit('/').next().unwrap_or(self.dir)
    }

    /// Every dependency in every table: the table, the key, and what is said of it.
    pub(super) fn dependencies(&self) -> Vec<(String, &str, &Item)> {
        let mut found = Vec::new();
        collect_dependencies(self.manifest.as_table(), "", &mut found);
        if let Some(targets) = self.manifest.get("target").and_then(Item::as_table_like) {
            for (target, tables) in targets.iter() {
                if let Some(tables) = tables.as_table_like() {
                    collect_dependencies(tables, &format!("target.{target}."), &mut found);
                }
            }
        }
        found
    }

    /// Line of the first mention of `key` at a line's start, for a finding.
    pub(super) fn line_of(&self, tree: &Tree, key: &str) -> usize {
        let text = tree.text(self.manifest_path).unwrap_or_default();
        text.lines()
            .position(|line| line.trim_start().starts_with(key))
            .map_or(0, |index| index + 1)
    }
}

fn collect_dependencies<'a>(
    from: &'a dyn TableLike,
    prefix: &str,
    to: &mut Vec<(String, &'a str, &'a Item)>,
) {
    for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let Some(table) = from.get(kind).and_then(Item::as_table_like) else { continue };
        to.extend(table.iter().map(|(key, item)| (format!("{prefix}{kind}"), key, item)));
    }
}

pub(super) fn is_below(path: &str, dir: &str) -> bool {
    path == dir || path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'))
}

/// The part of a path inside its package: `src/lib.rs` of `crates/metrics/src/lib.rs`.
pub(super) fn inside_package(path: &str) -> &str {
    let skipped = if path.starts_with("crates/") { 2 } else { 1 };
    path.splitn(skipped + 1, '/').nth(skipped).unwrap_or(path)
}

/// Whether a Rust file holds tests or benchmarks only.
pub(super) fn is_test_code(path: &str) -> bool {
    let inside = inside_package(path);
    inside.ends_with("/tests.rs")
        || inside.split('/').any(|part| part == "tests" || part == "benches")
}

fn is_output(name: &str) -> bool {
    let skipped = [".git", "node_modules", "runs", ".plimsoll", "__pycache__", ".venv"];
    name == "target" || name.starts_with("target-") || skipped.contains(&name)
}

fn is_text(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let by_ending = name.rsplit_once('.').is_some_and(|(_, ending)| TEXT.contains(&ending));
    by_ending || path == ".ci/run" || name == "Dockerfile"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_and_data_are_not_read() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "//! A."),
            ("target/debug/x.rs", ""),
            ("target-2/x.rs", ""),
            ("crates/a/data.bin", ""),
            (".ci/run", ""),
        ]);
        let paths: Vec<_> = tree.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, [".ci/run", "crates/a/src/lib.rs"]);
    }

    #[test]
    fn an_excluded_folder_is_no_member() {
        let tree = Tree::of(&[
            ("Cargo.toml", "[workspace]\nexclude = [\"crates/python\"]"),
            ("crates/python/Cargo.toml", ""),
            ("crates/a/Cargo.toml", "[package]\nname = \"plimsoll-a\""),
        ]);
        let dirs: Vec<_> = tree.members().iter().map(|member| member.dir).collect();
        assert_eq!(dirs, ["crates/a"]);
    }

    #[test]
    fn dependencies_of_every_table_are_found() {
        let tree = Tree::of(&[(
            "crates/a/Cargo.toml",
            "[dependencies]\na = \"1\"\n[dev-dependencies]\nb = \"1\"\n[target.'cfg(unix)'.build-dependencies]\nc = \"1\"",
        )]);
        let members = tree.members();
        let keys: Vec<_> = members[0].dependencies().iter().map(|(_, key, _)| *key).collect();
        assert_eq!(keys, ["a", "b", "c"]);
    }

    #[test]
    fn the_shared_test_package_is_not_test_code_itself() {
        assert!(!is_test_code("tests/src/lib.rs"));
        assert!(is_test_code("tests/tests/it/main.rs"));
        assert!(is_test_code("crates/a/src/foo/tests.rs"));
        assert!(is_test_code("crates/a/benches/x.rs"));
        assert!(!is_test_code("crates/a/src/foo.rs"));
    }
}
