//! A blocking client of a served venue.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ApiError;
use crate::event::{Event, Fill};
use crate::money::Decimal;
use crate::order::{Change, NewOrder, OrderState};

const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Why a request to a served venue failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The address is not of the form `http://host:port`.
    #[error("`{found}` is no address of a venue, wanted http://host:port")]
    Url {
        /// What was found.
        found: String,
    },
    /// No whole answer came. Whether the request arrived is not known.
    #[error("no answer from {address} after {attempts} attempts")]
    Unreachable {
        /// The address.
        address: String,
        /// How often it was tried.
        attempts: u32,
        /// The last failure.
        source: io::Error,
    },
    /// The venue refused the request.
    #[error("the venue answered {status}: {error} ({hint})")]
    Refused {
        /// HTTP status.
        status: u16,
        /// What is wrong.
        error: String,
        /// What to do.
        hint: String,
    },
    /// The answer is not what a venue sends.
    #[error("{address} does not answer as a venue: {detail}")]
    Garbage {
        /// The address.
        address: String,
        /// What is wrong.
        detail: String,
    },
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct PlaceReply {
    /// The order as the venue knows it.
    pub order: OrderState,
    /// Whether an equal request had placed it before.
    #[serde(default)]
    pub duplicate: bool,
}

/// The venue's time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ClockReply {
    /// Replay time, UTC nanoseconds.
    pub ts_ns: i64,
    /// Bars that have passed.
    pub bars_done: u64,
    /// Bars that there are.
    pub bars_len: usize,
    /// The last bar's own date.
    pub date: Option<String>,
    /// The last close.
    pub mark_px: Option<Decimal>,
    /// Quote balance and open gains, in the quote currency.
    pub equity: Decimal,
    /// Signed position.
    pub position_qty: Decimal,
    /// Whether the line is up.
    pub connected: bool,
}

#[derive(Deserialize)]
struct Events {
    events: Vec<Event>,
    next: usize,
}

/// A client with one connection per request.
#[derive(Clone, Debug)]
pub struct VenueClient {
    address: String,
    timeout: Duration,
    attempts_max: u32,
}

impl VenueClient {
    /// Builds a client for `http://host:port`. Each attempt may take 5 s, and there are three.
    ///
    /// # Errors
    ///
    /// [`ClientError::Url`].
    pub fn new(url: &str) -> Result<Self, ClientError> {
        let rest = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        let usable = |rest: &&str| rest.contains(':') && !rest.contains(['/', '@', '?']);
        let address = rest
            .filter(usable)
            .ok_or_else(|| ClientError::Url { found: url.chars().take(100).collect() })?;
        let timeout = Duration::from_secs(5);
        Ok(Self { address: address.to_owned(), timeout, attempts_max: 3 })
    }

