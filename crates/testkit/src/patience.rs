//! Waiting for what happens eventually, and not for ever.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Long enough for a machine whose cores are busy with other tests.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `ask` answers true.
///
/// # Panics
/// After half a minute, naming what was waited for.
pub async fn until<F>(what: &str, mut ask: impl FnMut() -> F)
where
    F: Future<Output = bool>,
{
    until_some(what, || {
        let asked = ask();
        async { asked.await.then_some(()) }
    })
    .await;
}

/// Waits until `ask` answers something, and gives it.
///
/// # Panics
/// After half a minute, naming what was waited for.
pub async fn until_some<T, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let (end, mut pause) = (Instant::now() + PATIENCE, Duration::from_millis(2));
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < end, "waited in vain until {what}");
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
