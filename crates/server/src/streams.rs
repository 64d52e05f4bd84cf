//! Answers that stream, until they end or must.
//!
//! A stream keeps its seat and stays under observation to its last frame. Three things end it from outside:
//!
//! - its caller's deadline: `DEADLINE_EXCEEDED`;
//! - for a watch, its lifetime, drawn anew for each so that clients spread over the replicas again: `OK`, and the
//!   caller resumes;
//! - for a watch, the process stopping: `OK` too, and the caller resumes elsewhere.
//!
//! A stream that is no watch is a download. Ending it with `OK` would pass half a file off as a whole, so at the stop
//! it may go on until the drain's hard end cuts its connection.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::body::Body;
use tonic::{Code, Status};

use crate::deadline::Deadline;
use crate::load::Taken;
use crate::panics;
use crate::trace::Seen;

/// What ends a stream from outside.
pub(crate) struct Ends {
    deadline: Option<Pin<Box<Sleep>>>,
    lifetime: Option<Pin<Box<Sleep>>>,
    stopping: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

impl Ends {
    pub(crate) fn new(deadline: Option<Deadline>) -> Self {
        Self { deadline: deadline.map(|deadline| Box::pin(sleep_until(deadline.at()))), lifetime: None, stopping: None }
    }

    pub(crate) fn of_watch(mut self, lifetime: Duration, stopping: &CancellationToken) -> Self {
        self.lifetime = Some(Box::pin(sleep_until(Instant::now() + lifetime)));
        self.stopping = Some(Box::pin(stopping.clone().cancelled_owned()));
        self
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Status> {
        if is_over(&mut self.deadline, context) {
            return Poll::Ready(wire::status::deadline_exceeded());
        }
        if is_over(&mut self.lifetime, context) || is_over(&mut self.stopping, context) {
            return Poll::Ready(Status::ok(""));
        }
        Poll::Pending
    }
}

fn is_over(end: &mut Option<Pin<Box<impl Future<Output = ()>>>>, context: &mut Context<'_>) -> bool {
    end.as_mut().is_some_and(|end| end.as_mut().poll(context).is_ready())
}

/// A streamed answer's body.
pub(crate) struct Streamed {
    body: Body,
    ends: Ends,
    seen: Seen,
    seat: Option<Taken>,
    over: bool,
}

impl Streamed {
    pub(crate) fn body(body: Body, ends: Ends, seen: Seen, seat: Option<Taken>) -> Body {
        Body::new(Self { body, ends, seen, seat, over: false })
    }

    /// Lets go of everything at once: the caller may keep the connection, and with it this body, for long.
    fn close(&mut self, code: Code) {
        self.over = true;
        self.body = Body::empty();
        self.seat = None;
        self.seen.end(code, None);
    }

    fn close_with(&mut self, status: &Status) -> Frame<Bytes> {
        self.close(status.code());
        let mut trailers = HeaderMap::new();
        // Fails for a text no header can hold; ours can be held.
        drop(status.add_header(&mut trailers));
        Frame::trailers(trailers)
    }
}

impl http_body::Body for Streamed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        if this.over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(status) = this.ends.poll(context) {
            return Poll::Ready(Some(Ok(this.close_with(&status))));
        }
        let step = {
            let (body, seen) = (&mut this.body, &this.seen);
            let _in_span = seen.span().enter();
            panics::caught_step(seen.rpc().method.path, || Pin::new(body).poll_frame(context))
        };
        Poll::Ready(match step {
            Err(panicked) => Some(Ok(this.close_with(&panicked))),
            Ok(polled) => match ready!(polled) {
                Some(Ok(frame)) => {
                    if let Some(trailers) = frame.trailers_ref() {
                        this.close(Status::from_header_map(trailers).map_or(Code::Unknown, |status| status.code()));
                    }
                    Some(Ok(frame))
                }
                Some(Err(status)) => {
                    this.close(status.code());
                    Some(Err(status))
                }
                None => {
                    this.close(Code::Unknown);
                    None
                }
            },
        })
    }

    fn is_end_stream(&self) -> bool {
        self.over
    }
}
