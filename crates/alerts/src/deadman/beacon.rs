//! Answers whoever asks whether this process lives and is well: 200 if so, 503 with the reason if not.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use super::signs::{Last, SignsError};

/// Longest wait for a request and for its answer to be taken.
const EXCHANGE_MAX: Duration = Duration::from_secs(2);

/// Longest head of a request.
const HEAD_BYTES_MAX: u64 = 8 << 10;

/// A listener on a thread of its own.
#[derive(Debug)]
pub(super) struct Beacon {
    addr: SocketAddr,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Beacon {
    pub(super) fn start(listen: &str, last: &Arc<Last>) -> Result<Self, SignsError> {
        let failed = |source| SignsError::Listen { listen: listen.to_owned(), source };
        let listener = TcpListener::bind(listen).map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        let ending = Arc::new(AtomicBool::new(false));
        let (in_thread, last) = (Arc::clone(&ending), Arc::clone(last));
        let thread = std::thread::Builder::new()
            .name("plimsoll-beacon".to_owned())
            .spawn(move || {
                for stream in listener.incoming() {
                    if in_thread.load(Ordering::SeqCst) {
                        return;
                    }
                    // Whoever asks sees what went wrong; there is nobody else to tell.
                    let _seen_by_who_asked = stream.and_then(|stream| answer(&stream, &last));
                }
            })
            .map_err(|source| SignsError::Thread { source })?;
        Ok(Self { addr, ending, thread: Some(thread) })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/alive", self.addr)
    }
}

impl Drop for Beacon {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::SeqCst);
        // Wakes the thread; if that fails it ends with the process.
        if TcpStream::connect_timeout(&self.addr, EXCHANGE_MAX).is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _panicked = thread.join();
        }
    }
}

fn answer(mut stream: &TcpStream, last: &Last) -> io::Result<()> {
    stream.set_read_timeout(Some(EXCHANGE_MAX))?;
    stream.set_write_timeout(Some(EXCHANGE_MAX))?;
    let mut head = BufReader::new(stream.take(HEAD_BYTES_MAX));
    let mut line = String::new();
    while head.read_line(&mut line)? > 0 && line.trim_end() != "" {
        line.clear();
    }
    let (status, body) = match last.problem() {
        None => ("200 OK", serde_json::json!({"alive": true, "well": true})),
        Some(problem) => (
            "503 Service Unavailable",
            serde_json::json!({"alive": true, "well": false, "problem": problem}),
        ),
    };
    let body = body.to_string();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}
