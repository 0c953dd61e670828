//! A second origin that should never hear of a request: it counts who comes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A server on loopback that keeps what it gets and answers 200.
#[derive(Debug)]
pub struct Witness {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

impl Witness {
    /// Starts to listen on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start() -> std::io::Result<Witness> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heard);
        let server = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut bytes = vec![0; 1 << 16];
                let length = stream.read(&mut bytes).await.unwrap_or_default();
                let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
                kept.lock().expect("nobody panics with it").push(text);
                drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await);
            }
        });
        Ok(Witness { address, heard, server })
    }

    /// A URL of this origin.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What came, one text for each connection.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("nobody panics with it").clone()
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.server.abort();
    }
}
