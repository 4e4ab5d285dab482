//! Pull requests that we open ourselves.

use reqwest::Method;
use serde_json::json;

use super::GitHub;
use super::pulls::{Pull, pull};
use crate::failure::Failure;

/// What a pull request is opened with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewPull<'a> {
    pub(crate) title: &'a str,
    pub(crate) body: &'a str,
    /// Branches of this repository.
    pub(crate) head: &'a str,
    pub(crate) base: &'a str,
}

impl GitHub {
    /// The open pull requests of a branch of this repository.
    pub(crate) fn pulls_of(&self, branch: &str) -> Result<Vec<Pull>, Failure> {
        let head = query(&format!("{}:{branch}", self.owner));
        self.list(&format!("/pulls?state=open&head={head}"))?.iter().map(pull).collect()
    }

    /// Opens one.
    pub(crate) fn open_pull(&self, new: NewPull<'_>) -> Result<Pull, Failure> {
        let NewPull { title, body, head, base } = new;
        let body = json!({"title": title, "body": body, "head": head, "base": base});
        pull(&self.send(&Method::POST, "/pulls", &body)?)
    }

    /// Puts other words on one.
    pub(crate) fn edit_pull(&self, number: u64, title: &str, body: &str) -> Result<(), Failure> {
        self.send(
            &Method::PATCH,
            &format!("/pulls/{number}"),
            &json!({"title": title, "body": body}),
        )?;
        Ok(())
    }

    /// Closes one without merging it.
    pub(crate) fn close_pull(&self, number: u64) -> Result<(), Failure> {
        self.send(&Method::PATCH, &format!("/pulls/{number}"), &json!({"state": "closed"}))?;
        Ok(())
    }
}

/// A value for a query.
fn query(text: &str) -> String {
    let mut safe = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            safe.push(char::from(byte));
        } else {
            safe.push_str(&format!("%{byte:02X}"));
        }
    }
    safe
}
