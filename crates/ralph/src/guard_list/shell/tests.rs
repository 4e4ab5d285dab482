//! Scripts, and the commands that they are.

use super::*;

/// Words of the commands, joined by blanks; writes behind `>`, what is read behind `<`.
fn shown(script: &str) -> Vec<String> {
    let show = |command: &Command| {
        let mut words: Vec<String> =
            command.assignments.iter().map(|(name, value)| format!("{name}={value}")).collect();
        words.extend(
            command
                .words
                .iter()
                .map(|w| if w.is_empty() { "''".into() } else { w.replace(' ', "_") }),
        );
        words.extend(command.writes.iter().map(|file| format!(">{file}")));
        words.extend(
            command.stdin.iter().map(|text| format!("<{}", text.trim_end().replace('\n', "/"))),
        );
        words.join(" ")
    };
    parse(script, &Variables::default()).commands.iter().map(show).collect()
}

#[track_caller]
fn check(script: &str, expected: &[&str]) {
    assert_eq!(shown(script), expected, "{script}");
}

#[test]
fn quotes_and_escapes_are_taken_away() {
    check(r#"git "push" '-f' o\ne"#, &["git push -f one"]);
    check(r#"g"i"t pu''sh "a b" """#, &["git push a_b ''"]);
    check(
        r"$'\x67it' pu\
sh",
        &["git push"],
    );
    check("echo \"a \\\"b\\\" $ 5\"", &["echo a_\"b\"_$_5"]);
}

#[test]
fn operators_end_commands() {
    check("a && b || c; d & e | f\ng", &["a", "b", "c", "d", "e", "f", "g"]);
    check("(a; b) ; { c; }", &["a", "b", "c"]);
    check("a # not; b\nc#d", &["a", "c#d"]);
    check("if a; then b; else c; fi", &["a", "b", "c"]);
    check("while ! a; do b; done", &["a", "b"]);
    check("f() { a -x; }; f", &["a -x", "f"]);
    check("case $x in a) b;; esac", &["a", "b"]);
}

#[test]
fn variables_of_the_script_are_known_and_others_are_not() {
    check("F='push -f'; git $F \"$F\"", &["F=push -f", "git push -f push_-f"]);
    check("X=1 a $X", &["X=1 a \u{FFFC}"]);
    check("export G=git; ${G} x ${H:-y} ${G:+z}", &["export G=git", "git x y z"]);
    check("a${IFS}b", &["a b"]);
    check("for f in --force x; do git push $f; done", &["git push --force x"]);
    check("$E; a $E", &["\u{FFFC}", "a \u{FFFC}"]);
}

#[test]
fn braces_make_lists_and_substitutions_are_commands() {
    check("rm {a,b}.txt '{c,d}' e{f}", &["rm a.txt b.txt {c,d} e{f}"]);
    check("$(echo git) push", &["git push", "echo git"]);
    check("a \"$(b \"c d\")\" `e`", &["a \u{FFFC} \u{FFFC}", "b c_d", "e"]);
    check("diff <(a) <(b)", &["diff \u{FFFC} \u{FFFC}", "a", "b"]);
    let deep = (0..20).fold("git push -f".to_owned(), |inner, _| format!("echo $({inner})"));
    assert!(parse(&deep, &Variables::default()).is_too_deep);
}

#[test]
fn redirections_say_what_is_written_and_read() {
    check("a > x 2>&1 >>y &>z <w", &["a >x >y >z"]);
    check("sh <<< 'a b'", &["sh <a b"]);
    check("sh <<EOF\ngit x\ny\nEOF\nb", &["sh <git x/y", "b"]);
    check("cat <<-'E' | sh\n\tgit x\n\tE\n", &["cat <git x", "sh <git x"]);
    check("echo -n git push | bash", &["echo -n git push", "bash <git push"]);
    check("printf '%s %s' git push | sh", &["printf %s_%s git push", "sh <git push"]);
}

#[test]
fn a_change_of_directory_is_followed() {
    let script = parse("cd a; x; cd ../b && y; cd /c; z", &Variables::default());
    let dirs: Vec<_> =
        script.commands.iter().filter(|c| c.program() != "cd").map(|c| c.dir.as_deref()).collect();
    assert_eq!(dirs, [Some("a"), Some("a/../b"), Some("/c")]);
}

#[test]
fn what_is_unfinished_is_read_as_far_as_it_goes() {
    for script in [
        "\"a",
        "'a",
        "$(a",
        "${a",
        "a <<EOF\nb",
        "a >",
        "|",
        "&&",
        "$",
        "`a",
        "(",
        "\\",
        "{a,",
        "$'\\",
    ] {
        let _whatever_it_is = parse(script, &Variables::default());
    }
    check("git push 'a", &["git push a"]);
}
