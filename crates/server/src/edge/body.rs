//! The body of a request, bounded in size and in time.
//!
//! Invariant: a body yields at most its limit, and a sender that stalls or drips is cut off: the time spent waiting for it may
//! not exceed a grace plus what its bytes earn. Time in which nobody reads the body does not count against the sender. Trailers
//! are dropped, since nothing checked them.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use casemate_core::{Fault, Faulty};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use super::{Refused, Wall};

/// How slowly a body may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyPace {
    /// The longest wait, in total, for a body that earns none.
    pub grace: Duration,
    /// Bytes that earn one more second.
    pub bytes_per_second: u64,
}

impl Default for BodyPace {
    fn default() -> Self {
        Self { grace: Duration::from_secs(10), bytes_per_second: 1024 }
    }
}

/// Why a body ended before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is larger than its limit.
    #[error("the body has more than {0} bytes")]
    TooLarge(u64),
    /// It came too slowly.
    #[error("the body came too slowly")]
    TooSlow,
    /// The connection broke, or the body broke the grammar.
    #[error("the body ended early")]
    Broken,
}

impl Faulty for BodyError {
    fn fault(&self) -> Fault {
        match self {
            Self::TooLarge(_) | Self::TooSlow => Fault::Exhausted,
            Self::Broken => Fault::Caller,
        }
    }

    fn limit(&self) -> Option<&'static str> {
        match self {
            Self::TooLarge(_) => Some("request_body_bytes"),
            Self::TooSlow => Some("body_grace_ms"),
            Self::Broken => None,
        }
    }
}

#[derive(Debug)]
enum Source {
    Wire(Incoming),
    Whole(Option<Bytes>),
}

/// A request's body. Reading it yields data frames only.
#[derive(Debug)]
pub struct LimitedBody {
    source: Source,
    left: u64,
    limit: u64,
    pace: BodyPace,
    seen: u64,
    waited: Duration,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
    failed: Option<BodyError>,
}

impl LimitedBody {
    /// A body that comes over a connection.
    pub(super) fn new(body: Incoming, limit: u64, pace: BodyPace) -> Self {
        Self::of(Source::Wire(body), limit, pace)
    }

    /// A body that is already there.
    #[must_use]
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self::of(Source::Whole((!bytes.is_empty()).then_some(bytes)), u64::MAX, BodyPace::default())
    }

    fn of(source: Source, limit: u64, pace: BodyPace) -> Self {
        let (seen, waited) = (0, Duration::ZERO);
        Self { source, left: limit, limit, pace, seen, waited, waiting: None, failed: None }
    }

    /// The announced length, when one was announced.
    #[must_use]
    pub fn announced(&self) -> Option<u64> {
        match &self.source {
            Source::Wire(body) => body.size_hint().exact(),
            Source::Whole(bytes) => Some(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
        }
    }

    /// Lowers the limit: the one of the function that was routed to.
    ///
    /// # Errors
    /// [`Refused`] by [`Wall::BodyBytes`] when the announced length is already above it.
    pub fn restrict(&mut self, limit: u64) -> Result<(), Refused> {
        if self.announced().is_some_and(|length| length > limit.min(self.limit)) {
            return Err(Refused::new(Wall::BodyBytes, "the body is larger than it may be"));
        }
        if limit < self.limit {
            self.left = limit.saturating_sub(self.seen);
            self.limit = limit;
        }
        Ok(())
    }

    fn patience(&self) -> Duration {
        let earned = self.seen.saturating_mul(1_000) / self.pace.bytes_per_second.max(1);
        self.pace.grace.saturating_add(Duration::from_millis(earned)).saturating_sub(self.waited)
    }

    /// Starts or continues the wait for the sender; ready when its time is over.
    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let patience = self.patience();
        let (_, sleep) = self.waiting.get_or_insert_with(|| {
            let now = Instant::now();
            (now, Box::pin(tokio::time::sleep_until(now + patience)))
        });
        sleep.as_mut().poll(cx)
    }

    fn end_wait(&mut self) {
        if let Some((since, _)) = self.waiting.take() {
            self.waited = self.waited.saturating_add(since.elapsed());
        }
    }

    fn fail<T>(&mut self, error: BodyError) -> Poll<Option<Result<T, BodyError>>> {
        self.failed = Some(error);
        Poll::Ready(Some(Err(error)))
    }
}

impl Body for LimitedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if this.failed.is_some() {
            return Poll::Ready(None);
        }
        loop {
            let frame = match &mut this.source {
                Source::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
                Source::Wire(body) => Pin::new(body).poll_frame(cx),
            };
            let Poll::Ready(frame) = frame else {
                ready!(this.poll_wait(cx));
                return this.fail(BodyError::TooSlow);
            };
            this.end_wait();
            let data = match frame {
                None => return Poll::Ready(None),
                Some(Err(_)) => return this.fail(BodyError::Broken),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => data,
                    Err(_trailers) => continue,
                },
            };
            let length = data.len() as u64;
            this.seen = this.seen.saturating_add(length);
            let Some(left) = this.left.checked_sub(length) else {
                return this.fail(BodyError::TooLarge(this.limit));
            };
            this.left = left;
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Wire(body) => body.is_end_stream(),
            Source::Whole(bytes) => bytes.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Wire(body) => body.size_hint(),
            Source::Whole(_) => SizeHint::with_exact(self.announced().unwrap_or(0)),
        }
    }
}
