//! A server stand-in: it answers from a script and keeps what it was asked.

use std::fmt;
use std::io::{self, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::listening::{Listening, Open, WAIT_MAX, locked, shut};
use crate::message::{Message, read_head, read_request_body};

/// How the server answers one request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// A whole response; `content-length` is added.
    Respond {
        /// Status code, for example 429.
        status: u16,
        /// Further headers.
        headers: Vec<(String, String)>,
        /// The body as sent.
        body: Vec<u8>,
    },
    /// These bytes and nothing else, then the connection is closed: garbage, or a torn response.
    Raw(Vec<u8>),
    /// Nothing, until the server is dropped or [`crate::WAIT_MAX`] has passed; then the connection is closed.
    Hang,
    /// The connection is closed without an answer.
    Close,
}

impl Reply {
    /// A response without a body.
    #[must_use]
    pub fn status(status: u16) -> Reply {
        Reply::Respond { status, headers: Vec::new(), body: Vec::new() }
    }

    /// A response with a JSON body, given as text.
    #[must_use]
    pub fn json(status: u16, body: &str) -> Reply {
        let reply = Reply::Respond { status, headers: Vec::new(), body: body.into() };
        reply.with_header("content-type", "application/json")
    }

    /// The same response with one more header. Other replies have none and stay as they are.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Reply {
        if let Reply::Respond { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

/// A request as the server got it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// `GET`, `POST`.
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    /// Headers in their order; names as sent.
    pub headers: Vec<(String, String)>,
    /// The body without its transfer coding.
    pub body: Vec<u8>,
}

impl Request {
    /// Returns the first header of that name, whatever its case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// Returns the body as text; bytes that are not UTF-8 show as U+FFFD.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// An HTTP server on loopback that answers from a script, in the order in which requests arrive.
#[derive(Debug)]
pub struct ScriptedHttp {
    listening: Listening,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    open: Open,
}

struct State {
    respond: Box<dyn FnMut(&Request) -> Reply + Send>,
    requests: Vec<Request>,
    ending: bool,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let State { respond: _, requests, ending } = self;
        f.debug_struct("State")
            .field("requests", requests)
            .field("ending", ending)
            .finish_non_exhaustive()
    }
}

impl ScriptedHttp {
    /// Starts a server that gives the replies of `script` one by one and `then` ever after.
    ///
    /// # Errors
    ///
    /// When no port or no thread can be had.
    pub fn start(script: impl IntoIterator<Item = Reply>, then: Reply) -> io::Result<ScriptedHttp> {
        let mut script: Vec<Reply> = script.into_iter().collect();
        script.reverse();
        ScriptedHttp::answering(move |_| script.pop().unwrap_or_else(|| then.clone()))
    }

    /// Starts a server whose replies depend on the requests. One request at a time is answered.
    ///
    /// # Errors
    ///
    /// When no port or no thread can be had.
    pub fn answering(
        respond: impl FnMut(&Request) -> Reply + Send + 'static,
    ) -> io::Result<ScriptedHttp> {
        let state = State { respond: Box::new(respond), requests: Vec::new(), ending: false };
        let (state, changed, open) = (Mutex::new(state), Condvar::new(), Open::default());
        let shared = Arc::new(Shared { state, changed, open });
        let in_thread = Arc::clone(&shared);
        let listening = Listening::start((Ipv4Addr::LOCALHOST, 0).into(), move |client| {
            // What breaks here is what the client under test sees, so there is nobody else to tell.
            let _seen_by_the_client = serve(&client, &in_thread);
            shut(&client);
        })?;
        Ok(ScriptedHttp { listening, shared })
    }

    /// Returns the address that a client connects to.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.listening.addr()
    }

    /// Returns `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr())
    }

    /// Returns the requests read so far, in the order in which they were answered.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        locked(&self.shared.state).requests.clone()
    }

    /// Waits until at least `count` requests were read, at most `timeout`, and returns those there are:
    /// fewer than `count` means that the time was over.
    #[must_use]
    pub fn wait_for(&self, count: usize, timeout: Duration) -> Vec<Request> {
        let state = locked(&self.shared.state);
        let (state, _) = self
            .shared
            .changed
            .wait_timeout_while(state, timeout, |state| state.requests.len() < count)
            .unwrap_or_else(PoisonError::into_inner);
        state.requests.clone()
    }
}

impl Drop for ScriptedHttp {
    fn drop(&mut self) {
        locked(&self.shared.state).ending = true;
        self.shared.changed.notify_all();
        self.shared.open.cut();
    }
}

fn serve(mut client: &TcpStream, shared: &Shared) -> io::Result<()> {
    let Some(_kept) = shared.open.keep(client)? else { return Ok(()) };
    let mut from = BufReader::new(client);
    while let Some(mut message) = read_head(&mut from)? {
        if message.expects_continue() {
            client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        read_request_body(&mut from, &mut message)?;
        let closes = message.closes();
        let is_head = message.method_and_target().0 == "HEAD";
        match shared.take(message) {
            Reply::Respond { status, headers, body } => {
                client.write_all(&response(status, &headers, &body, is_head))?;
            }
            Reply::Raw(bytes) => return client.write_all(&bytes),
            Reply::Hang => {
                shared.hang();
                return Ok(());
            }
            Reply::Close => return Ok(()),
        }
        if closes {
            return Ok(());
        }
    }
    Ok(())
}

impl Shared {
    /// Keeps the request and takes the reply that belongs to it, in one step.
    fn take(&self, message: Message) -> Reply {
        let (method, target) = message.method_and_target();
        let (method, target) = (method.to_owned(), target.to_owned());
        let request = Request { method, target, headers: message.headers, body: message.body };
        let mut state = locked(&self.state);
        let reply = (state.respond)(&request);
        state.requests.push(request);
        self.changed.notify_all();
        reply
    }

    fn hang(&self) {
        let state = locked(&self.state);
        let _guard_and_timeout = self
            .changed
            .wait_timeout_while(state, WAIT_MAX, |state| !state.ending)
            .unwrap_or_else(PoisonError::into_inner);
    }
}

fn response(status: u16, headers: &[(String, String)], body: &[u8], is_head: bool) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} Scripted\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if status != 204 && status != 304 {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    if !is_head {
        bytes.extend_from_slice(body);
    }
    bytes
}
