//! One request with its bounds: time, size, tries and pages.

use std::io::Read as _;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use plimsoll_redact::{Rules, mask};
use reqwest::Method;
use reqwest::blocking::{Client, Response};
use serde_json::Value;

use super::GitHub;
use crate::failure::Failure;

const TIMEOUT: Duration = Duration::from_secs(30);
const TRIES: u32 = 3;
/// Longest pause that a limit of the service may ask for.
const PAUSE_MAX: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(500);
const BYTES_MAX: u64 = 64 << 20;
/// Pages of 100 that a list is read at most; more is an error, because half a list would be taken for the whole.
const PAGES_MAX: usize = 30;
const MESSAGE_MAX: usize = 300;
const VERSION: &str = "2022-11-28";

pub(super) const JSON: &str = "application/vnd.github+json";
pub(super) const DIFF: &str = "application/vnd.github.diff";

pub(super) fn client() -> anyhow::Result<Client> {
    Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
        .build()
        .context("cannot make an HTTP client")
}

/// What the service answered to one request.
struct Answer {
    status: u16,
    wait: Option<Duration>,
    next: Option<String>,
    text: String,
}

impl GitHub {
    pub(super) fn get_text(&self, path: &str, accept: &str) -> Result<String, Failure> {
        Ok(self.ask(&Method::GET, &format!("{}{path}", self.base), accept, None)?.text)
    }

    pub(super) fn get(&self, path: &str) -> Result<Value, Failure> {
        json(&self.get_text(path, JSON)?)
    }

    pub(super) fn send(&self, method: &Method, path: &str, body: &Value) -> Result<Value, Failure> {
        let url = format!("{}{path}", self.base);
        json(&self.ask(method, &url, JSON, Some(body))?.text)
    }

    /// All entries of a list.
    pub(super) fn list(&self, path: &str) -> Result<Vec<Value>, Failure> {
        let and = if path.contains('?') { '&' } else { '?' };
        let mut url = format!("{}{path}{and}per_page=100", self.base);
        let mut all = Vec::new();
        for _ in 0..PAGES_MAX {
            let answer = self.ask(&Method::GET, &url, JSON, None)?;
            match json(&answer.text)? {
                Value::Array(entries) => all.extend(entries),
                _ => return Err(Failure::new(anyhow::anyhow!("GitHub's answer is no list"))),
            }
            match answer.next {
                // The token goes nowhere else.
                Some(next) if next.starts_with(&self.base) => url = next,
                Some(_) => {
                    return Err(Failure::new(anyhow::anyhow!("a list goes on at another address")));
                }
                None => return Ok(all),
            }
        }
        Err(Failure::new(anyhow::anyhow!("a list at GitHub has more than {PAGES_MAX} pages")))
    }

    fn ask(
        &self,
        method: &Method,
        url: &str,
        accept: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Failure> {
        let mut tried = 1;
        loop {
            let answer = self.once(method, url, accept, body);
            let pause = pause_after(&answer, method).filter(|_| tried < TRIES);
            match (answer, pause) {
                (Ok(answer), _) if (200..300).contains(&answer.status) => return Ok(answer),
                (_, Some(pause)) => wait(pause * tried),
                (Ok(answer), None) => return Err(self.refusal(&answer)),
                (Err(error), None) => return Err(error.into()),
            }
            tried += 1;
        }
    }

    fn once(
        &self,
        method: &Method,
        url: &str,
        accept: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        let mut request = self
            .client
            .request(method.clone(), url)
            .bearer_auth(self.token.expose())
            .header("accept", accept)
            .header("x-github-api-version", VERSION);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().map_err(reqwest::Error::without_url);
        let response = response.context("cannot reach GitHub")?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let wait =
            header("retry-after").and_then(|text| text.parse().ok()).map(Duration::from_secs);
        let next = header("link").and_then(next_page);
        let status = response.status().as_u16();
        Ok(Answer { status, wait, next, text: text_of(response)? })
    }

    /// What the service says of an error, shortened and without anything secret.
    fn refusal(&self, answer: &Answer) -> Failure {
        let json: Option<Value> = serde_json::from_str(&answer.text).ok();
        let said = json.as_ref().and_then(|json| json.get("message")?.as_str());
        let rules = Rules::default().with_known([self.token.expose()]);
        let said: String =
            mask(said.unwrap_or_default(), &rules).chars().take(MESSAGE_MAX).collect();
        let hint = match answer.status {
            401 => "the token is not valid, or has expired",
            403 | 404 => {
                "the token needs contents: read and pull-requests: write, for this repository"
            }
            406 => "the change is too large for GitHub's diff: check it out and name a range",
            422 => {
                "GitHub refused what was sent; does the commit still belong to the pull request?"
            }
            429 => "the limit of requests is used up: try again later",
            _ => "try again, or look at GitHub's status page",
        };
        Failure::new(anyhow::anyhow!("GitHub answered {}: {said}", answer.status)).with_hint(hint)
    }
}

/// How long to wait before the same request again, if it may be made again.
fn pause_after(answer: &anyhow::Result<Answer>, method: &Method) -> Option<Duration> {
    match answer {
        // It was not done, whatever it was.
        Ok(Answer { status: 403 | 429, wait, .. }) => wait.filter(|wait| *wait <= PAUSE_MAX),
        // What only reads may be asked twice; what writes may have been done already.
        Ok(Answer { status: 500.., .. }) | Err(_) => (*method == Method::GET).then_some(PAUSE),
        Ok(_) => None,
    }
}

fn text_of(response: Response) -> anyhow::Result<String> {
    let mut text = String::new();
    response.take(BYTES_MAX).read_to_string(&mut text).context("GitHub's answer broke off")?;
    Ok(text)
}

fn json(text: &str) -> Result<Value, Failure> {
    Ok(serde_json::from_str(text).context("GitHub's answer is no JSON")?)
}

/// The address of `rel="next"` in a `link` header.
fn next_page(link: &str) -> Option<String> {
    link.split(',').find_map(|part| {
        let (url, relation) = part.split_once(';')?;
        let url = url.trim().strip_prefix('<')?.strip_suffix('>')?;
        relation.contains("rel=\"next\"").then(|| url.to_owned())
    })
}

#[allow(clippy::disallowed_methods, reason = "bounded: at most three tries of a minute each")]
fn wait(pause: Duration) {
    thread::sleep(pause.min(PAUSE_MAX));
}
