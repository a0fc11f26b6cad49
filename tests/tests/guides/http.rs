//! One request over a connection of its own.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Sends a request and gives the body of the answer, which must say how long it is.
pub(crate) async fn send(
    server: SocketAddr,
    method: &str,
    path: &str,
    headers: &[String],
    body: &str,
) -> String {
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nhost: desk\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    let mut stream = TcpStream::connect(server).await.unwrap();
    stream
        .write_all(format!("{request}\r\n{body}").as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .expect("an answer with a head");
    assert!(!head.to_lowercase().contains("transfer-encoding"), "{head}");
    body.to_owned()
}
