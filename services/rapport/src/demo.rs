//! A believable demo shop: two years of a Taiwanese shop for tea, coffee and small things, generated from a seed and told to the suite
//! through the public calls, as any shop would.
//!
//! The shop ends when its tenant was opened, so that a load that was broken off generates the same history again and, under the same
//! request ids, goes on where it stopped. The last thing that happens is a tag for the member whom the tour looks at: who finds it knows
//! that the shop is whole.
//!
//! The other way to tell it is [`travel`]: living it day by day, on a clock that is moved by hand.
//!
//! Memory: about 200 bytes an order; a hundred thousand members have about a million orders.

mod circle;
mod dice;
mod entries;
mod friends;
mod habits;
mod history;
mod people;
mod shelf;
mod subscribers;
mod telling;
mod travel;

use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kernel::TenantId;
use proto::registry::v1::{
    CreateTenantRequest, FindMemberRequest, GetTenantRequest, IdentityKind, Tenant, TenantSettings,
};
use serde_json::json;
use tonic::Code;
use uuid::Uuid;

use crate::client::{CliError, Entrance, Reach, new_request_id, words_of};
use crate::member::{identity, instant};
use crate::progress::spoken;
use crate::say::say;
use crate::words;

pub use history::Shop;

use history::History;
use telling::{Circle, Teller};

/// The demo shop's tenant.
pub const TENANT: &str = "demo";
/// What the tour's member is marked with when everything has been told.
const WHOLE: &str = "tour";

/// What `rapport demo` is told.
#[derive(Subcommand, Clone, Debug)]
pub enum Ask {
    /// Loads the demo shop, or goes on loading it
    Load(Load),
    /// Lives the demo shop from its first day to its last, on a suite whose clock is moved by hand
    TimeTravel(travel::Travel),
}

/// What `rapport demo load` is told.
#[derive(Args, Clone, Debug)]
pub struct Load {
    /// How many members
    #[arg(long, default_value_t = 2_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    members: u32,
    /// Another seed makes another shop
    #[arg(long, default_value_t = Shop::default().seed, value_name = "SEED")]
    seed: u64,
    #[command(flatten)]
    reach: Reach,
}

/// What was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Members.
    pub members: u64,
    /// Orders.
    pub orders: u64,
    /// Returns.
    pub returns: u64,
    /// Orders that were cancelled.
    pub cancelled: u64,
    /// Members who spent points.
    pub redemptions: u64,
    /// Members who were given a code to pass on.
    pub codes: u64,
    /// Members who came by a friend's code.
    pub friends: u64,
    /// Subscriptions that began.
    pub subscriptions: u64,
    /// How long it took.
    pub took: Duration,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "{} members · {} orders · {} returns · {} cancelled · {} redemptions · {} · {} · {}   {}",
            words::count(self.members),
            words::count(self.orders),
            words::count(self.returns),
            words::count(self.cancelled),
            words::count(self.redemptions),
            words::counted(self.codes, "code", "codes"),
            words::counted(self.friends, "friend by a code", "friends by a code"),
            words::counted(self.subscriptions, "subscription", "subscriptions"),
            spoken(self.took)
        )
    }
}

/// Loads or travels.
///
/// # Errors
/// The suite refuses or does not answer.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    match ask {
        Ask::Load(ask) => load_one(ask).await,
        Ask::TimeTravel(ask) => travel::run(ask).await,
    }
}

async fn load_one(ask: Load) -> Result<(), CliError> {
    let entrance = ask.reach.entrance()?;
    if is_whole(&entrance).await? {
        return Err(CliError::Asked("the demo shop is there already; `rapport report` shows it".to_owned()));
    }
    let shop = Shop { members: ask.members, seed: ask.seed, ..Shop::default() };
    let summary = load(&entrance, shop, true).await?;
    if ask.reach.json {
        say!(
            "{}",
            json!({
                "members": summary.members, "orders": summary.orders, "returns": summary.returns,
                "cancelled": summary.cancelled, "redemptions": summary.redemptions,
                "codes": summary.codes, "friends": summary.friends, "subscriptions": summary.subscriptions,
            })
        );
    } else {
        say!("  demo shop      {summary}");
    }
    Ok(())
}

