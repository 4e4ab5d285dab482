//! `/api/alerts`: what is open, and what a person does about it.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{Request, Response};
use plimsoll_metrics::Timestamp;
use plimsoll_metrics::read::Rfc3339;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{Out, Shared, admit, page, reply, write::parameter};
use crate::alarms::{Alarm, OperateError, Wish};
use crate::page::{Verdict, verdict};
use crate::tokens::Token;

/// Longest form.
const FORM_BYTES_MAX: usize = 4096;
/// Longest silence that a page may ask for, minutes.
const MINUTES_MAX: u64 = 120;
/// Who it was when nobody showed a token.
const NOBODY: &str = "page";

/// What is open, as JSON.
pub(super) fn list(shared: &Shared) -> Response<Out> {
    let now_ns = page::now_ns();
    let facts = page::facts(shared, None, now_ns);
    let Verdict { state, headline, details } = verdict(&facts, now_ns);
    let open = facts.watching.as_ref().map(|watching| &watching.alarms);
    let open: Vec<Value> = open.into_iter().flatten().map(alarm).collect();
    let watching = facts.watching.as_ref();
    reply::json(
        200,
        &json!({
            "version": 1,
            "verdict": state.as_str(),
            "headline": headline,
            "details": details,
            "is_evaluated": watching.is_some(),
            "delivery": watching.map(|watching| watching.delivery.as_str()),
            "open": open,
        }),
    )
}

fn alarm(of: &Alarm) -> Value {
    let labels: serde_json::Map<String, Value> =
        of.labels.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({
        "name": of.name,
        "title": of.title,
        "severity": of.level.as_str(),
        "state": of.state,
        "is_firing": of.is_firing,
        "value": of.value,
        "limit": of.limit,
        "labels": labels,
        "since": Rfc3339(Timestamp::from(of.since)).to_string(),
        "acked_by": of.acked_by,
        "muted": of.muted,
    })
}

/// Acknowledges or silences. A form of our own page carries a key, which no other page can know;
/// a program shows its token as `Bearer`, which no browser does by itself.
pub(super) async fn operate(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
    token: Option<&Token>,
) -> Response<Out> {
    let is_part = request.headers().contains_key(page::PART);
    let is_bearer = admit::is_bearer(&request);
    let is_ack = request.uri().path().ends_with("/ack");
    let by = token.map_or(NOBODY, |token| token.name.as_str()).to_owned();
    let form = match form(shared, request).await {
        Ok(form) => form,
        Err(refused) => return *refused,
    };
    let field = |name: &str| parameter(Some(&form), name).unwrap_or_default();
    if !is_bearer && field("key") != shared.form_key {
        return reply::denied(403, "this form is not of this station's page; load it again");
    }
    let wish = if is_ack { ack(&field) } else { silence(&field) };
    let wish = match wish {
        Ok(wish) => wish,
        Err(reason) => return reply::refused(400, &reason),
    };
    let Some(operate) = shared.operate.clone() else {
        return reply::refused(409, "no rules are evaluated here");
    };
    let (asked, who) = (wish.clone(), by.clone());
    let work = tokio::task::spawn_blocking(move || operate.operate(&asked, &who));
    let done = match work.await {
        Ok(Ok(done)) => done,
        Ok(Err(OperateError::Refused { reason })) => return reply::refused(409, &reason),
        Ok(Err(OperateError::Failed { reason })) => return reply::later(503, &reason),
        Err(_) => return reply::broken("it could not be asked"),
    };
    tracing::info!(by, ?wish, "a person operated on an alert");
    let back = field("back");
    if is_part || back.is_empty() {
        return reply::json(200, &json!({ "done": done }));
    }
    // A path of ours and nothing else: `//host` and `/\host` lead elsewhere.
    let is_ours = back.bytes().all(|byte| byte.is_ascii_graphic())
        && (back == "/" || back.starts_with("/?") || back.starts_with("/d/"));
    reply::see_other(if is_ours { &back } else { "/" })
}

/// The fields as they came.
async fn form(shared: &Shared, request: Request<Incoming>) -> Result<String, Box<Response<Out>>> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        let reason = "wanted the fields of a form, application/x-www-form-urlencoded";
        return Err(reply::refused(415, reason).into());
    }
    let body = Limited::new(request.into_body(), FORM_BYTES_MAX).collect();
    match timeout(shared.options.body_timeout, body).await {
        Ok(Ok(body)) => Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned()),
        Ok(Err(_)) => {
            let reason = format!("the form was cut off, or is longer than {FORM_BYTES_MAX} bytes");
            Err(reply::refused(400, &reason).into())
        }
        Err(_) => Err(reply::refused(408, "the form did not arrive in time").into()),
    }
}

fn alarm_of(field: &dyn Fn(&str) -> String) -> Result<String, String> {
    let alarm = field("alarm");
    if alarm.is_empty() {
        Err("wanted `alarm`, the name of an open alert".to_owned())
    } else {
        Ok(alarm)
    }
}

fn ack(field: &dyn Fn(&str) -> String) -> Result<Wish, String> {
    Ok(Wish::Ack { alarm: alarm_of(field)?, note: field("note") })
}

fn silence(field: &dyn Fn(&str) -> String) -> Result<Wish, String> {
    let alarm = alarm_of(field)?;
    let minutes = field("minutes").parse::<u64>().ok();
    let minutes = minutes.filter(|minutes| (1..=MINUTES_MAX).contains(minutes));
    let minutes = minutes.ok_or(format!("wanted `minutes`, from 1 to {MINUTES_MAX}"))?;
    let reason = field("reason").trim().to_owned();
    if reason.is_empty() {
        return Err("wanted `reason`, why nobody shall be told".to_owned());
    }
    Ok(Wish::Silence { alarm, span: Duration::from_mins(minutes), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_a_wish_or_says_what_it_lacks() {
        let check = |is_ack: bool, fields: &str, wanted: Result<Wish, &str>| {
            let field = |name: &str| parameter(Some(fields), name).unwrap_or_default();
            let found = if is_ack { ack(&field) } else { silence(&field) };
            match (&found, &wanted) {
                (Err(found), Err(wanted)) => assert!(found.contains(wanted), "{fields}: {found}"),
                _ => assert_eq!(found.as_ref().ok(), wanted.as_ref().ok(), "{fields}"),
            }
        };
        let alarm = || "dd{a=b}".to_owned();
        check(true, "alarm=dd%7Ba%3Db%7D", Ok(Wish::Ack { alarm: alarm(), note: String::new() }));
        check(true, "", Err("`alarm`"));
        let reason = "known fault".to_owned();
        let span = Duration::from_mins(30);
        check(
            false,
            "alarm=dd%7Ba%3Db%7D&minutes=30&reason=known+fault",
            Ok(Wish::Silence { alarm: alarm(), span, reason }),
        );
        check(false, "alarm=a&minutes=121&reason=x", Err("`minutes`"));
        check(false, "alarm=a&minutes=0&reason=x", Err("`minutes`"));
        check(false, "alarm=a&minutes=5&reason=+", Err("`reason`"));
    }
}
