//! What coding agents, and whoever sets a machine up, have to know.

use std::collections::BTreeSet;

use super::{How, Piece, Rendered, Source};
use crate::mark::Marks;
use crate::retire::AgentState;

/// What agents call Sentry's tools by, all of them.
const SENTRY_TOOLS: &str = "mcp__sentry";
const SENTRY: &str = "\
{
  \"type\": \"http\",
  \"url\": \"https://mcp.sentry.dev/mcp\"
}
";

pub(super) fn render(source: &Source<'_>) -> Vec<Rendered> {
    let mut all = Vec::new();
    let text = source.filling.fill(include_str!("../../templates/agents.md"));
    let found = &source.survey.agent_files;
    let new = BTreeSet::from(["AGENTS.md".to_owned()]);
    for path in if found.is_empty() { &new } else { found } {
        let how = How::Part { marks: Marks::Html, name: "agents", head: "# Agents\n\n".to_owned() };
        all.push(Rendered { piece: Piece::Agents, path: path.clone(), text: text.clone(), how });
    }
    for agent in source.facts.retired.iter().filter(|agent| agent.state != AgentState::Gone) {
        let how = How::Part { marks: Marks::Html, name: "retired", head: String::new() };
        let (path, text) = (agent.file.clone(), agent.notice());
        all.push(Rendered { piece: Piece::Agents, path, text, how });
    }
    all.push(Rendered {
        piece: Piece::Mcp,
        path: ".mcp.json".to_owned(),
        text: SENTRY.to_owned(),
        how: How::Member { key: "mcpServers", name: "sentry" },
    });
    let is_retired = |path: &String| source.facts.retired.iter().any(|agent| agent.file == *path);
    for path in source.survey.agents.iter().filter(|path| !is_retired(path)) {
        let (path, text) = (path.clone(), String::new());
        all.push(Rendered { piece: Piece::Mcp, path, text, how: How::Tool(SENTRY_TOOLS) });
    }
    if !source.facts.secrets.is_empty() {
        let how = How::Part { marks: Marks::Hash, name: "secrets", head: String::new() };
        all.push(Rendered {
            piece: Piece::EnvExample,
            path: ".env.example".to_owned(),
            text: variables(source),
            how,
        });
    }
    all
}

/// Each variable that holds a secret, without a value.
fn variables(source: &Source<'_>) -> String {
    let mut text = "# Copy to `.env`, which is never committed, and fill in.\n".to_owned();
    for (variable, key) in &source.facts.secrets {
        text.push_str(&format!("# {key}\n{variable}=\n"));
    }
    text
}
