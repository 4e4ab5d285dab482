//! A proxy on loopback that fails the way a network does, when a test says so.

use std::io::{self, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use crate::listening::{Listening, Open, WAIT_MAX, connect, locked, shut};
use crate::message::{Message, read_head, read_request_body, read_response};

/// What goes wrong between the client and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing: every byte passes.
    Nothing,
    /// The server gets each request and answers it; every nth reply is thrown away and the connection closed.
    /// The client cannot know whether its request was done. Counted from when the fault was set.
    DropReplies {
        /// One is every reply.
        every: NonZeroU32,
    },
    /// The server gets only so many bytes of a request, then both connections are closed.
    CutRequests {
        /// Bytes that still pass, head included.
        after_bytes: usize,
    },
    /// The client gets only so many bytes of a reply, then its connection is closed.
    CutReplies {
        /// Bytes that still pass, head included.
        after_bytes: usize,
    },
    /// Requests are taken and nothing ever comes back, until the fault changes or [`crate::WAIT_MAX`] has passed.
    Hang,
    /// Nothing listens: a connection is refused, and those that were open are cut.
    Refuse,
}

/// What passed a [`FlakyProxy`] so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyCounts {
    /// Connections accepted from clients.
    pub connections: u64,
    /// HTTP requests read to their end.
    pub requests: u64,
    /// Replies of the server that the client got whole.
    pub replies: u64,
    /// Replies of the server that were thrown away or cut.
    pub replies_lost: u64,
}

/// A proxy between a client and a server on loopback, both plain TCP.
///
/// A connection that starts with an HTTP method is followed request by request; on any other the bytes pass
/// both ways, and of the faults only [`Fault::Refuse`], [`Fault::Hang`] (for new connections) and
/// [`FlakyProxy::cut`] apply.
#[derive(Debug)]
pub struct FlakyProxy {
    addr: SocketAddr,
    listening: Option<Listening>,
    shared: Arc<Shared>,
}

impl FlakyProxy {
    /// Starts a proxy to `upstream` on a port of its own, with [`Fault::Nothing`].
    ///
    /// # Errors
    ///
    /// When no port or no thread can be had. The upstream need not be there yet.
    pub fn start(upstream: SocketAddr) -> io::Result<FlakyProxy> {
        let shared = Arc::new(Shared::new(upstream));
        let listening = listen((Ipv4Addr::LOCALHOST, 0).into(), &shared)?;
        Ok(FlakyProxy { addr: listening.addr(), listening: Some(listening), shared })
    }

    /// Returns the address that a client connects to; it stays the same through [`Fault::Refuse`].
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Replaces the fault. When this returns, the next request meets the new one.
    ///
    /// # Errors
    ///
    /// When the port cannot be bound again after [`Fault::Refuse`].
    pub fn set(&mut self, fault: Fault) -> io::Result<()> {
        self.shared.set(fault);
        if fault == Fault::Refuse {
            self.listening = None;
            self.cut();
        } else if self.listening.is_none() {
            self.listening = Some(listen(self.addr, &self.shared)?);
        }
        Ok(())
    }

    /// Cuts every connection that is open now, in both directions. New ones are accepted.
    pub fn cut(&self) {
        self.shared.open.cut();
    }

    /// Returns what passed so far.
    #[must_use]
    pub fn counts(&self) -> ProxyCounts {
        let shared = &self.shared;
        ProxyCounts {
            connections: shared.connections.load(Ordering::SeqCst),
            requests: shared.requests.load(Ordering::SeqCst),
            replies: shared.replies.load(Ordering::SeqCst),
            replies_lost: shared.replies_lost.load(Ordering::SeqCst),
        }
    }
}

impl Drop for FlakyProxy {
    fn drop(&mut self) {
        self.shared.set(Fault::Refuse);
        self.listening = None;
        self.cut();
    }
}

fn listen(addr: SocketAddr, shared: &Arc<Shared>) -> io::Result<Listening> {
    let shared = Arc::clone(shared);
    Listening::start(addr, move |client| {
        // What breaks here is what the client under test sees, so there is nobody else to tell.
        let _seen_by_the_client = serve(&client, &shared);
        shut(&client);
    })
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    fault: Mutex<(Fault, u64)>,
    changed: Condvar,
    open: Open,
    connections: AtomicU64,
    requests: AtomicU64,
    replies: AtomicU64,
    replies_lost: AtomicU64,
}

