//! A connection: plain, or with the feature `questdb-rs` under TLS.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    #[cfg(feature = "questdb-rs")]
    Tls(Box<super::tls::TlsStream>),
}

impl Stream {
    pub(super) fn set_read_timeout(&self, left: Duration) -> io::Result<()> {
        self.socket().set_read_timeout(Some(left))
    }

    pub(super) fn set_write_timeout(&self, left: Duration) -> io::Result<()> {
        self.socket().set_write_timeout(Some(left))
    }

    fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            #[cfg(feature = "questdb-rs")]
            Self::Tls(stream) => stream.get_ref(),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(to),
            #[cfg(feature = "questdb-rs")]
            Self::Tls(stream) => match stream.read(to) {
                // A server that ends without a farewell: the length of the reply tells what is cut.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
                read => read,
            },
        }
    }
}

impl Write for Stream {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(from),
            #[cfg(feature = "questdb-rs")]
            Self::Tls(stream) => stream.write(from),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            #[cfg(feature = "questdb-rs")]
            Self::Tls(stream) => stream.flush(),
        }
    }
}
