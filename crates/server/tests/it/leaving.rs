//! A caller that goes away takes a read with it, and never a mutation.

use crate::bench;
use crate::shop::{READ, WRITE};

async fn leave_during(path: &'static str) -> bench::Bench {
    let bench = bench::start();
    let (mut client, asked) = (bench.client(), bench::request("wait", &bench.token()));
    let calling = tokio::spawn(async move { bench::call(&mut client, path, asked).await });
    bench.shop.events.until(|events| &events.begun, 1).await;
    calling.abort();
    assert!(calling.await.expect_err("aborted").is_cancelled());
    bench
}

#[tokio::test]
async fn a_mutation_goes_on() {
    let bench = leave_during(WRITE).await;
    bench.shop.events.go_on.notify_one();
    bench.shop.events.until(|events| &events.finished, 1).await;
}

#[tokio::test]
async fn a_read_ends() {
    let bench = leave_during(READ).await;
    bench.shop.events.until(|events| &events.dropped, 1).await;
}

#[tokio::test]
async fn a_stop_waits_for_a_mutation_nobody_waits_for() {
    let bench = leave_during(WRITE).await;
    let events = std::sync::Arc::clone(&bench.shop.events);
    bench.shutdown.cancel();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(!bench.running.is_finished(), "stopped over a mutation");
    events.go_on.notify_one();
    assert_eq!(bench.stop().await, server::Stopped::Drained);
    events.until(|events| &events.finished, 1).await;
}
