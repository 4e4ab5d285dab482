//! Whether a service is well.

use std::io::Read as _;
use std::time::Duration;

use super::config::Health;
use super::release::Launch;
use crate::http::{Fetch as _, Http, HttpOptions, Request};
use crate::store::chain;

const REPLY_LEN_MAX: u64 = 1 << 20;
const TIMEOUT: Duration = Duration::from_secs(3);

/// Why a service is not well.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct HealthError {
    what: String,
}

impl HealthError {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }
}

/// Looks at everything by which a service is seen to be well, and returns what was seen.
pub(super) fn check(launch: &Launch) -> Result<String, HealthError> {
    let Health { http, contains, run } = &launch.health;
    let mut seen = Vec::new();
    if let Some(url) = http {
        seen.push(ask(url, contains.as_deref())?);
    }
    if let Some(program) = run {
        program
            .run(&launch.dir, &[], Some(TIMEOUT))
            .map_err(|error| HealthError::new(chain(&error)))?;
        seen.push(format!("`{}` ended with 0", program.run.join(" ")));
    }
    Ok(if seen.is_empty() { "it runs".to_owned() } else { seen.join(", ") })
}

fn ask(url: &str, contains: Option<&str>) -> Result<String, HealthError> {
    // The address of the server, and the rest, which is the path.
    let from = url.find("://").map_or(0, |at| at + 3);
    let at = url.get(from..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| from + at);
    let (server, path) = url.split_at(at);
    let path = if path.is_empty() { "/" } else { path };
    let options = HttpOptions::default().with_connect_timeout(TIMEOUT).with_read_timeout(TIMEOUT);
    let mut http = Http::new(server, options).map_err(|error| HealthError::new(chain(&error)))?;
    let reply = http.fetch(&Request::get(path)).map_err(|error| HealthError::new(chain(&error)))?;
    let status = reply.status;
    if !(200..300).contains(&status) {
        return Err(HealthError::new(format!("{url} answers with status {status}")));
    }
    let mut body = Vec::new();
    reply
        .body
        .take(REPLY_LEN_MAX)
        .read_to_end(&mut body)
        .map_err(|error| HealthError::new(format!("{url}: {error}")))?;
    if let Some(wanted) = contains
        && !String::from_utf8_lossy(&body).contains(wanted)
    {
        return Err(HealthError::new(format!("{url} answers without `{wanted}`")));
    }
    Ok(format!("{url} answers with {status}"))
}
