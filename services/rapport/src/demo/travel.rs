//! `rapport demo time-travel`: the demo shop lived from its first day to its last, on a suite whose clock is moved by hand.
//!
//! Time is moved evening by evening. On the way everything happens that falls due: points lapse, tiers are reviewed, members
//! fall asleep, held referrals are approved, subscriptions are charged. Then the shop tells what happened that day: who
//! joined, what was bought and came back, who sent whom, who subscribed. At the end the event logs are read and counted by
//! quarter, and the programme is reported.
//!
//! What is printed follows from the seed alone: no id, nothing of the machine's time, nothing of who was quicker. How long
//! it took stands on standard error.

mod agenda;
mod chronicle;
mod living;

use std::time::Instant;

use clap::Args;
use jiff::Timestamp;
use proto::clock::v1::GetClockRequest;
use serde_json::json;
use uuid::Uuid;

use crate::client::{CliError, Entrance, Reach, words_of};
use crate::member::instant;
use crate::progress::spoken;
use crate::report::Report;
use crate::say::{aside, say, say_all};
use crate::words;

use super::history::Shop;
use super::telling::Teller;
use super::{id_of, open, tenant};

use chronicle::Chronicle;
use living::{Life, Script};

/// The tenant that lives.
const TENANT: &str = "time-travel";
/// Where time begins: midnight of 1 July 2024 in Taipei, so that two years see a 31 December on which points lapse.
const BEGINNING: &str = "2024-06-30T16:00:00Z";
/// Months of orders in the report.
const MONTHS: usize = 6;

/// What `rapport demo time-travel` is told.
#[derive(Args, Clone, Debug)]
pub struct Travel {
    /// How many members
    #[arg(long, default_value_t = 120, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    members: u32,
    /// Another seed makes another shop
    #[arg(long, default_value_t = Shop::default().seed, value_name = "SEED")]
    seed: u64,
    /// How many days are lived
    #[arg(long, default_value_t = Shop::default().days, value_name = "N", value_parser = clap::value_parser!(u32).range(30..=3_660))]
    days: u32,
    /// Seconds of due work that may be done in one step; 1 is exact
    #[arg(long, default_value_t = 3_600, value_name = "SECONDS", value_parser = clap::value_parser!(i32).range(1..=86_400))]
    step: i32,
    #[command(flatten)]
    reach: Reach,
}

/// Travels.
///
/// # Errors
/// The suite's clock is not moved by hand or has gone too far, the shop was begun before, or the suite does not answer.
pub async fn run(ask: Travel) -> Result<(), CliError> {
    let began = Instant::now();
    let entrance = ask.reach.entrance()?;
    let beginning = beginning()?;
    ready(&entrance, beginning).await?;
    let shop = Shop { members: ask.members, seed: ask.seed, days: ask.days };
    let (mut life, words) = begin(&entrance, shop, beginning, ask.step).await?;
    life.live().await?;
    let chronicle = Chronicle::of(life.suite(), words.zone()).await?;
    let report = Report::of(life.suite()).await?;
    if ask.reach.json {
        let told = json!({
            "members": shop.members, "seed": shop.seed, "days": shop.days, "from": beginning.to_string(),
            "quarters": chronicle.json(), "report": report.json(),
        });
        say!("{told}");
    } else {
        let days = words::counted(shop.days, "day", "days");
        say!("日常選品 from {}: {days}, seed {}\n", words.day(beginning), shop.seed);
        say_all!("{}\n{}", chronicle.told(), report.told(&words, MONTHS));
    }
    let (steps, timers) = (words::count(life.steps), words::counted(life.timers, "timer rang", "timers rang"));
    aside(format_args!("  took {} · {steps} steps of the clock · {timers}", spoken(began.elapsed())));
    Ok(())
}

fn beginning() -> Result<Timestamp, CliError> {
    BEGINNING.parse().map_err(|_| CliError::odd("the beginning of time is no instant"))
}

/// Whether the suite can live the shop; if not, what to do.
async fn ready(entrance: &Entrance, beginning: Timestamp) -> Result<(), CliError> {
    let clock = entrance.operator()?.clock().get_clock(GetClockRequest {}).await?.into_inner();
    let anew = format!(
        "`cargo xtask time-travel` makes a new one; by hand: an empty database, an empty --state-dir, and `rapport up \
         --members 0 --clock manual:{beginning}`"
    );
    if !clock.manual {
        return Err(CliError::Asked(format!(
            "this suite follows the machine's clock, and time-travel has to move it. It needs a suite of its own: {anew}"
        )));
    }
    if tenant(entrance, TENANT).await?.is_some() {
        return Err(CliError::Asked(format!(
            "this suite has lived the shop already, or broke off on the way (`rapport --tenant {TENANT} report` shows how \
             far it came). Time does not go back, so it cannot go on or begin again here. A new suite can: {anew}"
        )));
    }
    let now = instant(clock.now.as_ref()).ok_or_else(|| CliError::odd("the suite told no time"))?;
    if now > beginning {
        return Err(CliError::Asked(format!(
            "this suite's clock stands at {now}, and the shop begins at {beginning}; time does not go back. It needs a suite \
             of its own: {anew}"
        )));
    }
    Ok(())
}

/// The shop on its first morning, and what its life will be.
async fn begin(
    entrance: &Entrance,
    shop: Shop,
    beginning: Timestamp,
    step: i32,
) -> Result<(Life, words::Words), CliError> {
    living::advance(&entrance.operator()?, beginning, step).await?;
    let tenant = open(entrance, TENANT).await?;
    let (id, words) = (id_of(&tenant)?, words_of(&tenant)?);
    let zone = words.zone().clone();
    let script = tokio::task::spawn_blocking(move || Script::of(shop, beginning, zone));
    let script = script.await.map_err(|_| CliError::odd("generating the shop broke off"))?;
    let teller = Teller {
        suite: entrance.tenant_by_id(id)?,
        operator: entrance.operator()?,
        cause: Uuid::new_v5(&id.uuid(), b"time-travel"),
        shown: true,
    };
    teller.terms(beginning).await?;
    teller.products().await?;
    teller.offers(beginning).await?;
    Ok((Life::new(script, teller, step), words))
}
