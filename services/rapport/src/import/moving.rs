//! `rapport import balances|tiers|coupons FILE`: what members had in another system, through the public calls.
//!
//! A file is read whole, its members are enrolled or found again, and then its lines are told batch by batch. Every line has a request id
//! derived from the file and its number, and what it says is taken over once for ever: so an import may be broken off anywhere and begun again.
//! In the end the file's own sums, taken while it was read, are held against what the suite says it has booked.

pub mod args;
pub mod balances;
pub mod coupons;
mod ending;
mod plan;
mod reckoning;
mod sheet;
mod taking;
pub mod tiers;

use std::collections::HashMap;
use std::time::Instant;

use crate::client::{CliError, Suite, words_of};
use crate::progress::Progress;

use super::enrolling::{self, Enrolled, Person};
use super::opening;
use super::remembered::{self, Place};
use args::MovingArgs;
pub use ending::Ending;
use plan::Plan;
use sheet::{Contents, Entry};
use taking::Job;

/// One sort of list that can be taken over.
pub trait List {
    /// What one line says, beside whose it is.
    type Item;

    /// What it is called: part of what an import is known by.
    const NAME: &'static str;
    /// The field of the call that lists them.
    const FIELD: &'static str;
    /// What amounts are: "points".
    const UNIT: &'static str;

    /// Its columns, that of the member apart.
    fn columns(&self) -> &'static [sheet::Column];

    /// All that the command line says of it: part of what an import is known by.
    fn telling(&self) -> String;

    /// Reads a line.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn read(&self, row: &mut sheet::Row<'_>) -> Result<Self::Item, String>;

    /// What no other line may have.
    fn key(&self, who: &str, item: &Self::Item) -> String;

    /// When its member is first heard of by it, where it says so.
    fn since(&self, item: &Self::Item) -> Option<jiff::Timestamp>;

    /// Where it is counted, and as how much.
    fn counted(&self, item: &Self::Item) -> reckoning::Counted;

    /// Tells the suite some of them; answers what became of each.
    ///
    /// # Errors
    /// The whole call was refused.
    fn tell(
        &self,
        suite: &Suite,
        asks: &[taking::Asked<'_, Self::Item>],
    ) -> impl Future<Output = Result<Vec<taking::Outcome>, tonic::Status>>;
}

/// Takes over a file.
///
/// # Errors
/// The file cannot be used, or the suite refuses or does not answer.
pub async fn take_over<L: List>(
    args: &MovingArgs,
    suite: &Suite,
    list: impl FnOnce(&Plan) -> Result<L, CliError>,
) -> Result<Ending, CliError> {
    let began = Instant::now();
    let tenant = suite.own_tenant().await?;
    let plan = Plan::of(args, &words_of(&tenant)?)?;
    let list = list(&plan)?;
    let failed = |error| CliError::file(&plan.file, error);
    let survey = opening::survey(&plan.file, plan.encoding).map_err(failed)?;
    let text = opening::text(&plan.file, survey.encoding).map_err(failed)?;
    let contents = sheet::read(text, &plan, &list)?;
    let telling = format!("{} {} {}", L::NAME, plan.telling(survey.encoding), list.telling());
    let import = remembered::import_id(&tenant.id, &survey.digest, &telling);
    let people = people(&list, &contents);
    let progress = Progress::new("members", "members", people.len() as u64);
    let enrolled = members(suite, import, &plan, &people, &progress).await?;
    progress.finish();
    let mut ending = Ending::of(&plan, survey, L::UNIT, &contents, (people.len() as u64, enrolled.new));
    let place = if plan.dry_run { None } else { Some(Place::of(&args.reach.state_dir, import)) };
    ending.answered = place.as_ref().map(Place::recall).unwrap_or_default();
    let job = Job { import, dry_run: plan.dry_run, entries: &contents.entries, enrolled: &enrolled };
    let told = taking::take(suite, &list, &job, &mut ending.answered, place.as_ref()).await;
    ending.write_rejects(&plan)?;
    told?;
    ending.took = began.elapsed();
    Ok(ending)
}

/// Everybody the file names, with the earliest that is heard of them.
fn people<L: List>(list: &L, contents: &Contents<L::Item>) -> Vec<Person<String>> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut people: Vec<Person<String>> = Vec::new();
    for Entry { who, item, .. } in &contents.entries {
        let since = list.since(item);
        let place = *places.entry(who).or_insert(people.len());
        match people.get_mut(place) {
            Some(person) => person.since = person.since.into_iter().chain(since).min(),
            None => people.push(Person { key: who.clone(), number: who.clone(), since }),
        }
    }
    people
}

/// Members by what the file calls them.
async fn members(
    suite: &Suite,
    import: uuid::Uuid,
    plan: &Plan,
    people: &[Person<String>],
    progress: &Progress,
) -> Result<Enrolled<String>, CliError> {
    match &plan.known {
        Some(known) => enrolling::enrol(suite, (import, plan.dry_run), people, known, progress).await,
        None => {
            let by_id = |person: &Person<String>| (person.key.clone(), person.key.clone());
            Ok(Enrolled { members: people.iter().map(by_id).collect(), ..Enrolled::default() })
        }
    }
}