    /// Places an order. A lost answer is asked for again: the venue places it once.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn place(&self, order: &NewOrder) -> Result<PlaceReply, ClientError> {
        let body = serde_json::to_vec(order).map_err(|error| self.garbage(&error))?;
        self.typed("POST", "/orders", &body)
    }

    /// Cancels an order.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn cancel(&self, client_order_id: &str) -> Result<PlaceReply, ClientError> {
        self.typed("DELETE", &format!("/orders/{client_order_id}"), &[])
    }

    /// Cancels all orders; returns their ids.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn cancel_all(&self) -> Result<Vec<String>, ClientError> {
        self.field("DELETE", "/orders", "canceled")
    }

    /// Changes an order.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn modify(&self, id: &str, change: &Change) -> Result<PlaceReply, ClientError> {
        let body = serde_json::to_vec(change).map_err(|error| self.garbage(&error))?;
        self.typed("PATCH", &format!("/orders/{id}"), &body)
    }

    /// Returns one order.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn order(&self, client_order_id: &str) -> Result<OrderState, ClientError> {
        self.field("GET", &format!("/orders/{client_order_id}"), "order")
    }

    /// Returns the open orders.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn open_orders(&self) -> Result<Vec<OrderState>, ClientError> {
        self.field("GET", "/orders/open", "orders")
    }

    /// Returns fills from a number on, at most 1,000.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn fills_since(&self, since: usize) -> Result<Vec<Fill>, ClientError> {
        self.field("GET", &format!("/fills?since={since}"), "fills")
    }

    /// Returns events from a number on, at most 1,000, and the number to ask for next. The venue
    /// keeps the last 10,000: the next number tells when some were missed.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn events_since(&self, since: usize) -> Result<(Vec<Event>, usize), ClientError> {
        let reply: Events = self.typed("GET", &format!("/events?since={since}"), &[])?;
        Ok((reply.events, reply.next))
    }

    /// Returns the positions as the venue's JSON.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn positions_json(&self) -> Result<String, ClientError> {
        self.ask("GET", "/positions", &[]).map(|value| value.to_string())
    }

    /// Returns the balances and their movements as the venue's JSON.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn balances_json(&self) -> Result<String, ClientError> {
        self.ask("GET", "/balances", &[]).map(|value| value.to_string())
    }

    /// Returns the venue's time.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn clock(&self) -> Result<ClockReply, ClientError> {
        self.typed("GET", "/clock", &[])
    }

    /// Lets bars pass; returns the time after. Not repeated when the answer is lost.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn advance(&self, bars: u32) -> Result<ClockReply, ClientError> {
        let once = Self { attempts_max: 1, ..self.clone() };
        once.field("POST", &format!("/advance?bars={bars}"), "clock")
    }

    fn garbage(&self, detail: &dyn std::fmt::Display) -> ClientError {
        ClientError::Garbage { address: self.address.clone(), detail: detail.to_string() }
    }

    fn typed<T: DeserializeOwned>(
        &self,
        method: &str,
        target: &str,
        body: &[u8],
    ) -> Result<T, ClientError> {
        serde_json::from_value(self.ask(method, target, body)?)
            .map_err(|error| self.garbage(&error))
    }

    fn field<T: DeserializeOwned>(
        &self,
        method: &str,
        target: &str,
        name: &str,
    ) -> Result<T, ClientError> {
        let mut answer = self.ask(method, target, &[])?;
        let value = answer.get_mut(name).map_or(Value::Null, Value::take);
        serde_json::from_value(value).map_err(|error| self.garbage(&error))
    }

    fn ask(&self, method: &str, target: &str, body: &[u8]) -> Result<Value, ClientError> {
        let mut attempts = 0;
        let bytes = loop {
            attempts += 1;
            match self.attempt(method, target, body) {
                Ok(bytes) => break bytes,
                Err(source) if attempts >= self.attempts_max => {
                    let address = self.address.clone();
                    return Err(ClientError::Unreachable { address, attempts, source });
                }
                Err(_) => pause(attempts),
            }
        };
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut head = httparse::Response::new(&mut headers);
        let length = match head.parse(&bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Err(self.garbage(&"half a head")),
            Err(error) => return Err(self.garbage(&error)),
        };
        let status = head.code.unwrap_or(0);
        let body = bytes.get(length..).unwrap_or(&[]);
        if status == 200 {
            return serde_json::from_slice(body).map_err(|error| self.garbage(&error));
        }
        let refused: ApiError =
            serde_json::from_slice(body).map_err(|error| self.garbage(&error))?;
        Err(ClientError::Refused { status, error: refused.error, hint: refused.hint })
    }

    /// One attempt; anything but a whole answer is an error.
    fn attempt(&self, method: &str, target: &str, body: &[u8]) -> io::Result<Vec<u8>> {
        let address = self.address.to_socket_addrs()?.next();
        let address = address.ok_or_else(|| io::Error::other("the host has no address"))?;
        let mut connection = TcpStream::connect_timeout(&address, self.timeout)?;
        connection.set_read_timeout(Some(self.timeout))?;
        connection.set_write_timeout(Some(self.timeout))?;
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n",
            self.address,
            body.len()
        );
        connection.write_all(head.as_bytes())?;
        connection.write_all(body)?;
        let mut bytes = Vec::new();
        connection.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes)?;
        if whole(&bytes) {
            return Ok(bytes);
        }
        Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the answer ended early"))
    }
}

/// Says whether all bytes that the head announces are there.
fn whole(bytes: &[u8]) -> bool {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut headers);
    let Ok(httparse::Status::Complete(length)) = head.parse(bytes) else { return false };
    let announced = head
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .and_then(|header| std::str::from_utf8(header.value).ok())
        .and_then(|text| text.trim().parse::<usize>().ok());
    announced.is_some_and(|announced| bytes.len() == length + announced)
}

#[allow(clippy::disallowed_methods, reason = "a bounded pause between attempts, at the edge")]
fn pause(attempts: u32) {
    std::thread::sleep(Duration::from_millis(50 * u64::from(attempts)));
}
