//! Tokens of a session: as the stand-in billed them, and as the client says at the session's end.

use anyhow::Context;
use testbed::{Exchange, ModelReply, ModelUsage};

use super::project::Project;

/// Read, written, read from the cache, written to the cache.
pub(super) type Bill = [u64; 4];

const FIELDS: [&str; 4] =
    ["inputTokens", "outputTokens", "cacheReadInputTokens", "cacheCreationInputTokens"];

/// The client's own record of what a session cost, of its newest session.
pub(super) fn client_bill(project: &Project) -> anyhow::Result<Bill> {
    let transcripts = project.transcripts()?;
    let mut lines = transcripts.iter().flat_map(|(_, lines)| lines);
    let state = lines.rfind(|line| line["type"] == "cost-state");
    let state = state.context("the client left no record of cost")?;
    let models = state["modelUsage"].as_object().context("a record of cost without models")?;
    Ok(FIELDS.map(|field| models.values().filter_map(|model| model[field].as_u64()).sum()))
}

/// What the stand-in billed.
pub(super) fn billed(exchanges: &[Exchange]) -> Bill {
    exchanges.iter().filter_map(|exchange| usage(&exchange.reply)).fold([0; 4], |sum, usage| {
        let of = [
            usage.input_tokens,
            usage.output_tokens,
            usage.cache_read_input_tokens,
            usage.cache_creation_input_tokens,
        ];
        std::array::from_fn(|at| {
            sum.get(at).copied().unwrap_or(0) + of.get(at).copied().unwrap_or(0)
        })
    })
}

fn usage(reply: &ModelReply) -> Option<&ModelUsage> {
    match reply {
        ModelReply::Message { usage, .. } => Some(usage),
        _ => None,
    }
}
