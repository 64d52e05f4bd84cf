//! The most orders a second that the suite takes, and loads of a part of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::Failed;
use crate::pace::{Open, closed};
use crate::shop::Shop;

const CALLERS: usize = 64;

/// Callers who each make an order as soon as their last was answered, until the time is over and everybody has heard all of
/// them: orders, and the seconds from the first call until then.
pub async fn taken_at_most(shop: &Shop, members: &Arc<[String]>, time: Duration) -> Result<(i64, f64), Failed> {
    let (began, seller, members) = (Instant::now(), shop.clone(), Arc::clone(members));
    let sell = move |caller: usize, number: usize| {
        let (shop, members) = (seller.clone(), Arc::clone(&members));
        async move {
            let member = &members[(number * CALLERS + caller) % members.len()];
            shop.sell(member, &format!("most-{caller}-{number}")).await?;
            Ok(1)
        }
    };
    let (orders, _) = closed(CALLERS, time, sell).await?;
    shop.settled().await?;
    Ok((i64::try_from(orders)?, began.elapsed().as_secs_f64()))
}

/// Orders that come at their own pace, whether or not the last was answered; so many a second, from now on.
pub fn stream(shop: &Shop, members: &Arc<[String]>, a_second: f64) -> Open {
    let (seller, members) = (shop.clone(), Arc::clone(members));
    Open::begin(a_second, move |number| {
        let (shop, member) = (seller.clone(), members[number % members.len()].clone());
        async move {
            shop.sell(&member, &format!("stream-{number}")).await?;
            Ok(())
        }
    })
}
