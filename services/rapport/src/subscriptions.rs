//! `rapport subscriptions`: plans, who subscribed to them, what falls due when, and whether something is open to a member.

mod args;
mod changing;
mod plan;
mod rhythm;
mod telling;

use clap::Subcommand;
use proto::subscriptions::v1::{
    CheckEntitlementRequest, GetForecastRequest, GetSubscriptionRequest, ListPlansRequest, ListSubscriptionsRequest,
    PreviewOccurrencesRequest, PutPlanRequest, SubscriptionState,
};
use serde_json::json;

use crate::client::CliError;
use crate::say::{say, say_all};

pub use args::{
    Cancel, Card, Change, Check, Forecast, List, Numbered, Plans, Preview, Put, Show, StateName, Subscribe,
};
pub use plan::Plan;
pub use rhythm::Rhythm;
pub(crate) use telling::{every, live};

/// What `rapport subscriptions` is told.
#[derive(Subcommand, Clone, Debug)]
pub enum Ask {
    /// Puts a plan, or a new version of one
    Put(Put),
    /// Lists the plans
    Plans(Plans),
    /// Makes a member subscribe to a plan
    Subscribe(Box<Subscribe>),
    /// Lists subscriptions, newest first
    List(List),
    /// Shows a subscription: what is due, what was charged, and its states
    Show(Show),
    /// Tells when the next occurrences would be due
    Preview(Preview),
    /// Leaves one occurrence out, by its number
    Skip(Numbered),
    /// Takes that back
    Unskip(Numbered),
    /// Lets occurrences pass until it is resumed
    Pause(Change),
    /// Goes on after a pause
    Resume(Change),
    /// Ends a subscription; a paid term goes on to its end
    Cancel(Cancel),
    /// Gives another payment token; what is owed is tried again
    Card(Card),
    /// Tells whether something is open to a member, and why
    Check(Check),
    /// What will be charged in the months ahead
    Forecast(Forecast),
}

/// Puts, subscribes, changes, lists or tells.
///
/// # Errors
/// The file cannot be used, or the suite refuses or does not answer.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    match ask {
        Ask::Put(ask) => put(ask).await,
        Ask::Plans(ask) => plans(ask).await,
        Ask::Subscribe(ask) => changing::subscribe(*ask).await,
        Ask::List(ask) => list(ask).await,
        Ask::Show(ask) => show(ask).await,
        Ask::Preview(ask) => preview(ask).await,
        Ask::Skip(ask) => changing::skip(ask).await,
        Ask::Unskip(ask) => changing::unskip(ask).await,
        Ask::Pause(ask) => changing::pause(ask).await,
        Ask::Resume(ask) => changing::resume(ask).await,
        Ask::Cancel(ask) => changing::cancel(ask).await,
        Ask::Card(ask) => changing::card(ask).await,
        Ask::Check(ask) => check(ask).await,
        Ask::Forecast(ask) => forecast(ask).await,
    }
}

async fn put(ask: Put) -> Result<(), CliError> {
    let text = std::fs::read_to_string(&ask.file).map_err(|error| CliError::file(&ask.file, error))?;
    let plan: Plan = serde_json::from_str(&text)
        .map_err(|error| CliError::Asked(format!("{} holds no plan: {error}", ask.file.display())))?;
    let suite = ask.call.reach.suite().await?;
    let code = plan.code.clone();
    let request =
        PutPlanRequest { request_id: ask.call.request_id()?, plan: Some(plan.into()), validate_only: ask.dry_run };
    let version = suite.subscriptions().put_plan(request).await?.into_inner().version;
    if ask.call.reach.json {
        say!("{}", json!({ "plan": code, "version": version, "dry_run": ask.dry_run }));
    } else if ask.dry_run {
        say!("  {code} could be put as version {version}; nothing was put");
    } else {
        say!("  {code} is version {version} for who subscribes from now on");
    }
    Ok(())
}

async fn plans(ask: Plans) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let (mut plans, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListPlansRequest { page_size: 1_000, page_token, ..ListPlansRequest::default() };
        let page = suite.subscriptions().list_plans(request).await?.into_inner();
        plans.extend(page.plans);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    if ask.reach.json {
        let plans: Vec<Plan> = plans.into_iter().map(Plan::from).collect();
        say!("{}", json!({ "plans": plans }));
    } else if plans.is_empty() {
        say!("  no plans yet: rapport subscriptions put plan.json");
    } else {
        say_all!("{}", telling::plans(&plans, &suite.words().await?));
    }
    Ok(())
}

async fn list(ask: List) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let request = ListSubscriptionsRequest {
        member: ask.member,
        plan: ask.plan,
        state: ask.state.map_or(SubscriptionState::Unspecified, StateName::state).into(),
        page_size: ask.limit,
        ..ListSubscriptionsRequest::default()
    };
    let page = suite.subscriptions().list_subscriptions(request).await?.into_inner();
    if ask.reach.json {
        let all: Vec<_> = page.subscriptions.iter().map(telling::subscription_json).collect();
        say!("{}", json!({ "subscriptions": all }));
        return Ok(());
    }
    if page.subscriptions.is_empty() {
        say!("  none");
    }
    say_all!("{}", telling::subscriptions(&page.subscriptions, &suite.words().await?));
    if !page.next_page_token.is_empty() {
        say!("  there are more: --limit {}", ask.limit.saturating_mul(5).min(1_000));
    }
    Ok(())
}

async fn show(ask: Show) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let request = GetSubscriptionRequest { subscription: ask.subscription, at_least_as_fresh: String::new() };
    let seen = suite.subscriptions().get_subscription(request).await?.into_inner();
    if seen.subscription.is_none() {
        return Err(CliError::odd("the suite answered without a subscription"));
    }
    if ask.reach.json {
        say!("{}", telling::whole_json(&seen));
    } else {
        say_all!("{}", telling::whole(&seen, &suite.words().await?));
    }
    Ok(())
}

async fn preview(ask: Preview) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let request = PreviewOccurrencesRequest {
        plan: ask.plan,
        cadence: ask.every.map(Rhythm::cadence),
        anchor: Some(changing::local(ask.from)),
        zone: ask.zone,
        count: ask.count,
        ..PreviewOccurrencesRequest::default()
    };
    let ahead = suite.subscriptions().preview_occurrences(request).await?.into_inner().occurrences;
    if ask.reach.json {
        say!("{}", json!({ "occurrences": ahead.iter().map(telling::occurrence_json).collect::<Vec<_>>() }));
    } else {
        say_all!("{}", telling::occurrences(&ahead, &suite.words().await?));
    }
    Ok(())
}

async fn check(ask: Check) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let request = CheckEntitlementRequest {
        member: ask.who.member_id(&suite).await?,
        entitlement: ask.entitlement,
        explain: true,
        at_least_as_fresh: String::new(),
    };
    let gate = suite.subscriptions().check_entitlement(request).await?.into_inner();
    if ask.reach.json {
        say!("{}", telling::gate_json(&gate));
    } else {
        say!("{}", telling::gate(&gate, &suite.words().await?));
    }
    Ok(())
}

async fn forecast(ask: Forecast) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let request = GetForecastRequest { months: ask.months, at_least_as_fresh: String::new() };
    let months = suite.subscriptions().get_forecast(request).await?.into_inner().months;
    if ask.reach.json {
        let months: Vec<_> = months.iter().map(telling::month_json).collect();
        say!("{}", json!({ "months": months }));
    } else if months.is_empty() {
        say!("  nothing will be charged");
    } else {
        say_all!("{}", telling::forecast(&months, &suite.words().await?));
    }
    Ok(())
}