/// Whether the demo shop has been loaded to its end.
///
/// # Errors
/// The suite does not answer.
pub async fn is_whole(entrance: &Entrance) -> Result<bool, CliError> {
    let Some(_) = tenant(entrance, TENANT).await? else { return Ok(false) };
    let suite = entrance.tenant(TENANT).await?;
    let asked = FindMemberRequest {
        identity: Some(identity(IdentityKind::Phone, "", people::TOUR_PHONE)),
        at_least_as_fresh: String::new(),
    };
    match suite.registry().find_member(asked).await {
        Ok(found) => {
            let member = found.into_inner().member.unwrap_or_default();
            Ok(member.tags.iter().any(|tag| tag == WHOLE))
        }
        Err(status) if status.code() == Code::NotFound => Ok(false),
        Err(status) => Err(status.into()),
    }
}

/// Loads the demo shop, or goes on where an earlier load of the same shop stopped. `shown` shows how far it is.
///
/// # Errors
/// The suite refuses or does not answer. What was loaded stays, and the same call goes on from there.
pub async fn load(entrance: &Entrance, shop: Shop, shown: bool) -> Result<Summary, CliError> {
    let began = Instant::now();
    let tenant = match tenant(entrance, TENANT).await? {
        Some(tenant) => tenant,
        None => open(entrance, TENANT).await?,
    };
    let odd = || CliError::odd("the suite opened a tenant without a time");
    let id = id_of(&tenant)?;
    let end = instant(tenant.create_time.as_ref()).and_then(to_second).ok_or_else(odd)?;
    let zone = words_of(&tenant)?.zone().clone();
    let generated = tokio::task::spawn_blocking(move || {
        let history = shop.history(end, &zone);
        let circle = circle_at(&shop, &history, end, &zone);
        (history, circle)
    });
    let (history, circle) = generated.await.map_err(|_| CliError::odd("generating the shop broke off"))?;
    let name = format!("demo {} {} {}", shop.seed, shop.members, shop.days);
    let teller = Teller {
        suite: entrance.tenant_by_id(id)?,
        operator: entrance.operator()?,
        cause: Uuid::new_v5(&id.uuid(), name.as_bytes()),
        shown,
    };
    let summary = teller.tell(&history, &circle, end).await?;
    Ok(Summary { took: began.elapsed(), ..summary })
}

fn to_second(moment: Timestamp) -> Option<Timestamp> {
    Timestamp::from_second(moment.as_second()).ok()
}

/// What members do beside buying, as far as it can be told at the end: who joined before these days has forgotten who sent them.
fn circle_at(shop: &Shop, history: &History, end: Timestamp, zone: &TimeZone) -> Circle {
    let since = end - SignedDuration::from_hours(14 * 24);
    let sent = friends::friends(shop.seed, history, since, zone);
    let friends = friends::who_can_say_so_now(sent, history);
    Circle {
        holders: friends::holders(shop.seed, history, &friends),
        subscribers: subscribers::at_the_end(shop.seed, history, end, zone),
        friends,
    }
}

fn id_of(tenant: &Tenant) -> Result<TenantId, CliError> {
    TenantId::parse(&tenant.id).map_err(|_| CliError::odd("the suite opened a tenant without an id"))
}

async fn tenant(entrance: &Entrance, code: &str) -> Result<Option<Tenant>, CliError> {
    let asked = GetTenantRequest { tenant: code.to_owned(), ..GetTenantRequest::default() };
    match entrance.operator()?.tenants().get_tenant(asked).await {
        Ok(found) => Ok(found.into_inner().tenant),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status.into()),
    }
}

async fn open(entrance: &Entrance, code: &str) -> Result<Tenant, CliError> {
    let request = CreateTenantRequest {
        request_id: new_request_id(),
        code: code.to_owned(),
        display_name: "日常選品".to_owned(),
        settings: Some(TenantSettings {
            zone: "Asia/Taipei".to_owned(),
            currency_code: "TWD".to_owned(),
            minor_digits: None,
            phone_region: "TW".to_owned(),
        }),
    };
    entrance.operator()?.tenants().create_tenant(request).await?;
    tenant(entrance, code).await?.ok_or_else(|| CliError::odd("the suite opened a tenant and does not know it"))
}
