//! A certificate that vouches for itself, and those who trust it.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use rcgen::generate_simple_self_signed;
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::eventually::eventually_async;

/// Of `localhost`, with its key.
#[derive(Debug)]
pub struct Certificate {
    der: CertificateDer<'static>,
    pem: String,
    key: String,
}

impl Default for Certificate {
    fn default() -> Self {
        Self::new()
    }
}

impl Certificate {
    /// # Panics
    /// When none can be made.
    pub fn new() -> Self {
        let made = generate_simple_self_signed(["localhost".into()]);
        let made = made.expect("the name is a name");
        Self {
            der: CertificateDer::clone(made.cert.der()),
            pem: made.cert.pem(),
            key: made.signing_key.serialize_pem(),
        }
    }

    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Writes it into a directory, and gives the table of `weir.toml` that names its files.
    ///
    /// # Panics
    /// When that directory cannot be written to.
    pub fn write(&self, dir: &Path) -> String {
        let write = |file, text: &String| fs::write(dir.join(file), text);
        let written = write("tls.key", &self.key).and_then(|()| write("tls.crt", &self.pem));
        written.expect("the test's directory can be written to");
        let dir = dir.display();
        format!("{{ certificate = \"{dir}/tls.crt\", key = \"{dir}/tls.key\" }}")
    }

    /// A connection of somebody who trusts this certificate alone.
    ///
    /// # Errors
    /// When nobody listens there, or shows another one.
    pub async fn connect(&self, to: SocketAddr) -> Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone())?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let mut config = config
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let connector = TlsConnector::from(Arc::new(config));
        let tcp = TcpStream::connect(to).await?;
        Ok(connector
            .connect(ServerName::try_from("localhost")?, tcp)
            .await?)
    }

    /// Waits until this certificate is the one that new connections are shown.
    pub async fn until_shown_at(&self, to: SocketAddr) {
        eventually_async("it is shown", async || {
            let connected = self.connect(to).await.map(drop);
            connected.map_err(|error| error.to_string())
        })
        .await;
    }
}
