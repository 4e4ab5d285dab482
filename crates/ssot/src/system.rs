//! The edge: where files and variables of this machine are read.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

#[cfg(feature = "yaml")]
use crate::layers::Layers;
use crate::secret::ReadSecret;

/// Where the canonical file lies in a repository.
pub const CANONICAL: &str = "config/canonical.yaml";
/// Directories that are looked through on the way up.
const UP_MAX: usize = 64;
/// Longest secret that is read from a file.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// Why a configuration file could not be read; what is in it was not looked at.
#[derive(Debug)]
#[non_exhaustive]
pub struct ReadError {
    /// The file.
    pub path: PathBuf,
    /// What happened.
    pub source: io::Error,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read `{}`", self.path.display())
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Returns the canonical file of the repository around `from`: the nearest `config/canonical.yaml`
/// on the way up, but not outside of the repository.
///
/// # Errors
///
/// [`ReadError`] if it cannot be told whether a file is there. That is not the same as none.
pub fn find_canonical(from: &Path) -> Result<Option<PathBuf>, ReadError> {
    let error = |path: &Path| {
        let path = path.to_owned();
        move |source| ReadError { path, source }
    };
    for directory in from.ancestors().take(UP_MAX) {
        let path = directory.join(CANONICAL);
        if path.try_exists().map_err(error(&path))? {
            return Ok(Some(path));
        }
        let repository = directory.join(".git");
        if repository.try_exists().map_err(error(&repository))? {
            break;
        }
    }
    Ok(None)
}

/// Returns where the file of one machine lies beside a canonical file: `canonical.local.yaml`.
#[must_use]
pub fn local_of(canonical: &Path) -> PathBuf {
    let stem = canonical.file_stem().unwrap_or_default().to_string_lossy();
    canonical.with_file_name(format!("{stem}.local.yaml"))
}

#[cfg(feature = "yaml")]
impl Layers {
    /// Reads a canonical file, which has to be there, and the local file beside it, which need
    /// not be.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if one of them cannot be read.
    pub fn with_files(self, canonical: &Path) -> Result<Self, ReadError> {
        let bytes = read(canonical, bytes_max())
            .map_err(|source| ReadError { path: canonical.to_owned(), source })?;
        let layers = self.with_file(canonical, bytes);
        let path = local_of(canonical);
        match read(&path, bytes_max()) {
            Ok(bytes) => Ok(layers.with_local_file(path, bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(layers),
            Err(source) => Err(ReadError { path, source }),
        }
    }
}

/// One byte more than is allowed, so that a file that is too long is seen to be so.
#[cfg(feature = "yaml")]
fn bytes_max() -> u64 {
    u64::try_from(crate::yaml::BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1)
}

fn read(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    // A pipe has no end that we could wait for.
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    file.take(bytes_max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Secrets in the environment and in files of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemSecrets;

impl ReadSecret for SystemSecrets {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var_os(name).and_then(|value| value.into_string().ok())
    }

    fn file(&self, path: &Path) -> io::Result<String> {
        let bytes = read(path, SECRET_BYTES_MAX.saturating_add(1))?;
        if bytes.len() as u64 > SECRET_BYTES_MAX {
            let message = format!("it has more than {SECRET_BYTES_MAX} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        String::from_utf8(bytes)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
    }
}
