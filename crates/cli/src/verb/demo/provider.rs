//! The one thing that the demo stands in for: a payment provider on loopback, which counts what reaches it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A listener that answers every request with `{"charged": true}`.
#[derive(Debug)]
pub(super) struct Provider {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Provider {
    /// Listens on a port of loopback that the kernel picks. The thread ends with the process.
    pub(super) fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        std::thread::Builder::new().name("provider".to_owned()).spawn(move || {
            for stream in listener.incoming().flatten() {
                // One after the other is enough: the shop has one till.
                if answer(stream).is_ok() {
                    counter.fetch_add(1, Ordering::SeqCst);
                }
            }
        })?;
        Ok(Self { address, requests })
    }

    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests have arrived.
    pub(super) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut length = 0_u64;
    let mut chunked = false;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        chunked |= lower.starts_with("transfer-encoding:") && lower.contains("chunked");
    }
    if chunked {
        let mut line = String::new();
        while reader.read_line(&mut line)? > 0 && !line.ends_with("0\r\n") {
            line.clear();
        }
    } else {
        std::io::copy(&mut reader.take(length.min(1 << 20)), &mut std::io::sink())?;
    }
    let body = "{\"charged\":true}";
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )?;
    stream.flush()
}
