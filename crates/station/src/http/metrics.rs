//! `/metrics`.

use hyper::Response;

use super::{Out, Shared, reply};

pub(super) fn metrics(shared: &Shared) -> Response<Out> {
    let text = shared.counts.prometheus(shared.memory.held_bytes());
    reply::text(200, "text/plain; version=0.0.4; charset=utf-8", text)
}
