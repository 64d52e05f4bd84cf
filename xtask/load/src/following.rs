//! How soon one order is seen by the other services: idle, and at half of the most that the suite takes.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::Failed;
use crate::most::{stream, taken_at_most};
use crate::probes::Probed;
use crate::shop::Shop;
use crate::suite::channels;

/// Members under load.
const MEMBERS: usize = 500;
const PROBES: usize = 200;
const SUBSCRIPTIONS: usize = 50;
/// How long the most is looked for.
const SEARCH: Duration = Duration::from_secs(8);
/// Between two probes, so that one does not meet the last.
const APART: Duration = Duration::from_millis(25);
/// How long the tables are filled.
const FILL: Duration = Duration::from_secs(30);
/// For caches and pools to fill, and for a load to settle.
const WARM: Duration = Duration::from_secs(2);

/// Another shop of the same suite, whose orders make the tables as large as what is measured will need.
pub async fn fill(state: &str, addresses: &[&str]) -> Result<(), Failed> {
    let shop = Shop::open(state, &channels(addresses)?, "yesterday").await?;
    let members: Arc<[String]> = shop.members("0911", MEMBERS).await?.into();
    let (orders, seconds) = taken_at_most(&shop, &members, FILL).await?;
    println!("filled {orders} {seconds:.1}");
    Ok(())
}

pub async fn run(state: &str, addresses: &[&str]) -> Result<(), Failed> {
    let shop = Shop::open(state, &channels(addresses)?, "today").await?;
    let members: Arc<[String]> = shop.members("0911", MEMBERS).await?.into();
    let invited = shop.invited("0922", 2 * PROBES).await?;
    let subscribers = shop.members("0933", 2 * SUBSCRIPTIONS).await?;
    for (number, member) in members.iter().enumerate() {
        shop.sell(member, &format!("first-{number}")).await?;
    }
    shop.settled().await?;
    let mut orders = i64::try_from(MEMBERS + 2 * PROBES)?;

    let idle = probed(&shop, &invited[..PROBES], &subscribers[..SUBSCRIPTIONS]).await?;

    let (taken, seconds) = taken_at_most(&shop, &members, SEARCH).await?;
    orders += taken;
    // Whole numbers of orders fit a float many times over.
    let most = taken as f64 / seconds;

    let load = stream(&shop, &members, most / 2.0);
    sleep(WARM).await;
    let half = probed(&shop, &invited[PROBES..], &subscribers[SUBSCRIPTIONS..]).await?;
    let behind = shop.behind().await?;
    orders += i64::try_from(load.end().await?.many())?;
    shop.prove(orders, i64::try_from(2 * SUBSCRIPTIONS)?).await?;

    println!("most {most:.1}");
    println!("behind {behind}");
    idle.tell("idle");
    half.tell("half");
    Ok(())
}

async fn probed(shop: &Shop, invited: &[String], subscribers: &[String]) -> Result<Probed, Failed> {
    let mut probed = Probed::default();
    for member in invited {
        probed.probe(shop, member).await?;
        sleep(APART).await;
    }
    for member in subscribers {
        probed.subscribe(shop, member).await?;
        sleep(APART).await;
    }
    Ok(probed)
}
