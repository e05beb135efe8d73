//! An upstream that plays one recorded body to whoever asks, in pieces of as many bytes as the query says: `?split=3`.

use std::io::Result;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::raw::{Raw, chunk, number_after, request};

/// Dropping it stops it.
#[derive(Debug)]
pub struct Recorded(Raw);

impl Recorded {
    /// # Panics
    /// When no loopback port is free.
    pub async fn start(content_type: &'static str, body: &'static str) -> Self {
        let play = move |stream| play(stream, content_type, body.as_bytes());
        Self(Raw::start(play).await)
    }

    pub fn url(&self) -> String {
        self.0.url()
    }
}

/// One answer for each connection, which is closed after it.
async fn play(mut stream: TcpStream, content_type: &str, body: &[u8]) -> Result<()> {
    let asked = request(&mut stream).await?;
    let split = number_after(&asked.head, "split=").unwrap_or(usize::MAX);
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    for piece in body.chunks(split) {
        chunk(&mut stream, piece).await?;
        tokio::task::yield_now().await;
    }
    stream.write_all(b"0\r\n\r\n").await
}
