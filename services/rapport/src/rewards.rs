//! `rapport rewards`: what members can have for points, and what became of what they took.

mod file;

use clap::{Args, Subcommand};
use proto::loyalty::v1::{
    CancelClaimRequest, Claim, ClaimRewardRequest, ClaimState, FulfilClaimRequest, GetRewardResponse,
    ListClaimsRequest, ListRewardsRequest, ListRewardsResponse, PutRewardRequest,
};
use serde_json::{Value, json};

use crate::client::{Call, CliError, Reach};
use crate::member::{Who, instant};
use crate::say::{say, say_all};
use crate::table::{Side, Table};
use crate::words::{self, Words};

/// What `rapport rewards` is told.
#[derive(Subcommand, Clone, Debug)]
pub enum Ask {
    /// Puts a reward of a file, or another version of it
    Put(Put),
    /// Lists rewards, what they have come to, and for a member what keeps them from each
    List(List),
    /// Takes a reward for a member
    Claim(Take),
    /// Gives a claim up: the points come back
    Cancel(End),
    /// Says that a claim was handed over
    Fulfil(End),
    /// Lists what a member took, newest first
    Claims(Claims),
}

/// What `rapport rewards put` is told.
#[derive(Args, Clone, Debug)]
pub struct Put {
    /// A file with a reward in JSON
    file: String,
    /// Check, and put nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    call: Call,
}

/// What `rapport rewards list` is told.
#[derive(Args, Clone, Debug)]
pub struct List {
    /// For whom, by id; nobody where not said
    #[arg(long, default_value = "", hide_default_value = true, value_name = "ID")]
    member: String,
    #[command(flatten)]
    reach: Reach,
}

/// What `rapport rewards claim` is told.
#[derive(Args, Clone, Debug)]
pub struct Take {
    #[command(flatten)]
    who: Who,
    /// The reward's code
    #[arg(long, value_name = "CODE")]
    reward: String,
    /// What the member was told it costs
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "N")]
    points: i64,
    /// Decide, and take nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    call: Call,
}

/// What `rapport rewards cancel` and `fulfil` are told.
#[derive(Args, Clone, Debug)]
pub struct End {
    #[command(flatten)]
    who: Who,
    /// The claim, claim_…
    #[arg(long, value_name = "ID")]
    claim: String,
    #[command(flatten)]
    call: Call,
}

/// What `rapport rewards claims` is told.
#[derive(Args, Clone, Debug)]
pub struct Claims {
    #[command(flatten)]
    who: Who,
    /// How many
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=1_000))]
    last: i32,
    #[command(flatten)]
    reach: Reach,
}

/// Puts, lists, takes or ends.
///
/// # Errors
/// The file cannot be used, or the suite refuses or does not answer.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    match ask {
        Ask::Put(ask) => put(ask).await,
        Ask::List(ask) => list(ask).await,
        Ask::Claim(ask) => claim(ask).await,
        Ask::Cancel(ask) => cancel(ask).await,
        Ask::Fulfil(ask) => fulfil(ask).await,
        Ask::Claims(ask) => claims(ask).await,
    }
}

/// Reads something of a JSON file.
pub(crate) fn read<T: serde::de::DeserializeOwned>(file: &str) -> Result<T, CliError> {
    let text = std::fs::read_to_string(file).map_err(|error| CliError::Asked(format!("{file}: {error}")))?;
    serde_json::from_str(&text).map_err(|error| CliError::Asked(format!("{file}: {error}")))
}

async fn put(ask: Put) -> Result<(), CliError> {
    let reward: file::Reward = read(&ask.file)?;
    let suite = ask.call.reach.suite().await?;
    let code = reward.code.clone();
    let request = PutRewardRequest {
        request_id: ask.call.request_id()?,
        reward: Some(reward.into()),
        validate_only: ask.dry_run,
    };
    let version = suite.rewards().put_reward(request).await?.into_inner().version;
    if ask.call.reach.json {
        say!("{}", json!({ "reward": code, "version": version, "dry_run": ask.dry_run }));
    } else {
        say!("  {code} {} version {version}", if ask.dry_run { "could be put, as" } else { "is put, as" });
    }
    Ok(())
}

async fn list(ask: List) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let request = ListRewardsRequest { member: ask.member.clone(), page_size: 1_000, ..Default::default() };
    let page = suite.rewards().list_rewards(request).await?.into_inner();
    if ask.reach.json {
        let all: Vec<Value> = page.rewards.iter().map(reward_json).collect();
        say!("{}", json!({ "rewards": all, "spendable": page.spendable }));
        return Ok(());
    }
    if page.rewards.is_empty() {
        say!("  no rewards yet: `rapport rewards put`");
        return Ok(());
    }
    say_all!("{}", catalogue(&page, !ask.member.is_empty(), &suite.words().await?));
    Ok(())
}

