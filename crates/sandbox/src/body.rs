//! Bodies on both sides of a run: the request's, bounded on its way in, and the answer's, which carries the run.
//!
//! Invariant: an answer that was cut short never looks complete; whoever drops a [`RunBody`] before its end ends the run; no
//! trailers pass, in either direction, because nobody cleans or counts them as it is done with headers.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::AbortHandle;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::error::{Limit, RunError, SlowBody};
use crate::state::RunState;

/// A request's body, as the guest reads it.
pub(crate) struct Bounded<B> {
    body: Pin<Box<B>>,
    state: Arc<RunState>,
    left: u64,
    over: bool,
}

impl<B> Bounded<B> {
    pub(crate) fn new(body: B, state: Arc<RunState>) -> Self {
        let left = state.limits().request_body_bytes;
        Self { body: Box::pin(body), state, left, over: false }
    }
}

impl<B> Body for Bounded<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        if this.over {
            return Poll::Ready(None);
        }
        match this.body.as_mut().poll_frame(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(Ok(frame))) => {
                let Some(data) = frame.data_ref() else {
                    // Trailers, and nothing comes after them.
                    this.over = true;
                    return Poll::Ready(None);
                };
                let bytes = u64::try_from(data.len()).unwrap_or(u64::MAX);
                match this.left.checked_sub(bytes) {
                    Some(left) => {
                        this.left = left;
                        Poll::Ready(Some(Ok(frame)))
                    }
                    None => {
                        this.over = true;
                        this.state.hit(Limit::RequestBodyBytes);
                        Poll::Ready(Some(Err(Error::HttpRequestBodySize(None))))
                    }
                }
            }
            Poll::Ready(Some(Err(error))) => {
                this.over = true;
                if error.into().is::<SlowBody>() {
                    this.state.end(RunError::SlowBody);
                }
                Poll::Ready(Some(Err(Error::ConnectionTerminated)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of a function's answer. It keeps the run alive, and the run's entry open.
pub struct RunBody {
    body: WasiBody,
    state: Arc<RunState>,
    task: AbortHandle,
    deadline: Instant,
    /// The length that the head promised, if it did.
    length: Option<u64>,
    sent: u64,
    end: End,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    /// Not yet.
    Open,
    /// Nothing is sent after the head, whatever the guest writes.
    HeadOnly,
    /// Everything was sent.
    Complete,
    /// It broke off.
    Broken(RunError),
}

impl std::fmt::Debug for RunBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunBody").field("sent", &self.sent).field("end", &self.end).finish_non_exhaustive()
    }
}

impl RunBody {
    pub(crate) fn new(
        body: WasiBody,
        state: Arc<RunState>,
        task: AbortHandle,
        deadline: Instant,
        length: Option<u64>,
        head_only: bool,
    ) -> Self {
        let end = if head_only { End::HeadOnly } else { End::Open };
        Self { body, state, task, deadline, length, sent: 0, end }
    }

    fn broken(&mut self, reason: RunError) -> Poll<Option<Result<Frame<Bytes>, RunError>>> {
        self.end = End::Broken(reason.clone());
        self.state.function.count_failure();
        Poll::Ready(Some(Err(reason)))
    }

    fn count(&mut self, frame: &Frame<Bytes>) -> Result<(), RunError> {
        let bytes = u64::try_from(frame.data_ref().map_or(0, Bytes::len)).unwrap_or(u64::MAX);
        let sent = self.sent.saturating_add(bytes);
        if sent > self.state.limits().response_body_bytes {
            return Err(self.state.hit(Limit::ResponseBodyBytes));
        }
        self.sent = sent;
        Ok(())
    }

    fn is_complete(&self) -> bool {
        match self.end {
            End::Complete | End::HeadOnly => true,
            End::Broken(_) => false,
            End::Open => self.length == Some(self.sent) || self.body.is_end_stream(),
        }
    }
}

impl Body for RunBody {
    type Data = Bytes;
    type Error = RunError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RunError>>> {
        let this = self.get_mut();
        if this.end != End::Open {
            return Poll::Ready(None);
        }
        if Instant::now() >= this.deadline {
            let reason = this.state.hit(Limit::WallMs);
            return this.broken(reason);
        }
        let mut polled = Pin::new(&mut this.body).poll_frame(cx);
        if matches!(&polled, Poll::Ready(Some(Ok(frame))) if frame.is_trailers()) {
            // Nothing comes after them.
            polled = Poll::Ready(None);
        }
        match polled {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(frame))) => match this.count(&frame) {
                Ok(()) => Poll::Ready(Some(Ok(frame))),
                Err(reason) => this.broken(reason),
            },
            // Whatever came after the last promised byte, all of them were sent.
            Poll::Ready(Some(Err(_))) if this.length == Some(this.sent) => {
                this.end = End::Complete;
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => {
                let reason = match (this.state.ended(), error) {
                    (Some(reason), _) => reason.clone(),
                    // What an aborted body says.
                    (None, Error::HttpProtocolError) => RunError::BrokenOff("it was not finished".to_owned()),
                    (None, error) => RunError::BrokenOff(error.to_string()),
                };
                this.broken(reason)
            }
            // SECURITY: the channel of a run that was stopped ends like one that was finished.
            Poll::Ready(None) => match this.state.ended() {
                Some(reason) if this.length != Some(this.sent) => {
                    let reason = reason.clone();
                    this.broken(reason)
                }
                _ if this.length.is_some_and(|length| this.sent < length) => {
                    this.broken(RunError::BrokenOff("it is shorter than its head promised".to_owned()))
                }
                _ => {
                    this.end = End::Complete;
                    Poll::Ready(None)
                }
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match self.end {
            End::Complete | End::HeadOnly | End::Broken(_) => true,
            // Not the inner body's word: it cannot tell finished from stopped.
            End::Open => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.end, self.length) {
            (End::Open, Some(length)) => SizeHint::with_exact(length.saturating_sub(self.sent)),
            (End::HeadOnly, Some(length)) => SizeHint::with_exact(length),
            (End::Open | End::HeadOnly, None) => SizeHint::default(),
            (End::Complete | End::Broken(_), _) => SizeHint::with_exact(0),
        }
    }
}

impl Drop for RunBody {
    fn drop(&mut self) {
        let detail = match &self.end {
            End::Broken(reason) => reason.to_string(),
            _ if self.is_complete() => "answered".to_owned(),
            _ => "caller left".to_owned(),
        };
        if !self.is_complete() {
            self.task.abort();
        }
        let sent = self.sent;
        self.state.entry.note(|ending| {
            ending.bytes_out = sent;
            ending.detail = detail;
        });
    }
}

#[cfg(test)]
mod tests;
