//! What every rpc answers while something the suite needs is away.
//!
//! 1. A call that needs it is answered `UNAVAILABLE`, with the time after which to come again: never `INTERNAL`, and not
//!    only when the caller's patience is over. A read may answer from memory.
//! 2. The same call, under the same request id, is answered when it is back.

use futures::future::join_all;
use prost_reflect::DynamicMessage;
use proto::Method;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::dynamic::Dynamic;
use crate::{Examples, Spoken, until_some};

/// Requests that were made while all was well, for making them may need what is away later.
#[derive(Debug)]
pub struct Prepared {
    calls: Dynamic,
    asks: Vec<(&'static Method, DynamicMessage)>,
}

/// A request for each of these rpcs.
///
/// # Panics
/// Where a mutation has no example, or there is none at all.
pub async fn prepared(
    methods: impl IntoIterator<Item = &'static Method>,
    channel: &Spoken,
    examples: &Examples,
) -> Prepared {
    let mut asks = Vec::new();
    for method in methods.into_iter().filter(|method| !examples.is_left_out(method)) {
        match examples.make(method, u32::MAX - 2).await {
            Some(message) => asks.push((method, message)),
            None => assert!(!method.mutating, "{} has no example; write one, or say why not", method.path),
        }
    }
    assert!(asks.iter().any(|(method, _)| method.mutating), "there is no mutation among them");
    Prepared { calls: Dynamic::new(channel.clone()), asks }
}

impl Prepared {
    /// Makes all calls at once while it is away.
    ///
    /// # Panics
    /// Where one is answered otherwise than promised.
    pub async fn say_that_it_is_away(&self) {
        let answers = join_all(self.asks.iter().map(|(method, ask)| self.calls.call(method, ask.clone()))).await;
        for ((method, _), answer) in self.asks.iter().zip(answers) {
            match answer {
                Ok(_) => assert!(!method.mutating, "{} was done without it", method.path),
                Err(status) => says_so(method, &status),
            }
        }
    }

    /// Makes them again, one after another, as patient callers do, when it is back.
    ///
    /// # Panics
    /// Where one is refused, or not answered in half a minute.
    pub async fn are_answered(&self) {
        for (method, ask) in &self.asks {
            until_some(&format!("{} is answered", method.path), || async {
                match self.calls.call(method, ask.clone()).await {
                    Ok(answer) => Some(answer),
                    Err(status) => {
                        says_so(method, &status);
                        None
                    }
                }
            })
            .await;
        }
    }
}

fn says_so(method: &Method, status: &Status) {
    let when = status.get_details_retry_info().and_then(|info| info.retry_delay);
    assert!(status.code() == Code::Unavailable && when.is_some(), "{}: {status:?}", method.path);
}
