use plimsoll_review::{Diff, lint, lints};

use crate::samples::{diff_of, linted};

#[test]
fn each_lint_reports_its_bad_example_and_not_its_good_one() {
    let mut wrong = Vec::new();
    for rule in lints() {
        let ids =
            |body| linted(rule.path, body).into_iter().map(|found| found.rule).collect::<Vec<_>>();
        let (bad, good) = (ids(rule.bad), ids(rule.good));
        if !bad.iter().any(|id| id == rule.id) || !good.is_empty() {
            wrong.push(format!("{}: bad gives {bad:?}, good gives {good:?}", rule.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn lints_have_names_of_their_own_and_say_what_to_do() {
    let mut ids: Vec<_> = lints().map(|rule| rule.id).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    assert!(count >= 15, "{count}");
    for rule in lints() {
        assert!(rule.why.len() > 40 && rule.why.ends_with('.'), "{}", rule.id);
    }
}

#[test]
fn a_disabled_lint_says_nothing() {
    let rule = lints().find(|rule| rule.id == "limit-loosened").unwrap();
    let diff = Diff::parse(&diff_of(rule.path, rule.bad)).unwrap();
    assert_eq!(lint(&diff, &[]).len(), 1);
    assert!(lint(&diff, &["limit-loosened".to_owned()]).is_empty());
}

#[test]
fn a_finding_keeps_its_fingerprint_when_lines_move_and_equal_lines_have_their_own() {
    let at = |above: &str| linted("strategies/a.py", &format!("{above}+    t = datetime.now()\n"));
    let (here, moved) = (at(""), at("+import os\n+\n"));
    assert_eq!(here[0].fingerprint, moved[0].fingerprint);
    assert_eq!((here[0].line, moved[0].line), (1, 3));
    let twice = at("+    t = datetime.now()\n");
    assert_eq!(twice.len(), 2);
    assert_ne!(twice[0].fingerprint, twice[1].fingerprint);
}

#[test]
fn code_in_comments_and_strings_is_no_code() {
    for (path, body) in [
        ("strategies/a.py", "+# never call eval(message)\n"),
        ("strategies/a.py", "+    \"\"\"\n+    except Exception:\n+        pass\n+    \"\"\"\n"),
        (
            "src/strategy.rs",
            "+fn on_quote() {\n+    // x.unwrap()\n+    let text = \".unwrap()\";\n+}\n",
        ),
        ("src/strategy.rs", "+fn on_quote() {\n+    let text = r#\"a.unwrap() \"x\" \"#;\n+}\n"),
        (
            "src/strategy.rs",
            "+fn on_quote<'a>(x: &'a str) {\n+    /* panic!()\n+       x.unwrap() */\n+}\n",
        ),
    ] {
        let found = linted(path, body);
        assert!(found.is_empty(), "{body}: {found:?}");
    }
}

#[test]
fn only_added_lines_are_reported() {
    let found = linted("strategies/a.py", " t = datetime.now()\n-u = datetime.now()\n+v = 1\n");
    assert!(found.is_empty(), "{found:?}");
}
