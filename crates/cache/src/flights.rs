//! One read for many readers.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use tokio::time::Instant;

use crate::Key;

/// How a flight ended for those who waited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Landed {
    /// With the value, or with the certainty that there is none.
    With(Option<Bytes>),
    /// Without an answer; whoever waited reads for themselves and learns why.
    Failed,
}

#[derive(Clone)]
struct Flight {
    number: u64,
    begun: Instant,
    end: Shared<BoxFuture<'static, Landed>>,
}

pub(crate) struct Flights<K: Key> {
    up: Arc<Mutex<(u64, HashMap<K, Flight>)>>,
}

/// Who joins a flight gets what was true when it read, so only a young one is joined.
const YOUNG: Duration = Duration::from_millis(500);

impl<K: Key> Flights<K> {
    pub(crate) fn new() -> Self {
        Self { up: Arc::default() }
    }

    /// Joins the flight for this key, or starts one. A flight is a task of its own: a reader that goes away does not
    /// take it along.
    pub(crate) async fn join<F>(&self, key: &K, begin: impl FnOnce() -> F) -> Landed
    where
        F: Future<Output = Landed> + Send + 'static,
    {
        let end = {
            let mut up = self.up.lock().unwrap_or_else(PoisonError::into_inner);
            match up.1.get(key) {
                Some(flight) if flight.begun.elapsed() < YOUNG => flight.end.clone(),
                Some(_) | None => {
                    up.0 = up.0.wrapping_add(1);
                    let flight = self.start(key.clone(), up.0, begin());
                    let end = flight.end.clone();
                    up.1.insert(key.clone(), flight);
                    end
                }
            }
        };
        end.await
    }

    fn start(&self, key: K, number: u64, work: impl Future<Output = Landed> + Send + 'static) -> Flight {
        let up = Arc::clone(&self.up);
        let task = tokio::spawn(async move {
            let landed = work.await;
            let mut up = up.lock().unwrap_or_else(PoisonError::into_inner);
            // A later flight for the same key stays listed.
            if up.1.get(&key).is_some_and(|flight| flight.number == number) {
                up.1.remove(&key);
            }
            landed
        });
        let end = task.map(|ended| ended.unwrap_or(Landed::Failed)).boxed().shared();
        Flight { number, begun: Instant::now(), end }
    }
}

impl<K: Key> std::fmt::Debug for Flights<K> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Flights")
    }
}
