//! Loads: callers who each wait for their answer, and calls that come at their own pace.

use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Failed;
use crate::numbers::Times;

/// A load is made of beats: whatever is due within one begins at once.
const BEAT: Duration = Duration::from_millis(2);

/// Callers who each call again as soon as their last call was answered, until the time is over and all are answered: how
/// much their calls say that was done, and the seconds from the first call until then. A call is told its caller's number
/// and its own.
pub async fn closed<C, F>(callers: usize, time: Duration, call: C) -> Result<(u64, f64), Failed>
where
    C: Fn(usize, usize) -> F + Clone + Send + 'static,
    F: Future<Output = Result<u64, Failed>> + Send,
{
    let (began, mut all) = (Instant::now(), JoinSet::new());
    for caller in 0..callers {
        let call = call.clone();
        all.spawn(async move {
            let (mut done, mut number) = (0, 0);
            while began.elapsed() < time {
                done += call(caller, number).await?;
                number += 1;
            }
            Ok::<_, Failed>(done)
        });
    }
    let mut done = 0;
    while let Some(ended) = all.join_next().await {
        done += ended??;
    }
    Ok((done, began.elapsed().as_secs_f64()))
}

/// Calls that come at their own pace, whether or not the last was answered.
///
/// A call's time runs from the moment at which it was planned to begin: a server that answers late makes those behind it
/// late as well, and a load that waited with them would not tell (coordinated omission).
pub struct Open {
    over: CancellationToken,
    task: JoinHandle<Result<Times, Failed>>,
}

impl Open {
    /// So many a second, from now on.
    pub fn begin<C, F>(a_second: f64, call: C) -> Self
    where
        C: Fn(usize) -> F + Send + 'static,
        F: Future<Output = Result<(), Failed>> + Send + 'static,
    {
        let over = CancellationToken::new();
        let task = tokio::spawn(run(a_second, call, over.clone()));
        Self { over, task }
    }

    /// Ends when all are answered; tells how long each took, and so how many there were.
    pub async fn end(self) -> Result<Times, Failed> {
        self.over.cancel();
        self.task.await?
    }
}

async fn run<C, F>(a_second: f64, call: C, over: CancellationToken) -> Result<Times, Failed>
where
    C: Fn(usize) -> F + Send + 'static,
    F: Future<Output = Result<(), Failed>> + Send + 'static,
{
    let (began, mut calls, mut number, mut times) = (Instant::now(), JoinSet::new(), 0_usize, Times::default());
    while !over.is_cancelled() {
        // Whole numbers of calls fit a float many times over.
        while (number as f64) < began.elapsed().as_secs_f64() * a_second {
            let planned = began + Duration::from_secs_f64(number as f64 / a_second);
            let answered = call(number);
            calls.spawn(async move { answered.await.map(|()| planned.elapsed()) });
            number += 1;
        }
        while let Some(done) = calls.try_join_next() {
            times.add(done??);
        }
        tokio::time::sleep(BEAT).await;
    }
    while let Some(done) = calls.join_next().await {
        times.add(done??);
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn callers_wait_for_their_answers() {
        let time = Duration::from_millis(100);
        let call = |_, _| async {
            sleep(Duration::from_millis(10)).await;
            Ok(3)
        };
        let (done, seconds) = closed(4, time, call).await.unwrap();
        assert!((done, (seconds - 0.1).abs() < 0.02) == (4 * 10 * 3, true), "{done} in {seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pace_waits_for_nobody_and_a_call_is_timed_from_when_it_was_due() {
        let under_way = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&under_way);
        let open = Open::begin(1_000.0, move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            async {
                sleep(Duration::from_secs(1)).await;
                Ok(())
            }
        });
        sleep(Duration::from_millis(500)).await;
        let begun = under_way.load(Ordering::SeqCst);
        assert!((490..=510).contains(&begun), "{begun} have begun, though none is answered");
        let times = open.end().await.unwrap();
        let (many, within) = (times.many(), times.within(99));
        // A call that waited for its beat is late by that much.
        assert!(many >= begun && (1_000.0..=1_010.0).contains(&within), "{many} within {within} ms");
    }
}
