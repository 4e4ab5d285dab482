//! Pull requests and the comments on them.

use anyhow::Context as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::GitHub;
use super::call::DIFF;
use crate::failure::Failure;

/// A pull request, as far as we look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pull {
    pub(crate) number: u64,
    /// Commits of both sides, hexadecimal.
    pub(crate) base_sha: String,
    pub(crate) head_sha: String,
    /// The branch of this repository that it goes to.
    pub(crate) base: String,
    pub(crate) title: String,
    /// Empty where it has none.
    pub(crate) body: String,
    /// Where people see it.
    pub(crate) url: String,
}

/// A comment that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) id: u64,
    /// Login of who wrote it; empty where the account is gone.
    pub(crate) author: String,
    pub(crate) body: String,
}

/// A comment that belongs to lines of the new side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReviewComment<'a> {
    pub(crate) commit: &'a str,
    pub(crate) path: &'a str,
    pub(crate) line: u32,
    pub(crate) end_line: u32,
    pub(crate) body: &'a str,
}

impl GitHub {
    /// One pull request.
    pub(crate) fn pull(&self, number: u64) -> Result<Pull, Failure> {
        pull(&self.get(&format!("/pulls/{number}"))?)
    }

    /// Number of the newest one, open or not; `None` before the first.
    pub(crate) fn newest_pull(&self) -> Result<Option<u64>, Failure> {
        let newest = self.get("/pulls?state=all&sort=created&direction=desc&per_page=1")?;
        let newest = newest.as_array().and_then(|list| list.first());
        newest.map(|json| pull(json).map(|pull| pull.number)).transpose()
    }

    /// How many advisories of severity critical are open.
    pub(crate) fn critical_alerts(&self) -> Result<usize, Failure> {
        Ok(self.list("/dependabot/alerts?state=open&severity=critical")?.len())
    }

    /// Its diff, with the three lines of context that the service gives.
    pub(crate) fn pull_diff(&self, number: u64) -> Result<String, Failure> {
        self.get_text(&format!("/pulls/{number}"), DIFF)
    }

    /// The comments at its lines: every one, whoever wrote it.
    pub(crate) fn review_comments(&self, number: u64) -> Result<Vec<Written>, Failure> {
        self.list(&format!("/pulls/{number}/comments"))?.iter().map(comment).collect()
    }

    /// Writes a comment at lines of the new side.
    pub(crate) fn post_review_comment(
        &self,
        number: u64,
        new: ReviewComment<'_>,
    ) -> Result<(), Failure> {
        // A start that equals the end is refused.
        let body = if new.line < new.end_line {
            json!({"body": new.body, "commit_id": new.commit, "path": new.path, "side": "RIGHT",
                "line": new.end_line, "start_side": "RIGHT", "start_line": new.line})
        } else {
            json!({"body": new.body, "commit_id": new.commit, "path": new.path, "side": "RIGHT",
                "line": new.end_line})
        };
        self.send(&Method::POST, &format!("/pulls/{number}/comments"), &body)?;
        Ok(())
    }

    /// Puts another text in place of such a comment's.
    pub(crate) fn edit_review_comment(&self, id: u64, text: &str) -> Result<(), Failure> {
        self.send(&Method::PATCH, &format!("/pulls/comments/{id}"), &json!({"body": text}))?;
        Ok(())
    }

    /// The comments in its conversation: every one, whoever wrote it.
    pub(crate) fn comments(&self, number: u64) -> Result<Vec<Written>, Failure> {
        self.list(&format!("/issues/{number}/comments"))?.iter().map(comment).collect()
    }

    /// Writes a comment in its conversation.
    pub(crate) fn post_comment(&self, number: u64, text: &str) -> Result<(), Failure> {
        let path = format!("/issues/{number}/comments");
        self.send(&Method::POST, &path, &json!({"body": text}))?;
        Ok(())
    }

    /// Puts another text in place of such a comment's.
    pub(crate) fn edit_comment(&self, id: u64, text: &str) -> Result<(), Failure> {
        self.send(&Method::PATCH, &format!("/issues/comments/{id}"), &json!({"body": text}))?;
        Ok(())
    }
}

pub(super) fn pull(json: &Value) -> Result<Pull, Failure> {
    let text = |pointer: &str| json.pointer(pointer)?.as_str().map(str::to_owned);
    let pull = || {
        Some(Pull {
            number: json.get("number")?.as_u64()?,
            base_sha: text("/base/sha")?,
            head_sha: text("/head/sha")?,
            base: text("/base/ref")?,
            title: text("/title")?,
            body: text("/body").unwrap_or_default(),
            url: text("/html_url")?,
        })
    };
    Ok(pull().context("what GitHub sent is no pull request")?)
}

fn comment(json: &Value) -> Result<Written, Failure> {
    let author = json.pointer("/user/login").and_then(Value::as_str).unwrap_or_default();
    let written = || {
        Some(Written {
            id: json.get("id")?.as_u64()?,
            author: author.to_owned(),
            body: json.get("body")?.as_str()?.to_owned(),
        })
    };
    Ok(written().context("what GitHub sent is no comment")?)
}
