//! Telling the suite a list, batch by batch. What was answered is written down before the next batch is sent.

use std::collections::BTreeMap;
use std::pin::pin;

use kernel::RequestId;
use uuid::Uuid;

use super::super::enrolling::Enrolled;
use super::super::remembered::{Place, Remembered};
use super::super::sending::PATIENCE;
use super::List;
use super::reckoning::{Counted, Reckoning};
use super::sheet::Entry;
use crate::client::{CliError, Suite, accused, patiently};
use crate::progress::Progress;

/// Lines that are told at once.
const MOST: usize = 500;

/// A list and how it is told.
#[derive(Debug)]
pub struct Job<'a, I> {
    /// Its name.
    pub import: Uuid,
    /// Nothing is written.
    pub dry_run: bool,
    /// What it says.
    pub entries: &'a [Entry<I>],
    /// Who its members are.
    pub enrolled: &'a Enrolled<String>,
}

/// One line as the suite is asked to take it over.
#[derive(Debug)]
pub struct Asked<'a, I> {
    /// Which makes it repeat-safe.
    pub request_id: String,
    /// Whose it is.
    pub member: &'a str,
    /// What.
    pub item: &'a I,
    /// Decide and write nothing.
    pub validate_only: bool,
}

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is booked, where and as how much the suite says.
    Taken(Counted),
    /// It was booked before.
    There,
    /// It was not taken, and why.
    Rejected(String),
}

impl Outcome {
    /// Of a refusal, as the suite tells it.
    pub fn refused(refusal: &str, detail: &str) -> Self {
        match refusal {
            "ALREADY_APPLIED" => Self::There,
            _ => Self::Rejected(format!("refused: {refusal} {detail}").trim().to_owned()),
        }
    }
}

/// Tells everything that was not told yet. `answered` grows with every batch, and is written down where there is a place for it.
pub async fn take<L: List>(
    suite: &Suite,
    list: &L,
    job: &Job<'_, L::Item>,
    answered: &mut Remembered<Reckoning>,
    place: Option<&Place>,
) -> Result<(), CliError> {
    let progress = Progress::new(L::NAME, "lines", job.entries.len() as u64);
    let batches: Vec<&[Entry<L::Item>]> = job.entries.chunks(MOST).collect();
    // What was refused may be taken now: a wallet was missing, or a campaign. What was taken answers as before.
    if answered.batches >= batches.len() && !answered.refused.is_empty() {
        *answered = Remembered::default();
    }
    let from = answered.batches.min(batches.len());
    progress.skip(batches[..from].iter().map(|batch| batch.len() as u64).sum());
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    for (number, batch) in batches.iter().enumerate().skip(from) {
        let told = tokio::select! {
            biased;
            _ = &mut interrupted => {
                let text = format!("stopped after batch {number} of {}: the same command goes on from there", batches.len());
                return Err(CliError::Stopped(text));
            }
            told = tell(suite, list, job, batch) => told?,
        };
        for (entry, outcome) in batch.iter().zip(told) {
            book(list, entry, outcome, answered);
        }
        answered.batches = number + 1;
        if let Some(place) = place {
            let noted = place.remember(answered);
            noted.map_err(|error| CliError::Asked(format!("what was done cannot be noted: {error}")))?;
        }
        progress.add(batch.len() as u64);
    }
    progress.finish();
    Ok(())
}

fn book<L: List>(list: &L, entry: &Entry<L::Item>, outcome: Outcome, answered: &mut Remembered<Reckoning>) {
    let as_read = list.counted(&entry.item);
    let reckoning = &mut answered.tally;
    let (sums, counted) = match outcome {
        Outcome::Taken(counted) => (&mut reckoning.taken, counted),
        Outcome::There => (&mut reckoning.there, as_read),
        Outcome::Rejected(why) => {
            answered.refused.insert(entry.number, why);
            (&mut reckoning.rejected, as_read)
        }
    };
    sums.entry(counted.group).or_default().add(counted.amount);
}

/// Tells one batch, and answers what became of each of its lines. One the suite does not understand is left out, and the others are told
/// again without it.
async fn tell<L: List>(
    suite: &Suite,
    list: &L,
    job: &Job<'_, L::Item>,
    batch: &[Entry<L::Item>],
) -> Result<Vec<Outcome>, CliError> {
    let mut outcomes: BTreeMap<usize, Outcome> = BTreeMap::new();
    let mut left: Vec<(usize, Asked<'_, L::Item>)> = Vec::new();
    for (place, entry) in batch.iter().enumerate() {
        match asked(list, job, entry) {
            Ok(ask) => left.push((place, ask)),
            Err(outcome) => drop(outcomes.insert(place, outcome)),
        }
    }
    while !left.is_empty() {
        let (places, asks): (Vec<usize>, Vec<Asked<'_, L::Item>>) = left.into_iter().unzip();
        let status = match patiently(PATIENCE, || list.tell(suite, &asks)).await {
            Ok(told) if told.len() == places.len() => {
                outcomes.extend(places.into_iter().zip(told));
                break;
            }
            Ok(_) => return Err(CliError::odd("the suite answered for another number of lines than it was told")),
            Err(status) => status,
        };
        let wrong = accused(&status, L::FIELD);
        if wrong.is_empty() {
            return Err(status.into());
        }
        left = Vec::new();
        for (at, (place, ask)) in places.into_iter().zip(asks).enumerate() {
            match wrong.get(&at) {
                Some(why) => drop(outcomes.insert(place, Outcome::Rejected(why.clone()))),
                None => left.push((place, ask)),
            }
        }
    }
    Ok(outcomes.into_values().collect())
}

/// How a line is told; or what becomes of it without being told.
fn asked<'a, L: List>(
    list: &L,
    job: &Job<'a, L::Item>,
    entry: &'a Entry<L::Item>,
) -> Result<Asked<'a, L::Item>, Outcome> {
    let member = match (job.enrolled.members.get(&entry.who), job.enrolled.refused.get(&entry.who)) {
        (Some(member), _) if member.is_empty() => return Err(Outcome::Taken(list.counted(&entry.item))),
        (Some(member), _) => member.as_str(),
        (None, Some(why)) => return Err(Outcome::Rejected(why.clone())),
        (None, None) => return Err(Outcome::Rejected("the customer is no member".to_owned())),
    };
    let what = if job.dry_run { "asked for" } else { "line" };
    let request_id = RequestId::caused_by(job.import, &format!("{what} {}", entry.number)).to_string();
    Ok(Asked { request_id, member, item: &entry.item, validate_only: job.dry_run })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_booked_before_is_here_and_all_else_is_told() {
        assert_eq!(Outcome::refused("ALREADY_APPLIED", "L-1 was taken over before"), Outcome::There);
        let why = "refused: OPENING_OVER its lapse_time has passed".to_owned();
        assert_eq!(Outcome::refused("OPENING_OVER", "its lapse_time has passed"), Outcome::Rejected(why));
    }
}
