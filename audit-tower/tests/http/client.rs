//! A client that says exactly what a test wants to be said.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(": ")?.trim()))
    }

    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        Self {
            status: status.unwrap_or_default(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }
}

/// Sends a request on a connection of its own.
pub(crate) async fn send(server: SocketAddr, request: &str, headers: &[&str]) -> TcpStream {
    let mut connection = TcpStream::connect(server).await.unwrap();
    let headers: String = headers.iter().flat_map(|line| [line, "\r\n"]).collect();
    let text = format!("{request} HTTP/1.1\r\nhost: desk\r\nconnection: close\r\n{headers}\r\n");
    connection.write_all(text.as_bytes()).await.unwrap();
    connection
}

/// Sends a request and reads the whole answer; of status 0 where there is none.
pub(crate) async fn ask(server: SocketAddr, request: &str, headers: &[&str]) -> Answer {
    let mut connection = send(server, request, headers).await;
    let mut bytes = Vec::new();
    // A connection that is reset has answered what it has answered.
    connection.read_to_end(&mut bytes).await.ok();
    Answer::parse(&bytes)
}
