//! Who may do what.

use std::sync::{Arc, PoisonError};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hyper::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN};
use hyper::{Method, Request, Response};

use super::{Out, Shared, reply};
use crate::counts::add;
use crate::tokens::{Scope, Token};

/// Whose request this is, if it may be answered; without tokens nobody's.
pub(super) fn admit<B>(
    shared: &Shared,
    request: &Request<B>,
    scope: Scope,
) -> Result<Option<Arc<Token>>, Box<Response<Out>>> {
    let admitted = check(shared, request, scope);
    if admitted.is_err() {
        add(&shared.counts.denied, 1);
    }
    admitted.map_err(|(status, reason)| Box::new(reply::denied(status, &reason)))
}

fn check<B>(
    shared: &Shared,
    request: &Request<B>,
    scope: Scope,
) -> Result<Option<Arc<Token>>, (u16, String)> {
    let tokens = shared.live.read().unwrap_or_else(PoisonError::into_inner).tokens.clone();
    if is_foreign(request) {
        return Err((403, "a page of another site may not ask this".to_owned()));
    }
    if tokens.is_empty() {
        // Loopback only; a name that resolves to it must not open it to a page of another site.
        return if !is_loopback_host(request) {
            Err((
                403,
                "wanted a loopback address as host; without tokens no other is answered".to_owned(),
            ))
        } else if scope == Scope::Operate && !shared.options.is_operable {
            Err((403, "this station was started without `--operate`".to_owned()))
        } else {
            Ok(None)
        };
    }
    let Some(shown) = shown(request) else {
        return Err((
            401,
            "wanted `Authorization: Bearer TOKEN`, or the token as password".to_owned(),
        ));
    };
    let Some(token) = tokens.find(&shown) else {
        return Err((401, "no such token".to_owned()));
    };
    if token.allows(scope) {
        Ok(Some(Arc::clone(token)))
    } else {
        Err((403, format!("the token `{}` has no scope `{scope}`", token.name)))
    }
}

/// Whether somebody showed a token that a browser does not send by itself.
pub(super) fn is_bearer<B>(request: &Request<B>) -> bool {
    let scheme = header(request, &AUTHORIZATION).and_then(|text| text.split_once(' '));
    scheme.is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
}

fn header<'r, B>(request: &'r Request<B>, name: &HeaderName) -> Option<&'r str> {
    request.headers().get(name)?.to_str().ok()
}

/// The token of `Bearer TOKEN`, or the password of `Basic`, as QuestDB's clients and browsers send it.
fn shown<B>(request: &Request<B>) -> Option<String> {
    let (scheme, value) = header(request, &AUTHORIZATION)?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(value.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    text.split_once(':').map(|(_, password)| password.to_owned())
}

/// Whether a browser sends this for a page that is not ours.
fn is_foreign<B>(request: &Request<B>) -> bool {
    if request.method() == Method::GET || request.method() == Method::HEAD {
        return false;
    }
    let site = header(request, &HeaderName::from_static("sec-fetch-site"));
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return true;
    }
    let Some(origin) = header(request, &ORIGIN) else { return false };
    let ours = origin.split_once("://").map(|(_, host)| host);
    ours != header(request, &HOST)
}

fn is_loopback_host<B>(request: &Request<B>) -> bool {
    // HTTP/1.0 clients send none; a browser always does.
    let Some(host) = header(request, &HOST) else { return true };
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, _)) => name,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let is_address = name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    is_address || name.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn request(headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::post("/write");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    #[test]
    fn the_token_is_taken_from_bearer_and_from_a_password() {
        let check = |value: &str, wanted: Option<&str>| {
            assert_eq!(shown(&request(&[("authorization", value)])).as_deref(), wanted, "{value}");
        };
        check("Bearer abc", Some("abc"));
        check("bearer  abc ", Some("abc"));
        check("Basic dTpwOnE=", Some("p:q"));
        check("Basic !", None);
        check("Digest abc", None);
        assert_eq!(shown(&request(&[])), None);
    }

    #[test]
    fn a_page_of_another_site_is_told_apart() {
        let check = |headers: &[(&str, &str)], wanted: bool| {
            assert_eq!(is_foreign(&request(headers)), wanted, "{headers:?}");
        };
        check(&[], false);
        check(&[("host", "127.0.0.1:1"), ("origin", "http://127.0.0.1:1")], false);
        check(&[("host", "127.0.0.1:1"), ("origin", "http://evil.example")], true);
        check(&[("host", "127.0.0.1:1"), ("origin", "null")], true);
        check(&[("sec-fetch-site", "cross-site")], true);
        check(&[("sec-fetch-site", "same-origin")], false);
    }

    #[test]
    fn only_names_of_this_machine_are_loopback() {
        for (host, wanted) in [
            ("localhost", true),
            ("localhost:1", true),
            ("127.0.0.9:1", true),
            ("[::1]:1", true),
            ("[::1]", true),
            ("evil.example:1", false),
            ("127.0.0.1.evil.example", false),
        ] {
            assert_eq!(is_loopback_host(&request(&[("host", host)])), wanted, "{host}");
        }
    }
}
