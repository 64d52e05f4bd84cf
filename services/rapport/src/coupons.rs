//! `rapport coupons`: campaigns put from a file, coupons given, and what they take off a cart.

mod file;

use clap::{Args, Subcommand};
use proto::loyalty::v1::{
    Coupon, CouponQuote, CouponState, GetCampaignRequest, GetCampaignResponse, IssueCouponRequest, ListCouponsRequest,
    PutCampaignRequest, QuoteCouponsRequest,
};
use serde_json::{Value, json};

use crate::basket::Basket;
use crate::client::{Call, CliError, Reach};
use crate::member::{Who, instant, shown};
use crate::rewards::read;
use crate::say::{say, say_all};
use crate::table::{Side, Table};
use crate::words::{self, Words};

/// What `rapport coupons` is told.
#[derive(Subcommand, Clone, Debug)]
pub enum Ask {
    /// Puts a campaign of a file, or another version of it, and tells what members may feel tricked by
    Put(Put),
    /// Shows a campaign and what it has come to
    Show(Show),
    /// Gives a member a coupon
    Issue(Issue),
    /// Lists a member's coupons, newest first
    Wallet(Wallet),
    /// Tells what a member's coupons, and codes, take off a cart, and why the rest does not
    Quote(Quote),
}

/// What `rapport coupons put` is told.
#[derive(Args, Clone, Debug)]
pub struct Put {
    /// A file with a campaign in JSON
    file: String,
    /// Check, and put nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    call: Call,
}

/// What `rapport coupons show` is told.
#[derive(Args, Clone, Debug)]
pub struct Show {
    /// The campaign's code
    campaign: String,
    #[command(flatten)]
    reach: Reach,
}

/// What `rapport coupons issue` is told.
#[derive(Args, Clone, Debug)]
pub struct Issue {
    #[command(flatten)]
    who: Who,
    /// The campaign's code
    #[arg(long, value_name = "CODE")]
    campaign: String,
    /// Why, for the shop
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    reason: String,
    /// Decide, and give nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    call: Call,
}

/// What `rapport coupons wallet` is told.
#[derive(Args, Clone, Debug)]
pub struct Wallet {
    #[command(flatten)]
    who: Who,
    /// How many
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=1_000))]
    last: i32,
    #[command(flatten)]
    reach: Reach,
}

/// What `rapport coupons quote` is told.
#[derive(Args, Clone, Debug)]
pub struct Quote {
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    basket: Basket,
    /// A code, as it was typed
    #[arg(long = "code", value_name = "CODE")]
    codes: Vec<String>,
    #[command(flatten)]
    reach: Reach,
}

/// Puts, shows, gives, lists or quotes.
///
/// # Errors
/// The file cannot be used, or the suite refuses or does not answer.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    match ask {
        Ask::Put(ask) => put(ask).await,
        Ask::Show(ask) => show(ask).await,
        Ask::Issue(ask) => issue(ask).await,
        Ask::Wallet(ask) => wallet(ask).await,
        Ask::Quote(ask) => quote(ask).await,
    }
}

async fn put(ask: Put) -> Result<(), CliError> {
    let campaign: file::Campaign = read(&ask.file)?;
    let suite = ask.call.reach.suite().await?;
    let code = campaign.code.clone();
    let request_id = ask.call.request_id()?;
    let request = PutCampaignRequest { request_id, campaign: Some(campaign.into()), validate_only: ask.dry_run };
    let put = suite.coupons().put_campaign(request).await?.into_inner();
    let warnings: Vec<String> =
        put.warnings.iter().filter_map(|one| Some(one.message.as_ref()?.message.clone())).collect();
    if ask.call.reach.json {
        let told = json!({ "campaign": code, "version": put.version, "dry_run": ask.dry_run, "warnings": warnings });
        say!("{told}");
        return Ok(());
    }
    say!("  {code} {} version {}", if ask.dry_run { "could be put, as" } else { "is put, as" }, put.version);
    for warning in warnings {
        say!("  members may feel tricked: {warning}");
    }
    Ok(())
}

async fn show(ask: Show) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let request = GetCampaignRequest { campaign: ask.campaign, ..Default::default() };
    let found = suite.coupons().get_campaign(request).await?.into_inner();
    if ask.reach.json {
        say!("{}", campaign_json(&found));
    } else {
        say_all!("{}", described(&found, &suite.words().await?));
    }
    Ok(())
}

