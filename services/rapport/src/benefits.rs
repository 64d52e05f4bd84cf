//! `rapport benefits`: what membership brings beside points, put from a file and tried on a cart.

mod file;

use clap::{Args, Subcommand};
use proto::loyalty::v1::{
    BenefitCheck, CheckBenefitsRequest, CheckBenefitsResponse, ListBenefitsRequest, ListedBenefit, PutBenefitRequest,
};
use serde_json::{Value, json};

use crate::basket::Basket;
use crate::client::{Call, CliError, Reach};
use crate::rewards::read;
use crate::say::{say, say_all};
use crate::table::{Side, Table};
use crate::words::{self, Words};

/// What `rapport benefits` is told.
#[derive(Subcommand, Clone, Debug)]
pub enum Ask {
    /// Puts a benefit of a file, or another version of it, and tells what to look at
    Put(Put),
    /// Lists benefits and what they have come to
    List(List),
    /// Tells what benefits do for a cart, why the rest does not apply, and what cannot be bought
    Check(Check),
}

/// What `rapport benefits put` is told.
#[derive(Args, Clone, Debug)]
pub struct Put {
    /// A file with a benefit in JSON
    file: String,
    /// Check, and put nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    call: Call,
}

/// What `rapport benefits list` is told.
#[derive(Args, Clone, Debug)]
pub struct List {
    #[command(flatten)]
    reach: Reach,
}

/// What `rapport benefits check` is told.
#[derive(Args, Clone, Debug)]
pub struct Check {
    /// Who is about to buy, by id; a guest where not said
    #[arg(long, default_value = "", hide_default_value = true, value_name = "ID")]
    member: String,
    #[command(flatten)]
    basket: Basket,
    /// What the member has paid for
    #[arg(long = "entitlement", value_name = "CODE")]
    entitlements: Vec<String>,
    #[command(flatten)]
    reach: Reach,
}

/// Puts, lists or checks.
///
/// # Errors
/// The file cannot be used, or the suite refuses or does not answer.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    match ask {
        Ask::Put(ask) => put(ask).await,
        Ask::List(ask) => list(ask).await,
        Ask::Check(ask) => check(ask).await,
    }
}

async fn put(ask: Put) -> Result<(), CliError> {
    let benefit: file::Benefit = read(&ask.file)?;
    let suite = ask.call.reach.suite().await?;
    let code = benefit.code.clone();
    let request_id = ask.call.request_id()?;
    let request = PutBenefitRequest { request_id, benefit: Some(benefit.into()), validate_only: ask.dry_run };
    let put = suite.benefits().put_benefit(request).await?.into_inner();
    let warnings: Vec<String> =
        put.warnings.iter().filter_map(|one| Some(one.message.as_ref()?.message.clone())).collect();
    if ask.call.reach.json {
        say!("{}", json!({ "benefit": code, "version": put.version, "dry_run": ask.dry_run, "warnings": warnings }));
        return Ok(());
    }
    say!("  {code} {} version {}", if ask.dry_run { "could be put, as" } else { "is put, as" }, put.version);
    for warning in warnings {
        say!("  look at this: {warning}");
    }
    Ok(())
}

async fn list(ask: List) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let request = ListBenefitsRequest { page_size: 1_000, ..Default::default() };
    let all = suite.benefits().list_benefits(request).await?.into_inner().benefits;
    if ask.reach.json {
        say!("{}", json!({ "benefits": all.iter().map(benefit_json).collect::<Vec<_>>() }));
        return Ok(());
    }
    if all.is_empty() {
        say!("  no benefits yet: `rapport benefits put`");
        return Ok(());
    }
    say_all!("{}", listed(&all, &suite.words().await?));
    Ok(())
}

