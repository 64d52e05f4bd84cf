//! How many calls are answered at once, over all connections.
//!
//! A call takes a seat or is refused at once with `RESOURCE_EXHAUSTED` and a `RetryInfo`: queueing would only make
//! every caller late. There are three rooms, so that none can starve another: calls from outside, calls between the
//! suite's services, and streams. Health and reflection need no seat.
//!
//! A call that waits for something that costs nothing (a freshness token to be reached) steps out, through
//! [`wire::waiting::aside`] or with [`Seat::step_out`], and takes a seat again afterwards.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use proto::Method;
use telemetry::metrics::{self, IntCounterVec};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;
use wire::{Audience, Caller};

use crate::chance;

static SHED: LazyLock<IntCounterVec> =
    LazyLock::new(|| metrics::counter("rapport_shed_total", "Calls refused because a room was full.", &["room"]));

/// How many seats each room has.
#[derive(Debug, Clone, Copy)]
pub struct Seats {
    /// For calls from outside.
    pub calls: usize,
    /// For calls between services of the suite.
    pub internal: usize,
    /// For answers that stream.
    pub streams: usize,
}

impl Default for Seats {
    fn default() -> Self {
        Self { calls: 1_024, internal: 1_024, streams: 1_024 }
    }
}

#[derive(Debug)]
pub(crate) struct Load {
    calls: Room,
    internal: Room,
    streams: Room,
}

#[derive(Debug)]
struct Room {
    name: &'static str,
    seats: Arc<Semaphore>,
}

impl Load {
    pub(crate) fn new(seats: Seats) -> Self {
        let room = |name, count| Room { name, seats: Arc::new(Semaphore::new(count)) };
        Self {
            calls: room("calls", seats.calls),
            internal: room("internal", seats.internal),
            streams: room("streams", seats.streams),
        }
    }

    pub(crate) fn seat(&self, method: &Method, caller: &Caller) -> Result<Taken, Status> {
        let room = match (method.server_streaming, caller.audience) {
            (true, Audience::External | Audience::Internal) => &self.streams,
            (false, Audience::External) => &self.calls,
            (false, Audience::Internal) => &self.internal,
        };
        match Arc::clone(&room.seats).try_acquire_owned() {
            Ok(permit) => Ok(Taken(Seat { room: Arc::clone(&room.seats), permit: Arc::new(Mutex::new(Some(permit))) })),
            Err(_) => {
                SHED.with_label_values(&[room.name]).inc();
                let retry_after = chance::between(Duration::from_millis(200), Duration::from_millis(600));
                Err(wire::status::shed("too many calls at once; nothing was begun", retry_after))
            }
        }
    }
}

/// The place a call holds among those answered at once; in the call's extensions.
#[derive(Debug, Clone)]
pub struct Seat {
    room: Arc<Semaphore>,
    permit: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
}

impl Seat {
    /// Awaits `waiting` without a seat, then waits for one again.
    pub async fn step_out<T>(&self, waiting: impl Future<Output = T>) -> T {
        drop(self.swap(None));
        let waited = waiting.await;
        // The semaphore is never closed, so this always gets a permit.
        let again = Arc::clone(&self.room).acquire_owned().await.ok();
        drop(self.swap(again));
        waited
    }

    fn swap(&self, permit: Option<OwnedSemaphorePermit>) -> Option<OwnedSemaphorePermit> {
        std::mem::replace(&mut *self.permit.lock().unwrap_or_else(PoisonError::into_inner), permit)
    }
}

impl wire::waiting::Place for Seat {
    fn leave(&self) {
        drop(self.swap(None));
    }

    fn come_back(&self) -> BoxFuture<'static, ()> {
        let seat = self.clone();
        Box::pin(async move { seat.step_out(async {}).await })
    }
}

/// A seat for as long as this lives, whoever else still knows of it.
#[derive(Debug)]
pub(crate) struct Taken(Seat);

impl Taken {
    pub(crate) fn seat(&self) -> Seat {
        self.0.clone()
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        drop(self.0.swap(None));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(audience: Audience) -> Caller {
        Caller { tenant: None, actor: "a test".to_owned(), scopes: [].into(), audience }
    }

    const READ: Method = Method {
        path: "/t/R",
        scope: "s",
        mutating: false,
        client_streaming: false,
        server_streaming: false,
        input: "",
        output: "",
    };

    #[tokio::test]
    async fn a_full_room_leaves_the_others_open() {
        let load = Load::new(Seats { calls: 1, internal: 1, streams: 1 });
        let outside = load.seat(&READ, &caller(Audience::External)).expect("the first seat");
        let refused = load.seat(&READ, &caller(Audience::External)).expect_err("no second seat");
        assert_eq!(refused.code(), tonic::Code::ResourceExhausted);
        load.seat(&READ, &caller(Audience::Internal)).expect("a room of its own");
        load.seat(&Method { server_streaming: true, ..READ }, &caller(Audience::External)).expect("a room of its own");
        drop(outside);
        load.seat(&READ, &caller(Audience::External)).expect("given back");
    }

    #[tokio::test]
    async fn who_steps_out_makes_room_and_comes_back() {
        let load = Load::new(Seats { calls: 1, internal: 1, streams: 1 });
        let taken = load.seat(&READ, &caller(Audience::External)).expect("the first seat");
        taken
            .seat()
            .step_out(async { drop(load.seat(&READ, &caller(Audience::External)).expect("free meanwhile")) })
            .await;
        load.seat(&READ, &caller(Audience::External)).expect_err("taken again");
        let (known_elsewhere, _) = (taken.seat(), drop(taken));
        load.seat(&READ, &caller(Audience::External)).expect("given back although it is still known");
        drop(known_elsewhere);
    }
}
