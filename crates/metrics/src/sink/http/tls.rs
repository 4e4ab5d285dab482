//! TLS for the process that ships and reads: the algorithms are named here, so that no provider
//! of the process is asked for or set.

use std::{io, net::TcpStream, path::Path, sync::Arc, time::Duration};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};

use super::Deadline;

pub(super) type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// Shakes hands within the deadline. Without `ca_file` the public authorities are trusted, with it
/// only those in the file, which is read anew each time.
pub(super) fn connect(
    socket: TcpStream,
    host: &str,
    ca_file: Option<&Path>,
    deadline: Deadline,
) -> io::Result<TlsStream> {
    let name = ServerName::try_from(host.to_owned()).map_err(invalid)?;
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(invalid)?
        .with_root_certificates(roots(ca_file)?)
        .with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), name).map_err(invalid)?;
    let mut stream = StreamOwned::new(connection, socket);
    while stream.conn.is_handshaking() {
        let left = deadline.left().ok_or(io::ErrorKind::TimedOut)?;
        // Two calls of the kernel may follow one another within one step.
        let left = (left / 2).max(Duration::from_millis(1));
        stream.sock.set_read_timeout(Some(left))?;
        stream.sock.set_write_timeout(Some(left))?;
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

fn roots(ca_file: Option<&Path>) -> io::Result<RootCertStore> {
    let Some(file) = ca_file else {
        return Ok(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() });
    };
    let named = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let shown = file.display();
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file)
        .map_err(|e| named(format!("cannot read certificates of `{shown}`: {e}")))?
    {
        let certificate = certificate
            .map_err(|e| named(format!("`{shown}` holds what is no certificate: {e}")))?;
        roots
            .add(certificate)
            .map_err(|e| named(format!("`{shown}` holds no certificate to trust: {e}")))?;
    }
    if roots.is_empty() {
        return Err(named(format!("`{shown}` holds no certificate")));
    }
    Ok(roots)
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
