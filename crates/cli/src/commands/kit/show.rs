//! What is out of step, for people and for programs.

use plimsoll_kit::{Change, Piece, Plan, State};
use serde_json::{Value, json};
use similar::TextDiff;

use crate::failure::Failure;
use crate::grid::{self, Format};
use crate::store::Rows;

/// Files that are out of step, and those that people have to know about.
pub(super) fn verdict(plan: &Plan, is_json: bool) {
    if is_json {
        println!("{}", whole(plan, false));
        return;
    }
    for change in plan.changes.iter().filter(|change| change.state != State::InStep) {
        println!("{}", line(change));
    }
    let steps = plan.changes.iter().filter(|change| change.state.is_finding()).count();
    if plan.is_in_step() {
        println!("{}", in_step(plan));
    } else {
        println!(
            "out of step: {steps} of {} files; `plimsoll kit update` shows how",
            plan.changes.len()
        );
    }
}

/// Everything that would change, as a diff.
pub(super) fn changes(plan: &Plan, is_json: bool, is_applied: bool) {
    if is_json {
        println!("{}", whole(plan, is_applied));
        return;
    }
    for change in plan.changes.iter().filter(|change| super::is_written(change)) {
        let (before, after) = (change.before.as_deref(), change.after.as_deref());
        let name = |text: Option<&str>, side: &str| match text {
            Some(_) => format!("{side}/{}", change.path),
            None => "/dev/null".to_owned(),
        };
        let diff = TextDiff::from_lines(before.unwrap_or_default(), after.unwrap_or_default());
        let (old, new) = (name(before, "a"), name(after, "b"));
        if is_applied {
            println!("{}", line(change));
        } else {
            print!("{}", diff.unified_diff().header(&old, &new));
        }
    }
    let others = |change: &&Change| matches!(change.state, State::Theirs | State::Conflict);
    for change in plan.changes.iter().filter(others) {
        eprintln!("{}", line(change));
    }
    if plan.is_in_step() {
        println!("{}", in_step(plan));
    }
}

/// How many files are as they should be; what somebody took away is not counted among them.
fn in_step(plan: &Plan) -> String {
    let is_gone = |change: &&Change| change.state == State::Theirs && change.before.is_none();
    let gone = plan.changes.iter().filter(is_gone).count();
    match gone {
        0 => format!("in step: {} files", plan.changes.len()),
        _ => format!("in step: {} files; taken away: {gone}", plan.changes.len() - gone),
    }
}

/// The pieces, their files, and whether they are left out.
pub(super) fn pieces(plan: &Plan, left_out: &[Piece], is_json: bool) -> Result<(), Failure> {
    let files = |piece: Piece| -> Vec<&str> {
        let own = plan.changes.iter().filter(|change| change.piece == Some(piece));
        own.map(|change| change.path.as_str()).collect()
    };
    if is_json {
        let piece = |piece: &Piece| {
            json!({
                "name": piece.name(),
                "shows": piece.shows(),
                "is_left_out": left_out.contains(piece),
                "files": files(*piece),
            })
        };
        let all: Vec<Value> = Piece::ALL.iter().map(piece).collect();
        println!("{}", json!({ "version": 1, "pieces": all }));
        return Ok(());
    }
    let row = |piece: &Piece| {
        let files = match (left_out.contains(piece), files(*piece)) {
            (true, _) => "left out".to_owned(),
            (_, files) if files.is_empty() => "nothing here needs it".to_owned(),
            (_, files) => files.join(" "),
        };
        [piece.name().to_owned(), piece.shows().to_owned(), files].map(Value::String).to_vec()
    };
    let columns = ["piece", "shows", "files"].map(str::to_owned).to_vec();
    let rows = Rows { columns, rows: Piece::ALL.iter().map(row).collect(), is_cut: false };
    grid::print(&rows, Format::Table, &mut std::io::stdout())?;
    Ok(())
}

fn word(state: State) -> &'static str {
    match state {
        State::InStep => "in step",
        State::New => "new",
        State::Update => "changed",
        State::Remove => "not needed",
        State::Theirs => "yours",
        _ => "conflict",
    }
}

fn line(change: &Change) -> String {
    let why = change.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    format!("{:10} {}{why}", word(change.state), change.path)
}

fn whole(plan: &Plan, is_applied: bool) -> Value {
    let change = |change: &Change| {
        json!({
            "path": change.path,
            "piece": change.piece,
            "state": change.state,
            "why": change.why,
        })
    };
    json!({
        "version": 1,
        "is_in_step": plan.is_in_step(),
        "is_written": is_applied,
        "files": plan.changes.iter().map(change).collect::<Vec<_>>(),
    })
}
