//! A small client of Redis: one connection, RESP2, every wait bounded.

mod resp;

use std::fmt;
use std::io::{self, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use plimsoll_redact::Secret;

pub(crate) use resp::Value;

use resp::Reader;

/// Where a Redis is, and how long to wait for it.
#[derive(Clone)]
#[non_exhaustive]
pub struct RedisServer {
    /// Host and port, such as `127.0.0.1:6379`.
    pub address: String,
    /// Number of the database. Default 0.
    pub database: u32,
    /// Longest wait for a connection and for each reply. Default 5 s.
    pub timeout: Duration,
    user: Option<String>,
    password: Option<Secret>,
}

impl fmt::Debug for RedisServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisServer")
            .field("address", &self.address)
            .field("database", &self.database)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl RedisServer {
    /// The Redis at `host:port`.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            database: 0,
            timeout: Duration::from_secs(5),
            user: None,
            password: None,
        }
    }

    /// Sets [`RedisServer::database`].
    #[must_use]
    pub fn with_database(mut self, database: u32) -> Self {
        self.database = database;
        self
    }

    /// Sets the password, and the user if there is one.
    #[must_use]
    pub fn with_password(mut self, user: Option<&str>, password: impl Into<String>) -> Self {
        self.user = user.map(str::to_owned);
        self.password = Some(Secret::new(password));
        self
    }

    /// Sets [`RedisServer::timeout`].
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// Why Redis did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisError {
    /// No connection.
    #[error("cannot connect to Redis at {address}")]
    Connect {
        /// Host and port.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The connection ended, or a reply took too long.
    #[error("Redis at {address} did not answer {command}")]
    Lost {
        /// Host and port.
        address: String,
        /// The command's name.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// It refused a command.
    #[error("Redis at {address} refused {command}: {said}")]
    Refused {
        /// Host and port.
        address: String,
        /// The command's name.
        command: String,
        /// Its words.
        said: String,
    },
    /// It answered something else than such a command is answered with.
    #[error("Redis at {address} answered {command} with something else than {wanted}")]
    Unexpected {
        /// Host and port.
        address: String,
        /// The command's name.
        command: String,
        /// What was wanted.
        wanted: &'static str,
    },
}

/// A connection.
pub(crate) struct Redis {
    address: String,
    stream: Reader,
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redis({})", self.address)
    }
}

impl Redis {
    pub(crate) fn connect(server: &RedisServer) -> Result<Self, RedisError> {
        let address = server.address.clone();
        let stream = open(server)
            .map_err(|source| RedisError::Connect { address: address.clone(), source })?;
        let mut redis = Self { address, stream: Reader::new(stream) };
        if let Some(password) = &server.password {
            let mut words: Vec<&[u8]> = vec![b"AUTH"];
            words.extend(server.user.as_deref().map(str::as_bytes));
            words.push(password.expose().as_bytes());
            redis.ask(&words)?;
        }
        if server.database != 0 {
            redis.ask(&[b"SELECT", server.database.to_string().as_bytes()])?;
        }
        redis.ask(&[b"PING"])?;
        Ok(redis)
    }

    /// Sends one command and reads its reply.
    pub(crate) fn ask(&mut self, words: &[&[u8]]) -> Result<Value, RedisError> {
        let mut replies = self.ask_all(&[words])?;
        replies.pop().ok_or_else(|| self.unexpected(name(words), "one reply"))
    }

    /// Sends several commands at once and reads all replies; an error among them is one.
    pub(crate) fn ask_all(&mut self, commands: &[&[&[u8]]]) -> Result<Vec<Value>, RedisError> {
        let first = commands.first().map(|words| name(words)).unwrap_or_default();
        let mut bytes = Vec::new();
        commands.iter().for_each(|words| resp::write(&mut bytes, words));
        let sent = self.stream.get_mut().write_all(&bytes);
        sent.map_err(|source| self.lost(&first, source))?;
        let mut replies = Vec::with_capacity(commands.len());
        for words in commands {
            let reply = self.stream.read().map_err(|source| self.lost(&name(words), source))?;
            if let Value::Error(said) = reply {
                let (address, command) = (self.address.clone(), name(words));
                return Err(RedisError::Refused { address, command, said });
            }
            replies.push(reply);
        }
        Ok(replies)
    }

    /// The fields of `INFO section` that have a colon.
    pub(crate) fn info(&mut self, section: &str) -> Result<Vec<(String, String)>, RedisError> {
        let reply = self.ask(&[b"INFO", section.as_bytes()])?;
        let bytes = reply.bytes().ok_or_else(|| self.unexpected("INFO".to_owned(), "a text"))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let pair = |line: &str| {
            line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        };
        Ok(text.lines().filter_map(pair).collect())
    }

    /// All keys that begin with a prefix, in their order.
    pub(crate) fn keys(&mut self, prefix: &str, max: usize) -> Result<Vec<Vec<u8>>, RedisError> {
        let pattern = format!("{}*", escape(prefix));
        let mut keys = std::collections::BTreeSet::new();
        let mut cursor = b"0".to_vec();
        loop {
            let words: [&[u8]; 6] =
                [b"SCAN", &cursor, b"MATCH", pattern.as_bytes(), b"COUNT", b"1000"];
            let reply = self.ask(&words)?;
            let wrong = || self.unexpected("SCAN".to_owned(), "a cursor and keys");
            let [next, found] =
                <[Value; 2]>::try_from(reply.list().ok_or_else(wrong)?).map_err(|_| wrong())?;
            let found = found.list().ok_or_else(wrong)?;
            keys.extend(found.into_iter().filter_map(Value::bytes));
            cursor = next.bytes().ok_or_else(wrong)?;
            if cursor == b"0" || keys.len() > max {
                return Ok(keys.into_iter().collect());
            }
        }
    }

    pub(crate) fn unexpected(&self, command: String, wanted: &'static str) -> RedisError {
        RedisError::Unexpected { address: self.address.clone(), command, wanted }
    }

    fn lost(&self, command: &str, source: io::Error) -> RedisError {
        RedisError::Lost { address: self.address.clone(), command: command.to_owned(), source }
    }
}

fn open(server: &RedisServer) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in server.address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, server.timeout) {
            Ok(stream) => {
                stream.set_read_timeout(Some(server.timeout))?;
                stream.set_write_timeout(Some(server.timeout))?;
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The command's name; never its arguments, which may be secret.
fn name(words: &[&[u8]]) -> String {
    words.first().map(|word| String::from_utf8_lossy(word).into_owned()).unwrap_or_default()
}

/// Takes their meaning from the characters that a pattern of Redis knows.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if matches!(letter, '*' | '?' | '[' | ']' | '\\' | '^' | '-') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