impl Shared {
    fn new(upstream: SocketAddr) -> Shared {
        Shared {
            upstream,
            fault: Mutex::new((Fault::Nothing, 0)),
            changed: Condvar::new(),
            open: Open::default(),
            connections: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            replies: AtomicU64::new(0),
            replies_lost: AtomicU64::new(0),
        }
    }

    fn set(&self, fault: Fault) {
        *locked(&self.fault) = (fault, 0);
        self.changed.notify_all();
    }

    /// The fault for the next request, and the number of that request since the fault was set.
    fn next(&self) -> (Fault, u64) {
        let mut fault = locked(&self.fault);
        fault.1 = fault.1.saturating_add(1);
        *fault
    }

    fn hang(&self) {
        let fault = locked(&self.fault);
        let _guard_and_timeout = self
            .changed
            .wait_timeout_while(fault, WAIT_MAX, |(fault, _)| *fault == Fault::Hang)
            .unwrap_or_else(PoisonError::into_inner);
    }
}

fn serve(client: &TcpStream, shared: &Shared) -> io::Result<()> {
    let Some(_kept) = shared.open.keep(client)? else { return Ok(()) };
    shared.connections.fetch_add(1, Ordering::SeqCst);
    let mut first = [0; 8];
    let seen = client.peek(&mut first)?;
    let is_http = first.get(..seen).is_some_and(starts_like_http);
    if !is_http && locked(&shared.fault).0 == Fault::Hang {
        shared.hang();
        return Ok(());
    }
    let server = connect(shared.upstream)?;
    let Some(_kept) = shared.open.keep(&server)? else { return Ok(()) };
    if is_http { follow(client, &server, shared) } else { relay(client, &server) }
}

fn starts_like_http(bytes: &[u8]) -> bool {
    const METHODS: [&[u8]; 7] =
        [b"GET ", b"POST ", b"PUT ", b"HEAD ", b"PATCH ", b"DELETE ", b"OPTIONS "];
    METHODS.iter().any(|method| method.starts_with(bytes) || bytes.starts_with(method))
}

/// Passes requests and replies one by one.
fn follow(mut client: &TcpStream, server: &TcpStream, shared: &Shared) -> io::Result<()> {
    let mut from_client = BufReader::new(client);
    let mut from_server = BufReader::new(server);
    while let Some(mut request) = read_head(&mut from_client)? {
        if request.expects_continue() {
            client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        read_request_body(&mut from_client, &mut request)?;
        shared.requests.fetch_add(1, Ordering::SeqCst);
        let (fault, number) = shared.next();
        match fault {
            Fault::Hang => {
                shared.hang();
                return Ok(());
            }
            Fault::Refuse => return Ok(()),
            Fault::CutRequests { after_bytes } => return send_start(server, &request, after_bytes),
            Fault::Nothing | Fault::DropReplies { .. } | Fault::CutReplies { .. } => {}
        }
        send_start(server, &request, usize::MAX)?;
        let reply = read_response(&mut from_server, request.method_and_target().0)?;
        let lost = match fault {
            Fault::DropReplies { every } if number % u64::from(every.get()) == 0 => Some(0),
            Fault::CutReplies { after_bytes } => Some(after_bytes),
            _ => None,
        };
        if let Some(after_bytes) = lost {
            shared.replies_lost.fetch_add(1, Ordering::SeqCst);
            return send_start(client, &reply, after_bytes);
        }
        shared.replies.fetch_add(1, Ordering::SeqCst);
        send_start(client, &reply, usize::MAX)?;
        if reply.closes() || request.closes() {
            return Ok(());
        }
    }
    Ok(())
}

fn send_start(mut to: &TcpStream, message: &Message, bytes_max: usize) -> io::Result<()> {
    let len = message.raw.len().min(bytes_max);
    to.write_all(message.raw.get(..len).unwrap_or_default())?;
    to.flush()
}

/// Passes bytes both ways until either side ends.
fn relay(client: &TcpStream, server: &TcpStream) -> io::Result<()> {
    thread::scope(|scope| {
        let back = scope.spawn(|| {
            let (mut from, mut to) = (server, client);
            let copied = io::copy(&mut from, &mut to);
            shut(client);
            copied
        });
        let (mut from, mut to) = (client, server);
        let copied = io::copy(&mut from, &mut to);
        shut(server);
        match back.join() {
            Ok(copied_back) => copied.and(copied_back).map(|_| ()),
            Err(_) => Err(io::Error::other("the thread of the way back panicked")),
        }
    })
}
