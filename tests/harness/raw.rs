//! An upstream that does on each connection exactly what a test says, byte by byte.

use std::io::Result;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// What precedes the body of an answer whose length is not told and that ends its connection.
pub const EVENTS: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n";

/// Dropping it stops it.
#[derive(Debug)]
pub struct Raw {
    addr: SocketAddr,
    task: JoinHandle<()>,
}

impl Raw {
    /// `converse` has each connection to itself; the connection ends with it.
    ///
    /// # Panics
    /// When no loopback port is free.
    pub async fn start<F, Conversation>(converse: F) -> Self
    where
        F: Fn(TcpStream) -> Conversation + Send + 'static,
        Conversation: Future<Output = Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a loopback port is free");
        let addr = listener.local_addr().expect("it listens");
        let task = tokio::spawn(async move {
            let mut running = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                stream
                    .set_nodelay(true)
                    .expect("a fresh socket takes options");
                running.spawn(converse(stream));
            }
        });
        Self { addr, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A request as it came.
#[derive(Debug)]
pub struct Request {
    /// In small letters.
    pub head: String,
    pub body: Vec<u8>,
}

pub async fn request(stream: &mut TcpStream) -> Result<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let mut body = vec![0; number_after(&head, "content-length: ").unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    Ok(Request { head, body })
}

/// The number that follows a text.
pub fn number_after(head: &str, text: &str) -> Option<usize> {
    let rest = head.split(text).nth(1)?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// One chunk of a chunked body.
pub async fn chunk(stream: &mut TcpStream, piece: &[u8]) -> Result<()> {
    let size = format!("{:x}\r\n", piece.len());
    let chunk = [size.as_bytes(), piece, b"\r\n"].concat();
    stream.write_all(&chunk).await
}
