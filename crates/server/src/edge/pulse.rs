//! What one connection knows of itself: requests that run, when it was last busy, streams that were cut short.
//!
//! Invariant: a request counts as running from its head to the last byte of its answer, because the guard travels with the
//! answer's body. Lives on one thread.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{BoxError, ReplyBody};

#[derive(Debug)]
pub(super) struct Pulse {
    running: Cell<u32>,
    begun: Cell<u64>,
    cut: Cell<u64>,
    quiet_since: Cell<Instant>,
    resets: u64,
    /// Notified when too many streams were reset.
    pub(super) abused: Notify,
}

impl Pulse {
    pub(super) fn new(resets: u64) -> Rc<Self> {
        Rc::new(Self {
            running: Cell::new(0),
            begun: Cell::new(0),
            cut: Cell::new(0),
            quiet_since: Cell::new(Instant::now()),
            resets,
            abused: Notify::new(),
        })
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.running.get() == 0
    }

    /// When the last answer ended; the start when there was none.
    pub(super) fn quiet_since(&self) -> Instant {
        self.quiet_since.get()
    }

    pub(super) fn begin(self: &Rc<Self>) -> Running {
        self.running.set(self.running.get().saturating_add(1));
        self.begun.set(self.begun.get().saturating_add(1));
        Running { pulse: Rc::clone(self), finished: false }
    }

    fn end(&self, finished: bool) {
        self.running.set(self.running.get().saturating_sub(1));
        self.quiet_since.set(Instant::now());
        if !finished {
            self.cut.set(self.cut.get().saturating_add(1));
            // Half of all: a browser that leaves a page resets many streams, but not most of what it ever asked for.
            if self.cut.get() > self.resets && self.cut.get() > self.begun.get() / 2 {
                self.abused.notify_one();
            }
        }
    }
}

/// A running request.
#[derive(Debug)]
pub(super) struct Running {
    pulse: Rc<Pulse>,
    finished: bool,
}

impl Running {
    /// Ties this to an answer; it ends when the answer's body is sent or dropped.
    pub(super) fn answer(
        self,
        response: http::Response<ReplyBody>,
        bodiless: bool,
    ) -> http::Response<Answer> {
        response.map(|body| {
            let mut running = self;
            running.finished = bodiless || body.is_end_stream();
            Answer { body, running }
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.pulse.end(self.finished);
    }
}

/// An answer's body on its way out.
#[derive(Debug)]
pub(super) struct Answer {
    body: ReplyBody,
    running: Running,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None)) || self.body.is_end_stream() {
            self.running.finished = true;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
