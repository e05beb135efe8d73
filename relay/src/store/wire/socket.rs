//! From an address to an open socket.

use std::io;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
};

use super::address::Place;

/// What bytes go over.
pub(super) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

pub(super) async fn open(place: &Place) -> io::Result<Box<dyn Socket>> {
    match place {
        Place::Tcp { host, port } => Ok(Box::new(tcp(host, *port).await?)),
        Place::Tls { .. } => Err(io::ErrorKind::Unsupported.into()),
        Place::Unix(path) => Ok(Box::new(UnixStream::connect(path).await?)),
    }
}

async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
