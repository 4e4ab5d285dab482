//! The requests.

use std::time::Duration;

use plimsoll_redact::Secret;
use serde_json::Value;

use super::{SentryApi, SentryApiError, SentryStep, rules};
use crate::http::{Method, Reply, Request};

/// Pages of a list that are read; each has about a hundred entries.
const PAGES_MAX: usize = 50;

/// Tries of one request, and the longest pause between two.
const TRIES: usize = 5;
const PAUSE_MAX: Duration = Duration::from_secs(30);

impl SentryApi {
    /// The detector of errors of the project, which its rules are bound to.
    pub(super) fn detector(&self) -> Result<u64, SentryApiError> {
        let project = &self.project.project;
        let all = self.list(&format!("detectors/?project={}", escaped(project)), "detectors")?;
        let of_type = |kind: &str| {
            let is_meant =
                |detector: &&Value| detector.get("type").and_then(Value::as_str) == Some(kind);
            all.iter().find(is_meant)?.get("id")?.as_str()?.parse().ok()
        };
        of_type("issue_stream")
            .or_else(|| of_type("error"))
            .ok_or_else(|| SentryApiError::NoDetector { project: project.clone() })
    }

    /// All rules of the project.
    pub(super) fn workflows(&self) -> Result<Vec<Value>, SentryApiError> {
        let project = escaped(&self.project.project);
        self.list(&format!("workflows/?project={project}&sortBy=name"), "alert rules")
    }

    /// Creates or replaces a rule. Sentry's description and its examples spell intervals differently, so the
    /// other spelling is tried when the first is refused.
    pub(super) fn write(&self, id: Option<&str>, step: &SentryStep) -> Result<(), SentryApiError> {
        let what = format!("the rule `{}`", step.name);
        let mut body = step.body.clone();
        let (method, path) = match id {
            None => (Method::Post, "workflows/".to_owned()),
            Some(id) => {
                if let Some(fields) = body.as_object_mut() {
                    fields.insert("id".to_owned(), id.into());
                }
                (Method::Put, format!("workflows/{}/", escaped(id)))
            }
        };
        let mut reply = self.ask(method, &path, Some(&body))?;
        if reply.status == 400 {
            reply = self.ask(method, &path, Some(&rules::long(&body)))?;
        }
        if reply.is_success() { Ok(()) } else { Err(SentryApiError::of_reply(&what, &reply)) }
    }

    /// Whether an event has arrived, by its id.
    ///
    /// # Errors
    ///
    /// [`SentryApiError`]: Sentry cannot be asked.
    pub fn has_event(&self, event_id: &str) -> Result<bool, SentryApiError> {
        let reply = self.ask(Method::Get, &format!("eventids/{}/", escaped(event_id)), None)?;
        match reply.status {
            404 => Ok(false),
            200 => {
                let said = reply.json().unwrap_or_default();
                Ok(said.get("eventId").and_then(Value::as_str) == Some(event_id))
            }
            _ => Err(SentryApiError::of_reply("an event", &reply)),
        }
    }

    fn list(&self, path: &str, what: &str) -> Result<Vec<Value>, SentryApiError> {
        let mut found = Vec::new();
        let mut cursor = String::new();
        for _ in 0..PAGES_MAX {
            let reply = self.ask(Method::Get, &format!("{path}{cursor}"), None)?;
            let page = reply.json().and_then(|page| page.as_array().cloned());
            let (true, Some(page)) = (reply.is_success(), page) else {
                return Err(SentryApiError::of_reply(what, &reply));
            };
            found.extend(page);
            match next_cursor(reply.header("link").unwrap_or_default()) {
                Some(next) => cursor = format!("&cursor={}", escaped(&next)),
                None => return Ok(found),
            }
        }
        Ok(found)
    }

    /// Asks; what may pass is tried again.
    fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, SentryApiError> {
        let base = self.project.url.trim_end_matches('/');
        let url =
            format!("{base}/api/0/organizations/{}/{path}", escaped(&self.project.organization));
        let mut pause = Duration::from_millis(500);
        let mut tries = 0;
        loop {
            tries += 1;
            let bearer = Secret::new(format!("Bearer {}", self.token.expose()));
            let mut request = Request::get(Secret::new(url.as_str()));
            if let Some(body) = body {
                request = Request::json(method, Secret::new(url.as_str()), body);
            }
            let answer = self.http.send(request.with_header("authorization", bearer));
            let (is_transient, wait) = match &answer {
                Ok(reply) => (matches!(reply.status, 429 | 500..), reply.retry_after()),
                Err(fault) => (fault.is_transient(), None),
            };
            if !is_transient || tries >= TRIES {
                return answer.map_err(|fault| SentryApiError::of_fault(base, &fault));
            }
            std::thread::park_timeout(wait.unwrap_or(pause).min(PAUSE_MAX));
            pause = pause.saturating_mul(2);
        }
    }
}

/// The cursor of the next page, of a header such as `<…>; rel="next"; results="true"; cursor="0:100:0"`.
fn next_cursor(link: &str) -> Option<String> {
    let next = link.split(',').find(|part| part.contains("rel=\"next\""))?;
    if !next.contains("results=\"true\"") {
        return None;
    }
    let (_, cursor) = next.split_once("cursor=\"")?;
    Some(cursor.split('"').next()?.to_owned())
}

/// A part of a path or a query.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_asked_for_while_there_is_one() {
        let link = |results| {
            format!(
                "<https://x/?cursor=0:0:1>; rel=\"previous\"; results=\"false\"; cursor=\"0:0:1\", \
                 <https://x/?cursor=0:100:0>; rel=\"next\"; results=\"{results}\"; cursor=\"0:100:0\""
            )
        };
        assert_eq!(next_cursor(&link("true")).as_deref(), Some("0:100:0"));
        assert_eq!(next_cursor(&link("false")), None);
        assert_eq!(next_cursor(""), None);
        assert_eq!(escaped("0:100:0 ä"), "0%3A100%3A0%20%C3%A4");
    }
}
