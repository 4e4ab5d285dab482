//! An HTTP server that answers by script.

use std::{
    collections::VecDeque,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) connection: usize,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    /// Sequence numbers of the rows of a write.
    pub(crate) fn seqs(&self) -> Vec<i64> {
        let text = String::from_utf8_lossy(&self.body).into_owned();
        text.split("seq=").skip(1).map(|t| t.split('i').next().unwrap().parse().unwrap()).collect()
    }
}

/// What the server does with a request.
pub(crate) enum Do {
    /// These bytes, then the next request.
    Reply(Vec<u8>),
    /// These bytes, then the connection ends.
    ReplyAndClose(Vec<u8>),
    /// Nothing: the connection stays open until the client ends it.
    Silence,
}

pub(crate) fn reply(status: u16, body: &str) -> Do {
    Do::Reply(format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into())
}

pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Arc<Mutex<bool>>,
    thread: Option<JoinHandle<()>>,
    port: u16,
}

impl Server {
    /// A server that decides each request by `handler`.
    pub(crate) fn new(mut handler: impl FnMut(&Seen) -> Do + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, stop) = (Arc::<Mutex<Vec<Seen>>>::default(), Arc::<Mutex<bool>>::default());
        let (log, stopped) = (Arc::clone(&seen), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                if *stopped.lock().unwrap() {
                    return;
                }
                serve(connection, &stream.unwrap(), &log, &mut handler);
            }
        });
        Self { url: format!("http://127.0.0.1:{port}"), seen, stop, thread: Some(thread), port }
    }

    /// A server that answers with these in turn.
    pub(crate) fn script(steps: impl IntoIterator<Item = Do>) -> Self {
        let mut steps: VecDeque<Do> = steps.into_iter().collect();
        Self::new(move |_| steps.pop_front().unwrap_or_else(|| reply(599, "script is over")))
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The writes among the requests.
    pub(crate) fn writes(&self) -> Vec<Seen> {
        self.seen().into_iter().filter(|s| s.path().contains("/write")).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        *self.stop.lock().unwrap() = true;
        // Wakes the accept; a client must be dropped before its server.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        if let Some(thread) = self.thread.take() {
            let _joined = thread.join();
        }
    }
}

fn serve(
    connection: usize,
    stream: &TcpStream,
    log: &Mutex<Vec<Seen>>,
    handler: &mut (impl FnMut(&Seen) -> Do + Send),
) {
    let mut input = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if input.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let length = head.split("Content-Length: ").nth(1);
        let length: usize = length.map_or(0, |l| l.split("\r\n").next().unwrap().parse().unwrap());
        let mut body = vec![0; length];
        if input.read_exact(&mut body).is_err() {
            return;
        }
        let seen = Seen { connection, head, body };
        let step = handler(&seen);
        log.lock().unwrap().push(seen);
        let mut output = stream;
        match step {
            Do::Reply(bytes) => {
                if output.write_all(&bytes).is_err() {
                    return;
                }
            }
            Do::ReplyAndClose(bytes) => {
                let _written = output.write_all(&bytes);
                return;
            }
            Do::Silence => {}
        }
    }
}
