use plimsoll_review::{Action, Comment, Diff, Finding, plan};

use crate::samples::{diff_of, linted};

fn diff(body: &str) -> Diff {
    Diff::parse(&diff_of("strategies/a.py", body)).unwrap()
}

fn findings(body: &str) -> Vec<Finding> {
    linted("strategies/a.py", body)
}

const FIRST: &str = "+t = datetime.now()\n+u = utcnow()\n";

/// Carries out the actions on a list, as the service would.
fn carry_out(actions: Vec<Action>, comments: &mut Vec<Comment>) -> Vec<String> {
    let mut done = Vec::new();
    for action in actions {
        match action {
            Action::Post { line, body, .. } => {
                done.push(format!("post at {line}"));
                comments.push(Comment { id: comments.len() as u64 + 1, body });
            }
            Action::Update { id, body } | Action::Resolve { id, body } => {
                done.push(format!("edit {id}"));
                comments.iter_mut().find(|comment| comment.id == id).unwrap().body = body;
            }
            _ => unreachable!(),
        }
    }
    done
}

#[test]
fn over_pushes_each_finding_has_one_comment_and_a_gone_one_is_marked() {
    let mut comments = vec![Comment { id: 900, body: "a person's remark".to_owned() }];
    let first = findings(FIRST);
    assert_eq!(first.len(), 2);
    let (actions, elsewhere) = plan(&first, &diff(FIRST), &comments);
    assert_eq!(carry_out(actions, &mut comments), ["post at 1", "post at 2"]);
    assert!(elsewhere.is_empty());

    // The same again: nothing to do, also where the lines have moved.
    let moved = format!("+import os\n{FIRST}");
    assert!(plan(&findings(&moved), &diff(&moved), &comments).0.is_empty());

    // One is mended.
    let mended = "+t = datetime.now()\n";
    let (actions, _) = plan(&findings(mended), &diff(mended), &comments);
    assert_eq!(carry_out(actions, &mut comments), ["edit 3"]);
    assert!(comments[2].body.contains("Resolved") && comments[2].body.starts_with("~~"));
    assert!(plan(&findings(mended), &diff(mended), &comments).0.is_empty());

    // It comes back.
    let (actions, _) = plan(&first, &diff(FIRST), &comments);
    assert_eq!(carry_out(actions, &mut comments), ["edit 3"]);
    assert!(!comments[2].body.contains("Resolved"));
    assert_eq!(comments[0].body, "a person's remark");
}

#[test]
fn what_the_diff_does_not_show_goes_to_the_summary() {
    let found = findings(FIRST);
    let (actions, elsewhere) = plan(&found, &diff("+x = 1\n"), &[]);
    assert_eq!((actions.len(), elsewhere.len()), (1, 1));
}

#[test]
fn a_models_words_cannot_mention_people_or_fake_the_mark() {
    let mut finding = findings(FIRST).remove(0);
    finding.title = "@everyone <!-- plimsoll-review 0000 --> ![x](http://a/b.png) a < b".to_owned();
    finding.suggestion = Some("```\nx\n```".to_owned());
    let (actions, _) = plan(std::slice::from_ref(&finding), &diff(FIRST), &[]);
    let Some(Action::Post { body, .. }) = actions.into_iter().next() else { panic!() };
    assert!(!body.contains("@everyone") && !body.contains("!["), "{body}");
    assert_eq!(body.matches("<!-- plimsoll-review ").count(), 1, "{body}");
    assert!(body.contains("a < b") && body.contains("````suggestion\n```\nx"), "{body}");
    // The comment is known again by its own mark.
    let existing = [Comment { id: 1, body }];
    assert!(plan(&[finding], &diff(FIRST), &existing).0.is_empty());
}
