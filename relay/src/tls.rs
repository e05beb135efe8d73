//! What a listener shows of itself: a certificate and its key, in files that are read again while it serves. Connections
//! keep what they began with; files that do not fit together leave in place what was shown before.

use std::{
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use sha2::{Digest as _, Sha256};
use tokio::{task::spawn_blocking, time::sleep};
use tokio_rustls::TlsAcceptor;

use crate::config::Certified;

const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Of a file.
const MOST_BYTES: u64 = 1 << 20;
const HTTP_1_1: &[u8] = b"http/1.1";

#[derive(Debug)]
pub(crate) struct Identity {
    files: Certified,
    shown: ArcSwap<Shown>,
}

struct Shown {
    /// Of both files.
    digest: [u8; 32],
    acceptor: TlsAcceptor,
}

/// Why a certificate cannot be shown. The operator's fault.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("cannot read {path}: {cause}")]
    Unreadable { path: PathBuf, cause: io::Error },
    #[error("{} is larger than {MOST_BYTES} bytes", .0.display())]
    TooLarge(PathBuf),
    #[error("there is no certificate in PEM in {}", .0.display())]
    NoCertificate(PathBuf),
    #[error("there is no private key in PEM in {}", .0.display())]
    NoKey(PathBuf),
    #[error("the key in {key} does not fit the certificate in {certificate}: {cause}")]
    Apart {
        certificate: PathBuf,
        key: PathBuf,
        cause: rustls::Error,
    },
}

impl Identity {
    pub(crate) async fn read(files: &Certified) -> Result<Self, Unfit> {
        let shown = ArcSwap::from_pointee(files.clone().read().await?.show(files)?);
        let files = files.clone();
        Ok(Self { files, shown })
    }

    /// What the next connection is greeted with.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.shown.load().acceptor.clone()
    }

    /// Shows what is in the files now. Says whether that is something else than before.
    pub(crate) async fn renew(&self) -> Result<bool, Unfit> {
        let read = self.files.clone().read().await?;
        if read.digest() == self.shown.load().digest {
            return Ok(false);
        }
        self.shown.store(Arc::new(read.show(&self.files)?));
        tracing::info!(tls.certificate = %self.files.certificate.display(), "another certificate is shown from now on");
        Ok(true)
    }

    /// Looks for ever whether the files have changed. What is wrong with them is told once.
    pub(crate) async fn follow(&self) {
        let mut told = String::new();
        loop {
            sleep(LOOK_EVERY).await;
            let wrong = match self.renew().await {
                Ok(_) => String::new(),
                Err(error) => error.to_string(),
            };
            if !wrong.is_empty() && wrong != told {
                tracing::error!(error = wrong, "the certificate before this one stays");
            }
            told = wrong;
        }
    }
}

/// Both files as they are.
struct Pair {
    certificate: Vec<u8>,
    key: zeroize::Zeroizing<Vec<u8>>,
}

impl Certified {
    async fn read(self) -> Result<Pair, Unfit> {
        let reading = spawn_blocking(move || {
            Ok(Pair {
                certificate: bytes_of(&self.certificate)?,
                key: bytes_of(&self.key)?.into(),
            })
        });
        reading.await.expect("reading a file does not panic")
    }
}

impl Pair {
    fn digest(&self) -> [u8; 32] {
        let certificate = Sha256::digest(&self.certificate);
        Sha256::new()
            .chain_update(certificate)
            .chain_update(&*self.key)
            .finalize()
            .into()
    }

    fn show(&self, files: &Certified) -> Result<Shown, Unfit> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.certificate).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| Unfit::NoCertificate(files.certificate.clone()))?;
        let key = PrivateKeyDer::from_pem_slice(&self.key);
        let key = key.map_err(|_| Unfit::NoKey(files.key.clone()))?;
        let config = server(chain, key).map_err(|cause| Unfit::Apart {
            certificate: files.certificate.clone(),
            key: files.key.clone(),
            cause,
        })?;
        Ok(Shown {
            digest: self.digest(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
        })
    }
}

fn server(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let mut config = config
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![HTTP_1_1.to_vec()];
    // Callers that come back need no second full handshake, however many there are.
    config.ticketer = ring::Ticketer::new()?;
    Ok(config)
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, Unfit> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path);
    let read = file.and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes));
    match read {
        Ok(length) if length as u64 > MOST_BYTES => Err(Unfit::TooLarge(path.to_owned())),
        Ok(_) => Ok(bytes),
        Err(cause) => Err(Unfit::Unreadable {
            path: path.to_owned(),
            cause,
        }),
    }
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shown").finish_non_exhaustive()
    }
}
