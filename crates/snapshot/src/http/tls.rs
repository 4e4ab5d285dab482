//! TLS by rustls, with the provider that the program installed.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::Stream;

/// Makes a connection secret and sure of the server's name.
pub(super) fn wrap(stream: TcpStream, host: &str) -> io::Result<Box<dyn Stream>> {
    let provider = rustls::crypto::CryptoProvider::get_default().cloned().ok_or_else(|| {
        io::Error::other("the program has installed no provider of cryptography for rustls")
    })?;
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    Ok(Box::new(StreamOwned::new(connection, stream)))
}
