//! What happens by itself: updates of what is depended on, reviews, proposals.

use std::collections::BTreeSet;

use super::{Entry, How, Piece, Rendered, Source};
use crate::survey::PythonTool;

const HEAD: &str = "\
# Kept in step by `plimsoll kit update`; what you change here stays.
version: 2
";

pub(super) fn render(source: &Source<'_>) -> Vec<Rendered> {
    let staging = super::staging::folder(source);
    let entries = ecosystems(source, staging.as_deref())
        .into_iter()
        .map(|(ecosystem, folders)| Entry {
            sign: format!("package-ecosystem: \"{ecosystem}\""),
            text: entry(ecosystem, &folders),
        })
        .collect();
    let workflow = |piece, name: &str, template: &str| {
        source.whole(piece, &format!(".github/workflows/{name}.yml"), template)
    };
    let says = |command: &str| source.facts.commands.contains(command);
    let mut workflows = Vec::new();
    if says("review") {
        let template = include_str!("../../templates/review.yml");
        workflows.push(workflow(Piece::Review, "review", template));
    }
    if source.facts.canonical.is_some() && says("drift --pr") {
        let template = include_str!("../../templates/fix-drift.yml");
        workflows.push(workflow(Piece::FixDrift, "fix-drift", template));
    }
    if !source.facts.retired.is_empty() {
        let template = include_str!("../../templates/retire-agents.yml");
        workflows.push(workflow(Piece::RetireAgents, "retire-agents", template));
    }
    let how = How::Entries { key: "updates", name: "dependabot", head: HEAD.to_owned(), entries };
    let path = ".github/dependabot.yml".to_owned();
    let auto_merge = workflow(
        Piece::AutoMerge,
        "dependabot-auto-merge",
        include_str!("../../templates/dependabot-auto-merge.yml"),
    );
    let updates = Rendered { piece: Piece::Dependabot, path, text: String::new(), how };
    [updates, auto_merge].into_iter().chain(workflows).collect()
}

fn ecosystems<'a>(
    source: &'a Source<'_>,
    staging: Option<&'a str>,
) -> Vec<(&'static str, BTreeSet<&'a str>)> {
    let survey = source.survey;
    let texts = |folders: &'a BTreeSet<String>| folders.iter().map(String::as_str).collect();
    let python = match survey.python {
        Some(PythonTool::Uv) => "uv",
        _ => "pip",
    };
    let mut tools = BTreeSet::new();
    if source.has(Piece::Ci) || source.has(Piece::Zizmor) || source.has(Piece::Bandit) {
        tools.insert("/.github/requirements");
    }
    let mut compose: BTreeSet<&str> = texts(&survey.compose);
    compose.extend(staging);
    let mut all: Vec<(&str, BTreeSet<&str>)> = vec![
        ("github-actions", BTreeSet::from(["/"])),
        ("cargo", texts(&survey.rust)),
        (python, texts(&survey.python_folders)),
        ("npm", texts(&survey.node)),
        ("gomod", texts(&survey.go)),
        ("docker", texts(&survey.docker)),
        ("docker-compose", compose),
    ];
    match all.iter_mut().find(|(name, folders)| *name == "pip" && !folders.is_empty()) {
        Some((_, folders)) => folders.extend(tools),
        None => all.push(("pip", tools)),
    }
    all.retain(|(_, folders)| !folders.is_empty());
    all
}

fn entry(ecosystem: &str, folders: &BTreeSet<&str>) -> String {
    let folders: String = folders.iter().map(|folder| format!("    - \"{folder}\"\n")).collect();
    format!(
        "- package-ecosystem: \"{ecosystem}\"\n  directories:\n{folders}  schedule:\n    \
         interval: \"weekly\"\n  cooldown:\n    default-days: 7\n  groups:\n    patches:\n      \
         update-types: [\"patch\"]\n"
    )
}
