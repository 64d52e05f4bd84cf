//! `rapport member`: one member at a glance, and making somebody a member.

mod circle;
mod fresh;
mod portrait;
mod who;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;
use kernel::Clock;
use proto::clock::v1::GetClockRequest;
use proto::common::v1::Decision;
use proto::loyalty::v1::{Account, Entry, EntryKind, ExplainEntryRequest, GetAccountRequest, ListEntriesRequest};
use proto::portrait::v1::{self as wire_portrait, GetPortraitRequest};
use proto::registry::v1::{Consent, EnrolMemberRequest, IdentityKind, NewMember};
use serde_json::json;
use tonic::Code;

use crate::client::{Call, CliError, Reach, Suite};
use crate::say::{say, say_all};

pub use portrait::Portrait;
pub(crate) use portrait::{account_json, instant, points, shown, standing, units};
pub use who::{Who, identity};

/// Orders shown of a member.
const ORDERS: i32 = 5;

/// What `rapport member` is told.
#[derive(Subcommand, Clone, Debug)]
pub enum Ask {
    /// Shows one member as all services know them: tier, points, groups, orders, referrals, subscriptions, and why
    Show(Box<Show>),
    /// Makes somebody a member
    Enrol(Box<Enrol>),
}

/// What `rapport member show` is told.
#[derive(Args, Clone, Debug)]
pub struct Show {
    #[command(flatten)]
    who: Who,
    /// A freshness token, of any service: wait until what it speaks of is there
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TOKEN")]
    fresh: String,
    #[command(flatten)]
    reach: Reach,
}

/// What `rapport member enrol` is told.
#[derive(Args, Clone, Debug)]
pub struct Enrol {
    /// Phone number, in any usual form
    #[arg(long, value_name = "NUMBER", required_unless_present_any = ["email", "external", "tax_id"])]
    phone: Option<String>,
    /// E-mail address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Id in another system, behind that system's name
    #[arg(long, value_name = "ISSUER:ID")]
    external: Option<String>,
    /// Tax id of a company, 8 digits
    #[arg(long, value_name = "NUMBER")]
    tax_id: Option<String>,
    /// As they write it
    #[arg(long, default_value = "", value_name = "NAME")]
    name: String,
    /// Day of birth
    #[arg(long, value_name = "YYYY-MM-DD")]
    birthday: Option<Date>,
    /// How they came
    #[arg(long, default_value = "till", value_name = "SOURCE")]
    source: String,
    /// Store or page where they joined
    #[arg(long, default_value = "", value_name = "PLACE")]
    touchpoint: String,
    /// A tag; may be repeated
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// A purpose they agree to, such as sms.marketing; may be repeated
    #[arg(long, value_name = "PURPOSE")]
    agrees: Vec<String>,
    #[command(flatten)]
    call: Call,
}

/// Shows or enrols.
///
/// # Errors
/// The suite refuses or does not answer.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    match ask {
        Ask::Show(ask) => show(*ask).await,
        Ask::Enrol(ask) => enrol(*ask).await,
    }
}

async fn show(ask: Show) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let member = ask.who.find(&suite).await?;
    let request = GetPortraitRequest { member: member.id, orders: ORDERS, at_least_as_fresh: ask.fresh };
    let whole = suite.portraits().get_portrait(request).await?.into_inner().portrait;
    let whole = whole.ok_or_else(|| CliError::odd("the suite answered without a portrait"))?;
    let earned = earned(&suite, &whole).await?;
    let portrait = explained(&suite, Portrait { whole, earned }).await?;
    if ask.reach.json {
        say!("{}", portrait.json());
    } else {
        say_all!("{}", portrait.told(&suite.words().await?, now(&suite).await));
    }
    Ok(())
}

