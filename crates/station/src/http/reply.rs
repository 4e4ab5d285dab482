//! Shapes of answers.

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::Response;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::json;

use super::page::Events;
use crate::line::Problem;

/// The body of an answer.
pub(crate) type Out = Either<Full<Bytes>, Events>;

/// What a station calls itself; `plimsoll-metrics` looks for it.
const SERVER: &str = concat!("plimsoll-station/", env!("CARGO_PKG_VERSION"));

/// Seconds after which a client that was sent away may come again.
const RETRY_AFTER_SECS: &str = "1";

fn respond(status: u16, headers: &[(&'static str, &'static str)], body: Bytes) -> Response<Out> {
    with(status, headers, Either::Left(Full::new(body)))
}

fn with(status: u16, headers: &[(&'static str, &'static str)], body: Out) -> Response<Out> {
    let mut response = Response::new(body);
    if let Ok(status) = hyper::StatusCode::from_u16(status) {
        *response.status_mut() = status;
    }
    let always =
        [("server", SERVER), ("x-content-type-options", "nosniff"), ("cache-control", "no-store")];
    for (name, value) in always.iter().chain(headers) {
        let name = HeaderName::from_static(name);
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// An answer without a body.
pub(crate) fn empty(status: u16) -> Response<Out> {
    respond(status, &[], Bytes::new())
}

/// An answer in words.
pub(crate) fn plain(status: u16, text: &'static str) -> Response<Out> {
    respond(status, &[("content-type", "text/plain; charset=utf-8")], text.into())
}

pub(super) fn text(status: u16, kind: &'static str, text: String) -> Response<Out> {
    respond(status, &[("content-type", kind)], text.into())
}

pub(super) fn json(status: u16, value: &serde_json::Value) -> Response<Out> {
    text(status, "application/json; charset=utf-8", value.to_string())
}

/// A page. Nothing but what comes from here, and nothing written within it, is run or shown.
pub(super) fn page(text: String) -> Response<Out> {
    const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", POLICY),
        // With `no-referrer` a browser would send `Origin: null` with a form of this very page.
        ("referrer-policy", "same-origin"),
    ];
    respond(200, &headers, text.into())
}

/// Look there now, by GET. `to` is a path of ours.
pub(super) fn see_other(to: &str) -> Response<Out> {
    let mut response = empty(303);
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(hyper::header::LOCATION, to);
    }
    response
}

/// Events, for as long as somebody listens.
pub(super) fn stream(events: Events) -> Response<Out> {
    with(200, &[("content-type", "text/event-stream")], Either::Right(events))
}

/// As QuestDB answers; its clients take any 204.
pub(super) fn ping() -> Response<Out> {
    respond(204, &[("x-influxdb-version", "v2.7.4")], Bytes::new())
}

/// What QuestDB's clients read to choose the version of the protocol.
pub(super) fn settings() -> Response<Out> {
    json(
        200,
        &json!({
            "config": {
                "release.type": "plimsoll-station",
                "release.version": env!("CARGO_PKG_VERSION"),
                "accepting.writes": ["http"],
                "line.proto.support.versions": [1, 2],
                "ilp.proto.transports": ["http"],
                "cairo.max.file.name.length": 127,
            },
            "preferences.version": 0,
            "preferences": {},
        }),
    )
}

/// A body with a line that cannot be taken, in the shape of QuestDB's answer.
pub(super) fn bad_line(problem: &Problem) -> Response<Out> {
    let Problem { line, column, reason } = problem;
    let message = format!("nothing stored; error in line {line}, column {column}: {reason}");
    json(400, &json!({ "code": "invalid", "message": message, "line": line, "column": column }))
}

/// A request that can never be taken as it is.
pub(super) fn refused(status: u16, message: &str) -> Response<Out> {
    json(status, &json!({ "code": "invalid", "message": message }))
}

/// The store needs a person.
pub(super) fn broken(message: &str) -> Response<Out> {
    json(500, &json!({ "code": "internal error", "message": message }))
}

/// The same request may be taken in a moment. `status` is 503, or 429 when this client asks too much.
pub(super) fn later(status: u16, message: &str) -> Response<Out> {
    let body = json!({ "code": "busy", "message": message }).to_string();
    let kind = ("content-type", "application/json; charset=utf-8");
    respond(status, &[kind, ("retry-after", RETRY_AFTER_SECS)], body.into())
}

/// Nobody, or somebody who may not.
pub(super) fn denied(status: u16, message: &str) -> Response<Out> {
    let body = json!({ "code": "denied", "message": message }).to_string();
    let kind = ("content-type", "application/json; charset=utf-8");
    let ask = ("www-authenticate", "Basic realm=\"plimsoll\", charset=\"UTF-8\"");
    if status == 401 {
        respond(401, &[kind, ask], body.into())
    } else {
        respond(status, &[kind], body.into())
    }
}
