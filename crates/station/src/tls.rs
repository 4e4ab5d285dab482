//! TLS with certificate and key from files, read again when they change.

use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::options::TlsFiles;

/// How often the files are looked at, at most.
const LOOK: Duration = Duration::from_secs(5);

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read as what it should be.
    #[error("cannot read {what} from `{path}`: {reason}")]
    File {
        /// `certificate` or `key`.
        what: &'static str,
        /// The file.
        path: String,
        /// Cause, without any content.
        reason: String,
    },
    /// The key is not the certificate's, or of a kind that is not supported.
    #[error("certificate and key do not go together: {reason}")]
    Pair {
        /// Cause.
        reason: String,
    },
    /// The process has not chosen a provider of cryptography.
    #[error(
        "no TLS provider is installed; call `rustls::crypto::ring::default_provider().install_default()` first"
    )]
    NoProvider,
}

/// What is served now, and since when.
#[derive(Clone)]
struct Served {
    acceptor: TlsAcceptor,
    changed: Option<(SystemTime, SystemTime)>,
    looked: Instant,
}

/// The files and what was made of them.
pub(crate) struct Tls {
    files: TlsFiles,
    served: Mutex<Served>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Tls {
    #[allow(clippy::disallowed_methods, reason = "when files were looked at is an edge")]
    pub(crate) fn open(files: TlsFiles) -> Result<Self, TlsError> {
        let changed = changed(&files);
        let served = Served { acceptor: load(&files)?, changed, looked: Instant::now() };
        Ok(Self { files, served: Mutex::new(served) })
    }

    /// What to greet the next connection with. Files that are broken are not taken over.
    #[allow(clippy::disallowed_methods, reason = "when files were looked at is an edge")]
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if now.saturating_duration_since(served.looked) >= LOOK {
            served.looked = now;
            let changed = changed(&self.files);
            if changed != served.changed {
                match load(&self.files) {
                    Ok(acceptor) => {
                        served.acceptor = acceptor;
                        served.changed = changed;
                        tracing::info!("certificate and key were read again");
                    }
                    Err(error) => tracing::error!(%error, "the old certificate stays in use"),
                }
            }
        }
        served.acceptor.clone()
    }
}

fn changed(files: &TlsFiles) -> Option<(SystemTime, SystemTime)> {
    let at = |path| fs::metadata(path).and_then(|meta| meta.modified()).ok();
    Some((at(&files.certificate)?, at(&files.key)?))
}

fn load(files: &TlsFiles) -> Result<TlsAcceptor, TlsError> {
    let failed = |what, path: &std::path::Path, reason: String| TlsError::File {
        what,
        path: path.display().to_string(),
        reason,
    };
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| failed("certificate", &files.certificate, e.to_string()))?;
    if chain.is_empty() {
        return Err(failed("certificate", &files.certificate, "it holds none".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|e| failed("key", &files.key, e.to_string()))?;
    let provider = Arc::clone(CryptoProvider::get_default().ok_or(TlsError::NoProvider)?);
    let pair = |reason: rustls::Error| TlsError::Pair { reason: reason.to_string() };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(pair)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
