//! The most orders a second that the suite takes, and loads of a part of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::Failed;
use crate::shop::Shop;

const CALLERS: usize = 64;
/// A load is made of beats: whatever is due within one begins at once.
const BEAT: Duration = Duration::from_millis(2);

/// Callers who each make an order as soon as their last was answered, until the time is over and everybody has heard all of
/// them: orders, and the seconds from the first call until then.
pub async fn taken_at_most(shop: &Shop, members: &Arc<[String]>, time: Duration) -> Result<(i64, f64), Failed> {
    let (began, mut callers) = (Instant::now(), JoinSet::new());
    for caller in 0..CALLERS {
        let (shop, members) = (shop.clone(), Arc::clone(members));
        callers.spawn(async move {
            let mut orders = 0;
            while began.elapsed() < time {
                let member = &members[(orders * CALLERS + caller) % members.len()];
                shop.sell(member, &format!("most-{caller}-{orders}")).await?;
                orders += 1;
            }
            Ok::<_, Status>(orders)
        });
    }
    let mut orders = 0;
    while let Some(done) = callers.join_next().await {
        orders += i64::try_from(done??)?;
    }
    shop.settled().await?;
    Ok((orders, began.elapsed().as_secs_f64()))
}

/// Orders that come at their own pace, whether or not the last was answered.
pub struct Stream {
    over: CancellationToken,
    orders: Arc<AtomicI64>,
    task: tokio::task::JoinHandle<Result<(), Status>>,
}

impl Stream {
    /// So many a second, from now on.
    pub fn begin(shop: &Shop, members: &Arc<[String]>, a_second: f64) -> Self {
        let (over, orders) = (CancellationToken::new(), Arc::new(AtomicI64::new(0)));
        let (shop, members, ended, count) = (shop.clone(), Arc::clone(members), over.clone(), Arc::clone(&orders));
        let task = tokio::spawn(async move {
            let (began, mut calls, mut number) = (Instant::now(), JoinSet::new(), 0_usize);
            while !ended.is_cancelled() {
                while (number as f64) < began.elapsed().as_secs_f64() * a_second {
                    let (shop, member) = (shop.clone(), members[number % members.len()].clone());
                    let name = format!("stream-{number}");
                    calls.spawn(async move { shop.sell(&member, &name).await });
                    (number, _) = (number + 1, count.fetch_add(1, Ordering::SeqCst));
                }
                while let Some(done) = calls.try_join_next() {
                    done.map_err(|error| Status::unknown(error.to_string()))??;
                }
                tokio::time::sleep(BEAT).await;
            }
            while let Some(done) = calls.join_next().await {
                done.map_err(|error| Status::unknown(error.to_string()))??;
            }
            Ok(())
        });
        Self { over, orders, task }
    }

    /// Ends when all are answered; tells how many there were.
    pub async fn end(self) -> Result<i64, Failed> {
        self.over.cancel();
        self.task.await??;
        Ok(self.orders.load(Ordering::SeqCst))
    }
}
