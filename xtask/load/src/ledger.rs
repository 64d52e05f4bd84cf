//! Points given as fast as they are taken: by callers over gRPC, and at the door itself.
//!
//! Loyalty is served inside this program on a loopback port, and called over connections of its own as any caller's are. The
//! service hears nobody here, because there is nobody to hear: all members are known before the clock starts.

mod checkout;
mod giving;
mod house;

use std::sync::Arc;
use std::time::Duration;

use kernel::MemberId;

pub use self::checkout::{codes, quote};

use self::giving::{Giving, Way};
use self::house::House;
use crate::Failed;
use crate::pace::{Open, closed};
use crate::shop::programme;
use crate::zipf::Zipf;

/// What a member is given at once; the bench counts in it.
pub const POINTS: i64 = 10;
/// Given before the clock starts, so that connections, plans and caches are there.
const WARM: Duration = Duration::from_secs(1);
/// Items of one batch while members are made, and batches at once.
const MADE_AT_ONCE: usize = 1_000;
const MAKERS: usize = 2;
/// Callers of the load whose half is the pace.
const CALLERS: usize = 64;

/// Members in a new database, each with one grant.
pub async fn make(url: &str, members: &str) -> Result<(), Failed> {
    let members: usize = members.parse()?;
    let house = House::open(url, true).await?;
    house.put_programme(programme()).await?;
    let parts = members.div_ceil(MADE_AT_ONCE);
    let door = Giving::new(&house, Way::Door, Arc::new(Zipf::of(1)), 0);
    let made = futures::future::try_join_all((0..MAKERS).map(|maker| {
        let door = door.clone();
        async move {
            let mut made = 0;
            for part in (maker..parts).step_by(MAKERS) {
                let these = part * MADE_AT_ONCE..members.min((part + 1) * MADE_AT_ONCE);
                made += door.first(these.map(member).collect()).await?;
            }
            Ok::<_, Failed>(made)
        }
    }));
    let made: u64 = made.await?.into_iter().sum();
    house.close().await?;
    println!("made {made}");
    Ok(())
}

/// Prints how many grants were acknowledged in all, and how many of them in how many seconds after the others had warmed
/// everything.
pub async fn run(url: &str, members: &str, words: &[&str]) -> Result<(), Failed> {
    let [way, drawn, callers, per, seconds] = words else { return Err("way, draw, callers, items, seconds".into()) };
    let (callers, per) = (callers.parse()?, per.parse()?);
    let house = House::open(url, false).await?;
    let giving = Giving::new(&house, Way::read(way)?, who(drawn, members)?, per);
    let warm = giving.clone().seeded(1);
    let (before, _) = closed(callers, WARM, move |caller, number| warm.clone().give(caller, number)).await?;
    let time = Duration::from_secs(seconds.parse()?);
    let (given, took) = giving.seeded(2).given(callers, time).await?;
    house.close().await?;
    println!("given {} {given} {took:.4}", before + given);
    Ok(())
}

/// Prints the most that callers get given a second, and how long a grant takes at half of it, from when it was due.
pub async fn pace(url: &str, members: &str, seconds: &str) -> Result<(), Failed> {
    let time = Duration::from_secs(seconds.parse()?);
    let house = House::open(url, false).await?;
    let giving = Giving::new(&house, Way::Call, who("zipf", members)?, 1);
    let warm = giving.clone().seeded(1);
    let (before, _) = closed(CALLERS, WARM, move |caller, number| warm.clone().give(caller, number)).await?;
    let (given, took) = giving.clone().seeded(2).given(CALLERS, time).await?;
    // Whole numbers of grants fit a float many times over.
    let most = given as f64 / took;

    let steady = giving.seeded(3);
    let open = Open::begin(most / 2.0, move |number| {
        let one = steady.clone().give(number % CALLERS, number);
        async move { one.await.map(drop) }
    });
    tokio::time::sleep(time).await;
    let times = open.end().await?;
    house.close().await?;
    println!("given {}", before + given + times.many() as u64);
    println!("most {most:.1}");
    times.tell("half");
    Ok(())
}

fn who(drawn: &str, members: &str) -> Result<Arc<Zipf>, Failed> {
    match drawn {
        "zipf" => Ok(Arc::new(Zipf::of(members.parse()?))),
        "hot" => Ok(Arc::new(Zipf::of(1))),
        other => Err(format!("{other} is no way to draw members; there are: zipf, hot").into()),
    }
}

/// The member of a number is the same in every run.
fn member(number: usize) -> MemberId {
    MemberId::derived_from(house::tenant().uuid(), &number.to_string())
}
