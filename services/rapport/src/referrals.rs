//! `rapport referrals`: what inviting brings, members' codes, who came by whom, and what waits for a person.

mod promise;
mod telling;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use proto::referrals::v1::{
    AttributeRequest, AttributionPoint, GetOverviewRequest, GetReferralOfRequest, GetReferralRequest, GetTermsRequest,
    IssueCodeRequest, ListInvitationsRequest, PutTermsRequest, Referral, ReviewRequest, Verdict,
};
use serde_json::json;

use crate::client::{Call, CliError, Reach, Suite};
use crate::member::{Who, instant, now};
use crate::say::{say, say_all};

pub use promise::Promise;
pub(crate) use telling::state;

/// What `rapport referrals` is told.
#[derive(Subcommand, Clone, Debug)]
pub enum Ask {
    /// Puts new terms into force: what inviting brings, and when
    Put(Put),
    /// Shows the terms that rule
    Terms(Terms),
    /// Tells a member's code, issuing one where there is none
    Code(Code),
    /// Says by whose code a member came
    Attribute(Attribute),
    /// Shows a referral: where it stands, what led there, and why
    Show(Show),
    /// Lists whom a member invited, newest first
    Invited(Invited),
    /// Lets a flagged referral go on, or ends it
    Review(Review),
    /// Counts the programme's referrals by where they stand
    Overview(Overview),
}

/// What `rapport referrals put` is told.
#[derive(Args, Clone, Debug)]
pub struct Put {
    /// A file of terms in JSON, as `terms --json` prints them
    file: std::path::PathBuf,
    /// From when they rule, instead of what the file says
    #[arg(long, value_name = "INSTANT")]
    from: Option<Timestamp>,
    /// Check, and put nothing into force
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    call: Call,
}

/// What `rapport referrals terms` is told.
#[derive(Args, Clone, Debug)]
pub struct Terms {
    /// Number of the version; the one that rules now where not said
    #[arg(default_value_t = 0, hide_default_value = true, value_name = "VERSION")]
    number: i32,
    #[command(flatten)]
    reach: Reach,
}

/// What `rapport referrals code` is told.
#[derive(Args, Clone, Debug)]
pub struct Code {
    #[command(flatten)]
    who: Who,
    /// Retire the code there is, and issue another
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    call: Call,
}

/// What `rapport referrals attribute` is told.
#[derive(Args, Clone, Debug)]
pub struct Attribute {
    #[command(flatten)]
    who: Who,
    /// The friend's code
    #[arg(long, value_name = "CODE")]
    code: String,
    /// The order at whose checkout it was said, order_…; at enrolment where not said
    #[arg(long, default_value = "", hide_default_value = true, value_name = "ID")]
    checkout: String,
    /// Decide, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    call: Call,
}

/// What `rapport referrals show` is told.
#[derive(Args, Clone, Debug)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["referral", "of"]))]
pub struct Show {
    /// The referral, referral_…
    #[arg(value_name = "REFERRAL")]
    referral: Option<String>,
    /// The one by which this member came, member_…
    #[arg(long, value_name = "MEMBER")]
    of: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

/// What `rapport referrals invited` is told.
#[derive(Args, Clone, Debug)]
pub struct Invited {
    #[command(flatten)]
    who: Who,
    /// At most so many
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=1_000))]
    last: i32,
    #[command(flatten)]
    reach: Reach,
}

/// What `rapport referrals review` is told.
#[derive(Args, Clone, Debug)]
#[command(group = clap::ArgGroup::new("verdict").required(true).args(["approve", "reject"]))]
pub struct Review {
    /// The referral, referral_…
    referral: String,
    /// It may go on
    #[arg(long)]
    approve: bool,
    /// Nothing is given
    #[arg(long)]
    reject: bool,
    /// Why; kept with the referral
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    call: Call,
}

/// What `rapport referrals overview` is told.
#[derive(Args, Clone, Debug)]
pub struct Overview {
    #[command(flatten)]
    reach: Reach,
}

/// Puts, tells, attributes, shows or reviews.
///
/// # Errors
/// The file cannot be used, or the suite refuses or does not answer.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    match ask {
        Ask::Put(ask) => put(ask).await,
        Ask::Terms(ask) => terms(ask).await,
        Ask::Code(ask) => code(ask).await,
        Ask::Attribute(ask) => attribute(ask).await,
        Ask::Show(ask) => show(ask).await,
        Ask::Invited(ask) => invited(ask).await,
        Ask::Review(ask) => review(ask).await,
        Ask::Overview(ask) => overview(ask).await,
    }
}

async fn put(ask: Put) -> Result<(), CliError> {
    let text = std::fs::read_to_string(&ask.file).map_err(|error| CliError::file(&ask.file, error))?;
    let promise: Promise = serde_json::from_str(&text)
        .map_err(|error| CliError::Asked(format!("{} holds no terms of referral: {error}", ask.file.display())))?;
    let suite = ask.call.reach.suite().await?;
    let from = match ask.from.or(promise.effective_time) {
        Some(from) => from,
        None => now(&suite).await,
    };
    let request = PutTermsRequest {
        request_id: ask.call.request_id()?,
        terms: Some(Promise { effective_time: Some(from), ..promise }.into()),
        validate_only: ask.dry_run,
    };
    let version = suite.referrals().put_terms(request).await?.into_inner().version;
    if ask.call.reach.json {
        say!("{}", json!({ "version": version, "dry_run": ask.dry_run }));
        return Ok(());
    }
    let from = suite.words().await?.time(from);
    if ask.dry_run {
        say!("  these terms could rule from {from}; nothing was put into force");
    } else {
        say!("  these terms rule from {from}, as version {version}");
    }
    Ok(())
}

