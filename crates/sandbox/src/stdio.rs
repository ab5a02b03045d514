//! Standard output and error of a guest: whole lines become log lines.
//!
//! Invariant: what a guest prints is never kept beyond one line's limit, and every line passes the door.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError};

use crate::logging;
use crate::state::RunState;

/// Bytes of an unfinished line that are kept; a longer line is written in pieces.
const MAX_PENDING_BYTES: usize = 4 << 10;

/// One of the two streams.
#[derive(Clone)]
pub(crate) struct Lines(Arc<Inner>);

struct Inner {
    state: Arc<RunState>,
    level: &'static str,
    pending: Mutex<Vec<u8>>,
}

impl Lines {
    pub(crate) fn new(state: Arc<RunState>, level: &'static str) -> Self {
        Self(Arc::new(Inner { state, level, pending: Mutex::new(Vec::new()) }))
    }
}

impl Inner {
    fn write(&self, bytes: &[u8]) -> Result<(), crate::RunError> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            for part in piece.chunks(MAX_PENDING_BYTES) {
                pending.extend_from_slice(part);
                if pending.ends_with(b"\n") || pending.len() >= MAX_PENDING_BYTES {
                    self.emit(&mut pending)?;
                }
            }
        }
        Ok(())
    }

    fn emit(&self, pending: &mut Vec<u8>) -> Result<(), crate::RunError> {
        let line = String::from_utf8_lossy(pending);
        let line = line.trim_end_matches(['\n', '\r']);
        let written = if line.is_empty() { Ok(()) } else { logging::write(&self.state, self.level, line) };
        pending.clear();
        written
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let mut pending = std::mem::take(self.pending.get_mut().unwrap_or_else(PoisonError::into_inner));
        // The run is over; if the budget is too, the last half line is lost.
        let _ = self.emit(&mut pending);
    }
}

impl IsTerminal for Lines {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Lines {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for Lines {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.0.write(bytes).map(|()| bytes.len()).map_err(io::Error::other))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Lines {
    async fn ready(&mut self) {}
}

impl OutputStream for Lines {
    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        self.0.write(&bytes).map_err(|reason| StreamError::Trap(wasmtime::Error::new(reason)))
    }
    fn flush(&mut self) -> Result<(), StreamError> {
        Ok(())
    }
    fn check_write(&mut self) -> Result<usize, StreamError> {
        Ok(64 << 10)
    }
}
