//! Words that must not be in the repository: paths of one machine, registry hosts, promises without an issue,
//! tests that do not run or only wait.

use syn::visit::{self, Visit};

use super::Finding;
use super::tree::{File, Tree, inside_package};

/// Split, so that this file does not find itself.
const MACHINE_PATHS: &[&str] =
    &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];
const REGISTRY_HOSTS: &[&str] = &[
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("files.python", "hosted.org"),
    concat!("pypi", ".org/simple"),
    concat!("registry.npm", "js.org"),
    concat!("repo1.maven", ".org"),
    concat!("repo.maven", ".apache.org"),
    concat!("proxy.golang", ".org"),
    concat!("deb.debian", ".org"),
];
const TO_DO: &str = concat!("TO", "DO");
const FIX_ME: &str = concat!("FIX", "ME");

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| !file.path.ends_with("package-lock.json")) {
        for (index, line) in file.text.lines().enumerate() {
            let found = in_line(line).map(|message| Finding::new(&file.path, index + 1, message));
            findings.extend(found);
        }
        if let Some(syntax) = &file.syntax {
            findings.extend(in_syntax(file, syntax));
        }
    }
    findings
}

fn in_line(line: &str) -> Option<String> {
    if let Some(path) = MACHINE_PATHS.iter().find(|path| starts_a_path(line, path)) {
        return Some(format!("`{path}` is a path of one machine"));
    }
    if let Some(host) = REGISTRY_HOSTS.iter().find(|host| line.contains(**host)) {
        return Some(format!(
            "`{host}` is a registry's host: leave it to the tool's own configuration"
        ));
    }
    if line.contains(FIX_ME) {
        return Some(format!("{FIX_ME}: fix it, or open an issue and write {TO_DO}(#n)"));
    }
    let mut after = line.split(TO_DO).skip(1);
    let is_open = |rest: &str| {
        rest.strip_prefix("(#").is_none_or(|n| !n.starts_with(|c: char| c.is_ascii_digit()))
    };
    after.any(is_open).then(|| format!("{TO_DO} needs an open issue: {TO_DO}(#n)"))
}

/// Whether `path` is in `line` as the beginning of a path, not inside a longer one.
fn starts_a_path(line: &str, path: &str) -> bool {
    let is_inside = |before: char| before.is_alphanumeric() || "._-~}])>$*/".contains(before);
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|start| start.chars().next_back());
        !before.is_some_and(is_inside)
    })
}

fn in_syntax(file: &File, syntax: &syn::File) -> Vec<Finding> {
    let is_test_dir = inside_package(&file.path).starts_with("tests/");
    let mut visitor = Marked { path: &file.path, is_test_dir, loops: 0, findings: Vec::new() };
    visitor.visit_file(syntax);
    visitor.findings
}

struct Marked<'a> {
    path: &'a str,
    is_test_dir: bool,
    /// Loops and closures around: a pause between two looks is no synchronisation by itself.
    loops: usize,
    findings: Vec<Finding>,
}

impl Marked<'_> {
    fn add(&mut self, span: proc_macro2::Span, message: &str) {
        self.findings.push(Finding::new(self.path, span.start().line, message));
    }
}

impl<'ast> Visit<'ast> for Marked<'_> {
    fn visit_attribute(&mut self, attr: &'ast syn::Attribute) {
        let span = attr.pound_token.span;
        if attr.path().is_ident("ignore") {
            self.add(span, "an ignored test does not run: make it fast, or let it depend on PLIMSOLL_SLOW_TESTS");
        }
        if attr.path().is_ident("should_panic") {
            self.add(span, "should_panic passes for any panic: check the error instead");
        }
        visit::visit_attribute(self, attr);
    }

    fn visit_expr(&mut self, expr: &'ast syn::Expr) {
        use syn::Expr::{Closure, ForLoop, Loop, While};
        let is_loop = matches!(expr, Closure(_) | ForLoop(_) | Loop(_) | While(_));
        self.loops += usize::from(is_loop);
        visit::visit_expr(self, expr);
        self.loops -= usize::from(is_loop);
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        let mut from_end = path.path.segments.iter().rev();
        let last = from_end.next();
        let is_sleep = last.is_some_and(|s| s.ident == "sleep")
            && from_end.next().is_some_and(|s| s.ident == "thread");
        if is_sleep && self.is_test_dir && self.loops == 0 {
            let span = last.map_or_else(proc_macro2::Span::call_site, |s| s.ident.span());
            self.add(
                span,
                "a sleep is no synchronisation: wait for what the test needs, with a bound",
            );
        }
        visit::visit_expr_path(self, path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, text: &str, expected: usize) {
        let findings = super::check(&Tree::of(&[(path, text)]));
        assert_eq!(findings.len(), expected, "{text}: {findings:?}");
    }

    #[test]
    fn machine_paths_and_registry_hosts_are_found() {
        check("README.md", &format!("see `{}x` and\n{}y", MACHINE_PATHS[0], MACHINE_PATHS[1]), 2);
        check("a.yml", &format!("url: https://{}/", REGISTRY_HOSTS[0]), 1);
        check(
            "README.md",
            &format!("https://example.org{}x, $DIR{}y", MACHINE_PATHS[0], MACHINE_PATHS[1]),
            0,
        );
    }

    #[test]
    fn a_promise_needs_an_issue() {
        check("src/a.rs", &format!("// {TO_DO}: later"), 1);
        check("src/a.rs", &format!("// {TO_DO}(#x) later"), 1);
        check("src/a.rs", &format!("// {TO_DO}(#12) later"), 0);
        check("src/a.rs", &format!("// {FIX_ME}"), 1);
    }

    #[test]
    fn tests_run_and_do_not_sleep() {
        check("crates/a/tests/it/a.rs", "#[test]\n#[ignore]\nfn f() {}", 1);
        check("crates/a/src/a.rs", "#[should_panic(expected = \"x\")]\nfn f() {}", 1);
        check("crates/a/tests/it/a.rs", "fn f() { std::thread::sleep(d); }", 1);
        let poll = "fn f() { while !done() { std::thread::sleep(d); } }";
        check("crates/a/tests/it/a.rs", poll, 0);
        check("crates/a/src/a.rs", "fn f() { thread::sleep(d); let s = \"#[ignore]\"; }", 0);
    }
}