async fn terms(ask: Terms) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let request = GetTermsRequest { version: ask.number, ..GetTermsRequest::default() };
    let terms = suite.referrals().get_terms(request).await?.into_inner().terms;
    let promise = Promise::from(terms.ok_or_else(|| CliError::odd("the suite gave no terms"))?);
    if ask.reach.json {
        say!("{}", json!(promise));
    } else {
        say_all!("{}", telling::promise(&promise, &suite.words().await?));
    }
    Ok(())
}

async fn code(ask: Code) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let request = IssueCodeRequest {
        request_id: ask.call.request_id()?,
        member: ask.who.member_id(&suite).await?,
        replace: ask.replace,
        validate_only: false,
    };
    let done = suite.referrals().issue_code(request).await?.into_inner();
    if ask.call.reach.json {
        say!("{}", json!({ "code": done.code, "issued": done.issued, "freshness": done.freshness }));
    } else {
        say!("{}{}", done.code, if done.issued { "   issued now" } else { "" });
    }
    Ok(())
}

async fn attribute(ask: Attribute) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let point = if ask.checkout.is_empty() { AttributionPoint::Enrolment } else { AttributionPoint::Checkout };
    let request = AttributeRequest {
        request_id: ask.call.request_id()?,
        member: ask.who.member_id(&suite).await?,
        code: ask.code,
        point: point.into(),
        order: ask.checkout,
        validate_only: ask.dry_run,
        explain: true,
        ..AttributeRequest::default()
    };
    let done = suite.referrals().attribute(request).await?.into_inner();
    if ask.call.reach.json {
        say!("{}", telling::attributed_json(&done));
    } else {
        say_all!("{}", telling::attributed(&done, ask.dry_run));
    }
    Ok(())
}

async fn show(ask: Show) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let (referral, moves, decision) = match ask.of {
        Some(invitee) => {
            let request = GetReferralOfRequest { invitee, explain: true, ..GetReferralOfRequest::default() };
            let told = suite.referrals().get_referral_of(request).await?.into_inner();
            (told.referral, told.moves, told.decision)
        }
        None => {
            let referral = ask.referral.unwrap_or_default();
            let request = GetReferralRequest { referral, explain: true, ..GetReferralRequest::default() };
            let told = suite.referrals().get_referral(request).await?.into_inner();
            (told.referral, told.moves, told.decision)
        }
    };
    let referral = referral.ok_or_else(|| CliError::odd("the suite answered without a referral"))?;
    let decision = decision.unwrap_or_default();
    if ask.reach.json {
        say!("{}", telling::life_json(&referral, &moves, &decision));
    } else {
        say_all!("{}", telling::life(&referral, &moves, &decision, &suite.words().await?));
    }
    Ok(())
}

async fn invited(ask: Invited) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let inviter = ask.who.member_id(&suite).await?;
    let (referrals, more) = invitations(&suite, inviter, ask.last).await?;
    if ask.reach.json {
        say!("{}", json!({ "referrals": referrals.iter().map(telling::referral_json).collect::<Vec<_>>() }));
        return Ok(());
    }
    if referrals.is_empty() {
        say!("  nobody yet");
    }
    say_all!("{}", telling::invitations(&referrals, &suite.words().await?));
    if more {
        say!("  there are older ones: --last {}", ask.last.saturating_mul(5).min(1_000));
    }
    Ok(())
}

async fn invitations(suite: &Suite, inviter: String, last: i32) -> Result<(Vec<Referral>, bool), CliError> {
    let request = ListInvitationsRequest { inviter, page_size: last, ..ListInvitationsRequest::default() };
    let page = suite.referrals().list_invitations(request).await?.into_inner();
    Ok((page.referrals, !page.next_page_token.is_empty()))
}

async fn review(ask: Review) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let request = ReviewRequest {
        request_id: ask.call.request_id()?,
        referral: ask.referral.clone(),
        verdict: if ask.approve { Verdict::Approve } else { Verdict::Reject }.into(),
        reason: ask.reason,
        validate_only: false,
    };
    let done = suite.referrals().review(request).await?.into_inner();
    let state = state(done.state());
    if ask.call.reach.json {
        say!("{}", json!({ "referral": ask.referral, "state": state, "freshness": done.freshness }));
    } else {
        say!("{} is {state} now", ask.referral);
    }
    Ok(())
}

async fn overview(ask: Overview) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let sums = suite.referrals().get_overview(GetOverviewRequest::default()).await?.into_inner();
    if ask.reach.json {
        say!("{}", telling::overview_json(&sums));
    } else {
        say_all!("{}", telling::overview(&sums));
    }
    Ok(())
}

/// When something is due or happened, as a person reads it; nothing where it is not said.
fn at(wire: Option<&prost_types::Timestamp>, words: &crate::words::Words) -> String {
    instant(wire).map_or_else(String::new, |moment| words.time(moment))
}
