//! From an address to an open socket, with TLS where that is asked for.

use std::{io, sync::Arc};

use hyper_rustls::ConfigBuilderExt as _;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::TlsConnector;

use crate::config::{Address, Place, Tls};

/// What bytes go over.
pub(super) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

pub(super) async fn open(address: &Address) -> io::Result<Box<dyn Socket>> {
    let (host, port) = match &address.place {
        Place::Unix(path) => return Ok(Box::new(UnixStream::connect(path).await?)),
        Place::Tcp { host, port } => (host, *port),
    };
    let stream = TcpStream::connect((&**host, port)).await?;
    stream.set_nodelay(true)?;
    let Some(tls) = &address.access.tls else {
        return Ok(Box::new(stream));
    };
    let name = ServerName::try_from(host.to_string()).map_err(io::Error::other)?;
    let connector = TlsConnector::from(Arc::new(client(tls)?));
    Ok(Box::new(connector.connect(name, stream).await?))
}

/// Made anew for each connection: they are few, and what vouches for servers may be exchanged while the relay runs.
fn client(tls: &Tls) -> io::Result<ClientConfig> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    let config = match &tls.ca {
        None => config.with_native_roots()?,
        Some(file) => {
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_file_iter(file).map_err(io::Error::other)? {
                let certificate = certificate.map_err(io::Error::other)?;
                roots.add(certificate).map_err(io::Error::other)?;
            }
            config.with_root_certificates(roots)
        }
    };
    Ok(config.with_no_client_auth())
}
