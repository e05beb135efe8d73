//! An upstream that plays one recorded body to whoever asks, in pieces of as many bytes as the query says: `?split=3`.

use std::io::Result;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Dropping it stops it.
#[derive(Debug)]
pub struct Recorded {
    addr: SocketAddr,
    task: JoinHandle<()>,
}

impl Recorded {
    /// # Panics
    /// When no loopback port is free.
    pub async fn start(content_type: &'static str, body: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a loopback port is free");
        let addr = listener.local_addr().expect("it listens");
        let task = tokio::spawn(async move {
            let mut playing = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                playing.spawn(play(stream, content_type, body.as_bytes()));
            }
        });
        Self { addr, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One answer for each connection, which is closed after it.
async fn play(mut stream: TcpStream, content_type: &str, body: &[u8]) -> Result<()> {
    stream.set_nodelay(true)?;
    let split = asked_split(&mut stream).await?;
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    for piece in body.chunks(split) {
        let size = format!("{:x}\r\n", piece.len());
        let chunk = [size.as_bytes(), piece, b"\r\n"].concat();
        stream.write_all(&chunk).await?;
        tokio::task::yield_now().await;
    }
    stream.write_all(b"0\r\n\r\n").await
}

/// Reads the request, of which only the query is looked at.
async fn asked_split(stream: &mut TcpStream) -> Result<usize> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let number_after = |text: &str| {
        let digits = head
            .split(text)
            .nth(1)?
            .split(|c: char| !c.is_ascii_digit());
        digits.into_iter().next()?.parse::<usize>().ok()
    };
    let mut body = vec![0; number_after("content-length: ").unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    Ok(number_after("split=").unwrap_or(usize::MAX))
}
