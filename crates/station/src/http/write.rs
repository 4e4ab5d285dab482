//! `/write`: a body of lines, all of it or nothing.

use std::io::Read as _;
use std::sync::Arc;
use std::time::SystemTime;

use flate2::read::MultiGzDecoder;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::header::CONTENT_ENCODING;
use hyper::{Request, Response};
use plimsoll_metrics::Timestamp;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Out, Shared, empty, reply};
use crate::counts::add;
use crate::ingest::{Reading, read};
use crate::line::Precision;
use crate::memory::Held;
use crate::store::{Job, Refusal};
use crate::tokens::Token;

/// Bodies up to this long are read where they came in.
const INLINE_BYTES: usize = 16 << 10;
/// Memory for a body whose length is not known beforehand.
const FIRST_BYTES: usize = 64 << 10;

/// An answer that is not 204.
type Refused = Box<Response<Out>>;

pub(super) async fn write(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
    token: Option<&Token>,
) -> Response<Out> {
    let reply = match take(shared, request, token).await {
        Ok(()) => empty(204),
        Err(reply) => *reply,
    };
    match reply.status().as_u16() {
        503 => add(&shared.counts.writes_busy, 1),
        400..=499 => add(&shared.counts.writes_refused, 1),
        _ => {}
    }
    reply
}

async fn take(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
    token: Option<&Token>,
) -> Result<(), Refused> {
    if *shared.draining.borrow() {
        return Err(reply::later(503, "the station is going down").into());
    }
    let word = parameter(request.uri().query(), "precision").unwrap_or_default();
    let Some(precision) = Precision::parse(&word) else {
        let reason = "unsupported precision; wanted n, u, ms, s, m or h";
        return Err(reply::refused(400, reason).into());
    };
    let is_gzip =
        match request.headers().get(CONTENT_ENCODING).map(hyper::header::HeaderValue::as_bytes) {
            None | Some(b"identity") => false,
            Some(b"gzip") => true,
            Some(_) => {
                return Err(reply::refused(415, "wanted a body that is plain or gzip").into());
            }
        };
    let (bytes, held) = receive(shared, request.into_body()).await?;
    let token = token.filter(|token| token.is_limited()).cloned();
    let is_small = !is_gzip && bytes.len() <= INLINE_BYTES;
    let sent = Sent { bytes, held, is_gzip, precision, token };
    let handed = if is_small {
        sent.hand_over(shared)
    } else {
        let shared = Arc::clone(shared);
        let work = tokio::task::spawn_blocking(move || sent.hand_over(&shared)).await;
        work.unwrap_or_else(|_| Err(reply::broken("the body could not be read").into()))
    };
    let Some(done) = handed? else { return Ok(()) };
    match done.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Refusal::Later { reason })) => Err(reply::later(503, &reason).into()),
        Ok(Err(Refusal::Never { reason })) => Err(reply::refused(400, &reason).into()),
        Ok(Err(Refusal::Broken { reason })) => Err(reply::broken(&reason).into()),
        Err(_) => Err(reply::later(503, "the store is closed").into()),
    }
}

/// Takes the body in, within the bounds of one body and of all.
async fn receive(shared: &Shared, mut body: Incoming) -> Result<(Vec<u8>, Held), Refused> {
    let bound = shared.options.body_bytes_max;
    let said = body.size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok());
    if said.is_some_and(|bytes| bytes > bound) {
        return Err(too_large(bound));
    }
    let Some(mut held) = shared.memory.hold(said.unwrap_or(FIRST_BYTES)) else {
        return Err(no_memory());
    };
    let mut bytes = Vec::with_capacity(said.unwrap_or(FIRST_BYTES));
    loop {
        let Ok(frame) = timeout(shared.options.body_timeout, body.frame()).await else {
            return Err(reply::refused(408, "the body did not arrive in time").into());
        };
        let data = match frame {
            None => return Ok((bytes, held)),
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            Some(Err(_)) => return Err(reply::refused(400, "the body was cut off").into()),
        };
        let len = bytes.len().saturating_add(data.len());
        if len > bound {
            return Err(too_large(bound));
        }
        if !held.grow(&shared.memory, len) {
            return Err(no_memory());
        }
        bytes.extend_from_slice(&data);
    }
}

fn too_large(bound: usize) -> Refused {
    reply::refused(413, &format!("the body is longer than {bound} bytes; send it in parts")).into()
}

fn no_memory() -> Refused {
    reply::later(503, "too many bytes of requests wait for the store").into()
}

type Done = oneshot::Receiver<Result<(), Refusal>>;

/// A body as it came.
struct Sent {
    bytes: Vec<u8>,
    held: Held,
    is_gzip: bool,
    precision: Precision,
    /// Whose it is, if that limits the rows.
    token: Option<Token>,
}

impl Sent {
    /// Reads the lines and hands the rows over to the store; `None` when there is none.
    #[allow(clippy::disallowed_methods, reason = "when a request arrived is read at this edge")]
    fn hand_over(mut self, shared: &Shared) -> Result<Option<Done>, Refused> {
        if self.is_gzip {
            self.bytes = self.inflate(shared)?;
        }
        add(&shared.counts.body_bytes, u64::try_from(self.bytes.len()).unwrap_or(u64::MAX));
        let now = Timestamp::from(SystemTime::now()).as_nanos();
        let ahead = shared.options.ahead_max.as_nanos();
        let ahead_max = i64::try_from(ahead).unwrap_or(i64::MAX);
        let how = Reading { precision: self.precision, now, ahead_max };
        let body = read(&self.bytes, &shared.writer.registry, how);
        let body = body.map_err(|problem| Box::new(reply::bad_line(&problem)))?;
        if let Some(token) = &self.token
            && let Some(reason) = body.breaks(&token.envs, &token.producers)
        {
            let reason = format!("the token `{}` does not allow it: {reason}", token.name);
            return Err(reply::denied(403, &reason).into());
        }
        if body.rows == 0 {
            return Ok(None);
        }
        let (done, wait) = oneshot::channel();
        let job = Job { body, done, held: self.held };
        shared.writer.hand_over(job).map_err(|reason| Box::new(reply::later(503, reason)))?;
        Ok(Some(wait))
    }

    fn inflate(&mut self, shared: &Shared) -> Result<Vec<u8>, Refused> {
        let bound = shared.options.body_bytes_max;
        let mut decoder = MultiGzDecoder::new(self.bytes.as_slice());
        let (mut inflated, mut chunk) = (Vec::new(), vec![0; FIRST_BYTES]);
        loop {
            let read = decoder.read(&mut chunk);
            let read =
                read.map_err(|_| Box::new(reply::refused(400, "the body is no gzip, or cut off")))?;
            if read == 0 {
                return Ok(inflated);
            }
            inflated.extend_from_slice(chunk.get(..read).unwrap_or_default());
            if inflated.len() > bound {
                return Err(too_large(bound));
            }
            if !self.held.grow(&shared.memory, self.bytes.len().saturating_add(inflated.len())) {
                return Err(no_memory());
            }
        }
    }
}

/// The value of a parameter of the query string, escapes undone; the first of several.
pub(super) fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let pairs = query?.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| unescape(value)).next()
}

fn unescape(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_found_and_unescaped() {
        let check = |query: &str, wanted: Option<&str>| {
            assert_eq!(parameter(Some(query), "q").as_deref(), wanted, "{query}");
        };
        check("q=a%20b+c", Some("a b c"));
        check("x=1&q=%C3%A4", Some("\u{e4}"));
        check("q", Some(""));
        check("qq=1", None);
        assert_eq!(parameter(None, "q"), None);
    }
}