/// The suite's time, which may be moved by hand; the machine's for who may not ask.
pub(crate) async fn now(suite: &Suite) -> Timestamp {
    let told = suite.clock().get_clock(GetClockRequest {}).await.ok();
    told.and_then(|clock| instant(clock.into_inner().now.as_ref())).unwrap_or_else(|| Clock::system().now())
}

/// Points and tier; nothing where no programme rules.
pub(crate) async fn account(suite: &Suite, member: &str) -> Result<Option<Account>, CliError> {
    let request =
        GetAccountRequest { member: member.to_owned(), at_least_as_fresh: String::new(), wallet: String::new() };
    match suite.loyalty().get_account(request).await {
        Ok(answer) => Ok(answer.into_inner().account),
        Err(status) => match CliError::from(status) {
            CliError::Refused { reason, .. } if reason == "PROGRAMME_NOT_FOUND" => Ok(None),
            other => Err(other),
        },
    }
}

/// What orders earned, as far back as the orders that are shown are likely to lie; nothing where loyalty is away.
async fn earned(suite: &Suite, whole: &wire_portrait::Portrait) -> Result<Vec<(Entry, Option<Decision>)>, CliError> {
    let (Some(member), Some(_)) = (&whole.member, whole.account.as_ref().and_then(|part| part.account.as_ref())) else {
        return Ok(Vec::new());
    };
    let request = ListEntriesRequest { member: member.id.clone(), page_size: 200, ..Default::default() };
    let entries = suite.loyalty().list_entries(request).await?.into_inner().entries;
    Ok(entries.into_iter().filter(|entry| entry.kind() == EntryKind::Earn).map(|entry| (entry, None)).collect())
}

/// Adds why the orders that are shown earned what they did.
async fn explained(suite: &Suite, mut portrait: Portrait) -> Result<Portrait, CliError> {
    let shown: Vec<String> = portrait.orders().iter().map(|order| order.id.clone()).collect();
    let member = portrait.member().id;
    portrait.earned.retain(|(entry, _)| shown.contains(&entry.cause));
    for (entry, decision) in &mut portrait.earned {
        let request =
            ExplainEntryRequest { entry: entry.id.clone(), member: member.clone(), ..ExplainEntryRequest::default() };
        match suite.loyalty().explain_entry(request).await {
            Ok(answer) => *decision = answer.into_inner().decision,
            Err(status) if status.code() == Code::NotFound => {}
            Err(status) => return Err(status.into()),
        }
    }
    Ok(portrait)
}

async fn enrol(ask: Enrol) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let plain = |kind, value: &Option<String>| value.as_deref().map(|value| identity(kind, "", value));
    let external = ask.external.as_deref().map(|text| {
        let (issuer, value) = text.split_once(':').unwrap_or(("", text));
        identity(IdentityKind::External, issuer, value)
    });
    let consents = ask.agrees.iter().map(|purpose| Consent {
        purpose: purpose.clone(),
        granted: true,
        source: ask.source.clone(),
        state_time: None,
    });
    let request = EnrolMemberRequest {
        request_id: ask.call.request_id()?,
        member: Some(NewMember {
            identities: [
                plain(IdentityKind::Phone, &ask.phone),
                plain(IdentityKind::Email, &ask.email),
                plain(IdentityKind::TaxId, &ask.tax_id),
                external,
            ]
            .into_iter()
            .flatten()
            .collect(),
            name: ask.name.clone(),
            birthday: ask.birthday.map(Into::into),
            tags: ask.tag.clone(),
            consents: consents.collect(),
            acquisition_source: ask.source.clone(),
            touchpoint: ask.touchpoint.clone(),
            ..Default::default()
        }),
        validate_only: false,
    };
    let enrolled = suite.registry().enrol_member(request).await?.into_inner();
    if ask.call.reach.json {
        say!("{}", json!({ "member": enrolled.member, "etag": enrolled.etag, "freshness": enrolled.freshness }));
    } else {
        say!("{}  is a member now", enrolled.member);
    }
    Ok(())
}
