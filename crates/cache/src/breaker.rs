//! Leaving alone what does not answer.
//!
//! Calls run side by side, so an answer may be about a time long past. Each call therefore remembers where the count
//! stood when it began: those that hung together are one failure, and nothing that began before a rest ends it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// After so many failures, one after the other, nothing is tried for a while; then one call tries.
const FAILURES: u32 = 3;
/// An outage is over when Redis was not left alone again for so many rests. Until then it is the same outage.
const STEADY_RESTS: u32 = 10;

#[derive(Debug)]
pub(crate) struct Breaker {
    rest: Duration,
    state: Mutex<State>,
}

/// A call under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    began_at: u64,
}

#[derive(Debug)]
struct State {
    /// Counts what changed the state: a failure, the beginning of a rest, its end.
    mark: u64,
    /// The mark of the last beginning or end of a rest.
    turned_at: u64,
    failures: u32,
    /// Until when nothing is tried, during a rest.
    rests_until: Option<Instant>,
    /// Since when it answers again, from the first rest of an outage until the outage is over.
    outage: Option<Instant>,
}

impl State {
    fn turn(&mut self) {
        self.mark = self.mark.wrapping_add(1);
        self.turned_at = self.mark;
        self.failures = 0;
    }
}

impl Breaker {
    pub(crate) const fn new(rest: Duration) -> Self {
        let state = State { mark: 0, turned_at: 0, failures: 0, rests_until: None, outage: None };
        Self { rest, state: Mutex::new(state) }
    }

    /// Whether a call may try. During a rest nobody may, and when it is over one call, in each further rest, may.
    pub(crate) fn begin(&self) -> Option<Call> {
        let mut state = self.state();
        if let Some(until) = state.rests_until {
            let now = Instant::now();
            if now < until {
                return None;
            }
            state.rests_until = Some(now + self.rest);
        }
        Some(Call { began_at: state.mark })
    }

    pub(crate) fn succeeded(&self, call: Call) {
        let mut state = self.state();
        if call.began_at < state.turned_at {
            return;
        }
        state.failures = 0;
        if state.rests_until.take().is_some() {
            state.turn();
            state.outage = Some(Instant::now());
        } else if state.outage.is_some_and(|since| since.elapsed() >= self.rest * STEADY_RESTS) {
            state.outage = None;
            tracing::info!("redis answers again");
        }
    }

    pub(crate) fn failed(&self, call: Call, cause: &dyn std::fmt::Display) {
        let mut state = self.state();
        if call.began_at != state.mark || state.rests_until.is_some() {
            return;
        }
        state.mark = state.mark.wrapping_add(1);
        state.failures = state.failures.saturating_add(1);
        if state.failures < FAILURES {
            return;
        }
        state.turn();
        let now = Instant::now();
        state.rests_until = Some(now + self.rest);
        match state.outage.replace(now) {
            None => tracing::warn!(%cause, "redis does not answer and is left alone for a moment; reads are slower"),
            Some(_) => tracing::debug!(%cause, "redis is left alone again"),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use super::*;

    const REST: Duration = Duration::from_millis(500);

    fn resting() -> Breaker {
        let breaker = Breaker::new(REST);
        trip(&breaker);
        breaker
    }

    fn trip(breaker: &Breaker) {
        for _ in 0..FAILURES {
            let call = breaker.begin().expect("it does not rest");
            breaker.failed(call, &"away");
        }
        assert!(breaker.begin().is_none(), "it rests");
    }

    async fn wake(breaker: &Breaker) {
        tokio::time::advance(REST).await;
        let call = breaker.begin().expect("one may try");
        breaker.succeeded(call);
    }

    #[tokio::test(start_paused = true)]
    async fn it_rests_after_three_failures_and_then_lets_one_try() {
        let breaker = resting();
        tokio::time::advance(REST).await;
        let first = breaker.begin().expect("one may try");
        assert!(breaker.begin().is_none(), "one call at a time tries");
        breaker.failed(first, &"away");
        tokio::time::advance(REST - Duration::from_millis(1)).await;
        assert!(breaker.begin().is_none(), "it rests on");
        tokio::time::advance(Duration::from_millis(1)).await;
        let second = breaker.begin().expect("one may try");
        breaker.succeeded(second);
        assert!(breaker.begin().is_some());
        assert!(breaker.begin().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_hung_together_are_one_failure() {
        let breaker = Breaker::new(REST);
        let hanging: Vec<Call> = (0..1_000).filter_map(|_| breaker.begin()).collect();
        for call in hanging {
            breaker.failed(call, &"late");
        }
        assert!(breaker.begin().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_to_a_call_that_began_before_a_rest_does_not_end_it() {
        let breaker = Breaker::new(REST);
        let slow = breaker.begin().expect("it does not rest");
        trip(&breaker);
        breaker.succeeded(slow);
        assert!(breaker.begin().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_that_began_before_a_rest_or_in_it_does_not_count_afterwards() {
        let breaker = Breaker::new(REST);
        let before: Vec<Call> = (0..FAILURES).filter_map(|_| breaker.begin()).collect();
        trip(&breaker);
        tokio::time::advance(REST).await;
        let within = breaker.begin().expect("one may try");
        wake(&breaker).await;
        for call in before.into_iter().chain([within]) {
            breaker.failed(call, &"late");
        }
        // Had one of them counted, these two would be enough.
        for _ in 1..FAILURES {
            let call = breaker.begin().expect("it does not rest");
            breaker.failed(call, &"away");
        }
        assert!(breaker.begin().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_success_between_makes_failures_begin_anew() {
        let breaker = Breaker::new(REST);
        for _ in 0..10 {
            for _ in 1..FAILURES {
                let call = breaker.begin().expect("it does not rest");
                breaker.failed(call, &"away");
            }
            let call = breaker.begin().expect("it does not rest");
            breaker.succeeded(call);
        }
    }

    #[derive(Clone, Default)]
    struct Told(Arc<Mutex<Vec<u8>>>);

    impl Write for Told {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("unpoisoned").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Told {
        fn lines(&self) -> Vec<String> {
            let text = String::from_utf8(self.0.lock().expect("unpoisoned").clone()).expect("text");
            text.lines().map(str::to_owned).collect()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_told_once_however_often_it_flaps() {
        let told = Told::default();
        let writer = told.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
        let _told = tracing::subscriber::set_default(subscriber);
        let breaker = resting();
        for _ in 0..20 {
            wake(&breaker).await;
            trip(&breaker);
        }
        assert_eq!(told.lines().len(), 1, "{:?}", told.lines());
        wake(&breaker).await;
        let answers = |breaker: &Breaker| breaker.succeeded(breaker.begin().expect("it does not rest"));
        tokio::time::advance(REST * (STEADY_RESTS - 1)).await;
        answers(&breaker);
        assert_eq!(told.lines().len(), 1, "it may flap again");
        tokio::time::advance(REST).await;
        for _ in 0..3 {
            answers(&breaker);
        }
        assert_eq!(told.lines().len(), 2, "{:?}", told.lines());
        assert!(told.lines()[1].contains("redis answers again"));
        trip(&breaker);
        assert_eq!(told.lines().len(), 3, "the next outage is news");
    }
}
