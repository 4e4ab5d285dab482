//! Secrets by reference: a configuration says where one is, never what it is.

use std::{
    collections::BTreeMap,
    fmt, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use plimsoll_redact::Secret;
use serde::{Deserialize, Serialize};

/// Longest secret that is read from a file, in bytes.
const SECRET_BYTES_MAX: u64 = 16 << 10;

/// Where a secret is: `${NAME}` for a variable, `file:PATH`, or `credential:NAME` for one that systemd passes.
/// `env:NAME` is read as `${NAME}`, for where a shell would take that for its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretRef(Place);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Place {
    Env(String),
    File(PathBuf),
    Credential(String),
}

/// Why a secret cannot be had. Names the reference, never the secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The text is no reference. It is not repeated, as it may be the secret itself.
    #[error("wanted a reference to a secret: ${{NAME}}, file:PATH or credential:NAME")]
    NoReference,
    /// There is nothing.
    #[error("`{reference}` is not there")]
    Absent {
        /// The reference.
        reference: String,
    },
    /// Others may read the file.
    #[error("`{}` can be read by others (mode {mode:o}); do: chmod 600 {}", path.display(), path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl SecretRef {
    /// The variable of that name.
    pub fn env(name: impl Into<String>) -> Self {
        Self(Place::Env(name.into()))
    }

    /// The first line of that file, which only its owner may read.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Place::File(path.into()))
    }

    /// Reads a reference as it is written.
    ///
    /// # Errors
    ///
    /// [`SecretError::NoReference`]; the text is not repeated, as it may be the secret itself.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        if let Some(name) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            return variable(name);
        }
        let (kind, name) = text.split_once(':').ok_or(SecretError::NoReference)?;
        // `https://…` is no reference, and neither is `env:` with an address behind it.
        if name.is_empty() || name.contains("://") {
            return Err(SecretError::NoReference);
        }
        match kind {
            "env" => variable(name),
            "file" => Ok(Self(Place::File(name.into()))),
            "credential" => Ok(Self(Place::Credential(name.to_owned()))),
            _ => Err(SecretError::NoReference),
        }
    }
}

fn variable(name: &str) -> Result<SecretRef, SecretError> {
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_name { Ok(SecretRef::env(name)) } else { Err(SecretError::NoReference) }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Env(name) => write!(f, "${{{name}}}"),
            Place::File(path) => write!(f, "file:{}", path.display()),
            Place::Credential(name) => write!(f, "credential:{name}"),
        }
    }
}

impl TryFrom<String> for SecretRef {
    type Error = SecretError;
    fn try_from(text: String) -> Result<Self, SecretError> {
        Self::parse(&text)
    }
}

impl From<SecretRef> for String {
    fn from(reference: SecretRef) -> Self {
        reference.to_string()
    }
}

/// Where references lead. Secrets are read when they are used, so that a changed one is seen.
#[derive(Clone)]
pub struct Secrets {
    env: Arc<Variables>,
}

type Variables = dyn Fn(&str) -> Option<String> + Send + Sync;

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    /// Variables as `env` gives them; files as they are.
    pub fn new(env: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self { env: Arc::new(env) }
    }

    /// Variables of this process.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "the edge at which secrets are read")]
    pub fn of_process() -> Self {
        Self::new(|name| std::env::var(name).ok())
    }

    /// These variables and no others.
    pub fn of<'a>(values: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let values: BTreeMap<String, String> =
            values.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        Self::new(move |name| values.get(name).cloned())
    }

    /// Whether the secret can be had.
    ///
    /// # Errors
    ///
    /// [`SecretError`]: why not.
    pub fn check(&self, reference: &SecretRef) -> Result<(), SecretError> {
        self.read(reference).map(|_| ())
    }

    pub(crate) fn read(&self, reference: &SecretRef) -> Result<Secret, SecretError> {
        let absent = || SecretError::Absent { reference: reference.to_string() };
        let text = match &reference.0 {
            Place::Env(name) => (self.env)(name).ok_or_else(absent)?,
            Place::File(path) => from_file(path, &absent)?,
            Place::Credential(name) => {
                let dir = (self.env)("CREDENTIALS_DIRECTORY").ok_or_else(absent)?;
                from_file(&Path::new(&dir).join(name), &absent)?
            }
        };
        let text = text.lines().next().unwrap_or_default().trim();
        if text.is_empty() { Err(absent()) } else { Ok(Secret::new(text)) }
    }
}

fn from_file(path: &Path, absent: &dyn Fn() -> SecretError) -> Result<String, SecretError> {
    use io::Read as _;
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => absent(),
        _ => SecretError::Io { path: path.to_owned(), source },
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SecretError::Open { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    file.take(SECRET_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}
