//! `rapport import orders FILE`: any shop's history, through the public calls.
//!
//! A file is looked through once for its digest and encoding, then read line by line into a history (see `grouping` for what that takes
//! of memory), which is told to the suite in the order of time: products' names, customers as members, then orders, returns and
//! adjustments. Nothing is lost silently: a line that cannot be taken comes back in the rejects file with its number and the reason, and at the
//! end every line of the file stands in one bucket, whose sums must be the file's. A quote that is not closed swallows nothing (see `records`).
//!
//! Laws:
//! 1. The same file, told in the same way to the same tenant, is the same import: every call has a request id derived from that.
//! 2. An import may be broken off anywhere and begun again; it goes on, and ends as if it had never stopped.
//! 3. Lines are the truth: each is valued by itself, half-even, and duplicates are kept.
//! 4. One bad line keeps no other out.

mod args;
mod booking;
mod ending;
mod enrolling;
mod entries;
mod grouping;
mod lines;
mod mapping;
mod moving;
mod opening;
mod plan;
mod reading;
mod reconciliation;
mod records;
mod rejects;
mod remembered;
mod sending;
mod sorting_out;
mod texts;
mod times;
#[cfg(test)]
mod whole_file;

use std::sync::Arc;
use std::time::Instant;

use clap::Subcommand;
use kernel::RequestId;
use uuid::Uuid;

use crate::client::{CliError, Suite, words_of};
use crate::following;
use crate::progress::Progress;

pub use args::OrdersArgs;
pub use ending::Ending;

use moving::args::{BalancesArgs, CouponsArgs, TiersArgs};
use moving::balances::Balances;
use moving::coupons::Coupons;
use moving::tiers::{self, Tiers};

use entries::Telling;
use grouping::History;
use opening::Survey;
use plan::Plan;
use reading::Contents;
use remembered::Place;
use sending::Job;

/// What `rapport import` is told.
#[derive(Subcommand, Clone, Debug)]
pub enum Ask {
    /// Brings in orders, returns and adjustments from a CSV file
    Orders(Box<OrdersArgs>),
    /// Takes over points from another system, lot by lot, each with the time it keeps
    Balances(Box<BalancesArgs>),
    /// Takes over where members stood in another system, each until the end of the term they had
    Tiers(Box<TiersArgs>),
    /// Takes over coupons that members hold in another system, each with the time it has
    Coupons(Box<CouponsArgs>),
}

/// Imports.
///
/// # Errors
/// The file cannot be used, the suite refuses or does not answer, or the result does not add up.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    match ask {
        Ask::Orders(args) => {
            let suite = if args.dry_run { None } else { Some(args.reach.suite().await?) };
            orders(&args, suite.as_ref()).await?.report(args.reach.json)
        }
        Ask::Balances(args) => {
            let suite = args.of.reach.suite().await?;
            let list = |plan: &_| Ok(Balances::of(&args, plan));
            moving::take_over(&args.of, &suite, list).await?.report(args.of.reach.json)
        }
        Ask::Coupons(args) => {
            let suite = args.of.reach.suite().await?;
            let list = |plan: &_| Ok(Coupons::of(&args, plan));
            moving::take_over(&args.of, &suite, list).await?.report(args.of.reach.json)
        }
        Ask::Tiers(args) => {
            let suite = args.of.reach.suite().await?;
            let (programme, words) = (tiers::programme(&suite).await?, suite.words().await?);
            let list = |plan: &_| Tiers::of(&args, plan, &programme, &words);
            moving::take_over(&args.of, &suite, list).await?.report(args.of.reach.json)
        }
    }
}

/// Imports orders into a suite; without one, reads the file and sorts it out. The answer tells whether it adds up.
///
/// # Errors
/// The file cannot be used, or the suite refuses or does not answer.
pub async fn orders(args: &OrdersArgs, suite: Option<&Suite>) -> Result<Ending, CliError> {
    let began = Instant::now();
    let tenant = match suite {
        Some(suite) => Some(suite.own_tenant().await?),
        None => None,
    };
    let plan = Arc::new(Plan::of(args, tenant.as_ref().map(words_of).transpose()?)?);
    let (survey, contents) = read(Arc::clone(&plan)).await?;
    let Contents { history, rejected, sum } = contents;
    let mut ending = Ending::of(Arc::clone(&plan), survey, rejected, sum);
    if let Some((suite, tenant)) = suite.zip(tenant) {
        let import = remembered::import_id(&tenant.id, &survey.digest, &plan.telling(survey.encoding, args.historic));
        if !args.keep_products {
            sending::send_products(suite, import, &history).await?;
        }
        let place = Place::of(&args.reach.state_dir, import);
        ending.go_on_from(place.recall());
        let told = tell(suite, import, &plan, history, args.historic, &place, &mut ending).await;
        ending.write_rejects()?;
        told?;
        if !args.no_wait {
            following::until_settled(suite).await?;
            let snapshot = RequestId::caused_by(import, "snapshot").to_string();
            following::until_sorted(suite, suite, snapshot).await?;
        }
    } else {
        ending.suppose(&history);
        ending.write_rejects()?;
    }
    ending.over(began.elapsed());
    Ok(ending)
}

/// Reads all of the file, away from the threads that wait for calls.
async fn read(plan: Arc<Plan>) -> Result<(Survey, Contents), CliError> {
    let reading = tokio::task::spawn_blocking(move || {
        let survey = opening::survey(&plan.file, plan.encoding).map_err(|error| CliError::file(&plan.file, error))?;
        let text = opening::text(&plan.file, survey.encoding).map_err(|error| CliError::file(&plan.file, error))?;
        let progress = Progress::new("reading", "lines", survey.lines);
        let contents = plan.ways.read(text, |lines| progress.add(lines));
        let contents = contents.map_err(|error| CliError::Asked(format!("{}: {error}", plan.file.display())))?;
        progress.finish();
        Ok((survey, contents))
    });
    reading.await.map_err(|_| CliError::odd("reading the file broke off"))?
}

/// Tells the suite what it has not been told.
async fn tell(
    suite: &Suite,
    import: Uuid,
    plan: &Plan,
    history: History,
    historic: bool,
    place: &Place,
    ending: &mut Ending,
) -> Result<(), CliError> {
    let people = history.people();
    let customers = people.len() as u64;
    let progress = Progress::new("members", "members", customers);
    let enrolled = enrolling::enrol(suite, (import, false), &people, &plan.known, &progress).await?;
    progress.finish();
    ending.members(customers, enrolled.new);

    let pieces = history.pieces();
    let job = Job {
        import,
        batches: entries::batches(&pieces),
        pieces,
        telling: Telling {
            source: plan.source.clone(),
            channel: plan.channel.clone(),
            currency: plan.currency.clone(),
            minor_digits: plan.ways.minor_digits,
            members: enrolled.members,
        },
        refused_customers: enrolled.refused,
        historic,
        history: Arc::new(history),
    };
    ending.batches(job.batches.len());
    let progress = Progress::new("orders", "lines", ending.lines_to_tell());
    let told = sending::send(suite, Arc::new(job), ending.remembered(), place, &progress).await;
    progress.finish();
    told
}