fn catalogue(page: &ListRewardsResponse, for_somebody: bool, words: &Words) -> Table {
    let sides = [Side::Left, Side::Left, Side::Right, Side::Right, Side::Right, Side::Right, Side::Left];
    let mut table = Table::new(&sides);
    let last = if for_somebody { "for this member" } else { "" };
    table.heading(["reward", "what", "points", "left", "claims", "cost", last]);
    for one in &page.rewards {
        let (reward, used) = (one.reward.clone().unwrap_or_default(), one.r#use.clone().unwrap_or_default());
        let left = used.left.map_or_else(|| "no end".to_owned(), words::count);
        let left = if used.low { format!("{left}, low") } else { left };
        let cost = used.cost.unwrap_or_default();
        let outcome = if for_somebody { outcome(one) } else { String::new() };
        table.row([
            reward.code,
            reward.display_name,
            words::count(reward.points),
            left,
            words::count(used.claims),
            words.money(cost.minor, &cost.currency_code),
            outcome,
        ]);
    }
    table
}

fn outcome(one: &GetRewardResponse) -> String {
    if one.can_claim {
        return "can have it".to_owned();
    }
    let why = one.obstacles.iter().filter_map(|why| Some(why.message.as_ref()?.message.clone()));
    why.collect::<Vec<_>>().join(" ")
}

fn reward_json(one: &GetRewardResponse) -> Value {
    let (reward, used) = (one.reward.clone().unwrap_or_default(), one.r#use.clone().unwrap_or_default());
    let obstacles: Vec<Value> = one
        .obstacles
        .iter()
        .map(|why| json!({ "kind": why.kind().as_str_name(), "missing_points": why.missing_points }))
        .collect();
    json!({
        "code": reward.code, "display_name": reward.display_name, "points": reward.points, "version": one.version,
        "left": used.left, "low": used.low, "claims": used.claims, "fulfilled": used.fulfilled,
        "cancelled": used.cancelled, "points_spent": used.points,
        "cost_minor": used.cost.map(|cost| cost.minor), "can_claim": one.can_claim, "obstacles": obstacles,
    })
}

async fn claim(ask: Take) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let request = ClaimRewardRequest {
        request_id: ask.call.request_id()?,
        member: ask.who.member_id(&suite).await?,
        reward: ask.reward,
        points: ask.points,
        validate_only: ask.dry_run,
    };
    let done = suite.rewards().claim_reward(request).await?.into_inner();
    let claim = done.claim.unwrap_or_default();
    if ask.call.reach.json {
        say!("{}", json!({ "claim": claim_json(&claim), "spendable": done.spendable, "freshness": done.freshness }));
        return Ok(());
    }
    let points = words::counted(claim.points, "point", "points");
    let what = if ask.dry_run { "could be had" } else { "taken" };
    say!("{} {what} for {points} · {} left to spend   {}", claim.display_name, words::count(done.spendable), claim.id);
    Ok(())
}

async fn cancel(ask: End) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let request_id = ask.call.request_id()?;
    let (member, claim) = (ask.who.member_id(&suite).await?, ask.claim);
    let request = CancelClaimRequest { request_id, member, claim, validate_only: false };
    let done = suite.rewards().cancel_claim(request).await?.into_inner();
    ended(&ask.call.reach, done.claim.unwrap_or_default(), &done.freshness)
}

async fn fulfil(ask: End) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let request_id = ask.call.request_id()?;
    let (member, claim) = (ask.who.member_id(&suite).await?, ask.claim);
    let request = FulfilClaimRequest { request_id, member, claim, validate_only: false };
    let done = suite.rewards().fulfil_claim(request).await?.into_inner();
    ended(&ask.call.reach, done.claim.unwrap_or_default(), &done.freshness)
}

fn ended(reach: &Reach, claim: Claim, freshness: &str) -> Result<(), CliError> {
    if reach.json {
        say!("{}", json!({ "claim": claim_json(&claim), "freshness": freshness }));
    } else {
        let points = words::counted(claim.points, "point", "points");
        say!("{} is {} · it cost {points}", claim.display_name, state(claim.state()));
    }
    Ok(())
}

async fn claims(ask: Claims) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let member = ask.who.member_id(&suite).await?;
    let request = ListClaimsRequest { member, page_size: ask.last, ..Default::default() };
    let page = suite.rewards().list_claims(request).await?.into_inner();
    if ask.reach.json {
        say!("{}", json!({ "claims": page.claims.iter().map(claim_json).collect::<Vec<_>>() }));
        return Ok(());
    }
    if page.claims.is_empty() {
        say!("  no claims yet");
        return Ok(());
    }
    let words = suite.words().await?;
    let mut table = Table::new(&[Side::Left, Side::Left, Side::Right, Side::Left, Side::Left]);
    table.heading(["when", "what", "points", "stands", "claim"]);
    for claim in page.claims {
        let moment = instant(claim.claim_time.as_ref()).map_or(String::new(), |moment| words.time(moment));
        let stands = state(claim.state()).to_owned();
        table.row([moment, claim.display_name, words::count(claim.points), stands, claim.id]);
    }
    say_all!("{table}");
    Ok(())
}

const fn state(state: ClaimState) -> &'static str {
    match state {
        ClaimState::Claimed => "to be handed over",
        ClaimState::Fulfilled => "handed over",
        ClaimState::Cancelled => "cancelled",
        ClaimState::Unspecified => "",
    }
}

fn claim_json(claim: &Claim) -> Value {
    json!({
        "id": claim.id, "member": claim.member, "reward": claim.reward, "version": claim.version,
        "display_name": claim.display_name, "state": claim.state().as_str_name(), "points": claim.points,
        "entry": claim.entry, "coupon": claim.coupon, "product": claim.product, "reversal": claim.reversal,
    })
}
