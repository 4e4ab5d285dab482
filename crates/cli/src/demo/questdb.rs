//! The address of a QuestDB, as its own clients are given it or as a URL.

use std::fmt::Write as _;
use std::path::PathBuf;

use plimsoll_metrics::{Mode, Options};

use crate::store::ADDRESS;

/// A QuestDB that rows are sent to.
#[derive(Clone)]
pub(crate) struct Server {
    url: String,
    shown: String,
    ca_file: Option<PathBuf>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Server {
    /// Reads `http::addr=host:port;username=..;password=..;tls_roots=FILE;` or
    /// `http://[user:password@]host:port`; both also with `https`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let schemes = if cfg!(feature = "https") { &["http", "https"][..] } else { &["http"] };
        for scheme in schemes {
            let Some(rest) = text.strip_prefix(scheme) else { continue };
            if let Some(rest) = rest.strip_prefix("://") {
                let host = rest.rsplit('@').next().unwrap_or(rest);
                return Self::checked(scheme, text.to_owned(), host);
            }
            if let Some(settings) = rest.strip_prefix("::") {
                return Self::from_settings(scheme, settings);
            }
        }
        // Not repeated in the message: it may hold a password.
        Err(format!(
            "no address of QuestDB; {ADDRESS}, or its clients' form \
             `http::addr=host:port;username=..;password=..;`"
        ))
    }

    fn from_settings(scheme: &str, settings: &str) -> Result<Self, String> {
        let (mut address, mut user, mut password, mut roots) = (None, None, None, None);
        for setting in settings.split(';').filter(|setting| !setting.is_empty()) {
            let (key, value) = setting
                .split_once('=')
                .ok_or("a setting has no `=`, wanted `key=value;key=value;`")?;
            match key {
                "addr" => address = Some(value),
                "username" => user = Some(value),
                "password" => password = Some(value),
                "tls_roots" => roots = Some(PathBuf::from(value)),
                other => {
                    return Err(format!(
                        "unknown setting `{other}`, wanted addr, username, password, tls_roots"
                    ));
                }
            }
        }
        let host = address.ok_or("no `addr=host:port`")?;
        let credentials = match (user, password) {
            (None, None) => String::new(),
            (Some(user), password) => {
                format!("{}:{}@", escaped(user), escaped(password.unwrap_or_default()))
            }
            (None, Some(_)) => return Err("a password without `username=..`".to_owned()),
        };
        let server = Self::checked(scheme, format!("{scheme}://{credentials}{host}"), host)?;
        Ok(Self { ca_file: roots, ..server })
    }

    fn checked(scheme: &str, url: String, host: &str) -> Result<Self, String> {
        let host = host.trim_end_matches('/');
        if host.is_empty() || host.contains([' ', '@', ';']) {
            return Err("wanted host and port, such as 127.0.0.1:9000".to_owned());
        }
        Ok(Self { url, shown: format!("{scheme}://{host}"), ca_file: None })
    }

    /// A pipeline into it, whose rows wait in `spool` while it is away.
    pub(super) fn pipeline(&self, spool: PathBuf) -> Options {
        Options::connect(&self.url, spool, Mode::Replay)
            .with_ca_file(self.ca_file.clone())
            .with_creates_tables(true)
    }

    /// The address for people, without credentials.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }
}

/// Percent-encodes everything that could end a user or password.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").unwrap_or_default();
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::Server;

    #[track_caller]
    fn check(conf: &str, url: Option<&str>) {
        let found = Server::parse(conf);
        assert_eq!(found.as_ref().ok().map(|s| s.url.as_str()), url, "{conf}: {found:?}");
    }

    #[test]
    fn both_forms_of_an_address_are_understood() {
        check("http://127.0.0.1:9000", Some("http://127.0.0.1:9000"));
        check("http::addr=localhost:9000;", Some("http://localhost:9000"));
        check(
            "http::addr=db:9000;username=admin;password=p@ss:1;",
            Some("http://admin:p%40ss%3A1@db:9000"),
        );
        check("https::addr=db:9000;tls_roots=ca.pem;", Some("https://db:9000"));
        check("https://db:9000", Some("https://db:9000"));
        check("tcp::addr=db:9009;", None);
        check("http::username=admin;", None);
        check("http::addr=db;retries=3;", None);
        check("db:9000", None);
    }

    #[test]
    fn a_password_is_never_shown() {
        let server = Server::parse("http://admin:secret@db:9000").unwrap();
        assert_eq!(format!("{server:?} {}", server.shown()), "http://db:9000 http://db:9000");
        let refused = Server::parse("https::addr=db;password=secret;").unwrap_err();
        assert!(!refused.contains("secret"), "{refused}");
    }
}