fn described(found: &GetCampaignResponse, words: &Words) -> String {
    let (campaign, used) = (found.campaign.clone().unwrap_or_default(), found.r#use.unwrap_or_default());
    let money = |minor| words.money(minor, &campaign.currency_code);
    let of = |most: i64, told: String| if most == 0 { String::new() } else { format!(" of {told}") };
    let uses = used.redeemed_uses.saturating_add(used.reserved_uses);
    let spent = used.redeemed_minor.saturating_add(used.reserved_minor);
    format!(
        "\"{}\" version {}\n  from {}\n  used {}{}, {} of these put aside\n  saved {}{}\n",
        campaign.display_name,
        found.version,
        money(campaign.minimum_minor),
        words::count(uses),
        of(campaign.max_uses, words::count(campaign.max_uses)),
        words::count(used.reserved_uses),
        money(spent),
        of(campaign.budget_minor, money(campaign.budget_minor)),
    )
}

fn campaign_json(found: &GetCampaignResponse) -> Value {
    let (campaign, used) = (found.campaign.clone().unwrap_or_default(), found.r#use.unwrap_or_default());
    json!({
        "code": campaign.code, "display_name": campaign.display_name, "version": found.version,
        "minimum_minor": campaign.minimum_minor, "max_uses": campaign.max_uses, "budget_minor": campaign.budget_minor,
        "reserved_uses": used.reserved_uses, "redeemed_uses": used.redeemed_uses,
        "reserved_minor": used.reserved_minor, "redeemed_minor": used.redeemed_minor, "codes": used.codes,
    })
}

async fn issue(ask: Issue) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let request = IssueCouponRequest {
        request_id: ask.call.request_id()?,
        member: ask.who.member_id(&suite).await?,
        campaign: ask.campaign,
        reason: ask.reason,
        validate_only: ask.dry_run,
    };
    let done = suite.coupons().issue_coupon(request).await?.into_inner();
    if ask.call.reach.json {
        let until = shown(done.valid_until_time.as_ref());
        let told =
            json!({ "coupon": done.coupon, "version": done.version, "until": until, "freshness": done.freshness });
        say!("{told}");
        return Ok(());
    }
    let words = suite.words().await?;
    let until = instant(done.valid_until_time.as_ref()).map(|until| words.until(until));
    let until = until.unwrap_or_else(|| "without end".to_owned());
    say!("{} · {until}   {}", if ask.dry_run { "could be given" } else { "given" }, done.coupon);
    Ok(())
}

async fn wallet(ask: Wallet) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let member = ask.who.member_id(&suite).await?;
    let request = ListCouponsRequest { member, page_size: ask.last, ..Default::default() };
    let coupons = suite.coupons().list_coupons(request).await?.into_inner().coupons;
    if ask.reach.json {
        say!("{}", json!({ "coupons": coupons.iter().map(coupon_json).collect::<Vec<_>>() }));
        return Ok(());
    }
    if coupons.is_empty() {
        say!("  no coupons yet");
        return Ok(());
    }
    say_all!("{}", held(&coupons, &suite.words().await?));
    Ok(())
}

fn held(coupons: &[Coupon], words: &Words) -> Table {
    let mut table = Table::new(&[Side::Left, Side::Left, Side::Left, Side::Left]);
    table.heading(["what", "stands", "until", "coupon"]);
    for coupon in coupons {
        let until = instant(coupon.valid_until_time.as_ref()).map_or_else(String::new, |until| words.until(until));
        let stands = state(coupon.state()).to_owned();
        table.row([coupon.display_name.clone(), stands, until, coupon.id.clone()]);
    }
    table
}

const fn state(state: CouponState) -> &'static str {
    match state {
        CouponState::Issued => "can be used",
        CouponState::Reserved => "put aside",
        CouponState::Redeemed => "used",
        CouponState::Lapsed => "lapsed",
        CouponState::Unspecified => "",
    }
}

fn coupon_json(coupon: &Coupon) -> Value {
    json!({
        "id": coupon.id, "campaign": coupon.campaign, "display_name": coupon.display_name, "version": coupon.version,
        "state": coupon.state().as_str_name(), "until": shown(coupon.valid_until_time.as_ref()),
    })
}

async fn quote(ask: Quote) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let words = suite.words().await?;
    let request = QuoteCouponsRequest {
        member: ask.who.member_id(&suite).await?,
        cart: Some(ask.basket.cart(&words)?),
        codes: ask.codes,
        ..Default::default()
    };
    let told = suite.coupons().quote_coupons(request).await?.into_inner();
    let saved = told.saved.clone().unwrap_or_default();
    if ask.reach.json {
        let best: Vec<&str> =
            told.best.iter().map(|one| if one.coupon.is_empty() { one.code.as_str() } else { &one.coupon }).collect();
        let all: Vec<Value> = told.quotes.iter().map(quote_json).collect();
        say!("{}", json!({ "saved_minor": saved.minor, "best": best, "quotes": all }));
        return Ok(());
    }
    say!("  at best saves {}", words.money(saved.minor, &saved.currency_code));
    let mut table = Table::new(&[Side::Left, Side::Left, Side::Right, Side::Left]);
    table.heading(["coupon or code", "what", "saves", "why not"]);
    for one in &told.quotes {
        let name = if one.coupon.is_empty() { one.code.clone() } else { one.coupon.clone() };
        let off = one.discount.as_ref().and_then(|off| off.saved.clone());
        let saves = off.map_or_else(|| "-".to_owned(), |off| words.money(off.minor, &off.currency_code));
        let why = one.obstacle.as_ref().and_then(|why| Some(why.message.as_ref()?.message.clone()));
        table.row([name, one.display_name.clone(), saves, why.unwrap_or_default()]);
    }
    say_all!("{table}");
    Ok(())
}

fn quote_json(one: &CouponQuote) -> Value {
    json!({
        "coupon": one.coupon, "code": one.code, "campaign": one.campaign,
        "saved_minor": one.discount.as_ref().and_then(|off| Some(off.saved.as_ref()?.minor)),
        "obstacle": one.obstacle.as_ref().map(|why| why.kind().as_str_name()),
    })
}
