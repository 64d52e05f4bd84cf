//! Leaving alone what does not answer.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// After so many failures in a row nothing is tried for a while; then one call tries.
const FAILURES: u32 = 3;

#[derive(Debug)]
pub(crate) struct Breaker {
    base: Instant,
    rest_ms: u64,
    failures: AtomicU32,
    closed_at_ms: AtomicU64,
}

impl Breaker {
    pub(crate) fn new(rest: Duration) -> Self {
        let rest_ms = u64::try_from(rest.as_millis()).unwrap_or(u64::MAX);
        Self { base: Instant::now(), rest_ms, failures: AtomicU32::new(0), closed_at_ms: AtomicU64::new(0) }
    }

    /// Whether this call may try. While it rests, one call in each rest may.
    pub(crate) fn may_try(&self) -> bool {
        if self.failures.load(Ordering::Acquire) < FAILURES {
            return true;
        }
        let (now, closed_at) = (self.now_ms(), self.closed_at_ms.load(Ordering::Acquire));
        now >= closed_at
            && self
                .closed_at_ms
                .compare_exchange(closed_at, now.saturating_add(self.rest_ms), Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
    }

    pub(crate) fn succeeded(&self) {
        if self.failures.swap(0, Ordering::AcqRel) >= FAILURES {
            tracing::info!("redis answers again");
        }
    }

    pub(crate) fn failed(&self, cause: &dyn std::fmt::Display) {
        let before = self.failures.fetch_add(1, Ordering::AcqRel);
        if before.saturating_add(1) == FAILURES {
            self.closed_at_ms.store(self.now_ms().saturating_add(self.rest_ms), Ordering::Release);
            tracing::warn!(%cause, "redis does not answer and is left alone for a moment; reads are slower");
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.base.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_rests_after_three_failures_and_then_lets_one_try() {
        let breaker = Breaker::new(Duration::from_millis(500));
        for _ in 0..FAILURES {
            assert!(breaker.may_try());
            breaker.failed(&"away");
        }
        assert!(!breaker.may_try());
        tokio::time::advance(Duration::from_millis(500)).await;
        assert!(breaker.may_try());
        assert!(!breaker.may_try(), "one call at a time tries");
        breaker.succeeded();
        assert!(breaker.may_try());
        assert!(breaker.may_try());
    }
}
