//! A connection's bytes on their way to and from hyper: read strictly on the way in, under deadlines both ways.
//!
//! Invariant: over HTTP/1.1 hyper sees no byte that [`super::head::Scanner`] refused, and neither a head that trickles nor a reader
//! that does not read holds the connection beyond its time.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, Sleep, timeout};

use super::head::Scanner;
use super::limits::ListenerLimits;
use super::pulse::Pulse;
use super::{Refused, Wall};

type Timer = Pin<Box<Sleep>>;

/// What an HTTP/2 connection starts with (RFC 9113 §3.4).
pub(super) const H2_PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection's stream, wrapped.
#[derive(Debug)]
pub(super) struct Wire<IO> {
    io: IO,
    /// Bytes that were read to tell the protocol, still to be handed on.
    replay: Vec<u8>,
    scanner: Option<Scanner>,
    refused: Option<Refused>,
    /// The refusal that nobody but us can answer: of a head, which hyper never saw the end of.
    last_words: Option<Refused>,
    pulse: Rc<Pulse>,
    header_timeout: Duration,
    /// Runs while a head has begun and not ended.
    head_timer: Option<Timer>,
    write_timeout: Duration,
    /// Runs while the peer takes no byte.
    write_timer: Option<Timer>,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Wire<IO> {
    pub(super) fn new(io: IO, replay: Vec<u8>, h2: bool, pulse: Rc<Pulse>, limits: &ListenerLimits) -> Self {
        Self {
            io,
            replay,
            scanner: (!h2).then(|| Scanner::new(limits)),
            refused: None,
            last_words: None,
            pulse,
            header_timeout: limits.header_timeout,
            head_timer: None,
            write_timeout: limits.write_timeout,
            write_timer: None,
        }
    }

    /// Why the bytes were refused, when they were.
    pub(super) const fn refused(&self) -> Option<Refused> {
        self.refused
    }

    /// Whether the peer may still be sending what nobody will read.
    fn is_unread(&self) -> bool {
        self.refused.is_some() || self.scanner.as_ref().is_some_and(|s| s.in_body() || s.in_head())
    }

    /// Ends the connection: the answer to refused bytes, when one can be given, then a close that lets the peer read it.
    pub(super) async fn close(mut self) {
        if let Some(refused) = self.last_words {
            let write = async {
                self.io.write_all(&refused.to_bytes()).await?;
                self.io.flush().await
            };
            if !matches!(timeout(Duration::from_secs(1), write).await, Ok(Ok(()))) {
                return;
            }
        }
        let unread = self.is_unread();
        let _closed = timeout(Duration::from_secs(1), self.io.shutdown()).await;
        if unread {
            // WHY: closing a socket with unread bytes resets it, and a reset throws away the answer on the way (RFC 9112 §9.6).
            let _read = timeout(Duration::from_millis(500), drain(&mut self.io)).await;
        }
    }

    /// Looks at bytes that were just read; keeps the good ones.
    fn inspect(&mut self, buf: &mut ReadBuf<'_>, from: usize) -> io::Result<()> {
        let Some(scanner) = &mut self.scanner else { return Ok(()) };
        let scan = scanner.scan(buf.filled().get(from..).unwrap_or_default());
        if let Some(refused) = scan.refused {
            // A broken body is its own request's to answer: the handler hears of it.
            self.last_words = (!scanner.in_body()).then_some(refused);
            self.refused = Some(refused);
            self.head_timer = None;
            buf.set_filled(from + scan.good);
            return if scan.good > 0 { Ok(()) } else { self.refusal() };
        }
        if !scanner.in_head() {
            self.head_timer = None;
        } else if self.head_timer.is_none() {
            self.head_timer = Some(Box::pin(tokio::time::sleep(self.header_timeout)));
        }
        Ok(())
    }

    fn refusal(&self) -> io::Result<()> {
        self.refused.map_or(Ok(()), |refused| Err(io::Error::other(refused)))
    }
}

async fn drain<IO: AsyncRead + Unpin>(io: &mut IO) {
    let (mut scrap, mut left) = ([0; 4096], 256 * 1024_usize);
    while let Ok(count @ 1..) = io.read(&mut scrap).await {
        left = left.saturating_sub(count);
        if left == 0 {
            return;
        }
    }
}

/// Reads until it is clear whether the peer speaks HTTP/2; gives back what was read.
///
/// # Errors
/// The stream's; an early end is none.
pub(super) async fn read_preface<IO: AsyncRead + Unpin>(io: &mut IO) -> io::Result<(Vec<u8>, bool)> {
    let mut read = Vec::with_capacity(1024);
    loop {
        let count = io.read_buf(&mut read).await?;
        let common = read.iter().zip(H2_PREFACE).take_while(|(one, other)| one == other).count();
        if common == H2_PREFACE.len() {
            return Ok((read, true));
        }
        if count == 0 || common < read.len() {
            return Ok((read, false));
        }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<IO> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.refused.is_some() {
            // A request before the refused one may still be answered: hyper reads again when it has been. Broken bodies
            // belong to the request that runs, which must hear of it.
            let in_body = this.scanner.as_ref().is_some_and(Scanner::in_body);
            return if in_body || this.pulse.is_quiet() {
                Poll::Ready(this.refusal())
            } else {
                Poll::Pending
            };
        }
        let from = buf.filled().len();
        if !this.replay.is_empty() {
            let count = this.replay.len().min(buf.remaining());
            buf.put_slice(this.replay.get(..count).unwrap_or_default());
            this.replay.drain(..count);
            return Poll::Ready(this.inspect(buf, from));
        }
        match Pin::new(&mut this.io).poll_read(cx, buf) {
            Poll::Ready(Ok(())) => Poll::Ready(this.inspect(buf, from)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                if let Some(timer) = &mut this.head_timer {
                    ready!(timer.as_mut().poll(cx));
                    this.refused = Some(Refused::new(Wall::HeadTime, "the request's head took too long"));
                    this.last_words = this.refused;
                    return Poll::Ready(this.refusal());
                }
                Poll::Pending
            }
        }
    }
}

impl<IO: AsyncWrite + Unpin> Wire<IO> {
    /// Lets a write pass, and runs the clock while none does.
    fn watch<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.write_timer = None;
            return polled;
        }
        let deadline = Instant::now() + self.write_timeout;
        let timer = self.write_timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer takes no bytes")))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Wire<IO> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.io).poll_write(cx, bytes);
        this.watch(cx, polled)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.io).poll_write_vectored(cx, slices);
        this.watch(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.io).poll_flush(cx);
        this.watch(cx, polled)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.refused.is_some() {
            // hyper takes a refused head for the end of the stream; there is still something to count, and perhaps to say.
            return Poll::Ready(Ok(()));
        }
        let polled = Pin::new(&mut this.io).poll_shutdown(cx);
        this.watch(cx, polled)
    }
}