fn listed(all: &[ListedBenefit], words: &Words) -> Table {
    let sides = [Side::Left, Side::Left, Side::Right, Side::Right, Side::Right, Side::Right, Side::Right, Side::Left];
    let mut table = Table::new(&sides);
    table.heading(["benefit", "what", "uses", "left", "saved", "cost", "forgone", "for whom"]);
    for one in all {
        let (benefit, used) = (one.benefit.clone().unwrap_or_default(), one.r#use.clone().unwrap_or_default());
        let money = |amount: Option<proto::common::v1::Money>| {
            let amount = amount.unwrap_or_default();
            words.money(amount.minor, &amount.currency_code)
        };
        let audience = if benefit.audience.is_empty() { "everybody".to_owned() } else { benefit.audience };
        table.row([
            benefit.code,
            benefit.display_name,
            words::count(used.uses),
            used.left.map_or_else(|| "no end".to_owned(), words::count),
            money(used.saved),
            money(used.cost),
            money(used.forgone),
            audience,
        ]);
    }
    table
}

fn benefit_json(one: &ListedBenefit) -> Value {
    let (benefit, used) = (one.benefit.clone().unwrap_or_default(), one.r#use.clone().unwrap_or_default());
    json!({
        "code": benefit.code, "display_name": benefit.display_name, "version": one.version,
        "audience": benefit.audience, "uses": used.uses, "left": used.left,
        "saved_minor": used.saved.map(|saved| saved.minor), "cost_minor": used.cost.map(|cost| cost.minor),
        "forgone_minor": used.forgone.map(|forgone| forgone.minor),
    })
}

async fn check(ask: Check) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let words = suite.words().await?;
    let request = CheckBenefitsRequest {
        member: ask.member,
        cart: Some(ask.basket.cart(&words)?),
        entitlements: ask.entitlements,
        at_least_as_fresh: String::new(),
    };
    let told = suite.benefits().check_benefits(request).await?.into_inner();
    if ask.reach.json {
        say!("{}", checked_json(&told));
        return Ok(());
    }
    let saved = told.saved.clone().unwrap_or_default();
    say!("  saves {}", words.money(saved.minor, &saved.currency_code));
    let mut table = Table::new(&[Side::Left, Side::Left, Side::Right, Side::Left]);
    table.heading(["benefit", "what", "saves", "why not"]);
    for one in &told.benefits {
        let saved = one.saved.clone().unwrap_or_default();
        let saves = if one.applies { words.money(saved.minor, &saved.currency_code) } else { "-".to_owned() };
        table.row([one.benefit.clone(), one.display_name.clone(), saves, why_not(one, &told)]);
    }
    say_all!("{table}");
    for one in &told.blocked {
        say!("  line {} cannot be bought: {} is kept by {}", one.line.saturating_add(1), one.product, one.benefit);
    }
    Ok(())
}

fn why_not(one: &BenefitCheck, told: &CheckBenefitsResponse) -> String {
    let Some(why) = &one.obstacle else { return String::new() };
    let sentence = why.message.as_ref().map(|message| message.message.clone()).unwrap_or_default();
    if why.next_tier_opens { format!("{sentence} The next tier opens it: {}.", told.next_tier) } else { sentence }
}

fn checked_json(told: &CheckBenefitsResponse) -> Value {
    let benefit = |one: &BenefitCheck| {
        let why = one.obstacle.as_ref();
        json!({
            "code": one.benefit, "applies": one.applies, "saved_minor": one.saved.as_ref().map(|saved| saved.minor),
            "line_minor": one.line_minor, "delivery_minor": one.delivery_minor,
            "obstacle": why.map(|why| why.kind().as_str_name()),
            "next_tier_opens": why.is_some_and(|why| why.next_tier_opens),
        })
    };
    let blocked = |one: &proto::loyalty::v1::BlockedLine| json!({ "line": one.line, "product": one.product, "benefit": one.benefit });
    json!({
        "saved_minor": told.saved.as_ref().map(|saved| saved.minor),
        "benefits": told.benefits.iter().map(benefit).collect::<Vec<_>>(),
        "blocked": told.blocked.iter().map(blocked).collect::<Vec<_>>(),
        "next_tier": told.next_tier, "missing_to_next_tier_minor": told.missing_to_next_tier_minor,
    })
}
